"""Which buildings and gateways each caller may see, remembered until the register changes."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from api.visibility import BUILDINGS_AT_ONCE, visible_districts
from domain.access import Caller, Scope, may_see_gateway
from domain.errors import NotFound
from domain.ports import Page
from domain.reach import whole_city
from domain.sensors import Gateway
from domain.services import Services

#: scopes whose buildings are remembered
SCOPES_REMEMBERED = 64


class Sight:
    """Remembers which buildings and gateways each set of scopes shows, until the register changes.

    Lists, counts and the stream of events are cut to these. One instance serves an application.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._buildings: OrderedDict[tuple[Scope, ...], tuple[int, frozenset[str]]] = OrderedDict()
        self._gateways: tuple[int, dict[str, frozenset[str]]] | None = None

    def buildings(self, caller: Caller) -> frozenset[str] | None:
        """Tell the ids of all buildings that a caller may see; `None` means every one."""
        if whole_city(caller):
            return None
        # the number is read first: a change meanwhile makes the answer old, never wrong for long
        revision = self._services.register.revision()
        with self._lock:
            known = self._buildings.get(caller.scopes)
        if known is not None and known[0] == revision:
            return known[1]
        ids: set[str] = set()
        after = ""
        districts = visible_districts(self._services.register, caller)
        while districts != []:
            rows = self._services.register.buildings(
                Page(BUILDINGS_AT_ONCE, after), districts=districts
            )
            ids.update(row.id for row in rows if any(scope.covers(row) for scope in caller.scopes))
            if len(rows) < BUILDINGS_AT_ONCE:
                break
            after = rows[-1].id
        with self._lock:
            self._buildings[caller.scopes] = (revision, frozenset(ids))
            self._buildings.move_to_end(caller.scopes)
            if len(self._buildings) > SCOPES_REMEMBERED:
                self._buildings.popitem(last=False)
        return frozenset(ids)

    def gateways(self, caller: Caller, gateways: Sequence[Gateway]) -> list[Gateway]:
        """Keep the gateways within a caller's scopes: by building, or by themselves."""
        seen = self.buildings(caller)
        if seen is None:
            return list(gateways)
        served = self._served()
        return [g for g in gateways if may_see_gateway(caller, g.id, served.get(g.id, ()), seen)]

    def gateway(self, caller: Caller, gateway_id: str) -> Gateway:
        """Find a gateway that a caller may see.

        Raises
        ------
        NotFound
            When there is none, or all its buildings are foreign.

        """
        gateway = self._services.register.gateway(gateway_id)
        if gateway is None or not self.gateways(caller, [gateway]):
            raise NotFound(f"no gateway {gateway_id!r}")
        return gateway

    def served_by(self, gateway_id: str) -> frozenset[str]:
        """Tell the ids of all buildings that a gateway serves."""
        return self._served().get(gateway_id, frozenset())

    def _served(self) -> dict[str, frozenset[str]]:
        """Tell which buildings each gateway serves."""
        revision = self._services.register.revision()
        with self._lock:
            if self._gateways is not None and self._gateways[0] == revision:
                return self._gateways[1]
        served: dict[str, set[str]] = {}
        for shard in sorted({gateway.shard for gateway in self._services.register.gateways()}):
            for building, _, site in self._services.register.sites(shard):
                for sensor in site.sensors:
                    served.setdefault(sensor.gateway_id, set()).add(building.id)
        answer = {gateway_id: frozenset(ids) for gateway_id, ids in served.items()}
        with self._lock:
            self._gateways = (revision, answer)
        return answer
