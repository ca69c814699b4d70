"""Channels of a building's sensors: one measured quantity each."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.fields import WHOLE, Flag, Id, In, Name, Number, Out, PathId, ShortText
from api.permission import Given, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for, channel_for, must_belong
from domain.access import Caller
from domain.errors import NotFound
from domain.sensors import Channel

router = APIRouter(tags=["sensors"])


class ChannelIn(In):
    """One measured quantity; its gateway is the sensor's."""

    sensor_id: Id
    address: Name = Field(description="what the gateway calls it: T1.x")
    kind: Name = Field(
        description="tilt, crack, settlement, temperature, peak_velocity, …: see docs/mqtt.md"
    )
    unit: Annotated[ShortText, Field(max_length=20)] = Field(
        description="in which the gateway sends; kept is the kind's unit"
    )
    axis: Annotated[ShortText, Field(max_length=20)] = ""
    interval_s: Annotated[int, Field(ge=1, le=366 * 86400), WHOLE] = 3600
    low: Number | None = None
    high: Number | None = None
    active: Flag = True


class ChannelOut(Out):
    """One channel."""

    id: str
    sensor_id: str
    gateway_id: str
    address: str
    kind: str
    unit: str
    axis: str
    interval_s: int
    low: float | None
    high: float | None
    active: bool


@router.get("/buildings/{building_id}/channels", responses=problems(401, 403, 404, 422, 503))
def read_channels(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> list[ChannelOut]:
    """List the channels of a building's sensors."""
    building = building_for(services, who, "buildings:read", building_id)
    site = services.register.site(building.id)
    return [ChannelOut.model_validate(channel) for channel in site.channels]


@router.get("/channels/{channel_id}", responses=problems(401, 403, 404, 422, 503))
def read_channel(
    channel_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> ChannelOut:
    """Read one channel."""
    channel, _, _ = channel_for(services, who, "buildings:read", channel_id)
    response.headers["ETag"] = etag(channel)
    return ChannelOut.model_validate(channel)


@router.put(
    "/buildings/{building_id}/channels/{channel_id}",
    responses={201: {"model": ChannelOut}, **PUT_PROBLEMS},
)
def put_channel(
    building_id: PathId,
    channel_id: PathId,
    body: ChannelIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("register:write"))],
    if_match: IfMatch = "",
) -> ChannelOut:
    """Register a channel under an id that the client made, or correct it (with `If-Match`)."""
    building = building_for(services, who, "register:write", building_id)
    must_belong(services, building, channel_id, "channel")
    site = services.register.site(building.id)
    sensor = next((sensor for sensor in site.sensors if sensor.id == body.sensor_id), None)
    if sensor is None:
        raise NotFound(f"no sensor {body.sensor_id!r} in building {building_id!r}")
    kept = next((channel for channel in site.channels if channel.id == channel_id), None)
    wanted = Channel(id=channel_id, gateway_id=sensor.gateway_id, **body.model_dump())
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"channel {channel_id!r}",
        lambda channel: services.register.put_channel(channel, who.name),
    )
    return ChannelOut.model_validate(done)
