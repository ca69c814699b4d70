"""Shapes as one binary glTF file: a batch a colour, every corner told which element it is of."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bim.repeats import Repeat, repeats_of
from bim.shapes import Color, Floats, Shape, Whole

FORMAT = 1
#: a primitive is a draw call; colours beyond this are joined with their nearest
BATCHES_MAX = 32
#: neighbours that turn less than this are one round surface
ROUND_COS = 0.966
_FLOAT, _UINT, _USHORT, _SHORT, _BYTE = 5126, 5125, 5123, 5122, 5120
_MAGIC, _JSON, _BIN = 0x46546C67, 0x4E4F534A, 0x004E4942
#: z up, as in IFC, turned into y up, as in glTF; columns first
_Y_UP = [1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1]
_GRID = 32767
#: finer steps would only make the file bigger; beyond the coarsest, corners are kept as they are
STEP_MIN_M, STEP_MAX_M = 0.001, 0.004
#: writing a shape once must save this many corners; a plain viewer draws each by a call of its own
SAVED_MIN, REPEATS_MAX = 400, 200
_NO_TURN_RAD = 1e-6
_NORMAL_STEP = 4

Bytes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Grid:
    """Where corners lie: whole steps about a middle, m; a step of 0: as they are."""

    middle: Floats
    step_m: float


@dataclass(frozen=True, slots=True)
class Corners:
    """Corners of one batch, with normals, and the feature each is of."""

    vertices: Floats
    normals: Bytes
    features: Whole
    faces: Whole


def write(path: Path, shapes: Sequence[Shape], origin_m: tuple[float, float, float]) -> None:
    """Write shapes as GLB.

    The format is told in `docs/bim.md`: root node `anju`, `_FEATURE_ID` on every corner or
    instance, step ids and GlobalIds of the features in `asset.extras.anju`.

    Parameters
    ----------
    shapes
        Those to be drawn, at least one.
    origin_m
        Taken off every corner.

    """
    made = _Document(origin_m, len(shapes))
    repeats, rest = repeats_of(shapes, SAVED_MIN, REPEATS_MAX)
    batches = _by_color(shapes, rest)
    if batches:
        made.add_batches(batches)
    for one in repeats:
        made.add_repeat(one)
    made.save(path, [[one.step_id, one.global_id, one.ifc_class] for one in shapes])


class _Document:
    """The parts of a glTF file in the making."""

    def __init__(self, origin_m: tuple[float, float, float], features: int) -> None:
        self._origin = np.array(origin_m)
        self._features = features
        self._buffer = _Buffer()
        self._nodes: list[dict[str, Any]] = [{"name": "anju", "matrix": _Y_UP, "children": []}]
        self._meshes: list[dict[str, Any]] = []
        self._materials: list[dict[str, Any]] = []
        self._material_of: dict[tuple[float, ...], int] = {}
        self._extensions: set[str] = set()

    def add_batches(self, batches: "list[tuple[Color, list[tuple[int, Shape]]]]") -> None:
        """Add what stands once, all corners on one grid."""
        some = [one for _, batch in batches for _, one in batch]
        grid = self._grid_of(some)
        primitives = [
            self._primitive(color, corners, grid)
            for color, batch in batches
            if len((corners := _corners(batch)).faces)  # all may have no area
        ]
        if primitives:
            self._add_node(primitives, grid, {})

    def add_repeat(self, repeat: Repeat) -> None:
        """Add what stands many times: its corners once, about its first one."""
        first = repeat.shape
        own = Shape(
            first.step_id, first.global_id, first.ifc_class, first.color,
            first.vertices - first.vertices[0] + self._origin, first.faces,
        )  # fmt: skip
        grid = self._grid_of([own], middle=np.zeros(3))
        corners = _corners([(0, own)])
        if not len(corners.faces):
            return
        primitive = self._primitive(first.color, corners, grid, with_features=False)
        step = grid.step_m or 1.0
        at = np.array([put.at for put in repeat.puts]) - self._origin
        turns = np.array([put.turn_rad for put in repeat.puts]) / 2
        # columns: places in steps of the node's grid, turns as x, y, z, w, and the features
        attributes = {"TRANSLATION": self._column(at / step, "VEC3")}
        if np.abs(turns).max() > _NO_TURN_RAD:
            zero = np.zeros(len(turns))
            quaternions = np.column_stack([zero, zero, np.sin(turns), np.cos(turns)])
            attributes["ROTATION"] = self._column(quaternions, "VEC4")
        attributes["_FEATURE_ID"] = self._column(
            np.array([[put.number] for put in repeat.puts]), "SCALAR"
        )
        self._extensions.add("EXT_mesh_gpu_instancing")
        more = {"extensions": {"EXT_mesh_gpu_instancing": {"attributes": attributes}}}
        self._add_node([primitive], grid, more)

    def save(self, path: Path, features: list[list[Any]]) -> None:
        """Write the file."""
        document: dict[str, Any] = {
            "asset": {
                "version": "2.0",
                "generator": "Anju",
                "extras": {
                    "anju": {
                        "format": FORMAT,
                        "origin": self._origin.tolist(),
                        "features": features,
                    }
                },
            },
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": self._nodes,
            "meshes": self._meshes,
            "materials": self._materials,
            "accessors": self._buffer.accessors,
            "bufferViews": self._buffer.views,
            "buffers": [{"byteLength": self._buffer.length}],
        }
        if self._extensions:
            document["extensionsUsed"] = sorted(self._extensions)
            document["extensionsRequired"] = sorted(self._extensions)
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        length = self._buffer.length
        with path.open("wb") as file:
            file.write(struct.pack("<III", _MAGIC, 2, 12 + 8 + len(text) + 8 + length))
            file.write(struct.pack("<II", len(text), _JSON) + text)
            file.write(struct.pack("<II", length, _BIN))
            for part in self._buffer.parts:
                file.write(part)

    def _grid_of(self, shapes: Sequence[Shape], middle: Floats | None = None) -> Grid:
        """Choose whole steps of 1 mm or a little more; none where these would be too coarse."""
        low = np.min([one.vertices.min(axis=0) for one in shapes], axis=0) - self._origin
        high = np.max([one.vertices.max(axis=0) for one in shapes], axis=0) - self._origin
        if middle is None:
            middle = np.round((low + high) / 2, 3)
        reach = float(max(np.abs(high - middle).max(), np.abs(low - middle).max()))
        step = max(STEP_MIN_M, reach / _GRID)
        if step > STEP_MAX_M:
            return Grid(middle, 0.0)
        self._extensions.add("KHR_mesh_quantization")
        return Grid(middle, step)

    def _primitive(
        self, color: Color, corners: Corners, grid: Grid, *, with_features: bool = True
    ) -> dict[str, Any]:
        """Append the corners of a batch, on the grid where there is one."""
        made = self._buffer
        count = len(corners.vertices)
        near = corners.vertices - self._origin - grid.middle
        if grid.step_m:
            # four values a corner, as attributes begin at borders of four bytes
            whole = np.zeros((count, 4), dtype="<i2")
            whole[:, :3] = np.rint(near / grid.step_m)
            view, kind, ends = made.add(whole.tobytes(), 34962, 8), _SHORT, whole[:, :3]
        else:
            ends = near.astype("<f4")
            view, kind = made.add(ends.tobytes(), 34962, 12), _FLOAT
        attributes = {
            "POSITION": made.accessor(
                view, kind, count, "VEC3",
                min=ends.min(axis=0).tolist(), max=ends.max(axis=0).tolist(),
            )
        }  # fmt: skip
        normals = np.zeros((count, 4), dtype=np.int8)
        normals[:, :3] = corners.normals
        view = made.add(normals.tobytes(), 34962, 4)
        attributes["NORMAL"] = made.accessor(view, _BYTE, count, "VEC3", normalized=True)
        if with_features:
            attributes["_FEATURE_ID"] = self._features_of(corners.features)
        return {
            "attributes": attributes,
            "indices": made.indices(corners.faces, count),
            "material": self._material(color),
        }

    def _features_of(self, features: Whole) -> int:
        made = self._buffer
        if self._features <= 0xFFFF:
            ids = np.zeros((len(features), 2), dtype="<u2")
            ids[:, 0] = features
            view, kind = made.add(ids.tobytes(), 34962, 4), _USHORT
        else:
            view, kind = made.add(features.astype("<f4").tobytes(), 34962, 4), _FLOAT
        return made.accessor(view, kind, len(features), "SCALAR")

    def _column(self, values: Floats, shape: str) -> int:
        content = values.astype("<f4")
        return self._buffer.accessor(
            self._buffer.add(content.tobytes()), _FLOAT, len(content), shape
        )

    def _material(self, color: Color) -> int:
        if color not in self._material_of:
            self._material_of[color] = len(self._materials)
            self._materials.append(_material(color))
        return self._material_of[color]

    def _add_node(self, primitives: list[dict[str, Any]], grid: Grid, more: dict[str, Any]) -> None:
        node: dict[str, Any] = {"mesh": len(self._meshes), **more}
        if grid.middle.any():
            node["translation"] = grid.middle.tolist()
        if grid.step_m:
            node["scale"] = [grid.step_m] * 3
        self._meshes.append({"primitives": primitives})
        self._nodes[0]["children"].append(len(self._nodes))
        self._nodes.append(node)


class _Buffer:
    """The one buffer of the file, with its views and accessors."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.length = 0
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, content: bytes, target: int = 0, stride: int = 0) -> int:
        """Append bytes at a border of four; give the view's number."""
        view: dict[str, Any] = {
            "buffer": 0, "byteOffset": self.length, "byteLength": len(content)
        }  # fmt: skip
        if target:
            view["target"] = target
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
        return self.accessor(self.add(content, 34963), kind, faces.size, "SCALAR")


def _by_color(
    shapes: Sequence[Shape], numbers: Sequence[int]
) -> list[tuple[Color, list[tuple[int, Shape]]]]:
    """Sort shapes by colour; too many colours are rounded until they are few enough."""
    for levels in (255, 31, 15, 7, 4, 3, 2):
        batches: dict[tuple[int, ...], list[tuple[int, Shape]]] = {}
        for number in numbers:
            one = shapes[number]
            key = tuple(round(min(max(value, 0.0), 1.0) * levels) for value in one.color)
            batches.setdefault(key, []).append((number, one))
        if len(batches) <= BATCHES_MAX:
            break
    # what is seen through is drawn last
    order = sorted(batches.items(), key=lambda item: (item[0][3] < levels, item[0]))
    made = []
    for (red, green, blue, opacity), some in order:
        color = (red / levels, green / levels, blue / levels, opacity / levels)
        made.append((color, some))
    return made


def _material(color: Color) -> dict[str, Any]:
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
    exact = np.where(is_round[:, None], smooth[owners], of_face)
    # coarse ones cannot be told from fine ones by eye, and pack into half
    normals = (np.rint(exact * 127 / _NORMAL_STEP) * _NORMAL_STEP).astype(np.int64)
    normals = np.clip(normals, -127, 127)
    n = normals + 128
    key = ((owners * 256 + n[:, 0]) * 256 + n[:, 1]) * 256 + n[:, 2]
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    return Corners(
        vertices=vertices[owners[first]],
        normals=normals[first].astype(np.int8),
        features=features[owners[first]],
        faces=back.reshape(-1, 3),
    )
