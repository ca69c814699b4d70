"""The annual plan (年度体检计划): by district and year: who goes when, and how it stands."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Form, Request, Response

from domain.access import Caller, may
from domain.check_cycles import AnnualPlan, Due, PlanItem
from domain.check_ports import DueFilter
from domain.checkups import CheckClass
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ids import same_id
from domain.ports import Page
from domain.reach import covers_district
from domain.services import Services
from lifecycle import annual_desk
from lifecycle.annual_sums import Step, loads, rollout_of, sums
from lifecycle.results import day_of, in_force
from web.cycle_words import bars
from web.guard import PageRoute, allowed, estate_of, services_of
from web.plan_rows import NOBODY, Asked, PlanRow, chosen, loads_of, rows_of, who_can_go
from web.render import page, words_of
from web.tables import csv_answer, xlsx_answer

router = APIRouter(prefix="/checks/plan", route_class=PageRoute)

ROWS = 50
#: buildings that are changed at once
AT_ONCE = 5_000
#: from this month on people think of the year to come
NEXT_FROM_MONTH = 10
_PIECE = 5_000
_NAMES = tuple(field.name for field in fields(Asked))
Ticks = Annotated[list[str], Form(max_length=ROWS)]


def _asked_of(request: Request) -> Asked:
    """Read what the address asks for."""
    return Asked(**{n: request.query_params.get(n, "")[:100] for n in _NAMES})


AskedFor = Annotated[Asked, Depends(_asked_of)]


@router.get("")
def plan_page(request: Request, asked: AskedFor) -> Response:
    """Show a district's plan, or how all districts stand."""
    return _shown(request, asked)


@router.get("/plan.csv")
def plan_csv(request: Request, asked: AskedFor) -> Response:
    """Save the plan as it is filtered."""
    return csv_answer("check-plan.csv", *_table(request, asked))


@router.get("/plan.xlsx")
def plan_xlsx(request: Request, asked: AskedFor) -> Response:
    """Save the plan as a workbook."""
    return xlsx_answer("check-plan.xlsx", "plan", *_table(request, asked))


@router.post("/make")
def make(
    request: Request,
    year: Annotated[int, Form(ge=2000, le=2200)],
    district: Annotated[str, Form(max_length=20)],
) -> Response:
    """Draft a district's plan from who is due, or draft it anew."""
    caller = allowed(request, "checks:plan")
    services = services_of(request)
    if not covers_district(caller, district):
        raise Forbidden(f"district {district!r} lies outside the caller's scopes")
    kept = annual_desk.plan_of(services, year, district)
    plan_id = kept.id if kept else same_id("plan", year, district)
    annual_desk.draft(services, plan_id, year, district, caller.name)
    return _shown(request, Asked(str(year), district))


@router.post("/{plan_id}/adopt")
def adopt(request: Request, plan_id: str) -> Response:
    """Open the check-ups of a plan."""
    caller, plan = _plan(request, plan_id)
    annual_desk.adopt(services_of(request), plan, caller.name)
    return _shown(request, _of(plan, Asked()))


@router.post("/{plan_id}/assign")
def assign(
    request: Request,
    plan_id: str,
    asked: AskedFor,
    who: Annotated[str, Form(alias="go", max_length=150)],
    rows: Ticks = [],  # noqa: B006 - pydantic copies it
    every: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Say who goes to the buildings that were ticked, or to all that the filters leave."""
    firm_id, _, inspector_id = who.partition(" ")
    return _changed(
        request, plan_id, asked, rows, every,
        lambda _, items: [
            replace(item, firm_id=firm_id, inspector_id=inspector_id) for item in items
        ],
    )  # fmt: skip


@router.post("/{plan_id}/move")
def move(
    request: Request,
    plan_id: str,
    asked: AskedFor,
    to_month: Annotated[int, Form(ge=1, le=12)],
    rows: Ticks = [],  # noqa: B006 - pydantic copies it
    every: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Put the buildings that were ticked into another month."""
    services = services_of(request)
    return _changed(
        request, plan_id, asked, rows, every,
        lambda plan, items: annual_desk.in_month(services, plan, items, to_month),
    )  # fmt: skip


@router.post("/{plan_id}/undo")
def undo(
    request: Request,
    plan_id: str,
    asked: AskedFor,
    before: Annotated[str, Form(max_length=2_000_000)],
    version: Annotated[int, Form(ge=1)],
) -> Response:
    """Put buildings back as they were, as long as nobody has changed the plan since."""
    caller, plan = _plan(request, plan_id)
    asked = _of(plan, asked)
    if plan.version != version:
        raise Conflict(words_of(request)("plan.changed_since"))
    try:
        items = msgspec.json.decode(before, type=list[PlanItem])
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"what is to come back cannot be read: {error}", "before") from error
    annual_desk.rearrange(services_of(request), plan, items[:AT_ONCE], caller.name)
    return _shown(request, asked, said=words_of(request)("plan.undone"))


def _changed(
    request: Request,
    plan_id: str,
    asked: Asked,
    ticks: Sequence[str],
    every: str,
    after: Callable[[AnnualPlan, list[PlanItem]], list[PlanItem]],
) -> Response:
    """Change the chosen buildings of a plan, and offer to take it back."""
    caller, plan = _plan(request, plan_id)
    asked = _of(plan, asked)
    services, words = services_of(request), words_of(request)
    rows = rows_of(services, estate_of(request), plan, services.check_plans.plan_items(plan.id))
    wanted = set(ticks)
    picked = chosen(rows, asked) if every else [row for row in rows if row.key in wanted]
    movable = [row.item for row in picked if row.step not in {Step.DONE, Step.CANCELLED}]
    new = annual_desk.rearrange(services, plan, after(plan, movable[:AT_ONCE]), caller.name)
    if new.version == plan.version:
        return _shown(request, asked, said=words("plan.nothing_changed"))
    now = {
        (one.building_id, one.check_class): one for one in services.check_plans.plan_items(plan.id)
    }
    before = [one for one in movable if now[one.building_id, one.check_class] != one]
    back = {"before": msgspec.json.encode(before).decode(), "version": new.version}
    return _shown(request, asked, said=words("plan.changed_n", n=len(before)), back=back)


def _shown(
    request: Request, asked: Asked, said: str = "", back: dict[str, Any] | None = None
) -> Response:
    caller = allowed(request, "checks:read")
    services, estate, words = services_of(request), estate_of(request), words_of(request)
    today = day_of(services.clock.now_ns())
    year = _year(asked, today)
    seen = estate.visible(caller, "checks:read").values()
    districts = sorted({b.district for b in seen if covers_district(caller, b.district)})
    district = asked.district or (districts[0] if len(districts) == 1 else "")
    asked = replace(asked, year=str(year), district=district)
    given: dict[str, Any] = {
        "active": "checks", "asked": asked, "year": year, "today": today, "districts": districts,
        "said": said, "back": back, "first_year": today.year,
    }  # fmt: skip
    if not district:
        return page(
            request, "check_plans.html", rows=_districts(services, year, districts), **given
        )
    if not covers_district(caller, district):
        raise NotFound(f"no plan of district {district!r}")
    plan = annual_desk.plan_of(services, year, district)
    profile = in_force(services.check_plans.profiles(), today)
    rollout = rollout_of(_first_ones(services, district), estate.buildings(), profile)
    if plan is None:
        due = len(annual_desk.due_of(services, district, year))
        return page(request, "check_plan.html", plan=None, due=due, rollout=rollout, **given)
    items = services.check_plans.plan_items(plan.id)
    every = rows_of(services, estate, plan, items)
    found = chosen(every, asked)
    first = asked.first if asked.first < len(found) else 0
    return page(
        request,
        "check_plan.html",
        plan=plan,
        rollout=rollout,
        sums=sums(items, {r.check_up.id: r.check_up for r in every if r.check_up}, today),
        bars=_bars(every),
        loads=loads_of(
            services, loads(items), loads(annual_desk.elsewhere(services, year, district))
        ),
        rows=found[first : first + ROWS],
        found=len(found),
        first=first,
        per_page=ROWS,
        steps=list(Step),
        nobody=NOBODY,
        groups=who_can_go(services, district, words) if may(caller, "checks:plan") else [],
        people=_people(every),
        **given,
    )


def _districts(
    services: Services, year: int, districts: Sequence[str]
) -> list[tuple[str, AnnualPlan | None, Any]]:
    """Tell of each district its plan with its sums."""
    today, rows = day_of(services.clock.now_ns()), []
    for district in districts:
        plan = annual_desk.plan_of(services, year, district)
        items = services.check_plans.plan_items(plan.id) if plan else []
        found = annual_desk.check_ups_of(services, plan, items) if plan else {}
        rows.append((district, plan, sums(items, found, today)))
    return rows


def _first_ones(services: Services, district: str) -> Iterator[Due]:
    """Read who is due for a basic check-up in a district, whenever."""
    wanted = DueFilter(districts=(district,), classes=(CheckClass.BASIC,))
    after = ""
    while piece := services.check_plans.due(wanted, Page(_PIECE, after)):
        yield from piece
        after = f"{piece[-1].due_on} {piece[-1].building_id} {piece[-1].check_class.value}"


def _bars(rows: Sequence[PlanRow]) -> list[Any]:
    planned, done = [0] * 12, [0] * 12
    for row in rows:
        planned[row.item.month - 1] += 1
        done[row.item.month - 1] += row.step is Step.DONE
    return bars([str(n) for n in range(1, 13)], list(zip(planned, done, strict=True)))


def _people(rows: Sequence[PlanRow]) -> list[tuple[str, str]]:
    """List whoever has something in the plan, for the filter."""
    firms = {row.item.firm_id: row.firm for row in rows if row.item.firm_id}
    people = {row.item.inspector_id: row.inspector for row in rows if row.item.inspector_id}
    return [*sorted(firms.items(), key=lambda p: p[1]), *sorted(people.items(), key=lambda p: p[1])]


def _year(asked: Asked, today: date) -> int:
    if asked.year.isascii() and asked.year.isdecimal() and 2000 <= int(asked.year) <= 2200:
        return int(asked.year)
    return today.year + (today.month >= NEXT_FROM_MONTH)


def _of(plan: AnnualPlan, asked: Asked) -> Asked:
    """Stay with the plan that was changed, whatever the address says."""
    return replace(asked, year=str(plan.year), district=plan.district)


def _plan(request: Request, plan_id: str) -> tuple[Caller, AnnualPlan]:
    """Find a plan that is the caller's to change."""
    caller = allowed(request, "checks:plan")
    plan = services_of(request).check_plans.plan(plan_id)
    if plan is None or not covers_district(caller, plan.district):
        raise NotFound(f"no plan {plan_id!r}")
    return caller, plan


def _table(request: Request, asked: Asked) -> tuple[list[str], Iterator[list[object]]]:
    caller = allowed(request, "checks:read")
    services, words = services_of(request), words_of(request)
    year = _year(asked, day_of(services.clock.now_ns()))
    covered = covers_district(caller, asked.district)
    plan = annual_desk.plan_of(services, year, asked.district) if covered else None
    if plan is None:
        raise NotFound(f"no plan of {year} for district {asked.district!r}")
    items = services.check_plans.plan_items(plan.id)
    found = chosen(rows_of(services, estate_of(request), plan, items), asked)
    names = (
        "building", "code", "address", "district", "class", "month", "due", "firm", "inspector",
        "step",
    )  # fmt: skip

    def rows() -> Iterator[list[object]]:
        for row in found:
            house, item = row.building, row.item
            yield [
                house.name if house else item.building_id, house.code if house else "",
                house.address if house else "", words.of("district", plan.district),
                words.of("check_class", item.check_class), item.month, item.due_on.isoformat(),
                row.firm, row.inspector, words(f"plan.step_{row.step}"),
            ]  # fmt: skip

    return [words(f"plan.column_{name}") for name in names], rows()
