"""How a report looks: sizes, colours, paragraphs and tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, LongTable, Paragraph, TableStyle

from lifecycle.report.fonts import Letters

PAGE_WIDTH, PAGE_HEIGHT = A4
MARGIN = 18 * mm
TOP, FOOT = 24 * mm, 20 * mm
WIDTH = PAGE_WIDTH - 2 * MARGIN

INK, QUIET, HAIR = HexColor("#1a2127"), HexColor("#55616c"), HexColor("#c3c9cf")
ACCENT, SOFT, MARK = HexColor("#0f5e5e"), HexColor("#eef3f3"), HexColor("#c81e1e")
#: text that is longer stands below its table: a row must fit on a page
CELL_LETTERS_MAX = 160
#: a paragraph is cut to pieces of so many letters: laying out longer ones takes ever more time
_PIECE_LETTERS = 1_500


@dataclass(frozen=True, slots=True)
class Style:
    """Makes paragraphs and tables of text from outside, whatever is in it."""

    letters: Letters

    def line(
        self,
        text: str,
        size: float = 9.5,
        *,
        ink: Color = INK,
        bold: bool = False,
        mid: bool = False,
    ) -> Paragraph:
        """Set a line or a short paragraph."""
        shown = self.letters.safe(text)
        style = ParagraphStyle(
            f"l{size}",
            fontName=self.letters.name,
            fontSize=size,
            leading=size * 1.5,
            textColor=ink,
            wordWrap="CJK",
            alignment=TA_CENTER if mid else 0,
        )
        if bold:
            # one weight is embedded: a heading is told by its colour and size
            style.textColor = ACCENT
        return Paragraph(shown, style)

    def text(self, text: str, size: float = 9.5) -> list[Paragraph]:
        """Set text of any length."""
        made: list[Paragraph] = []
        for part in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
            pieces = range(0, len(part), _PIECE_LETTERS)
            made += [self.line(part[at : at + _PIECE_LETTERS], size) for at in pieces]
        return made

    def heading(self, text: str) -> Paragraph:
        """Set the heading of a section; it never stands alone at the foot of a page."""
        shown = ParagraphStyle(
            "heading",
            fontName=self.letters.name,
            fontSize=13,
            leading=20,
            textColor=ACCENT,
            spaceBefore=12,
            spaceAfter=5,
            keepWithNext=1,
            wordWrap="CJK",
        )
        return Paragraph(self.letters.safe(text), shown)

    def small_heading(self, text: str) -> Paragraph:
        """Set the heading of a part of a section."""
        made = self.line(text, 10.5, bold=True)
        made.style.spaceBefore, made.style.spaceAfter, made.style.keepWithNext = 8, 3, 1
        return made

    def table(
        self,
        rows: Sequence[Sequence[str | Flowable]],
        shares: Sequence[float],
        *,
        head: Sequence[str] = (),
        width: float = WIDTH,
    ) -> LongTable:
        """Set a table that goes on over pages; its head is repeated."""
        cells = [
            [cell if isinstance(cell, Flowable) else self.line(cell, 9) for cell in row]
            for row in rows
        ]
        if head:
            cells.insert(0, [self.line(cell, 9, ink=QUIET) for cell in head])
        total = sum(shares)
        made = LongTable(
            cells, [width * share / total for share in shares], repeatRows=1 if head else 0
        )
        marks: list[tuple[object, ...]] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, HAIR),
            ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
        ]
        if head:
            marks.append(("BACKGROUND", (0, 0), (-1, 0), SOFT))
        made.setStyle(TableStyle(marks))
        made.hAlign = "LEFT"
        return made

    def facts(self, rows: Sequence[tuple[str, str]]) -> LongTable:
        """Set names with their values."""
        cells = [[self.line(name, 9, ink=QUIET), self.line(value, 9.5)] for name, value in rows]
        return self.table(cells, (22, 78))
