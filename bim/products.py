"""Finds what should have a shape, by the text of a file: no library is loaded for it."""

import re

from bim.shapes import NOT_DRAWN

_WORDS = rb"(?:'(?:[^']|'')*'|\$)"
#: GlobalId, owner, name, description, type, placement and representation: an IfcProduct with both
_PRODUCT = re.compile(
    rb"#(\d{1,18})\s*=\s*(IFC(?!REL)[A-Z0-9]+)\s*\(\s*'[^']*'\s*,\s*(?:#\d+|\$)\s*,\s*"
    + _WORDS + rb"\s*,\s*" + _WORDS + rb"\s*,\s*" + _WORDS + rb"\s*,\s*#\d+\s*,\s*#(\d{1,18})",
)  # fmt: skip
_DEFINITION = re.compile(
    rb"#(\d{1,18})\s*=\s*IFCPRODUCTDEFINITIONSHAPE\s*\(\s*"
    + _WORDS + rb"\s*,\s*" + _WORDS + rb"\s*,\s*\(([^)]*)\)",
)  # fmt: skip
_SHAPE = re.compile(
    rb"#(\d{1,18})\s*=\s*IFCSHAPEREPRESENTATION\s*\(\s*#\d+\s*,\s*(?:'([^']*)'|\$)"
    rb"\s*,\s*(?:'([^']*)'|\$)"
)
_NOT_DRAWN = frozenset(name.upper().encode() for name in NOT_DRAWN)
#: kinds of representation that are lines, points or boxes about a shape
_NO_BODY = frozenset(
    {
        b"Curve2D", b"Curve3D", b"Curve", b"GeometricCurveSet", b"Annotation2D", b"BoundingBox",
        b"Point", b"PointCloud", b"FillArea", b"Text",
    }
)  # fmt: skip


def without_shape(content: bytes, have: set[int]) -> list[int]:
    """List step ids of products that are drawn, have a body, and are not among `have`."""
    # each product has a definition of its own: as many as there are shapes, and none is missing
    if content.count(b"IFCPRODUCTDEFINITIONSHAPE") <= len(have):
        return []
    missing = [
        (int(step_id), definition)
        for step_id, name, definition in _PRODUCT.findall(content)
        if int(step_id) not in have and name not in _NOT_DRAWN
    ]
    if not missing:
        return []
    bodies = {
        step_id for step_id, _, kind in _SHAPE.findall(content) if kind not in _NO_BODY
    }  # fmt: skip
    shown = {
        step_id
        for step_id, some in _DEFINITION.findall(content)
        if any(one.strip().lstrip(b"#") in bodies for one in some.split(b","))
    }
    return [step_id for step_id, definition in missing if definition in shown]
