"""Ties of sensors to places: where each is mounted and what it watches, from when to when."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from api.fields import At, Bound, Id, In, Moment, Number, Out, PathId, QueryText
from api.model_scope import anchor_for, owner, tie_for
from api.permission import Given, may
from api.preconditions import IfMatch, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for
from domain.access import Caller
from domain.anchors import MonitorRole, SensorMonitors
from domain.clock import to_ns
from domain.errors import NotFound

router = APIRouter(tags=["places"])

Unit = Annotated[Number, Field(ge=-1, le=1)]


class MonitorIn(In):
    """What a sensor has to do with a place."""

    sensor_id: Id
    anchor_id: Id
    role: MonitorRole
    valid_from: Moment
    valid_to: Moment | None = Field(
        default=None, description="first instant at which it no longer holds; null: it holds"
    )
    orientation: tuple[Unit, Unit, Unit, Unit] | None = Field(
        default=None, description="quaternion w, x, y, z: sensor's axes to the building's"
    )


class MonitorOut(Out):
    """One tie."""

    id: str
    sensor_id: str
    anchor_id: str
    role: MonitorRole
    valid_from: At
    valid_to: At | None
    orientation: tuple[float, float, float, float] | None
    by: str
    version: int

    @classmethod
    def of(cls, tie: SensorMonitors) -> "MonitorOut":
        """Show a tie."""
        names = cls.model_fields.keys() - {"valid_from", "valid_to"}
        return cls.model_validate(
            {name: getattr(tie, name) for name in names}
            | {"valid_from": tie.valid_from_ns, "valid_to": tie.valid_to_ns}
        )


@router.get("/buildings/{building_id}/monitors", responses=problems(401, 403, 404, 422, 503))
def read_monitors(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
    sensor_id: QueryText = "",
    at: Annotated[Bound | None, Query(description="only those that hold then")] = None,
) -> list[MonitorOut]:
    """List the ties of a building's sensors by their beginning."""
    building = building_for(services, who, "models:read", building_id)
    at_ns = None if at is None else to_ns(at)
    found = services.places.monitors(building.id, sensor_id=sensor_id, at_ns=at_ns)
    return [MonitorOut.of(tie) for tie in found]


@router.put("/monitors/{monitor_id}", responses={201: {"model": MonitorOut}, **PUT_PROBLEMS})
def put_monitor(
    monitor_id: PathId,
    body: MonitorIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("places:write"))],
    if_match: IfMatch = "",
) -> MonitorOut:
    """Tie a sensor to a place under an id that the client made, or end the tie (`If-Match`)."""
    kept, building = tie_for(services, who, "places:write", monitor_id)
    anchor_for(services, who, "places:write", body.anchor_id)
    of = services.register.building_of(body.sensor_id)
    what = f"sensor {body.sensor_id!r}"
    home = owner(services, who, "places:write", of, what)
    if building is not None and building != home:
        raise NotFound(f"no tie {monitor_id!r} in building {home.id!r}")
    wanted = SensorMonitors(
        id=monitor_id,
        sensor_id=body.sensor_id,
        anchor_id=body.anchor_id,
        role=body.role,
        valid_from_ns=to_ns(body.valid_from),
        valid_to_ns=None if body.valid_to is None else to_ns(body.valid_to),
        orientation=body.orientation,
        by=kept.by if kept else who.name,
    )
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"tie {monitor_id!r}",
        lambda tie: services.places.put_monitors([tie], who.name),
    )
    return MonitorOut.of(done)
