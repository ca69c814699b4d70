"""The account of readings: what became of everything that each gateway sent."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from api.fields import At, Day, Id, Out
from api.paging import After, Limit, PageOf
from api.permission import Given, Seen, may
from api.problem import problems
from api.sight import Sight
from api.visibility import whole_city
from domain.access import Caller
from domain.accounts import DayAccount, Fate, Refusal
from domain.errors import InvalidInput, NotFound
from domain.ports import Page
from domain.services import Services

router = APIRouter(tags=["accounts"])


class Totals(BaseModel):
    """Counts of readings: sent = stored + rejected + quarantined + missing, duplicates apart."""

    sent: int
    stored: int
    rejected: int
    quarantined: int
    missing: int
    duplicate: int

    @classmethod
    def of(cls, accounts: list[DayAccount]) -> "Totals":
        """Add up accounts."""
        return cls(**{name: sum(getattr(a, name) for a in accounts) for name in cls.model_fields})


class DayAccountOut(Out):
    """One gateway's readings on one day (UTC, by arrival)."""

    gateway_id: str
    day: date
    sent: int
    stored: int
    rejected: int
    quarantined: int
    missing: int
    duplicate: int


class Accounts(BaseModel):
    """The account, by gateway and day, and added up."""

    items: list[DayAccountOut]
    total: Totals


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

    @classmethod
    def of(cls, refusal: Refusal) -> "RefusalOut":
        """Show a refusal."""
        names = cls.model_fields.keys() - {"received_at", "sample"}
        return cls.model_validate(
            {name: getattr(refusal, name) for name in names}
            | {
                "received_at_ns": refusal.received_at_ns,
                "sample": refusal.sample.decode("utf-8", "backslashreplace"),
            }
        )


class RefusalCount(BaseModel):
    """How many readings of a gateway were refused for one reason."""

    gateway_id: str
    fate: Fate
    reason: str
    address: str
    count: int


@router.get("/accounts", responses=problems(401, 403, 404, 422, 503))
def read_accounts(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("accounts:read"))],
    gateway_id: Annotated[Id | None, Query()] = None,
    first: Annotated[Day | None, Query(description="first day, included")] = None,
    last: Annotated[Day | None, Query(description="last day, included")] = None,
) -> Accounts:
    """Read the account of readings by gateway and day."""
    wanted = _gateways(services, sight, who, gateway_id)
    rows = [
        row
        for row in services.accounts.accounts(wanted)
        if (first is None or row.day >= first.isoformat())
        and (last is None or row.day <= last.isoformat())
    ]
    return Accounts(
        items=[DayAccountOut.model_validate(row) for row in rows], total=Totals.of(rows)
    )


@router.get("/refusals", responses=problems(401, 403, 404, 422, 503))
def read_refusals(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("accounts:read"))],
    gateway_id: Annotated[Id | None, Query()] = None,
    limit: Limit = 100,
    after: After = "",
) -> PageOf[RefusalOut]:
    """List what was not stored and why, newest first; unknown gateways for the whole city only."""
    wanted = _gateways(services, sight, who, gateway_id)
    rows = _refusals(services, wanted, Page(limit + 1, after))
    page = rows[:limit]
    return PageOf(
        items=[RefusalOut.of(row) for row in page],
        next=page[-1].id if len(rows) > limit else None,
    )


@router.get("/refusals/counts", responses=problems(401, 403, 503))
def read_refusal_counts(
    services: Given, sight: Seen, who: Annotated[Caller, Depends(may("accounts:read"))]
) -> list[RefusalCount]:
    """Count what was not stored by gateway, fate, reason and address."""
    wanted = _gateways(services, sight, who, None)
    return [
        RefusalCount(gateway_id=gateway, fate=Fate(fate), reason=reason, address=at, count=count)
        for gateway, fate, reason, at, count in services.accounts.refusal_counts()
        if wanted is None or gateway in wanted
    ]


def _gateways(
    services: Services, sight: Sight, caller: Caller, gateway_id: str | None
) -> list[str] | None:
    """List the gateways that a caller asks for and may see; `None` means all, unknown ones too.

    Raises
    ------
    NotFound
        When the one that is asked for is not there or foreign.

    """
    if gateway_id is not None:
        return [sight.gateway(caller, gateway_id).id]
    if whole_city(caller):
        return None
    return [gateway.id for gateway in sight.gateways(caller, services.register.gateways())]


def _refusals(services: Services, gateway_ids: list[str] | None, page: Page) -> list[Refusal]:
    """Read refusals of some gateways, newest first.

    Raises
    ------
    NotFound
        When the page goes on after a refusal that is not there.

    """
    try:
        if gateway_ids is None:
            return services.accounts.refusals(page)
        found = [services.accounts.refusals(page, gateway_id=each) for each in gateway_ids]
    except InvalidInput:
        raise NotFound(f"no refusal {page.after!r} to go on after") from None
    rows = [row for rows in found for row in rows]
    return sorted(rows, key=lambda row: (row.received_at_ns, row.id), reverse=True)[: page.limit]
