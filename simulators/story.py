"""The fixed story of the demo: which building meets what, and when, with its ground truth."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec

from domain.clock import DAY_NS, HOUR_NS, to_datetime, to_ns
from domain.findings import Cause
from domain.limits import Level
from domain.sensors import Gateway
from simulators.neighbourhood import HOUSES, House, Neighbourhood, neighbourhood
from simulators.readings import GatewayReadings, Play, Tape
from simulators.scenario import Truth, scenario_named
from simulators.waves import SentBlock, blocks_between
from simulators.weather import Weather, days_since

START_NS = to_ns(datetime(2026, 8, 20, tzinfo=UTC))
DAYS = 75


@dataclass(frozen=True, slots=True)
class Chapter:
    """A scenario that some houses meet from a day of the story on."""

    scenario: str
    day: float
    houses: tuple[int, ...]


#: five weeks in which every sensor learns its weather, then the events
CHAPTERS: tuple[Chapter, ...] = (
    Chapter("healthy", 0.0, (1, 14)),
    Chapter("settlement_accelerating", 36.0, (4,)),
    Chapter("spikes", 36.5, (10,)),
    Chapter("restart_offset_flagged", 37.25, (3,)),
    Chapter("crack_growth_slow", 38.0, (6,)),
    Chapter("excavation_next_door", 40.0 + 16 / 24, (7,)),  # local midnight
    Chapter("stuck", 44.0, (11,)),
    Chapter("cold_snap", 47.0, (2, 9, 15)),
    Chapter("gap", 50.0, (8,)),
    Chapter("wall_removed_step", 52.0 + 7 / 24, (5,)),
    Chapter("gateway_loses_10_sensors", 55.0, (12, 13)),
)
#: the front reaches every house, not only those whose truth it is
COLD_SNAP = "cold_snap"
OUTAGE_HOUSE, OUTAGE_DAY, OUTAGE_HOURS = 16, 58.0, 36.0
REPEATING_HOUSE, REPEATING_DAY = 15, 41.0
GARBLING_HOUSE, GARBLING_DAY = 1, 39.5

_GARBAGE: tuple[bytes, ...] = (
    b"\xff\xfe not JSON",
    b'{"boot":1,"seq":',
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
)
_ODD: tuple[tuple[str, object], ...] = (
    ("C1", "wide"),
    ("C1", None),
    ("T1.x", True),
    ("X9", 1.0),
    ("X9", 1.1),
)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens at one gateway at one moment."""

    at_ns: int
    gateway_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Publish(Act):
    """The gateway takes readings."""

    readings: GatewayReadings


@dataclass(frozen=True, slots=True, eq=False)
class PublishWave(Act):
    """The gateway takes a block of a waveform."""

    block: SentBlock


@dataclass(frozen=True, slots=True)
class Restart(Act):
    """The gateway restarts and counts its boots one up."""


@dataclass(frozen=True, slots=True)
class Cut(Act):
    """The gateway loses the network."""


@dataclass(frozen=True, slots=True)
class Restore(Act):
    """The gateway has the network again."""


@dataclass(frozen=True, slots=True)
class Repeat(Act):
    """The gateway sends each message so many times from now on."""

    times: int


@dataclass(frozen=True, slots=True)
class Garbage(Act):
    """The gateway sends bytes that are no readings."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Odd(Act):
    """The gateway sends one reading of a wrong type or of a channel that nobody knows."""

    address: str
    value: object


@dataclass(frozen=True, slots=True)
class Story:
    """A neighbourhood, what happens in it, and what is true of it.

    Parameters
    ----------
    plays
        By building id.
    truths
        Ground truth; it is written to a side file and never travels over MQTT.
    marks
        Acts other than readings, oldest first.
    tapes
        The readings by gateway id.

    """

    seed: int
    start_ns: int
    end_ns: int
    neighbourhood: Neighbourhood
    weather: Weather
    plays: dict[str, Play]
    truths: tuple[Truth, ...]
    marks: tuple[Act, ...]
    tapes: dict[str, Tape] = field(repr=False)

    def step(self, start_ns: int, end_ns: int) -> list[Act]:
        """Tell everything that happens from a moment up to, not including, another, in order."""
        acts: list[Act] = [m for m in self.marks if start_ns <= m.at_ns < end_ns]
        for gateway_id, tape in self.tapes.items():
            cuts = [m.at_ns for m in acts if m.gateway_id == gateway_id]
            readings = tape.between(start_ns, end_ns)
            for low, high in pairwise([start_ns, *sorted(set(cuts)), end_ns]):
                before, readings = readings.before(high)
                if len(before):
                    acts.append(Publish(low, gateway_id, before))
        for building_id, instruments in self.neighbourhood.wave_instruments.items():
            if instruments:
                gateway_id = self.neighbourhood.gateway_of(building_id).id
                play = self.plays[building_id]
                acts += [
                    PublishWave(block.taken_at_ns, gateway_id, block)
                    for block in blocks_between(
                        instruments, play.scenario, play.start_ns, start_ns, end_ns
                    )
                ]
        # a mark comes before the readings of its own instant: the sort is stable
        return sorted(acts, key=lambda act: act.at_ns)

    def write_truth(self, path: Path) -> None:
        """Write the ground truth as JSON."""
        rows = [
            {
                "building_id": t.building_id,
                "building": t.building,
                "scenario": t.scenario,
                "nature": t.nature,
                "event_started_at": (
                    None
                    if t.event_started_at_ns is None
                    else to_datetime(t.event_started_at_ns).isoformat()
                ),
                "expected": [
                    {"cause": cause.value, "level_min": level.word} for cause, level in t.expected
                ],
                "quiet": t.quiet,
            }
            for t in self.truths
        ]
        path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1))


def demo_story(
    seed: int = 2026,
    start_ns: int = START_NS,
    days: float = DAYS,
    houses: Sequence[House] = HOUSES,
    chapters: Sequence[Chapter] = CHAPTERS,
) -> Story:
    """Lay out the story; the same arguments give the same story, to the last digit.

    Chapters of houses that are not there are left out, and so is what begins after the end.
    """
    end_ns = start_ns + round(days * DAY_NS)
    place = neighbourhood(seed, start_ns, tuple(houses))
    buildings = {place.houses[b.id].number: b for b in place.buildings}
    plays = {b.id: Play() for b in place.buildings}
    truths: dict[str, Truth] = {}
    marks: list[Act] = []
    changes = []
    for chapter in chapters:
        scenario = scenario_named(chapter.scenario)
        at_ns = start_ns + round(chapter.day * DAY_NS)
        if at_ns >= end_ns:
            continue
        if scenario.name == COLD_SNAP:
            changes.append(lambda at, cold=scenario, since=at_ns: cold.air(days_since(since, at)))
        for building in (buildings[n] for n in chapter.houses if n in buildings):
            if scenario.name != COLD_SNAP:
                plays[building.id] = Play(scenario, at_ns)
            truths[building.id] = Truth(
                building.id,
                building.name,
                scenario.name,
                scenario.nature,
                None if scenario.name == "healthy" else at_ns,
                scenario.expected,
                scenario.quiet,
            )
            gateway = place.gateway_of(building.id)
            marks += [Restart(at_ns + round(day * DAY_NS), gateway.id) for day in scenario.restarts]
    for number, building in buildings.items():
        gateway = place.gateway_of(building.id)
        marks += _marks(number, gateway, start_ns)
        if number == OUTAGE_HOUSE and start_ns + OUTAGE_DAY * DAY_NS < end_ns:
            truths[building.id] = Truth(
                building.id,
                building.name,
                "outage_backfilled",
                "fault",
                start_ns + round(OUTAGE_DAY * DAY_NS),
                ((Cause.WATCH, Level.YELLOW),),
                quiet=False,
            )
        healthy = Truth(building.id, building.name, "healthy", "benign", None, (), quiet=True)
        truths.setdefault(building.id, healthy)
    weather = Weather(seed, tuple(changes))
    tapes = {
        gateway.id: Tape(
            weather,
            [
                (place.instruments[b.id], plays[b.id])
                for b in place.buildings
                if place.gateway_of(b.id).id == gateway.id
            ],
        )
        for gateway in place.gateways
    }
    return Story(
        seed,
        start_ns,
        end_ns,
        place,
        weather,
        plays,
        tuple(truths[b.id] for b in place.buildings),
        tuple(sorted((m for m in marks if m.at_ns < end_ns), key=lambda m: m.at_ns)),
        tapes,
    )


def _marks(number: int, gateway: Gateway, start_ns: int) -> list[Act]:
    if number == OUTAGE_HOUSE:
        at_ns = start_ns + round(OUTAGE_DAY * DAY_NS)
        return [
            Cut(at_ns, gateway.id),
            Restore(at_ns + round(OUTAGE_HOURS * HOUR_NS), gateway.id),
        ]
    if number == REPEATING_HOUSE:
        at_ns = start_ns + round(REPEATING_DAY * DAY_NS)
        return [Repeat(at_ns, gateway.id, 3), Repeat(at_ns + DAY_NS, gateway.id, 1)]
    if number == GARBLING_HOUSE:
        at_ns = start_ns + round(GARBLING_DAY * DAY_NS)
        garbage: list[Act] = [
            Garbage(at_ns + n * HOUR_NS, gateway.id, payload) for n, payload in enumerate(_GARBAGE)
        ]
        odd: list[Act] = [
            Odd(at_ns + n * HOUR_NS, gateway.id, address, value)
            for n, (address, value) in enumerate(_ODD)
        ]
        return garbage + odd
    return []
