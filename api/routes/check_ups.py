"""Check-ups (房屋体检): lists, opening, assigning and cancelling, and what waits to be settled."""

from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from alerting.texts import sentence
from api.check_fields import CheckUpIn, CheckUpOut, SettleIn
from api.check_receipts import ReceiptOut, SubmissionOut
from api.check_scope import check_up_for, within
from api.fields import Day, Division, Id, Out, PathId
from api.paging import After, Limit, PageOf, one_more
from api.permission import Given, Seen, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for, must_cover
from domain.access import Caller
from domain.access import may as may_do
from domain.buildings import Building
from domain.check_ports import CheckFilter
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, ResultClass
from domain.errors import Forbidden, InvalidInput, NotFound
from domain.ports import Page
from domain.services import Services
from domain.templates import form_for
from lifecycle.opening import sent
from lifecycle.results import day_of, due_after, in_force

router = APIRouter(tags=["check-ups"])

Cursor = Annotated[
    str,
    Query(
        pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}~[A-Za-z0-9._:~-]{1,64})?$",
        description="`next` of the page before; empty for the first page",
    ),
]


class SettledOut(Out):
    """What came of settling: the check-up, and what the submission that counts led to."""

    check_up: CheckUpOut
    receipt: ReceiptOut


@router.get("/check-ups", responses=problems(401, 403, 404, 422, 503))
def read_check_ups(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("checks:read"))],
    mine: Annotated[bool, Query(description="only what the caller is to do")] = False,
    state: Annotated[list[CheckState] | None, Query(max_length=4)] = None,
    class_: Annotated[list[CheckClass] | None, Query(alias="class", max_length=3)] = None,
    cause: Annotated[list[CheckCause] | None, Query(max_length=20)] = None,
    district: Annotated[Division | None, Query()] = None,
    building_id: Annotated[Id | None, Query()] = None,
    firm_id: Annotated[Id | None, Query()] = None,
    inspector_id: Annotated[Id | None, Query()] = None,
    alert_id: Annotated[Id | None, Query()] = None,
    result: Annotated[list[Annotated[int, Query(ge=1, le=4)]] | None, Query(max_length=4)] = None,
    due_from: Annotated[Day | None, Query()] = None,
    due_until: Annotated[Day | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> PageOf[CheckUpOut]:
    """List check-ups by due day; `mine`: the caller's, or their firms' and nobody's in them."""
    wanted = within(sight, who)
    if building_id is not None:
        building = building_for(services, who, "checks:read", building_id)
        wanted = CheckFilter(building_ids=(building.id,))
    if district is not None:
        inside = wanted.districts is None or district in wanted.districts
        wanted = replace(wanted, districts=(district,) if inside else ())
    firms = tuple(firm.id for firm in services.checks.firms_of(who.user_id)) if mine else ()
    wanted = replace(
        wanted,
        worker=(who.user_id, firms) if mine else None,
        states=tuple(state or ()),
        classes=tuple(class_ or ()),
        causes=tuple(cause or ()),
        results=tuple(ResultClass(one) for one in result or ()),
        firm_id=firm_id or "",
        inspector_id=inspector_id or "",
        alert_id=alert_id or "",
        due_from=due_from,
        due_until=due_until,
    )
    rows = services.checks.check_ups(wanted, Page(limit + 1, cursor.replace("~", " ", 1)))
    page = rows[:limit]
    last = page[-1] if page else None
    return PageOf(
        items=[CheckUpOut.of(row, services.register.building(row.building_id)) for row in page],
        next=f"{last.due_on}~{last.id}" if last and len(rows) > limit else None,
    )


@router.get("/check-ups/{check_up_id}", responses=problems(401, 403, 404, 422, 503))
def read_check_up(
    check_up_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:read"))],
) -> CheckUpOut:
    """Read one check-up."""
    check_up, building = check_up_for(services, who, "checks:read", check_up_id)
    response.headers["ETag"] = etag(check_up)
    return CheckUpOut.of(check_up, building)


@router.put("/check-ups/{check_up_id}", responses={201: {"model": CheckUpOut}, **PUT_PROBLEMS})
def put_check_up(
    check_up_id: PathId,
    body: CheckUpIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:request"))],
    if_match: IfMatch = "",
) -> CheckUpOut:
    """Open a check-up under an id that the client made; assign or cancel it (with `If-Match`).

    Who may only request opens special ones: an insurer with the cause `insurer`.
    """
    building = building_for(services, who, "checks:request", body.building_id)
    kept = services.checks.check_up(check_up_id)
    if kept is not None:
        if kept.building_id != building.id:
            raise NotFound(f"no check-up {check_up_id!r} in building {building.id!r}")
        wanted = _changed(services, who, building, kept, body)
    else:
        wanted = _opened(services, who, building, check_up_id, body)
    if kept is not None and wanted == kept:
        response.headers["ETag"] = etag(kept)
        return CheckUpOut.of(kept, building)
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"check-up {check_up_id!r}",
        lambda check_up: services.checks.put_check_up(check_up, who.name),
    )
    return CheckUpOut.of(done, building)


@router.get("/check-up-conflicts", responses=problems(401, 403, 422, 503))
def read_conflicts(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("checks:read"))],
    limit: Limit = 100,
    after: After = "",
) -> PageOf[SubmissionOut]:
    """List submissions that wait for somebody to say which counts, newest first."""
    seen = sight.buildings(who)
    wanted = None if seen is None else sorted(seen)
    rows = services.checks.conflicts(wanted, one_more(limit, after))
    page = rows[:limit]
    return PageOf(
        items=[SubmissionOut.of(services, row) for row in page],
        next=page[-1].id if len(rows) > limit else None,
    )


@router.post(
    "/check-ups/{check_up_id}/settle", responses=problems(400, 401, 403, 404, 409, 413, 422, 503)
)
def settle_check_up(
    check_up_id: PathId,
    body: SettleIn,
    services: Given,
    who: Annotated[Caller, Depends(may("checks:plan"))],
) -> SettledOut:
    """Say which submission of a check-up counts; saying another one undoes it."""
    _, building = check_up_for(services, who, "checks:plan", check_up_id)
    after, receipt = services.check_desk.settle(check_up_id, body.submission_id, body.note, who)
    return SettledOut(
        check_up=CheckUpOut.of(after, building),
        receipt=ReceiptOut.of(receipt),
    )


def _opened(
    services: Services, who: Caller, building: Building, check_up_id: str, body: CheckUpIn
) -> CheckUp:
    """Make a new check-up."""
    must_cover(who, building)
    if body.cancelled:
        raise InvalidInput("a check-up is opened before it is cancelled", "cancelled")
    if not may_do(who, "checks:plan", building):
        allowed = body.check_class is CheckClass.SPECIAL and body.cause is CheckCause.INSURER
        if not allowed or body.firm_id or body.inspector_id or body.alert_id:
            raise Forbidden("an insurer requests special check-ups with the cause 'insurer' only")
    now_ns = services.clock.now_ns()
    cause_ref, cause_text = body.cause_ref, body.cause_text
    if body.cause is CheckCause.ALERT:
        cause_ref = cause_ref or body.alert_id
        cause_text = cause_text or _alert_words(services, building, body.alert_id)
    elif body.alert_id:
        raise InvalidInput("alert_id belongs to the cause 'alert'", "alert_id")
    form = form_for(services.check_plans.templates(), body.check_class, body.cause)
    opened = CheckUp(
        id=check_up_id,
        building_id=building.id,
        check_class=body.check_class,
        cause=body.cause,
        due_on=body.due_on or _due(services, body, now_ns),
        opened_at_ns=now_ns,
        by=who.name,
        cause_ref=cause_ref,
        cause_text=cause_text,
        tier=body.tier,
        template_id=form.id if form else "",
        template_version=form.version if form else 0,
        alert_id=body.alert_id,
        note=body.note,
    )
    return _assigned(services, opened, body)


def _changed(
    services: Services, who: Caller, building: Building, kept: CheckUp, body: CheckUpIn
) -> CheckUp:
    """Assign, move or cancel a check-up; what it is about stays."""
    fixed = {"check_class": kept.check_class, "cause": kept.cause, "alert_id": kept.alert_id}
    for name, value in fixed.items():
        if getattr(body, name) != value:
            raise InvalidInput(f"{name} stays {value!r}, got {getattr(body, name)!r}", name)
    after = replace(
        kept,
        due_on=body.due_on or kept.due_on,
        cause_ref=body.cause_ref or kept.cause_ref,
        cause_text=body.cause_text or kept.cause_text,
        tier=body.tier,
        note=body.note,
    )
    if kept.state is CheckState.DONE:
        same = (body.firm_id or kept.firm_id, body.inspector_id or kept.inspector_id)
        if body.cancelled or same != (kept.firm_id, kept.inspector_id):
            raise InvalidInput("a check-up that is done is neither assigned nor cancelled", "state")
    elif body.cancelled:
        if not body.note.strip():
            raise InvalidInput("note must say why it is cancelled, got nothing", "note")
        after = replace(after, state=CheckState.CANCELLED)
    else:
        after = _assigned(services, after, body)
    if after != kept and not may_do(who, "checks:plan", building):
        raise Forbidden("who requests check-ups does not change them")
    return after


def _assigned(services: Services, check_up: CheckUp, body: CheckUpIn) -> CheckUp:
    if body.inspector_id:
        user = services.access.user(body.inspector_id)
        if user is None or not user.active:
            raise InvalidInput(
                f"inspector_id must name a user, got {body.inspector_id!r}", "inspector_id"
            )
    return sent(check_up, body.firm_id, body.inspector_id)


def _alert_words(services: Services, building: Building, alert_id: str) -> str:
    """Write an alert's sentence as the cause of a check-up.

    Raises
    ------
    InvalidInput
        When the building has no such alert.

    """
    alert = services.alerts.alert(alert_id)
    if alert is None or alert.building_id != building.id:
        raise InvalidInput(
            f"alert_id must name an alert of the building, got {alert_id!r}", "alert_id"
        )
    ids = [held.finding_id for held in alert.contributions]
    found = services.alerts.findings(Page(200), ids=ids) if ids else []
    return sentence(alert, building, "zh", {one.id: one for one in found})[:500]


def _due(services: Services, body: CheckUpIn, now_ns: int) -> date:
    cycles = in_force(services.check_plans.profiles(), day_of(now_ns))
    return due_after(cycles, body.check_class, body.cause, now_ns)
