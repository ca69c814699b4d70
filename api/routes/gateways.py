"""Gateways: the boxes that read sensors and publish."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.fields import WHOLE, At, Flag, In, Name, Out, PathId
from api.permission import Given, Seen, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from domain.access import Caller
from domain.errors import Forbidden
from domain.gateway_clocks import ClockNote
from domain.ports import GatewayStatus
from domain.sensors import Gateway

router = APIRouter(prefix="/gateways", tags=["gateways"])


class GatewayIn(In):
    """One gateway."""

    name: Name
    shard: Annotated[int, Field(ge=0, le=65535), WHOLE] = 0
    numbered: Flag = Field(default=True, description="it numbers its readings (`seq`)")
    active: Flag = True


class StatusOut(Out):
    """What a gateway last said of itself."""

    at: At = Field(validation_alias="at_ns")
    online: bool
    boot: int | None
    battery_percent: float | None
    signal_dbm: float | None
    firmware: str


class ClockOut(Out):
    """A gateway's clock, when it is or was not right."""

    skew_ns: int = Field(description="ns ahead of ours; below 0: behind; 0: right again")
    known: bool = Field(description="readings are corrected by it; before that they wait")
    since: At = Field(validation_alias="since_ns")
    waiting: int = Field(description="readings in quarantine that wait for their time")


class GatewayOut(Out):
    """One gateway with what it last said of itself."""

    id: str
    name: str
    shard: int
    numbered: bool
    active: bool
    version: int
    status: StatusOut | None = None
    clock: ClockOut | None = None

    @classmethod
    def of(
        cls, gateway: Gateway, statuses: Sequence[GatewayStatus], clocks: Sequence[ClockNote]
    ) -> "GatewayOut":
        """Show a gateway; its secret's hash stays here."""
        shown = cls.model_validate(gateway)
        for status in statuses:
            if status.gateway_id == gateway.id:
                shown.status = StatusOut.model_validate(status)
        for clock in clocks:
            if clock.gateway_id == gateway.id:
                shown.clock = ClockOut.model_validate(clock)
        return shown


@router.get("", responses=problems(401, 403, 503))
def read_gateways(
    services: Given, sight: Seen, who: Annotated[Caller, Depends(may("gateways:read"))]
) -> list[GatewayOut]:
    """List the gateways that serve a building the caller may see, and those that serve none."""
    statuses = {status.gateway_id: status for status in services.accounts.statuses()}
    clocks = {clock.gateway_id: clock for clock in services.accounts.clocks()}
    found = sight.gateways(who, services.register.gateways())
    return [
        GatewayOut.of(
            gateway,
            [statuses[gateway.id]] if gateway.id in statuses else [],
            [clocks[gateway.id]] if gateway.id in clocks else [],
        )
        for gateway in found
    ]


@router.get("/{gateway_id}", responses=problems(401, 403, 404, 422, 503))
def read_gateway(
    gateway_id: PathId,
    services: Given,
    sight: Seen,
    response: Response,
    who: Annotated[Caller, Depends(may("gateways:read"))],
) -> GatewayOut:
    """Read one gateway; its `ETag` is its version."""
    gateway = sight.gateway(who, gateway_id)
    response.headers["ETag"] = etag(gateway)
    return GatewayOut.of(gateway, services.accounts.statuses(), services.accounts.clocks())


@router.put("/{gateway_id}", responses={201: {"model": GatewayOut}, **PUT_PROBLEMS})
def put_gateway(
    gateway_id: PathId,
    body: GatewayIn,
    services: Given,
    sight: Seen,
    response: Response,
    who: Annotated[Caller, Depends(may("register:write"))],
    if_match: IfMatch = "",
) -> GatewayOut:
    """Register a gateway under an id that the client made, or correct it (with `If-Match`)."""
    kept = services.register.gateway(gateway_id)
    if kept is not None:
        sight.gateway(who, gateway_id)
        seen = sight.buildings(who)
        if seen is not None and not sight.served_by(gateway_id) <= seen:
            raise Forbidden(f"gateway {gateway_id!r} also serves other parts of the city")
    wanted = Gateway(id=gateway_id, **body.model_dump())
    if kept is not None:
        wanted = replace(wanted, secret_sha256=kept.secret_sha256, by_hand=kept.by_hand)
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"gateway {gateway_id!r}",
        lambda gateway: services.register.put_gateway(gateway, who.name),
    )
    return GatewayOut.of(done, services.accounts.statuses(), services.accounts.clocks())
