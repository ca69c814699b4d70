"""What can be true of a form; anything else is refused before it is published."""

import re
from collections.abc import Iterator

from domain.templates import Item, ItemKind, Template, When

PARTS_MAX, ITEMS_MAX, CHOICES_MAX, PHOTOS_MAX = 40, 400, 40, 50
TITLE_LENGTH_MAX, HINT_LENGTH_MAX = 200, 1_000
SEVERITY_MAX = 4
SIGNERS = frozenset({"inspector", "owner"})
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
#: ids of choices may be words of the records, such as the cause `change of use`
_CHOICE_ID = re.compile(r"[a-z0-9][a-z0-9 _-]{0,63}")


def template_faults(template: Template) -> list[tuple[str, str]]:
    """Tell what is wrong with a form: (part, item or field, what was wanted and what came)."""
    return list(_faults(template))


def _faults(template: Template) -> Iterator[tuple[str, str]]:
    if not _ID.fullmatch(template.id):
        yield "id", f"id must be small letters, digits, - and _, got {template.id[:80]!r}"
    if not 1 <= template.version <= 100_000:
        yield "version", f"version must be 1 to 100,000, got {template.version}"
    yield from _title("title", template.zh, template.en)
    if not 1 <= len(template.parts) <= PARTS_MAX:
        yield "parts", f"parts must be 1 to {PARTS_MAX}, got {len(template.parts)}"
    if not 1 <= len(template.items) <= ITEMS_MAX:
        yield "items", f"items must be 1 to {ITEMS_MAX}, got {len(template.items)}"
    if unknown := set(template.signatures) - SIGNERS:
        yield "signatures", f"signatures must be inspector or owner, got {min(unknown)!r}"
    before: dict[str, Item] = {}
    parts: set[str] = set()
    for part in template.parts:
        if part.id in parts or not _ID.fullmatch(part.id):
            yield part.id[:80], f"part ids must be words that occur once, got {part.id[:80]!r}"
        parts.add(part.id)
        yield from _title(part.id, part.zh, part.en)
        yield from _when(part.id, part.when, before)
        if not part.items:
            yield part.id, "a part must have an item"
        for item in part.items:
            yield from _item(item, before)
            before[item.id] = item


def _item(item: Item, before: dict[str, Item]) -> Iterator[tuple[str, str]]:
    at = item.id[:80]
    if item.id in before or not _ID.fullmatch(item.id):
        yield at, f"item ids must be words that occur once, got {at!r}"
    yield from _title(at, item.zh, item.en)
    yield from _when(at, item.when, before)
    if len(item.hint_zh) > HINT_LENGTH_MAX or len(item.hint_en) > HINT_LENGTH_MAX:
        yield at, f"hints must be at most {HINT_LENGTH_MAX} characters"
    if (item.kind is ItemKind.CHOICE) != bool(item.choices):
        yield at, "an item of the kind choice has choices, and no other has"
    if item.kind is ItemKind.CHOICE and not 2 <= len(item.choices) <= CHOICES_MAX:
        yield at, f"choices must be 2 to {CHOICES_MAX}, got {len(item.choices)}"
    seen: set[str] = set()
    for choice in item.choices:
        if choice.id in seen or not _CHOICE_ID.fullmatch(choice.id):
            yield at, f"choice ids must be words that occur once, got {choice.id[:80]!r}"
        seen.add(choice.id)
        yield from _title(at, choice.zh, choice.en)
        if not 0 <= choice.severity <= SEVERITY_MAX:
            yield at, f"severity must be 0 to {SEVERITY_MAX}, got {choice.severity}"
    if item.kind is ItemKind.NUMBER:
        if not item.unit:
            yield at, "a number must have a unit"
        if item.low is not None and item.high is not None and not item.low < item.high:
            yield at, f"low must be below high, got {item.low:g} and {item.high:g}"
    elif item.unit or not (item.low is item.high is item.attention is None):
        yield at, "unit, low, high and attention belong to numbers only"
    if not 0 <= item.photos_min <= PHOTOS_MAX:
        yield at, f"photos_min must be 0 to {PHOTOS_MAX}, got {item.photos_min}"
    if not 0 <= item.photo_from_severity <= SEVERITY_MAX:
        yield at, f"photo_from_severity must be 0 to {SEVERITY_MAX}"


def _when(at: str, when: When | None, before: dict[str, Item]) -> Iterator[tuple[str, str]]:
    if when is None:
        return
    asked = before.get(when.item_id)
    if asked is None:
        yield at, f"a condition must name an item before it, got {when.item_id[:80]!r}"
    elif asked.kind is not ItemKind.CHOICE:
        yield at, f"a condition must name an item with choices, got {when.item_id!r}"
    elif unknown := set(when.values) - {choice.id for choice in asked.choices}:
        yield at, f"a condition must name choices of {when.item_id!r}, got {min(unknown)[:80]!r}"
    elif not when.values:
        yield at, "a condition must name a choice"


def _title(at: str, zh: str, en: str) -> Iterator[tuple[str, str]]:
    for name, text in (("zh", zh), ("en", en)):
        if not text.strip() or len(text) > TITLE_LENGTH_MAX:
            came = "nothing" if not text.strip() else f"{len(text)} characters"
            yield at, f"{name} must be 1 to {TITLE_LENGTH_MAX} characters, got {came}"
