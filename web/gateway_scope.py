"""Which gateways a page's reader may see."""

from fastapi import Request

from domain.access import Caller, may_see_gateway
from domain.errors import NotFound
from domain.sensors import Gateway
from web.guard import estate_of, services_of


def gateways_seen(request: Request, caller: Caller, action: str) -> list[Gateway]:
    """List the gateways within a caller's scopes, by name."""
    register = services_of(request).register
    known = sorted(register.gateways(), key=lambda gateway: (gateway.name, gateway.id))
    seen = estate_of(request).visible_ids(caller, action)
    if seen is None:
        return known
    serves: dict[str, set[str]] = {}
    for shard in sorted({gateway.shard for gateway in known}):
        for building, _, site in register.sites(shard):
            for sensor in site.sensors:
                serves.setdefault(sensor.gateway_id, set()).add(building.id)
    visible = frozenset(seen)
    return [g for g in known if may_see_gateway(caller, g.id, serves.get(g.id, ()), visible)]


def gateway_seen(request: Request, caller: Caller, action: str, gateway_id: str) -> Gateway:
    """Find a gateway that a caller may see.

    Raises
    ------
    NotFound
        When there is none, or it is foreign.

    """
    for gateway in gateways_seen(request, caller, action):
        if gateway.id == gateway_id:
            return gateway
    raise NotFound(f"no gateway {gateway_id!r}")
