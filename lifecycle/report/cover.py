"""The first page of a report: which building, why, who, when, what it came to."""

from collections.abc import Iterator

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, PageBreak, Spacer, Table, TableStyle

from domain.check_reports import spaced_code
from lifecycle.report import words
from lifecycle.report.facts import ReportFacts
from lifecycle.report.qr import QrCode
from lifecycle.report.style import INK, MARK, QUIET, WIDTH, Style


def cover(facts: ReportFacts, style: Style) -> Iterator[Flowable]:
    """Set the first page."""
    check_up, submission = facts.check_up, facts.submission
    yield _title(facts, style)
    yield style.small_heading("房屋")
    yield style.facts(words.house_lines(facts.building))
    yield style.small_heading("本次体检")
    cause = words.CAUSES[check_up.cause]
    firm = facts.firm
    rows = [
        ("起因", f"{cause}。{check_up.cause_text}" if check_up.cause_text else cause),
        ("体检单位", firm.name if firm else "未登记"),
        ("单位类别", words.TIERS[firm.tier if firm else check_up.tier]),
    ]
    if firm and firm.qualification:
        rows.append(("资质证书编号", firm.qualification))
    begun, ended = words.moment(submission.begun_at_ns), words.moment(submission.ended_at_ns)
    rows += [
        ("体检人员", submission.by),
        ("应完成日期", check_up.due_on.isoformat()),
        ("现场起止", f"{begun} 至 {ended}（手机时间）"),
        ("收到时间", words.moment(submission.received_at_ns)),
        ("体检结果", words.RESULTS[submission.result]),
    ]
    yield style.facts([(name, value[:600]) for name, value in rows])
    yield Spacer(1, 2 * mm)
    yield style.line(
        "体检结果是四类处置建议，不是房屋危险性等级；危险性等级只由鉴定报告给出。", 8.5, ink=QUIET
    )
    yield style.small_heading("危险性鉴定（另行出具）")
    yield style.facts(_appraised(facts))
    yield PageBreak()


def _title(facts: ReportFacts, style: Style) -> Flowable:
    """Set the title beside the code that the report is verified with."""
    left: list[Flowable] = [
        style.line("房屋体检报告", 26),
        style.line(words.CLASSES[facts.check_up.check_class], 14, ink=QUIET),
    ]
    if facts.simulated:
        left += [
            style.line("演示数据", 16, ink=MARK),
            style.line(facts.simulated, 9, ink=MARK),
        ]
    if note := words.STANDINGS[facts.submission.standing]:
        left.append(style.line(note, 11, ink=MARK))
    right: list[Flowable] = [
        QrCode(facts.verify_url, 28 * mm, 60 * mm),
        style.line(f"验证码 {spaced_code(facts.code)}", 8.5, ink=INK, mid=True),
        style.line("扫码核对本文件", 8.5, ink=QUIET, mid=True),
    ]
    made = Table([[left, right]], [WIDTH - 66 * mm, 66 * mm], hAlign="LEFT")
    made.setStyle(
        TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)])
    )
    return made


def _appraised(facts: ReportFacts) -> list[tuple[str, str]]:
    appraisal = facts.appraisal
    if appraisal is None:
        return [("鉴定等级", "收到本次提交之日尚无鉴定报告")]
    rows = [
        ("鉴定等级", f"{appraisal.grade.value} 级（{appraisal.scheme}）"),
        ("鉴定报告编号", appraisal.report_number),
        ("鉴定单位", appraisal.appraiser),
        ("鉴定日期", appraisal.appraised_on.isoformat()),
    ]
    if appraisal.valid_until:
        rows.append(("有效期至", appraisal.valid_until.isoformat()))
    return rows
