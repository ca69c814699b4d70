"""From a building's channels to its score: readable, monotone, and calibrated on tuning seeds.

The logarithms of the strongest, the second and the third statistic, how many kinds agree, and how
far the strongest has gone are added up with coefficients above 0 and turned into a probability:
more movement never lowers the score. A cause that is shared with other houses, and an instrument
that may lie, take evidence away before it is added up, never after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analytics.assessment.course import ChannelCourse
from analytics.assessment.model import Model
from analytics.assessment.verdicts import verdict
from domain.assessments import (
    Fault,
    Health,
    Reason,
    RiskAssessment,
    SharedCause,
    SuspectedGrade,
    Verdict,
    assessment_id,
)
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
    gateways
        Gateway of each channel whose statistic rose together with all of its neighbours'.

    """

    building_id: str
    profile: str = ""
    unrest: float = 0.0
    gateways: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scored:
    """Probability of a building and what it is made of."""

    probability: float
    features: Floats


def assess_building(
    courses: Sequence[ChannelCourse], facts: BuildingFacts, model: Model, day: int = -1
) -> RiskAssessment:
    """Assess a building at the end of a day of its courses, by default the last.

    A building without channels, or with none that says anything, cannot be judged.
    """
    verdicts = [verdict(course, model, day) for course in courses]
    shared = shared_causes(facts, model)
    found = _score(verdicts, facts, model)
    quality = quality_percent(verdicts)
    low, high = interval(verdicts, facts, model)
    score = 100.0 * found.probability
    at_ns = max((one.at_ns for one in verdicts), default=0)
    return RiskAssessment(
        id=assessment_id(facts.building_id, at_ns, model.label, facts.profile),
        building_id=facts.building_id,
        at_ns=at_ns,
        model=model.label,
        profile=facts.profile,
        score=score,
        low=100.0 * low,
        high=100.0 * high,
        suspected=suspected(score, quality, verdicts, model),
        quality_percent=quality,
        reasons=reasons(verdicts, facts, model),
        would_change=would_change(verdicts, facts, model),
        verdicts=tuple(verdicts),
        shared=shared,
        details=tuple(zip(FEATURES, found.features.tolist(), strict=True)),
    )


#: the way in which a kind gets worse; a lean is bad either way
WORSE = {"crack": 1.0, "settlement": 1.0, "frequency": -1.0}


def mends(one: Verdict) -> bool:
    """Tell whether a channel moves for the better: a crack that closes, a house that stiffens."""
    return one.effect * WORSE.get(one.kind, 0.0) < 0.0


def strengths(verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model) -> Floats:
    """Tell each channel's statistic after what may be an instrument's or shared, (n,)."""
    calm = 1.0 - model.number("fusion.shared_share") * min(1.0, _shared(facts, model))
    out = np.zeros(len(verdicts))
    for place, one in enumerate(verdicts):
        score = float(dict(one.details).get("score", 0.0))
        if one.health is Health.BLIND:
            score = 0.0
        if LIKE_MOVEMENT & set(one.faults):
            score *= model.number("fusion.faulty_share")
        if mends(one):
            score *= model.number("fusion.mending_share")
        out[place] = score * calm
    return out


def features(strong: Floats, verdicts: Sequence[Verdict], model: Model) -> Floats:
    """Tell the five numbers that are added up, each 0 and more and rising with movement."""
    order = np.sort(strong)[::-1]
    top = np.zeros(3)
    top[: min(3, len(order))] = order[:3]
    said = model.number("score.said")
    kinds = {one.kind for one, s in zip(verdicts, strong, strict=True) if s >= said}
    sizes = [
        abs(float(dict(one.details).get("in_units_of_concern", 0.0))) * min(1.0, float(s))
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


def _score(verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model) -> Scored:
    numbers = features(strengths(verdicts, facts, model), verdicts, model)
    return Scored(probability(numbers, model), numbers)


def interval(
    verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model
) -> tuple[float, float]:
    """Tell between which probabilities the data leave the building.

    Every statistic has a standard deviation of 1; a channel that is blind or still learning may
    hide as much as its missing confidence allows: missing data widen, they do not raise.
    """
    wide = model.number("fusion.z") / model.number("score.drift_z")

    def with_scores(change: Sequence[float]) -> float:
        changed = [
            _with_score(one, by, one.health is Health.BLIND and by > 0)
            for one, by in zip(verdicts, change, strict=True)
        ]
        return _score(changed, facts, model).probability

    middle = _score(verdicts, facts, model).probability
    hidden = model.number("fusion.hidden_score")
    # channels err apart: as many as there are, their errors add up to the root of it
    apart = wide / np.sqrt(max(len(verdicts), 1))
    low = with_scores([-apart - wide / 2.0] * len(verdicts))
    high = with_scores(
        [apart + wide / 2.0 + hidden * (1.0 - one.confidence) ** 2 for one in verdicts]
    )
    if not verdicts:
        return 0.0, 1.0
    return min(low, middle), max(high, middle)


def _with_score(one: Verdict, by: float, awake: bool) -> Verdict:
    details = dict(one.details)
    before = float(details.get("score", 0.0))
    details["score"] = max(0.0, before + by)
    details.setdefault("in_units_of_concern", 0.0)
    changed = replace(one, details=tuple(details.items()))
    return replace(changed, health=Health.DEGRADED, effect=0.0) if awake else changed


def quality_percent(verdicts: Sequence[Verdict]) -> float:
    """Tell how much of what should be known is known, 0-100."""
    if not verdicts:
        return 0.0
    return 100.0 * float(np.mean([one.confidence for one in verdicts]))


def suspected(
    score: float, quality: float, verdicts: Sequence[Verdict], model: Model
) -> SuspectedGrade:
    """Tell the suspected grade; never A or B, and none only where the data allow to say so."""
    if score >= model.number("band.d"):
        return SuspectedGrade.D
    if score >= model.number("band.c"):
        return SuspectedGrade.C
    awake = [one for one in verdicts if one.health is not Health.BLIND]
    if not awake or quality < model.number("band.quality"):
        return SuspectedGrade.CANNOT_JUDGE
    return SuspectedGrade.NONE


def shared_causes(facts: BuildingFacts, model: Model) -> tuple[SharedCause, ...]:
    """Name what many sensors share."""
    found = []
    if facts.unrest >= model.number("fusion.unrest"):
        found.append(SharedCause.WEATHER)
    if facts.gateways:
        found.append(SharedCause.GATEWAY)
    return tuple(found)


def _shared(facts: BuildingFacts, model: Model) -> float:
    return 1.0 if shared_causes(facts, model) else 0.0


def reasons(verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model) -> tuple[Reason, ...]:
    """Give the three reasons that weigh most, in points of the score, heaviest first."""
    whole = 100.0 * _score(verdicts, facts, model).probability
    strong = strengths(verdicts, facts, model)
    said = model.number("score.said")
    found = []
    for place, one in enumerate(verdicts):
        if strong[place] < said:
            continue
        without = [v for other, v in enumerate(verdicts) if other != place]
        points = whole - 100.0 * _score(without, facts, model).probability
        shape = dict(one.details)["shape"]
        found.append(
            Reason(
                key=f"reason.{shape}",
                subject=one.channel_id,
                value=one.effect,
                low=one.low,
                high=one.high,
                unit=one.unit,
                since_ns=one.since_ns,
                weight=points,
                details=(
                    ("rate", one.rate_per_day),
                    ("rate_low", one.rate_low),
                    ("rate_high", one.rate_high),
                    ("weather_share", -1.0 if one.weather_share is None else one.weather_share),
                ),
            )
        )
    moving = {one.kind for one, s in zip(verdicts, strong, strict=True) if s >= said}
    if len(moving) > 1:
        points = whole - 100.0 * _without_agreement(verdicts, facts, model)
        found.append(Reason("reason.agree", value=float(len(moving)), weight=points))
    if shared_causes(facts, model):
        alone = replace(facts, unrest=0.0, gateways={})
        points = whole - 100.0 * _score(verdicts, alone, model).probability
        found.append(Reason("reason.shared", value=100.0 * facts.unrest, unit="%", weight=points))
    for place, one in enumerate(verdicts):
        doubtful = sorted(LIKE_MOVEMENT & set(one.faults))
        score = float(dict(one.details).get("score", 0.0))
        if doubtful and score >= said > strong[place]:
            key = f"reason.fault.{doubtful[0].value}"
            found.append(Reason(key, subject=one.channel_id, weight=0.0))
    blind = [one for one in verdicts if one.health is Health.BLIND]
    if blind:
        found.append(Reason("reason.blind", value=float(len(blind)), weight=0.0))
    if not found:
        found.append(Reason("reason.calm", value=float(len(verdicts)), weight=whole))
    ranked = sorted(found, key=lambda reason: (-abs(reason.weight), reason.key, reason.subject))
    return tuple(ranked[:3])


def _without_agreement(verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model) -> float:
    numbers = features(strengths(verdicts, facts, model), verdicts, model)
    numbers[FEATURES.index("kinds")] = 0.0
    return probability(numbers, model)


def would_change(
    verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model
) -> tuple[Reason, ...]:
    """Tell what would narrow the interval, in points, most telling first."""
    low, high = interval(verdicts, facts, model)
    found = []
    for place, one in enumerate(verdicts):
        if one.confidence > model.number("fusion.well_known"):
            continue
        mended = list(verdicts)
        mended[place] = replace(
            one, confidence=1.0, health=Health.OK if one.health is Health.BLIND else one.health
        )
        better = interval(mended, facts, model)
        points = 100.0 * ((high - low) - (better[1] - better[0]))
        if points <= 0.0:
            continue
        match one.health:
            case Health.BLIND:
                key = "change.mend"
            case Health.LEARNING:
                key = "change.learn"
            case _:
                key = "change.care"
        year = round(model.number("health.learning_days"))
        days = float(max(0, year - one.learning_days)) if key == "change.learn" else None
        found.append(Reason(key, one.channel_id, days, unit="d" if days else "", weight=points))
    doubtful = [one for one in verdicts if Fault.SENSOR_DRIFT in one.faults]
    found += [Reason("change.second_sensor", one.channel_id, weight=0.0) for one in doubtful]
    ranked = sorted(found, key=lambda reason: (-reason.weight, reason.key, reason.subject))
    return tuple(ranked[:3])
