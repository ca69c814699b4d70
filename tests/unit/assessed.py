"""Histories for the tests of the slow analysis: a house in its weather, and what befalls it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.signal import lfilter

from analytics.assessment.series import STEP_NS, ChannelSeries
from domain.readings import Floats

BINS = 12


def air(days: int, seed: int = 1) -> Floats:
    """Make an air temperature with a year, days and fronts."""
    random = np.random.default_rng(seed)
    at = np.arange(days * BINS) / BINS
    fronts = lfilter([0.25], [1.0, -0.97], random.standard_normal(len(at)))
    year = 18.0 + 11.0 * np.cos(2 * np.pi * (at - 205) / 365.25)
    return np.round(year + 3.5 * np.cos(2 * np.pi * (at - 0.6)) + 2.5 * fronts, 1)


def crack(
    days: int,
    *,
    moved: Floats | float = 0.0,
    seed: int = 1,
    name: str = "C1",
    covariates: Mapping[str, Floats] | None = None,
    **more: Any,
) -> ChannelSeries:
    """Make a crack that answers the weather, and moves besides."""
    random = np.random.default_rng(seed)
    warmth = air(days)
    wall = lfilter([0.08], [1.0, -0.92], warmth)
    noise = 0.01 * random.standard_normal(len(warmth))
    value = np.round(20.0 - 0.01 * wall + noise + moved, 2)
    own = warmth + 0.3 if covariates is None else None
    given = {"own": own, "city": warmth} if own is not None else dict(covariates or {})
    return ChannelSeries(
        name,
        "crack",
        "mm",
        0.01,
        0,
        STEP_NS,
        value,
        np.zeros(len(value), np.uint16),
        covariates=given,
        **more,
    )


def drift(days: int, begin: int, a_day: float) -> Floats:
    """Move steadily from a day on."""
    return a_day * np.maximum(np.arange(days * BINS) / BINS - begin, 0.0)
