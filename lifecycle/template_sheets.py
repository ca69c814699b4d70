"""Forms as tables: one row an item, for people who edit in a spreadsheet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from domain.errors import InvalidInput
from domain.template_checks import template_faults
from domain.templates import Choice, Item, ItemKind, Part, Template, When

HEADER = (
    "part_id", "part_zh", "part_en", "part_when", "id", "zh", "en", "kind", "required", "choices",
    "unit", "low", "high", "attention", "photos_min", "photo_from_severity", "hint_zh", "hint_en",
    "source", "when",
)  # fmt: skip
ROWS_MAX = 500


def rows_of(template: Template) -> Iterator[list[str]]:
    """Write a form as rows under `HEADER`; `template_of` reads them back the same."""
    for part in template.parts:
        for item in part.items:
            yield [
                part.id, part.zh, part.en, _when(part.when), item.id, item.zh, item.en, item.kind,
                "yes" if item.required else "no", _choices(item.choices), item.unit,
                _number(item.low), _number(item.high), _number(item.attention),
                str(item.photos_min), str(item.photo_from_severity), item.hint_zh, item.hint_en,
                item.source, _when(item.when),
            ]  # fmt: skip


def template_of(rows: Sequence[Mapping[str, str]], like: Template) -> Template:
    """Read a form from rows; what rows do not tell (id, class, signatures) is as in `like`.

    Raises
    ------
    InvalidInput
        With every row that is wrong, a line each: its number in the sheet and why.

    """
    if not 1 <= len(rows) <= ROWS_MAX:
        raise InvalidInput(f"a form must have 1 to {ROWS_MAX} rows, got {len(rows)}", "file")
    if missing := [name for name in HEADER if name not in rows[0]]:
        raise InvalidInput(f"columns are missing: {', '.join(missing)}", "file")
    faults: list[str] = []
    parts: dict[str, Part] = {}
    for number, row in enumerate(rows, 2):
        told = {name: _plain(row.get(name, "")) for name in HEADER}
        if not any(told.values()):
            continue
        try:
            item = _item(told)
            part = parts.get(told["part_id"]) or Part(
                told["part_id"], told["part_zh"], told["part_en"], (), _read_when(told["part_when"])
            )
        except ValueError as error:
            faults.append(f"row {number}: {error}")
            continue
        parts[part.id] = replace(part, items=(*part.items, item))
    made = replace(like, parts=tuple(parts.values()))
    faults += [f"{where}: {text}" for where, text in template_faults(made)]
    if faults:
        raise InvalidInput("\n".join(faults[:100]), "file")
    return made


def _item(told: Mapping[str, str]) -> Item:
    kinds = {str(kind): kind for kind in ItemKind}
    if told["kind"] not in kinds:
        raise ValueError(f"kind must be one of {', '.join(kinds)}, got {told['kind'][:40]!r}")
    if told["required"] not in {"yes", "no"}:
        raise ValueError(f"required must be yes or no, got {told['required'][:40]!r}")
    return Item(
        told["id"], told["zh"], told["en"], kinds[told["kind"]], told["required"] == "yes",
        _read_choices(told["choices"]), told["unit"], _read_number("low", told["low"]),
        _read_number("high", told["high"]), _read_number("attention", told["attention"]),
        _read_count("photos_min", told["photos_min"]),
        _read_count("photo_from_severity", told["photo_from_severity"]),
        told["hint_zh"], told["hint_en"], told["source"], _read_when(told["when"]),
    )  # fmt: skip


def _choices(choices: Sequence[Choice]) -> str:
    return "\n".join(f"{one.id} | {one.zh} | {one.en} | {one.severity}" for one in choices)


def _read_choices(text: str) -> tuple[Choice, ...]:
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 4 or parts[3] not in {"0", "1", "2", "3", "4"}:
            raise ValueError(f"a choice must be: id | 中文 | English | 0 to 4, got {line[:80]!r}")
        found.append(Choice(parts[0], parts[1], parts[2], int(parts[3])))
    return tuple(found)


def _when(when: When | None) -> str:
    return "" if when is None else f"{when.item_id} = {', '.join(when.values)}"


def _read_when(text: str) -> When | None:
    if not text:
        return None
    item_id, sign, values = text.partition("=")
    if not sign:
        raise ValueError(f"a condition must be: item = choice, choice; got {text[:80]!r}")
    return When(item_id.strip(), tuple(filter(None, (v.strip() for v in values.split(",")))))


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _read_number(name: str, text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} must be a number, got {text[:40]!r}") from None


def _read_count(name: str, text: str) -> int:
    if not text:
        return 0
    value = _read_number(name, text) or 0.0
    if value != int(value):
        raise ValueError(f"{name} must be a whole number, got {text[:40]!r}")
    return int(value)


def _plain(text: str) -> str:
    """Take off the quote that keeps a spreadsheet from running a text."""
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in set("=+-@") else text
