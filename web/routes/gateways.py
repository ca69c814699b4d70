"""Gateways with the account of their readings, and what was refused."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from domain.access import Caller, may
from domain.accounts import DayAccount
from domain.clock import to_datetime
from domain.ports import GatewayStatus, Page
from domain.sensors import Gateway
from domain.services import Services
from web.estate import Estate
from web.guard import PageRoute, allowed, estate_of, services_of
from web.render import page

router = APIRouter(route_class=PageRoute)

COUNTED = ("sent", "stored", "rejected", "quarantined", "missing", "duplicate")
NEWEST = 30


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """One gateway with the sum of its days."""

    gateway: Gateway
    status: GatewayStatus | None
    account: dict[str, int]


@router.get("/gateways")
def gateways(request: Request, days: Annotated[str, Query(max_length=10)] = "all") -> Response:
    """Show what became of everything that each gateway sent."""
    caller = allowed(request, "gateways:read")
    services = services_of(request)
    known = {g.id: g for g in gateways_for(services, estate_of(request), caller)}
    statuses = {s.gateway_id: s for s in services.accounts.statuses()}
    today = to_datetime(services.clock.now_ns()).date().isoformat()
    sums: dict[str, list[DayAccount]] = {gateway_id: [] for gateway_id in known}
    for account in services.accounts.accounts(list(known)):
        if account.gateway_id in sums and (days != "today" or account.day == today):
            sums[account.gateway_id].append(account)
    rows = [
        GatewayRow(known[gateway_id], statuses.get(gateway_id), _sum(accounts))
        for gateway_id, accounts in sums.items()
    ]
    everywhere = estate_of(request).visible_ids(caller, "gateways:read") is None
    counts, newest = [], []
    if may(caller, "accounts:read"):
        # senders that nobody registered belong to no part of the city
        counts = [c for c in services.accounts.refusal_counts() if everywhere or c[0] in known]
        newest = [
            r
            for r in services.accounts.refusals(Page(NEWEST if everywhere else 10 * NEWEST))
            if everywhere or r.gateway_id in known
        ][:NEWEST]
    return page(
        request,
        "gateways.html",
        active="gateways",
        days="today" if days == "today" else "all",
        rows=sorted(rows, key=lambda row: (row.gateway.name, row.gateway.id)),
        total={name: sum(row.account[name] for row in rows) for name in COUNTED},
        counts=sorted(counts, key=lambda c: -c[4]),
        newest=newest,
        names={g.id: g.name for g in known.values()},
    )


def gateways_for(services: Services, estate: Estate, caller: Caller) -> list[Gateway]:
    """List the gateways that serve a building the caller may see."""
    known = services.register.gateways()
    ids = estate.visible_ids(caller, "gateways:read")
    if ids is None:
        return known
    seen = frozenset(ids)
    serving = {
        sensor.gateway_id
        for shard in sorted({g.shard for g in known})
        for building, _, site in services.register.sites(shard)
        if building.id in seen
        for sensor in site.sensors
    }
    return [g for g in known if g.id in serving]


def _sum(accounts: list[DayAccount]) -> dict[str, int]:
    return {name: sum(getattr(a, name) for a in accounts) for name in COUNTED}
