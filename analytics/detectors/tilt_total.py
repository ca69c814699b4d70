"""Overall tilt of a point against its limit (整体倾斜限值)."""

from functools import lru_cache
from math import hypot
from statistics import median_low
from typing import Any

from analytics.confirm import Gate
from analytics.evidence import deciding_row, finding
from domain.clock import SECOND_NS
from domain.findings import Cause, Finding
from domain.limits import Limit, LimitProfile
from domain.readings import ReadingBatch
from domain.views import BuildingView, WatchedPoint


class TiltTotal:
    """Report points whose two-axis tilt reaches a limit, by the building's height and storeys.

    The lean is the root of the sum of squares of a point's two axes: 7 ‰ on both is 9.9 ‰. Only
    surveyed (absolute) points are judged. Rows that speak of settlement cracks beside the tilt
    (F3, F4) take the surveyed crack widths of load-bearing members, 3 of the last 5 readings.

    Parameters
    ----------
    profile
        Its rows of `tilt_total`. Source: JGJ 125-2016 4.2 and GB 50007-2011 t.5.3.4 by row.

    """

    name = "tilt-total"
    kinds = frozenset({"tilt", "crack"})

    def __init__(self, profile: LimitProfile) -> None:
        self._gate = Gate.from_profile(profile)
        self._pair_share = profile.number("tilt.pair_share")
        self._rows = lru_cache(4096)(
            lambda building, grade: profile.rows_for("tilt_total", building, grade)
        )

    def examine(
        self, batch: ReadingBatch, state: Any, view: BuildingView
    ) -> tuple[list[Finding], Any]:
        """Judge each new pair of axes; a reading older than the newest is history, not news."""
        if not len(batch):
            return [], state
        known = view.channels()
        watched = {
            code: known[channel_id]
            for code, channel_id in enumerate(batch.channels)
            if channel_id in known and known[channel_id][1].kind in self.kinds
        }
        watched = {code: both for code, both in watched.items() if both[1].absolute}
        if not watched:
            return [], state
        axes: dict[str, Any] = dict((state or {}).get("axes", {}))
        cracks: dict[str, Any] = dict((state or {}).get("cracks", {}))
        standings: dict[str, Any] = dict((state or {}).get("standings", {}))
        found: list[Finding] = []
        rows = self._rows(view.building, view.grade)
        for code, at_ns, value in zip(
            batch.channel.tolist(), batch.taken_at.tolist(), batch.value.tolist(), strict=True
        ):
            if code not in watched:
                continue
            point, channel = watched[code]
            if channel.kind == "crack":
                if point.load_bearing:
                    cracks[channel.id] = [*cracks.get(channel.id, []), value][-self._gate.of :]
                continue
            if channel.id in axes and at_ns <= axes[channel.id][0]:
                continue
            axes[channel.id] = [at_ns, value]
            pair = self._pair(point, channel.interval_s, at_ns, axes)
            if pair is None:
                continue
            made, standing = self._judge(
                view, rows, point, pair, at_ns, cracks, standings.get(point.sensor_id)
            )
            found += made
            if standing is None:
                standings.pop(point.sensor_id, None)
            else:
                standings[point.sensor_id] = standing
        return found, {"axes": axes, "cracks": cracks, "standings": standings}

    def _pair(
        self, point: WatchedPoint, interval_s: int, at_ns: int, axes: dict[str, Any]
    ) -> tuple[float, float] | None:
        """Put both axes together when they were read at nearly the same time."""
        values = []
        for axis in ("x", "y"):
            if axis not in point.axes:
                values.append(0.0)  # a one-axis sensor speaks for its own direction
                continue
            other = axes.get(point.axes[axis].id)
            if other is None or not point.axes[axis].absolute:
                return None
            if at_ns - other[0] > self._pair_share * interval_s * SECOND_NS:
                return None
            values.append(other[1])
        return values[0], values[1]

    def _judge(
        self,
        view: BuildingView,
        rows: tuple[Limit, ...],
        point: WatchedPoint,
        pair: tuple[float, float],
        at_ns: int,
        cracks: dict[str, Any],
        standing: Any,
    ) -> tuple[list[Finding], Any]:
        lean_permille = hypot(*pair)
        if standing is None and lean_permille < min((row.value for row in rows), default=0.0):
            return [], None
        widths_mm = [
            median_low(widths) for widths in cracks.values() if len(widths) >= self._gate.need
        ]
        weighed = self._gate.weigh(
            (row, lean_permille) for row in rows if _cracked_enough(row, widths_mm)
        )
        started_ns = standing[1] if standing else at_ns
        standing, level = self._gate.push(standing, at_ns, weighed.hit, weighed.stay)
        if level is None:
            return [], standing
        row, value = deciding_row(weighed.by_level, level)
        details: list[tuple[str, float | str]] = [("x", pair[0]), ("y", pair[1])]
        if widths_mm:
            details.append(("crack_width_mm_max", max(widths_mm)))
        made = finding(
            view,
            row,
            Cause.TILT,
            point,
            level,
            at_ns=at_ns,
            value=value,
            started_ns=started_ns,
            details=tuple(details),
        )
        return [made], standing


def _cracked_enough(row: Limit, widths_mm: list[float]) -> bool:
    """Tell whether the cracks that a row wants beside the tilt are there."""
    conditions = dict(row.applies)
    width_mm_above = conditions.get("crack_width_mm_above")
    if width_mm_above is None:
        return True
    wanted = float(conditions.get("cracks_min", 1))
    # "several": two cracks or more that are open at all, the widest over the limit
    return len([width for width in widths_mm if width > 0]) >= wanted and any(
        width > float(width_mm_above) for width in widths_mm
    )


DETECTOR = TiltTotal
