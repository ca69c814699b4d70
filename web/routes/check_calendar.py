"""The calendar of check-ups (体检日历): a month by day, and what there is on one of them."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from domain.access import Caller, Role, may
from domain.checkups import CheckClass
from domain.ports import Page
from domain.services import Services
from lifecycle.month_days import Wanted, days_of, weeks
from lifecycle.projection import next_month
from lifecycle.results import day_of
from web.alert_rows import Names
from web.guard import PageRoute, allowed, estate_of, services_of
from web.render import page

router = APIRouter(prefix="/checks/calendar", route_class=PageRoute)

#: rows of one day that the page lists; the sums count all
SHOWN = 100
YEARS = (2000, 2200)
Short = Annotated[str, Query(max_length=100)]


@router.get("")
def calendar_page(
    request: Request,
    month: Short = "",
    day: Short = "",
    district: Short = "",
    inspector: Short = "",
    kind: Short = "",
) -> Response:
    """Show a month, and one of its days with buildings and check-ups."""
    caller = allowed(request, "checks:read")
    services, estate = services_of(request), estate_of(request)
    today = day_of(services.clock.now_ns())
    chosen = _day(day)
    first = _month(month) or (chosen or today).replace(day=1)
    if chosen is not None and chosen.replace(day=1) != first:
        chosen = None
    people = _inspectors(services, caller)
    ids = estate.visible_ids(caller, "checks:read")
    wanted = Wanted(
        None if ids is None else tuple(ids),
        district,
        inspector if inspector in people else "",
        tuple(one for one in CheckClass if one.value == kind),
    )
    days = days_of(services, first, wanted)
    given = {"district": district, "inspector": wanted.inspector_id, "kind": kind}
    seen = estate.visible(caller, "checks:read").values()
    return page(
        request,
        "check_calendar.html",
        active="checks",
        first=first,
        before=next_month(first, -1),
        after=next_month(first),
        days=days,
        weeks=weeks(days),
        today=today,
        chosen=chosen,
        asked=given,
        query=urlencode({name: value for name, value in given.items() if value}),
        kinds=list(CheckClass),
        people=people,
        districts=sorted({b.district for b in seen}),
        of_day=_of_day(request, wanted, chosen) if chosen else None,
    )


def _of_day(request: Request, wanted: Wanted, day: date) -> dict[str, Any]:
    """Read what there is on one day."""
    services, estate = services_of(request), estate_of(request)
    few = Page(SHOWN)
    due = [] if wanted.inspector_id else services.check_plans.due(wanted.due(day, day), few)
    waiting = services.checks.check_ups(wanted.waiting(day, day), few)
    done = services.checks.check_ups(wanted.done(day, day), few)
    names = Names(services)
    return {
        "due": [(row, estate.building(row.building_id)) for row in due],
        "check_ups": [
            (row, estate.building(row.building_id), names.of(row.inspector_id))
            for row in (*waiting, *done)
        ],
    }


def _inspectors(services: Services, caller: Caller) -> dict[str, str]:
    """Tell whose days one may look at: a planner everybody's, an inspector the own."""
    people = {
        user.id: user.display_name
        for user in services.access.users()
        if user.active and user.role is Role.INSPECTOR
    }
    if may(caller, "checks:plan"):
        return people
    return {caller.user_id: people[caller.user_id]} if caller.user_id in people else {}


def _month(text: str) -> date | None:
    """Read a month such as `2026-11`."""
    return _day(f"{text}-01")


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if YEARS[0] <= day.year <= YEARS[1] else None
