"""Photos of a report with what was drawn on them, a scale, and what they show."""

import io
import math
from collections.abc import Callable, Iterator
from itertools import pairwise

from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Spacer, Table, TableStyle

from domain.attachments import Attachment, AttachmentState
from domain.photo_marks import Mark, read_marks
from lifecycle.report import words
from lifecycle.report.facts import ReportFacts
from lifecycle.report.fonts import Letters
from lifecycle.report.items import numbered
from lifecycle.report.style import HAIR, INK, MARK, QUIET, SOFT, WIDTH, Style

#: two photos stand side by side
_COLUMN, _TALL = (WIDTH - 6 * mm) / 2, 62 * mm
_STEPS = (1, 2, 5)

#: reads a picture's public copy; `None`: it cannot be read
ReadPicture = Callable[[Attachment], bytes | None]


def photos(facts: ReportFacts, style: Style, read: ReadPicture) -> Iterator[Flowable]:
    """Set all photos, two in a row."""
    found = numbered(facts)
    yield style.heading("四、照片")
    if not found and not facts.missing:
        yield style.line("没有照片。")
        return
    known = {item.id: item.zh for item in facts.template.items} if facts.template else {}
    labels = {one.defect.id: one.label for one in facts.defects}
    row: list[list[Flowable]] = []
    for label, one in found:
        row.append([Photo(one, read, style.letters), *_caption(label, one, known, labels, style)])
        if len(row) == 2:
            yield _side_by_side(row)
            row = []
    if row:
        yield _side_by_side([*row, []])
    absent = [one for one in found if one[1].state is not AttachmentState.READY]
    if absent or facts.missing:
        count = len(absent) + len(facts.missing)
        yield style.line(
            f"制作本报告时有 {count} 张图片没有收到或未被接受，见各图说明。", 9, ink=MARK
        )


def _side_by_side(row: list[list[Flowable]]) -> Flowable:
    made = Table([row], [WIDTH / 2, WIDTH / 2], hAlign="LEFT")
    made.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 6 * mm / 2),
            ]
        )
    )
    return made


def _caption(
    label: str, one: Attachment, known: dict[str, str], labels: dict[str, str], style: Style
) -> Iterator[Flowable]:
    shows = [part for part in (labels.get(one.defect_id, ""), known.get(one.item_id, "")) if part]
    yield style.line(f"{label}　{'，'.join(shows)}"[:120], 8.5)
    if one.taken_at_ns is not None:
        yield style.line(f"拍摄 {words.moment(one.taken_at_ns)}（手机时间）", 8, ink=QUIET)
    if one.caption:
        yield style.line(one.caption[:200], 8.5)
    yield Spacer(1, 2 * mm)


class Photo(Flowable):  # type: ignore[misc]
    """One photo within its frame; a picture that is not there is a frame that says why."""

    def __init__(self, picture: Attachment, read: ReadPicture, letters: Letters) -> None:
        super().__init__()
        self._picture, self._read, self._letters = picture, read, letters
        self._font = letters.name
        self.width, self.height = _COLUMN, _TALL

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Tell the room that it takes."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw the picture, its marks and its scale."""
        content = self._read(self._picture) if self._picture.public_key else None
        drawn = content is not None and self._image(content)
        if not drawn:
            self._say()

    def _image(self, content: bytes) -> bool:
        """Draw; a JPEG goes into the file as it is. Tell whether it could be read."""
        try:
            reader = _Reader(content)
            wide, tall = reader.getSize()
            scale = min(self.width / wide, self.height / tall)
            width, height = wide * scale, tall * scale
            left, foot = (self.width - width) / 2, self.height - height
            self.canv.drawImage(reader, left, foot, width, height)
        except Exception:  # noqa: BLE001 - whatever a broken picture does, the report is made
            return False
        self._marks(read_marks(self._picture.marks), left, foot, width, height)
        self._scale(left, foot, width)
        return True

    def _say(self) -> None:
        """Say why there is no picture."""
        one, canvas = self._picture, self.canv
        canvas.setFillColor(SOFT)
        canvas.setStrokeColor(HAIR)
        canvas.rect(0, self.height * 0.45, self.width, self.height * 0.55, 1, 1)
        text = {
            AttachmentState.RECEIVING: "图片尚未收到",
            AttachmentState.REFUSED: "图片未被接受，原件已留存",
        }.get(one.state, "图片无法读取")
        canvas.setFillColor(QUIET)
        canvas.setFont(self._font, 9)
        canvas.drawCentredString(self.width / 2, self.height * 0.72, text)

    def _marks(
        self, marks: tuple[Mark, ...], left: float, foot: float, width: float, height: float
    ) -> None:
        canvas = self.canv
        canvas.setStrokeColor(MARK)
        canvas.setFillColor(MARK)
        canvas.setLineWidth(1.4)
        for mark in marks:
            points = [(left + x * width, foot + (1 - y) * height) for x, y in mark.points]
            (x0, y0), (x1, y1) = points[0], points[-1]
            match mark.kind:
                case "circle":
                    canvas.ellipse(x0, y0, x1, y1, 1, 0)
                case "rect":
                    canvas.rect(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0), 1, 0)
                case "text":
                    pass
                case _:
                    for begin, end in pairwise(points):
                        canvas.line(*begin, *end)
                    if mark.kind == "arrow":
                        self._head(points[-2], points[-1])
            if mark.text:
                self._words(mark.text, x0, y0, left, width)

    def _head(self, tail: tuple[float, float], tip: tuple[float, float]) -> None:
        angle = math.atan2(tip[1] - tail[1], tip[0] - tail[0])
        for side in (angle + 2.6, angle - 2.6):
            self.canv.line(*tip, tip[0] + 7 * math.cos(side), tip[1] + 7 * math.sin(side))

    def _words(self, text: str, x: float, y: float, left: float, width: float) -> None:
        canvas = self.canv
        shown = self._letters.plain(text)[:40]
        room = canvas.stringWidth(shown, self._font, 8) + 4
        x = max(left, min(x, left + width - room))
        canvas.saveState()
        canvas.setFillColorRGB(1, 1, 1, 0.8)
        canvas.rect(x, y - 3, room, 11, 0, 1)
        canvas.setFillColor(MARK)
        canvas.setFont(self._font, 8)
        canvas.drawString(x + 2, y, shown)
        canvas.restoreState()

    def _scale(self, left: float, foot: float, width: float) -> None:
        """Draw a bar of a round length; the scale holds in the plane that it was told for."""
        one = self._picture
        if not one.mm_per_px or one.mm_per_px <= 0 or one.width_px <= 0:
            return
        whole_mm = one.mm_per_px * one.width_px
        bar_mm = round_length(whole_mm / 3)
        room = width * bar_mm / whole_mm
        canvas = self.canv
        canvas.setFillColorRGB(1, 1, 1)
        canvas.rect(left + 4, foot + 4, room + 8, 16, 0, 1)
        canvas.setStrokeColor(INK)
        canvas.setFillColor(INK)
        canvas.setLineWidth(1.2)
        x, y = left + 8, foot + 8
        canvas.line(x, y, x + room, y)
        canvas.line(x, y - 2, x, y + 2)
        canvas.line(x + room, y - 2, x + room, y + 2)
        canvas.setFont(self._font, 7)
        canvas.drawString(x + 1, y + 3, f"{bar_mm:g} mm")


class _Reader(ImageReader):  # type: ignore[misc]
    """A picture that is told from others by its file: no pixel is decoded for a name."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self._content, self._dataA = content, None

    def getRGBData(self) -> bytes:  # noqa: N802 - the library's name
        """Give what its name in the document is made of; of a JPEG no pixel is needed."""
        if self.jpeg_fh() is not None:
            return self._content
        pixels: bytes = super().getRGBData()
        return pixels


def round_length(most: float) -> float:
    """Tell the largest 1, 2 or 5 times a power of ten that is not more, mm.

    Examples
    --------
    >>> round_length(73.0), round_length(0.3), round_length(200.0)
    (50.0, 0.2, 200.0)

    """
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in _STEPS if step * power <= most * (1 + 1e-9))
