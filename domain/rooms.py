"""The simple schema of a building without a model: storeys, axes and rooms on a plan."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SchemaStorey:
    """One storey of the schema.

    Parameters
    ----------
    name
        As people say it: `2 层`.
    elevation_m, height_m
        Of its floor above outdoor grade, and from floor to floor.

    """

    id: str
    name: str
    elevation_m: float
    height_m: float


@dataclass(frozen=True, slots=True)
class SchemaRoom:
    """A room: an outline on the plan of one storey.

    Parameters
    ----------
    outline
        Corners (x, y) in metres, building axes, in order, three or more.

    """

    id: str
    storey_id: str
    name: str
    outline: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class RoomSchema:
    """Storeys, axes and rooms of one building, drawn or generated.

    Parameters
    ----------
    axes
        (name, direction, metre): axis ① is `("1", "x", 0.0)`, a line x = 0 on the plan.

    """

    building_id: str
    storeys: tuple[SchemaStorey, ...] = ()
    rooms: tuple[SchemaRoom, ...] = ()
    axes: tuple[tuple[str, str, float], ...] = ()
    made_at_ns: int = 0
    by: str = ""
    version: int = 1
