"""Furniture of a made house: fine shapes that make a file as big as real ones are."""

import math
import random
from typing import Any

from simulators.ifc.writer import IfcWriter, Point

KINDS = ("圆桌", "沙发", "柜子", "台灯")


class Furniture:
    """Puts furniture into rooms; shapes are written anew for every few pieces."""

    def __init__(self, writer: IfcWriter, facets: int) -> None:
        self._writer = writer
        self._facets = facets
        self._stamps: dict[str, Any] = {}
        old = writer.schema == "IFC2X3"
        self._class = "IfcFurnishingElement" if old else "IfcFurniture"

    def put(
        self, storey: Any, room: Any, n: int, size: tuple[float, float], draw: random.Random
    ) -> None:
        """Stand a piece in a room."""
        writer = self._writer
        kind = KINDS[n % len(KINDS)]
        at = (draw.uniform(0.8, size[0] - 0.8), draw.uniform(0.8, size[1] - 0.8), 0.0)
        made = writer.thing(
            self._class, f"{kind}:", writer.placed(at, room),
            writer.stamped(self._stamp(kind)), kind=("IfcFurnitureType", kind), material="木",
            sets={"Pset_ManufacturerTypeInformation": {"ModelReference": kind}},
        )  # fmt: skip
        writer.hold(room, made)

    def _stamp(self, kind: str) -> Any:
        if kind not in self._stamps:
            number = KINDS.index(kind)
            rings = 6 + 2 * number
            body = self._turned(0.3 + 0.05 * number, 0.5 + 0.2 * number, rings)
            color = (0.55 + 0.08 * number, 0.42, 0.3 + 0.1 * number, 1)
            painted = self._writer.paint(body, f"{kind} 面", color)
            self._stamps[kind] = self._writer.stamp(self._writer.bodies(painted, kind="Brep"))
        return self._stamps[kind]

    def _turned(self, radius: float, height: float, rings: int) -> Any:
        """Write a turned body: rings of corners one above the other."""
        around = self._facets
        corners: list[Point] = []
        for ring in range(rings):
            share = ring / (rings - 1)
            wide = radius * (0.6 + 0.4 * math.cos(2 * math.pi * share))
            for n in range(around):
                turn = 2 * math.pi * n / around
                corners.append((wide * math.cos(turn), wide * math.sin(turn), height * share))
        faces = [list(range(around))[::-1], [(rings - 1) * around + n for n in range(around)]]
        for ring in range(rings - 1):
            for n in range(around):
                low, high = ring * around, (ring + 1) * around
                after = (n + 1) % around
                # turned faces are not flat between rings of other width: two triangles
                faces.append([low + n, low + after, high + after])
                faces.append([low + n, high + after, high + n])
        return self._writer.brep(corners, faces)
