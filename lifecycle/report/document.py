"""A whole report, put together: the same facts, pictures and font give the same bytes."""

import zlib
from pathlib import Path
from typing import Any

import reportlab
from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from domain.check_reports import spaced_code
from lifecycle.report import words
from lifecycle.report.closing import conclusion, signed, verified
from lifecycle.report.cover import cover
from lifecycle.report.facts import ReportFacts
from lifecycle.report.findings import defects, measured, members
from lifecycle.report.fonts import Letters, letters
from lifecycle.report.items import items
from lifecycle.report.photos import ReadPicture, photos
from lifecycle.report.plan import plans
from lifecycle.report.style import (
    FOOT,
    HAIR,
    MARGIN,
    MARK,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    QUIET,
    TOP,
    WIDTH,
    Style,
)

#: rises when reports look otherwise from the same facts
LAYOUT = 1


def maker(font: Letters) -> str:
    """Name all that decides on the bytes beside the facts: part of a report's code."""
    made_by = (reportlab.__version__, zlib.ZLIB_RUNTIME_VERSION)
    return "/".join((str(LAYOUT), *made_by, font.mark))


def write_report(
    facts: ReportFacts, path: Path, read: ReadPicture, font: Letters | None = None
) -> int:
    """Write a report as a PDF file.

    Parameters
    ----------
    read
        Reads the public copy of a picture.

    Returns
    -------
    int
        Pages.

    """
    # JPEG goes in as it is, not as letters that are a quarter longer
    rl_config.useA85 = 0
    style = Style(font or letters())
    pages: list[int] = []

    class Pages(_Pages):
        report, font, counted = facts, style.letters, pages

    story = [
        *cover(facts, style),
        *items(facts, style),
        *measured(facts, style),
        *defects(facts, style),
        *photos(facts, style, read),
        *plans(facts, style),
        *members(facts, style),
        *conclusion(facts, style),
        *signed(facts, style, read),
        *verified(facts, style),
    ]
    document = BaseDocTemplate(
        str(path),
        pagesize=(PAGE_WIDTH, PAGE_HEIGHT),
        invariant=1,
        title=f"房屋体检报告 {facts.building.name}",
        author=(facts.firm.name if facts.firm else facts.submission.by),
        subject=words.CLASSES[facts.check_up.check_class],
        creator="Anju",
        lang="zh-CN",
    )
    frame = Frame(MARGIN, FOOT, WIDTH, PAGE_HEIGHT - TOP - FOOT, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate("page", [frame]))
    document.build(story, canvasmaker=Pages)
    return pages[-1]


class _Pages(Canvas):  # type: ignore[misc]
    """Pages with header and footer; they are written last, when their number is known."""

    report: ReportFacts
    font: Letters
    counted: list[int]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._held: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - the library's name
        """Put a page aside."""
        self._held.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write all pages with their numbers."""
        count = len(self._held)
        for number, page in enumerate(self._held, 1):
            self.__dict__.update(page)
            self._around(number, count)
            super().showPage()
        self.counted.append(count)
        super().save()

    def _around(self, number: int, count: int) -> None:
        facts = self.report
        self.setFont(self.font.name, 8)
        self.setFillColor(QUIET)
        self.setStrokeColor(HAIR)
        self.setLineWidth(0.4)
        top = PAGE_HEIGHT - 15 * 72 / 25.4
        name = self.font.plain(f"{facts.building.name[:40]}  {facts.building.code[:40]}")
        self.drawString(MARGIN, top, f"房屋体检报告　{name}")
        self.line(MARGIN, top - 5, PAGE_WIDTH - MARGIN, top - 5)
        self.drawString(MARGIN, 30, f"验证码 {spaced_code(facts.code)}")
        self.drawRightString(PAGE_WIDTH - MARGIN, 30, f"第 {number} 页　共 {count} 页")
        if facts.simulated:
            self.setFillColor(MARK)
            self.drawRightString(PAGE_WIDTH - MARGIN, top, "演示数据")
