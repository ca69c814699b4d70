"""Gateways: registered, handed over and shut out; the account of their readings."""

import base64
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from domain.access import Caller, may
from domain.accounts import DayAccount
from domain.clock import HOUR_NS, to_datetime
from domain.credentials import GatewayCredential, HandOver, check_gateway_id
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ports import GatewayStatus, Page
from domain.sensors import Gateway
from domain.services import Services
from web.estate import Estate
from web.guard import PageRoute, allowed, caller_of, estate_of, services_of
from web.render import page

router = APIRouter(route_class=PageRoute)

COUNTED = ("sent", "stored", "rejected", "quarantined", "missing", "duplicate")
NEWEST = 30
#: hours for which an old secret may go on: none, a visit, a round of visits, a month
OVERLAPS_H = (0, 24, 168, 720)
_HOUR_S = 3600
SHARD_MAX = 65_535


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """One gateway with the sum of its days."""

    gateway: Gateway
    status: GatewayStatus | None
    account: dict[str, int]
    secret: str


@dataclass(frozen=True, slots=True)
class SecretRow:
    """One secret with its state: `valid`, `ending`, `ended` or `revoked`."""

    credential: GatewayCredential
    state: str


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
    secrets = _secret_states(services) if may(caller, "credentials:write") else {}
    rows = [
        GatewayRow(
            known[gateway_id],
            statuses.get(gateway_id),
            _sum(accounts),
            secrets.get(gateway_id, "none"),
        )
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


@router.get("/gateways/new")
def new_gateway(request: Request) -> Response:
    """Show the form that registers a gateway."""
    _may_register(request)
    return page(request, "_gateway_form.html", gateway=None, name="", fault="")


@router.post("/gateways")
def register_gateway(
    request: Request,
    gateway_id: Annotated[str, Form(max_length=200)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
    shard: Annotated[str, Form(max_length=10)] = "0",
    numbered: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Register a gateway and hand it over."""
    caller = _may_register(request)
    services = services_of(request)
    gateway_id, name = gateway_id.strip(), name.strip()
    number = int(shard) if shard.isdecimal() and int(shard) <= SHARD_MAX else None
    gateway = Gateway(gateway_id, name or gateway_id, number or 0, numbered=bool(numbered))
    fault = "shard" if number is None else ""
    try:
        check_gateway_id(gateway_id)
        if services.register.gateway(gateway_id) is not None:
            fault = "taken"
        if not fault:
            services.register.put_gateway(gateway, caller.name)
    except InvalidInput:
        fault = "id"
    except Conflict:  # somebody else registered it in between
        fault = "taken"
    if fault:
        answer = page(
            request, "_gateway_form.html", status=422, gateway=gateway, name=name, fault=fault
        )
        answer.headers["HX-Retarget"] = "#dialog-place"
        return answer
    return _sheet(request, services.provisioning.make(gateway_id, caller.name))


@router.get("/gateways/{gateway_id}/credential")
def credential(request: Request, gateway_id: str) -> Response:
    """Show the state of a gateway's secrets, with what may be done."""
    gateway = _own(request, gateway_id)
    provisioning = services_of(request).provisioning
    held = provisioning.credentials(gateway_id)
    valid = {one.id for one in provisioning.valid(held)}
    rows = [SecretRow(one, _state(one, one.id in valid)) for one in reversed(held)]
    return page(
        request,
        "_credential.html",
        gateway=gateway,
        rows=rows,
        usable=bool(valid),
        overlaps=[(hours, hours * HOUR_NS) for hours in OVERLAPS_H],
    )


@router.post("/gateways/{gateway_id}/credential")
def make_credential(request: Request, gateway_id: str) -> Response:
    """Make a first secret and show the sheet, this once."""
    _own(request, gateway_id)
    services = services_of(request)
    return _sheet(request, services.provisioning.make(gateway_id, caller_of(request).name))


@router.post("/gateways/{gateway_id}/credential/rotate")
def rotate_credential(
    request: Request,
    gateway_id: str,
    hours: Annotated[str, Form(max_length=10)] = "24",
) -> Response:
    """Replace a secret and show the sheet with the new one, this once."""
    _own(request, gateway_id)
    if not hours.isdecimal() or int(hours) not in OVERLAPS_H:
        raise InvalidInput(f"hours must be one of {OVERLAPS_H}, got {hours!r}", "hours")
    provisioning = services_of(request).provisioning
    given = provisioning.rotate(gateway_id, caller_of(request).name, int(hours) * _HOUR_S)
    return _sheet(request, given)


@router.post("/gateways/{gateway_id}/credential/revoke")
def revoke_credential(
    request: Request,
    gateway_id: str,
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Shut a gateway out."""
    _own(request, gateway_id)
    services_of(request).provisioning.revoke(gateway_id, caller_of(request).name, reason)
    return Response(status_code=204, headers={"HX-Refresh": "true"})


def _sheet(request: Request, given: HandOver) -> Response:
    code = base64.b64encode(given.qr_svg.encode()).decode()
    return page(request, "_hand_over.html", given=given, code=code)


def _may_register(request: Request) -> Caller:
    allowed(request, "register:write")
    return allowed(request, "credentials:write")


def _own(request: Request, gateway_id: str) -> Gateway:
    """Find a gateway all of whose buildings the caller may see.

    Raises
    ------
    NotFound
        When there is none, or the caller sees none of its buildings.
    Forbidden
        When it serves buildings that the caller does not see.

    """
    caller = allowed(request, "credentials:write")
    services = services_of(request)
    gateway = services.register.gateway(gateway_id)
    ids = estate_of(request).visible_ids(caller, "gateways:read")
    if gateway is None:
        raise NotFound(f"no gateway {gateway_id!r}")
    if ids is not None:
        served = _served(services).get(gateway_id, set())
        if served and not served & set(ids):
            raise NotFound(f"no gateway {gateway_id!r}")
        if not served <= set(ids):
            raise Forbidden(f"gateway {gateway_id!r} also serves other parts of the city")
    return gateway


def gateways_for(services: Services, estate: Estate, caller: Caller) -> list[Gateway]:
    """List the gateways that serve a building the caller may see, and those that serve none."""
    known = services.register.gateways()
    ids = estate.visible_ids(caller, "gateways:read")
    if ids is None:
        return known
    seen, served = set(ids), _served(services)
    return [g for g in known if not served.get(g.id) or served[g.id] & seen]


def _served(services: Services) -> dict[str, set[str]]:
    """Tell the ids of the buildings that each gateway serves."""
    served: dict[str, set[str]] = {}
    for shard in sorted({g.shard for g in services.register.gateways()}):
        for building, _, site in services.register.sites(shard):
            for sensor in site.sensors:
                served.setdefault(sensor.gateway_id, set()).add(building.id)
    return served


def _secret_states(services: Services) -> dict[str, str]:
    """Tell of each gateway's secrets the best state: `valid`, `ending`, `ended` or `revoked`."""
    held: dict[str, list[GatewayCredential]] = {}
    for one in services.provisioning.credentials():
        held.setdefault(one.gateway_id, []).append(one)
    found = {}
    for gateway_id, secrets in held.items():
        valid = services.provisioning.valid(secrets)
        newest = valid[0] if valid else secrets[-1]
        found[gateway_id] = _state(newest, bool(valid))
    return found


def _state(one: GatewayCredential, valid: bool) -> str:
    if valid:
        return "valid" if one.ends_at_ns is None else "ending"
    return "revoked" if one.revoked_at_ns is not None else "ended"


def _sum(accounts: list[DayAccount]) -> dict[str, int]:
    return {name: sum(getattr(a, name) for a in accounts) for name in COUNTED}
