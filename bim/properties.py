"""Property sets and quantities of elements as rows."""

from collections.abc import Iterable
from typing import Any

from bim.attributes import (
    FIRST,
    HAS_PROPERTIES,
    NAME,
    QUANTITIES,
    QUANTITY_UNIT,
    QUANTITY_VALUE,
    SECOND,
    TYPE_SETS,
    VALUE,
    VALUE_UNIT,
)
from bim.units import Units, name_of

#: set, name, value as text, unit
Row = tuple[str, str, str, str]

#: more would be an attack or a data base kept in a model
ROWS_MAX = 2_000
TEXT_MAX = 2_000
DEPTH_MAX = 4
_KIND_OF_UNIT = {
    "IfcQuantityLength": "LENGTHUNIT",
    "IfcQuantityArea": "AREAUNIT",
    "IfcQuantityVolume": "VOLUMEUNIT",
    "IfcQuantityWeight": "MASSUNIT",
    "IfcQuantityTime": "TIMEUNIT",
    "IfcQuantityCount": "",
    "IfcQuantityNumber": "",
}


class Properties:
    """Reads sets once each: many elements share them.

    Parameters
    ----------
    file
        An open `ifcopenshell.file`.

    """

    def __init__(self, file: Any, units: Units) -> None:
        self._units = units
        self._rows: dict[int, tuple[Row, ...]] = {}
        #: sets of each object, and type of each object, by step id
        self._sets: dict[int, list[Any]] = {}
        self._types: dict[int, Any] = {}
        self._of_type: dict[int, tuple[Row, ...]] = {}
        #: authoring programs share equal properties among many sets
        self._plain: dict[int, tuple[str, str, str] | None] = {}
        for tie in file.by_type("IfcRelDefinesByProperties"):
            content = tie.get_argument(SECOND)
            for some in content if isinstance(content, tuple) else (content,):
                if some is None:
                    continue
                for one in tie.get_argument(FIRST) or ():
                    self._sets.setdefault(one.id(), []).append(some)
        for tie in file.by_type("IfcRelDefinesByType"):
            kind = tie.get_argument(SECOND)
            for one in tie.get_argument(FIRST) or ():
                self._types[one.id()] = kind

    def type_of(self, step_id: int) -> Any:
        """Give the type of an object, or `None`."""
        return self._types.get(step_id)

    def of(self, step_id: int) -> tuple[Row, ...]:
        """Give an object's rows, its type's where it has none of the name; sets by name."""
        own = [row for one in self._sets.get(step_id, ()) for row in self._of_set(one)]
        kind = self._types.get(step_id)
        if kind is not None:
            known = {row[:2] for row in own}
            own += [row for row in self._of_kind(kind) if row[:2] not in known]
        own.sort(key=lambda row: row[0])
        return tuple(own[:ROWS_MAX])

    def _of_kind(self, kind: Any) -> tuple[Row, ...]:
        key = kind.id()
        if key not in self._of_type:
            sets = kind.get_argument(TYPE_SETS) or ()
            self._of_type[key] = tuple(row for one in sets for row in self._of_set(one))
        return self._of_type[key]

    def _of_set(self, one: Any) -> tuple[Row, ...]:
        key = one.id()
        if key not in self._rows:
            name = str(one.get_argument(NAME) or "")
            rows: list[Row] = []
            what = one.is_a()
            if what == "IfcPropertySet":
                self._add(rows, name, "", one.get_argument(HAS_PROPERTIES) or (), 0)
            elif what == "IfcElementQuantity":
                self._add_quantities(rows, name, "", one.get_argument(QUANTITIES) or (), 0)
            self._rows[key] = tuple(rows[:ROWS_MAX])
        return self._rows[key]

    def _add(
        self, rows: list[Row], name: str, before: str, some: Iterable[Any], depth: int
    ) -> None:
        for one in some:
            if one is None:
                continue
            key = one.id()
            if key not in self._plain:
                self._plain[key] = self._read(one)
            told = self._plain[key]
            if told is not None:
                label, text, unit = told
                if text:
                    rows.append((name, before + label, text, unit))
            elif depth < DEPTH_MAX and one.is_a() == "IfcComplexProperty":
                inner = f"{before}{one.get_argument(0) or ''}."
                self._add(rows, name, inner, one.HasProperties or (), depth + 1)
            if len(rows) >= ROWS_MAX:
                return

    def _read(self, one: Any) -> tuple[str, str, str] | None:
        """Read a property's name, value and unit; `None` for one of several parts or none."""
        what = one.is_a()
        unit = None
        if what == "IfcPropertySingleValue":
            text, measure = _text(one.get_argument(VALUE))
            unit = one.get_argument(VALUE_UNIT)
        elif what == "IfcPropertyEnumeratedValue":
            text, measure = _texts(one.EnumerationValues)
        elif what == "IfcPropertyListValue":
            text, measure = _texts(one.ListValues)
        elif what == "IfcPropertyBoundedValue":
            low, measure = _text(one.LowerBoundValue)
            high, other = _text(one.UpperBoundValue)
            text, measure = f"{low}..{high}", measure or other
        else:
            return None
        unit_name = name_of(unit) if unit is not None else self._units.of_measure(measure)
        return str(one.get_argument(0) or ""), text, unit_name

    def _add_quantities(
        self, rows: list[Row], name: str, before: str, some: Iterable[Any], depth: int
    ) -> None:
        for one in some:
            if one is None:
                continue
            label = before + str(one.get_argument(0) or "")
            what = one.is_a()
            if what == "IfcPhysicalComplexQuantity":
                if depth < DEPTH_MAX:
                    inner = one.HasQuantities or ()
                    self._add_quantities(rows, name, f"{label}.", inner, depth + 1)
                continue
            value = one.get_argument(QUANTITY_VALUE) if what in _KIND_OF_UNIT else None
            if value is None:
                continue
            unit, kind = one.get_argument(QUANTITY_UNIT), _KIND_OF_UNIT[what]
            unit_name = name_of(unit) if unit is not None else self._units.of_kind(kind)
            rows.append((name, label, _written(value), unit_name))
            if len(rows) >= ROWS_MAX:
                return


def load_bearing(rows: Iterable[Row]) -> bool | None:
    """Read whether an element carries load; `None`: its sets do not say."""
    for _, name, value, _ in rows:
        if name == "LoadBearing" and value in {"true", "false"}:
            return value == "true"
    return None


def _texts(values: Iterable[Any] | None) -> tuple[str, str]:
    some = [_text(value) for value in values or ()]
    return ", ".join(text for text, _ in some)[:TEXT_MAX], some[0][1] if some else ""


def _text(value: Any) -> tuple[str, str]:
    """Write a value, and name its measure."""
    if value is None:
        return "", ""
    if hasattr(value, "is_a"):
        return _written(value.get_argument(0)), value.is_a()
    return _written(value), ""


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)[:TEXT_MAX] if value is not None else ""
