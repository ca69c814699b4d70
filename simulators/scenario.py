"""What a scenario is: movements, faults and losses with a ground truth; found by name."""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from domain.errors import NotFound
from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats

Mask = NDArray[np.bool_]
Nature = Literal["structural", "benign", "fault"]


@dataclass(frozen=True, slots=True)
class Spot:
    """A channel as a scenario sees it.

    Parameters
    ----------
    number
        Which sensor of its kind at the building, from 1.
    seat
        Which sensor of all at the building, from 0; `seats` is how many there are.
    key
        Seed of whatever this channel draws by chance.

    """

    kind: str
    axis: str
    number: int
    seat: int
    seats: int
    key: int

    @property
    def name(self) -> str:
        """Name it as scenarios do: `crack 1`."""
        return f"{self.kind} {self.number}"


@dataclass(frozen=True, slots=True)
class Knock:
    """One shake of the ground, as a triaxial instrument at the foundation feels it.

    Parameters
    ----------
    day
        Days since the scenario began.
    peak_mm_s, frequency_hz
        Peak velocity and frequency on x, y and z.

    """

    day: float
    peak_mm_s: tuple[float, float, float]
    frequency_hz: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A course of events at one building; the base of all, in which nothing happens.

    `days` is always (n,) float64: days since the scenario began, negative before.

    Parameters
    ----------
    expected
        Each cause that must be alerted, with the mildest level that will do.
    quiet
        Nothing orange or red may come of it.
    restarts
        Days at which the gateway restarts (and says so by its boot counter).
    works_nearby
        The building stands next to ground works.
    fault
        What a good judge calls it, one of the kinds of fault; empty when it is none.
    season
        Day of the year on which it begins where the calendar matters.
    history_days
        Days that sensors have been there when it begins, in the columnar world.

    """

    name: str
    nature: Nature
    expected: tuple[tuple[Cause, Level], ...] = ()
    quiet: bool = False
    restarts: tuple[float, ...] = ()
    works_nearby: bool = False
    fault: str = ""
    season: int | None = None
    history_days: int = 400

    def air(self, days: Floats) -> Floats:
        """Tell what it adds to the air temperature, °C."""
        return np.zeros(len(days))

    def rain(self, days: Floats) -> Floats:
        """Tell what it adds to the rain, mm a day; the broker's story has no rain gauge."""
        return np.zeros(len(days))

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        return np.zeros(len(days))

    def measured(self, spot: Spot, days: Floats) -> Floats:
        """Tell when, in days, the instrument really measured what it sends at `days`."""
        return days

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: its faults."""
        return values

    def lost(self, spot: Spot, days: Floats) -> Mask:
        """Tell which readings are never taken."""
        return np.zeros(len(days), bool)

    def remounts(self, spot: Spot) -> tuple[float, ...]:
        """Tell the days on which people re-mount the instrument, and say so."""
        return ()

    def battery(self, spot: Spot, days: Floats) -> Floats:
        """Tell the battery, percent, as the device reports it."""
        return np.full(len(days), 100.0)

    def knocks(self, key: int, start: float, end: float) -> tuple[Knock, ...]:
        """Tell the shakes of the ground between two days, `key` seeds what is left to chance."""
        return ()

    def triggers(self) -> tuple[float, ...]:
        """Tell the days at which an instrument that sends waveforms sends more than by plan."""
        return ()


def since(days: Floats, start: float, length: float) -> Floats:
    """Tell how far a stretch of time has come: 0 before it, 1 after it, linear between."""
    return np.clip((days - start) / length, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happens at a building; it never travels over MQTT.

    Parameters
    ----------
    event_started_at_ns
        Beginning of the event; `None` where nothing happens.

    """

    building_id: str
    building: str
    scenario: str
    nature: Nature
    event_started_at_ns: int | None
    expected: tuple[tuple[Cause, Level], ...]
    quiet: bool


@cache
def scenarios() -> dict[str, Scenario]:
    """Find every scenario: the `SCENARIO` of each file in `simulators/scenarios`."""
    package = importlib.import_module("simulators.scenarios")
    found: dict[str, Scenario] = {}
    for module in pkgutil.iter_modules(package.__path__, "simulators.scenarios."):
        scenario = importlib.import_module(module.name).SCENARIO
        found[scenario.name] = scenario
    return found


def scenario_named(name: str) -> Scenario:
    """Find one scenario.

    Raises
    ------
    NotFound
        When there is none of that name.

    """
    try:
        return scenarios()[name]
    except KeyError:
        known = ", ".join(sorted(scenarios()))
        raise NotFound(f"no scenario {name!r}; there are {known}") from None
