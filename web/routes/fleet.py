"""The fleet: how gateways and sensors are, and which of them need a visit."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from domain.access import Caller, may
from domain.certificates import Certificate, to_renew
from domain.fleet import DayRate, SensorHealth
from domain.fleet_view import SORTS, FleetReader, chosen
from web.formats import local
from web.gateway_scope import gateway_seen, gateways_seen
from web.guard import PageRoute, allowed, estate_of, services_of
from web.render import page

router = APIRouter(prefix="/fleet", route_class=PageRoute)

FILTERS = ("", "visit", "offline", "blind", "degraded", "learning")
#: size of the picture of one gateway's days
BAR_WIDTH, BAR_GAP, BAR_HEIGHT = 3, 1, 20
GAPS_SHOWN = 50


@router.get("")
def fleet(
    request: Request,
    text: Annotated[str, Query(max_length=100)] = "",
    only: Annotated[str, Query(max_length=20)] = "",
    sort: Annotated[str, Query(max_length=20)] = "needs",
) -> Response:
    """List the gateways, those that need a visit most first."""
    caller = allowed(request, "gateways:read")
    only, sort = only if only in FILTERS else "", sort if sort in SORTS else "needs"
    rows = FleetReader(services_of(request), gateways_seen(request, caller, "gateways:read")).rows()
    counts = {health: sum(row.count(health) for row in rows) for health in SensorHealth}
    return page(
        request,
        "fleet.html",
        active="fleet",
        rows=chosen(rows, text=text, only=only, sort=sort),
        gateways=len(rows),
        visits=sum(bool(row.needs) for row in rows),
        offline=sum(row.status is None or not row.status.online for row in rows),
        counts=counts,
        healths=list(SensorHealth),
        text=text,
        only=only,
        sort=sort,
        filters=FILTERS,
        sorts=SORTS,
        query=urlencode({"text": text, "only": only, "sort": sort}),
        bars=bars,
        certificates=_certificates(request, caller),
        warn_days=int(services_of(request).profile.number("certificate.warn_days")),
    )


@router.get("/{gateway_id}")
def gateway(request: Request, gateway_id: str) -> Response:
    """Show one gateway: its sensors, its plan, its days."""
    caller = allowed(request, "gateways:read")
    services = services_of(request)
    known = gateway_seen(request, caller, "gateways:read", gateway_id)
    row = FleetReader(services, [known]).row(known)
    gaps = services.fleet.gaps([gateway_id]) if may(caller, "accounts:read") else []
    return page(
        request,
        "fleet_gateway.html",
        active="fleet",
        row=row,
        healths=list(SensorHealth),
        plans=list(reversed(services.fleet.plans([gateway_id])))[:10],
        gaps=sorted(gaps, key=lambda g: (g.day, g.boot, g.first), reverse=True)[:GAPS_SHOWN],
        bars=bars,
    )


def _certificates(request: Request, caller: Caller) -> list[Certificate]:
    """List the certificates that are to be renewed, of the houses that somebody may see."""
    if not may(caller, "buildings:read"):
        return []
    services, estate = services_of(request), estate_of(request)
    houses = estate.visible(caller, "buildings:read")
    shards = sorted({gateway.shard for gateway in services.register.gateways()})
    pairs = [
        (building, site)
        for shard in shards
        for building, _, site in services.register.sites(shard)
        if building.id in houses
    ]
    today = local(services.clock.now_ns()).date()
    return to_renew(pairs, today, int(services.profile.number("certificate.warn_days")))


def bars(days: tuple[DayRate, ...]) -> list[tuple[int, int, int, DayRate]]:
    """Lay out one bar a day: (x, y, height, day); a day of which nothing is known has height 0."""
    laid = []
    for place, day in enumerate(days):
        share = 0.0 if day.percent is None else min(day.percent, 100.0) / 100.0
        height = 0 if day.percent is None else max(1, round(share * BAR_HEIGHT))
        laid.append((place * (BAR_WIDTH + BAR_GAP), BAR_HEIGHT - height, height, day))
    return laid
