"""Which gateways a question about accounts and quarantine reaches."""

from api.sight import Sight
from domain.access import Caller
from domain.reach import whole_city
from domain.services import Services


def gateways_asked(
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
