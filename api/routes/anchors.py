"""Places on a building: where a sensor sits or a defect is, with or without a model."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, StringConstraints

from api.fields import At, Id, In, Latitude, Longitude, Number, Out, PathId, ShortText, Text
from api.model_scope import anchor_for, owner
from api.permission import Given, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for
from domain.access import Caller
from domain.anchors import Anchor, Hold, PickedBy
from domain.defects import DefectStatus
from domain.errors import Conflict, NotFound
from domain.place_checks import REACH_M
from domain.services import Services

router = APIRouter(tags=["places"])

#: an id, or empty
MaybeId = Annotated[
    str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._:~-]{0,63})?$", max_length=64)
]
Metre = Annotated[Number, Field(ge=-REACH_M, le=REACH_M)]
Unit = Annotated[Number, Field(ge=-1, le=1)]
Share = Annotated[Number, Field(ge=0, le=1)]


class AnchorIn(In):
    """One place; what is told of it must be at least an element, a point or words."""

    building_id: Id
    picked_by: PickedBy
    element_id: MaybeId = ""
    revision_seen: MaybeId = Field(default="", description="revision that was looked at")
    point: tuple[Metre, Metre, Metre] | None = Field(
        default=None, description="metres, building axes"
    )
    normal: tuple[Unit, Unit, Unit] | None = None
    local_uvw: tuple[Share, Share, Share] | None = Field(
        default=None, description="place within the element's box"
    )
    storey: ShortText = ""
    elevation_m: Metre | None = None
    room: ShortText = ""
    room_id: MaybeId = ""
    side: ShortText = ""
    note: Text = ""
    wgs84: tuple[Longitude, Latitude] | None = None
    accuracy_m: Annotated[Number, Field(ge=0, le=REACH_M)] | None = None


class AnchorOut(Out):
    """One place and how it holds on to the newest revision."""

    id: str
    building_id: str
    picked_by: PickedBy
    made_at: At
    by: str
    element_id: str
    revision_seen: str
    point: tuple[float, float, float] | None
    normal: tuple[float, float, float] | None
    local_uvw: tuple[float, float, float] | None
    storey: str
    elevation_m: float | None
    room: str
    room_id: str
    side: str
    note: str
    wgs84: tuple[float, float] | None
    accuracy_m: float | None
    hold: Hold
    withdrawn_at: At | None = Field(description="when it was taken back; null: it holds")
    version: int

    @classmethod
    def of(cls, anchor: Anchor) -> "AnchorOut":
        """Show a place."""
        names = cls.model_fields.keys() - {"made_at", "withdrawn_at"}
        return cls.model_validate(
            {name: getattr(anchor, name) for name in names}
            | {"made_at": anchor.made_at_ns, "withdrawn_at": anchor.withdrawn_at_ns}
        )


@router.get("/buildings/{building_id}/anchors", responses=problems(401, 403, 404, 422, 503))
def read_anchors(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
    withdrawn: Annotated[bool, Query(description="those that were taken back, too")] = False,
) -> list[AnchorOut]:
    """List a building's places, oldest first."""
    building = building_for(services, who, "models:read", building_id)
    found = services.places.anchors(building.id, withdrawn=withdrawn)
    return [AnchorOut.of(anchor) for anchor in found]


@router.get("/anchors/{anchor_id}", responses=problems(401, 403, 404, 422, 503))
def read_anchor(
    anchor_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> AnchorOut:
    """Read one place."""
    anchor = anchor_for(services, who, "models:read", anchor_id)
    response.headers["ETag"] = etag(anchor)
    return AnchorOut.of(anchor)


@router.put("/anchors/{anchor_id}", responses={201: {"model": AnchorOut}, **PUT_PROBLEMS})
def put_anchor(
    anchor_id: PathId,
    body: AnchorIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("places:write"))],
    if_match: IfMatch = "",
) -> AnchorOut:
    """Tell a place under an id that the client made, or correct it (with `If-Match`)."""
    building = building_for(services, who, "places:write", body.building_id)
    kept = services.places.anchor(anchor_id)
    if kept is not None:
        what = f"place {anchor_id!r}"
        if owner(services, who, "places:write", kept.building_id, what) != building:
            raise NotFound(f"no place {anchor_id!r} in building {building.id!r}")
    wanted = Anchor(
        id=anchor_id,
        made_at_ns=kept.made_at_ns if kept else services.clock.now_ns(),
        by=kept.by if kept else who.name,
        hold=_hold(kept, body),
        withdrawn_at_ns=kept.withdrawn_at_ns if kept else None,
        **body.model_dump(),
    )
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"place {anchor_id!r}",
        lambda anchor: services.places.put_anchor(anchor, who.name),
    )
    return AnchorOut.of(done)


@router.delete(
    "/anchors/{anchor_id}", status_code=204, responses=problems(401, 403, 404, 409, 422, 503)
)
def withdraw_anchor(
    anchor_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("places:write"))],
) -> None:
    """Take a place back; 409 while a sensor is tied to it, or an open defect is there."""
    anchor = anchor_for(services, who, "places:write", anchor_id)
    if anchor.withdrawn_at_ns is not None:
        return
    _refuse_used(services, anchor)
    gone = replace(anchor, withdrawn_at_ns=services.clock.now_ns(), version=anchor.version + 1)
    services.places.put_anchor(gone, who.name)


def _hold(kept: Anchor | None, body: AnchorIn) -> Hold:
    """Tell how a place holds as it is told; what matching found later stays with the element."""
    told = (body.element_id, body.revision_seen)
    if kept is not None and (kept.element_id, kept.revision_seen) == told:
        return kept.hold
    return Hold.LINKED if body.element_id else Hold.SPATIAL


def _refuse_used(services: Services, anchor: Anchor) -> None:
    now_ns = services.clock.now_ns()
    ties = services.places.monitors(anchor.building_id)
    if any(
        tie.anchor_id == anchor.id and (tie.valid_to_ns is None or tie.valid_to_ns > now_ns)
        for tie in ties
    ):
        raise Conflict(f"a sensor is tied to place {anchor.id!r}: end the tie first")
    open_ones = {DefectStatus.OPEN, DefectStatus.WATCHED}
    defects = services.places.defects(anchor.building_id)
    if any(one.anchor_id == anchor.id and one.status in open_ones for one in defects):
        raise Conflict(f"an open defect is at place {anchor.id!r}: close or move it first")
