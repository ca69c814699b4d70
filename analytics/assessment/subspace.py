"""Stable poles of a stochastic subspace model, by the library of the extra `modes`."""

import importlib.util
import logging
import os
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.assessment.model import Model
from domain.readings import Floats

Pole = tuple[float, float, NDArray[np.complex128]]


@lru_cache(1)
def subspace_known() -> bool:
    """Tell whether the library is installed with what it needs."""
    needs = ("pyoma2", "pandas", "tqdm")
    return all(importlib.util.find_spec(name) is not None for name in needs)


@lru_cache(1)
def _library() -> Any:
    # a bar of progress for each matrix would fill the log; it is read when the bar is imported
    os.environ.setdefault("TQDM_DISABLE", "1")
    from pyoma2.functions import gen, ssi  # noqa: PLC0415 - two seconds, and an extra

    # three lines a record, past our log
    logging.getLogger("pyoma2").setLevel(logging.WARNING)
    return ssi, gen


def stable_poles(samples: Floats, rate_hz: float, numbers: Model) -> list[Pole]:
    """Find the modes that stay where they are as the model's order grows.

    Parameters
    ----------
    samples
        (channels, n) float64.

    Returns
    -------
    list
        (frequency Hz, damping, shape) of each, lowest first.

    """
    ssi, gen = _library()
    rows = round(rate_hz * numbers.number("ssi.seconds"))
    least, most = (round(numbers.number(f"ssi.order_{end}")) for end in ("least", "most"))
    most = min(most, 2 * (rows * len(samples) // 2) - 2 * len(samples))
    step = 2
    matrix, _ = ssi.build_hank(samples, samples, rows, "cov")
    obs, a, c, _ = ssi.SSI_fast(matrix, rows, most, step)
    low_damping, high_damping = numbers.several("ssi.damping")
    hertz, damping, shapes, *_ = ssi.SSI_poles(
        obs, a, c, most, 1.0 / rate_hz, step, xi_max=high_damping
    )
    stable = gen.SC_apply(
        hertz, damping, shapes, least, most, step,
        numbers.number("ssi.stable_hz"),
        numbers.number("ssi.stable_damping"),
        numbers.number("ssi.stable_mac"),
    )  # fmt: skip
    low_hz, high_hz = numbers.several("band.hz")
    with np.errstate(invalid="ignore"):
        kept = (stable == 1) & (hertz >= low_hz) & (hertz <= high_hz) & (damping >= low_damping)
    place, order = np.nonzero(kept)
    orders = (most - least) // step + 1
    return _columns(
        hertz[place, order], damping[place, order], shapes[place, order], order,
        numbers.number("ssi.stable_hz"), numbers.number("ssi.column_share") * orders,
    )  # fmt: skip


def _columns(
    hertz: Floats,
    damping: Floats,
    shapes: NDArray[np.complex128],
    order: NDArray[np.int64],
    near: float,
    least: float,
) -> list[Pole]:
    """Gather stable poles into columns of the diagram; take those that are long enough."""
    if not len(hertz):
        return []
    ranked = np.argsort(hertz)
    cuts = np.nonzero(np.diff(hertz[ranked]) > near * hertz[ranked][:-1])[0] + 1
    found: list[Pole] = []
    for column in np.split(ranked, cuts):
        if len(np.unique(order[column])) < least:
            continue
        middle = float(np.median(hertz[column]))
        nearest = column[np.argmin(np.abs(hertz[column] - middle))]
        found.append((middle, float(np.median(damping[column])), shapes[nearest]))
    return found
