"""The account of readings by gateway and day, and the quarantine with its release."""

from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from domain.accounts import Fate
from domain.clock import to_datetime
from domain.errors import InvalidInput, NotFound
from domain.fleet_ports import Release
from domain.ports import Page
from domain.statement import Fleet, Line, lines
from web.gateway_scope import gateways_seen
from web.guard import PageRoute, allowed, estate_of, services_of
from web.render import page

router = APIRouter(route_class=PageRoute)

COUNTED = ("sent", "expected", "stored", "rejected", "quarantined", "missing", "duplicate")
DAYS = (1, 7, 30, 90)
#: lines and gaps that one page shows; the file holds all
SHOWN_MAX = 300
REFUSALS_SHOWN = 50
SearchText = Annotated[str, Query(max_length=200)]


@router.get("/accounts")
def accounts(
    request: Request, gateway: SearchText = "", days: Annotated[int, Query(ge=1, le=400)] = 7
) -> Response:
    """Show what became of everything that gateways sent, day by day."""
    caller = allowed(request, "accounts:read")
    services = services_of(request)
    seen = gateways_seen(request, caller, "accounts:read")
    names = {one.id: one.name for one in seen}
    if gateway and gateway not in names:
        raise NotFound(f"no gateway {gateway!r}")
    today = to_datetime(services.clock.now_ns()).date()
    first = (today - timedelta(days=days - 1)).isoformat()
    everything = estate_of(request).visible_ids(caller, "accounts:read") is None
    wanted = [gateway] if gateway else None if everything else list(names)
    gateways = services.register.gateways()
    shards = sorted({one.shard for one in gateways})
    pairs = [p for shard in shards for p in services.register.channels_of_gateways(shard)]
    fleet = Fleet.of(gateways, pairs, services.fleet.plans(wanted))
    now_ns = services.clock.now_ns()
    rows = lines(services.accounts.accounts(wanted), fleet, now_ns, first)
    gaps = services.fleet.gaps(wanted, first)
    query = {"first": first} | ({"gateway_id": gateway} if gateway else {})
    return page(
        request,
        "accounts.html",
        active="accounts",
        rows=_newest_first(rows)[:SHOWN_MAX],
        more=max(0, len(rows) - SHOWN_MAX),
        total={name: sum(getattr(row, name) or 0 for row in rows) for name in COUNTED},
        unnumbered=any(row.expected is not None for row in rows),
        gaps=sorted(gaps, key=lambda g: (g.day, g.gateway_id, g.first), reverse=True)[:SHOWN_MAX],
        gap_count=len(gaps),
        gateways=seen,
        chosen=gateway,
        names=names,
        days=days,
        day_choices=DAYS,
        query=urlencode(query),
    )


def _newest_first(rows: list[Line]) -> list[Line]:
    return sorted(rows, key=lambda row: (-date.fromisoformat(row.day).toordinal(), row.gateway_id))


@router.get("/quarantine")
def quarantine(
    request: Request,
    text: SearchText = "",
    fate: SearchText = "",
    reason: SearchText = "",
    after: SearchText = "",
) -> Response:
    """Look through what was not stored."""
    caller = allowed(request, "refusals:read")
    services = services_of(request)
    seen = gateways_seen(request, caller, "refusals:read")
    names = {one.id: one.name for one in seen}
    everything = estate_of(request).visible_ids(caller, "refusals:read") is None
    wanted = None if everything else list(names)
    kept = Fate(fate) if fate in set(Fate) else None
    try:
        found = services.quarantine.search(
            Page(REFUSALS_SHOWN + 1, after), gateway_ids=wanted, fate=kept, reason=reason, text=text
        )
    except InvalidInput:
        raise NotFound(f"no refusal {after!r} to go on after") from None
    rows = found[:REFUSALS_SHOWN]
    counts = [c for c in services.accounts.refusal_counts() if wanted is None or c[0] in names]
    asked = {"text": text, "fate": fate, "reason": reason}
    return page(
        request,
        "quarantine.html",
        active="accounts",
        rows=rows,
        releases=services.quarantine.releases([row.id for row in rows]),
        names=names,
        text=text,
        fate=fate,
        reason=reason,
        fates=list(Fate),
        reasons=sorted({c[2] for c in counts}),
        counts=sorted(counts, key=lambda c: -c[4])[:20],
        next=urlencode(asked | {"after": rows[-1].id}) if len(found) > REFUSALS_SHOWN else "",
    )


@router.post("/quarantine/{refusal_id}/release")
def release(request: Request, refusal_id: str) -> Response:
    """Ask that quarantined readings be let in."""
    caller = allowed(request, "refusals:release")
    services = services_of(request)
    refusal = services.quarantine.refusal(refusal_id)
    everything = estate_of(request).visible_ids(caller, "refusals:release") is None
    names = {one.id for one in gateways_seen(request, caller, "refusals:release")}
    if refusal is None or not (everything or refusal.gateway_id in names):
        raise NotFound(f"no refusal {refusal_id!r}")
    services.quarantine.ask_release(Release(refusal_id, caller.name, services.clock.now_ns()))
    return Response(status_code=204, headers={"HX-Refresh": "true"})
