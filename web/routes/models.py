"""How good the judgement is: versions, calibration, what people found out, and the alarm budget."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response

from domain.access import may
from domain.budget import Budget, price_of
from domain.errors import InvalidInput
from domain.labels import (
    QualityReport,
    ReliabilityBin,
    every_site,
    quarter_at,
    quarter_named,
    report_of,
    sensor_years,
    watched_sensors,
)
from web.guard import PageRoute, allowed, caller_of, estate_of, services_of
from web.render import page, words_of
from web.tables import csv_answer

router = APIRouter(route_class=PageRoute)

QUARTERS = 8
PAGES_MAX = 100_000.0


@router.get("/models")
def models(request: Request, quarter: Annotated[str, Query(max_length=6)] = "") -> Response:
    """Show all of it."""
    return page(request, "models.html", active="models", **_shown(request, quarter))


@router.post("/models/budget")
def set_budget(request: Request, pages: Annotated[str, Form(max_length=20)] = "") -> Response:
    """Set how many false alarms a month the office is willing to answer."""
    caller = allowed(request, "budget:write")
    services, words = services_of(request), words_of(request)
    try:
        wanted = float(pages)
    except ValueError:
        wanted = 0.0
    if not 0.0 < wanted <= PAGES_MAX:
        fault = words("budget.fault", text=pages)
        return page(request, "_budget.html", status=422, **(_budget(request) | {"fault": fault}))
    services.budgets.set_budget(Budget(services.clock.now_ns(), wanted, caller.name))
    return page(request, "_budget.html", **(_budget(request) | {"kept": True}))


@router.get("/models/report.csv")
def report_csv(request: Request, quarter: Annotated[str, Query(max_length=6)] = "") -> Response:
    """Give the report of a quarter as a table."""
    allowed(request, "labels:read")
    words = words_of(request)
    report = _report(request, quarter)
    names = (
        *("labels", "scored", "confirmed", "benign", "faults", "brier", "brier_base"),
        *("false_alarms", "sensor_years", "false_rate", "false_low", "false_high"),
    )
    rows: list[tuple[object, ...]] = [(words("quality.quarter"), report.quarter, "", "")]
    rows += [(words(f"quality.{name}"), getattr(report, name), "", "") for name in names]
    rows += [
        (
            f"{words('quality.reliability')} {one.low:.1f}-{one.high:.1f}",
            one.said,
            one.was,
            one.count,
        )
        for one in report.bins
    ]
    header = [words(f"quality.{name}") for name in ("figure", "said", "was", "count")]
    return csv_answer("anju-quality.csv", header, rows)


def _shown(request: Request, quarter: str) -> dict[str, Any]:
    caller = allowed(request, "assessments:read")
    services = services_of(request)
    measured = services.measured
    shown: dict[str, Any] = {
        "versions": services.assessments.versions(),
        "measured": measured,
        "measured_points": reliability_points(measured.reliability),
        "report": None,
        "report_points": (),
        "quarters": (),
        "budget_seen": may(caller, "budget:read"),
        "fault": "",
    }
    if may(caller, "labels:read"):
        try:
            report = _report(request, quarter)
        except InvalidInput:
            report = _report(request, "")
        shown |= {
            "report": report,
            "report_points": reliability_points(report.bins),
            "quarters": _quarters(services.clock.now_ns()),
        }
    if shown["budget_seen"]:
        shown |= _budget(request)
    return shown


def _budget(request: Request) -> dict[str, Any]:
    services = services_of(request)
    budgets = services.budgets.budgets()
    budget = budgets[0] if budgets else None
    sensors = watched_sensors(every_site(services.register))
    return {
        "budget": budget,
        "price": price_of(budget, sensors, services.measured.curve),
        "curve": services.measured.curve,
        "kept": False,
        "fault": "",
    }


def _report(request: Request, quarter: str) -> QualityReport:
    services = services_of(request)
    visible = estate_of(request).visible(caller_of(request), "assessments:read")
    now_ns = services.clock.now_ns()
    name = quarter.upper() or quarter_at(now_ns)
    start_ns, end_ns = quarter_named(name)
    labels = services.labels.labels(building_ids=list(visible), start_ns=start_ns, end_ns=end_ns)
    sites = [site for site in every_site(services.register) if site.building_id in visible]
    years = sensor_years(sites, start_ns, min(end_ns, max(start_ns, now_ns)))
    return report_of(name, start_ns, end_ns, labels, years)


def _quarters(now_ns: int) -> list[str]:
    year, number = quarter_at(now_ns).split("Q")
    last = int(year) * 4 + int(number) - 1
    return [f"{one // 4}Q{one % 4 + 1}" for one in range(last, last - QUARTERS, -1)]


def reliability_points(
    bins: Sequence[ReliabilityBin],
) -> tuple[tuple[float, float, float, float, str], ...]:
    """Place the bins on a square of 200: x said, y was, and the ends of the interval.

    Examples
    --------
    >>> reliability_points([ReliabilityBin(0, 0.2, 4, 0.1, 0.25, 0.0, 0.6)])
    ((50.0, 155.0, 205.0, 85.0, '0.10 → 0.25 (4)'),)

    """
    return tuple(
        (
            round(30 + 200 * one.said, 1),
            round(205 - 200 * one.was, 1),
            round(205 - 200 * one.was_low, 1),
            round(205 - 200 * one.was_high, 1),
            f"{one.said:.2f} → {one.was:.2f} ({one.count})",
        )
        for one in bins
    )
