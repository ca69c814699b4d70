"""Makes IFC entities that are whole in every schema: mandatory attributes, ids that repeat."""

from collections.abc import Iterable
from typing import Any

from bim.guids import same_guid

#: how our own entities are known again
APPLICATION = "anju-hand-over"
LABEL_LENGTH_MAX = 255
TEXT_LENGTH_MAX = 4000


def plain(text: str, length_max: int = LABEL_LENGTH_MAX) -> str:
    """Leave out what other programs can't read: controls, half pairs, what needs more than 16 bits.

    Examples
    --------
    >>> plain("裂缝 " + chr(10) + "C-03 " + chr(0x1F6A8))
    '裂缝 C-03'

    """
    kept = "".join(
        " " if c.isspace() else c
        for c in text
        if c.isspace() or (c.isprintable() and ord(c) <= 0xFFFF)
    )
    return " ".join(kept.split())[:length_max]


class IfcWriter:
    """Adds entities to an open model; each rooted one bears our own owner history.

    Parameters
    ----------
    model
        The open file.
    salt
        What the ids are made from beside their own parts, such as the model's id.
    at_s
        Second since 1970 that stands as the time of creation.

    """

    def __init__(self, model: Any, salt: str, at_s: int) -> None:
        self.model = model
        self.old = model.schema == "IFC2X3"
        self._salt = salt
        self._taken = {each.GlobalId for each in model.by_type("IfcRoot")}
        self._history = self._owner(at_s)

    def make(self, ifc_class: str, **attributes: Any) -> Any:
        """Add an entity; attributes that this schema does not have must not be given."""
        return self.model.create_entity(ifc_class, **attributes)

    def root(self, ifc_class: str, seed: Iterable[object], **attributes: Any) -> Any:
        """Add a rooted entity; its id follows from the seed."""
        return self.model.create_entity(
            ifc_class,
            GlobalId=self._free_guid(seed),
            OwnerHistory=self._history,
            **attributes,
        )

    def value(self, ifc_type: str, value: str | float | bool) -> Any:
        """Make a typed value; a text is cleaned first."""
        if isinstance(value, str):
            longest = TEXT_LENGTH_MAX if ifc_type == "IfcText" else LABEL_LENGTH_MAX
            value = plain(value, longest)
        return self.model.create_entity(ifc_type, value)

    def day(self, day: str) -> Any:
        """Make a day of `2026-11-23`: IFC2X3 has no such type, there it is a label."""
        return self.value("IfcLabel" if self.old else "IfcDate", day)

    def properties(
        self, of: Any, name: str, note: str, rows: Iterable[tuple[str, str, Any]]
    ) -> Any | None:
        """Give an object a property set; rows are name, explanation and value or `None`."""
        explained = "Specification" if self.model.schema == "IFC4X3" else "Description"
        singles = [
            self.make(
                "IfcPropertySingleValue",
                Name=name,
                NominalValue=value,
                **{explained: plain(text)},
            )
            for name, text, value in rows
            if value is not None
        ]
        if not singles:
            return None
        made = self.root(
            "IfcPropertySet",
            (name, of.GlobalId),
            Name=_free_name(of, name),
            Description=plain(note),
            HasProperties=singles,
        )
        self.root(
            "IfcRelDefinesByProperties",
            ("has", name, of.GlobalId),
            RelatedObjects=[of],
            RelatingPropertyDefinition=made,
        )
        return made

    def _free_guid(self, seed: Iterable[object]) -> str:
        parts = (self._salt, *seed)
        guid, number = same_guid(*parts), 0
        while guid in self._taken:
            # another program has taken our entity over as its own
            number += 1
            guid = same_guid(*parts, number)
        self._taken.add(guid)
        return guid

    def _owner(self, at_s: int) -> Any:
        organisation = self.make("IfcOrganization", Name="Anju")
        person = self.make("IfcPerson", FamilyName="Anju")
        both = self.make("IfcPersonAndOrganization", ThePerson=person, TheOrganization=organisation)
        # an application stands in a file once: another program may have kept ours
        known = self.model.by_type("IfcApplication")
        application = next((a for a in known if a.ApplicationIdentifier == APPLICATION), None)
        application = application or self.make(
            "IfcApplication",
            ApplicationDeveloper=organisation,
            Version="1",
            ApplicationFullName="Anju 安居",
            ApplicationIdentifier=APPLICATION,
        )
        return self.make(
            "IfcOwnerHistory",
            OwningUser=both,
            OwningApplication=application,
            ChangeAction="NOCHANGE",
            CreationDate=at_s,
        )


def _free_name(of: Any, name: str) -> str:
    """Give a property set's name: no two of an object may be alike."""
    sets = (getattr(each, "RelatingPropertyDefinition", None) for each in of.IsDefinedBy)
    taken = {each.Name for each in sets if each is not None}
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def is_ours(entity: Any) -> bool:
    """Tell whether an earlier write-back has made a rooted entity."""
    history = entity.OwnerHistory
    application = history.OwningApplication if history else None
    return bool(application and application.ApplicationIdentifier == APPLICATION)
