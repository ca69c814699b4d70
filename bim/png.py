"""PNG files: made of dots, and checked when somebody uploads one."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidInput

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_BYTES_MAX = 3_000_000
EDGE_MAX = 4096
#: chunks that make the picture; all else (texts, places, profiles) is left out
_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def encode(picture: NDArray[np.uint8]) -> bytes:
    """Write a picture as PNG.

    Parameters
    ----------
    picture
        (height, width, 3) uint8, red, green, blue.

    """
    height, width, _ = picture.shape
    # each row begins with the number of its filter: none
    rows = np.zeros((height, 1 + width * 3), np.uint8)
    rows[:, 1:] = picture.reshape(height, width * 3)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        SIGNATURE
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6))
        + _chunk(b"IEND", b"")
    )


def checked_png(content: bytes) -> bytes:
    """Take a PNG that somebody uploads, without anything in it but the picture.

    The picture itself is not unpacked here.

    Raises
    ------
    InvalidInput
        When it is no whole PNG, or too large.

    """
    if len(content) > PNG_BYTES_MAX:
        raise InvalidInput(
            f"a picture may have {PNG_BYTES_MAX:,} bytes, got {len(content):,}", "file"
        )
    if not content.startswith(SIGNATURE):
        raise InvalidInput(f"a picture must be a PNG, got {content[:8]!r}", "file")
    at, kept, names = len(SIGNATURE), [SIGNATURE], []
    while at < len(content):
        if len(content) < at + 12:
            raise InvalidInput("the PNG is cut off", "file")
        length, name = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        end = content[at + 8 + length : at + 12 + length]
        if len(body) != length or len(end) != 4:
            raise InvalidInput("the PNG is cut off", "file")
        if struct.unpack(">I", end)[0] != zlib.crc32(name + body):
            raise InvalidInput(f"the PNG is damaged in {name!r}", "file")
        if name in _KEPT:
            names.append(name)
            kept.append(content[at : at + 12 + length])
        at += 12 + length
        if name == b"IEND":
            break
    if not names or names[0] != b"IHDR" or names[-1] != b"IEND" or b"IDAT" not in names:
        raise InvalidInput("a PNG has IHDR first, then IDAT, and ends with IEND", "file")
    width, height = struct.unpack(">II", kept[1][8:16])
    if not (1 <= width <= EDGE_MAX and 1 <= height <= EDGE_MAX):
        raise InvalidInput(
            f"a picture may be {EDGE_MAX} dots wide and high, got {width} x {height}", "file"
        )
    return b"".join(kept)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
