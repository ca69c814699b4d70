"""Plan and view of an element among its neighbours, as boxes: what the eye compares first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.elements import Box, ElementVersion

#: what is drawn around an element at least, m, and beyond it as a share of its size
_ROOM_M, _ROOM_SHARE = 1.5, 0.35
#: neighbours that are drawn at most
_NEIGHBOURS_MAX = 150
WIDTH, HEIGHT = 320, 200


@dataclass(frozen=True, slots=True)
class Drawn:
    """One box on a sketch, px; `role` is `near`, `old` or `new`."""

    x: float
    y: float
    width: float
    height: float
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """Boxes of one revision from above or from the front.

    Parameters
    ----------
    across, up
        Axes of the building that run to the right and up: `x`, `y` or `z`.
    scale_px, scale_m
        A line of so many px is so many metres.

    """

    boxes: tuple[Drawn, ...]
    across: str
    up: str
    scale_px: float
    scale_m: float


def frame_of(boxes: Sequence[Box]) -> Box | None:
    """Tell what must be in the picture so that these boxes are seen whole, m."""
    if not boxes:
        return None
    rows = np.array(boxes, np.float64)
    low, high = rows[:, :3].min(axis=0), rows[:, 3:].max(axis=0)
    room = np.maximum(_ROOM_M, (high - low).max() * _ROOM_SHARE)
    x, y, z, right, back, top = np.concatenate((low - room, high + room)).tolist()
    return (x, y, z, right, back, top)


def sketch(
    frame: Box,
    near: Sequence[ElementVersion],
    chosen: Sequence[tuple[ElementVersion, str]],
    *,
    upright: bool = False,
) -> Sketch:
    """Draw what lies in a frame, the chosen ones last.

    Parameters
    ----------
    near
        Elements of the revision; those outside the frame, and those as large as all of it, are
        left out.
    chosen
        Elements with their roles, `old` or `new`.
    upright
        From the front instead of from above: along the frame's longer side.

    """
    sides = [frame[3] - frame[0], frame[4] - frame[1]]
    across, up = (0 if sides[0] >= sides[1] else 1, 2) if upright else (0, 1)
    scale = min(WIDTH / (frame[across + 3] - frame[across]), HEIGHT / (frame[up + 3] - frame[up]))
    left = (WIDTH - (frame[across + 3] - frame[across]) * scale) / 2
    below = (HEIGHT + (frame[up + 3] - frame[up]) * scale) / 2

    def drawn(row: ElementVersion, role: str) -> Drawn:
        box = row.box or frame
        width = max((box[across + 3] - box[across]) * scale, 2.0)
        height = max((box[up + 3] - box[up]) * scale, 2.0)
        x = left + (box[across] - frame[across]) * scale
        y = below - (box[up + 3] - frame[up]) * scale
        name = row.name or row.ifc_class
        return Drawn(round(x, 1), round(y, 1), round(width, 1), round(height, 1), role, name)

    shown = {row.step_id for row, _ in chosen}
    inside = [row for row in near if row.step_id not in shown and _inside(row.box, frame)]
    boxes = [drawn(row, "near") for row in inside[:_NEIGHBOURS_MAX]]
    boxes += [drawn(row, role) for row, role in chosen if row.box is not None]
    metres = next(one for one in (50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.0)
                  if one * scale <= WIDTH / 3)  # fmt: skip
    return Sketch(tuple(boxes), "xyz"[across], "xyz"[up], round(metres * scale, 1), metres)


def _inside(box: Box | None, frame: Box) -> bool:
    """Tell whether a box is seen in a frame without covering all of it."""
    if box is None:
        return False
    meets = all(box[k] < frame[k + 3] and box[k + 3] > frame[k] for k in range(3))
    covers = all(box[k] <= frame[k] and box[k + 3] >= frame[k + 3] for k in (0, 1))
    return meets and not covers
