"""What the building score is fitted on: families of tuning of any size, and random movement.

The families alone would teach how large their own events are. So half of each family is resized,
evenly in the logarithm from well below U to far above it; and as many buildings again move at
random: any of their points, at once or for months, with and without coming back. The families that
judge are in none of it.
"""

import math
from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.families import drawn, families
from simulators.noise import draw, key_of
from simulators.scenario import Scenario, Spot, since
from simulators.scenarios.healthy import SCENARIO as HEALTHY
from simulators.split import split
from simulators.world_ranges import world_ranges

#: the farthest that an event goes, in U: ends of an even draw of the logarithm
_REACH = (0.4, 4.5)
#: days after the beginning over which an event's own reach is told
_WATCHED_DAYS = 150.0
#: the points of a building that can move: kind, axis and number, as `ranges.toml` gives it sensors
_SEATS = (
    ("crack", "", 1),
    ("crack", "", 2),
    ("crack", "", 3),
    ("tilt", "x", 1),
    ("tilt", "x", 2),
    ("settlement", "", 1),
    ("frequency", "modal", 1),
)
#: draws of a random movement
_LENGTH_DAYS = (4.0, 120.0)
_BACK = (0.05, 0.4)
_ALONE = 0.25  # share of them in which one point moves by itself
_COMES_BACK = 0.35


@dataclass(frozen=True, slots=True)
class Resized(Scenario):
    """Another scenario, so many times as large."""

    event: Scenario = HEALTHY
    factor: float = 1.0

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        return self.factor * self.event.moved(spot, days)

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values."""
        return values + self.factor * (self.event.read(spot, days, values) - values)


@dataclass(frozen=True, slots=True)
class RandomMovement(Scenario):
    """Some points of a house move, one of them farthest.

    Parameters
    ----------
    shape
        0 at once, 1 within `length_days`, 2 steadily, 3 faster and faster.
    reach
        Of the point that moves most, in U, at the end of what is watched.
    back
        Share that comes back after a sudden or a short movement.
    share
        Of the points that move at all.
    key
        Seeds what each point draws.

    """

    shape: int = 0
    length_days: float = 30.0
    reach: float = 1.0
    back: float = 0.0
    share: float = 1.0
    key: int = 0

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        kind = world_ranges().kinds.get(spot.kind)
        seat = (spot.kind, spot.axis, spot.number)
        if kind is None or seat not in _SEATS:
            return np.zeros(len(days))
        own = key_of(self.key, spot.kind, spot.number)
        first = _SEATS[int(draw(key_of(self.key, "first"), 0.0, len(_SEATS))) % len(_SEATS)]
        size = draw(own + 1, 0.2, 1.0) if draw(own + 2, 0.0, 1.0) <= self.share else 0.0
        if seat == first:
            size = 1.0
        way = -1.0 if spot.kind == "frequency" else 1.0
        if spot.kind == "tilt" and draw(own + 3, -1.0, 1.0) < 0.0:
            way = -1.0
        return way * self.reach * size * kind.concern * self._course(days)

    def _course(self, days: Floats) -> Floats:
        after = np.clip(days, 0.0, None)
        match self.shape:
            case 0:
                up = np.where(days >= 0.0, 1.0, 0.0)
            case 1:
                up = since(days, 0.0, self.length_days)
            case 2:
                up = after / _WATCHED_DAYS
            case _:
                gone = np.clip(after / (_WATCHED_DAYS + 10.0), 0.0, 0.97)
                up = np.log1p(-gone) / np.log1p(-_WATCHED_DAYS / (_WATCHED_DAYS + 10.0))
        return np.asarray(up - self.back * since(days, self.length_days + 5.0, 15.0))


def random_movement(seed: int) -> RandomMovement:
    """Draw one; the same seed gives the same."""

    def even(name: str, low: float, high: float) -> float:
        return draw(key_of(seed, "random movement", name), low, high)

    shape = int(even("shape", 0.0, 4.0))
    comes_back = shape < 2 and even("comes back", 0.0, 1.0) < _COMES_BACK
    return RandomMovement(
        "random_movement",
        "structural",
        shape=min(shape, 3),
        length_days=math.exp(even("length", *map(math.log, _LENGTH_DAYS))),
        reach=math.exp(even("reach", *map(math.log, _REACH))),
        back=even("back", *_BACK) if comes_back else 0.0,
        share=0.0 if even("alone", 0.0, 1.0) < _ALONE else even("share", 0.0, 1.0) ** 1.5,
        key=key_of(seed, "random movement"),
    )


def resized(name: str, seed: int) -> Scenario:
    """Draw a family's scenario and bring the farthest of its points to a reach drawn evenly."""
    event = drawn(name, seed)
    wanted = draw(key_of(seed, name, "reach"), *map(math.log, _REACH))
    return Resized(
        name, "structural", event=event, factor=math.exp(wanted) / _own_reach(event),
        history_days=event.history_days, season=event.season, restarts=event.restarts,
    )  # fmt: skip


def _own_reach(event: Scenario) -> float:
    days, found = np.arange(-1.0, _WATCHED_DAYS, 0.5), 0.0
    usual = np.full(len(days), 4.5)  # a frequency in the middle of its range, Hz
    for place, (kind, axis, number) in enumerate(_SEATS):
        spot = Spot(kind, axis, number, place, len(_SEATS) + 1, key_of(number, kind))
        moved = event.moved(spot, days)
        if kind == "frequency":
            moved = moved + event.read(spot, days, usual) - usual
        found = max(found, float(np.abs(moved).max()) / world_ranges().kinds[kind].concern)
    return found


def plays(each: int) -> list[tuple[str, Scenario]]:
    """Tell the scenarios with what they are to the fit: `event`, `calm` or `fault`.

    Parameters
    ----------
    each
        Scenarios of a family of events; of the others so many as their number allows.

    """
    seeds, apart = split().tuning, split().judging_families
    found: list[tuple[str, Scenario]] = []
    for name in families("structural"):
        if name not in apart:
            found += [("event", (drawn if n % 2 else resized)(name, seeds[n])) for n in range(each)]
    found += [("event", random_movement(seeds[n])) for n in range(4 * each)]
    calm = [name for name in families("benign") if name not in apart]
    found += [("calm", drawn(name, seeds[n])) for name in calm for n in range(each // 2)]
    found += [("calm", drawn("healthy", seeds[n])) for n in range(2 * each)]
    found += [
        ("fault", drawn(name, seeds[n])) for name in families("fault") for n in range(each // 4)
    ]
    return found
