"""Measurements, defects with their growth, and members: what was found in figures."""

from collections.abc import Iterator

from reportlab.platypus import Flowable

from domain.defect_chains import Growth
from domain.templates import ItemKind
from lifecycle.report import words
from lifecycle.report.facts import FoundDefect, ReportFacts
from lifecycle.report.items import numbered, shown_answer
from lifecycle.report.style import CELL_LETTERS_MAX, QUIET, Style


def measured(facts: ReportFacts, style: Style) -> Iterator[Flowable]:
    """Set all figures of the form and of the defects in one table."""
    yield style.heading("二、测量结果")
    answers = {answer.item_id: answer for answer in facts.submission.answers}
    rows = []
    for item in facts.template.items if facts.template else ():
        answer = answers.get(item.id)
        if item.kind is ItemKind.NUMBER and answer is not None and answer.value is not None:
            rows.append([item.zh, shown_answer(item, answer)])
    for one in facts.defects:
        if one.defect.value is not None:
            name = f"{one.label} {_name(one)}"
            rows.append([name, words.figure(one.defect.value, one.defect.unit)])
        if one.defect.length_mm is not None:
            rows.append([f"{one.label} 长度", words.figure(one.defect.length_mm, "mm")])
    if rows:
        yield style.table(rows, (60, 40), head=("测量内容", "结果"))
    else:
        yield style.line("没有测量数据。")


def defects(facts: ReportFacts, style: Style) -> Iterator[Flowable]:
    """Set each defect with its growth against the time before."""
    yield style.heading("三、缺陷")
    if not facts.defects:
        yield style.line("本次没有记录缺陷。")
        return
    photos: dict[str, list[str]] = {}
    for label, picture in numbered(facts):
        photos.setdefault(picture.defect_id, []).append(label)
    rows: list[list[str]] = []
    head = ("编号", "缺陷", "位置", "本次", "上次", "变化", "照片")
    for one in facts.defects:
        defect = one.defect
        name = f"{_name(one)}（{words.SEVERITIES.get(defect.severity, str(defect.severity))}）"
        if defect.dangerous:
            name += "\n体检人员认为是危险点"
        before = one.before
        last = ""
        if before is not None:
            value = "" if before.value is None else words.figure(before.value, before.unit)
            last = f"{value}\n{words.day(before.found_at_ns)}".strip()
        rows.append(
            [
                one.label,
                name,
                one.place[:80] or "未注明",
                _size(one),
                last or "首次发现",
                grown(one.growth) if one.growth else "",
                " ".join(photos.get(defect.id, [])),
            ]
        )
        if len(defect.note) > CELL_LETTERS_MAX:
            yield style.table(rows, (7, 22, 20, 14, 14, 14, 9), head=head)
            yield from style.text(f"{one.label} {defect.note}", 9)
            rows = []
        elif defect.note:
            rows[-1][1] += f"\n{defect.note}"
    if rows:
        yield style.table(rows, (7, 22, 20, 14, 14, 14, 9), head=head)


def grown(growth: Growth) -> str:
    r"""Write a growth with its rate.

    Examples
    --------
    >>> grown(Growth("mm", 0.2, 0.5, 0, 365 * 86_400_000_000_000))
    '+0.3 mm\n每年 +0.3 mm'

    """
    change = words.figure(round(growth.change, 6), growth.unit)
    sign = "+" if growth.change > 0 else ""
    text = f"{sign}{change}"
    if growth.per_year is not None:
        rate = float(f"{growth.per_year:.2g}")
        text += f"\n每年 {'+' if rate > 0 else ''}{words.figure(rate, growth.unit)}"
    return text


def members(facts: ReportFacts, style: Style) -> Iterator[Flowable]:
    """Set the counts of members, and what they come to as computed."""
    counts = facts.submission.members
    if not counts and not facts.submission.soil_dangerous:
        return
    yield style.heading("六、构件统计（JGJ 125-2016）")
    if facts.submission.soil_dangerous:
        yield style.line("地基处于危险状态（第一阶段）。")
    if counts:
        rows = [
            [
                words.storey_word(one.storey),
                words.MEMBERS.get(one.kind, one.kind),
                str(one.total),
                str(one.dangerous),
            ]
            for one in sorted(counts, key=lambda one: (one.storey, one.kind))
        ]
        yield style.table(rows, (25, 35, 20, 20), head=("楼层", "构件", "总数", "危险构件"))
    if facts.counted and facts.counted.rows:
        yield style.small_heading("按以上统计计算")
        yield style.facts(list(facts.counted.rows))
        yield style.line("以上为计算值，供鉴定人员参考，不是鉴定等级。", 8.5, ink=QUIET)


def _name(one: FoundDefect) -> str:
    return one.defect.title or words.DEFECTS.get(one.defect.code, one.defect.code)


def _size(one: FoundDefect) -> str:
    defect = one.defect
    parts = []
    if defect.value is not None:
        parts.append(words.figure(defect.value, defect.unit))
    if defect.length_mm is not None:
        parts.append(f"长 {words.figure(defect.length_mm, 'mm')}")
    if defect.direction:
        parts.append(words.DIRECTIONS.get(defect.direction, defect.direction))
    return "\n".join(parts) or "未测"
