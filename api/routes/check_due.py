"""Who is due for which check-up when: the list that the plan makes every night."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.check_scope import narrowed
from api.fields import At, Day, Division, Out
from api.paging import Limit, PageOf
from api.permission import Given, Seen, may
from api.problem import problems
from api.sight import Sight
from domain.access import Caller
from domain.check_cycles import Due
from domain.check_ports import DueFilter
from domain.checkups import CheckCause, CheckClass
from domain.ports import Page
from lifecycle.results import day_of

router = APIRouter(prefix="/check-due", tags=["check-ups"])
Cursor = Annotated[
    str,
    Query(
        pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}~[A-Za-z0-9._:-]{1,64}~[a-z]{1,10})?$",
        description="`next` of the page before; empty for the first page",
    ),
]


class DueOut(Out):
    """A building that is due for a check-up of a class."""

    building_id: str
    check_class: CheckClass
    due_on: date
    cause: CheckCause
    cause_ref: str
    rule: str
    profile: str
    district: str
    street: str
    use: str
    last_on: date | None
    check_up_id: str
    made_at: At

    @classmethod
    def of(cls, row: Due) -> "DueOut":
        """Show a row."""
        names = cls.model_fields.keys() - {"made_at"}
        told = {name: getattr(row, name) for name in names}
        return cls.model_validate(told | {"made_at": row.made_at_ns})


class DueSummary(Out):
    """How many are due: overdue, within 30 days, later, and with a check-up opened."""

    overdue: int
    soon: int
    later: int
    opened: int


@router.get("", responses=problems(401, 403, 422, 503))
def read_due(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("checks:read"))],
    district: Annotated[Division | None, Query()] = None,
    class_: Annotated[list[CheckClass] | None, Query(alias="class", max_length=3)] = None,
    due_until: Annotated[Day | None, Query()] = None,
    opened: Annotated[bool | None, Query(description="with a check-up opened, or without")] = None,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> PageOf[DueOut]:
    """List who is due, by day."""
    wanted = due_within(sight, who, district, tuple(class_ or ()), due_until, opened)
    rows = services.check_plans.due(wanted, Page(limit + 1, cursor.replace("~", " ")))
    page = rows[:limit]
    last = page[-1] if page else None
    more = f"{last.due_on}~{last.building_id}~{last.check_class}" if last else None
    return PageOf(items=[DueOut.of(row) for row in page], next=more if len(rows) > limit else None)


@router.get("/summary", responses=problems(401, 403, 422, 503))
def read_summary(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("checks:read"))],
    district: Annotated[Division | None, Query()] = None,
    class_: Annotated[list[CheckClass] | None, Query(alias="class", max_length=3)] = None,
) -> DueSummary:
    """Count who is due."""
    wanted = due_within(sight, who, district, tuple(class_ or ()), None, None)
    today = day_of(services.clock.now_ns())
    return DueSummary(**services.check_plans.count_due(wanted, today))


def due_within(
    sight: Sight,
    who: Caller,
    district: str | None,
    classes: tuple[CheckClass, ...],
    due_until: date | None,
    opened: bool | None,
) -> DueFilter:
    """Make a filter that keeps to what a caller may see."""
    seen = narrowed(sight, who, district)
    return DueFilter(
        building_ids=seen.building_ids, districts=seen.districts, classes=classes,
        due_until=due_until, opened=opened,
    )  # fmt: skip
