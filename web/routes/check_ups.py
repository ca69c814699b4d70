"""Check-ups: the list, one with all that came of it, and those that wait to be settled."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response

from domain.access import Caller
from domain.check_figures import year_ns
from domain.check_ports import CheckFilter
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, ResultClass
from domain.errors import InvalidInput, NotFound
from domain.ports import Page
from domain.submissions import Standing, Submission
from lifecycle.results import day_of
from web.alert_rows import Names
from web.check_up_view import View, view_of
from web.formats import table_time
from web.guard import PageRoute, allowed, building_for, caller_of, estate_of, services_of
from web.house_filter import HouseFilter, house_words
from web.render import page, words_of
from web.tables import csv_answer, xlsx_answer

router = APIRouter(prefix="/check-ups", route_class=PageRoute)

ROWS = 50
#: rows of a table to save; read so many at once
_SAVED_MAX, _AT_ONCE = 100_000, 1_000
Short = Annotated[str, Query(max_length=100)]
#: daily check-ups with the basic ones that count as daily, too
EITHER = "daily-or-basic"
#: what the list can be cut to; the last ones come from figures that lead to it
CUT = ("year", "built", "structure", "firm", "inspector")
ASKED = ("text", "show", "kind", "cause", "result", "district", *CUT)
WAITING = (CheckState.PLANNED, CheckState.ASSIGNED)


@router.get("")
def check_ups_page(request: Request, after: Short = "") -> Response:
    """List check-ups by due day."""
    caller = allowed(request, "checks:read")
    services = services_of(request)
    asked = _asked(request)
    wanted = _wanted(request, caller, asked)
    rows = services.checks.check_ups(wanted, Page(ROWS + 1, after.replace("~", " ", 1)))
    shown = rows[:ROWS]
    seen = estate_of(request).visible(caller, "checks:read").values()
    return page(
        request,
        "check_ups.html",
        active="checks",
        rows=[(row, estate_of(request).building(row.building_id)) for row in shown],
        people=Names(services),
        firms={firm.id: firm.name for firm in services.checks.firms()},
        counts=_counts(request, caller, asked),
        total=services.checks.count_check_ups(wanted),
        conflicts=len(_conflicts(request, caller)),
        today=day_of(services.clock.now_ns()),
        asked=asked,
        cut=_cut(request, asked),
        cut_query=urlencode({name: asked[name] for name in CUT if asked[name]}),
        query=urlencode({name: value for name, value in asked.items() if value}),
        kinds=list(CheckClass),
        causes=list(CheckCause),
        results=list(ResultClass),
        districts=sorted({b.district for b in seen}),
        next=f"{shown[-1].due_on}~{shown[-1].id}" if len(rows) > ROWS else "",
    )  # fmt: skip


@router.get(".csv")
def check_ups_csv(request: Request) -> Response:
    """Save the list as it is filtered."""
    head, rows = _table(request)
    return csv_answer("check-ups.csv", head, rows)


@router.get(".xlsx")
def check_ups_xlsx(request: Request) -> Response:
    """Save the list as it is filtered, as a workbook."""
    head, rows = _table(request)
    return xlsx_answer("check-ups.xlsx", words_of(request)("check_ups.title"), head, rows)


@router.get("/conflicts")
def conflicts_page(request: Request) -> Response:
    """List check-ups that were done twice with different answers, side by side."""
    caller = allowed(request, "checks:read")
    services = services_of(request)
    pairs = []
    for check_up_id in dict.fromkeys(one.check_up_id for one in _conflicts(request, caller)):
        check_up = services.checks.check_up(check_up_id)
        if check_up is None:
            continue
        building = building_for(request, check_up.building_id, "checks:read")
        sides = [
            view_of(services, words_of(request), check_up, building, one)
            for one in services.checks.submissions(check_up_id)
            if one.standing in {Standing.COUNTS, Standing.CONFLICT}
        ]
        pairs.append((check_up, building, sides, _differing(sides)))
    return page(request, "check_conflicts.html", active="checks", pairs=pairs)


@router.get("/{check_up_id}")
def check_up_page(request: Request, check_up_id: str, submission: Short = "") -> Response:
    """Show one check-up; of several submissions the one that counts."""
    services = services_of(request)
    allowed(request, "checks:read")
    check_up = services.checks.check_up(check_up_id)
    if check_up is None:
        raise NotFound(f"no check-up {check_up_id!r}")
    building = building_for(request, check_up.building_id, "checks:read")
    history = services.checks.submissions(check_up.id)
    chosen = _chosen(history, submission or check_up.submission_id)
    if submission and chosen is None:
        raise NotFound(f"no submission {submission!r}")
    view = view_of(services, words_of(request), check_up, building, chosen) if chosen else None
    firm = services.checks.firm(check_up.firm_id) if check_up.firm_id else None
    of_house = services.checks.check_ups(CheckFilter(building_ids=(building.id,)), Page(1_000))
    return page(
        request,
        "check_up.html",
        active="checks",
        check_up=check_up,
        building=building,
        view=view,
        history=list(reversed(history)),
        firm=firm,
        inspector=Names(services).of(check_up.inspector_id),
        opened=[
            one for one in of_house if one.cause_ref in {check_up.id, *(s.id for s in history)}
        ],
        orders=[o for o in services.checks.orders([building.id]) if o.check_up_id == check_up.id],
        conflict=any(one.standing is Standing.CONFLICT for one in history),
        today=day_of(services.clock.now_ns()),
        report=f"/api/v1/check-ups/{check_up.id}/report",
    )


@router.post("/{check_up_id}/settle")
def settle(
    request: Request,
    check_up_id: str,
    submission_id: Annotated[str, Form(max_length=100)] = "",
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Say which submission counts; another choice later undoes it."""
    services, words = services_of(request), words_of(request)
    allowed(request, "checks:plan")
    check_up = services.checks.check_up(check_up_id)
    if check_up is None:
        raise NotFound(f"no check-up {check_up_id!r}")
    building_for(request, check_up.building_id, "checks:plan")
    if not note.strip():
        raise InvalidInput(words("check_up.settle_why"), "note")
    services.check_desk.settle(check_up_id, submission_id, note.strip(), caller_of(request))
    return Response(status_code=204, headers={"HX-Refresh": "true"})


def _chosen(history: list[Submission], submission_id: str) -> Submission | None:
    named = next((one for one in history if one.id == submission_id), None)
    return named or (history[-1] if history and not submission_id else None)


def _conflicts(request: Request, caller: Caller) -> list[Submission]:
    ids = estate_of(request).visible_ids(caller, "checks:read")
    return services_of(request).checks.conflicts(ids, Page(200))


def _wanted(request: Request, caller: Caller, asked: dict[str, str]) -> CheckFilter:
    """Make the filter of the list; what is not known counts as not given."""
    estate = estate_of(request)
    ids = estate.visible_ids(caller, "checks:read")
    needle = asked["text"].strip().casefold()
    house = HouseFilter(asked["built"], asked["structure"])
    if needle or house.given:
        seen = [b for b in estate.visible(caller, "checks:read").values() if house.fits(b)]
        ids = [b.id for b in seen if needle in f"{b.name}\n{b.code}\n{b.address}".casefold()]
    today = day_of(services_of(request).clock.now_ns())
    states: tuple[CheckState, ...] = ()
    until: date | None = None
    match asked["show"]:
        case "waiting":
            states = WAITING
        case "overdue":
            states, until = WAITING, date.fromordinal(today.toordinal() - 1)
        case "done":
            states = (CheckState.DONE,)
        case "cancelled":
            states = (CheckState.CANCELLED,)
    result = asked["result"]
    known = result.isdecimal() and int(result) in set(ResultClass)
    return CheckFilter(
        building_ids=None if ids is None else tuple(ids),
        districts=(asked["district"],) if asked["district"] else None,
        states=states,
        classes=(CheckClass.DAILY, CheckClass.BASIC)
        if asked["kind"] == EITHER
        else tuple(one for one in CheckClass if one.value == asked["kind"]),
        causes=tuple(one for one in CheckCause if one.value == asked["cause"]),
        results=(ResultClass(int(result)),) if known else (),
        due_until=until,
        firm_id=asked["firm"],
        inspector_id=asked["inspector"],
        done_ns=year_ns(year) if (year := _year(asked["year"])) else None,
    )


def _asked(request: Request) -> dict[str, str]:
    return {name: request.query_params.get(name, "")[:100] for name in ASKED}


def _year(text: str) -> int | None:
    return int(text) if re.fullmatch("20[0-9]{2}", text, re.ASCII) else None


def _cut(request: Request, asked: dict[str, str]) -> list[str]:
    """Tell in words what a figure that led here has cut the list to."""
    words, year = words_of(request), _year(asked["year"])
    told = [words("list_cut.year", year=year)] if year else []
    services = services_of(request)
    if firm := services.checks.firm(asked["firm"]) if asked["firm"] else None:
        told.append(words("list_cut.firm", name=firm.name))
    if asked["inspector"]:
        name = Names(services).of(asked["inspector"])
        told.append(words("list_cut.inspector", name=name))
    return told + house_words(HouseFilter(asked["built"], asked["structure"]), words)


def _counts(request: Request, caller: Caller, asked: dict[str, str]) -> dict[str, int]:
    """Count the list for each choice of state."""
    checks = services_of(request).checks
    shows = ("", "waiting", "overdue", "done")
    return {
        show: checks.count_check_ups(_wanted(request, caller, asked | {"show": show}))
        for show in shows
    }


def _table(request: Request) -> tuple[list[str], Iterator[list[object]]]:
    caller, words = allowed(request, "checks:read"), words_of(request)
    wanted = _wanted(request, caller, _asked(request))
    columns = (
        "id", "building", "code", "district", "class", "cause", "state", "due", "done", "result",
        "who", "firm",
    )  # fmt: skip
    return [words(f"check_ups.column_{name}") for name in columns], _rows(request, wanted)


def _rows(request: Request, wanted: CheckFilter) -> Iterator[list[object]]:
    services, words = services_of(request), words_of(request)
    people, estate = Names(services), estate_of(request)
    firms = {firm.id: firm.name for firm in services.checks.firms()}
    after = ""
    for _ in range(_SAVED_MAX // _AT_ONCE):
        rows: list[CheckUp] = services.checks.check_ups(wanted, Page(_AT_ONCE, after))
        for row in rows:
            building = estate.building(row.building_id)
            yield [
                row.id,
                building.name if building else row.building_id,
                building.code if building else "",
                words.of("district", building.district) if building else "",
                words.of("check_class", row.check_class),
                words.of("check_cause", row.cause),
                words.of("check_up_state", row.state),
                row.due_on.isoformat(),
                table_time(row.done_at_ns),
                int(row.result) if row.result else None,
                people.of(row.inspector_id),
                firms.get(row.firm_id, ""),
            ]
        if len(rows) < _AT_ONCE:
            return
        after = f"{rows[-1].due_on} {rows[-1].id}"


def _differing(sides: list[View]) -> list[tuple[str, list[str]]]:
    """List what the submissions say differently: the item, and what each says."""
    told: list[dict[str, str]] = [side.sayings for side in sides]
    names = dict.fromkeys(name for one in told for name in one)
    rows: list[tuple[str, list[str]]] = []
    for name in names:
        said = [one.get(name, "") for one in told]
        if len(set(said)) > 1:
            rows.append((name, said))
    return rows
