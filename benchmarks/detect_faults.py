"""What faults do: false alarms with all of them on, and whether they are called by their names.

A name counts for a channel of a building when it stands on any day from the fault's beginning on.
Drift of one instrument and a restart that nobody tells of look like movement in that instrument;
they are judged apart, not among the ten kinds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics.assessment.course import ChannelCourse
from benchmarks import ours
from benchmarks.alarms import Range, episodes, rate_range
from domain.assessments import Fault, faults_of
from simulators.families import drawn, families
from simulators.scenario import Scenario
from simulators.scenarios.healthy import SCENARIO as HEALTHY
from simulators.split import split
from simulators.world_buildings import WorldBuilding, buildings
from simulators.world_ranges import world_ranges

#: the ten kinds that are to be named
KINDS = (
    Fault.SPIKES,
    Fault.STUCK,
    Fault.GAP,
    Fault.RESTART_OFFSET,
    Fault.REMOUNT,
    Fault.CLOCK_SKEW,
    Fault.UNIT_MIXUP,
    Fault.THERMOMETER_LOST,
    Fault.GATEWAY_OUTAGE,
    Fault.BATTERY_FADE,
)
#: families that one instrument cannot tell from movement
ALIKE = frozenset({"restart_offset_unflagged", "sensor_drift_linear"})
#: what a fault brings with it and may be named as well, or not
_ALONG = {
    Fault.BATTERY_FADE: {Fault.GAP, Fault.SPIKES},
    Fault.REMOUNT: {Fault.GAP},
    Fault.GATEWAY_OUTAGE: {Fault.GAP},
}
#: an alarm that comes with a name, or within so many days of one, is no structural alarm
_NAMED_DAYS = 7
_SPIKY = 0.1


@dataclass(frozen=True, slots=True)
class Named:
    """How well one kind of fault is named: channels by what was true and what was said."""

    right: int
    missed: int
    wrong: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where nothing was ever right."""
        return 2 * self.right / max(1, 2 * self.right + self.missed + self.wrong)


@dataclass(frozen=True, slots=True)
class FaultOutcome:
    """Everything that faults did.

    Parameters
    ----------
    structural
        Share of faulty channels that raised an alarm with no fault named near it, of the faults
        that can be told.
    caused
        Share of them whose twin, the same channel without the fault, raised none: what the fault
        did. The rest would have rung anyway, as any channel now and then does.
    alike_named
        Share of the drifting and secretly re-zeroed instruments that were named.
    false_alarms
        A sensor-year, with every fault that can be told and the usual ones.

    """

    named: dict[Fault, Named]
    structural: float
    caused: float
    structural_of: int
    alike_named: float
    alike_of: int
    false_alarms: Range
    sensor_years: float


def fault_outcome(
    thresholds: dict[str, float], seeds_each: int, *, judging: bool = True
) -> FaultOutcome:
    """Make buildings with each family of faults and look at what is said of them."""
    seeds = split().judging if judging else split().tuning
    names = families("fault")
    plays = [drawn(name, seeds[100 + n]) for name in names for n in range(seeds_each)]
    calm = [name for name in families("benign") if name not in split().judging_families]
    plays += [drawn(name, seeds[100 + n]) for name in calm for n in range(max(1, seeds_each // 4))]
    clean = _judged(list(buildings(seeds[11], plays, usual=False)))
    told = [play for play in plays if play.fault and play.name not in ALIKE]
    dirty = _judged(list(buildings(seeds[12], told, usual=True)))
    twins = _judged(list(buildings(seeds[11], [spared(play) for play in plays], usual=False)))
    structural, caused, structural_of = _alarmed(clean, twins, thresholds)
    alike, alike_of = _alike(clean)
    false_alarms, years = _false_alarms(dirty, thresholds)
    return FaultOutcome(
        {kind: named(clean, kind) for kind in KINDS},
        structural,
        caused,
        structural_of,
        alike,
        alike_of,
        false_alarms,
        years,
    )


Judged = list[tuple[WorldBuilding, list[ChannelCourse]]]


def named(judged: Judged, kind: Fault) -> Named:
    """Count the channels on which a kind was named rightly, missed, and named for nothing."""
    right = missed = wrong = 0
    for building, courses in judged:
        if building.scenario.name in ALIKE:
            continue
        for course in courses:
            true = true_faults(building, course.series.channel_id)
            said = kind in said_faults(course, building.start // course.series.per_day)
            along = any(kind in _ALONG.get(fault, ()) for fault in true)
            right += said and kind in true
            missed += not said and kind in true
            wrong += said and kind not in true and not along
    return Named(right, missed, wrong)


def true_faults(building: WorldBuilding, channel_id: str) -> frozenset[Fault]:
    """Tell what really ails a channel; a lost thermometer ails all channels of its building."""
    return frozenset(
        Fault(label.expect)
        for label in building.labels
        if label.nature == "fault"
        and (
            label.channel_id == channel_id
            or (label.expect == Fault.THERMOMETER_LOST and label.channel_id.endswith(".H1"))
        )
    )


def said_faults(course: ChannelCourse, first_day: int) -> frozenset[Fault]:
    """Tell all names that a channel was given from a day on.

    Single wild readings are no fault of an instrument: spikes count from one day in ten on.
    """
    faults = course.faults[first_day:]
    said = frozenset(faults_of(int(np.bitwise_or.reduce(faults))))
    often = ((faults & np.uint16(Fault.SPIKES.bit)) > 0).mean() >= _SPIKY
    return said if often else said - {Fault.SPIKES}


def _judged(made: Sequence[WorldBuilding]) -> Judged:
    courses = ours.courses([series for building in made for series in building.series])
    found, place = [], 0
    for building in made:
        count = len(building.series)
        found.append((building, courses[place : place + count]))
        place += count
    return found


def spared(play: Scenario) -> Scenario:
    """Tell the scenario in which the same house, sky and instruments are spared the fault."""
    return replace(HEALTHY, history_days=play.history_days, season=play.season)


def _alarmed(
    judged: Judged, twins: Judged, thresholds: dict[str, float]
) -> tuple[float, float, int]:
    alarmed, caused = [], []
    for (building, courses), (_, unharmed) in zip(judged, twins, strict=True):
        if building.scenario.name in ALIKE or not building.scenario.fault:
            continue
        first = building.start // building.series[0].per_day
        for course, twin in zip(courses, unharmed, strict=True):
            threshold = thresholds.get(course.series.kind)
            if threshold is None or not true_faults(building, course.series.channel_id):
                continue
            rang = _rang(course, first, threshold)
            alarmed.append(rang)
            caused.append(rang and not _rang(twin, first, threshold))
    return float(np.mean(alarmed)), float(np.mean(caused)), len(alarmed)


def _rang(course: ChannelCourse, first: int, threshold: float) -> bool:
    """Tell whether a structural alarm began on a day or later."""
    loud = course.score >= threshold
    alarm = loud & ~_recent(course.faults > 0, _NAMED_DAYS)
    # one that stood before is not that day's doing
    return bool(alarm[first:].any() and not loud[first - 1])


def _alike(judged: Judged) -> tuple[float, int]:
    hits = [
        Fault(building.scenario.fault)
        in said_faults(course, building.start // course.series.per_day)
        for building, courses in judged
        if building.scenario.name in ALIKE
        for course in courses
        if true_faults(building, course.series.channel_id)
    ]
    return float(np.mean(hits)), len(hits)


def _false_alarms(judged: Judged, thresholds: dict[str, float]) -> tuple[Range, float]:
    learning, counts, days = world_ranges().learning_days, [], 0
    for _, courses in judged:
        for course in courses:
            if course.series.kind in thresholds:
                score = course.score[None, learning:]
                counts.append(int(episodes(score, thresholds[course.series.kind])[0]))
                days = score.shape[1]
    years_each = days / 365.0
    return rate_range(np.array(counts), years_each), len(counts) * years_each


def _recent(marked: np.ndarray, days: int) -> np.ndarray:  # type: ignore[type-arg]
    place = np.arange(len(marked))
    last = np.maximum.accumulate(np.where(marked, place, -(10**6)))
    return np.asarray(place - last < days)
