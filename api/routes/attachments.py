"""Photos and signatures of check-ups: declared, sent in pieces that may be resumed, handed out."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query, Response
from pydantic import Field, StringConstraints

from api.check_scope import attachment_for, check_up_for
from api.fields import (
    WHOLE,
    At,
    Flag,
    Id,
    In,
    Latitude,
    Longitude,
    Moment,
    Number,
    Out,
    PathId,
    ShortText,
    Text,
)
from api.permission import Given, may
from api.problem import problems
from api.routes.anchors import MaybeId
from domain.access import Caller
from domain.access import may as may_do
from domain.attachments import Attachment, AttachmentKind, AttachmentState, ImageSize
from domain.check_ports import Received
from domain.clock import to_datetime, to_ns
from domain.errors import Forbidden, NotFound
from domain.services import Services

router = APIRouter(prefix="/attachments", tags=["check-ups"])

PIECE = "application/offset+octet-stream"
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[Number, Field(ge=-1, le=2)]
Offset = Annotated[
    str,
    Header(pattern=r"^[0-9]{1,12}$", description="first byte of the piece", alias="Upload-Offset"),
]


class MarkIn(In):
    """Something drawn on a picture."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}$")]
    points: list[tuple[Share, Share]] = Field(
        default=[], max_length=300, description="shares of width and height"
    )
    text: ShortText = ""
    colour: Annotated[str, StringConstraints(pattern=r"^[#a-z0-9]{0,20}$")] = ""


class AttachmentIn(In):
    """A picture as it will come."""

    check_up_id: Id
    kind: AttachmentKind = AttachmentKind.PHOTO
    sha256: Sha256
    bytes_total: Annotated[int, Field(ge=1, le=10**12), WHOLE]
    content_type: ShortText
    taken_at: Moment | None = Field(default=None, description="by the phone's clock")
    wgs84: tuple[Longitude, Latitude] | None = None
    accuracy_m: Annotated[Number, Field(ge=0)] | None = None
    item_id: MaybeId = ""
    defect_id: MaybeId = ""
    caption: Text = ""
    marks: Annotated[list[MarkIn], Field(max_length=100)] | None = None
    mm_per_px: Annotated[Number, Field(gt=0)] | None = Field(
        default=None, description="scale, for the whole picture's pixels"
    )


class AttachmentOut(Out):
    """What is known of a picture."""

    id: str
    building_id: str
    check_up_id: str
    kind: AttachmentKind
    sha256: str
    bytes_total: int
    offset: int = Field(description="bytes that are safe")
    state: AttachmentState
    reason_code: str = Field(
        description="why it was refused: `sha256`, `type`, `broken`, `pixels`, `memory`, `slow`; "
        "or why it has no copies: `no decoder`"
    )
    reason: str
    content_type: str
    made_at: At
    by: str
    taken_at: At | None = Field(
        description="by the phone's clock; read again it is put right, once its form has come"
    )
    exif_taken_at: At | None = Field(description="as the file itself says")
    wgs84: tuple[float, float] | None = Field(
        description="where it was taken; told to its author and to those who plan, to nobody else"
    )
    accuracy_m: float | None
    item_id: str
    defect_id: str
    caption: str
    marks: list[dict[str, Any]] | None
    mm_per_px: float | None
    width_px: int
    height_px: int
    has_copies: Flag = False
    arrived_at: At | None
    version: int

    @classmethod
    def of(cls, services: Services, who: Caller, received: Received) -> "AttachmentOut":
        """Show what is known of a picture to somebody."""
        kept = received.attachment
        apart = {"offset", "made_at", "taken_at", "exif_taken_at", "arrived_at", "has_copies"}
        private = may_see_whole(services, who, kept)
        told = {name: getattr(kept, name) for name in cls.model_fields.keys() - apart}
        return cls.model_validate(
            told
            | {
                "offset": received.offset,
                "made_at": kept.made_at_ns,
                "taken_at": kept.taken_at_ns,
                "exif_taken_at": kept.exif_taken_at_ns,
                "arrived_at": kept.arrived_at_ns,
                "wgs84": kept.wgs84 if private else None,
                "accuracy_m": kept.accuracy_m if private else None,
                "marks": json.loads(kept.marks) if kept.marks else None,
                "has_copies": bool(kept.thumb_key),
            }
        )


def may_see_whole(services: Services, who: Caller, kept: Attachment) -> bool:
    """Tell whether somebody may have a picture as it came: its author, and who plans check-ups."""
    building = services.register.building(kept.building_id)
    return kept.by_id == who.user_id or may_do(who, "checks:plan", building)


@router.put(
    "/{attachment_id}",
    responses={201: {"model": AttachmentOut}, **problems(400, 401, 403, 404, 409, 413, 422, 503)},
)
def put_attachment(
    attachment_id: PathId,
    body: AttachmentIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:work"))],
) -> AttachmentOut:
    """Declare a picture under an id that the phone made, or find how far it is.

    Its author may tell caption, marks, scale, item and defect anew at any time.
    """
    _, building = check_up_for(services, who, "checks:work", body.check_up_id)
    there = services.checks.attachment(attachment_id)
    if there is not None and there.building_id != building.id:
        raise NotFound(f"no picture {attachment_id!r} in building {building.id!r}")
    marks = [] if body.marks is None else [one.model_dump() for one in body.marks]
    apart = {"taken_at", "marks"}
    wanted = Attachment(
        id=attachment_id,
        building_id=building.id,
        made_at_ns=services.clock.now_ns(),
        by=who.name,
        by_id=who.user_id,
        taken_at_ns=None if body.taken_at is None else to_ns(body.taken_at),
        marks="" if body.marks is None else json.dumps(marks, ensure_ascii=False),
        **body.model_dump(exclude=apart),
    )
    received = services.attachment_desk.declare(wanted)
    if there is None:
        response.status_code = 201
    return _told(services, who, response, received)


@router.patch("/{attachment_id}", responses=problems(400, 401, 403, 404, 409, 413, 422, 503))
def append_piece(
    attachment_id: PathId,
    piece: Annotated[bytes, Body(media_type=PIECE)],
    upload_offset: Offset,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:work"))],
) -> AttachmentOut:
    """Send a piece of a picture; when this answers, its bytes are on the disk.

    A piece that is there already is passed over; one that does not join on is a 409 that tells
    the `offset` wanted.
    """
    kept = attachment_for(services, who, "checks:work", attachment_id)
    if kept.by_id != who.user_id:
        raise Forbidden("a picture is sent by whoever declared it")
    received = services.attachment_desk.append(attachment_id, int(upload_offset), piece)
    return _told(services, who, response, received)


@router.get("/{attachment_id}", responses=problems(401, 403, 404, 422, 503))
def read_attachment(
    attachment_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:read"))],
) -> AttachmentOut:
    """Read what is known of a picture, and how far it is."""
    kept = attachment_for(services, who, "checks:read", attachment_id)
    received = services.attachment_desk.received(kept.id)
    assert received is not None  # noqa: S101 - it was found a moment ago, and none is deleted
    told = _told(services, who, response, received)
    return told.model_copy(update={"taken_at": _taken(services, received.attachment)})


@router.get(
    "/{attachment_id}/image",
    responses={
        200: {"content": {"image/*": {}}, "description": "the picture"},
        **problems(401, 403, 404, 422, 503),
    },
    response_class=Response,
)
def read_image(
    attachment_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("checks:read"))],
    size: Annotated[ImageSize, Query()] = ImageSize.PUBLIC,
) -> Response:
    """Read a copy; the original, which may say where it was taken, only for author and planners."""
    kept = attachment_for(services, who, "checks:read", attachment_id)
    whole = size is ImageSize.ORIGINAL
    if whole and not may_see_whole(services, who, kept):
        raise Forbidden("the original is for its author and for those who plan check-ups")
    content, media_type = services.attachment_desk.image(kept, size)
    headers = {
        "Cache-Control": "private, max-age=86400",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{kept.sha256[:16]}-{size.value}"',
    }
    if whole:
        headers["Content-Disposition"] = "attachment"
    return Response(content, media_type=media_type, headers=headers)


def _told(services: Services, who: Caller, response: Response, received: Received) -> AttachmentOut:
    response.headers["Upload-Offset"] = str(received.offset)
    return AttachmentOut.of(services, who, received)


def _taken(services: Services, kept: Attachment) -> datetime | None:
    """Tell when it was taken; the form that came with it knows whether the clock was wrong."""
    if kept.taken_at_ns is None:
        return None
    wrong_ms = int(services.check_rules.clock_wrong_s * 1_000)
    for form in services.checks.submissions(kept.check_up_id):
        if form.by_id == kept.by_id and kept.id in form.attachment_ids:
            return to_datetime(form.true_ns(kept.taken_at_ns, wrong_ms))
    return to_datetime(kept.taken_at_ns)
