"""What an IFC file says without its shapes; runs in a child process only."""

import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import ifcopenshell

from bim.attributes import DESCRIPTION, FIRST, GUID, NAME, OBJECT_TYPE, SECOND, TAG
from bim.faults import Fault, Warned
from bim.hashes import content_hash
from bim.placements import storeys_of
from bim.properties import Properties, load_bearing
from bim.tree import Tree
from bim.units import Units, scale_of
from domain.bim_ports import ModelIndex
from domain.elements import ElementVersion
from domain.errors import ModelRejected

NAME_MAX = 500
_PLACEHOLDER = re.compile(r"\s*//.*//\s*|\s*(?:default|undefined|未命名)\s*", re.IGNORECASE)


def read(path: Path, revision_id: str, warnings: tuple[tuple[str, str], ...]) -> ModelIndex:
    """Read the tree, elements, types, materials, property sets and quantities of a file.

    Parameters
    ----------
    path
        A file that passed `bim.prepared`.

    Raises
    ------
    ModelRejected
        `not ifc` when it cannot be parsed, `no elements` when there is nothing in it.

    """
    try:
        file = ifcopenshell.open(path)
    except (OSError, RuntimeError, ValueError, ifcopenshell.Error) as error:
        raise ModelRejected(Fault.NOT_IFC, f"the file cannot be parsed: {error}") from None
    units = Units(file)
    tree = Tree(file)
    storeys = storeys_of(file, units.metres)
    elevations = {one.global_id: one.elevation_m for one in storeys}
    sets = Properties(file, units)
    materials = _Materials(file)
    kinds: dict[str, int] = {}
    found = [
        _version(one, revision_id, tree, elevations, sets, materials, kinds)
        for one in _elements(file)
    ]  # fmt: skip
    if not found:
        raise ModelRejected(
            Fault.NO_ELEMENTS, "a model must have walls, slabs or other elements, got none"
        )
    found.sort(key=lambda one: one.step_id)
    told = [*warnings, *_doubts(file, found, bool(storeys))]
    north = _north(file)
    crs, origin = _map_of(file, sets, units.metres)
    header = file.header.file_name
    return ModelIndex(
        ifc_schema="IFC4X3" if file.schema.startswith("IFC4X3") else file.schema,
        authoring_app=_app(file, str(header.originating_system or "")),
        unit_scale=units.metres,
        true_north_deg=north,
        map_crs=crs,
        map_origin=origin,
        storeys=storeys,
        versions=tuple(found),
        warnings=tuple(told),
    )


def _elements(file: Any) -> list[Any]:
    """List what can be pointed at: elements but the holes in them, and rooms."""
    some = [one for one in file.by_type("IfcElement") if not one.is_a("IfcFeatureElement")]
    return [one for one in (*some, *file.by_type("IfcSpace")) if not one.is_a("IfcVirtualElement")]


def _version(
    one: Any,
    revision_id: str,
    tree: Tree,
    elevations: dict[str, float],
    sets: Properties,
    materials: "_Materials",
    kinds: dict[str, int],
) -> ElementVersion:
    step_id = one.id()
    ifc_class = one.is_a()
    rows = sets.of(step_id)
    if ifc_class not in kinds:
        kinds[ifc_class] = _place_of(one, "PredefinedType")
    object_type = str(one.get_argument(OBJECT_TYPE) or "")
    predefined = one.get_argument(kinds[ifc_class]) if kinds[ifc_class] >= 0 else None
    own = tuple(
        ("IFC", name, str(value)[:NAME_MAX], "")
        for name, value in (
            ("PredefinedType", predefined),
            ("ObjectType", object_type),
            ("Description", one.get_argument(DESCRIPTION)),
        )
        if value
    )
    kind = sets.type_of(step_id)
    type_name = str(kind.get_argument(NAME) or "") if kind is not None else ""
    type_name = type_name or object_type
    storey, space = tree.place_of(one)
    tag = str(one.get_argument(TAG) or "") if ifc_class != "IfcSpace" else ""
    name = str(one.get_argument(NAME) or "")[:NAME_MAX]
    material = materials.of(step_id) or (materials.of(kind.id()) if kind is not None else "")
    guid = str(storey.get_argument(GUID) or "") if storey is not None else ""
    rows = (*own, *rows)
    return ElementVersion(
        revision_id=revision_id,
        step_id=step_id,
        global_id=str(one.get_argument(GUID) or ""),
        ifc_class=ifc_class,
        name=name,
        tag=tag[:NAME_MAX],
        type_name=type_name[:NAME_MAX],
        storey_guid=guid,
        storey_name=str(storey.get_argument(NAME) or "")[:NAME_MAX] if storey is not None else "",
        storey_elevation_m=elevations.get(guid),
        space=space[:NAME_MAX],
        material=material,
        load_bearing=load_bearing(rows),
        properties=rows,
        content_hash=content_hash(ifc_class, type_name, name, tag, material, rows),
    )


def _place_of(one: Any, name: str) -> int:
    """Tell where an attribute stands in entities of a class; -1: it has none of that name."""
    names = [one.attribute_name(place) for place in range(len(one))]
    return names.index(name) if name in names else -1


def _doubts(file: Any, found: list[ElementVersion], storeys: bool) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    double = [guid for guid, n in Counter(one.global_id for one in found).items() if n > 1]
    if double:
        told.append((Warned.DOUBLE_GUIDS, f"{len(double)}: {', '.join(sorted(double)[:5])}"))
    if not storeys:
        told.append((Warned.NO_STOREYS, ""))
    names = [
        str(one.Name or "") for kind in ("IfcProject", "IfcBuilding") for one in file.by_type(kind)
    ]
    if empty := [name for name in names if name and _PLACEHOLDER.fullmatch(name)]:
        told.append((Warned.PLACEHOLDERS, ", ".join(empty[:5])))
    return told


def _north(file: Any) -> float | None:
    """Read the direction of true north, clockwise from the y axis, degrees."""
    for context in file.by_type("IfcGeometricRepresentationContext", include_subtypes=False):
        direction = getattr(context, "TrueNorth", None)
        if direction is not None and len(direction.DirectionRatios) >= 2:
            x, y = direction.DirectionRatios[:2]
            if x or y:
                return round(math.degrees(math.atan2(x, y)) % 360, 6)
    return None


def _map_of(
    file: Any, sets: Properties, metres: float
) -> tuple[str, tuple[float, float, float] | None]:
    """Read where the model stands on the map: its reference system, and a point in m."""
    if file.schema == "IFC2X3":
        return _map_of_sets(file, sets)
    for conversion in file.by_type("IfcMapConversion"):
        target = conversion.TargetCRS
        unit = getattr(target, "MapUnit", None) if target is not None else None
        scale = scale_of(unit) if unit is not None else metres
        values = (conversion.Eastings, conversion.Northings, conversion.OrthogonalHeight)
        east, north, height = (float(value or 0.0) * scale for value in values)
        return str(target.Name or "") if target is not None else "", (east, north, height)
    return "", None


def _map_of_sets(file: Any, sets: Properties) -> tuple[str, tuple[float, float, float] | None]:
    """Read it from property sets, as is agreed for IFC2X3, which has no entity for it."""
    for kind in ("IfcSite", "IfcProject", "IfcBuilding"):
        for one in file.by_type(kind):
            told = {row[:2]: row[2] for row in sets.of(one.id()) if row[0].startswith("ePSet_")}
            names = ("Eastings", "Northings", "OrthogonalHeight")
            try:
                east, north, height = (float(told["ePSet_MapConversion", name]) for name in names)
            except (KeyError, ValueError):
                continue
            return told.get(("ePSet_ProjectedCRS", "Name"), ""), (east, north, height)
    return "", None


def _app(file: Any, header: str) -> str:
    for one in file.by_type("IfcApplication")[:1]:
        named = f"{one.ApplicationFullName or ''} {one.Version or ''}".strip()
        if named:
            return named[:NAME_MAX]
    return header[:NAME_MAX]


class _Materials:
    """Names of the materials of objects and types, joined by `, `."""

    def __init__(self, file: Any) -> None:
        self._names: dict[int, str] = {}
        known: dict[int, str] = {}
        for tie in file.by_type("IfcRelAssociatesMaterial"):
            material = tie.get_argument(SECOND)
            if material is None:
                continue
            key = material.id()
            if key not in known:
                names = dict.fromkeys(name for name in _material_names(material) if name)
                known[key] = ", ".join(names)[:NAME_MAX]
            for one in tie.get_argument(FIRST) or ():
                self._names[one.id()] = known[key]

    def of(self, step_id: int) -> str:
        return self._names.get(step_id, "")


def _material_names(material: Any) -> list[str]:
    what = material.is_a()
    if what == "IfcMaterial":
        return [str(material.Name or "")]
    inner: list[Any] = []
    if what == "IfcMaterialLayerSetUsage":
        inner = [*(material.ForLayerSet.MaterialLayers or ())] if material.ForLayerSet else []
    elif what == "IfcMaterialLayerSet":
        inner = [*(material.MaterialLayers or ())]
    elif what == "IfcMaterialList":
        inner = [*(material.Materials or ())]
    elif what == "IfcMaterialProfileSetUsage":
        inner = [*(material.ForProfileSet.MaterialProfiles or ())] if material.ForProfileSet else []
    elif what == "IfcMaterialProfileSet":
        inner = [*(material.MaterialProfiles or ())]
    elif what == "IfcMaterialConstituentSet":
        inner = [*(material.MaterialConstituents or ())]
    else:
        inner = [material]
    names = []
    for one in inner:
        plain = one if one.is_a("IfcMaterial") else getattr(one, "Material", None)
        if plain is not None:
            names.append(str(plain.Name or ""))
    return names
