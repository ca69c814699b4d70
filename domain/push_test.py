"""The push test (推压试验): which axis of a tilt sensor answers to a push, and with which sign.

Somebody leans on the wall or the bracket in a known direction. The axis that answers, and its
sign, tell where the instrument's x points; a second push in another direction shows whether y
turns the right way round.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from domain.limits import LimitProfile
from domain.readings import Floats, Int64s

_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class PushRules:
    """When an answer counts.

    Parameters
    ----------
    clear
        An answer is so many times the scatter before the push.
    rest_min
        Readings before the push from which rest and scatter are known.
    between_share
        The weaker axis answers with more than this share of the stronger: both count.
    agree_deg
        Two pushes agree when the directions they tell differ by at most so much.

    """

    clear: float
    rest_min: int
    between_share: float
    agree_deg: float

    @classmethod
    def from_profile(cls, profile: LimitProfile) -> "PushRules":
        """Take the numbers out of the limits data."""
        return cls(
            profile.number("push.clear"),
            int(profile.number("push.rest_min")),
            profile.number("push.between_share"),
            profile.number("push.agree_deg"),
        )


@dataclass(frozen=True, slots=True)
class AxisAnswer:
    """How one axis answered.

    Parameters
    ----------
    rest, scatter
        Median before the push and robust standard deviation about it, ‰.
    moved
        Largest departure from rest since, ‰ with its sign.
    readings
        How many came since the push began.
    clear
        Whether it answered beyond doubt.

    """

    axis: str
    rest: float
    scatter: float
    moved: float
    readings: int
    clear: bool = False


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What a push test tells.

    Parameters
    ----------
    axis, sign
        The axis that answered most, and its sign; empty and 0 when none did.
    x_azimuth_deg
        Where a positive x points by this push, whole degrees from north; `None`: not known.
    between
        Both axes answered: the push went between them, the direction counts on both.
    mirrored
        With an earlier push: y turns the wrong way round. `None`: nothing to compare with.
    agrees
        With an earlier push: both tell the same direction.

    """

    axes: tuple[AxisAnswer, ...]
    axis: str = ""
    sign: int = 0
    x_azimuth_deg: float | None = None
    between: bool = False
    agrees: bool | None = None
    mirrored: bool | None = None


def azimuth_of(pushed_deg: float, axis: str, sign: int) -> float:
    """Tell where x points when an axis answered with a sign to a push in a direction.

    Examples
    --------
    >>> azimuth_of(90.0, "x", 1), azimuth_of(90.0, "x", -1), azimuth_of(90.0, "y", 1)
    (90.0, 270.0, 0.0)

    """
    ahead = {("x", 1): 0.0, ("x", -1): 180.0, ("y", 1): 90.0, ("y", -1): 270.0}
    return (pushed_deg - ahead[axis, 1 if sign >= 0 else -1]) % 360.0


def answer(
    columns: Mapping[str, tuple[Int64s, Floats]],
    began_ns: int,
    pushed_deg: float,
    rules: PushRules,
    smallest: float = 0.0,
    earlier_deg: float | None = None,
) -> PushAnswer:
    """Tell which axis answered to a push.

    Parameters
    ----------
    columns
        By axis `x`, `y`: moments (n,) int64 and readings (n,) float64 in ‰, oldest first.
    began_ns
        When the push began: what was read before is rest.
    pushed_deg
        Into which direction it was pushed, degrees from north, clockwise.
    smallest
        Smallest change that the instrument can tell, ‰; its scatter is never taken for less.
    earlier_deg
        Where x points by an earlier push.

    """
    axes = tuple(
        _axis(name, *columns[name], began_ns, rules, smallest)
        for name in ("x", "y")
        if name in columns
    )
    clear = [one for one in axes if one.clear]
    if not clear:
        return PushAnswer(axes)
    most = max(clear, key=lambda one: abs(one.moved))
    sign = 1 if most.moved > 0 else -1
    moved = {one.axis: one.moved for one in clear}
    if len(axes) < 2:
        azimuth = azimuth_of(pushed_deg, most.axis, sign)
        return PushAnswer(axes, most.axis, sign, float(round(azimuth)) % 360.0)
    weaker = min(abs(moved.get(name, 0.0)) for name in ("x", "y"))
    between = weaker > rules.between_share * abs(most.moved)
    ahead = math.degrees(math.atan2(moved.get("y", 0.0), moved.get("x", 0.0)))
    azimuth = float(round((pushed_deg - ahead) % 360.0)) % 360.0
    agrees = mirrored = None
    if earlier_deg is not None:
        apart = _apart(azimuth, earlier_deg)
        agrees = apart <= rules.agree_deg
        # pushed at right angles, an instrument whose y is turned round tells opposite directions
        mirrored = apart >= 180.0 - rules.agree_deg
        if mirrored and most.axis == "y":
            azimuth = earlier_deg  # x alone tells the truth then
    return PushAnswer(axes, most.axis, sign, azimuth, between, agrees, mirrored)


def _axis(
    name: str, at_ns: Int64s, values: Floats, began_ns: int, rules: PushRules, smallest: float
) -> AxisAnswer:
    still, since = values[at_ns < began_ns], values[at_ns >= began_ns]
    if len(still) < rules.rest_min or not len(since):
        return AxisAnswer(name, float(np.median(still)) if len(still) else 0.0, 0.0, 0.0, 0)
    rest = float(np.median(still))
    scatter = max(_TO_SD * float(np.median(np.abs(still - rest))), smallest / 2)
    away = since - rest
    moved = float(away[int(np.argmax(np.abs(away)))])
    return AxisAnswer(name, rest, scatter, moved, len(since), abs(moved) > rules.clear * scatter)


def _apart(a: float, b: float) -> float:
    return abs((a - b + 180.0) % 360.0 - 180.0)
