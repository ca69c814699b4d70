"""The account of readings: what became of everything that each gateway sent."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from api.fields import At, Day, Id, Out
from api.gateway_scope import gateways_asked
from api.permission import Given, Seen, may
from api.problem import problems
from api.sheet import CSV, csv_response
from domain.access import Caller
from domain.accounts import Fate, NumberGap
from domain.services import Services
from domain.statement import Fleet, Line, lines

router = APIRouter(prefix="/accounts", tags=["accounts"])

FirstDay = Annotated[Day | None, Query(description="first day, included")]
LastDay = Annotated[Day | None, Query(description="last day, included")]
_COUNTED = ("stored", "rejected", "quarantined", "missing", "duplicate")


class Totals(BaseModel):
    """Counts of readings, added up.

    For gateways that number their readings sent = stored + rejected + quarantined + missing,
    duplicates apart; the figures of the others are in `expected` and not in `sent`.
    """

    sent: int
    expected: int
    stored: int
    rejected: int
    quarantined: int
    missing: int
    duplicate: int

    @classmethod
    def of(cls, rows: Sequence[Line]) -> "Totals":
        """Add up lines."""
        return cls(**{name: sum(getattr(a, name) or 0 for a in rows) for name in cls.model_fields})


class ReasonOut(BaseModel):
    """Why readings were not stored."""

    fate: Fate
    reason: str
    readings: int


class LineOut(Out):
    """One gateway's readings on one day (UTC, by arrival)."""

    gateway_id: str
    day: date
    sent: int | None = Field(description="by its own numbers; null for senders without")
    expected: int | None = Field(description="by plan, up to now; for senders without numbers")
    short: int | None = Field(description="expected and not come; for senders without numbers")
    stored: int
    rejected: int
    quarantined: int
    missing: int
    duplicate: int
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, line: Line) -> "LineOut":
        """Show a line."""
        reasons = [ReasonOut(fate=Fate(f), reason=r, readings=n) for f, r, n in line.reasons]
        names = cls.model_fields.keys() - {"reasons"}
        shown = {name: getattr(line, name) for name in names} | {"reasons": reasons}
        return cls.model_validate(shown)


class Accounts(BaseModel):
    """The account, by gateway and day, and added up."""

    items: list[LineOut]
    total: Totals


class GapOut(Out):
    """Numbers that a later one has overtaken and that have not come."""

    gateway_id: str
    boot: int
    count: int = Field(description="how often the gateway had begun to count anew in this boot")
    first: int
    last: int
    readings: int
    day: date = Field(description="on which a later number came: they count as missing on it")
    after: At | None = Field(description="when the reading before them was taken, if known")
    before: At | None = Field(description="when the reading after them was taken, if known")

    @classmethod
    def of(cls, gap: NumberGap) -> "GapOut":
        """Show a gap."""
        names = cls.model_fields.keys() - {"after", "before"}
        times = {"after": gap.after_ns or None, "before": gap.before_ns or None}
        return cls.model_validate({name: getattr(gap, name) for name in names} | times)


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_accounts(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("accounts:read"))],
    gateway_id: Annotated[Id | None, Query()] = None,
    first: FirstDay = None,
    last: LastDay = None,
) -> Accounts:
    """Read the account of readings by gateway and day."""
    rows = _lines(services, gateways_asked(services, sight, who, gateway_id), first, last)
    return Accounts(items=[LineOut.of(row) for row in rows], total=Totals.of(rows))


@router.get(".csv", responses={**CSV, **problems(401, 403, 404, 422, 503)})
def save_accounts(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("accounts:read"))],
    gateway_id: Annotated[Id | None, Query()] = None,
    first: FirstDay = None,
    last: LastDay = None,
) -> Response:
    """Save the account as CSV: one line a gateway and day, the reasons in one cell."""
    rows = _lines(services, gateways_asked(services, sight, who, gateway_id), first, last)
    names = {gateway.id: gateway.name for gateway in services.register.gateways()}
    head = ("gateway_id", "name", "day", "sent", "expected", *_COUNTED, "reasons")
    return csv_response(
        "accounts.csv",
        head,
        (
            (
                *(row.gateway_id, names.get(row.gateway_id, ""), row.day, row.sent, row.expected),
                *(getattr(row, name) for name in _COUNTED),
                "; ".join(f"{fate}: {reason}: {n}" for fate, reason, n in row.reasons),
            )
            for row in rows
        ),
    )


@router.get("/gaps", responses=problems(401, 403, 404, 422, 503))
def read_gaps(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("accounts:read"))],
    gateway_id: Annotated[Id | None, Query()] = None,
    first: FirstDay = None,
    last: LastDay = None,
) -> list[GapOut]:
    """List the numbers that are missing, with the times between which they were taken."""
    wanted = gateways_asked(services, sight, who, gateway_id)
    days = (first.isoformat() if first else "", last.isoformat() if last else "")
    return [GapOut.of(gap) for gap in services.fleet.gaps(wanted, *days)]


@router.get("/gaps.csv", responses={**CSV, **problems(401, 403, 404, 422, 503)})
def save_gaps(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("accounts:read"))],
    gateway_id: Annotated[Id | None, Query()] = None,
    first: FirstDay = None,
    last: LastDay = None,
) -> Response:
    """Save the missing numbers as CSV."""
    rows = read_gaps(services, sight, who, gateway_id, first, last)
    head = tuple(GapOut.model_fields)
    return csv_response(
        "gaps.csv", head, (tuple(_text(getattr(row, name)) for name in head) for row in rows)
    )


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _lines(
    services: Services, wanted: list[str] | None, first: date | None, last: date | None
) -> list[Line]:
    gateways = services.register.gateways()
    shards = sorted({gateway.shard for gateway in gateways})
    pairs = [p for shard in shards for p in services.register.channels_of_gateways(shard)]
    return lines(
        services.accounts.accounts(wanted),
        Fleet.of(gateways, pairs, services.fleet.plans(wanted)),
        services.clock.now_ns(),
        first.isoformat() if first else "",
        last.isoformat() if last else "",
    )
