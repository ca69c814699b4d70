"""Hashes that tell two elements alike, whatever their ids are and wherever they stand."""

import hashlib
import re
from collections.abc import Iterable

import numpy as np

from domain.elements import Box

MM_IN_M = 1000.0
#: corners lie on whole and half millimetres about a centre: cut between these, not on them
_CUT = 0.37
#: millimetres of a coordinate about the centre that fit so many bits, with their sign
_BITS = 21
_SHORT_M = 2**_BITS / MM_IN_M * 0.99
_LENGTH = 32
_ID_AT_END = re.compile(r":\d{5,}$")


def content_hash(
    ifc_class: str,
    type_name: str,
    name: str,
    tag: str,
    material: str,
    rows: Iterable[tuple[str, str, str, str]],
) -> str:
    """Hash what an element is, without any id.

    Revit writes the tag, an id of its own, at the end of a name: `Wall:200 mm:358703`; it may
    stand there even when the tag is not exported.
    """
    name = name.removesuffix(f":{tag}") if tag else _ID_AT_END.sub("", name)
    parts = [ifc_class, type_name, name, material]
    parts += ["\x1e".join(row) for row in sorted(rows)]
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:_LENGTH]


def geometry_hash(
    vertices: "np.ndarray[tuple[int, int], np.dtype[np.float64]]", box: Box | None = None
) -> str:
    """Hash a shape about the centre of its box, to 1 mm; its place does not count.

    Parameters
    ----------
    vertices
        Corners, shape (n, 3), m.
    box
        Smallest and largest corner, where they are known.

    """
    if box is None:
        low, high = vertices.min(axis=0), vertices.max(axis=0)
    else:
        low, high = np.array(box[:3]), np.array(box[3:])
    grid = np.floor((vertices - (low + high) / 2) * MM_IN_M + _CUT).astype(np.int64)
    if (high - low).max() < _SHORT_M:
        # three short numbers in one: one sort instead of three
        key = (grid[:, 0] << 2 * _BITS) + (grid[:, 1] << _BITS) + grid[:, 2]
        key.sort()
        key = key[np.append(True, key[1:] != key[:-1])]
    else:
        key = np.unique(grid, axis=0)
    return hashlib.sha256(key.tobytes()).hexdigest()[:_LENGTH]
