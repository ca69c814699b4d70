"""Where a model's upload and what is made of it lie in the file store, all under its hash."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

_PIECE_BYTES = 256 * 1024
_ZIP = b"PK\x03\x04"


def digest_of(file: BinaryIO) -> tuple[str, int, str]:
    """Read a file once: hex SHA-256, bytes, and `ifc` or `ifczip` by its content."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces_of(file):
        digest.update(piece)
        size += len(piece)
    file.seek(0)
    return digest.hexdigest(), size, "ifczip" if file.read(4) == _ZIP else "ifc"


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """Read a file from its beginning, piece by piece."""
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        yield piece


def upload_key(building_id: str, sha256: str, extension: str) -> str:
    """Name an upload as it came.

    Examples
    --------
    >>> upload_key("b:1", "ab12", "ifc")
    'bim/34340f0e82d75a3446150f4a916c20c1/ab12.ifc'

    """
    return f"{_folder(building_id)}/{sha256}.{extension}"


def index_key(building_id: str, sha256: str, version: int) -> str:
    """Name what a file says, as JSON."""
    return f"{_folder(building_id)}/{sha256}.index-{version}.json"


def glb_key(building_id: str, sha256: str, version: int) -> str:
    """Name the shapes of a file."""
    return f"{_folder(building_id)}/{sha256}.{version}.glb"


def packed_key(key: str) -> str:
    """Name the same, gzipped."""
    return f"{key}.gz"


def shapes_key(building_id: str, sha256: str, version: int) -> str:
    """Name what goes with the shapes, as JSON; it is kept after them."""
    return f"{_folder(building_id)}/{sha256}.shapes-{version}.json"


def _folder(building_id: str) -> str:
    # an id may hold characters that a key may not
    return f"bim/{hashlib.sha256(building_id.encode()).hexdigest()[:32]}"
