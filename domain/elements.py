"""Elements of a building: our own lasting identity, and what each revision says of it."""

from dataclasses import dataclass

#: smallest and largest corner, metres, building axes
Box = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Element:
    """What everything links to; it outlives every revision of its model and is never deleted.

    Parameters
    ----------
    first_revision, retired_revision
        Revisions that brought it and in which it was missing first; `None`: it is still there.

    """

    id: str
    model_id: str
    ifc_class: str
    name: str
    first_revision: str
    retired_revision: str | None = None


@dataclass(frozen=True, slots=True)
class Storey:
    """A storey of a revision; sorted by elevation, for names are no order.

    Parameters
    ----------
    elevation_m
        Of its floor, metres, building axes.

    """

    global_id: str
    name: str
    elevation_m: float


@dataclass(frozen=True, slots=True)
class ElementVersion:
    """An element as one revision of its model has it.

    Parameters
    ----------
    element_id
        Ours; empty until the revision is matched.
    step_id
        Its number in the file, unique there; `global_id` is not (double ones exist).
    ifc_class
        `IfcWallStandardCase`; entity as the file names it.
    storey_guid, storey_name, storey_elevation_m
        Where it belongs; empty and `None` when the file does not say.
    space
        Room that holds it or that it is, in words.
    material
        Names of its materials, joined by `, `.
    load_bearing
        As its property sets say; `None`: they do not.
    properties
        Property sets and quantities: (set, name, value as text, unit) rows, sets sorted by name.
    box
        `None` for what has no shape.
    content_hash
        Hex, of class, type, name, property sets and material, without any id.
    geometry_hash
        Hex, of its shape about its own centre, rounded to 1 mm; empty without a shape.

    """

    revision_id: str
    step_id: int
    global_id: str
    ifc_class: str
    name: str = ""
    element_id: str = ""
    tag: str = ""
    type_name: str = ""
    storey_guid: str = ""
    storey_name: str = ""
    storey_elevation_m: float | None = None
    space: str = ""
    material: str = ""
    load_bearing: bool | None = None
    properties: tuple[tuple[str, str, str, str], ...] = ()
    box: Box | None = None
    content_hash: str = ""
    geometry_hash: str = ""
