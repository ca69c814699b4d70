"""What was not stored, and why: to be looked through, searched, and released."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from api.fields import At, Id, Out, PathId, QueryText
from api.gateway_scope import gateways_asked
from api.paging import After, Limit, PageOf
from api.permission import Given, Seen, may
from api.problem import problems
from api.sight import Sight
from domain.access import Caller
from domain.accounts import Fate, Refusal
from domain.errors import InvalidInput, NotFound
from domain.fleet_ports import Release
from domain.ports import Page
from domain.services import Services

router = APIRouter(prefix="/refusals", tags=["accounts"])


class ReleaseOut(Out):
    """A decision to let quarantined readings in, and what came of it."""

    by: str
    asked_at: At = Field(validation_alias="asked_at_ns")
    done_at: At | None = Field(validation_alias="done_at_ns")
    stored: int
    outcome: str = Field(description="empty while it waits; `released`, or why it could not be")


class RefusalOut(Out):
    """A payload or reading that was not stored."""

    id: str
    gateway_id: str
    received_at: At = Field(validation_alias="received_at_ns")
    fate: Fate
    reason: str
    detail: str
    readings: int = Field(description="how many it stands for; 0 when it cannot be read at all")
    address: str
    sample: str = Field(description="as it came, cut; bytes that are no UTF-8 as \\xNN")
    release: ReleaseOut | None

    @classmethod
    def of(cls, refusal: Refusal, release: Release | None) -> "RefusalOut":
        """Show a refusal."""
        names = cls.model_fields.keys() - {"received_at", "sample", "release"}
        return cls.model_validate(
            {name: getattr(refusal, name) for name in names}
            | {
                "received_at_ns": refusal.received_at_ns,
                "sample": refusal.sample.decode("utf-8", "backslashreplace"),
                "release": release and ReleaseOut.model_validate(release),
            }
        )


class RefusalCount(BaseModel):
    """How many readings of a gateway were refused for one reason."""

    gateway_id: str
    fate: Fate
    reason: str
    address: str
    count: int


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_refusals(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("refusals:read"))],
    gateway_id: Annotated[Id | None, Query()] = None,
    fate: Annotated[Fate | None, Query()] = None,
    reason: QueryText = "",
    text: QueryText = "",
    limit: Limit = 100,
    after: After = "",
) -> PageOf[RefusalOut]:
    """List what was not stored and why, newest first; unknown gateways for the whole city only.

    `text` is looked for in the gateway's id, the address and the detail.
    """
    wanted = gateways_asked(services, sight, who, gateway_id)
    try:
        rows = services.quarantine.search(
            Page(limit + 1, after), gateway_ids=wanted, fate=fate, reason=reason, text=text
        )
    except InvalidInput:
        raise NotFound(f"no refusal {after!r} to go on after") from None
    page = rows[:limit]
    releases = services.quarantine.releases([row.id for row in page])
    return PageOf(
        items=[RefusalOut.of(row, releases.get(row.id)) for row in page],
        next=page[-1].id if len(rows) > limit else None,
    )


@router.get("/counts", responses=problems(401, 403, 503))
def read_refusal_counts(
    services: Given, sight: Seen, who: Annotated[Caller, Depends(may("refusals:read"))]
) -> list[RefusalCount]:
    """Count what was not stored by gateway, fate, reason and address."""
    wanted = gateways_asked(services, sight, who, None)
    return [
        RefusalCount(gateway_id=gateway, fate=Fate(fate), reason=reason, address=at, count=count)
        for gateway, fate, reason, at, count in services.accounts.refusal_counts()
        if wanted is None or gateway in wanted
    ]


@router.post(
    "/{refusal_id}/release", status_code=202, responses=problems(401, 403, 404, 409, 422, 503)
)
def release_refusal(
    refusal_id: PathId,
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("refusals:release"))],
) -> RefusalOut:
    """Ask that quarantined readings be let in; ingest does it within seconds, and once."""
    refusal = _refusal_for(services, sight, who, refusal_id)
    release = Release(refusal_id, who.name, services.clock.now_ns())
    services.quarantine.ask_release(release)
    return RefusalOut.of(refusal, release)


def _refusal_for(services: Services, sight: Sight, caller: Caller, refusal_id: str) -> Refusal:
    """Find a refusal that a caller may see.

    Raises
    ------
    NotFound
        When there is none, or its gateway is foreign or unknown to all but the whole city.

    """
    refusal = services.quarantine.refusal(refusal_id)
    wanted = gateways_asked(services, sight, caller, None)
    if refusal is None or (wanted is not None and refusal.gateway_id not in wanted):
        raise NotFound(f"no refusal {refusal_id!r}")
    return refusal
