"""Puts the parts of a made house on its grid of bays, storey by storey."""

import random
from typing import Any

from simulators.ifc.furniture import Furniture
from simulators.ifc.openings import Openings
from simulators.ifc.solids import Point
from simulators.ifc.spec import HouseSpec
from simulators.ifc.writer import IfcWriter

ROOMS = ("客厅", "卧室", "主卧", "厨房", "卫生间", "书房", "餐厅", "储藏室")
BRICK, CONCRETE, PLASTER = "MU10 砖", "C30 混凝土", "石膏板"


class Layout:
    """Puts parts on a grid of bays, storey by storey."""

    def __init__(self, writer: IfcWriter, spec: HouseSpec) -> None:
        self._writer = writer
        self._spec = spec
        self._random = random.Random(spec.seed * 7919 + 1)
        self._openings = Openings(writer)
        self._furniture = Furniture(writer, spec.facets, spec.shapes)
        self._wall_class = "IfcWall" if spec.ifc_schema == "IFC4X3" else "IfcWallStandardCase"
        #: what a sensor can sit on: storey, element, length, thickness, height
        self.hosts: list[tuple[Any, Any, float, float, float]] = []

    def storey(self, number: int, storey: Any) -> None:
        """Build one storey."""
        spec = self._spec
        wide, deep = spec.bays_x * spec.bay_x_m, spec.bays_y * spec.bay_y_m
        self._slab(storey, (-0.12, -0.12), (wide + 0.24, deep + 0.24), "楼板 120")
        for j in range(spec.bays_y + 1):
            for i in range(spec.bays_x):
                outer = j in {0, spec.bays_y}
                start = (i * spec.bay_x_m + 0.2, j * spec.bay_y_m, 0.0)
                entrance = number == 1 and j == 0 and i == 0
                self._wall(storey, start, spec.bay_x_m - 0.4, (1, 0, 0), outer, door=entrance)
        for i in range(spec.bays_x + 1):
            for j in range(spec.bays_y):
                outer = i in {0, spec.bays_x}
                start = (i * spec.bay_x_m, j * spec.bay_y_m + 0.2, 0.0)
                self._wall(storey, start, spec.bay_y_m - 0.4, (0, 1, 0), outer)
        for i in range(spec.bays_x + 1):
            for j in range(spec.bays_y + 1):
                self._column(storey, i, j)
                if i < spec.bays_x:
                    self._beam(storey, i, j)
        for i in range(spec.bays_x):
            for j in range(spec.bays_y):
                self._room(number, storey, i, j)
        if number < spec.storeys:
            self._stair(storey)

    def roof(self, storey: Any) -> None:
        """Build the roof: a slab with a parapet."""
        spec = self._spec
        wide, deep = spec.bays_x * spec.bay_x_m, spec.bays_y * spec.bay_y_m
        self._slab(storey, (-0.4, -0.4), (wide + 0.8, deep + 0.8), "屋面板 150", roof=True)

    def _slab(
        self, storey: Any, at: tuple[float, float], size: tuple[float, float], kind: str,
        *, roof: bool = False,
    ) -> None:  # fmt: skip
        writer = self._writer
        thick = 0.15 if roof else 0.12
        x, y = at
        wide, deep = size
        outline = [(x, y), (x + wide, y), (x + wide, y + deep), (x, y + deep)]
        body = writer.prism(outline, writer.axes((0, 0, -thick)), thick)
        slab = writer.thing(
            "IfcSlab", f"{kind}:", writer.placed((0, 0, 0), storey),
            writer.bodies(writer.paint(body, "混凝土", (0.72, 0.72, 0.7, 1))),
            kind=("IfcSlabType", kind), material=CONCRETE,
            PredefinedType="ROOF" if roof else "FLOOR",
            sets={
                "Pset_SlabCommon": {"Reference": kind, "LoadBearing": True, "IsExternal": roof},
                "Qto_SlabBaseQuantities": {
                    "Width": thick, "NetArea": wide * deep, "NetVolume": wide * deep * thick
                },
            },
        )  # fmt: skip
        writer.hold(storey, slab)

    def _wall(
        self, storey: Any, start: Point, length: float, along: Point, outer: bool,
        *, door: bool = False,
    ) -> None:  # fmt: skip
        writer, spec = self._writer, self._spec
        thick = 0.24 if outer else 0.12
        height = spec.storey_m - 0.12
        kind = f"{'外墙 砖墙' if outer else '内墙 隔墙'} {thick * 1000:.0f}"
        body = writer.box((0, -thick / 2, 0), (length, thick, height))
        color = (0.78, 0.5, 0.4, 1) if outer else (0.9, 0.88, 0.82, 1)
        wall = writer.thing(
            self._wall_class, f"{kind}:", writer.placed(start, storey, along),
            writer.bodies(writer.paint(body, "砖" if outer else "抹灰", color)),
            kind=("IfcWallType", kind), material=BRICK if outer else PLASTER,
            sets={
                "Pset_WallCommon": {
                    "Reference": kind, "LoadBearing": outer, "IsExternal": outer,
                    "FireRating": "2.0h" if outer else "0.5h",
                },
                "Qto_WallBaseQuantities": {
                    "Length": length, "Width": thick, "Height": height,
                    "NetSideArea": length * height, "NetVolume": length * height * thick,
                },
            },
        )  # fmt: skip
        writer.hold(storey, wall)
        self.hosts.append((storey, wall, length, thick, height))
        if outer and not door:
            self._openings.window(storey, wall, length, thick)
        elif door or self._random.random() < 0.7:
            self._openings.door(storey, wall, length, thick, outer=outer)

    def _column(self, storey: Any, i: int, j: int) -> None:
        writer, spec = self._writer, self._spec
        height = spec.storey_m - 0.12
        at = (i * spec.bay_x_m, j * spec.bay_y_m, 0.0)
        body = writer.box((-0.2, -0.2, 0), (0.4, 0.4, height))
        column = writer.thing(
            "IfcColumn", f"框架柱 400x400:{chr(65 + j)}{i + 1}", writer.placed(at, storey),
            writer.bodies(writer.paint(body, "混凝土", (0.72, 0.72, 0.7, 1))),
            kind=("IfcColumnType", "框架柱 400x400"), material=CONCRETE,
            sets={
                "Pset_ColumnCommon": {"Reference": "KZ1", "LoadBearing": True},
                "Qto_ColumnBaseQuantities": {"Length": height, "NetVolume": 0.16 * height},
            },
        )  # fmt: skip
        writer.hold(storey, column)
        self.hosts.append((storey, column, 0.4, 0.4, height))

    def _beam(self, storey: Any, i: int, j: int) -> None:
        writer, spec = self._writer, self._spec
        length = spec.bay_x_m - 0.4
        at = (i * spec.bay_x_m + 0.2, j * spec.bay_y_m, spec.storey_m - 0.12 - 0.4)
        body = writer.box((0, -0.12, 0), (length, 0.24, 0.4))
        beam = writer.thing(
            "IfcBeam", f"框架梁 240x400:{chr(65 + j)}{i + 1}", writer.placed(at, storey),
            writer.bodies(writer.paint(body, "混凝土", (0.72, 0.72, 0.7, 1))),
            kind=("IfcBeamType", "框架梁 240x400"), material=CONCRETE,
            sets={
                "Pset_BeamCommon": {"Reference": "KL1", "LoadBearing": True, "Span": length},
                "Qto_BeamBaseQuantities": {"Length": length, "NetVolume": length * 0.096},
            },
        )  # fmt: skip
        writer.hold(storey, beam)

    def _room(self, number: int, storey: Any, i: int, j: int) -> None:
        writer, spec = self._writer, self._spec
        wide, deep = spec.bay_x_m - 0.24, spec.bay_y_m - 0.24
        height = spec.storey_m - 0.12
        stair = i == spec.bays_x - 1 and j == spec.bays_y - 1 and spec.storeys > 1
        name = "楼梯间" if stair else ROOMS[(i + j * spec.bays_x) % len(ROOMS)]
        more: dict[str, Any] = (
            {"InteriorOrExteriorSpace": "INTERNAL"}
            if spec.ifc_schema == "IFC2X3"
            else {"PredefinedType": "INTERNAL"}
        )
        code = f"{number}{i + j * spec.bays_x + 1:02d}"
        at = (i * spec.bay_x_m + 0.12, j * spec.bay_y_m + 0.12, 0.0)
        room = writer.thing(
            "IfcSpace", code, writer.placed(at, storey),
            writer.bodies(writer.box((0, 0, 0), (wide, deep, height))),
            LongName=name, CompositionType="ELEMENT",
            sets={
                "Pset_SpaceCommon": {"Reference": code},
                "Qto_SpaceBaseQuantities": {"Height": height, "NetFloorArea": wide * deep},
            },
            **more,
        )  # fmt: skip
        writer.hold(storey, room)
        for n in range(0 if stair else spec.furniture):
            self._furniture.put(storey, room, n, (wide, deep), self._random)

    def _stair(self, storey: Any) -> None:
        writer, spec = self._writer, self._spec
        steps = 18
        rise, tread = spec.storey_m / steps, 0.22
        outline = [(0.0, 0.0)]
        for n in range(steps):
            outline += [(n * tread, (n + 1) * rise), ((n + 1) * tread, (n + 1) * rise)]
        outline.append((steps * tread, 0.0))
        upright = writer.make(
            "IfcAxis2Placement3D", Location=writer.point(0, 0, 0),
            Axis=writer.direction(1, 0, 0), RefDirection=writer.direction(0, 1, 0),
        )  # fmt: skip
        body = writer.prism(outline, upright, 1.1)
        at = ((spec.bays_x - 1) * spec.bay_x_m + 0.3, (spec.bays_y - 1) * spec.bay_y_m + 0.3, 0.0)
        more: dict[str, Any] = (
            {"ShapeType": "STRAIGHT_RUN_STAIR"} if spec.ifc_schema == "IFC2X3" else {}
        )
        stair = writer.thing(
            "IfcStair", "楼梯:", writer.placed(at, storey), material=CONCRETE, **more
        )
        flight = writer.thing(
            "IfcStairFlight", "梯段:", writer.placed((0, 0, 0), stair),
            writer.bodies(writer.paint(body, "混凝土", (0.72, 0.72, 0.7, 1))),
            kind=("IfcStairFlightType", "梯段 1100"), material=CONCRETE,
            sets={"Pset_StairFlightCommon": {"Reference": "AT1", "NumberOfRiser": steps}},
        )  # fmt: skip
        writer.hold(storey, stair)
        writer.hold(stair, flight)
