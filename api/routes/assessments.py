"""Assessments: what the slow analysis thinks of a building, with its reasons; never a grade."""

import math
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from analytics.assessment.model import load_model
from analytics.assessment.statement import evidence
from analytics.score_findings import names_of
from api.fields import DIGITS, At, Bound, Out, PathId
from api.permission import Given, may
from api.problem import problems
from api.scores import AsOf, ReasonOut
from api.visibility import building_for
from domain.access import Caller
from domain.access import may as may_do
from domain.assessed import Assessed, Band, shown_band
from domain.assessments import Fault, Health, SharedCause, SuspectedGrade, Verdict
from domain.clock import to_ns
from domain.errors import NotFound
from domain.jobs import JobRun, RunState
from domain.services import Services

router = APIRouter(tags=["assessments"])

JOB = "assess"

_BOUNDS = ("low", "high", "rate_low", "rate_high")


class VerdictOut(Out):
    """What one channel's history says."""

    channel_id: str
    kind: str
    unit: str
    at: At = Field(validation_alias="at_ns")
    effect: float = Field(description="movement beyond the weather since `since`, in `unit`")
    low: float | None = Field(description="95 % interval; null: not bounded")
    high: float | None
    rate_per_day: float
    rate_low: float | None
    rate_high: float | None
    since: At | None = Field(validation_alias="since_ns")
    z: float
    evidence: float
    weather_share: float | None = Field(description="share of the variance, 0 to 1")
    health: Health
    learning_days: int
    faults: list[Fault]
    confidence: float
    details: dict[str, float | str]
    text_zh: list[str] = Field(description="the evidence in sentences")
    text_en: list[str]

    @classmethod
    def of(
        cls, verdict: Verdict, all_of_them: Sequence[Verdict], names: dict[str, str]
    ) -> "VerdictOut":
        """Show a verdict."""
        known = {name: getattr(verdict, name) for name in Verdict.__dataclass_fields__}
        others = [one for one in all_of_them if one.channel_id != verdict.channel_id]
        known |= {n: None for n in _BOUNDS if not math.isfinite(known[n])}
        return cls.model_validate(
            {
                **known,
                "details": dict(verdict.details),
                "text_zh": evidence(verdict, others, names, load_model(), "zh"),
                "text_en": evidence(verdict, others, names, load_model(), "en"),
            }
        )


class ScoreOut(BaseModel):
    """What was thought of a building at a moment; a model's suspicion, never a grade."""

    id: str
    building_id: str
    at: At
    made_at: At = Field(description="when it was said; assessing the past again makes a new one")
    because: str = Field(description="what asked for it")
    data_at: At | None = Field(description="newest reading that was used")
    model: str
    profile: str
    score: float | None = Field(description="0 to 100, higher is worse; null: cannot judge")
    low: float
    high: float
    band: Band
    suspected: SuspectedGrade
    quality_percent: float
    novelty: float | None
    shared: list[SharedCause]
    reasons: list[ReasonOut]
    would_change: list[ReasonOut]

    @classmethod
    def of(cls, row: Assessed, services: Services, names: dict[str, str]) -> "ScoreOut":
        """Show an assessment without its verdicts."""
        return cls(**_score(row, services, names))


class AssessmentOut(ScoreOut):
    """The same with what every channel's history says."""

    coincides: list[str] = Field(description="works, blasts and earthquakes near by at that time")
    verdicts: list[VerdictOut]

    @classmethod
    def whole(cls, row: Assessed, services: Services, names: dict[str, str]) -> "AssessmentOut":
        """Show an assessment with its verdicts."""
        made = row.assessment
        near = [str(v) for n, v in made.details if n.startswith("coincides:")]
        said = [VerdictOut.of(verdict, made.verdicts, names) for verdict in made.verdicts]
        return cls(**_score(row, services, names), coincides=near, verdicts=said)


def _score(row: Assessed, services: Services, names: dict[str, str]) -> dict[str, object]:
    made = row.assessment
    judged = made.suspected is not SuspectedGrade.CANNOT_JUDGE
    return {
        "id": made.id,
        "building_id": made.building_id,
        "at": made.at_ns,
        "made_at": row.made_at_ns,
        "because": row.because,
        "data_at": row.data_at_ns,
        "model": made.model,
        "profile": made.profile,
        "score": made.score if judged else None,
        "low": made.low,
        "high": made.high,
        "band": shown_band(row, services.profile),
        "suspected": made.suspected,
        "quality_percent": made.quality_percent,
        "novelty": made.novelty,
        "shared": list(made.shared),
        "reasons": [ReasonOut.of(reason, made.verdicts, names) for reason in made.reasons],
        "would_change": [
            ReasonOut.of(reason, made.verdicts, names) for reason in made.would_change
        ],
    }


class Asked(BaseModel):
    """An assessment that will be made."""

    job: str
    due_at: At


@router.get("/buildings/{building_id}/assessments", responses=problems(401, 403, 404, 422, 503))
def read_assessments(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("assessments:read"))],
    start: Annotated[Bound | None, Query(description="first moment, included")] = None,
    as_of: AsOf = None,
    limit: Annotated[int, Query(ge=1, le=1000), DIGITS] = 100,
) -> list[ScoreOut]:
    """List the assessments of a building, newest first; the first one is what holds."""
    building = building_for(services, who, "assessments:read", building_id)
    names = dict(names_of(services.register.site(building.id)))
    rows = services.assessments.history(
        building.id,
        start_ns=None if start is None else to_ns(start),
        as_of_ns=None if as_of is None else to_ns(as_of),
        limit=limit,
    )
    return [ScoreOut.of(row, services, names) for row in rows]


@router.post(
    "/buildings/{building_id}/assessments",
    status_code=202,
    responses=problems(401, 403, 404, 422, 503),
)
def ask_for_assessment(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("alerts:act"))],
) -> Asked:
    """Have a building assessed now; what comes of it stands in its list."""
    building = building_for(services, who, "alerts:act", building_id)
    due_ns = services.clock.now_ns()
    run = JobRun(JOB, due_ns, RunState.ASKED, who.name, building.id)
    if not services.jobs.ask(run):
        # somebody asked in the same nanosecond, as under a clock that stands still
        known = services.jobs.run(JOB, due_ns)
        due_ns = known.due_at_ns if known else due_ns
    return Asked(job=JOB, due_at=due_ns)


@router.get("/assessments/{assessment_id}", responses=problems(401, 403, 404, 422, 503))
def read_assessment(
    assessment_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("assessments:read"))],
) -> AssessmentOut:
    """Read one assessment with what every channel's history says."""
    row = services.assessments.assessment(assessment_id)
    building = services.register.building(row.assessment.building_id) if row else None
    if row is None or building is None or not may_do(who, "assessments:read", building):
        raise NotFound(f"no assessment {assessment_id!r}")
    names = dict(names_of(services.register.site(building.id)))
    return AssessmentOut.whole(row, services, names)
