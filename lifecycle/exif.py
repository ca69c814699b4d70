"""What a photo says of itself: when, where, which side is up. Much of it is nonsense at times."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
from PIL import ExifTags, Image

from domain.clock import to_ns
from domain.labels import CHINA

#: a camera's clock that was never set says 1970 or 1980
FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Exif(msgspec.Struct):
    """What could be made sense of.

    Parameters
    ----------
    orientation
        1 to 8; 1: upright.
    taken_at_ns
        By the camera's clock; in China's time where it names no other.
    wgs84
        Longitude, latitude.

    """

    orientation: int = 1
    taken_at_ns: int | None = None
    wgs84: tuple[float, float] | None = None
    accuracy_m: float | None = None


def exif_of(picture: Image.Image) -> Exif:
    """Read it; what makes no sense is left out, a picture is never refused for it."""
    try:
        exif = picture.getexif()
        told: dict[int, Any] = dict(exif)
        photo = _part(exif, ExifTags.IFD.Exif)
        place = _part(exif, ExifTags.IFD.GPSInfo)
    except Exception:  # noqa: BLE001 - whatever a parser stumbles over, the picture is what counts
        return Exif()
    return Exif(
        _orientation(told.get(ExifTags.Base.Orientation)),
        _moment(photo, told),
        _position(place),
        _accuracy(place),
    )


def _part(exif: Image.Exif, part: int) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(part))
    except Exception:  # noqa: BLE001 - as above, for one part of it
        return {}


def _orientation(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _moment(photo: dict[int, Any], told: dict[int, Any]) -> int | None:
    base = ExifTags.Base
    text = photo.get(base.DateTimeOriginal) or told.get(base.DateTime)
    offset = photo.get(base.OffsetTimeOriginal) or photo.get(base.OffsetTime) or ""
    if not isinstance(text, str):
        return None
    try:
        plain = datetime.strptime(text.strip("\x00 ")[:19] + "Z", "%Y:%m:%d %H:%M:%S%z")
    except ValueError:
        return None
    at = plain.replace(tzinfo=_zone(str(offset)))
    return to_ns(at) if FIRST <= at < LAST else None


def _zone(offset: str) -> timezone:
    """Read `+08:00`; China's time where there is none."""
    sign, hours, minutes = offset[:1], offset[1:3], offset[4:6]
    if sign in {"+", "-"} and hours.isdecimal() and minutes.isdecimal() and int(hours) < 24:
        east = timedelta(hours=int(hours), minutes=min(int(minutes), 59))
        return timezone(-east if sign == "-" else east)
    return CHINA


def _position(place: dict[int, Any]) -> tuple[float, float] | None:
    gps = ExifTags.GPS
    longitude = _degrees(place.get(gps.GPSLongitude), place.get(gps.GPSLongitudeRef), "W", 180)
    latitude = _degrees(place.get(gps.GPSLatitude), place.get(gps.GPSLatitudeRef), "S", 90)
    if longitude is None or latitude is None or (longitude, latitude) == (0.0, 0.0):
        return None
    return longitude, latitude


def _degrees(value: object, ref: object, negative: str, most: float) -> float | None:
    try:
        degrees, minutes, seconds = (float(one) for one in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    total = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(total) or not 0 <= total <= most:
        return None
    word = ref.decode("ascii", "replace") if isinstance(ref, bytes) else str(ref or "")
    return -total if word.strip("\x00 ").upper() == negative else total


def _accuracy(place: dict[int, Any]) -> float | None:
    try:
        metres = float(place.get(ExifTags.GPS.GPSHPositioningError))  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return metres if math.isfinite(metres) and 0 <= metres <= 100_000 else None
