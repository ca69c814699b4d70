"""Drafts and adopts annual plans with the stores; done again it comes to the same."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from operator import attrgetter

from domain.access import Role
from domain.check_cycles import AnnualPlan, Due, PlanItem
from domain.check_ports import CheckFilter, DueFilter
from domain.checkups import CheckClass, CheckUp
from domain.errors import InvalidInput
from domain.ports import Page
from domain.services import Services
from lifecycle.annual import PLANNED, day_in, drafted, item_key, opened, workers_of
from lifecycle.annual_sums import loads
from lifecycle.opening import sent
from lifecycle.results import day_of, in_force

_PIECE = 5_000
MONTHS_OF_YEAR = 12


def draft(services: Services, plan_id: str, year: int, district: str, by: str) -> AnnualPlan:
    """Draft a plan from who is due, or draft it anew; one that was adopted stays as it is.

    Raises
    ------
    InvalidInput
        When the year is over.
    Conflict
        When somebody else has changed the plan meanwhile.

    """
    kept = services.check_plans.plan(plan_id)
    if kept is not None and kept.state == "adopted":
        return kept
    now_ns = services.clock.now_ns()
    today = day_of(now_ns)
    if year < today.year:
        raise InvalidInput(f"year must be {today.year} or later, got {year}", "year")
    profile = in_force(services.check_plans.profiles(), today)
    users = services.access.users()
    inspectors = frozenset(u.id for u in users if u.active and u.role is Role.INSPECTOR)
    items = drafted(
        plan_id,
        year,
        due_of(services, district, year),
        workers_of(services.checks.firms(), district, inspectors),
        today.month if year == today.year else 1,
        loads(elsewhere(services, year, district)),
    )
    label = f"{profile.id} {profile.version}"
    version = kept.version + 1 if kept else 1
    plan = AnnualPlan(plan_id, year, district, label, now_ns, by, version=version)
    services.check_plans.put_plan(plan, items, by)
    return plan


def adopt(services: Services, plan: AnnualPlan, by: str) -> AnnualPlan:
    """Open the check-ups of a plan; again, or after a kill half-way, it comes to the same.

    Raises
    ------
    Conflict
        When somebody else has changed the plan meanwhile.

    """
    if plan.state == "adopted":
        return plan
    now_ns = services.clock.now_ns()
    due = due_of(services, plan.district, plan.year)
    rows = {(row.building_id, row.check_class): row for row in due}
    check_ups, items = opened(
        services.check_plans.plan_items(plan.id),
        plan.year,
        rows,
        services.check_plans.templates(),
        by,
        now_ns,
    )
    # first what the plan asks for, then that it did: a kill in between leaves a draft
    services.checks.add_check_ups(check_ups, by)
    version = plan.version + 1
    adopted = replace(plan, state="adopted", adopted_by=by, adopted_at_ns=now_ns, version=version)
    services.check_plans.put_plan(adopted, items, by)
    return adopted


def rearrange(
    services: Services, plan: AnnualPlan, wanted: Sequence[PlanItem], by: str
) -> AnnualPlan:
    """Put some buildings of a plan into other months or other hands.

    Of a plan that was adopted the check-ups that still wait go along; those that are done or
    cancelled stay as they are. Done again, or after a kill half-way, it comes to the same.

    Parameters
    ----------
    wanted
        The buildings as they shall be; one that is not in the plan does not count.

    Raises
    ------
    InvalidInput
        When a month is none, or whoever shall go cannot be sent there.
    Conflict
        When somebody else has changed the plan, or a check-up, meanwhile.

    """
    for firm_id, inspector_id in {(one.firm_id, one.inspector_id) for one in wanted}:
        _can_be_sent(services, plan.district, firm_id, inspector_id)
    kept = {item_key(item): item for item in services.check_plans.plan_items(plan.id)}
    changed: dict[tuple[str, CheckClass], PlanItem] = {}
    for one in wanted:
        before = kept.get(item_key(one))
        if before is None:
            continue
        if not 1 <= one.month <= MONTHS_OF_YEAR or (one.due_on.year, one.due_on.month) != (
            plan.year, one.month,
        ):  # fmt: skip
            raise InvalidInput(f"month must be 1 to 12 of {plan.year}, got {one.due_on}", "month")
        after = replace(one, plan_id=plan.id, check_up_id=before.check_up_id)
        if after != before and _moved_along(services, after, by):
            changed[item_key(after)] = after
    if not changed:
        return plan
    items = [changed.get(key, item) for key, item in kept.items()]
    after_plan = replace(plan, version=plan.version + 1)
    services.check_plans.put_plan(after_plan, items, by)
    return after_plan


def in_month(
    services: Services, plan: AnnualPlan, items: Sequence[PlanItem], month: int
) -> list[PlanItem]:
    """Tell how buildings of a plan are when they come to a month."""
    if not 1 <= month <= MONTHS_OF_YEAR:
        raise InvalidInput(f"month must be 1 to 12, got {month}", "month")
    due = {
        (row.building_id, row.check_class): row.due_on
        for row in due_of(services, plan.district, plan.year)
        if not row.check_up_id  # what is opened is due when the plan says so
    }
    long_ago = date(plan.year - 1, 1, 1)
    return [
        replace(
            item, month=month,
            due_on=day_in(plan.year, month, due.get(item_key(item), long_ago)),
        )
        for item in items
    ]  # fmt: skip


def plan_of(services: Services, year: int, district: str) -> AnnualPlan | None:
    """Find the plan of a district's year; of several the adopted one, else the newest."""
    mine = [plan for plan in services.check_plans.plans(year) if plan.district == district]
    key = attrgetter("made_at_ns")
    adopted = [plan for plan in mine if plan.state == "adopted"]
    return max(adopted or mine, key=key, default=None)


def elsewhere(services: Services, year: int, district: str) -> list[PlanItem]:
    """Read what the plans of the other districts hold: firms and inspectors work in several."""
    others = {plan.district for plan in services.check_plans.plans(year)} - {district}
    plans = (plan_of(services, year, other) for other in sorted(others))
    return [item for plan in plans if plan for item in services.check_plans.plan_items(plan.id)]


def check_ups_of(
    services: Services, plan: AnnualPlan, items: Iterable[PlanItem]
) -> dict[str, CheckUp]:
    """Read the check-ups that a plan has opened, by id."""
    wanted_ids = {item.check_up_id for item in items if item.check_up_id}
    found: dict[str, CheckUp] = {}
    after = ""
    wanted = CheckFilter(districts=(plan.district,), classes=PLANNED)
    while wanted_ids and (piece := services.checks.check_ups(wanted, Page(_PIECE, after))):
        found |= {one.id: one for one in piece if one.id in wanted_ids}
        after = f"{piece[-1].due_on} {piece[-1].id}"
    return found


def _can_be_sent(services: Services, district: str, firm_id: str, inspector_id: str) -> None:
    firm = services.checks.firm(firm_id) if firm_id else None
    if firm_id and (firm is None or not firm.active):
        raise InvalidInput(f"firm_id must name a firm at work, got {firm_id!r}", "firm_id")
    if firm is not None and firm.districts and district not in firm.districts:
        raise InvalidInput(f"firm {firm_id!r} does not work in district {district}", "firm_id")
    if not inspector_id:
        return
    user = services.access.user(inspector_id)
    if user is None or not user.active or user.role is not Role.INSPECTOR:
        raise InvalidInput(
            f"inspector_id must name an inspector, got {inspector_id!r}", "inspector_id"
        )
    if firm is not None and inspector_id not in firm.member_ids:
        raise InvalidInput(f"{inspector_id!r} is not sent by firm {firm_id!r}", "inspector_id")


def _moved_along(services: Services, item: PlanItem, by: str) -> bool:
    """Bring the check-up of an item along; tell whether the item may change."""
    if not item.check_up_id:
        return True
    kept = services.checks.check_up(item.check_up_id)
    if kept is None:
        return True
    if not kept.state.waits:
        return False
    after = replace(sent(kept, item.firm_id, item.inspector_id), due_on=item.due_on)
    if after != kept:
        services.checks.put_check_up(replace(after, version=kept.version + 1), by)
    return True


def due_of(services: Services, district: str, year: int) -> list[Due]:
    """List who is due in a district by the end of a year, patrols left out."""
    wanted = DueFilter(districts=(district,), classes=PLANNED, due_until=date(year, 12, 31))
    found: list[Due] = []
    after = ""
    while piece := services.check_plans.due(wanted, Page(_PIECE, after)):
        found += piece
        last = piece[-1]
        after = f"{last.due_on} {last.building_id} {last.check_class.value}"
    return found
