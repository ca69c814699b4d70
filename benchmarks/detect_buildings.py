"""How well a building's score ranks and how far it may be believed, on families not tuned on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from analytics.assessment.building import BuildingFacts, assess_building
from analytics.assessment.model import load_model
from benchmarks import ours
from benchmarks.alarms import Bools, Range
from benchmarks.fusion_plays import resized
from domain.assessments import RiskAssessment, SuspectedGrade
from domain.readings import Floats
from simulators.families import drawn, families
from simulators.scenario import Scenario
from simulators.split import split
from simulators.world_buildings import WorldBuilding, buildings
from simulators.world_ranges import world_ranges

#: days after the event at whose end the building is assessed
ASSESSED_DAYS = 90
#: what the score means: some point of the house has moved by so many U by the day it is given for
MOVED = 1.0
#: U that the first version of the model was rated against, by the end of what is simulated
SERIOUS = 2.0
_PART = 20  # buildings in memory at a time
_SUSPECTED = {SuspectedGrade.C, SuspectedGrade.D}


@dataclass(frozen=True, slots=True)
class BuildingOutcome:
    """Figures of the score as a probability, each with its 95 % interval by building."""

    area: Range
    brier_skill: Range
    calibration_error: Range
    buildings: int
    happened: int


@dataclass(frozen=True, slots=True, eq=False)
class Buildings:
    """Scores of buildings, and what is true of them, (n,) each.

    Parameters
    ----------
    score
        0-1.
    moved
        Some channel has truly moved U or more by the day of the assessment: what the score means.
    far
        2 U or more by that day.
    event
        An event has begun, however small it is yet.
    serious
        Some channel moves 2 U or more at some time, 60 days after the assessment at the latest.

    """

    score: Floats
    moved: Bools
    far: Bools
    event: Bools
    serious: Bools


def building_scores(each: int, *, judging: bool = True, any_size: bool = False) -> Buildings:
    """Assess as many buildings with an event as without.

    Judging takes the families that never tuned anything: their events, and as buildings without
    one half of their benign courses and half in which nothing happens.

    Parameters
    ----------
    any_size
        Events are resized, evenly in the logarithm from well below U to far above it; as they are
        drawn, nearly all of them go beyond U, and are easy.

    """
    apart = split().judging_families
    seeds = split().judging if judging else split().tuning

    def wanted(name: str) -> bool:
        return (name in apart) == judging

    events = [name for name in families("structural") if wanted(name)]
    calm = ["healthy", *(name for name in families("benign") if wanted(name))]
    drawing = resized if any_size else drawn
    plays = [drawing(events[n % len(events)], seeds[100 + n]) for n in range(each)]
    plays += [drawn(calm[n % len(calm)], seeds[100 + n]) for n in range(each)]
    made = list(assessments(seeds[15 if any_size else 13], plays))
    gone = np.array([building.reach(ASSESSED_DAYS) for _, building in made])
    return Buildings(
        score=np.array([one.score / 100.0 for one, _ in made]),
        moved=gone >= MOVED,
        far=gone >= SERIOUS,
        event=np.arange(2 * each) < each,
        serious=np.array([serious(building) for _, building in made]),
    )


def serious(building: WorldBuilding) -> bool:
    """Tell whether a channel moves by `SERIOUS` U at any time that is simulated."""
    kinds = {one.channel_id: one.kind for one in building.series}
    return any(
        label.expect == "alarm"
        and abs(label.size) >= SERIOUS * world_ranges().kinds[kinds[label.channel_id]].concern
        for label in building.labels
    )


def cold_front(count: int, *, judging: bool = True) -> tuple[int, int]:
    """Let a cold front pass over healthy buildings; (suspected, buildings)."""
    seeds = split().judging if judging else split().tuning
    plays = [drawn("cold_snap", seeds[100 + n % 700]) for n in range(count)]
    made = list(assessments(seeds[14], plays, days_after=14))
    return sum(one.suspected in _SUSPECTED for one, _ in made), len(made)


def assessments(
    seed: int, plays: Sequence[Scenario], days_after: int = ASSESSED_DAYS
) -> Iterator[tuple[RiskAssessment, WorldBuilding]]:
    """Make a building a scenario and assess it so many days after the scenario began."""
    made, model = buildings(seed, plays), load_model()
    while part := list(islice(made, _PART)):
        courses = ours.courses([series for building in part for series in building.series])
        place = 0
        for building in part:
            own = courses[place : place + len(building.series)]
            place += len(building.series)
            day = building.scenario.history_days + days_after
            facts = BuildingFacts(building.building_id)
            yield assess_building(own, facts, model, day), building


def rated(probability: Floats, happened: Bools, draws: int = 500) -> BuildingOutcome:
    """Rate probabilities against what happened, with intervals by building."""
    random = np.random.default_rng(1)
    rows = random.integers(0, len(probability), (draws, len(probability)))
    rows = rows[[bool(happened[row].any() and not happened[row].all()) for row in rows]]

    def ranged(of) -> Range:  # type: ignore[no-untyped-def]
        again = [of(probability[row], happened[row]) for row in rows]
        low, high = np.quantile(again, [0.025, 0.975])
        return Range(of(probability, happened), float(low), float(high))

    return BuildingOutcome(
        ranged(area_under_curve),
        ranged(brier_skill),
        ranged(calibration_error),
        len(probability),
        int(happened.sum()),
    )


def area_under_curve(probability: Floats, happened: Bools) -> float:
    """Tell how often a building with an event scores above one without; ties count half."""
    with_it, without = probability[happened][:, None], probability[~happened][None, :]
    return float(((with_it > without) + 0.5 * (with_it == without)).mean())


def brier_skill(probability: Floats, happened: Bools) -> float:
    """Tell by how much the squared error is below that of always saying the base rate."""
    base = float(happened.mean())
    return float(1.0 - np.mean((probability - happened) ** 2) / (base * (1.0 - base)))


def calibration_error(probability: Floats, happened: Bools, bins: int = 10) -> float:
    """Tell the mean distance of what was said from what happened, over bins of equal width."""
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    off = 0.0
    for number in np.unique(place):
        inside = place == number
        gap = abs(float(probability[inside].mean()) - float(happened[inside].mean()))
        off += gap * float(inside.mean())
    return off
