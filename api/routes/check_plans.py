"""Annual plans of districts: drafted from who is due, looked at, then adopted."""

from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from api.fields import DIGITS, At, Division, Flag, Id, In, Out, PathId
from api.paging import Limit, PageOf
from api.permission import Given, may
from api.problem import PUT_PROBLEMS, problems
from domain.access import Caller
from domain.check_cycles import AnnualPlan
from domain.checkups import CheckClass
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ports import Page
from domain.reach import covers_district
from domain.services import Services
from lifecycle.annual import item_key
from lifecycle.annual_desk import adopt, draft, in_month, rearrange

router = APIRouter(prefix="/check-plans", tags=["check-ups"])

Year = Annotated[int, Field(strict=True, ge=2000, le=2200)]
Cursor = Annotated[
    str,
    Query(
        pattern=r"^([0-9]{1,2}~[A-Za-z0-9._:~-]{1,64}~(daily|basic|special))?$",
        description="`next` of the page before; empty for the first page",
    ),
]


class PlanIn(In):
    """Which district's year is planned."""

    year: Year
    district: Division


class ItemIn(In):
    """One building of a plan."""

    building_id: Id
    check_class: CheckClass


class ChangeIn(In):
    """Buildings of a plan, and the month or the hands that they are put into."""

    items: Annotated[list[ItemIn], Field(min_length=1, max_length=1_000)]
    month: Annotated[int, Field(strict=True, ge=1, le=12)] | None = None
    firm_id: Id | None = Field(default=None, description="with nobody named: null for both")
    inspector_id: Id | None = None
    reassign: Flag = Field(
        default=False, description="whether firm and inspector are told; else they stay"
    )


class MonthOut(Out):
    """How much a month of a plan has."""

    month: int
    check_ups: int


class PlanOut(Out):
    """An annual plan."""

    id: str
    year: int
    district: str
    profile: str
    state: str
    by: str
    made_at: At
    adopted_by: str
    months: list[MonthOut]
    unassigned: int
    version: int

    @classmethod
    def of(cls, services: Services, plan: AnnualPlan) -> "PlanOut":
        """Write a plan with its sums."""
        items = services.check_plans.plan_items(plan.id)
        counts = [sum(item.month == month for item in items) for month in range(1, 13)]
        return cls(
            id=plan.id, year=plan.year, district=plan.district, profile=plan.profile,
            state=plan.state, by=plan.by, made_at=plan.made_at_ns, adopted_by=plan.adopted_by,
            months=[MonthOut(month=n, check_ups=count) for n, count in enumerate(counts, 1)],
            unassigned=sum(not item.firm_id and not item.inspector_id for item in items),
            version=plan.version,
        )  # fmt: skip


class ItemOut(Out):
    """One building of a plan."""

    building_id: str
    check_class: CheckClass
    month: int
    due_on: date
    firm_id: str
    inspector_id: str
    check_up_id: str


@router.get("", responses=problems(401, 403, 422, 503))
def read_plans(
    services: Given,
    who: Annotated[Caller, Depends(may("checks:read"))],
    year: Annotated[int | None, Query(ge=2000, le=2200), DIGITS] = None,
) -> list[PlanOut]:
    """List the plans of the caller's districts, the newest year first."""
    return [
        PlanOut.of(services, plan)
        for plan in services.check_plans.plans(year)
        if covers_district(who, plan.district)
    ]


@router.get("/{plan_id}", responses=problems(401, 403, 404, 422, 503))
def read_plan(
    plan_id: PathId, services: Given, who: Annotated[Caller, Depends(may("checks:read"))]
) -> PlanOut:
    """Read a plan with its sums."""
    return PlanOut.of(services, _plan(services, who, plan_id))


@router.get("/{plan_id}/items", responses=problems(401, 403, 404, 422, 503))
def read_items(
    plan_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("checks:read"))],
    limit: Limit = 100,
    cursor: Cursor = "",
) -> PageOf[ItemOut]:
    """List a plan's buildings by month."""
    plan = _plan(services, who, plan_id)
    month, _, rest = cursor.partition("~")
    building_id, _, check_class = rest.rpartition("~")
    after = f"{month} {building_id} {check_class}" if cursor else ""
    rows = services.check_plans.plan_items(plan.id, Page(limit + 1, after))
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    return PageOf(
        items=[ItemOut.model_validate(row) for row in page],
        next=f"{last.month}~{last.building_id}~{last.check_class.value}" if last else None,
    )


@router.put("/{plan_id}", responses={201: {"model": PlanOut}, **PUT_PROBLEMS})
def put_plan(
    plan_id: PathId,
    body: PlanIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:plan"))],
) -> PlanOut:
    """Draft a plan from who is due, or draft it anew; one that was adopted stays as it is."""
    kept = services.check_plans.plan(plan_id)
    if kept is not None and not covers_district(who, kept.district):
        raise NotFound(f"no plan {plan_id!r}")
    if not covers_district(who, body.district):
        raise Forbidden(f"district {body.district!r} lies outside the caller's scopes")
    if kept is not None and (kept.year, kept.district) != (body.year, body.district):
        raise Conflict(f"plan {plan_id!r} is of {kept.year} and district {kept.district}")
    if kept is not None and kept.state == "adopted":
        return PlanOut.of(services, kept)
    draft(services, plan_id, body.year, body.district, who.name)
    if kept is None:
        response.status_code = 201
    return PlanOut.of(services, _plan(services, who, plan_id))


@router.post("/{plan_id}/change", responses=problems(400, 401, 403, 404, 409, 413, 422, 503))
def change_plan(
    plan_id: PathId,
    body: ChangeIn,
    services: Given,
    who: Annotated[Caller, Depends(may("checks:plan"))],
) -> PlanOut:
    """Move buildings of a plan to a month, or give them to somebody; again changes nothing.

    Of a plan that was adopted the check-ups that still wait go along.
    """
    plan = _plan(services, who, plan_id)
    kept = {item_key(item): item for item in services.check_plans.plan_items(plan.id)}
    wanted = []
    for one in dict.fromkeys((item.building_id, item.check_class) for item in body.items):
        if one not in kept:
            raise InvalidInput(f"plan {plan_id!r} has no {one[1]} check-up of {one[0]!r}", "items")
        wanted.append(kept[one])
    if body.month is not None:
        wanted = in_month(services, plan, wanted, body.month)
    if body.reassign:
        firm_id, inspector_id = body.firm_id or "", body.inspector_id or ""
        wanted = [replace(one, firm_id=firm_id, inspector_id=inspector_id) for one in wanted]
    return PlanOut.of(services, rearrange(services, plan, wanted, who.name))


@router.post("/{plan_id}/adopt", responses=problems(401, 403, 404, 409, 422, 503))
def adopt_plan(
    plan_id: PathId, services: Given, who: Annotated[Caller, Depends(may("checks:plan"))]
) -> PlanOut:
    """Open the check-ups of a plan; again, or after a kill half-way, it comes to the same."""
    return PlanOut.of(services, adopt(services, _plan(services, who, plan_id), who.name))


def _plan(services: Services, who: Caller, plan_id: str) -> AnnualPlan:
    plan = services.check_plans.plan(plan_id)
    if plan is None or not covers_district(who, plan.district):
        raise NotFound(f"no plan {plan_id!r}")
    return plan
