"""The simple schema of a building without a model: storeys, axes and rooms on a plan."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.fields import At, Id, In, Name, Number, Out, PathId, ShortText
from api.permission import Given, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for
from domain.access import Caller
from domain.clock import to_datetime
from domain.errors import NotFound
from domain.place_checks import AXES_MAX, CORNERS_MAX, REACH_M, ROOMS_MAX, STOREYS_MAX
from domain.rooms import RoomSchema, SchemaRoom, SchemaStorey

router = APIRouter(prefix="/buildings/{building_id}/rooms", tags=["places"])

Metre = Annotated[Number, Field(ge=-REACH_M, le=REACH_M)]
AxisName = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[^\x00\s]+$")]


class SchemaStoreyIO(In):
    """One storey."""

    id: Id
    name: Name
    elevation_m: Annotated[Number, Field(ge=-1000, le=1000)] = Field(
        description="of its floor above outdoor grade"
    )
    height_m: Annotated[Number, Field(ge=0.5, le=100)]


class SchemaRoomIO(In):
    """One room: an outline on the plan of a storey."""

    id: Id
    storey_id: Id
    name: ShortText
    outline: Annotated[list[tuple[Metre, Metre]], Field(min_length=3, max_length=CORNERS_MAX)] = (
        Field(description="corners x, y in metres, building axes, in order")
    )


class RoomsIn(In):
    """The whole schema."""

    storeys: list[SchemaStoreyIO] = Field(default=[], max_length=STOREYS_MAX)
    rooms: list[SchemaRoomIO] = Field(default=[], max_length=ROOMS_MAX)
    axes: list[tuple[AxisName, Literal["x", "y"], Metre]] = Field(
        default=[], max_length=AXES_MAX, description='["①", "x", 0.0]: a line x = 0 on the plan'
    )


class RoomsOut(Out):
    """The schema as it is kept."""

    building_id: str
    storeys: list[SchemaStoreyIO]
    rooms: list[SchemaRoomIO]
    axes: list[tuple[str, str, float]]
    made_at: At
    by: str
    version: int

    @classmethod
    def of(cls, schema: RoomSchema) -> "RoomsOut":
        """Show a schema."""
        return cls(
            building_id=schema.building_id,
            storeys=[
                SchemaStoreyIO(
                    id=one.id, name=one.name, elevation_m=one.elevation_m, height_m=one.height_m
                )
                for one in schema.storeys
            ],
            rooms=[
                SchemaRoomIO(
                    id=one.id, storey_id=one.storey_id, name=one.name, outline=list(one.outline)
                )
                for one in schema.rooms
            ],
            axes=list(schema.axes),
            made_at=to_datetime(schema.made_at_ns),
            by=schema.by,
            version=schema.version,
        )


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_rooms(
    building_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> RoomsOut:
    """Read the rooms of a building; 404 when none were ever told."""
    building = building_for(services, who, "models:read", building_id)
    schema = services.places.schema(building.id)
    if schema is None:
        raise NotFound(f"building {building_id!r} has no rooms yet")
    response.headers["ETag"] = etag(schema)
    return RoomsOut.of(schema)


@router.put("", responses={201: {"model": RoomsOut}, **PUT_PROBLEMS})
def put_rooms(
    building_id: PathId,
    body: RoomsIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("places:write"))],
    if_match: IfMatch = "",
) -> RoomsOut:
    """Tell the rooms of a building, or change them (with `If-Match`)."""
    building = building_for(services, who, "places:write", building_id)
    kept = services.places.schema(building.id)
    wanted = RoomSchema(
        building.id,
        tuple(SchemaStorey(**one.model_dump()) for one in body.storeys),
        tuple(
            SchemaRoom(one.id, one.storey_id, one.name, tuple(one.outline)) for one in body.rooms
        ),
        tuple(body.axes),
        kept.made_at_ns if kept else services.clock.now_ns(),
        kept.by if kept else who.name,
    )
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"schema of building {building.id!r}",
        lambda schema: services.places.put_schema(schema, who.name),
    )
    return RoomsOut.of(done)
