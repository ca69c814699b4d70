"""What people drew on a photo: read with care, for it is drawn again on pages and in reports."""

import json
import math
from dataclasses import dataclass

KINDS = frozenset({"arrow", "line", "pen", "circle", "rect", "text"})
MARKS_MAX = 200
POINTS_MAX = 2_000
TEXT_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark.

    Parameters
    ----------
    kind
        `arrow` (its head at the last point), `line`, `pen`, `circle` and `rect` (two corners),
        or `text` (at the first point).
    points
        Shares of width and height, from the upper left corner, each 0 to 1.

    """

    kind: str
    points: tuple[tuple[float, float], ...]
    text: str = ""


def read_marks(text: str) -> tuple[Mark, ...]:
    """Read marks as an attachment keeps them; what makes no sense is left out.

    Examples
    --------
    >>> read_marks('[{"kind": "arrow", "points": [[0.1, 0.2], [2, 0.5]], "text": "C-01"}]')
    (Mark(kind='arrow', points=((0.1, 0.2), (1.0, 0.5)), text='C-01'),)
    >>> read_marks("[1, {}]"), read_marks("{")
    ((), ())

    """
    try:
        found = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, list):
        return ()
    marks = (_mark(one) for one in found[:MARKS_MAX])
    return tuple(mark for mark in marks if mark is not None)


def _mark(told: object) -> Mark | None:
    if not isinstance(told, dict):
        return None
    kind = str(told.get("kind", ""))[:20]
    rows = told.get("points")
    points = [_point(row) for row in rows[:POINTS_MAX]] if isinstance(rows, list) else []
    inside = tuple(point for point in points if point is not None)
    least = 1 if kind == "text" else 2
    if len(inside) < least:
        return None
    text = told.get("text", "")
    words = text[:TEXT_LENGTH_MAX] if isinstance(text, str) else ""
    # a kind that a newer phone knows is still a line
    return Mark(kind if kind in KINDS else "line", inside, words)


def _point(told: object) -> tuple[float, float] | None:
    if not isinstance(told, list) or len(told) != 2:
        return None
    try:
        x, y = (float(part) for part in told)
    except (TypeError, ValueError, OverflowError):
        return None
    if math.isnan(x) or math.isnan(y):
        return None
    return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
