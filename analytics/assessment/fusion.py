"""From a building's channels to its score: readable, monotone, and calibrated on tuning seeds.

The logarithms of the strongest, the second and the third statistic, how many kinds agree, and how
far the strongest has gone are added up with coefficients above 0 and turned into a probability:
more movement never lowers the score. A cause that is shared with other houses, and an instrument
that may lie, take evidence away before it is added up, never after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics.assessment.model import Model
from domain.assessments import Fault, Health, SharedCause, SuspectedGrade, Verdict
from domain.readings import Floats

#: faults that look like a movement of the house in one sensor
LIKE_MOVEMENT = frozenset(
    {
        Fault.RESTART_OFFSET,
        Fault.REMOUNT,
        Fault.SENSOR_DRIFT,
        Fault.CLOCK_SKEW,
        Fault.UNIT_MIXUP,
        Fault.THERMOMETER_LOST,
    }
)
FEATURES = ("first", "second", "third", "kinds", "size")
#: faults that a gateway has with all of its sensors
_OF_GATEWAY = frozenset({Fault.CLOCK_SKEW, Fault.GATEWAY_OUTAGE, Fault.BATTERY_FADE})
#: the way in which a kind gets worse; a lean is bad either way
WORSE = {"crack": 1.0, "settlement": 1.0, "frequency": -1.0}


@dataclass(frozen=True, slots=True)
class BuildingFacts:
    """What is known of a building beside its channels.

    Parameters
    ----------
    profile
        Name and version of the limit profile.
    unrest
        0-1, share of the district's other houses that were surprised at the same time
        (`shared.unrest`, the largest of the last days).

    """

    building_id: str
    profile: str = ""
    unrest: float = 0.0


@dataclass(frozen=True, slots=True)
class Scored:
    """Probability of a building and what it is made of."""

    probability: float
    features: Floats


def shared_causes(
    verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model
) -> tuple[SharedCause, ...]:
    """Name what many sensors share: an unquiet district, or a gateway that fails."""
    found = []
    if facts.unrest >= model.number("fusion.unrest"):
        found.append(SharedCause.WEATHER)
    failing = [bool(_OF_GATEWAY & set(one.faults)) for one in verdicts]
    if failing and np.mean(failing) >= model.number("fusion.gateway_share"):
        found.append(SharedCause.GATEWAY)
    return tuple(found)


def _calm(facts: BuildingFacts, model: Model) -> float:
    """Tell what is left of a statistic when the whole district is unquiet."""
    if facts.unrest < model.number("fusion.unrest"):
        return 1.0
    return 1.0 - model.number("fusion.shared_share")


def mends(one: Verdict) -> bool:
    """Tell whether a channel moves for the better: a crack that closes, a house that stiffens."""
    return one.effect * WORSE.get(one.kind, 0.0) < 0.0


def _mended(verdicts: Sequence[Verdict], model: Model) -> float:
    """Tell how far the house moves for the better, in U; 0 where anything moves the other way.

    A lean that comes no farther than that is one that comes back.
    """
    said = model.number("score.said")
    moving = [
        one
        for one in verdicts
        if one.kind in WORSE and float(dict(one.details).get("score", 0.0)) >= said
    ]
    if not all(mends(one) for one in moving):
        return 0.0
    return max((_in_concern(one) for one in moving), default=0.0)


def _in_concern(one: Verdict) -> float:
    """Tell how far a channel has moved, in U, whichever way; 0 where nothing is known."""
    return abs(float(dict(one.details).get("in_units_of_concern", 0.0)))


def believed(verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model) -> Floats:
    """Tell what is left of each channel's evidence after what may be an instrument's or shared.

    Returns
    -------
    ndarray
        (n,) float64, 0-1: of its statistic and of how far it went alike.

    """
    calm = _calm(facts, model)
    mended = _mended(verdicts, model)
    left = np.full(len(verdicts), calm)
    for place, one in enumerate(verdicts):
        if LIKE_MOVEMENT & set(one.faults):
            left[place] *= model.number("fusion.faulty_share")
        comes_back = one.kind not in WORSE and 0.0 < _in_concern(one) <= mended
        if mends(one) or comes_back:
            left[place] *= model.number("fusion.mending_share")
    return left


def strengths(verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model) -> Floats:
    """Tell each channel's statistic after what may be an instrument's or shared, (n,)."""
    scores = [float(dict(one.details).get("score", 0.0)) for one in verdicts]
    return np.asarray(np.array(scores) * believed(verdicts, facts, model))


def features(strong: Floats, verdicts: Sequence[Verdict], model: Model) -> Floats:
    """Tell the five numbers that are added up, each 0 and more and rising with movement."""
    order = np.sort(strong)[::-1]
    top = np.zeros(3)
    top[: min(3, len(order))] = order[:3]
    said = model.number("score.said")
    kinds = {one.kind for one, s in zip(verdicts, strong, strict=True) if s >= said}
    # what takes a share of the statistic takes it of the way gone, too
    sizes = [
        _in_concern(one) * float(s) / max(1.0, float(dict(one.details).get("score", 0.0)))
        for one, s in zip(verdicts, strong, strict=True)
        if np.isfinite(one.effect)
    ]
    cap = model.number("fusion.size_cap")
    size = min(max(sizes, default=0.0), cap)
    return np.array([*np.log1p(np.minimum(top, cap)), max(len(kinds) - 1, 0), np.log1p(size)])


def probability(numbers: Floats, model: Model) -> float:
    """Add up and turn into a probability."""
    logit = model.number("fusion.base") + float(
        np.dot(numbers, [model.number(f"fusion.{name}") for name in FEATURES])
    )
    return float(1.0 / (1.0 + np.exp(-logit)))


def scored(verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model) -> Scored:
    """Score verdicts."""
    numbers = features(strengths(verdicts, facts, model), verdicts, model)
    return Scored(probability(numbers, model), numbers)


def interval(
    verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model
) -> tuple[float, float]:
    """Tell between which probabilities the data leave the building.

    Every statistic has a standard deviation of 1, every movement its own; a channel that is blind
    or still learning may hide as much as its missing confidence allows, and what a blind one last
    said may be over: missing data widen, they neither raise nor lower.
    """
    # channels err apart: as many as there are, their errors add up to the root of it
    off = 0.5 + 1.0 / np.sqrt(max(len(verdicts), 1))

    def moved(sds: float, *, hiding: bool) -> float:
        changed = [_shifted(one, sds, model, hiding=hiding) for one in verdicts]
        return scored(changed, facts, model).probability

    middle = scored(verdicts, facts, model).probability
    if not verdicts:
        return 0.0, 1.0
    return min(moved(-off, hiding=False), middle), max(moved(off, hiding=True), middle)


def _shifted(one: Verdict, sds: float, model: Model, *, hiding: bool) -> Verdict:
    """Move a channel's statistic and its way by so much of their 90 % half-width."""
    details, wide = dict(one.details), sds * model.number("fusion.z")
    statistic = float(details.get("score", 0.0)) + wide / model.number("score.drift_z")
    way = _in_concern(one) + wide * float(details.get("in_units_of_concern_sd", 0.0))
    hidden = (1.0 - one.confidence) ** 2 if hiding else 0.0
    if one.health is Health.BLIND and not hiding:
        statistic = way = 0.0
    details["score"] = max(0.0, statistic + hidden * model.number("fusion.hidden_score"))
    details["in_units_of_concern"] = max(0.0, way) + hidden * model.number("fusion.hidden_size")
    return replace(one, details=tuple(details.items()))


def quality_percent(verdicts: Sequence[Verdict]) -> float:
    """Tell how much of what should be known is known, 0-100."""
    if not verdicts:
        return 0.0
    return 100.0 * float(np.mean([one.confidence for one in verdicts]))


def suspected(
    score: float, quality: float, verdicts: Sequence[Verdict], model: Model
) -> SuspectedGrade:
    """Tell the suspected grade; never A or B, and none only where the data allow to say so.

    A house of which every channel is blind cannot be judged, whatever was suspected before.
    """
    awake = [one for one in verdicts if one.health is not Health.BLIND]
    if not awake:
        return SuspectedGrade.CANNOT_JUDGE
    if score >= model.number("band.d"):
        return SuspectedGrade.D
    if score >= model.number("band.c"):
        return SuspectedGrade.C
    if quality < model.number("band.quality"):
        return SuspectedGrade.CANNOT_JUDGE
    return SuspectedGrade.NONE
