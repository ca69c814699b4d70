"""Forms as tables: they read back the same, and what is wrong is told row by row."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.template_checks import template_faults
from domain.templates import Choice, Item, ItemKind, Part, Template, When
from lifecycle.template_changes import changes
from lifecycle.template_sheets import HEADER, rows_of, template_of
from lifecycle.templates import parse_template, shipped_templates, template_json
from storage.sheets import read_sheet
from web.tables import cell, xlsx_answer

SHIPPED = list(shipped_templates())
DAILY = next(one for one in SHIPPED if one.id == "daily-2026")


def as_rows(template: Template) -> list[dict[str, str]]:
    return [dict(zip(HEADER, row, strict=True)) for row in rows_of(template)]


@pytest.mark.parametrize("template", SHIPPED, ids=lambda one: one.id)
def test_a_shipped_form_goes_through_a_workbook_unchanged(template: Template) -> None:
    book = xlsx_answer("form.xlsx", "form", HEADER, rows_of(template)).body
    assert template_of(read_sheet("form.xlsx", bytes(book)), template) == template


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
PLAIN = TEXT.filter(lambda text: "|" not in text and not text.startswith("'"))
NUMBERS = st.one_of(st.none(), st.floats(-1e6, 1e6))


@st.composite
def forms(draw: st.DrawFn) -> Template:
    parts, choosers = [], []
    for p in range(draw(st.integers(1, 3))):
        items = []
        for i in range(draw(st.integers(1, 3))):
            kind = draw(st.sampled_from(ItemKind))
            id_ = f"i-{p}-{i}"
            when = None
            if choosers and draw(st.booleans()):
                when = When(draw(st.sampled_from(choosers)), ("a", "b c"))
            choices = (Choice("a", draw(PLAIN), draw(PLAIN), 4), Choice("b c", "乙", "B"))
            number = kind is ItemKind.NUMBER
            items.append(Item(
                id_, draw(PLAIN), draw(PLAIN), kind, draw(st.booleans()),
                choices if kind is ItemKind.CHOICE else (), "mm" if number else "",
                None, draw(NUMBERS) if number else None, draw(NUMBERS) if number else None,
                draw(st.integers(0, 50)), draw(st.integers(0, 4)), draw(PLAIN), "", "",
                when,
            ))  # fmt: skip
            if kind is ItemKind.CHOICE:
                choosers.append(id_)
        parts.append(Part(f"p-{p}", draw(PLAIN), draw(PLAIN), tuple(items)))
    return replace(DAILY, parts=tuple(parts))


@settings(max_examples=60, deadline=None)
@given(forms())
def test_any_form_reads_back_the_same_from_json_and_from_rows(form: Template) -> None:
    if template_faults(form):
        return
    assert parse_template(template_json(form)) == form
    rows = [{name: str(cell(text)) for name, text in row.items()} for row in as_rows(form)]
    assert template_of(rows, form) == form


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("kind", "slider", "row 2: kind must be"),
        ("required", "perhaps", "row 2: required must be yes or no"),
        ("choices", "ok | 好", "row 2: a choice must be"),
        ("when", "gas", "row 2: a condition must be"),
        ("photos_min", "1.5", "row 2: photos_min must be a whole number"),
        ("low", "deep", "row 2: low must be a number"),
        ("id", "Größe", "item ids must be"),
    ],
)
def test_what_is_wrong_is_told_with_its_row(field: str, value: str, said: str) -> None:
    rows = as_rows(DAILY)
    rows[0][field] = value
    with pytest.raises(InvalidInput, match=said):
        template_of(rows, DAILY)


@pytest.mark.parametrize("rows", [[], [{"a": "b"}], [{}] * 501])
def test_another_table_is_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidInput):
        template_of(rows, DAILY)


def test_what_is_new_is_listed() -> None:
    first, *rest = DAILY.parts
    newer = replace(first.items[1], zh="整体倾斜（新）", required=False)
    added = replace(first.items[0], id="extra")
    after = replace(DAILY, parts=(replace(first, items=(newer, *first.items[2:], added)), *rest))
    assert [(c.kind, c.item.id, c.fields) for c in changes(DAILY, after)] == [
        ("changed", "lean", ("zh", "required")),
        ("added", "extra", ()),
        ("removed", "overview", ()),
    ]
    assert changes(DAILY, DAILY) == []
