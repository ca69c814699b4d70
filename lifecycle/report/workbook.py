"""A check-up as a workbook: one sheet each for the whole, answers, defects, members, photos."""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from domain.attachments import AttachmentState
from lifecycle.report import words
from lifecycle.report.facts import ReportFacts
from lifecycle.report.findings import grown
from lifecycle.report.items import numbered, shown_answer

#: text stays text: what looks like a formula or an address is neither
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
#: longest text of a cell
_CELL_LETTERS = 32_767
_STATES = {
    AttachmentState.READY: "已收到",
    AttachmentState.RECEIVING: "未收到",
    AttachmentState.REFUSED: "未被接受",
}


def write_workbook(facts: ReportFacts) -> bytes:
    """Write a workbook; nothing in it runs as a formula."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        # a fixed day: the same check-up gives the same file
        book.set_properties({"created": datetime(2026, 1, 1)})  # noqa: DTZ001 - the format has none
        bold = book.add_format({"bold": True})
        for name, head, rows in _sheets(facts):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, head, bold)
            for number, row in enumerate(rows, 1):
                for column, value in enumerate(row):
                    _write(sheet, number, column, value)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(head) - 1, 22)
    return buffer.getvalue()


def _write(sheet: Any, row: int, column: int, value: object) -> None:
    if isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif value not in {None, ""}:
        sheet.write_string(row, column, str(value)[:_CELL_LETTERS])


Sheet = tuple[str, Sequence[str], Sequence[Sequence[object]]]


def _sheets(facts: ReportFacts) -> list[Sheet]:
    return [
        ("体检", ("内容", "值"), _whole(facts)),
        ("检查项目", ("部分", "项目", "结果", "数值", "单位", "备注"), _answers(facts)),
        (
            "缺陷",
            ("编号", "类别", "名称", "程度", "位置", "测值", "单位", "长度 mm", "方向", "危险点",
             "上次测值", "变化", "备注"),
            _defects(facts),
        ),
        ("构件统计", ("楼层", "构件", "总数", "危险构件"), _members(facts)),
        ("照片", ("编号", "状态", "说明", "项目", "拍摄时间（手机）", "SHA-256"), _photos(facts)),
    ]  # fmt: skip


def _whole(facts: ReportFacts) -> list[Sequence[object]]:
    check_up, submission, firm = facts.check_up, facts.submission, facts.firm
    rows: list[Sequence[object]] = list(words.house_lines(facts.building))
    if facts.simulated:
        rows.insert(0, ("演示数据", facts.simulated))
    rows += [
        ("体检类别", words.CLASSES[check_up.check_class]),
        ("起因", words.CAUSES[check_up.cause]),
        ("起因说明", check_up.cause_text),
        ("体检单位", firm.name if firm else ""),
        ("体检人员", submission.by),
        ("应完成日期", check_up.due_on.isoformat()),
        ("现场开始（手机时间）", words.moment(submission.begun_at_ns)),
        ("现场结束（手机时间）", words.moment(submission.ended_at_ns)),
        ("收到时间", words.moment(submission.received_at_ns)),
        ("体检结果（不是危险性等级）", words.RESULTS[submission.result]),
        ("提交状态", words.STANDINGS[submission.standing] or "有效"),
        ("结论", submission.conclusion),
        ("处置措施", submission.measures),
        ("复查日期", submission.recheck_on.isoformat() if submission.recheck_on else ""),
        ("预警核查结论", words.OUTCOMES[submission.outcome] if submission.outcome else ""),
    ]
    if facts.appraisal:
        rows += [
            ("鉴定等级（另行出具）", facts.appraisal.grade.value),
            ("鉴定报告编号", facts.appraisal.report_number),
        ]
    rows += [("提交编号", submission.id), ("提交内容 SHA-256", submission.sha256)]
    return rows


def _answers(facts: ReportFacts) -> list[Sequence[object]]:
    answers = {one.item_id: one for one in facts.submission.answers}
    rows: list[Sequence[object]] = []
    known = set()
    for part in facts.template.parts if facts.template else ():
        for item in part.items:
            known.add(item.id)
            answer = answers.get(item.id)
            value = answer.value if answer else None
            number = value if isinstance(value, int | float) else None
            shown = shown_answer(item, answer)
            rows.append((part.zh, item.zh, shown, number, item.unit, answer.note if answer else ""))
    rows += [
        ("", one.item_id, one.value, None, "", one.note)
        for one in answers.values()
        if one.item_id not in known
    ]
    return rows


def _defects(facts: ReportFacts) -> list[Sequence[object]]:
    return [
        (
            one.label,
            words.DEFECTS.get(one.defect.code, one.defect.code),
            one.defect.title,
            words.SEVERITIES.get(one.defect.severity, one.defect.severity),
            one.place,
            one.defect.value,
            one.defect.unit,
            one.defect.length_mm,
            words.DIRECTIONS.get(one.defect.direction, one.defect.direction),
            "是" if one.defect.dangerous else "",
            one.before.value if one.before else None,
            grown(one.growth).replace("\n", "，") if one.growth else "",
            one.defect.note,
        )
        for one in facts.defects
    ]


def _members(facts: ReportFacts) -> list[Sequence[object]]:
    return [
        (
            words.storey_word(one.storey),
            words.MEMBERS.get(one.kind, one.kind),
            one.total,
            one.dangerous,
        )
        for one in facts.submission.members
    ]


def _photos(facts: ReportFacts) -> list[Sequence[object]]:
    items = {one.id: one.zh for one in facts.template.items} if facts.template else {}
    return [
        (
            label,
            _STATES[one.state],
            one.caption,
            items.get(one.item_id, one.item_id),
            words.moment(one.taken_at_ns) if one.taken_at_ns is not None else "",
            one.sha256,
        )
        for label, one in numbered(facts)
    ]
