"""How good the judgement is: labels by quarter, models and their calibration, the alarm budget."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from api.fields import At, In, Out
from api.permission import Given, Seen, may
from api.problem import problems
from api.sheet import CSV, csv_response
from api.sight import Sight
from domain.access import Caller
from domain.budget import Budget, price_of
from domain.labels import (
    QualityReport,
    every_site,
    quarter_at,
    quarter_named,
    report_of,
    sensor_years,
    watched_sensors,
)
from domain.sensors import Site
from domain.services import Services

router = APIRouter(tags=["quality"])

Quarter = Annotated[
    str,
    Query(pattern=r"^(|(19[789]|20\d|21\d)\d[Qq][1-4])$", description="`2026Q4`; empty: this one"),
]


class BinOut(Out):
    """Scores of one band: what they said, and what it turned out to be."""

    low: float
    high: float
    count: int
    said: float
    was: float
    was_low: float
    was_high: float


class ReportOut(Out):
    """How good the judgement was in one quarter, by what people found out about alerts."""

    quarter: str
    start: At = Field(validation_alias="start_ns")
    end: At = Field(validation_alias="end_ns")
    labels: int
    scored: int
    confirmed: int
    benign: int
    faults: int
    brier: float | None
    brier_base: float | None
    bins: list[BinOut]
    false_alarms: int
    sensor_years: float
    false_rate: float | None = Field(description="false alarms a sensor-year")
    false_low: float | None
    false_high: float | None


class VersionOut(Out):
    """One version of the model, as assessments name it."""

    model: str
    assessments: int
    first_made_at: At = Field(validation_alias="first_made_at_ns")
    last_made_at: At = Field(validation_alias="last_made_at_ns")


class CurvePointOut(BaseModel):
    """One point of the benchmark's curve."""

    threshold: float
    false_alarms: float = Field(description="a sensor-year")
    delays: dict[str, float | None] = Field(description="median days to alarm; null: not found")


class ModelsOut(BaseModel):
    """The versions that were used, and what the benchmark measured of the newest."""

    versions: list[VersionOut]
    measured: bool = Field(description="false: the benchmark has not written its figures yet")
    measured_model: str
    measured_on: str
    sensor_years: float
    figures: dict[str, float]
    curve: list[CurvePointOut]
    reliability: list[BinOut]


class BudgetIn(In):
    """How many false alarms the office is willing to answer."""

    pages_a_month: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False, strict=True)]


class BudgetOut(BaseModel):
    """The budget, and what it costs by the benchmark's curve."""

    pages_a_month: float | None = Field(description="null: none is set")
    set_by: str
    set_at: At | None
    sensors: int = Field(description="that judge movement, in the whole city")
    false_alarms: float | None = Field(description="a sensor-year that it allows")
    threshold: float | None = Field(description="that follows; null: not measured, or too tight")
    delays: dict[str, float | None]
    measured: bool


@router.get("/quality/report", responses=problems(401, 403, 422, 503))
def read_report(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("labels:read"))],
    quarter: Quarter = "",
) -> ReportOut:
    """Read the report of a quarter over the buildings that the caller may see."""
    return ReportOut.model_validate(report_for(services, sight, who, quarter))


@router.get("/quality/report.csv", responses={**CSV, **problems(401, 403, 422, 503)})
def save_report(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("labels:read"))],
    quarter: Quarter = "",
) -> Response:
    """Save the same report as CSV, one figure a row."""
    report = report_for(services, sight, who, quarter)
    names = (
        *("quarter", "labels", "scored", "confirmed", "benign", "faults", "brier", "brier_base"),
        *("false_alarms", "sensor_years", "false_rate", "false_low", "false_high"),
    )
    rows: list[tuple[object, ...]] = [(name, getattr(report, name), "", "") for name in names]
    rows += [
        (f"reliability {one.low:.1f}-{one.high:.1f}", one.said, one.was, one.count)
        for one in report.bins
    ]
    return csv_response("quality.csv", ("figure", "value or said", "was", "count"), rows)


@router.get("/models", responses=problems(401, 403, 503))
def read_models(
    services: Given, who: Annotated[Caller, Depends(may("assessments:read"))]
) -> ModelsOut:
    """List the versions of the model that assessments name, and what was measured of it."""
    measured = services.measured
    curve = measured.curve
    return ModelsOut(
        versions=[VersionOut.model_validate(v) for v in services.assessments.versions()],
        measured=bool(curve.points),
        measured_model=curve.model,
        measured_on=curve.measured_on,
        sensor_years=curve.sensor_years,
        figures=dict(measured.figures),
        curve=[
            CurvePointOut(threshold=p.threshold, false_alarms=p.false_alarms, delays=dict(p.delays))
            for p in curve.points
        ],
        reliability=[BinOut.model_validate(one) for one in measured.reliability],
    )


@router.get("/budget", responses=problems(401, 403, 503))
def read_budget(services: Given, who: Annotated[Caller, Depends(may("budget:read"))]) -> BudgetOut:
    """Read the false-alarm budget and its price."""
    return _budget(services)


@router.put("/budget", responses=problems(400, 401, 403, 413, 422, 503))
def set_budget(
    body: BudgetIn, services: Given, who: Annotated[Caller, Depends(may("budget:write"))]
) -> BudgetOut:
    """Set how many false alarms a month the office is willing to answer; thresholds follow."""
    budgets = services.budgets.budgets()
    if not budgets or budgets[0].pages_a_month != body.pages_a_month:
        now_ns = services.clock.now_ns()
        services.budgets.set_budget(Budget(now_ns, body.pages_a_month, who.name))
    return _budget(services)


def report_for(services: Services, sight: Sight, who: Caller, quarter: str = "") -> QualityReport:
    """Make the report of a quarter over the buildings that a caller may see."""
    now_ns = services.clock.now_ns()
    name = quarter.upper() or quarter_at(now_ns)
    start_ns, end_ns = quarter_named(name)
    seen = sight.buildings(who)
    ids = None if seen is None else sorted(seen)
    labels = services.labels.labels(building_ids=ids, start_ns=start_ns, end_ns=end_ns)
    sites = [site for site in every_site(services.register) if _within(site, seen)]
    years = sensor_years(sites, start_ns, min(end_ns, max(start_ns, now_ns)))
    return report_of(name, start_ns, end_ns, labels, years)


def _within(site: Site, seen: frozenset[str] | None) -> bool:
    return seen is None or site.building_id in seen


def _budget(services: Services) -> BudgetOut:
    budgets = services.budgets.budgets()
    budget = budgets[0] if budgets else None
    sensors = watched_sensors(every_site(services.register))
    curve = services.measured.curve
    price = price_of(budget, sensors, curve)
    return BudgetOut(
        pages_a_month=budget.pages_a_month if budget else None,
        set_by=budget.by if budget else "",
        set_at=budget.set_at_ns if budget else None,
        sensors=sensors,
        false_alarms=price.false_alarms,
        threshold=price.point.threshold if price.point else None,
        delays=dict(price.point.delays) if price.point else {},
        measured=bool(curve.points),
    )
