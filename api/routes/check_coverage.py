"""How far the buildings are checked, by district, age, structure or class of check-up."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.check_scope import narrowed
from api.fields import DIGITS, Division, Out
from api.permission import Given, Seen, may
from api.problem import problems
from domain.access import Caller
from domain.check_figures import Coverage, CoverageBy, CoverageFilter, total
from domain.checkups import CheckClass
from lifecycle.build_years import load_build_years
from lifecycle.results import day_of

router = APIRouter(prefix="/check-coverage", tags=["check-ups"])
Year = Annotated[int | None, Query(ge=2000, le=2100, description="this year without it"), DIGITS]


class CoverageOut(Out):
    """One group: how many buildings were done in the year, came late, are missing or due.

    `percent` is `done` of `wanted` = `done` + `late` + `missing`; null where none had to be.
    """

    key: str
    buildings: int
    done: int
    check_ups: int
    late: int
    missing: int
    wanted: int
    percent: float | None
    due: int
    overdue: int
    never: int

    @classmethod
    def of(cls, row: Coverage) -> "CoverageOut":
        """Show a group."""
        return cls.model_validate(row)


class CoverageTable(Out):
    """The groups of one question; `total` is null by class, whose buildings are the same ones."""

    by: CoverageBy
    check_class: CheckClass | None
    year: int
    rows: list[CoverageOut]
    total: CoverageOut | None


@router.get("", responses=problems(401, 403, 422, 503))
def read_coverage(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("checks:plan"))],
    by: CoverageBy = CoverageBy.DISTRICT,
    class_: Annotated[CheckClass, Query(alias="class")] = CheckClass.BASIC,
    year: Year = None,
    district: Annotated[Division | None, Query()] = None,
) -> CoverageTable:
    """Count the buildings that were checked in a year, are due and never were, by group."""
    today = day_of(services.clock.now_ns())
    seen = narrowed(sight, who, district)
    wanted = CoverageFilter(
        by, class_, year or today.year, today, load_build_years(), seen.building_ids, seen.districts
    )
    rows = services.check_figures.coverage(wanted)
    whole = None if by is CoverageBy.CLASS else CoverageOut.of(total(rows))
    return CoverageTable(
        by=by,
        check_class=None if by is CoverageBy.CLASS else class_,
        year=wanted.year,
        rows=[CoverageOut.of(row) for row in rows],
        total=whole,
    )
