"""Mounts: how a sensor sits on its building, and from when."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.fields import (
    At,
    Azimuth,
    Id,
    In,
    Latitude,
    Longitude,
    Moment,
    Number,
    Out,
    PathId,
    Text,
)
from api.permission import Given, may
from api.preconditions import IfMatch, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for, must_belong
from domain.access import Caller
from domain.clock import to_ns
from domain.errors import NotFound
from domain.sensors import Mount

router = APIRouter(prefix="/buildings/{building_id}/mounts", tags=["sensors"])


class MountIn(In):
    """How a sensor sits on its building from a moment on."""

    sensor_id: Id
    mounted_at: Moment
    x_azimuth_deg: Azimuth | None = Field(
        default=None, description="where a positive x points, degrees from north, clockwise"
    )
    height_m: Number | None = None
    longitude: Longitude | None = None
    latitude: Latitude | None = None
    note: Text = ""


class MountOut(Out):
    """One mount."""

    id: str
    sensor_id: str
    mounted_at: At = Field(validation_alias="mounted_at_ns")
    x_azimuth_deg: float | None
    height_m: float | None
    longitude: float | None
    latitude: float | None
    note: str


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_mounts(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> list[MountOut]:
    """List the mounts of a building's sensors."""
    building = building_for(services, who, "buildings:read", building_id)
    site = services.register.site(building.id)
    return [MountOut.model_validate(mount) for mount in site.mounts]


@router.put("/{mount_id}", responses={201: {"model": MountOut}, **PUT_PROBLEMS})
def put_mount(
    building_id: PathId,
    mount_id: PathId,
    body: MountIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("register:write"))],
    if_match: IfMatch = "",
) -> MountOut:
    """Keep a mount under an id that the client made; one that is there is never changed."""
    building = building_for(services, who, "register:write", building_id)
    must_belong(services, building, mount_id, "mount")
    site = services.register.site(building.id)
    if all(sensor.id != body.sensor_id for sensor in site.sensors):
        raise NotFound(f"no sensor {body.sensor_id!r} in building {building_id!r}")
    kept = next((mount for mount in site.mounts if mount.id == mount_id), None)
    facts = body.model_dump(exclude={"mounted_at"})
    wanted = Mount(id=mount_id, mounted_at_ns=to_ns(body.mounted_at), **facts)
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"mount {mount_id!r}",
        lambda mount: services.register.put_mount(mount, who.name),
    )
    return MountOut.model_validate(done)
