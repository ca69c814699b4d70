"""Width of a surveyed crack against the widths that make a member dangerous (危险点裂缝宽度)."""

from collections.abc import Mapping
from functools import lru_cache
from math import inf
from statistics import median
from typing import Any

from analytics.confirm import Gate
from analytics.evidence import deciding_row, finding
from domain.findings import Cause, Finding
from domain.limits import Limit, LimitProfile
from domain.readings import ReadingBatch
from domain.views import NEVER_CALM, Band, BuildingView, WatchedPoint

#: what is known of a crack at first: its first widths, the newest moment, its standing
_NOTHING: tuple[list[float], int, Any] = ([], 0, None)


class CrackWidth:
    """Report cracks that pass a dangerous width while they are watched.

    Only surveyed (absolute) channels of load-bearing members are judged, on their raw width: an
    absolute limit is never learnt away. A width that the survey already found is the appraiser's
    to judge, so limits below the first readings do not count. A sensor knows neither the crack's
    length nor its place: the width alone is yellow, and red when it has also grown by more than
    a year's weather moves it (`growth_mm_min` of the row).

    Parameters
    ----------
    profile
        Its rows of `crack_width`. Source: JGJ 125-2016 ch. 5 by row.

    """

    name = "crack-width"
    kinds = frozenset({"crack"})

    def __init__(self, profile: LimitProfile) -> None:
        self._gate = Gate.from_profile(profile)
        self._rows = lru_cache(4096)(
            lambda building, grade: profile.rows_for("crack_width", building, grade)
        )

    def examine(
        self, batch: ReadingBatch, state: Any, view: BuildingView
    ) -> tuple[list[Finding], Any]:
        """Judge each new width."""
        if not len(batch):
            return [], state
        known = view.channels()
        watched = {
            code: known[channel_id]
            for code, channel_id in enumerate(batch.channels)
            if channel_id in known and known[channel_id][1].kind == "crack"
        }
        watched = {
            code: (point, channel)
            for code, (point, channel) in watched.items()
            if channel.absolute and point.load_bearing
        }
        rows = self._rows(view.building, view.grade)
        if not watched or not rows:
            return [], state
        mildest_mm = self._gate.hysteresis * min(row.value for row in rows)
        cracks: dict[str, Any] = dict(state or {})
        found: list[Finding] = []
        for code, at_ns, value in zip(
            batch.channel.tolist(), batch.taken_at.tolist(), batch.value.tolist(), strict=True
        ):
            if code in watched:
                point, channel = watched[code]
                made, cracks[channel.id] = self._judge(
                    view, rows, mildest_mm, point, at_ns, value, cracks.get(channel.id)
                )
                found += made
        return found, cracks

    def calm(self, state: Any, view: BuildingView) -> Mapping[str, Band]:
        """Tell bands below the mildest width of cracks that hold no level."""
        rows = self._rows(view.building, view.grade)
        if not rows:
            return {}
        mildest_mm = self._gate.hysteresis * min(row.value for row in rows)
        kept: dict[str, Any] = state or {}
        return {
            channel.id: NEVER_CALM if kept.get(channel.id, _NOTHING)[2] else (-inf, mildest_mm)
            for point in view.points.values()
            for channel in point.axes.values()
            if channel.kind == "crack" and channel.absolute and point.load_bearing
        }

    def _judge(
        self,
        view: BuildingView,
        rows: tuple[Limit, ...],
        mildest_mm: float,
        point: WatchedPoint,
        at_ns: int,
        width_mm: float,
        kept: Any,
    ) -> tuple[list[Finding], Any]:
        first, newest_ns, standing = kept or _NOTHING
        if at_ns <= newest_ns:
            return [], kept
        if len(first) < self._gate.of:
            first = [*first, width_mm]
        if len(first) < self._gate.need:
            return [], [first, at_ns, standing]
        if standing is None and width_mm < mildest_mm:
            return [], [first, at_ns, None]  # far from every limit, and quiet before
        start_mm = median(first)
        grown_mm = width_mm - start_mm
        weighed = self._gate.weigh(
            (row, _share(row, width_mm, grown_mm) * row.value)
            for row in rows
            if not row.reached_by(start_mm)
        )
        started_ns = standing[1] if standing else at_ns
        standing, level = self._gate.push(standing, at_ns, weighed.hit, weighed.stay)
        after = [first, at_ns, standing]
        if level is None:
            return [], after
        row = deciding_row(weighed.by_level, level)[0] if weighed.by_level else rows[0]
        made = finding(
            view,
            row,
            Cause.CRACK,
            point,
            level,
            at_ns=at_ns,
            value=width_mm,
            started_ns=started_ns,
            details=(("surveyed_mm", start_mm), ("grown_mm", grown_mm)),
        )
        return [made], after


def _share(row: Limit, width_mm: float, grown_mm: float) -> float:
    """Tell how far a row is reached, 1 at its limit: by the width and by the growth it wants."""
    wanted_mm = float(str(row.condition("growth_mm_min", 0.0)))
    share = width_mm / row.value
    return min(share, grown_mm / wanted_mm) if wanted_mm else share


DETECTOR = CrackWidth
