"""Sensors of a building."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field, StringConstraints

from api.fields import WHOLE, Flag, Id, In, Name, Number, Out, PathId, ShortText
from api.permission import Given, Seen, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for, must_belong
from domain.access import Caller
from domain.errors import InvalidInput, NotFound
from domain.sensors import Method, Sensor

router = APIRouter(prefix="/buildings/{building_id}/sensors", tags=["sensors"])


class SensorIn(In):
    """One instrument at one place."""

    gateway_id: Id
    code: Name = Field(description="what people call the point: T1, C-03")
    kind: Name = Field(description="tilt, crack, settlement, vibration, temperature, …")
    place: ShortText = ""
    storey: Annotated[int, Field(ge=-20, le=200), WHOLE] | None = None
    model: ShortText = ""
    serial: ShortText = ""
    certificate: ShortText = ""
    certificate_until: Annotated[str, StringConstraints(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = Field(
        default="", description="last day on which the certificate is valid: 2027-03-31"
    )
    resolution: Annotated[Number, Field(ge=0)] | None = Field(
        default=None, description="smallest change it can tell, in the unit of its kind"
    )
    load_bearing: Flag = True
    active: Flag = True


class SensorOut(Out):
    """One sensor."""

    id: str
    building_id: str
    gateway_id: str
    code: str
    kind: str
    place: str
    storey: int | None
    model: str
    serial: str
    certificate: str
    certificate_until: str
    resolution: float | None
    load_bearing: bool
    active: bool
    version: int
    by_hand: Method | None = Field(description="how people measure it; null: an instrument does")


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_sensors(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> list[SensorOut]:
    """List a building's sensors by id."""
    building = building_for(services, who, "buildings:read", building_id)
    site = services.register.site(building.id)
    return [SensorOut.model_validate(sensor) for sensor in site.sensors]


@router.get("/{sensor_id}", responses=problems(401, 403, 404, 422, 503))
def read_sensor(
    building_id: PathId,
    sensor_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> SensorOut:
    """Read one sensor; its `ETag` is its version."""
    building = building_for(services, who, "buildings:read", building_id)
    for sensor in services.register.site(building.id).sensors:
        if sensor.id == sensor_id:
            response.headers["ETag"] = etag(sensor)
            return SensorOut.model_validate(sensor)
    raise NotFound(f"no sensor {sensor_id!r} in building {building_id!r}")


@router.put("/{sensor_id}", responses={201: {"model": SensorOut}, **PUT_PROBLEMS})
def put_sensor(
    building_id: PathId,
    sensor_id: PathId,
    body: SensorIn,
    services: Given,
    sight: Seen,
    response: Response,
    who: Annotated[Caller, Depends(may("register:write"))],
    if_match: IfMatch = "",
) -> SensorOut:
    """Register a sensor under an id that the client made, or correct it (with `If-Match`)."""
    building = building_for(services, who, "register:write", building_id)
    must_belong(services, building, sensor_id, "sensor")
    sight.gateway(who, body.gateway_id)
    site = services.register.site(building.id)
    kept = next((sensor for sensor in site.sensors if sensor.id == sensor_id), None)
    moved = kept is not None and kept.gateway_id != body.gateway_id
    if moved and any(channel.sensor_id == sensor_id for channel in site.channels):
        raise InvalidInput(
            "gateway_id must stay while the sensor has channels: "
            "switch it off and register the instrument anew",
            "gateway_id",
        )
    by_hand = kept.by_hand if kept is not None else None
    wanted = Sensor(id=sensor_id, building_id=building.id, by_hand=by_hand, **body.model_dump())
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"sensor {sensor_id!r}",
        lambda sensor: services.register.put_sensor(sensor, who.name),
    )
    return SensorOut.model_validate(done)
