"""Segments (calibration epochs): stretches of a channel's life with one zero."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.fields import At, Id, In, Moment, Number, Out, PathId, Text
from api.permission import Given, may
from api.preconditions import IfMatch, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for, must_belong
from domain.access import Caller
from domain.clock import to_ns
from domain.errors import NotFound
from domain.sensors import Segment, SegmentReason

router = APIRouter(prefix="/buildings/{building_id}/segments", tags=["sensors"])

Millionth = Annotated[Number, Field(ge=-1e6, le=1e6)]


class SegmentIn(In):
    """A new zero from a moment on."""

    channel_id: Id
    opened_at: Moment
    reason: SegmentReason
    survey: Millionth | None = Field(
        default=None,
        description="what a survey measured then, in the kind's unit: values become absolute",
    )
    offset: Millionth | None = Field(
        default=None,
        description="added to a reading; left out, the first reading of the segment fixes it",
    )
    note: Text = ""


class SegmentOut(Out):
    """One segment."""

    id: str
    channel_id: str
    opened_at: At = Field(validation_alias="opened_at_ns")
    reason: SegmentReason
    offset: float | None
    survey: float | None
    absolute: bool
    note: str
    by: str
    scale: float = Field(description="calibration factor: series value = reading * scale + offset")
    start: float | None = Field(description="series value with which it begins, where an act said")
    made_at: At | None = Field(validation_alias="made_at_ns")
    withdrawn_at: At | None = Field(
        validation_alias="withdrawn_at_ns", description="taken back then: nothing counts by it"
    )


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_segments(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> list[SegmentOut]:
    """List the segments of a building's channels, those that were taken back last."""
    building = building_for(services, who, "buildings:read", building_id)
    site = services.register.site(building.id)
    return [SegmentOut.model_validate(one) for one in (*site.segments, *site.withdrawn)]


@router.put("/{segment_id}", responses={201: {"model": SegmentOut}, **PUT_PROBLEMS})
def put_segment(
    building_id: PathId,
    segment_id: PathId,
    body: SegmentIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("register:write"))],
    if_match: IfMatch = "",
) -> SegmentOut:
    """Open a segment under an id that the client made; one that is there is never changed.

    A technician's acts (`/sensors/{sensor_id}/acts`) keep the series going on and can be undone.
    """
    building = building_for(services, who, "register:write", building_id)
    must_belong(services, building, segment_id, "segment")
    site = services.register.site(building.id)
    if all(channel.id != body.channel_id for channel in site.channels):
        raise NotFound(f"no channel {body.channel_id!r} in building {building_id!r}")
    known = (*site.segments, *site.withdrawn)
    kept = next((segment for segment in known if segment.id == segment_id), None)
    wanted = Segment(
        id=segment_id,
        channel_id=body.channel_id,
        opened_at_ns=to_ns(body.opened_at),
        reason=body.reason,
        offset=body.offset,
        survey=body.survey,
        absolute=body.survey is not None,
        note=body.note,
        by=who.name,
        made_at_ns=services.clock.now_ns(),
    )
    if kept is not None:
        # who opened it stays; what the first reading has fixed since is no other content
        again = replace(
            wanted,
            by=kept.by,
            scale=kept.scale,
            start=kept.start,
            made_at_ns=kept.made_at_ns,
            withdrawn_at_ns=kept.withdrawn_at_ns,
        )
        fixed = replace(again, offset=kept.offset, absolute=kept.absolute)
        wanted = fixed if body.offset is None and fixed == kept else again
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"segment {segment_id!r}",
        lambda segment: services.register.put_segment(segment, who.name),
    )
    return SegmentOut.model_validate(done)
