"""Appraisals that check-ups call for (鉴定): list, cancel, answer with a report."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.check_fields import OrderIn, OrderOut
from api.check_scope import order_for
from api.fields import Id, PathId
from api.permission import Given, Seen, may
from api.preconditions import IfMatch, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for
from domain.access import Caller
from domain.checkups import OrderState
from domain.errors import InvalidInput

router = APIRouter(prefix="/appraisal-orders", tags=["check-ups"])


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_orders(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("checks:read"))],
    building_id: Annotated[Id | None, Query()] = None,
    state: Annotated[list[OrderState] | None, Query(max_length=3)] = None,
) -> list[OrderOut]:
    """List ordered appraisals by due day."""
    if building_id is not None:
        wanted: list[str] | None = [building_for(services, who, "checks:read", building_id).id]
    else:
        seen = sight.buildings(who)
        wanted = None if seen is None else sorted(seen)
    return [OrderOut.model_validate(one) for one in services.checks.orders(wanted, state or ())]


@router.put("/{order_id}", responses=PUT_PROBLEMS)
def put_order(
    order_id: PathId,
    body: OrderIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:plan"))],
    if_match: IfMatch = "",
) -> OrderOut:
    """Cancel an ordered appraisal, or name the report that answers it (with `If-Match`)."""
    kept = order_for(services, who, "checks:plan", order_id)
    if body.state is OrderState.CANCELLED and not body.note.strip():
        raise InvalidInput("note must say why it is cancelled, got nothing", "note")
    if body.state is OrderState.REPORTED:
        made = services.register.appraisals(kept.building_id)
        if body.appraisal_id not in {one.id for one in made}:
            raise InvalidInput(
                f"appraisal_id must name an appraisal of the building, got {body.appraisal_id!r}",
                "appraisal_id",
            )
    elif body.appraisal_id:
        raise InvalidInput("appraisal_id belongs to the state 'reported'", "appraisal_id")
    closed_at_ns = None
    if body.state is not OrderState.OPEN:
        unchanged = body.state is kept.state
        closed_at_ns = kept.closed_at_ns if unchanged else services.clock.now_ns()
    wanted = replace(
        kept,
        state=body.state,
        due_on=body.due_on or kept.due_on,
        appraisal_id=body.appraisal_id,
        closed_at_ns=closed_at_ns,
        note=body.note,
    )
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"appraisal order {order_id!r}",
        lambda order: services.checks.put_order(order, who.name),
    )
    return OrderOut.model_validate(done)
