"""What the models think of buildings: the part of the building page, and the portfolio."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from domain.access import may
from domain.assessed import Assessed, Band, band_of
from domain.assessments import SuspectedGrade
from domain.building_columns import WrongCell
from domain.buildings import Building, Grade
from domain.clock import DAY_NS
from domain.context_import import read_moment
from domain.jobs import JobRun, RunState
from domain.services import Services
from web.assessment import HISTORY, Shown, chart_of, shown
from web.formats import local, table_time
from web.guard import PageRoute, allowed, building_for, caller_of, estate_of, services_of
from web.own_frequencies import own_frequencies
from web.render import page, words_of
from web.tables import csv_answer

router = APIRouter(route_class=PageRoute)

JOB = "assess"
#: buildings that the page lists; the CSV has all
ROWS = 500
#: a score that changed by so many points in a week is a mover
MOVED_POINTS = 5.0
WEEK_NS = 7 * DAY_NS


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One building; what an appraiser found and what a model thinks never share a column."""

    building: Building
    grade: Grade | None
    row: Assessed | None
    band: Band | None
    before: float | None

    @property
    def judged(self) -> bool:
        """Tell whether there is a score."""
        return self.row is not None and self.band is not Band.CANNOT_JUDGE

    @property
    def moved(self) -> float | None:
        """Tell by how many points the score has changed in a week."""
        if self.row is None or not self.judged or self.before is None:
            return None
        return self.row.assessment.score - self.before


@router.get("/buildings/{building_id}/assessment")
def building_assessment(request: Request, building_id: str) -> Response:
    """Show what the models think of one building, by itself."""
    building = building_for(request, building_id, "assessments:read")
    return page(request, "_assessment.html", **assessment_of(request, building))


@router.post("/buildings/{building_id}/assessment")
def ask_for_assessment(request: Request, building_id: str) -> Response:
    """Have a building assessed now."""
    building = building_for(request, building_id, "alerts:act")
    services = services_of(request)
    now_ns = services.clock.now_ns()
    services.jobs.ask(JobRun(JOB, now_ns, RunState.ASKED, caller_of(request).name, building.id))
    return page(request, "_assessment.html", **assessment_of(request, building, asked=True))


@router.get("/portfolio")
def portfolio_page(request: Request, as_of: Annotated[str, Query(max_length=40)] = "") -> Response:
    """List the buildings with what is thought of each, worst first."""
    as_of_ns, fault = _moment(as_of)
    rows = portfolio_rows(request, as_of_ns)
    counts = {band: sum(row.band is band for row in rows) for band in Band}
    return page(
        request,
        "portfolio.html",
        active="portfolio",
        rows=rows[:ROWS],
        total=len(rows),
        counts=counts,
        never=sum(row.row is None for row in rows),
        movers=sorted(
            (r for r in rows if r.moved is not None and abs(r.moved) >= MOVED_POINTS),
            key=lambda r: -abs(r.moved or 0.0),
        )[:8],
        as_of=as_of,
        as_of_ns=as_of_ns,
        fault=fault,
    )


@router.get("/portfolio.csv")
def portfolio_csv(request: Request, as_of: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Give the same list as a table."""
    as_of_ns, _ = _moment(as_of)
    words = words_of(request)

    def cells(row: PortfolioRow) -> tuple[object, ...]:
        made = row.row.assessment if row.row else None
        return (
            row.building.name,
            row.building.code,
            words.of("district", row.building.district),
            f"{made.score:.1f}" if made and row.judged else "",
            f"{made.low:.1f}" if made else "",
            f"{made.high:.1f}" if made else "",
            words.of("band", row.band.value) if row.band else words("band.never"),
            f"{made.quality_percent:.0f}" if made else "",
            table_time(row.row.data_at_ns) if row.row else "",
            table_time(made.at_ns) if made else "",
            made.model if made else "",
            row.grade.value if row.grade else words("grade.none"),
            row.building.id,
        )

    columns = (
        "building", "code", "district", "score", "score_low", "score_high", "band", "quality",
        "data_at", "assessed_at", "model", "grade", "id",
    )  # fmt: skip
    rows = portfolio_rows(request, as_of_ns)
    return csv_answer(
        "anju-portfolio.csv", [words(f"table.{name}") for name in columns], map(cells, rows)
    )


def portfolio_rows(request: Request, as_of_ns: int | None) -> list[PortfolioRow]:
    """Read a caller's buildings with the newest assessment of each, worst first."""
    caller = allowed(request, "assessments:read")
    services = services_of(request)
    visible = estate_of(request).visible(caller, "assessments:read")
    ids = list(visible)
    now_ns = services.clock.now_ns() if as_of_ns is None else as_of_ns
    newest = services.assessments.newest(ids, as_of_ns=as_of_ns)
    before = services.assessments.newest(ids, as_of_ns=now_ns - WEEK_NS)
    grades = services.register.grades(ids, local(now_ns).date())
    rows = [
        PortfolioRow(
            building,
            grades.get(building.id),
            newest.get(building.id),
            _band(services, newest.get(building.id)),
            _score(before.get(building.id)),
        )
        for building in visible.values()
    ]

    def rank(row: PortfolioRow) -> tuple[int, float, str]:
        if row.row is None:
            return 2, 0.0, row.building.code
        return int(not row.judged), -row.row.assessment.score, row.building.code

    return sorted(rows, key=rank)


def assessment_of(request: Request, building: Building, *, asked: bool = False) -> dict[str, Any]:
    """Put together what the building page says of the newest assessment."""
    services, words = services_of(request), words_of(request)
    seen = may(caller_of(request), "assessments:read", building)
    history = services.assessments.history(building.id, limit=HISTORY) if seen else []
    newest: Shown | None = None
    if history:
        whole = services.assessments.assessment(history[0].assessment.id)
        newest = shown(services, building, whole or history[0], words)
    return {
        "building": building,
        "assessment": newest,
        "assessment_seen": seen,
        "assessment_chart": chart_of(history),
        "assessment_asked": asked,
        "own_frequencies": own_frequencies(
            services, building, newest.row.assessment.verdicts if newest else (), words
        )
        if seen
        else [],
    }


def _band(services: Services, row: Assessed | None) -> Band | None:
    return band_of(row.assessment, services.profile) if row else None


def _score(row: Assessed | None) -> float | None:
    if row is None or row.assessment.suspected is SuspectedGrade.CANNOT_JUDGE:
        return None
    return row.assessment.score


def _moment(text: str) -> tuple[int | None, bool]:
    """Read a moment of the form; tells, too, whether it could not be read."""
    if not text.strip():
        return None, False
    try:
        return read_moment(text), False
    except WrongCell:
        return None, True
