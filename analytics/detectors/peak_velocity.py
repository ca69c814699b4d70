"""Peak velocity at its own frequency against the table that fits the building (振动速度峰值)."""

from functools import lru_cache, partial
from typing import Any

from analytics.confirm import Gate
from analytics.evidence import deciding_row, finding
from domain.clock import SECOND_NS
from domain.findings import Cause, Finding
from domain.limits import Level, LimitProfile
from domain.readings import ReadingBatch
from domain.vibration import table_for
from domain.views import BuildingView, WatchedPoint


class PeakVelocity:
    """Report vibration that reaches a share of the limit of its frequency.

    One table is picked for a point and never mixed with another: heritage class first, then
    works next door, then traffic; by use and by whether the point sits on the top floor. A peak
    without a frequency is held against the strictest point of the table, and says so. Counts
    once 3 of 5 peaks agree, or at once when a second point shakes as much at the same time.

    Parameters
    ----------
    profile
        Its rows of `ppv_share` (%), vibration tables and choices. Source: GB 50868-2013,
        GB/T 50452-2008 by table.

    """

    name = "peak-velocity"
    kinds = frozenset({"peak_velocity", "frequency"})

    def __init__(self, profile: LimitProfile) -> None:
        self._gate = Gate.from_profile(profile)
        self._rows = profile.of("ppv_share")
        self._wait_ns = int(profile.number("vibration.wait_s") * SECOND_NS)
        self._intervals = profile.number("step.intervals")
        self._table = lru_cache(4096)(partial(table_for, profile))

    def examine(
        self, batch: ReadingBatch, state: Any, view: BuildingView
    ) -> tuple[list[Finding], Any]:
        """Pair each peak with the frequency of its moment, and judge it."""
        kept: dict[str, Any] = state or {}
        points = dict(kept)
        found: list[Finding] = []
        if len(batch):
            known = view.channels()
            mine = {
                code: known[channel_id]
                for code, channel_id in enumerate(batch.channels)
                if channel_id in known and known[channel_id][1].kind in self.kinds
            }
            for code, at_ns, value, received_ns in zip(
                batch.channel.tolist(),
                batch.taken_at.tolist(),
                batch.value.tolist(),
                batch.received_at.tolist(),
                strict=True,
            ):
                if code in mine:
                    point, channel = mine[code]
                    came_ns = max(at_ns, received_ns)
                    self._give_up(view, came_ns, points, found)
                    self._take(view, point, channel.kind, at_ns, value, came_ns, points, found)
        self._give_up(view, view.now_ns, points, found)
        return found, state if points == kept else points

    def _give_up(
        self, view: BuildingView, now_ns: int, points: dict[str, Any], found: list[Finding]
    ) -> None:
        """Judge the peaks that have waited long enough for their frequency."""
        for sensor_id, held in list(points.items()):
            peak, point = held["peak"], view.points.get(sensor_id)
            if peak is not None and point is not None and now_ns - peak[2] > self._wait_ns:
                self._judge(view, point, peak, None, points, found)

    def _take(
        self,
        view: BuildingView,
        point: WatchedPoint,
        kind: str,
        at_ns: int,
        value: float,
        came_ns: int,
        points: dict[str, Any],
        found: list[Finding],
    ) -> None:
        """Take in one reading; `peak` waits for its frequency, `frequency` for its peak."""
        held = points.get(point.sensor_id) or {
            "peak": None,
            "frequency": None,
            "judged": 0,
            "standing": None,
            "last": None,
        }
        peak, frequency = held["peak"], held["frequency"]
        if peak is not None and at_ns > peak[0]:
            points[point.sensor_id] = held
            self._judge(view, point, peak, None, points, found)
            held, peak = points[point.sensor_id], None
        if kind == "frequency":
            if peak is not None and peak[0] == at_ns:
                points[point.sensor_id] = held
                self._judge(view, point, peak, value, points, found)
            else:
                points[point.sensor_id] = {**held, "frequency": [at_ns, value]}
            return
        if at_ns <= held["judged"]:
            return
        points[point.sensor_id] = {**held, "peak": [at_ns, value, came_ns]}
        if frequency is not None and frequency[0] == at_ns:
            self._judge(view, point, [at_ns, value, came_ns], frequency[1], points, found)
        elif not any(channel.kind == "frequency" for channel in point.axes.values()):
            self._judge(view, point, [at_ns, value, came_ns], None, points, found)

    def _judge(
        self,
        view: BuildingView,
        point: WatchedPoint,
        peak: list[Any],
        frequency_hz: float | None,
        points: dict[str, Any],
        found: list[Finding],
    ) -> None:
        at_ns, peak_mm_s, _ = peak
        held = {**points[point.sensor_id], "peak": None, "judged": at_ns}
        points[point.sensor_id] = held
        table, factor = self._table(view.building, point.storey)
        if table is None:
            return
        if frequency_hz is None:
            at_hz, limit_mm_s = table.strictest
        else:
            at_hz, limit_mm_s = frequency_hz, table.limit_at(frequency_hz)
        limit_mm_s *= factor
        share = 100.0 * peak_mm_s / limit_mm_s
        weighed = self._gate.weigh((row, share) for row in self._rows)
        standing = held["standing"]
        started_ns = standing[1] if standing else at_ns
        standing, level = self._gate.push(standing, at_ns, weighed.hit, weighed.stay)
        held["standing"] = standing
        held["last"] = [at_ns, int(weighed.hit)] if weighed.hit else None
        second = self._second(view, point, at_ns, points) if weighed.hit else Level.NONE
        agreed = min(weighed.hit, second)
        if agreed:
            held["standing"], raised = self._gate.force(standing, at_ns, agreed, started_ns)
            level = raised or level
        if level is None:
            return
        row, _ = deciding_row(weighed.by_level, level)
        found.append(
            finding(
                view,
                row,
                Cause.VIBRATION,
                point,
                level,
                at_ns=at_ns,
                value=peak_mm_s,
                started_ns=started_ns,
                limit=limit_mm_s * row.value / 100.0,
                unit="mm/s",
                source=table.source,
                details=(
                    ("frequency_hz", at_hz),
                    ("frequency", "strictest of the table" if frequency_hz is None else "measured"),
                    ("table", table.id),
                    ("factor", factor),
                    ("share_percent", share),
                ),
            )
        )

    def _second(
        self, view: BuildingView, point: WatchedPoint, at_ns: int, points: dict[str, Any]
    ) -> Level:
        """Tell the worst level that another point reached at the same time."""
        worst = Level.NONE
        for sensor_id, held in points.items():
            other = view.points.get(sensor_id)
            if other is None or sensor_id == point.sensor_id or held["last"] is None:
                continue
            interval_s = max(channel.interval_s for channel in other.axes.values())
            if abs(at_ns - held["last"][0]) <= self._intervals * interval_s * SECOND_NS:
                worst = max(worst, Level(held["last"][1]))
        return worst


DETECTOR = PeakVelocity
