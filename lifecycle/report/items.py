"""The form of a check-up with its answers."""

from collections.abc import Iterator, Mapping

from reportlab.platypus import Flowable

from domain.attachments import Attachment, AttachmentKind
from domain.submissions import Answer
from domain.templates import Item, ItemKind, Part, When
from lifecycle.report import words
from lifecycle.report.facts import ReportFacts
from lifecycle.report.style import CELL_LETTERS_MAX, QUIET, Style

_SEVERITY = {1: "（轻微）", 2: "（明显）", 3: "（严重）", 4: "（紧迫危险）"}
_HEAD = ("项目", "结果", "照片、缺陷")
_SHARES = (44, 38, 18)


def items(facts: ReportFacts, style: Style) -> Iterator[Flowable]:
    """Set all items by part."""
    yield style.heading("一、检查项目")
    answers = {answer.item_id: answer for answer in facts.submission.answers}
    refers = _References(facts)
    template = facts.template
    if template is None:
        if not answers:
            yield style.line("本次提交没有填写项目。")
            return
        yield style.line("所用体检表未保存，项目以编号列出。", ink=QUIET)
        named = tuple(
            Item(a.item_id, a.item_id, a.item_id, ItemKind.TEXT) for a in answers.values()
        )
        yield from _part(Part("", "", "", named), answers, refers, style)
        return
    form = f"体检表：{template.zh}，第 {facts.submission.template_version} 版"
    yield style.line(f"{form}。{template.source}".strip(), 8.5, ink=QUIET)
    for part in template.parts:
        if not _asked(part.when, answers):
            yield style.small_heading(part.zh)
            yield style.line("不适用", 9, ink=QUIET)
            continue
        yield from _part(part, answers, refers, style)
    known = {item.id for item in template.items}
    others = tuple(
        Item(a.item_id, a.item_id, a.item_id, ItemKind.TEXT)
        for a in answers.values()
        if a.item_id not in known
    )
    if others:
        yield from _part(Part("", "表外项目", "", others), answers, refers, style)


class _References:
    """Which photos and defects an answer points to, by their numbers in the report."""

    def __init__(self, facts: ReportFacts) -> None:
        self._photos = {one.id: label for label, one in numbered(facts)}
        self._by_item: dict[str, list[str]] = {}
        for label, one in numbered(facts):
            self._by_item.setdefault(one.item_id, []).append(label)
        self._defects = {one.defect.id: one.label for one in facts.defects}

    def of(self, answer: Answer | None, item: Item) -> str:
        """Name them: `P1 P2 D1`."""
        named = (
            [self._photos[i] for i in answer.attachment_ids if i in self._photos] if answer else []
        )
        labels = [*named, *self._by_item.get(item.id, [])]
        if answer:
            labels += [self._defects[i] for i in answer.defect_ids if i in self._defects]
        return " ".join(dict.fromkeys(labels))


def numbered(facts: ReportFacts) -> list[tuple[str, Attachment]]:
    """Give each photo a number, in their order."""
    photos = [one for one in facts.pictures if one.kind is AttachmentKind.PHOTO]
    return [(f"P{number}", one) for number, one in enumerate(photos, 1)]


def _part(
    part: Part, answers: Mapping[str, Answer], refers: _References, style: Style
) -> Iterator[Flowable]:
    if part.zh:
        yield style.small_heading(part.zh)
    rows: list[list[str]] = []
    for item in part.items:
        answer = answers.get(item.id)
        shown = shown_answer(item, answer) if _asked(item.when, answers) else "不适用"
        note = answer.note if answer else ""
        long = [text for text in (shown, note) if len(text) > CELL_LETTERS_MAX]
        cell = "见下" if len(shown) > CELL_LETTERS_MAX else shown
        if note and len(note) <= CELL_LETTERS_MAX:
            cell = f"{cell}\n{note}"
        rows.append([item.zh, cell, refers.of(answer, item)])
        if long:
            yield style.table(rows, _SHARES, head=_HEAD)
            rows = []
            for text in long:
                yield from style.text(text, 9)
    if rows:
        yield style.table(rows, _SHARES, head=_HEAD)


def shown_answer(item: Item, answer: Answer | None) -> str:
    """Write an answer as people read it."""
    if answer is None or answer.value is None:
        match item.kind:
            case ItemKind.PHOTO | ItemKind.DEFECTS | ItemKind.MEMBERS if answer is not None:
                return "见后"
            case _:
                return "未填"
    value = answer.value
    if item.kind is ItemKind.CHOICE:
        chosen = next((one for one in item.choices if one.id == value), None)
        return f"{chosen.zh}{_SEVERITY.get(chosen.severity, '')}" if chosen else str(value)
    if isinstance(value, float | int):
        marked = item.attention is not None and value >= item.attention
        mark = f"　▲ 达到关注值 {words.figure(item.attention or 0, item.unit)}" if marked else ""
        source = f"（{item.source}）" if marked and item.source else ""
        return f"{words.figure(value, item.unit)}{mark}{source}"
    return str(value)


def _asked(when: When | None, answers: Mapping[str, Answer]) -> bool:
    if when is None:
        return True
    answer = answers.get(when.item_id)
    return answer is not None and answer.value is not None and str(answer.value) in when.values
