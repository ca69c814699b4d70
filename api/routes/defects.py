"""Defects of a building (缺陷): what people saw at a place, measured and followed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.fields import WHOLE, At, Flag, Id, In, Moment, Number, Out, PathId, ShortText, Text
from api.model_scope import defect_for, owner
from api.permission import Given, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from api.routes.anchors import MaybeId
from api.visibility import building_for
from domain.access import Caller
from domain.clock import to_ns
from domain.defects import Defect, DefectStatus
from domain.errors import NotFound
from domain.place_checks import SENSORS_MAX

router = APIRouter(tags=["places"])


class DefectIn(In):
    """One defect."""

    building_id: Id
    anchor_id: Id
    code: Literal["crack", "lean", "settlement", "spalling", "rebar", "leak", "bulge", "other"]
    severity: Annotated[int, Field(ge=1, le=3), WHOLE] = Field(
        description="1 slight, 2 marked, 3 serious"
    )
    found_at: Moment | None = Field(default=None, description="left out: now, or as it was")
    title: ShortText = ""
    note: Text = ""
    value: Number | None = Field(default=None, description="what was measured")
    unit: ShortText = ""
    status: DefectStatus = DefectStatus.OPEN
    continues: MaybeId = Field(default="", description="the same defect as it was found before")
    sensor_ids: list[Id] = Field(default=[], max_length=SENSORS_MAX)
    length_mm: Annotated[Number, Field(ge=0, le=1e6)] | None = Field(
        default=None, description="of a crack"
    )
    direction: Literal["", "vertical", "horizontal", "diagonal", "stepped", "along", "net"] = ""
    dangerous: Flag = Field(
        default=False, description="a dangerous point of its member, as the inspector sees it"
    )


class DefectOut(Out):
    """One defect."""

    id: str
    building_id: str
    anchor_id: str
    code: str
    severity: int
    found_at: At
    by: str
    title: str
    note: str
    value: float | None
    unit: str
    status: DefectStatus
    continues: str
    sensor_ids: list[str]
    check_up_id: str = Field(description="check-up that found it; empty: none did")
    length_mm: float | None
    direction: str
    dangerous: bool
    version: int

    @classmethod
    def of(cls, defect: Defect) -> "DefectOut":
        """Show a defect."""
        names = cls.model_fields.keys() - {"found_at", "sensor_ids"}
        return cls.model_validate(
            {name: getattr(defect, name) for name in names}
            | {"found_at": defect.found_at_ns, "sensor_ids": list(defect.sensor_ids)}
        )


@router.get("/buildings/{building_id}/defects", responses=problems(401, 403, 404, 422, 503))
def read_defects(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> list[DefectOut]:
    """List a building's defects, found last first."""
    building = building_for(services, who, "models:read", building_id)
    return [DefectOut.of(defect) for defect in services.places.defects(building.id)]


@router.get("/defects/{defect_id}", responses=problems(401, 403, 404, 422, 503))
def read_defect(
    defect_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> DefectOut:
    """Read one defect."""
    defect = defect_for(services, who, "models:read", defect_id)
    response.headers["ETag"] = etag(defect)
    return DefectOut.of(defect)


@router.put("/defects/{defect_id}", responses={201: {"model": DefectOut}, **PUT_PROBLEMS})
def put_defect(
    defect_id: PathId,
    body: DefectIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("places:write"))],
    if_match: IfMatch = "",
) -> DefectOut:
    """Tell a defect under an id made where it was found, or correct it (with `If-Match`)."""
    building = building_for(services, who, "places:write", body.building_id)
    kept = services.places.defect(defect_id)
    if kept is not None:
        what = f"defect {defect_id!r}"
        if owner(services, who, "places:write", kept.building_id, what) != building:
            raise NotFound(f"no defect {defect_id!r} in building {building.id!r}")
    told = body.model_dump(exclude={"found_at", "sensor_ids"})
    before_ns = kept.found_at_ns if kept else services.clock.now_ns()
    wanted = Defect(
        id=defect_id,
        found_at_ns=before_ns if body.found_at is None else to_ns(body.found_at),
        by=kept.by if kept else who.name,
        sensor_ids=tuple(body.sensor_ids),
        check_up_id=kept.check_up_id if kept else "",
        **told,
    )
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"defect {defect_id!r}",
        lambda defect: services.places.put_defect(defect, who.name),
    )
    return DefectOut.of(done)
