"""Reads our GLB files as a viewer does: the corners of every feature, in building axes."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_PARTS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}

Floats = npt.NDArray[np.float64]


class Glb:
    """One file; `triangles` gives (n, 3, 3) corners, m, by step id."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        magic, version, length = struct.unpack_from("<III", content)
        assert (magic, version, length) == (0x46546C67, 2, len(content))
        size = struct.unpack_from("<I", content, 12)[0]
        self.document: dict[str, Any] = json.loads(content[20 : 20 + size])
        self._data = content[20 + size + 8 :]
        self.told: dict[str, Any] = self.document["asset"]["extras"]["anju"]
        self.triangles: dict[int, Floats] = {}
        self.normals_differ_max = 0.0
        self._read()

    @property
    def draw_calls(self) -> int:
        return sum(len(mesh["primitives"]) for mesh in self.document["meshes"])

    def box(self, step_id: int) -> Floats:
        corners = self.triangles[step_id].reshape(-1, 3)
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)])

    def _values(self, number: int) -> Floats:
        accessor = self.document["accessors"][number]
        view = self.document["bufferViews"][accessor["bufferView"]]
        kind = np.dtype(_TYPES[accessor["componentType"]])
        parts, count = _PARTS[accessor["type"]], accessor["count"]
        stride = view.get("byteStride", parts * kind.itemsize)
        assert view["byteOffset"] % 4 == 0
        assert stride * (count - 1) + parts * kind.itemsize <= view["byteLength"]
        raw = np.ndarray(
            (count, parts), kind, self._data, view["byteOffset"], (stride, kind.itemsize)
        )
        if "min" in accessor:
            assert raw.min(axis=0).tolist() == accessor["min"]
            assert raw.max(axis=0).tolist() == accessor["max"]
        return raw.astype(float) / (127 if accessor.get("normalized") else 1)

    def _read(self) -> None:
        root = self.document["nodes"][0]
        assert root["name"] == "anju"
        found: dict[int, list[Floats]] = {}
        for child in root["children"]:
            node = self.document["nodes"][child]
            for one in self.document["meshes"][node["mesh"]]["primitives"]:
                self._primitive(node, one, found)
        for feature, parts in found.items():
            step_id = self.told["features"][feature][0]
            self.triangles[step_id] = np.concatenate(parts) + self.told["origin"]

    def _primitive(
        self, node: dict[str, Any], one: dict[str, Any], found: dict[int, list[Floats]]
    ) -> None:
        names = one["attributes"]
        points = self._values(names["POSITION"])
        normals = self._values(names["NORMAL"])
        faces = self._values(one["indices"]).astype(int).reshape(-1, 3)
        scale = np.array(node.get("scale", [1, 1, 1]))
        move = np.array(node.get("translation", [0, 0, 0]))
        corners = points[faces]
        flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        long = np.linalg.norm(flat, axis=1)
        fine = long > np.quantile(long, 0.2)
        dots = np.einsum("ij,ikj->ik", flat[fine] / long[fine, None], normals[faces][fine])
        self.normals_differ_max = max(self.normals_differ_max, float(1 - dots.min()))
        many = node.get("extensions", {}).get("EXT_mesh_gpu_instancing")
        if not many:
            features = self._values(names["_FEATURE_ID"])[:, 0].astype(int)[faces[:, 0]]
            world = corners * scale + move
            for feature in np.unique(features):
                found.setdefault(int(feature), []).append(world[features == feature])
            return
        rows = {name: self._values(number) for name, number in many["attributes"].items()}
        for i, feature in enumerate(rows["_FEATURE_ID"][:, 0].astype(int)):
            _, _, z, w = rows["ROTATION"][i] if "ROTATION" in rows else (0, 0, 0, 1)
            c, s = 1 - 2 * z * z, 2 * z * w
            turned = corners @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
            world = (turned + rows["TRANSLATION"][i]) * scale + move
            found.setdefault(int(feature), []).append(world)
