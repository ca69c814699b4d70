"""Sends an inspector for an alert: a special check-up that carries the alert's evidence."""

from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from alerting.texts import sentence
from domain.access import Role
from domain.alerts import Alert
from domain.buildings import Building
from domain.checkups import CheckCause, CheckClass, CheckUp, Tier
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import new_id
from domain.services import Services
from lifecycle.opening import alert_check_id, for_alert, given
from lifecycle.results import day_of, due_after, in_force
from web.alert_rows import findings_of
from web.check_rows import checks_of_alert
from web.guard import PageRoute, alert_for, caller_of, services_of
from web.render import page, words_of

router = APIRouter(prefix="/alerts/{alert_id}/inspect", route_class=PageRoute)

CHANGED = {"HX-Trigger": "alerts-changed"}
_TRIES = 5
Short = Annotated[str, Form(max_length=100)]


@router.get("")
def inspect_dialog(request: Request, alert_id: str) -> Response:
    """Ask who goes, and by when."""
    alert, building = _for_sending(request, alert_id)
    services = services_of(request)
    now_ns = services.clock.now_ns()
    cycles = in_force(services.check_plans.profiles(), day_of(now_ns))
    due_on = due_after(cycles, CheckClass.SPECIAL, CheckCause.ALERT, now_ns)
    return _dialog(request, alert, building, check_up_id=new_id(now_ns), due_on=str(due_on))


@router.post("")
def inspect(
    request: Request,
    alert_id: str,
    check_up_id: Short = "",
    due_on: Short = "",
    firm_id: Short = "",
    inspector_id: Short = "",
    note: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Open the check-up; asked for twice it is opened once."""
    alert, building = _for_sending(request, alert_id)
    services, caller, words = services_of(request), caller_of(request), words_of(request)
    told = {
        "check_up_id": check_up_id,
        "due_on": due_on,
        "firm_id": firm_id,
        "inspector_id": inspector_id,
        "note": note,
    }
    now_ns = services.clock.now_ns()
    try:
        day = date.fromisoformat(due_on)
    except ValueError:
        fault = words("inspect_alert.due_wrong")
        return _dialog(request, alert, building, fault=fault, status=422, **told)
    if day < day_of(now_ns):
        fault = words("inspect_alert.due_past")
        return _dialog(request, alert, building, fault=fault, status=422, **told)
    firm = services.checks.firm(firm_id) if firm_id else None
    opened = for_alert(
        check_up_id or new_id(now_ns),
        alert,
        sentence(alert, building, "zh", findings_of(services.alerts, [alert])),
        caller.user_id,
        now_ns,
        in_force(services.check_plans.profiles(), day_of(now_ns)),
        services.check_plans.templates(),
        due_on=day,
        firm_id=firm.id if firm else "",
        inspector_id=inspector_id,
        tier=firm.tier if firm else Tier.BODY,
        note=note,
    )
    try:
        _send(services, opened, caller.name)
    except (Conflict, InvalidInput) as error:
        kept = services.checks.check_up(opened.id)
        if kept is None or kept.alert_id != alert.id:
            return _dialog(request, alert, building, problem=str(error), status=409, **told)
    return Response(content="", status_code=200, headers=CHANGED)


def _send(services: Services, wanted: CheckUp, by: str) -> None:
    """Open a check-up, or give the one that the plan has opened for the alert to somebody."""
    first_id = alert_check_id(wanted.alert_id)
    for _ in range(_TRIES):
        first = services.checks.check_up(first_id)
        one = replace(wanted, id=first_id) if first is None else given(first, wanted)
        if one is None:
            services.checks.put_check_up(wanted, by)
            return
        try:
            services.checks.put_check_up(one, by)
        except Conflict:
            continue  # the plan, or somebody, opened it at this moment
        return
    raise Conflict(f"check-up {first_id!r} is being changed; try again")


def _for_sending(request: Request, alert_id: str) -> tuple[Alert, Building]:
    alert, building = alert_for(request, alert_id, "checks:plan")
    if building is None:
        raise NotFound(f"no alert {alert_id!r} about a building")
    return alert, building


def _dialog(
    request: Request,
    alert: Alert,
    building: Building,
    *,
    check_up_id: str,
    due_on: str,
    firm_id: str = "",
    inspector_id: str = "",
    note: str = "",
    fault: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    services, words = services_of(request), words_of(request)
    inspectors = [
        user
        for user in services.access.users()
        if user.active
        and user.role is Role.INSPECTOR
        and any(scope.covers(building) for scope in user.scopes)
    ]
    firms = [
        firm
        for firm in services.checks.firms()
        if firm.active and (not firm.districts or building.district in firm.districts)
    ]
    return page(
        request,
        "_inspect_dialog.html",
        status=status,
        alert=alert,
        building=building,
        sentence=sentence(alert, building, words.language, findings_of(services.alerts, [alert])),
        sent=checks_of_alert(services, caller_of(request), alert),
        inspectors=sorted(inspectors, key=lambda user: user.display_name),
        firms=firms,
        check_up_id=check_up_id,
        due_on=due_on,
        firm_id=firm_id,
        inspector_id=inspector_id,
        note=note,
        fault=fault,
        problem=problem,
    )
