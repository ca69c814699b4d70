"""Why a building has its score, in points, and what would change it."""

from collections.abc import Sequence
from dataclasses import replace

from analytics.assessment.fusion import (
    FEATURES,
    LIKE_MOVEMENT,
    BuildingFacts,
    features,
    interval,
    probability,
    scored,
    shared_causes,
    strengths,
)
from analytics.assessment.model import Model
from domain.assessments import Fault, Health, Reason, SharedCause, Verdict


def reasons(verdicts: Sequence[Verdict], facts: BuildingFacts, model: Model) -> tuple[Reason, ...]:
    """Give the three reasons that weigh most, in points of the score, heaviest first."""
    whole = 100.0 * scored(verdicts, facts, model).probability
    strong = strengths(verdicts, facts, model)
    said = model.number("score.said")
    found = []
    for place, one in enumerate(verdicts):
        if strong[place] < said:
            continue
        without = [v for other, v in enumerate(verdicts) if other != place]
        points = whole - 100.0 * scored(without, facts, model).probability
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
    if SharedCause.WEATHER in shared_causes(verdicts, facts, model):
        alone = replace(facts, unrest=0.0)
        points = whole - 100.0 * scored(verdicts, alone, model).probability
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
        if points < model.number("fusion.worth_points"):
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
