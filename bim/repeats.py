"""Finds shapes that are one shape put down many times, turned about the upright axis or not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bim.shapes import Floats, Shape

#: corners of the same thing may differ by this much, as they were multiplied out
SAME_M = 0.0005
_CUT = 0.37
ROUNDS_MAX = 8


@dataclass(frozen=True, slots=True)
class Put:
    """One place of a repeated shape.

    Parameters
    ----------
    number
        Of the shape in the list it came from.
    turn_rad
        About the upright axis through the first corner, against the first shape.

    """

    number: int
    at: Floats
    turn_rad: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """A shape and its places, the first of them its own."""

    shape: Shape
    puts: tuple[Put, ...]


def repeats_of(
    shapes: Sequence[Shape], saved_min: int, kinds_max: int
) -> tuple[list[Repeat], list[int]]:
    """Sort shapes into those worth writing once, and the numbers of the rest.

    Parameters
    ----------
    saved_min
        Corners that writing it once must save.
    kinds_max
        Each is drawn by a call of its own: no more than these, those that save most.

    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for number, one in enumerate(shapes):
        groups.setdefault(_key(one), []).append(number)
    found = []
    for some in groups.values():
        left = some
        # alike at first sight only: each that is left may be the first of another kind
        for _ in range(ROUNDS_MAX):
            if not left or _saved(shapes[left[0]], len(left)) < saved_min:
                break
            first = shapes[left[0]]
            puts = [put for number in left if (put := _put(first, shapes[number], number))]
            if _saved(first, len(puts)) >= saved_min:
                found.append(Repeat(first, tuple(puts)))
            same = {put.number for put in puts}
            left = [number for number in left if number not in same]
    found.sort(key=lambda one: -_saved(one.shape, len(one.puts)))
    del found[kinds_max:]
    taken = {put.number for one in found for put in one.puts}
    return found, [number for number in range(len(shapes)) if number not in taken]


def _saved(shape: Shape, times: int) -> int:
    return len(shape.vertices) * (times - 1)


def _key(shape: Shape) -> tuple[object, ...]:
    """Give what turning and moving leaves alike."""
    from_first = shape.vertices - shape.vertices[0]
    far = np.hypot(from_first[:, 0], from_first[:, 1])
    up = from_first[:, 2]
    # a few coarse measures: each fine one more is one more that may be cut at its edge
    sizes = np.array([far.max(), far.mean(), up.max() - up.min(), up.mean()])
    grid = np.floor(sizes * 100 + _CUT).astype(int)
    return (shape.color, shape.faces.tobytes(), grid.tobytes())


def _put(first: Shape, other: Shape, number: int) -> Put | None:
    """Say how another shape lies against the first; `None` when it is its mirror image."""
    start, end = first.vertices - first.vertices[0], other.vertices - other.vertices[0]
    k = int(np.argmax(np.hypot(start[:, 0], start[:, 1])))
    turn = math.atan2(end[k, 1], end[k, 0]) - math.atan2(start[k, 1], start[k, 0])
    turn = math.remainder(turn, 2 * math.pi)
    c, s = math.cos(turn), math.sin(turn)
    turned = np.column_stack(
        [c * start[:, 0] - s * start[:, 1], s * start[:, 0] + c * start[:, 1], start[:, 2]]
    )
    if np.abs(turned - end).max() > SAME_M:
        return None
    return Put(number, other.vertices[0], turn)
