"""Entry of the process that looks at one photo: `python -m lifecycle.picture_child FILE LIMITS`.

Nothing here is run in a process that anything else depends on. It leaves `seen.json` in its
folder, and `public.jpg` and `thumb.jpg` where the picture can be read.
"""

import sys
from pathlib import Path

import msgspec
from PIL import (
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from confined.binding import bind
from lifecycle.exif import Exif, exif_of
from lifecycle.picture_limits import PictureLimits

#: what is opened, and nothing else: named by its plugin, each is known to the library
FORMATS = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
)
_TYPES = {
    "JPEG": "image/jpeg",
    # several JPEG in one, as many phones write them; the first is the picture
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


class Seen(msgspec.Struct):
    """What a picture is.

    Parameters
    ----------
    fault, text
        Stable word for why it is refused, and its detail; empty: it is fine.
    copied
        Whether there are copies; an HEIC has none here.
    width_px, height_px
        As it is looked at, turned upright.
    exif
        What it says of itself; private.

    """

    fault: str = ""
    text: str = ""
    content_type: str = ""
    copied: bool = False
    width_px: int = 0
    height_px: int = 0
    exif: Exif = msgspec.field(default_factory=Exif)


class Refused(Exception):
    """The picture cannot be taken.

    Parameters
    ----------
    code
        Stable word.
    text
        What was wanted and what came.

    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def main(arguments: list[str]) -> int:
    """Look at one picture; always 0 when it has come to a judgement."""
    path, told = Path(arguments[0]), arguments[1]
    limits = msgspec.json.decode(told, type=PictureLimits)
    bind(limits.memory_bytes_max, limits.written_bytes_max, limits.wall_s, limits.nice)
    folder = path.parent if len(arguments) < 3 else Path(arguments[2])
    try:
        seen = look(path, folder, limits)
    except Refused as error:
        seen = Seen(error.code, str(error))
    except MemoryError:
        seen = Seen("memory", f"looking at it must fit {limits.memory_bytes_max / 1e9:.1f} GB")
    (folder / "seen.json").write_bytes(msgspec.json.encode(seen))
    return 0


def look(path: Path, folder: Path, limits: PictureLimits) -> Seen:
    """Look at a picture and make its copies.

    Raises
    ------
    Refused
        When it is none, or is damaged or too large.

    """
    with path.open("rb") as file:
        head = file.read(32)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return Seen(content_type="image/heic")
    # the size is checked by us, with a limit for each format
    Image.MAX_IMAGE_PIXELS = None
    try:
        picture = Image.open(path, formats=FORMATS)
    except UnidentifiedImageError:
        raise Refused("type", f"must be a JPEG, PNG, WebP or HEIC, got {head[:8]!r}") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise Refused("broken", f"must be a whole picture, got: {error}") from None
    with picture:
        kind = _TYPES.get(picture.format or "", "")
        most = limits.jpeg_pixels_max if kind == "image/jpeg" else limits.pixels_max
        pixels = picture.width * picture.height
        if pixels > most or not pixels:
            raise Refused("pixels", f"a picture may have {most:,} pixels, got {pixels:,}")
        exif = exif_of(picture)
        sides = (picture.width, picture.height)
        if kind == "image/jpeg":
            # unpacks at 1/2, 1/4 or 1/8, never smaller than asked
            picture.draft(None, (limits.public_px, limits.public_px))
        try:
            picture.load()
            plain = _turned(_plain(picture), exif.orientation)
        except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
            raise Refused("broken", f"must be a whole picture, got: {error}") from None
    if exif.orientation >= 5:
        sides = (sides[1], sides[0])
    for name, side in (("public", limits.public_px), ("thumb", limits.thumb_px)):
        plain.thumbnail((side, side), Image.Resampling.LANCZOS)
        plain.save(folder / f"{name}.jpg", "JPEG", quality=limits.quality, optimize=True)
    return Seen("", "", kind, True, *sides, exif)


def _plain(picture: Image.Image) -> Image.Image:
    """Give a picture as 8-bit RGB, on white where it is not opaque; the first of an animation."""
    if picture.mode.startswith(("I", "F")):
        # 16 bits a grey pixel: the lower 8 are more than a screen shows
        return picture.convert("F").point(lambda value: value / 256).convert("L").convert("RGB")
    if picture.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in picture.info:
        over = picture.convert("RGBA")
        under = Image.new("RGBA", over.size, "white")
        return Image.alpha_composite(under, over).convert("RGB")
    plain = picture.convert("RGB")
    # a copy that is made of what is left takes no notes along
    plain.info.clear()
    return plain


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    """Turn a picture upright, as its orientation (1 to 8) says."""
    ways = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    way = ways.get(orientation)
    return picture if way is None else picture.transpose(way)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
