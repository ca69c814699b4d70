"""Photos and signatures: sent in pieces, looked at apart, kept once."""

from dataclasses import dataclass
from enum import StrEnum


class AttachmentKind(StrEnum):
    """What a picture is."""

    PHOTO = "photo"
    SIGNATURE = "signature"


class AttachmentState(StrEnum):
    """Where a picture stands: a refused one is kept as it came, with the reason."""

    RECEIVING = "receiving"
    READY = "ready"
    REFUSED = "refused"


class ImageSize(StrEnum):
    """Which copy of a picture."""

    ORIGINAL = "original"
    PUBLIC = "public"
    THUMB = "thumb"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One picture, declared by the phone before its bytes come.

    Parameters
    ----------
    sha256, bytes_total
        Of the file as it will come.
    taken_at_ns
        By the phone's clock; `None`: not told.
    exif_taken_at_ns
        As the file itself says, where it does.
    wgs84, accuracy_m
        Where it was taken, longitude and latitude; private, and in no copy.
    item_id, defect_id
        What it shows.
    marks
        What was drawn on it, JSON: `[{"kind": "arrow", "points": [[0.1, 0.2], …], "text": ""}]`,
        places as shares of width and height; the picture itself is never changed.
    mm_per_px
        Scale that somebody told by a thing of known length, for the whole picture's pixels.
    original_key, public_key, thumb_key
        Keys in the file store; the public copy and the thumb bear no EXIF.

    """

    id: str
    building_id: str
    check_up_id: str
    kind: AttachmentKind
    sha256: str
    bytes_total: int
    content_type: str
    made_at_ns: int
    by: str
    by_id: str
    taken_at_ns: int | None = None
    exif_taken_at_ns: int | None = None
    wgs84: tuple[float, float] | None = None
    accuracy_m: float | None = None
    item_id: str = ""
    defect_id: str = ""
    caption: str = ""
    marks: str = ""
    mm_per_px: float | None = None
    state: AttachmentState = AttachmentState.RECEIVING
    reason_code: str = ""
    reason: str = ""
    width_px: int = 0
    height_px: int = 0
    original_key: str = ""
    public_key: str = ""
    thumb_key: str = ""
    arrived_at_ns: int | None = None
    version: int = 1
