"""Conclusion, measures, signatures, and how the report is verified."""

from collections.abc import Iterator

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer

from domain.attachments import Attachment
from domain.check_reports import spaced_code
from lifecycle.report import words
from lifecycle.report.facts import ReportFacts
from lifecycle.report.fonts import Letters
from lifecycle.report.photos import Photo, ReadPicture
from lifecycle.report.style import QUIET, Style


def conclusion(facts: ReportFacts, style: Style) -> Iterator[Flowable]:
    """Set result, conclusion, measures and the day of the re-check."""
    submission = facts.submission
    yield style.heading("七、结论与处置")
    yield style.facts([("体检结果", words.RESULTS[submission.result])])
    for name, text in (("结论", submission.conclusion), ("处置措施", submission.measures)):
        yield style.small_heading(name)
        yield from style.text(text or "未填写")
    rows = []
    if submission.recheck_on:
        rows.append(("复查日期", f"{submission.recheck_on.isoformat()} 前"))
    if submission.outcome is not None:
        rows.append(("预警核查结论", words.OUTCOMES[submission.outcome]))
    if rows:
        yield Spacer(1, 2 * mm)
        yield style.facts(rows)


def signed(facts: ReportFacts, style: Style, read: ReadPicture) -> Iterator[Flowable]:
    """Set the signatures."""
    yield style.heading("八、签名")
    pictures = {one.id: one for one in facts.pictures}
    if not facts.submission.signatures:
        yield style.line("没有签名。")
    for one in facts.submission.signatures:
        role = words.ROLES.get(one.role, one.role)
        lines: list[Flowable] = [
            style.line(f"{role}：{one.name}　{words.moment(one.signed_at_ns)}（手机时间）")
        ]
        picture = pictures.get(one.attachment_id)
        if picture is not None:
            lines.append(SignaturePicture(picture, read, style.letters))
        elif one.attachment_id:
            lines.append(style.line("签名图片尚未收到", 9, ink=QUIET))
        yield KeepTogether([*lines, Spacer(1, 3 * mm)])


class SignaturePicture(Photo):
    """A signature: small, without marks."""

    def __init__(self, picture: Attachment, read: ReadPicture, letters: Letters) -> None:
        super().__init__(picture, read, letters)
        self.width, self.height = 60 * mm, 24 * mm


def verified(facts: ReportFacts, style: Style) -> Iterator[Flowable]:
    """Tell how the report is verified."""
    submission = facts.submission
    yield style.heading("九、核验")
    rows = [
        ("验证码", spaced_code(facts.code)),
        ("核验网址", facts.verify_url),
        ("提交编号", submission.id),
        ("提交内容 SHA-256", submission.sha256),
    ]
    yield style.facts(rows)
    yield style.line(
        "核验网址显示本 PDF 文件的 SHA-256 和当前状态，不显示房屋信息；"
        "把文件拖到该网页上，浏览器在本机计算并比对，文件不上传。",
        8.5,
        ink=QUIET,
    )
