"""A house as an IFC model: storeys, rooms, walls, openings, frame, stairs, furniture, sensors.

Walls stand in millimetres, storeys are called 一层, 二层 …, rooms 客厅, 卧室 …: what models made
in China look like. The same spec and seed give the same file.
"""

import math
from pathlib import Path
from typing import Any

from simulators.ifc.layout import Layout
from simulators.ifc.sensors import add_sensors
from simulators.ifc.spec import HouseSpec
from simulators.ifc.writer import IfcWriter, Sets

NUMERALS = "零一二三四五六七八九十"

__all__ = ["HouseSpec", "house", "storey_name", "write_house"]


def storey_name(number: int) -> str:
    """Name a storey: 1 is 一层, 12 is 十二层, -1 is 地下一层."""
    if number < 0:
        return f"地下{storey_name(-number)}"
    tens, ones = divmod(number, 10)
    text = NUMERALS[number] if number <= 10 else ""
    if not text:
        text = ("" if tens == 1 else NUMERALS[tens]) + "十" + (NUMERALS[ones] if ones else "")
    return f"{text}层"


def write_house(spec: HouseSpec, path: Path) -> Path:
    """Write a house as an IFC file."""
    house(spec).write(str(path))
    return path


def house(spec: HouseSpec) -> Any:
    """Make a house; gives an `ifcopenshell.file`."""
    writer = IfcWriter(spec.ifc_schema, spec.seed, spec.metres, spec.properties)
    writer.project.Name = spec.name
    _georeference(writer, spec)
    site = writer.thing(
        "IfcSite", "场地", writer.placed(spec.site_m), sets=_map_sets(spec),
        CompositionType="ELEMENT",
    )  # fmt: skip
    building = writer.thing(
        "IfcBuilding", spec.name, writer.placed((0, 0, 0), site), CompositionType="ELEMENT"
    )
    writer.hold(writer.project, site)
    writer.hold(site, building)
    storeys = []
    for number in range(1, spec.storeys + 1):
        height = (number - 1) * spec.storey_m
        storey = writer.thing(
            "IfcBuildingStorey", storey_name(number), writer.placed((0, 0, height), building),
            CompositionType="ELEMENT", Elevation=writer.length(height),
        )  # fmt: skip
        writer.hold(building, storey)
        storeys.append(storey)
    roof_at = spec.storeys * spec.storey_m
    roof = writer.thing(
        "IfcBuildingStorey", "屋面", writer.placed((0, 0, roof_at), building),
        CompositionType="ELEMENT", Elevation=writer.length(roof_at),
    )  # fmt: skip
    writer.hold(building, roof)
    _axes_grid(writer, spec, storeys[0])
    layout = Layout(writer, spec)
    for number, storey in enumerate(storeys, 1):
        layout.storey(number, storey)
    layout.roof(roof)
    add_sensors(writer, spec.sensors, layout.hosts, spec.seed)
    return writer.finish()


def _georeference(writer: IfcWriter, spec: HouseSpec) -> None:
    if spec.true_north_deg is not None:
        angle = math.radians(spec.true_north_deg)
        writer.model.TrueNorth = writer.direction(math.sin(angle), math.cos(angle))
    if spec.map_crs and spec.ifc_schema != "IFC2X3":
        metre = writer.make("IfcSIUnit", UnitType="LENGTHUNIT", Name="METRE")
        crs = writer.make("IfcProjectedCRS", Name=spec.map_crs, MapUnit=metre)
        east, north, height = spec.map_m
        writer.make(
            "IfcMapConversion", SourceCRS=writer.model, TargetCRS=crs, Eastings=east,
            Northings=north, OrthogonalHeight=height, Scale=spec.metres,
        )  # fmt: skip


def _map_sets(spec: HouseSpec) -> Sets:
    """Say in property sets where the house stands, as IFC2X3 has no entity for it."""
    if not spec.map_crs or spec.ifc_schema != "IFC2X3":
        return {}
    east, north, height = spec.map_m
    return {
        "ePSet_MapConversion": {
            "Eastings": east, "Northings": north, "OrthogonalHeight": height
        },
        "ePSet_ProjectedCRS": {"Name": spec.map_crs},
    }  # fmt: skip


def _axes_grid(writer: IfcWriter, spec: HouseSpec, storey: Any) -> None:
    """Draw the axes: ①②… along, A, B … across."""
    wide, deep = spec.bays_x * spec.bay_x_m, spec.bays_y * spec.bay_y_m

    def axis(tag: str, start: tuple[float, float], end: tuple[float, float]) -> Any:
        line = writer.make("IfcPolyline", Points=[writer.point(*start), writer.point(*end)])
        return writer.make("IfcGridAxis", AxisTag=tag, AxisCurve=line, SameSense=True)

    along = [
        axis(str(i + 1), (i * spec.bay_x_m, -1.5), (i * spec.bay_x_m, deep + 1.5))
        for i in range(spec.bays_x + 1)
    ]
    across = [
        axis(chr(65 + j), (-1.5, j * spec.bay_y_m), (wide + 1.5, j * spec.bay_y_m))
        for j in range(spec.bays_y + 1)
    ]
    grid = writer.thing(
        "IfcGrid", "轴网", writer.placed((0, 0, 0), storey), UAxes=across, VAxes=along
    )
    writer.hold(storey, grid)
