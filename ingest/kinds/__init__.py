"""The kinds of sensors that Anju knows; one file a kind, found by name."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """What is true of every channel of one kind.

    Parameters
    ----------
    name
        As in `Channel.kind`.
    unit
        Unit in which Anju stores it.
    low, high
        Physical range in that unit; a value outside is stored, flagged and never judged.
    units
        Units in which a gateway may send it.
    axes
        Axes that such a channel may have; `""` is none.
    native
        Example payload of the topic `readings`.
    dzt
        Example payload of the topic `dzt`, where that format has such a sensor.
    about
        One line for gateway makers: what is measured and which way is positive.

    """

    name: str
    unit: str
    low: float
    high: float
    units: tuple[str, ...]
    axes: tuple[str, ...]
    native: Mapping[str, Any]
    about: str
    dzt: Mapping[str, Any] | None = None


@cache
def kinds() -> Mapping[str, Kind]:
    """Find every kind by name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        kind: Kind = importlib.import_module(f"{__name__}.{module.name}").KIND
        found[kind.name] = kind
    return found
