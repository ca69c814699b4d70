"""Rows of what revisions say of elements, written in bulk and searched."""

import unicodedata
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from domain.bim_models import BimRevision
from domain.elements import Box, Element, ElementVersion, Storey
from domain.errors import InvalidInput
from domain.ports import Page
from storage.records import tables_models as tables
from storage.records.rows import Rows, among, clean

ELEMENTS = Rows(Element, tables.bim_elements)
_T = tables.element_versions
_FIELDS = tuple(field.name for field in fields(ElementVersion))
#: where the properties stand, which a list goes without
_ASIDE = _FIELDS.index("properties")
_TEXTS = (
    "global_id", "ifc_class", "name", "tag", "type_name", "storey_guid", "storey_name", "space",
    "material",
)  # fmt: skip
_SEARCHED = ("name", "ifc_class", "type_name", "material", "tag", "storey_name", "space")
WORDS_LENGTH_MAX = 200


def write_storeys(connection: Connection, revision_id: str, storeys: Sequence[Storey]) -> None:
    """Write the storeys of a revision in place of those that are there."""
    t = tables.bim_storeys
    connection.execute(t.delete().where(t.c.revision_id == revision_id))
    if storeys:
        rows = [
            {
                "revision_id": revision_id,
                "place": place,
                "global_id": clean(storey.global_id),
                "name": clean(storey.name),
                "elevation_m": storey.elevation_m,
            }
            for place, storey in enumerate(storeys)
        ]
        connection.execute(t.insert(), rows)


def write_versions(
    connection: Connection, revision_id: str, versions: Sequence[ElementVersion]
) -> None:
    """Write a revision's elements in place of those that are there; element ids stay.

    Raises
    ------
    InvalidInput
        When one belongs to another revision.

    """
    if other := next((v for v in versions if v.revision_id != revision_id), None):
        raise InvalidInput(f"elements must be of revision {revision_id!r}, got {other!r:.200}")
    here = _T.c.revision_id == revision_id
    question = select(_T.c.step_id, _T.c.element_id).where(here, _T.c.element_id != "")
    known = {row.step_id: row.element_id for row in connection.execute(question)}
    connection.execute(_T.delete().where(here))
    if versions:
        rows = [_row(version, known.get(version.step_id, "")) for version in versions]
        connection.execute(_T.insert(), rows)


def _row(version: ElementVersion, element_id: str) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(version, name) for name in _FIELDS}
    for name in _TEXTS:
        row[name] = clean(row[name])
    row["element_id"] = version.element_id or element_id
    row["properties"] = tuple(
        (clean(group), clean(name), clean(value), clean(unit))
        for group, name, value, unit in version.properties
    )
    row["words"] = _folded("\n".join(row[name] for name in _SEARCHED))
    return row


def _folded(text: str) -> str:
    """Bring text to one width and case, so that `Ａ１` finds `a1`; databases differ in that."""
    return unicodedata.normalize("NFKC", text).casefold()


def write_shapes(
    connection: Connection,
    revision_id: str,
    boxes: dict[int, Box],
    geometry_hashes: dict[int, str],
) -> None:
    """Note boxes and hashes of shapes by step id."""
    steps = sorted(boxes.keys() | geometry_hashes.keys())
    if steps:
        statement = (
            _T.update()
            .where(_T.c.revision_id == revision_id, _T.c.step_id == bindparam("step"))
            .values(box=bindparam("a_box", type_=_T.c.box.type), geometry_hash=bindparam("a_hash"))
        )
        rows = [
            {"step": step, "a_box": boxes.get(step), "a_hash": geometry_hashes.get(step, "")}
            for step in steps
        ]
        connection.execute(statement, rows)


def write_elements(connection: Connection, model_id: str, elements: Sequence[Element]) -> None:
    """Write elements over those of the same id.

    Raises
    ------
    InvalidInput
        When one is of another model.

    """
    elements = [replace(e, name=clean(e.name), ifc_class=clean(e.ifc_class)) for e in elements]
    here = among(connection, tables.bim_elements.c.id, [element.id for element in elements])
    old = {one.id: one for one in ELEMENTS.many(connection, ELEMENTS.select().where(here))}
    for element in [*elements, *old.values()]:
        if element.model_id != model_id:
            raise InvalidInput(
                f"element {element.id!r} must be of model {model_id!r}, got {element.model_id!r}",
                "elements",
            )
    ELEMENTS.upsert(connection, [element for element in elements if old.get(element.id) != element])


def write_links(connection: Connection, revision: BimRevision, linked: dict[int, str]) -> None:
    """Say which element each entity of a revision is; an empty id takes the link back.

    Raises
    ------
    InvalidInput
        When there is no such entity, or no such element of the model.

    """
    if not linked:
        return
    here = _T.c.revision_id == revision.id
    steps = set(connection.execute(select(_T.c.step_id).where(here)).scalars())
    if missing := sorted(linked.keys() - steps):
        raise InvalidInput(f"linked must name entities of the revision, got #{missing[0]}")
    wanted = {element_id for element_id in linked.values() if element_id}
    c = tables.bim_elements.c
    there = select(c.id).where(c.model_id == revision.model_id, among(connection, c.id, wanted))
    if unknown := sorted(wanted - set(connection.execute(there).scalars())):
        raise InvalidInput(f"linked must name elements of the model, got {unknown[0]!r}")
    statement = (
        _T.update()
        .where(here, _T.c.step_id == bindparam("step"))
        .values(element_id=bindparam("an_element"))
    )
    rows = [{"step": step, "an_element": linked[step]} for step in sorted(linked)]
    connection.execute(statement, rows)


def read_versions(
    connection: Connection,
    revision_id: str,
    page: Page | None,
    *,
    text: str,
    storey_guid: str | None,
    ifc_class: str,
    with_properties: bool,
) -> list[ElementVersion]:
    """List a revision's elements by step id; every word of `text` must occur.

    Raises
    ------
    InvalidInput
        When the page does not go on after a step id.

    """
    question = _asking(with_properties).where(_T.c.revision_id == revision_id)
    for word in _folded(text[:WORDS_LENGTH_MAX]).split():
        question = question.where(_T.c.words.contains(word, autoescape=True))
    if storey_guid is not None:
        question = question.where(_T.c.storey_guid == storey_guid)
    if ifc_class:
        question = question.where(_T.c.ifc_class == ifc_class)
    if page is not None:
        question = question.limit(page.limit)
        if page.after:
            question = question.where(_T.c.step_id > _step(page.after))
    rows = connection.execute(question.order_by(_T.c.step_id))
    return [_version(row, with_properties) for row in rows]


def read_version(
    connection: Connection, revision_id: str, element_id: str
) -> ElementVersion | None:
    """Read one element; of one that is in parts, the part that stands first in the file."""
    question = _asking(True).where(
        _T.c.revision_id == revision_id, _T.c.element_id == element_id, _T.c.element_id != ""
    )
    row = connection.execute(question.order_by(_T.c.step_id).limit(1)).first()
    return None if row is None else _version(row, True)


def _asking(with_properties: bool) -> Select[Any]:
    return select(*(_T.c[name] for name in _FIELDS if with_properties or name != "properties"))


def _version(row: Any, with_properties: bool) -> ElementVersion:
    values = list(row)
    if not with_properties:
        values.insert(_ASIDE, ())
    return ElementVersion(*values)


def _step(after: str) -> int:
    if not after.isdecimal() or len(after) > 18:
        raise InvalidInput(f"after must be a step id, got {after[:80]!r}", "after")
    return int(after)
