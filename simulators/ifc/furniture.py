"""Furniture of a made house: fine shapes that make a file as big as real ones are."""

import math
import random
from typing import Any

from simulators.ifc.solids import Point
from simulators.ifc.writer import IfcWriter

KINDS = ("圆桌", "沙发", "柜子", "台灯")
#: a shape of the first kind has this many rings of corners
RINGS = 6


class Furniture:
    """Puts furniture into rooms; each shape is written once.

    Parameters
    ----------
    facets
        Fineness of every shape, faces around.
    shapes
        How many different shapes there are.

    """

    def __init__(self, writer: IfcWriter, facets: int, shapes: int) -> None:
        self._writer = writer
        self._facets = facets
        self._shapes = max(shapes, len(KINDS))
        self._n = 0
        self._stamps: dict[int, Any] = {}
        old = writer.schema == "IFC2X3"
        self._class = "IfcFurnishingElement" if old else "IfcFurniture"

    def put(
        self, storey: Any, room: Any, n: int, size: tuple[float, float], draw: random.Random
    ) -> None:
        """Stand a piece in a room."""
        writer = self._writer
        number = self._n % self._shapes if self._shapes > len(KINDS) else n % len(KINDS)
        self._n += 1
        kind = KINDS[number % len(KINDS)]
        at = (draw.uniform(0.8, size[0] - 0.8), draw.uniform(0.8, size[1] - 0.8), 0.0)
        made = writer.thing(
            self._class, f"{kind}:", writer.placed(at, room),
            writer.stamped(self._stamp(number)), kind=("IfcFurnitureType", kind), material="木",
            sets={"Pset_ManufacturerTypeInformation": {"ModelReference": kind}},
        )  # fmt: skip
        writer.hold(room, made)

    def _stamp(self, number: int) -> Any:
        if number not in self._stamps:
            kind, size = number % len(KINDS), 1 + 0.01 * (number // len(KINDS))
            # as many rings as facets make shapes as heavy as real ones are in big files
            rings = max(RINGS + 2 * kind, self._facets // 2)
            body = self._turned((0.3 + 0.05 * kind) * size, (0.5 + 0.2 * kind) * size, rings)
            color = (0.55 + 0.08 * kind, 0.42, 0.3 + 0.1 * kind, 1)
            painted = self._writer.paint(body, f"{KINDS[kind]} 面", color)
            self._stamps[number] = self._writer.stamp(self._writer.bodies(painted, kind="Brep"))
        return self._stamps[number]

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
