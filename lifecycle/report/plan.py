"""Plans of storeys with numbered pins; without a plan a list of storeys."""

from collections.abc import Iterator

from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from lifecycle.report.facts import Plan, ReportFacts
from lifecycle.report.photos import round_length
from lifecycle.report.style import HAIR, INK, MARK, QUIET, SOFT, WIDTH, Style

_TALL_MAX, _TALL_MIN = 110 * mm, 40 * mm
_PIN = 7.5


def plans(facts: ReportFacts, style: Style) -> Iterator[Flowable]:
    """Set the plans that have pins, else the storeys with what was found there."""
    yield style.heading("五、位置")
    pinned = [plan for plan in facts.plans if plan.pins and plan.outlines]
    for plan in pinned:
        yield style.small_heading(plan.storey or "平面")
        yield PlanDrawing(plan, style)
    if pinned:
        yield style.line(
            "编号同缺陷编号。平面按房间示意图或模型绘制，尺寸仅供定位。", 8.5, ink=QUIET
        )
    shown = {pin.label for plan in pinned for pin in plan.pins}
    others = [one for one in facts.defects if one.label not in shown]
    if others:
        rows = [[one.label, one.place or "未注明"] for one in others]
        yield style.table(rows, (12, 88), head=("编号", "所在位置"))
    if not pinned and facts.places:
        rows = [[name or "未注明楼层", f"{count} 处"] for name, count in facts.places]
        yield style.table(rows, (60, 40), head=("楼层", "缺陷"))
    if not pinned and not others and not facts.places:
        yield style.line("没有需要标明位置的缺陷。")


class PlanDrawing(Flowable):  # type: ignore[misc]
    """One plan to scale: outlines, axes, pins, a bar of metres."""

    def __init__(self, plan: Plan, style: Style) -> None:
        super().__init__()
        self._plan, self._style = plan, style
        points = [p for _, corners in plan.outlines for p in corners]
        points += [(pin.x_m, pin.y_m) for pin in plan.pins]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        room = max(max(xs) - min(xs), max(ys) - min(ys), 1.0) * 0.06
        self._left, self._foot = min(xs) - room, min(ys) - room
        self._wide, self._deep = max(xs) + room - self._left, max(ys) + room - self._foot
        self._scale = min(WIDTH / self._wide, _TALL_MAX / self._deep)
        self.width, self.height = WIDTH, max(self._deep * self._scale, _TALL_MIN) + 14

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Tell the room that it takes."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw the plan."""
        canvas, font = self.canv, self._style.letters.name
        canvas.setLineWidth(0.7)
        for name, corners in self._plan.outlines:
            path = canvas.beginPath()
            path.moveTo(*self._at(*corners[0]))
            for corner in corners[1:]:
                path.lineTo(*self._at(*corner))
            path.close()
            canvas.setFillColor(SOFT)
            canvas.setStrokeColor(QUIET)
            canvas.drawPath(path, 1, 1)
            if name:
                middle = self._at(
                    sum(x for x, _ in corners) / len(corners),
                    sum(y for _, y in corners) / len(corners),
                )
                canvas.setFillColor(QUIET)
                canvas.setFont(font, 6.5)
                canvas.drawCentredString(
                    middle[0], middle[1] - 2, self._style.letters.plain(name)[:12]
                )
        self._axes()
        for pin in self._plan.pins:
            x, y = self._at(pin.x_m, pin.y_m)
            canvas.setFillColor(MARK)
            canvas.circle(x, y, _PIN, 0, 1)
            canvas.setFillColorRGB(1, 1, 1)
            canvas.setFont(font, 7)
            canvas.drawCentredString(x, y - 2.5, pin.label)
        bar_m = round_length(self._wide / 4)
        canvas.setStrokeColor(INK)
        canvas.setFillColor(INK)
        canvas.line(0, 4, bar_m * self._scale, 4)
        canvas.setFont(font, 7)
        canvas.drawString(bar_m * self._scale + 4, 2, f"{bar_m:g} m")

    def _axes(self) -> None:
        canvas = self.canv
        canvas.setStrokeColor(HAIR)
        canvas.setFillColor(QUIET)
        canvas.setFont(self._style.letters.name, 6.5)
        canvas.setDash(4, 2)
        for name, direction, metre in self._plan.axes:
            if direction == "x" and self._left <= metre <= self._left + self._wide:
                x, top = self._at(metre, self._foot + self._deep)
                canvas.line(x, 14, x, top)
                canvas.drawCentredString(x, top - 6, self._style.letters.plain(name)[:4])
            elif direction == "y" and self._foot <= metre <= self._foot + self._deep:
                x, y = self._at(self._left, metre)
                canvas.line(x, y, x + self._wide * self._scale, y)
                canvas.drawString(x, y + 1, self._style.letters.plain(name)[:4])
        canvas.setDash()

    def _at(self, x_m: float, y_m: float) -> tuple[float, float]:
        left = (self.width - self._wide * self._scale) / 2
        return left + (x_m - self._left) * self._scale, 14 + (y_m - self._foot) * self._scale
