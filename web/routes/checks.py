"""Who is due for a check-up: the list, opening and assigning many at once, and taking it back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response

from domain.access import Caller, Role, may
from domain.check_cycles import Due
from domain.check_ports import DueFilter
from domain.checkups import CheckClass, CheckState, CheckUp
from domain.jobs import JobRun, RunState
from domain.ports import Page
from domain.services import Services
from lifecycle.opening import for_due
from lifecycle.results import day_of, in_force
from web.cycle_words import every, who
from web.guard import PageRoute, allowed, estate_of, services_of
from web.house_filter import HouseFilter, house_words
from web.render import page, words_of
from web.tables import csv_answer, xlsx_answer
from web.words import Words

router = APIRouter(prefix="/checks", route_class=PageRoute)

ROWS, AT_ONCE, SAVED_MAX = 50, 1_000, 200_000
JOB = "check-plan"
SHOWS = ("overdue", "soon", "later", "opened")
#: what the list can be cut to; the last four come from figures that lead to it
CUT = ("until", "never", "built", "structure")
ASKED = ("text", "show", "kind", "district", *CUT)
Short = Annotated[str, Query(max_length=100)]


@router.get("")
def due_page(request: Request, after: Short = "") -> Response:
    """List who is due, by day."""
    return _shown(request, _asked(request), after)


@router.get("/due.csv")
def due_csv(request: Request) -> Response:
    """Save the list as it is filtered."""
    return csv_answer("check-due.csv", *_table(request, _asked(request)))


@router.get("/due.xlsx")
def due_xlsx(request: Request) -> Response:
    """Save the list as a workbook."""
    table = _table(request, _asked(request))
    return xlsx_answer("check-due.xlsx", "due", *table)


@router.post("/assign")
def assign(
    request: Request,
    rows: Annotated[list[str], Form(max_length=ROWS)],
    inspector_id: Annotated[str, Form(max_length=64)] = "",
    firm_id: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Open the check-ups of the rows that were ticked, and say who goes."""
    caller = allowed(request, "checks:plan")
    services = services_of(request)
    templates = services.check_plans.templates()
    opened: dict[str, CheckUp] = {}
    for told in rows:
        row = _row(request, caller, told)
        if row is None or row.check_up_id:
            continue
        new = for_due(
            row, caller.name, services.clock.now_ns(), templates,
            firm_id=firm_id, inspector_id=inspector_id,
        )  # fmt: skip
        opened[new.id] = new
    services.checks.add_check_ups(list(opened.values()), caller.name)
    _ask_anew(request, caller)
    return _shown(request, _nothing_asked(), done=list(opened))


@router.post("/undo")
def undo(request: Request, ids: Annotated[list[str], Form(max_length=ROWS)]) -> Response:
    """Cancel check-ups that were opened by mistake, as long as nobody has begun them."""
    caller = allowed(request, "checks:plan")
    services, words = services_of(request), words_of(request)
    for check_up_id in ids:
        kept = services.checks.check_up(check_up_id)
        building = estate_of(request).building(kept.building_id) if kept else None
        if kept is None or building is None or not may(caller, "checks:plan", building):
            continue
        if kept.state.waits and kept.by == caller.name:
            taken_back = replace(
                kept, state=CheckState.CANCELLED, note=words("checks.taken_back"),
                version=kept.version + 1,
            )  # fmt: skip
            services.checks.put_check_up(taken_back, caller.name)
    _ask_anew(request, caller)
    return _shown(request, _nothing_asked())


@router.post("/anew")
def anew(request: Request) -> Response:
    """Have the list made anew."""
    caller = allowed(request, "checks:plan")
    _ask_anew(request, caller)
    return _shown(request, _nothing_asked())


def _ask_anew(request: Request, caller: Caller) -> None:
    services = services_of(request)
    run = JobRun(JOB, services.clock.now_ns(), RunState.ASKED, caller.name)
    services.jobs.ask(run)


def _rules(services: Services, today: date, words: Words) -> dict[str, str]:
    """Tell each rule of the cycles in force in words."""
    profile = in_force(services.check_plans.profiles(), today)
    return {row.id: f"{who(row, words)} · {every(row, words)}" for row in profile.cycles}


def _asked(request: Request) -> dict[str, str]:
    return {name: request.query_params.get(name, "")[:100] for name in ASKED}


def _nothing_asked() -> dict[str, str]:
    return dict.fromkeys(ASKED, "")


def _shown(
    request: Request, asked: dict[str, str], after: str = "", done: list[str] | None = None
) -> Response:
    caller = allowed(request, "checks:read")
    services, estate = services_of(request), estate_of(request)
    today = day_of(services.clock.now_ns())
    wanted = _wanted(request, caller, asked)
    rows = services.check_plans.due(wanted, Page(ROWS + 1, after.replace("~", " ")))
    shown = rows[:ROWS]
    last = shown[-1] if len(rows) > ROWS else None
    everyone = services.access.users() if may(caller, "checks:plan") else []
    return page(
        request,
        "checks.html",
        active="checks",
        rows=[(row, estate.building(row.building_id)) for row in shown],
        counts=services.check_plans.count_due(
            _wanted(request, caller, asked | {"show": ""}), today
        ),
        today=today,
        asked=asked,
        shows=SHOWS,
        cut=_cut(request, asked),
        cut_query=urlencode({name: asked[name] for name in CUT if asked[name]}),
        query=urlencode({name: value for name, value in asked.items() if value}),
        rules=_rules(services, today, words_of(request)),
        kinds=list(CheckClass),
        districts=sorted({b.district for b in estate.visible(caller, "checks:read").values()}),
        next=f"{last.due_on}~{last.building_id}~{last.check_class}" if last else "",
        inspectors=[one for one in everyone if one.role is Role.INSPECTOR and one.active],
        firms=[firm for firm in services.checks.firms() if firm.active],
        run=next(iter(services.jobs.runs(JOB, 1)), None),
        profile=in_force(services.check_plans.profiles(), today),
        done=done or [],
    )  # fmt: skip


def _wanted(request: Request, caller: Caller, asked: dict[str, str]) -> DueFilter:
    """Make a filter that keeps to what a caller may see; what is not known counts as not given."""
    estate = estate_of(request)
    ids = estate.visible_ids(caller, "checks:read")
    needle = asked["text"].strip().casefold()
    house = HouseFilter(asked["built"], asked["structure"])
    if needle or house.given:
        seen = [b for b in estate.visible(caller, "checks:read").values() if house.fits(b)]
        ids = [b.id for b in seen if needle in f"{b.name}\n{b.code}\n{b.address}".casefold()]
    today = day_of(services_of(request).clock.now_ns())
    wanted = DueFilter(
        building_ids=None if ids is None else tuple(ids),
        districts=(asked["district"],) if asked["district"] else None,
        classes=tuple(one for one in CheckClass if one.value == asked["kind"]),
        due_until=_day(asked["until"]),
        never=bool(asked["never"]),
    )
    soon = date_after(today)
    match asked["show"]:
        case "overdue":
            past = date_after(today, -1)
            return replace(wanted, due_until=min(past, wanted.due_until or past), opened=False)
        case "soon":
            until = min(soon, wanted.due_until or soon)
            return replace(wanted, due_from=today, due_until=until, opened=False)
        case "later":
            return replace(wanted, due_from=date_after(soon, 1), opened=False)
        case "opened":
            return replace(wanted, opened=True)
    return wanted


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _cut(request: Request, asked: dict[str, str]) -> list[str]:
    """Tell in words what a figure that led here has cut the list to."""
    words, told = words_of(request), []
    if until := _day(asked["until"]):
        told.append(words("list_cut.until", day=until))
    if asked["never"]:
        told.append(words("list_cut.never"))
    return told + house_words(HouseFilter(asked["built"], asked["structure"]), words)


def date_after(day: date, days: int = 30) -> date:
    """Tell a day some days on; 30 is what counts as soon."""
    return day + timedelta(days=days)


def _row(request: Request, caller: Caller, told: str) -> Due | None:
    """Find a row that was ticked, if it is the caller's to plan."""
    building_id, _, kind = told.partition("~")
    building = estate_of(request).building(building_id)
    if building is None or not may(caller, "checks:plan", building):
        return None
    classes = tuple(one for one in CheckClass if one.value == kind)
    if not classes:
        return None
    wanted = DueFilter(building_ids=(building_id,), classes=classes)
    return next(iter(services_of(request).check_plans.due(wanted, Page(1))), None)


def _table(request: Request, asked: dict[str, str]) -> tuple[list[str], Iterator[list[object]]]:
    caller = allowed(request, "checks:read")
    services, estate, words = services_of(request), estate_of(request), words_of(request)
    wanted = _wanted(request, caller, asked)
    names = ("building", "code", "address", "district", "class", "due", "cause", "last", "rule")

    def rows() -> Iterator[list[object]]:
        after, told = "", 0
        while told < SAVED_MAX:
            piece = services.check_plans.due(wanted, Page(AT_ONCE, after))
            for row in piece:
                house = estate.building(row.building_id)
                yield [
                    house.name if house else row.building_id, house.code if house else "",
                    house.address if house else "", row.district,
                    words.of("check_class", row.check_class), row.due_on.isoformat(),
                    words.of("check_cause", row.cause),
                    row.last_on.isoformat() if row.last_on else "", row.rule,
                ]  # fmt: skip
            if len(piece) < AT_ONCE:
                return
            told += len(piece)
            after = f"{piece[-1].due_on} {piece[-1].building_id} {piece[-1].check_class}"

    return [words(f"checks.column_{name}") for name in names], rows()
