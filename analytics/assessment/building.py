"""A building's assessment: its channels' verdicts, its score and the reasons."""

from collections.abc import Sequence

from analytics.assessment.course import ChannelCourse
from analytics.assessment.fusion import (
    FEATURES,
    BuildingFacts,
    interval,
    quality_percent,
    scored,
    shared_causes,
    suspected,
)
from analytics.assessment.model import Model
from analytics.assessment.reasons import reasons, would_change
from analytics.assessment.verdicts import verdict
from domain.assessments import RiskAssessment, assessment_id

__all__ = ["BuildingFacts", "assess_building"]


def assess_building(
    courses: Sequence[ChannelCourse], facts: BuildingFacts, model: Model, day: int = -1
) -> RiskAssessment:
    """Assess a building at the end of a day of its courses, by default the last.

    A building without channels, or with none that says anything, cannot be judged.
    """
    verdicts = [verdict(course, model, day) for course in courses]
    shared = shared_causes(verdicts, facts, model)
    found = scored(verdicts, facts, model)
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
