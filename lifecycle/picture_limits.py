"""Limits within which a photo is looked at, and the sizes of its copies."""

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """How much a photo, and the process that looks at it, may take.

    Parameters
    ----------
    pixels_max
        Of a picture that is unpacked whole.
    jpeg_pixels_max
        Of a JPEG, which is unpacked at an eighth where it is large.
    public_px, thumb_px
        Longest side of the copies.
    quality
        Of the copies, as JPEG counts it.

    """

    pixels_max: int = 64 * MB
    jpeg_pixels_max: int = 250 * MB
    public_px: int = 1_600
    thumb_px: int = 320
    quality: int = 85
    memory_bytes_max: int = 1_500 * MB
    written_bytes_max: int = 32 * MB
    wall_s: float = 20.0
    nice: int = 5
