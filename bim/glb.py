"""Shapes as one binary glTF file: a batch a colour, every corner told which element it is of."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bim.shapes import Floats, Shape, Whole

FORMAT = 1
#: a primitive is a draw call; colours beyond this are joined with their nearest
BATCHES_MAX = 48
#: neighbours that turn less than this are one round surface
ROUND_COS = 0.966
_FLOAT, _UINT, _USHORT, _SHORT, _BYTE = 5126, 5125, 5123, 5122, 5120
_MAGIC, _JSON, _BIN = 0x46546C67, 0x4E4F534A, 0x004E4942
#: z up, as in IFC, turned into y up, as in glTF; columns first
_Y_UP = [1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1]
_GRID = 32767
_STEP_MAX_M = 0.004

Bytes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Corners:
    """Corners of one batch, with normals, and the feature each is of."""

    vertices: Floats
    normals: Bytes
    features: Whole
    faces: Whole


def write(path: Path, shapes: Sequence[Shape], origin_m: tuple[float, float, float]) -> None:
    """Write shapes as GLB.

    The format is told in `docs/bim.md`: root node `anju`, `_FEATURE_ID` on every corner,
    step ids and GlobalIds of the features in `asset.extras.anju`.

    Parameters
    ----------
    shapes
        Those to be drawn, at least one.
    origin_m
        Taken off every corner.

    """
    made = _Buffer()
    batches = _by_color(shapes)
    low = np.min([one.vertices.min(axis=0) for one in shapes], axis=0) - origin_m
    high = np.max([one.vertices.max(axis=0) for one in shapes], axis=0) - origin_m
    centre = (low + high) / 2
    # one step for all three axes keeps angles
    step = float((high - low).max()) / 2 / _GRID or 1.0
    whole = step <= _STEP_MAX_M
    materials: list[dict[str, Any]] = []
    primitives: list[dict[str, Any]] = []
    for color, some in batches:
        corners = _corners(some)
        primitives.append(
            {
                "attributes": _attributes(
                    made, corners, centre + origin_m, step if whole else 0.0, len(shapes)
                ),
                "indices": made.indices(corners.faces, len(corners.vertices)),
                "material": len(materials),
            }
        )
        materials.append(_material(color))
    node: dict[str, Any] = {"mesh": 0, "translation": [float(value) for value in centre]}
    if whole:
        node["scale"] = [step, step, step]
    document = {
        "asset": {
            "version": "2.0",
            "generator": "Anju",
            "extras": {
                "anju": {
                    "format": FORMAT,
                    "origin": list(origin_m),
                    "features": [[one.step_id, one.global_id, one.ifc_class] for one in shapes],
                }
            },
        },
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "anju", "matrix": _Y_UP, "children": [1]}, node],
        "meshes": [{"primitives": primitives}],
        "materials": materials,
        "accessors": made.accessors,
        "bufferViews": made.views,
        "buffers": [{"byteLength": made.length}],
    }
    if whole:
        document["extensionsUsed"] = ["KHR_mesh_quantization"]
        document["extensionsRequired"] = ["KHR_mesh_quantization"]
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    with path.open("wb") as file:
        total = 12 + 8 + len(text) + 8 + made.length
        file.write(struct.pack("<III", _MAGIC, 2, total))
        file.write(struct.pack("<II", len(text), _JSON) + text)
        file.write(struct.pack("<II", made.length, _BIN))
        for part in made.parts:
            file.write(part)


class _Buffer:
    """The one buffer of the file, with its views and accessors."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.length = 0
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, content: bytes, *, target: int, stride: int = 0) -> int:
        """Append bytes at a border of four; give the view's number."""
        view: dict[str, Any] = {
            "buffer": 0, "byteOffset": self.length, "byteLength": len(content), "target": target
        }  # fmt: skip
        if stride:
            view["byteStride"] = stride
        content += b"\0" * (-len(content) % 4)
        self.parts.append(content)
        self.length += len(content)
        self.views.append(view)
        return len(self.views) - 1

    def accessor(self, view: int, kind: int, count: int, shape: str, **more: Any) -> int:
        """Describe a view; give the accessor's number."""
        self.accessors.append(
            {"bufferView": view, "componentType": kind, "count": count, "type": shape, **more}
        )
        return len(self.accessors) - 1

    def indices(self, faces: Whole, corners: int) -> int:
        """Append triangles."""
        small = corners <= 0xFFFF
        content = faces.astype("<u2" if small else "<u4").tobytes()
        kind = _USHORT if small else _UINT
        return self.accessor(self.add(content, target=34963), kind, faces.size, "SCALAR")


def _attributes(
    made: _Buffer, corners: Corners, centre: Floats, step: float, features: int
) -> dict[str, int]:
    """Append the corners of a batch, on a grid of 16 bits when `step` is one."""
    count = len(corners.vertices)
    near = corners.vertices - centre
    if step:
        # four values a corner, as attributes begin at borders of four bytes
        grid = np.zeros((count, 4), dtype="<i2")
        grid[:, :3] = np.rint(near / step)
        view = made.add(grid.tobytes(), target=34962, stride=8)
        ends = grid[:, :3]
        kind = _SHORT
    else:
        ends = near.astype("<f4")
        view = made.add(ends.tobytes(), target=34962, stride=12)
        kind = _FLOAT
    position = made.accessor(
        view, kind, count, "VEC3", min=ends.min(axis=0).tolist(), max=ends.max(axis=0).tolist()
    )
    normals = np.zeros((count, 4), dtype=np.int8)
    normals[:, :3] = corners.normals
    normal = made.accessor(
        made.add(normals.tobytes(), target=34962, stride=4), _BYTE, count, "VEC3", normalized=True
    )
    if features <= 0xFFFF:
        ids = np.zeros((count, 2), dtype="<u2")
        ids[:, 0] = corners.features
        view, kind = made.add(ids.tobytes(), target=34962, stride=4), _USHORT
    else:
        view = made.add(corners.features.astype("<f4").tobytes(), target=34962, stride=4)
        kind = _FLOAT
    feature = made.accessor(view, kind, count, "SCALAR")
    return {"POSITION": position, "NORMAL": normal, "_FEATURE_ID": feature}


def _by_color(
    shapes: Sequence[Shape],
) -> list[tuple[tuple[float, ...], list[tuple[int, Shape]]]]:
    """Sort shapes by colour; too many colours are rounded until they are few enough."""
    for levels in (255, 31, 15, 7, 4, 3, 2):
        batches: dict[tuple[int, ...], list[tuple[int, Shape]]] = {}
        for number, one in enumerate(shapes):
            key = tuple(round(min(max(value, 0.0), 1.0) * levels) for value in one.color)
            batches.setdefault(key, []).append((number, one))
        if len(batches) <= BATCHES_MAX:
            break
    # what is seen through is drawn last
    order = sorted(batches.items(), key=lambda item: (item[0][3] < levels, item[0]))
    return [(tuple(value / levels for value in key), some) for key, some in order]


def _material(color: tuple[float, ...]) -> dict[str, Any]:
    """Give a material; glTF's factors are linear, IFC's colours are as screens show them."""
    linear = [((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in color[:3]]
    factor = [round(value, 4) for value in (*linear, color[3])]
    material: dict[str, Any] = {
        "pbrMetallicRoughness": {
            "baseColorFactor": factor, "metallicFactor": 0, "roughnessFactor": 0.9
        },
        "doubleSided": True,
    }  # fmt: skip
    if color[3] < 1:
        material["alphaMode"] = "BLEND"
    return material


def _corners(some: Sequence[tuple[int, Shape]]) -> Corners:
    """Give every corner its normal: corners of round surfaces are shared, those of edges not."""
    counts = np.array([len(one.vertices) for _, one in some])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    vertices = np.concatenate([one.vertices for _, one in some])
    features = np.repeat([number for number, _ in some], counts)
    faces = np.concatenate(
        [one.faces + start for (_, one), start in zip(some, starts, strict=True)]
    )
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    areas = np.cross(b - a, c - a)
    lengths = np.linalg.norm(areas, axis=1)
    solid = lengths > 0
    faces, areas, lengths = faces[solid], areas[solid], lengths[solid]
    flat = areas / lengths[:, None]
    smooth = np.zeros_like(vertices)
    for i in range(3):
        for axis in range(3):
            smooth[:, axis] += np.bincount(faces[:, i], areas[:, axis], len(vertices))
    size = np.linalg.norm(smooth, axis=1)
    smooth /= np.where(size > 0, size, 1.0)[:, None]
    owners = faces.ravel()
    of_face = np.repeat(flat, 3, axis=0)
    is_round = np.einsum("ij,ij->i", of_face, smooth[owners]) > ROUND_COS
    normals = np.rint(np.where(is_round[:, None], smooth[owners], of_face) * 127).astype(np.int64)
    n = normals + 128
    key = ((owners * 256 + n[:, 0]) * 256 + n[:, 1]) * 256 + n[:, 2]
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    return Corners(
        vertices=vertices[owners[first]],
        normals=normals[first].astype(np.int8),
        features=features[owners[first]],
        faces=back.reshape(-1, 3),
    )
