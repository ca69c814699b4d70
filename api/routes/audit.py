"""The audit: who changed what, and when."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel

from api.fields import INT64_MAX, Id
from api.paging import Limit, PageOf
from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.clock import to_datetime
from domain.errors import Forbidden
from domain.ports import Page
from domain.reach import whole_city

router = APIRouter(prefix="/audit", tags=["audit"])


class AuditLineOut(BaseModel):
    """One change."""

    at: AwareDatetime
    by: str
    action: str
    object_id: str
    detail: str


@router.get("", responses=problems(401, 403, 422, 503))
def read_audit(
    services: Given,
    who: Annotated[Caller, Depends(may("audit:read"))],
    object_id: Annotated[Id | None, Query()] = None,
    limit: Limit = 100,
    after: Annotated[
        str, Query(pattern=r"^([0-9]{1,19})?$", description="`next` of the page before")
    ] = "",
) -> PageOf[AuditLineOut]:
    """List who changed what, newest first; its lines do not tell their part of the city."""
    if not whole_city(who):
        raise Forbidden("the audit is for administrators of the whole city")
    # what is beyond 64 bits is beyond all lines
    after = str(min(int(after), INT64_MAX)) if after else ""
    rows = services.audit.audit(Page(limit + 1, after), object_id=object_id or "")
    page = rows[:limit]
    return PageOf(
        items=[
            AuditLineOut(at=to_datetime(at), by=by, action=action, object_id=of, detail=detail)
            for at, by, action, of, detail in page
        ],
        next=str(page[-1][0]) if len(rows) > limit else None,
    )
