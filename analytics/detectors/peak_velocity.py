"""Peak velocity at its own frequency against the table that fits the building (振动速度峰值)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from math import inf
from typing import Any

import numpy as np

from analytics.confirm import Gate
from analytics.evidence import deciding_row, finding
from analytics.vibration_tables import table_for
from domain.clock import SECOND_NS
from domain.findings import Cause, Finding
from domain.limits import Level, LimitProfile, VibrationTable
from domain.readings import ReadingBatch
from domain.views import NEVER_CALM, Band, BuildingView, WatchedChannel, WatchedPoint
from domain.waves import WAVE_AXIS


class PeakVelocity:
    """Report vibration that reaches a share of the limit of its frequency.

    One table is picked for a point and never mixed with another: heritage class first, then
    works next door, then traffic; by use and by whether the point sits on the top floor. Of a
    point that has three axes each peak is held against the limit at its own frequency, and the
    largest share counts: not always the largest peak, for tables are stricter at low frequencies.
    A peak without a frequency is held against the strictest point of the table, and says so. Counts
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
            shapes: dict[str, _Shape] = {}
            mine: dict[int, tuple[WatchedPoint, WatchedChannel, str, _Shape]] = {}
            for code, channel_id in enumerate(batch.channels):
                if channel_id not in known or known[channel_id][1].kind not in self.kinds:
                    continue
                point, channel = known[channel_id]
                if point.sensor_id not in shapes:
                    shapes[point.sensor_id] = _Shape.of(point)
                shape, letter = shapes[point.sensor_id], _letter(channel)
                if letter in shape.peaks:  # not the largest of axes that are judged one by one
                    mine[code] = point, channel, letter, shape
            here = np.zeros(len(batch.channels), np.bool_)
            here[list(mine)] = True
            rows = np.flatnonzero(here[batch.channel])
            own: set[str] = set()
            for code, at_ns, value, received_ns in zip(
                batch.channel[rows].tolist(),
                batch.taken_at[rows].tolist(),
                batch.value[rows].tolist(),
                batch.received_at[rows].tolist(),
                strict=True,
            ):
                point, channel, letter, shape = mine[code]
                came_ns = max(at_ns, received_ns)
                self._give_up(view, came_ns, points, found)
                held = self._take(
                    view, point, channel, letter, at_ns, value, came_ns, points, own, found
                )
                if held is not None and shape.complete(held):
                    self._judge(view, point, points, found)
        self._give_up(view, view.now_ns, points, found)
        return found, state if points == kept else points

    def calm(self, state: Any, view: BuildingView) -> Mapping[str, Band]:
        """Tell bands below the mildest share of a table's strictest limit."""
        kept: dict[str, Any] = state or {}
        bands: dict[str, Band] = {}
        for point in view.points.values():
            channels = [c for c in point.axes.values() if c.kind in self.kinds]
            table, factor = self._table(view.building, point.storey) if channels else (None, 1.0)
            if table is None:
                continue
            share = min((row.value for row in self._rows), default=inf) / 100.0
            most_mm_s = share * table.strictest[1] * factor
            held = kept.get(point.sensor_id, _EMPTY)
            waits = max(held["peaks"].values(), default=0.0) >= most_mm_s
            counts = waits or held["standing"] is not None
            for channel in channels:
                most = most_mm_s if channel.kind == "peak_velocity" else inf
                bands[channel.id] = NEVER_CALM if counts else (-inf, most)
        return bands

    def _give_up(
        self, view: BuildingView, now_ns: int, points: dict[str, Any], found: list[Finding]
    ) -> None:
        """Judge the peaks that have waited long enough for their frequency."""
        for sensor_id, held in list(points.items()):
            point = view.points.get(sensor_id)
            waits = held.get("peaks") and now_ns - held["came"] > self._wait_ns
            if waits and point is not None:
                self._judge(view, point, points, found)

    def _take(
        self,
        view: BuildingView,
        point: WatchedPoint,
        channel: WatchedChannel,
        letter: str,
        at_ns: int,
        value: float,
        came_ns: int,
        points: dict[str, Any],
        own: set[str],
        found: list[Finding],
    ) -> dict[str, Any] | None:
        """Take in one reading; peaks and frequencies of one moment wait for each other.

        What is known of a point is copied once, when it is the first time in this batch (`own`).
        """
        key = point.sensor_id
        held: dict[str, Any] = points.get(key, _EMPTY)
        if key not in own:
            held = {**_EMPTY, **held}
            held |= {"peaks": dict(held["peaks"]), "hertz": dict(held["hertz"])}
        if at_ns <= held["judged"] or at_ns < held["at"]:
            return None
        own.add(key)
        points[key] = held
        if at_ns > held["at"]:
            if held["peaks"]:
                self._judge(view, point, points, found)
                held = points[key]
            held |= {"at": at_ns, "peaks": {}, "hertz": {}}
        if channel.kind == "frequency":
            held["hertz"][letter] = value
        else:
            held["peaks"][letter], held["came"] = value, came_ns
        return held

    def _judge(
        self,
        view: BuildingView,
        point: WatchedPoint,
        points: dict[str, Any],
        found: list[Finding],
    ) -> None:
        """Judge the axis of which the peak is the largest share of its own limit."""
        held = points[point.sensor_id]
        at_ns, peaks, hertz = held["at"], held["peaks"], held["hertz"]
        held = {**held, "peaks": {}, "hertz": {}, "judged": at_ns}
        points[point.sensor_id] = held
        table, factor = self._table(view.building, point.storey)
        if table is None:
            return
        share, letter, at_hz, limit_mm_s = max(
            (
                _share(peak, hertz.get(letter), table, factor, letter)
                for letter, peak in sorted(peaks.items())
            ),
            key=lambda one: one[0],
        )
        peak_mm_s, frequency_hz = peaks[letter], hertz.get(letter)
        weighed = self._gate.weigh((row, share) for row in self._rows)
        standing = held["standing"]
        started_ns = standing[1] if standing else at_ns
        standing, level = self._gate.push(standing, at_ns, weighed.hit, weighed.stay)
        held["standing"] = standing
        if weighed.hit:
            held["last"] = [at_ns, int(weighed.hit)]
        elif WAVE_AXIS not in point.axes:
            held["last"] = None
        # a waveform's blocks are short and may come sensor by sensor: its last knock stays known
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
                    *((("axis", letter),) if letter else ()),
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
            if other is None or sensor_id == point.sensor_id or held.get("last") is None:
                continue
            interval_s = max(channel.interval_s for channel in other.axes.values())
            if abs(at_ns - held["last"][0]) <= self._intervals * interval_s * SECOND_NS:
                worst = max(worst, Level(held["last"][1]))
        return worst


#: what is known of a point at first; `at` is the moment of the peaks that wait
_EMPTY: dict[str, Any] = {
    "at": 0,
    "came": 0,
    "peaks": {},
    "hertz": {},
    "judged": 0,
    "standing": None,
    "last": None,
}


def _letter(channel: WatchedChannel) -> str:
    """Tell the axis that a channel is of: `x` of `ppv.x`, nothing of `ppv`."""
    return channel.axis.partition(".")[2]


@dataclass(frozen=True, slots=True)
class _Shape:
    """Axes of a point: those that have a peak, and those of them that send a frequency."""

    peaks: frozenset[str]
    hertz: frozenset[str]

    @classmethod
    def of(cls, point: WatchedPoint) -> "_Shape":
        """Tell the axes; the lone one counts only where there is no other."""
        channels = point.axes.values()
        letters = frozenset(_letter(c) for c in channels if c.kind == "peak_velocity")
        letters = letters - {""} or letters
        hertz = frozenset(_letter(c) for c in channels if c.kind == "frequency")
        return cls(letters, hertz & letters)

    def complete(self, held: dict[str, Any]) -> bool:
        """Tell whether everything of one moment has come."""
        return self.peaks.issubset(held["peaks"]) and self.hertz.issubset(held["hertz"])


def _share(
    peak_mm_s: float, frequency_hz: float | None, table: VibrationTable, factor: float, letter: str
) -> tuple[float, str, float, float]:
    """Tell the share of the limit, %, with axis, frequency and limit."""
    if frequency_hz is None:
        at_hz, limit_mm_s = table.strictest
    else:
        at_hz, limit_mm_s = frequency_hz, table.limit_at(frequency_hz)
    limit_mm_s *= factor
    return 100.0 * peak_mm_s / limit_mm_s, letter, at_hz, limit_mm_s


DETECTOR = PeakVelocity
