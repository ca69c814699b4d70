"""What a form asks, what is missing, and which forms may be published."""

from dataclasses import replace

import msgspec
import pytest

from domain.checkups import CheckCause
from domain.errors import InvalidInput
from domain.submissions import Answer
from domain.template_checks import template_faults
from domain.templates import Choice, Item, ItemKind, Part, Template, When
from lifecycle.forms import FormFault, asked, check_answers, severity_of
from lifecycle.templates import parse_template, shipped_templates, template_json

SHIPPED = {template.id: template for template in shipped_templates()}
DAILY = SHIPPED["daily-2026"]
OK_OR_BAD = (Choice("ok", "好", "good"), Choice("bad", "坏", "bad", 3))
FORM = Template(
    "t", 1, DAILY.check_class, "表", "form",
    (
        Part("a", "甲", "A", (
            Item("gas", "燃气", "Gas", ItemKind.CHOICE, choices=OK_OR_BAD, photo_from_severity=2),
            Item("leak", "泄漏", "Leak", ItemKind.NUMBER, unit="mm", low=0.0, high=50.0,
                 when=When("gas", ("bad",))),
        )),
        Part("b", "乙", "B", (
            Item("cracks", "缺陷", "Defects", ItemKind.DEFECTS),
            Item("view", "照片", "Photo", ItemKind.PHOTO),
            Item("count", "构件", "Members", ItemKind.MEMBERS, required=False),
            Item("note", "说明", "Note", ItemKind.TEXT, required=False),
        ), when=When("gas", ("ok", "bad"))),
    ),
)  # fmt: skip
WHOLE = [Answer("gas", "ok"), Answer("cracks", "none")]
SIGNED = {"signed": ("inspector",)}


def codes(*answers: Answer, photos: dict[str, int] | None = None) -> list[tuple[str, str]]:
    found = check_answers(FORM, answers, photos or {"view": 1}, **SIGNED)
    return [(fault.item_id, fault.code) for fault in found]


def test_a_whole_form_has_no_fault() -> None:
    assert codes(*WHOLE) == []


def test_what_hangs_on_an_unanswered_item_is_not_asked() -> None:
    assert [item.id for item in asked(FORM, [])] == ["gas"]
    assert codes() == [("gas", "missing")]


def test_an_answer_to_what_is_not_asked_counts_for_nothing() -> None:
    answers = [*WHOLE, Answer("leak", 999.0)]
    assert codes(*answers) == []
    hidden = replace(
        FORM, parts=(*FORM.parts, Part("c", "丙", "C", (
            Item("deep", "深", "deep", ItemKind.CHOICE, choices=OK_OR_BAD),
            Item("deeper", "更深", "deeper", ItemKind.TEXT, when=When("deep", ("bad",))),
        ), when=When("gas", ("bad",)))),
    )  # fmt: skip
    assert severity_of(hidden, [*WHOLE, Answer("deep", "bad")]) == 0
    assert "deeper" not in [i.id for i in asked(hidden, [*WHOLE, Answer("deep", "bad")])]


@pytest.mark.parametrize(
    ("value", "code"),
    [(None, "missing"), ("", "missing"), ("3", "not a number"), (float("nan"), "not a number"),
     (-0.1, "out of range"), (50.1, "out of range")],
)  # fmt: skip
def test_a_number_must_be_one_within_its_bounds(value: float | str | None, code: str) -> None:
    answers = [Answer("gas", "bad"), Answer("leak", value), Answer("cracks", defect_ids=("d",))]
    assert codes(*answers, photos={"view": 1, "gas": 1}) == [("leak", code)]


def test_a_bad_answer_asks_for_a_photo() -> None:
    answers = [Answer("gas", "bad"), Answer("leak", 50.0), Answer("cracks", "none")]
    assert codes(*answers) == [("gas", "photos missing")]


def test_each_kind_tells_its_own_fault() -> None:
    assert codes(Answer("gas", "so-so")) == [("gas", "unknown choice")]
    assert codes(*WHOLE, photos={"gas": 9}) == [("view", "photos missing")]
    assert codes(*WHOLE, Answer("note", 3.0)) == [("note", "not text")]
    assert codes(*WHOLE, Answer("note", "长" * 10_000)) == []
    assert codes(*WHOLE, Answer("note", "长" * 20_001)) == [("note", "too long")]
    assert codes(Answer("gas", "ok"), Answer("cracks", "some")) == [("cracks", "unknown choice")]
    assert codes(*WHOLE, Answer("roof", "ok")) == [("roof", "unknown item")]
    assert check_answers(FORM, WHOLE, {"view": 1}) == [
        FormFault("signature:inspector", "signature missing")
    ]


def test_the_worst_answer_is_told() -> None:
    assert severity_of(FORM, [Answer("gas", "bad")]) == 3
    assert severity_of(FORM, []) == 0


@pytest.mark.parametrize("template", SHIPPED.values(), ids=SHIPPED)
def test_a_shipped_form_is_sound_and_reads_back_the_same(template: Template) -> None:
    assert template_faults(template) == []
    assert parse_template(template_json(template)) == template
    assert template.source


def test_the_special_form_knows_every_event_as_a_cause() -> None:
    cause = next(item for item in SHIPPED["special-2026"].items if item.id == "cause")
    known = {choice.id for choice in cause.choices}
    assert known == {str(one) for one in CheckCause if one is not CheckCause.CYCLE}


ITEM = FORM.parts[0].items[0]
NUMBER = FORM.parts[0].items[1]


def with_item(item: Item) -> Template:
    first, *rest = FORM.parts
    return replace(FORM, parts=(replace(first, items=(*first.items, item)), *rest))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (replace(FORM, id="Größe"), "id must be"),
        (replace(FORM, parts=()), "parts must be"),
        (replace(FORM, signatures=("mayor",)), "signatures must be"),
        (replace(FORM, zh=" "), "zh must be"),
        (with_item(replace(ITEM, id="gas")), "item ids must be"),
        (with_item(replace(ITEM, id="x", choices=())), "has choices"),
        (with_item(replace(ITEM, id="x", choices=OK_OR_BAD[:1])), "choices must be 2"),
        (with_item(replace(ITEM, id="x", choices=OK_OR_BAD[:1] * 2)), "choice ids must be"),
        (with_item(replace(NUMBER, id="x", unit="")), "must have a unit"),
        (with_item(replace(NUMBER, id="x", low=50.0)), "low must be below high"),
        (with_item(replace(ITEM, id="x", unit="mm")), "belong to numbers only"),
        (with_item(replace(ITEM, id="x", when=When("view", ("a",)))), "an item before it"),
        (with_item(replace(ITEM, id="x", when=When("leak", ("a",)))), "an item with choices"),
        (with_item(replace(ITEM, id="x", when=When("gas", ("a",)))), "choices of 'gas'"),
        (with_item(replace(ITEM, id="x", when=When("gas", ()))), "must name a choice"),
        (with_item(replace(ITEM, id="x", photos_min=51)), "photos_min must be"),
    ],
)
def test_a_form_that_cannot_work_is_refused(template: Template, said: str) -> None:
    assert any(said in text for _, text in template_faults(template))
    with pytest.raises(InvalidInput, match=said):
        parse_template(msgspec.json.encode(template))


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b"\xff", b"x" * 2_000_000])
def test_what_is_no_form_is_refused_clearly(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="a form must be"):
        parse_template(content)
