"""Tags for elements and rooms: a code that opens the picker at that place when it is scanned."""

import io
from dataclasses import dataclass
from urllib.parse import quote

import segno
from markupsafe import Markup

from domain.buildings import Building
from domain.services import Services
from web.model_scene import Seen
from web.words import Words

#: tags of one sheet
TAGS_MAX = 200
#: what is too small or too many to bear a tag of its own
NOT_TAGGED = frozenset({"IfcReinforcingBar", "IfcMechanicalFastener", "IfcDiscreteAccessory"})


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag; `at` is what its code says: `element:…` or `room:…`."""

    at: str
    name: str
    kind: str
    storey: str


def tags_of(
    services: Services, building: Building, look: Seen, words: Words, storey: str, kind: str
) -> tuple[list[Tag], list[tuple[str, str]], list[tuple[str, str]]]:
    """List the tags of a storey and class, and the storeys and classes to choose from."""
    found: list[Tag] = []
    floors: dict[str, str] = {}
    kinds: dict[str, str] = {}
    schema = services.places.schema(building.id)
    if schema is not None:
        names = {s.id: s.name for s in schema.storeys}
        floors |= names
        if schema.rooms:
            kinds["room"] = words("model.room")
        if kind in {"", "room"}:
            found += [
                Tag(f"room:{r.id}", r.name, words("model.room"), names[r.storey_id])
                for r in schema.rooms
                if storey in {"", r.storey_id}
            ]
    if look.revision is not None:
        floors |= {s.global_id: s.name for s in services.models.storeys(look.revision.id)}
        for version in services.models.versions(look.revision.id):
            if not version.element_id or version.ifc_class in NOT_TAGGED:
                continue
            word = words.of("ifc", version.ifc_class)
            kinds[version.ifc_class] = word
            if storey in {"", version.storey_guid} and kind in {"", version.ifc_class}:
                name = version.name or f"{word} #{version.step_id}"
                at = f"element:{version.element_id}"
                found.append(Tag(at, name, word, version.storey_name))
    return found, list(floors.items()), sorted(kinds.items(), key=lambda pair: pair[1])


def code_of(base: str, tag: Tag) -> Markup:
    """Draw the code of a tag."""
    drawn = io.BytesIO()
    code = segno.make(f"{base}?at={quote(tag.at)}", error="m", micro=False)
    # without a size of its own it takes that of the sheet
    code.save(drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, dark="#000")
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn here, of bars alone
