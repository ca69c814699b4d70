"""A plan of where a defect is, drawn as PNG without any drawing library."""

from collections.abc import Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from bim.png import encode
from domain.anchors import Point
from domain.elements import Box

WIDTH, HEIGHT = 640, 480
_MARGIN = 32
#: what is shown around everything, m
_AROUND_M = 2.0
_PAPER, _INK, _FILL, _MARK = (255, 255, 255), (96, 104, 110), (224, 228, 231), (200, 30, 30)
_BARS_M = ("0.5", "1", "2", "5", "10", "20", "50", "100")
#: 3 x 5 dots of what stands on the scale bar
_GLYPHS = {
    "0": ("111", "101", "101", "101", "111"), "1": ("010", "110", "010", "010", "111"),
    "2": ("111", "001", "111", "100", "111"), "5": ("111", "100", "111", "001", "111"),
    ".": ("000", "000", "000", "000", "010"), "m": ("00000", "00000", "11110", "10101", "10101"),
    " ": ("00", "00", "00", "00", "00"),
}  # fmt: skip
_DOT = 3

Outline = Sequence[tuple[float, float]]


def plan_sketch(outlines: Sequence[Outline], point: Point, chosen: Sequence[Outline] = ()) -> bytes:
    """Draw a plan, seen from above with y up: a scale bar, and a red cross at the place.

    Parameters
    ----------
    outlines
        What is around: elements or rooms of the storey, corners (x, y) in metres.
    chosen
        What the defect is on; drawn in red.

    Returns
    -------
    bytes
        PNG, 640 x 480.

    """
    return PlanSketch(outlines).draw(point, chosen)


class PlanSketch:
    """A plan that many places may be marked on: what is around is drawn once.

    Parameters
    ----------
    outlines
        As in `plan_sketch`.

    """

    def __init__(self, outlines: Sequence[Outline]) -> None:
        self._outlines = outlines
        self._drawn: _Plan | None = None

    def draw(self, point: Point, chosen: Sequence[Outline] = ()) -> bytes:
        """Mark a place and what it is on."""
        plan = self._plan(point, chosen).copy()
        for outline in chosen:
            plan.outline(outline, _MARK, None)
        plan.cross(point)
        return encode(plan.picture)

    def _plan(self, point: Point, chosen: Sequence[Outline]) -> "_Plan":
        if self._drawn is None and self._outlines:
            self._drawn = self._around([c for o in self._outlines for c in o])
        shown = [point[:2], *(corner for outline in chosen for corner in outline)]
        if self._drawn is not None and all(map(self._drawn.shows, shown)):
            return self._drawn
        # a place outside what is drawn has a scale of its own
        return self._around([*(c for o in self._outlines for c in o), *shown])

    def _around(self, corners: Sequence[Sequence[float]]) -> "_Plan":
        plan = _Plan(corners)
        for outline in self._outlines:
            plan.outline(outline, _INK, _FILL)
        plan.bar()
        return plan


def outline_of(box: Box) -> Outline:
    """Give the outline of a box from above."""
    x, y, _, far_x, far_y, _ = box
    return ((x, y), (far_x, y), (far_x, far_y), (x, far_y))


class _Plan:
    """A picture, and the way from metres to its dots."""

    def __init__(self, corners: Sequence[Sequence[float]]) -> None:
        self.picture: NDArray[np.uint8] = np.full((HEIGHT, WIDTH, 3), _PAPER, np.uint8)
        span = np.array([corner[:2] for corner in corners])
        self._low, self._high = span.min(axis=0) - _AROUND_M, span.max(axis=0) + _AROUND_M
        room = np.array([WIDTH - 2 * _MARGIN, HEIGHT - 2 * _MARGIN])
        self._dots_per_m = float((room / (self._high - self._low)).min())
        self._middle = (self._low + self._high) / 2

    def copy(self) -> "_Plan":
        """Give a plan of the same scale that may be drawn on."""
        other = copy(self)
        other.picture = self.picture.copy()
        return other

    def shows(self, corner: Sequence[float]) -> bool:
        """Tell whether a place lies within what is drawn."""
        at = np.array(corner[:2])
        return bool((at >= self._low).all() and (at <= self._high).all())

    def _at(self, corner: Sequence[float]) -> tuple[float, float]:
        x = WIDTH / 2 + (corner[0] - self._middle[0]) * self._dots_per_m
        y = HEIGHT / 2 - (corner[1] - self._middle[1]) * self._dots_per_m
        return x, y

    def outline(
        self, corners: Outline, ink: tuple[int, int, int], fill: tuple[int, int, int] | None
    ) -> None:
        """Draw a closed outline; one that is drawn later lies above."""
        dots = [self._at(corner) for corner in corners]
        if fill is not None:
            self._fill(dots, fill)
        for one, other in zip(dots, [*dots[1:], dots[0]], strict=True):
            self._line(one, other, ink)

    def cross(self, point: Point) -> None:
        """Mark a place: a cross in a ring, for those who don't see red."""
        x, y = self._at(point)
        for dx, dy in ((1, 1), (1, -1)):
            self._line((x - 9 * dx, y - 9 * dy), (x + 9 * dx, y + 9 * dy), _MARK, 3)
        turns = np.linspace(0.0, 2 * np.pi, 160)
        self._dots(x + 15 * np.cos(turns), y + 15 * np.sin(turns), _MARK, 3)

    def bar(self) -> None:
        """Draw a scale bar of a round length in the corner."""
        longest = WIDTH / 3
        fitting = [each for each in _BARS_M if float(each) * self._dots_per_m <= longest]
        text = fitting[-1] if fitting else _BARS_M[0]
        length, left, low = float(text) * self._dots_per_m, 16, HEIGHT - 14
        self._line((left, low), (left + length, low), _INK, 3)
        for x in (left, left + length):
            self._line((x, low - 5), (x, low + 5), _INK)
        self._text(left, low - 24, f"{text} m")

    def _text(self, left: int, top: int, text: str) -> None:
        for character in text:
            rows = _GLYPHS[character]
            for row, dots in enumerate(rows):
                for column, dot in enumerate(dots):
                    if dot == "1":
                        x, y = left + column * _DOT, top + row * _DOT
                        self.picture[y : y + _DOT, x : x + _DOT] = _INK
            left += (len(rows[0]) + 1) * _DOT

    def _fill(self, dots: Sequence[tuple[float, float]], colour: tuple[int, int, int]) -> None:
        """Fill an outline by the even-odd rule, row by row."""
        ends = list(zip(dots, [*dots[1:], dots[0]], strict=True))
        rows = range(max(0, int(min(y for _, y in dots))), HEIGHT)
        for row in rows[: int(max(y for _, y in dots)) + 1 - rows.start]:
            cuts = sorted(
                x + (row - y) * (far_x - x) / (far_y - y)
                for (x, y), (far_x, far_y) in ends
                if (y <= row) != (far_y <= row)
            )
            for left, right in zip(cuts[::2], cuts[1::2], strict=False):
                self.picture[row, max(0, round(left)) : max(0, round(right))] = colour

    def _line(
        self,
        one: tuple[float, float],
        other: tuple[float, float],
        colour: tuple[int, int, int],
        thick: int = 1,
    ) -> None:
        steps = int(max(abs(other[0] - one[0]), abs(other[1] - one[1]))) + 2
        x, y = np.linspace(one[0], other[0], steps), np.linspace(one[1], other[1], steps)
        self._dots(x, y, colour, thick)

    def _dots(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        colour: tuple[int, int, int],
        size: int,
    ) -> None:
        for right in range(size):
            for down in range(size):
                columns = np.rint(x).astype(int) + right - size // 2
                rows = np.rint(y).astype(int) + down - size // 2
                inside = (columns >= 0) & (columns < WIDTH) & (rows >= 0) & (rows < HEIGHT)
                self.picture[rows[inside], columns[inside]] = colour
