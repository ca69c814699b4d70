"""What a made house is like."""

from dataclasses import dataclass

from simulators.ifc.solids import IfcSchema, Point


@dataclass(frozen=True, slots=True)
class HouseSpec:
    """What a house is like.

    Parameters
    ----------
    storeys
        Above ground, at least 1.
    bays_x, bays_y
        Rooms along and across.
    bay_x_m, bay_y_m, storey_m
        Size of a bay and height of a storey.
    furniture
        Pieces a room.
    facets
        Fineness of furniture, faces around; what makes a file big.
    shapes
        How many different shapes of furniture there are.
    properties
        How many an element bears beyond the standard ones.
    sensors
        How many are in the model; some have no shape of their own, as is usual.
    site_m
        Where the house stands in the file's world.
    true_north_deg
        Clockwise from the model's y axis.
    map_crs
        Such as `EPSG:4547`; empty: the file has no map.

    """

    name: str = "槐荫里 12 号"
    ifc_schema: IfcSchema = "IFC4"
    seed: int = 1
    storeys: int = 2
    bays_x: int = 2
    bays_y: int = 2
    bay_x_m: float = 4.2
    bay_y_m: float = 4.8
    storey_m: float = 3.0
    furniture: int = 0
    facets: int = 12
    shapes: int = 4
    properties: int = 0
    sensors: int = 4
    metres: float = 0.001
    site_m: Point = (0.0, 0.0, 0.0)
    true_north_deg: float | None = None
    map_crs: str = ""
    map_m: Point = (500_000.0, 3_400_000.0, 20.0)
