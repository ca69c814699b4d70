"""Writes parts of buildings into an IFC file, alike in IFC2X3, IFC4 and IFC4X3.

The frame of a file (project, units, contexts) comes from `ifcopenshell.api`; the many parts are
written entity by entity, as the API would take a minute for what takes a second so.
"""

import random
import uuid
from typing import Any

import ifcopenshell.api.context
import ifcopenshell.api.project
import ifcopenshell.api.unit
import ifcopenshell.guid

from simulators.ifc.solids import IfcSchema, Point, Solids

#: set name → property name → value
Sets = dict[str, dict[str, Any]]
MADE_AT, MADE_ON = 1_767_225_600, "2026-01-01T00:00:00"
APP = "Anju model maker"


class IfcWriter(Solids):
    """An IFC file in the making.

    Parameters
    ----------
    schema
        `IFC2X3`, `IFC4` or `IFC4X3`.
    seed
        Of the GlobalIds.
    metres
        Of one length unit: 0.001 as most authoring programs have it, or 1.
    properties
        How many more an element bears, as authoring programs add dozens; equal ones are shared.

    """

    def __init__(
        self, schema: IfcSchema, seed: int, metres: float = 0.001, properties: int = 0
    ) -> None:
        file: Any = ifcopenshell.api.project.create_file(version=schema)
        super().__init__(file, schema, metres)
        self._more = properties
        self._values: dict[tuple[str, str], Any] = {}
        self._random = random.Random(seed)
        self._types: dict[str, tuple[Any, list[Any]]] = {}
        self._materials: dict[str, tuple[Any, list[Any]]] = {}
        self._held: dict[int, tuple[Any, str, list[Any]]] = {}
        self._tag = 100_000
        self._history = self._owner()
        self.project = self._root("IfcProject", Name="")
        unit_prefix = "MILLI" if metres == 0.001 else None
        units = [
            ifcopenshell.api.unit.add_si_unit(
                self.file, unit_type="LENGTHUNIT", prefix=unit_prefix
            ),
            ifcopenshell.api.unit.add_si_unit(self.file, unit_type="AREAUNIT"),
            ifcopenshell.api.unit.add_si_unit(self.file, unit_type="VOLUMEUNIT"),
            ifcopenshell.api.unit.add_si_unit(self.file, unit_type="PLANEANGLEUNIT"),
        ]
        ifcopenshell.api.unit.assign_unit(self.file, units=units)
        # the API puts them through a set: the order would differ from run to run
        self.project.UnitsInContext.Units = units
        self.model = ifcopenshell.api.context.add_context(self.file, context_type="Model")
        self.body = ifcopenshell.api.context.add_context(
            self.file, context_type="Model", context_identifier="Body",
            target_view="MODEL_VIEW", parent=self.model,
        )  # fmt: skip
        self._origin = self.axes((0, 0, 0))

    def guid(self) -> str:
        """Draw a GlobalId."""
        return str(
            ifcopenshell.guid.compress(uuid.UUID(int=self._random.getrandbits(128), version=4).hex)
        )

    def _owner(self) -> Any:
        person = self.make("IfcPerson", FamilyName="Anju")
        organization = self.make("IfcOrganization", Name="Anju")
        user = self.make("IfcPersonAndOrganization", ThePerson=person, TheOrganization=organization)
        app = self.make(
            "IfcApplication", ApplicationDeveloper=organization, Version="1",
            ApplicationFullName=APP, ApplicationIdentifier="anju",
        )  # fmt: skip
        return self.make(
            "IfcOwnerHistory", OwningUser=user, OwningApplication=app, ChangeAction="ADDED",
            CreationDate=MADE_AT,
        )  # fmt: skip

    def _root(self, what: str, **values: Any) -> Any:
        return self.make(what, GlobalId=self.guid(), OwnerHistory=self._history, **values)

    def thing(
        self,
        what: str,
        name: str,
        placement: Any,
        shape: Any = None,
        *,
        kind: tuple[str, str] | None = None,
        material: str = "",
        sets: Sets | None = None,
        **more: Any,
    ) -> Any:
        """Write an element or room with its type, material, sets and quantities.

        Parameters
        ----------
        name
            One that ends with `:` gets its tag there, as Revit names things.
        kind
            Class and name of its type.
        sets
            Those whose name begins with `Qto_` are quantities, in m, m² and m³.

        """
        values = {"Name": name, "ObjectPlacement": placement, **more}
        if shape is not None:
            values["Representation"] = self.make(
                "IfcProductDefinitionShape", Representations=[shape]
            )
        made = self._root(what, **values)
        if hasattr(made, "Tag"):
            self._tag += self._random.randint(1, 9)
            made.Tag = str(self._tag)
            if name.endswith(":"):
                made.Name = name + made.Tag
        if kind:
            self._typed(made, *kind)
        if material:
            self._of_material(made, material)
        for title, content in (sets or {}).items():
            self._described(made, title, content)
        if self._more and hasattr(made, "Tag"):
            self._add_more(made)
        return made

    def _add_more(self, made: Any) -> None:
        """Add what an authoring program keeps of an element, in sets of ten."""
        for start in range(0, self._more, 10):
            rows = []
            for n in range(start, min(start + 10, self._more)):
                value = f"值 {self._random.randrange(6)}" if n % 10 else f"标记 {made.Tag}"
                key = (f"参数 {n + 1}", value)
                if key not in self._values:
                    self._values[key] = self._property(*key)
                rows.append(self._values[key])
            some = self._root(
                "IfcPropertySet", Name=f"参数组 {start // 10 + 1}", HasProperties=rows
            )
            self._root(
                "IfcRelDefinesByProperties", RelatedObjects=[made], RelatingPropertyDefinition=some
            )

    def _typed(self, made: Any, what: str, name: str) -> None:
        if name not in self._types:
            values: dict[str, Any] = {"Name": name}
            if what.endswith("Style"):
                values |= {"OperationType": "NOTDEFINED", "ConstructionType": "NOTDEFINED",
                           "ParameterTakesPrecedence": False, "Sizeable": False}  # fmt: skip
            elif what != "IfcFurnitureType" or self.schema != "IFC2X3":
                values["PredefinedType"] = "NOTDEFINED"
            if what == "IfcFurnitureType":
                values["AssemblyPlace"] = "NOTDEFINED"
            if self.schema != "IFC2X3" and what == "IfcDoorType":
                values["OperationType"] = "NOTDEFINED"
            if self.schema != "IFC2X3" and what == "IfcWindowType":
                values["PartitioningType"] = "NOTDEFINED"
            self._types[name] = (self._root(what, **values), [])
        self._types[name][1].append(made)

    def _of_material(self, made: Any, name: str) -> None:
        if name not in self._materials:
            self._materials[name] = (self.make("IfcMaterial", Name=name), [])
        self._materials[name][1].append(made)

    def _described(self, made: Any, title: str, content: dict[str, Any]) -> None:
        if title.startswith("Qto_"):
            rows = [self._quantity(name, value) for name, value in content.items()]
            one = self._root("IfcElementQuantity", Name=title, Quantities=rows)
        else:
            rows = [self._property(name, value) for name, value in content.items()]
            one = self._root("IfcPropertySet", Name=title, HasProperties=rows)
        self._root(
            "IfcRelDefinesByProperties", RelatedObjects=[made], RelatingPropertyDefinition=one
        )

    def _property(self, name: str, value: Any) -> Any:
        if isinstance(value, bool):
            wrapped = self.make("IfcBoolean", value)
        elif isinstance(value, float):
            wrapped = self.make("IfcReal", value)
        elif isinstance(value, int):
            wrapped = self.make("IfcInteger", value)
        else:
            wrapped = self.make("IfcLabel", value)
        return self.make("IfcPropertySingleValue", Name=name, NominalValue=wrapped)

    def _quantity(self, name: str, value: float) -> Any:
        if name.endswith("Area"):
            return self.make("IfcQuantityArea", Name=name, AreaValue=round(value, 4))
        if name.endswith("Volume"):
            return self.make("IfcQuantityVolume", Name=name, VolumeValue=round(value, 4))
        return self.make("IfcQuantityLength", Name=name, LengthValue=self.length(value))

    def hold(self, holder: Any, held: Any) -> None:
        """Put an element into a storey or room, or a part under its whole."""
        inside = holder.is_a("IfcSpatialStructureElement") and not held.is_a(
            "IfcSpatialStructureElement"
        )
        way = "inside" if inside else "part"
        key = holder.id() * 2 + inside
        self._held.setdefault(key, (holder, way, []))[2].append(held)

    def opening(self, wall: Any, at: Point, size: Point) -> Any:
        """Cut a hole into a wall, in its axes, m."""
        body = self.bodies(self.box((0, 0, 0), size))
        hole = self._root(
            "IfcOpeningElement", Name="洞口", ObjectPlacement=self.placed(at, wall),
            Representation=self.make("IfcProductDefinitionShape", Representations=[body]),
        )  # fmt: skip
        self._root("IfcRelVoidsElement", RelatingBuildingElement=wall, RelatedOpeningElement=hole)
        return hole

    def fill(self, hole: Any, with_what: Any) -> None:
        """Put a door or window into a hole."""
        self._root(
            "IfcRelFillsElement", RelatingOpeningElement=hole, RelatedBuildingElement=with_what
        )

    def finish(self) -> Any:
        """Write all relations; give the file."""
        for holder, way, some in self._held.values():
            if way == "inside":
                self._root(
                    "IfcRelContainedInSpatialStructure",
                    RelatingStructure=holder, RelatedElements=some,
                )  # fmt: skip
            else:
                self._root("IfcRelAggregates", RelatingObject=holder, RelatedObjects=some)
        for kind, some in self._types.values():
            self._root("IfcRelDefinesByType", RelatedObjects=some, RelatingType=kind)
        for material, some in self._materials.values():
            self._root("IfcRelAssociatesMaterial", RelatedObjects=some, RelatingMaterial=material)
        self._held, self._types, self._materials = {}, {}, {}
        # the hour of writing would make two equal houses differ
        header = self.file.header.file_name
        header.name, header.time_stamp = "house.ifc", MADE_ON
        return self.file
