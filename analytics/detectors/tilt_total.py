"""Overall tilt of a point against its limit (整体倾斜限值)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import hypot, sqrt
from statistics import median_low
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.confirm import Gate
from analytics.evidence import deciding_row, finding
from domain.clock import SECOND_NS
from domain.findings import Cause, Finding
from domain.limits import Limit, LimitProfile
from domain.readings import ReadingBatch
from domain.views import NEVER_CALM, Band, BuildingView, WatchedChannel, WatchedPoint

_FEW = 32  # readings that are sooner taken one by one than sorted


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
        self.gate = Gate.from_profile(profile)
        self.pair_share = profile.number("tilt.pair_share")
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
        kept: dict[str, Any] = state or {}
        look = _Look(self, view, kept)
        rows = np.arange(len(batch))
        if len(batch) > _FEW:
            rows = look.take_all_calm(batch, watched)
        for code, at_ns, value in zip(
            batch.channel[rows].tolist(),
            batch.taken_at[rows].tolist(),
            batch.value[rows].tolist(),
            strict=True,
        ):
            if code in watched:
                look.take(*watched[code], at_ns, value)
        return look.found, {"axes": look.axes, "cracks": look.cracks, "standings": look.standings}

    def calm(self, state: Any, view: BuildingView) -> Mapping[str, Band]:
        """Tell bands within which no pair of a point's axes comes to the mildest limit."""
        rows = self.rows_for(view)
        if not rows:
            return {}
        kept: dict[str, Any] = state or {"axes": {}, "standings": {}}
        least = min(row.value for row in rows)
        bands: dict[str, Band] = {}
        for point in view.points.values():
            channels = [c for c in point.axes.values() if c.kind == "tilt" and c.absolute]
            if not channels:
                continue
            held = [kept["axes"].get(channel.id, (0, 0.0))[1] for channel in channels]
            # what is left to the limit, shared out evenly among the squares of the axes
            left = (least**2 - sum(value**2 for value in held)) / len(held)
            stands = point.sensor_id in kept["standings"] or left <= 0.0
            for channel, value in zip(channels, held, strict=True):
                most = sqrt(value**2 + max(left, 0.0))
                bands[channel.id] = NEVER_CALM if stands else (-most, most)
        return bands

    def rows_for(self, view: BuildingView) -> tuple[Limit, ...]:
        """Tell the building's limits."""
        return self._rows(view.building, view.grade)


class _Part(NamedTuple):
    """The readings of one channel in a batch.

    Parameters
    ----------
    most
        Their largest amount, ‰.
    newest
        Row of the first of the newest ones.
    rows
        Rows of all of them, as time went.

    """

    channel: WatchedChannel
    most: float
    newest: int
    rows: NDArray[np.intp]


class _Look:
    """One building's way through a batch."""

    def __init__(self, rules: TiltTotal, view: BuildingView, kept: Mapping[str, Any]) -> None:
        self._gate, self._pair_share = rules.gate, rules.pair_share
        self._view, self._rows = view, rules.rows_for(view)
        self._least = min((row.value for row in self._rows), default=0.0)
        self.axes: dict[str, Any] = dict(kept.get("axes", {}))
        self.cracks: dict[str, Any] = dict(kept.get("cracks", {}))
        self.standings: dict[str, Any] = dict(kept.get("standings", {}))
        self.found: list[Finding] = []

    def take_all_calm(
        self, batch: ReadingBatch, watched: Mapping[int, tuple[WatchedPoint, WatchedChannel]]
    ) -> NDArray[np.intp]:
        """Take in what can be as columns; tell the rows that are to be taken one by one."""
        order = np.argsort(batch.channel, kind="stable")
        grouped = batch.channel[order]
        starts = np.flatnonzero(np.diff(grouped, prepend=-1))
        ends = np.append(starts[1:], len(order))
        most = np.maximum.reduceat(np.abs(batch.value[order]), starts).tolist()
        # of several readings at the newest moment the first counts, as it does one by one
        moments = np.flatnonzero(
            (np.diff(batch.taken_at[order], prepend=-1) != 0) | (np.diff(grouped, prepend=-1) != 0)
        )
        newest = order[moments[np.searchsorted(moments, ends) - 1]].tolist()
        by_point: dict[str, list[_Part]] = {}
        singly: list[NDArray[np.intp]] = []
        columns = grouped[starts].tolist(), starts.tolist(), ends.tolist(), most, newest
        for code, start, end, far, row in zip(*columns, strict=True):
            if code not in watched:
                continue
            point, channel = watched[code]
            if channel.kind == "tilt":
                by_point.setdefault(point.sensor_id, []).append(
                    _Part(channel, far, row, order[start:end])
                )
            else:
                singly.append(order[start:end])
        for sensor_id, parts in by_point.items():
            if not self.take_calm(self._view.points[sensor_id], parts, batch):
                singly += [part.rows for part in parts]
        rows: NDArray[np.intp] = np.sort(np.concatenate(singly)) if singly else order[:0]
        return rows

    def take_calm(self, point: WatchedPoint, parts: Sequence["_Part"], batch: ReadingBatch) -> bool:
        """Take in a point's readings if no pair of them can reach a limit.

        Parameters
        ----------
        parts
            The readings of those of its channels that have any.

        """
        if point.sensor_id in self.standings:
            return False
        most = {
            channel.id: abs(self.axes[channel.id][1]) if channel.id in self.axes else 0.0
            for channel in point.axes.values()
        }
        for part in parts:
            most[part.channel.id] = max(most[part.channel.id], part.most)
        if not hypot(*most.values()) < self._least:
            return False
        for part in parts:
            at_ns, held = int(batch.taken_at[part.newest]), self.axes.get(part.channel.id)
            if held is None or at_ns > held[0]:
                self.axes[part.channel.id] = [at_ns, float(batch.value[part.newest])]
        return True

    def take(self, point: WatchedPoint, channel: WatchedChannel, at_ns: int, value: float) -> None:
        """Take in one reading."""
        if channel.kind == "crack":
            if point.load_bearing:
                widths = [*self.cracks.get(channel.id, []), value]
                self.cracks[channel.id] = widths[-self._gate.of :]
            return
        if channel.id in self.axes and at_ns <= self.axes[channel.id][0]:
            return
        self.axes[channel.id] = [at_ns, value]
        pair = self._pair(point, channel.interval_s, at_ns)
        if pair is not None:
            self._judge(point, pair, at_ns)

    def _pair(self, point: WatchedPoint, interval_s: int, at_ns: int) -> tuple[float, float] | None:
        """Put both axes together when they were read at nearly the same time."""
        values = []
        for axis in ("x", "y"):
            if axis not in point.axes:
                values.append(0.0)  # a one-axis sensor speaks for its own direction
                continue
            other = self.axes.get(point.axes[axis].id)
            if other is None or not point.axes[axis].absolute:
                return None
            if at_ns - other[0] > self._pair_share * interval_s * SECOND_NS:
                return None
            values.append(other[1])
        return values[0], values[1]

    def _judge(self, point: WatchedPoint, pair: tuple[float, float], at_ns: int) -> None:
        lean_permille = hypot(*pair)
        standing = self.standings.get(point.sensor_id)
        if standing is None and lean_permille < self._least:
            return
        widths_mm = [
            median_low(widths) for widths in self.cracks.values() if len(widths) >= self._gate.need
        ]
        weighed = self._gate.weigh(
            (row, lean_permille) for row in self._rows if _cracked_enough(row, widths_mm)
        )
        started_ns = standing[1] if standing else at_ns
        standing, level = self._gate.push(standing, at_ns, weighed.hit, weighed.stay)
        if standing is None:
            self.standings.pop(point.sensor_id, None)
        else:
            self.standings[point.sensor_id] = standing
        if level is None:
            return
        row, value = deciding_row(weighed.by_level, level)
        details: list[tuple[str, float | str]] = [("x", pair[0]), ("y", pair[1])]
        if widths_mm:
            details.append(("crack_width_mm_max", max(widths_mm)))
        self.found.append(
            finding(
                self._view,
                row,
                Cause.TILT,
                point,
                level,
                at_ns=at_ns,
                value=value,
                started_ns=started_ns,
                details=tuple(details),
            )
        )


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
