"""Readings one by one: sudden steps that a second point confirms, and values that are stuck."""

from collections.abc import Mapping, Sequence
from math import isnan
from statistics import median
from typing import Any

import numpy as np

from analytics import history
from analytics.compensation import scatter_of
from domain.clock import SECOND_NS
from domain.limits import LimitProfile
from domain.views import NEVER_CALM, Band, BuildingView, WatchedChannel, WatchedPoint

_MEMORY = 5  # closed bins whose median a reading is held against
_DAYS_OF_SCATTER = 14


class Steps:
    """Watches single readings for steps.

    A reading shows a step when it lies off the median of the channel's last bins by at least
    the mildest growth limit of its kind and by several times the scatter that such differences
    have at this channel, daily swing included. Several such readings in a row, the same way,
    are a step of the channel; steps of two points within a few reading intervals confirm each
    other. One wild reading never does.

    Parameters
    ----------
    profile
        Its `step.*` numbers and the growth rows.

    """

    def __init__(self, profile: LimitProfile) -> None:
        numbers = dict(profile.numbers)
        self._need = int(numbers["step.readings"])
        self._intervals = numbers["step.intervals"]
        self._factor = numbers["step.scatter"]
        self._stuck = int(numbers["stuck.readings"])
        self._bins = int(numbers["step.bins"])
        self._per_day = round(24 / numbers["compensation.bin_h"])
        self._least = {
            kind: min(row.value for row in profile.of(f"{kind}_growth"))
            for kind in ("tilt", "crack")
        }
        self._least["settlement"] = numbers["step.settlement_mm"]

    def calm(
        self, record: history.Record, channel: WatchedChannel, values: Sequence[float]
    ) -> history.Record | None:
        """Do what `stuck` and `watch` would for readings in a row that show nothing.

        `None` when one of them is stuck or counts towards a step: they are to be taken singly.
        """
        usual, scatter, same = record.get("usual"), record.get("scatter"), record.get("same")
        if usual is not None and scatter is not None:
            if record.get("run") is not None:
                return None
            off = max(abs(max(values) - usual), abs(min(values) - usual))
            if off >= max(self._least[channel.kind], self._factor * scatter):
                return None
        last, run = (None, 0) if same is None else same
        if not scatter and values[-1] != last:  # only how it ends matters
            last, run = values[-1], 0
            values = values[-self._stuck :]
        longest = 0
        for value in values:
            if value == last:
                run += 1
            else:
                longest, last, run = max(longest, run), value, 1
        if scatter and max(longest, run) > self._stuck:
            return None
        return {**record, "same": [last, min(run, self._stuck)]}

    def band(self, record: Mapping[str, Any] | None, channel: WatchedChannel) -> Band | None:
        """Tell between which values a reading does not count towards a step; `None`: all of them.

        While a run of readings lasts each of them counts.
        """
        if record is None or channel.kind not in self._least:
            return None
        usual, scatter = record.get("usual"), record.get("scatter")
        if usual is None or scatter is None:
            return None
        if record.get("run") is not None:
            return NEVER_CALM
        most = max(self._least[channel.kind], self._factor * scatter)
        return usual - most, usual + most

    def stuck(self, record: history.Record, value: float) -> tuple[history.Record, bool]:
        """Tell whether a channel that usually varies repeats one value: it says nothing then.

        Taken for real, a stuck value would move against the weather that is taken out.
        """
        same = record.get("same")
        if same is None or same[0] != value:
            return {**record, "same": [value, 1]}, False
        # a channel whose hours are mostly alike has a coarse instrument: that is no fault
        repeats = same[1] < self._stuck or not record.get("scatter")
        return {**record, "same": [value, min(same[1] + 1, self._stuck)]}, not repeats

    def watch(
        self, record: history.Record, channel: WatchedChannel, at_ns: int, value: float
    ) -> history.Record:
        """Count a reading of a channel towards a step, or end the run."""
        usual, scatter = record.get("usual"), record.get("scatter")
        if usual is None or scatter is None:
            return record
        run: list[Any] | None = record.get("run")
        if run is not None and at_ns <= run[2]:
            return record
        off = value - usual
        if abs(off) < max(self._least[channel.kind], self._factor * scatter):
            return record if run is None else {**record, "run": None}
        if run is not None and run[0] * off > 0:
            return {**record, "run": [run[0], run[1], at_ns, off, run[4] + 1]}
        return {**record, "run": [1 if off > 0 else -1, at_ns, at_ns, off, 1]}

    def shown(self, record: history.Record, at_ns: int) -> bool:
        """Tell whether the reading of this moment completes or goes on with a step."""
        run = record.get("run")
        return run is not None and run[2] == at_ns and run[4] >= self._need

    def settle(self, record: history.Record, bin_no: int) -> history.Record:
        """Bring the reference and the usual scatter up to date when a bin is over."""
        recent = [v for v in history.aligned(record, bin_no, _MEMORY).tolist() if not isnan(v)]
        record = {**record, "usual": median(recent) if recent else None}
        if bin_no % self._per_day and record.get("scatter") is not None:
            return record
        values = history.aligned(record, bin_no, _DAYS_OF_SCATTER * self._per_day)
        if np.isfinite(values).sum() < self._bins:
            return record
        windows = np.lib.stride_tricks.sliding_window_view(values, _MEMORY + 1)
        whole = windows[np.isfinite(windows).all(axis=1)]
        if len(whole) < self._bins - _MEMORY:
            return record
        # the median of an odd number of values is the middle one
        off = whole[:, -1] - np.sort(whole[:, :-1], axis=1)[:, _MEMORY // 2]
        return {**record, "scatter": scatter_of(off)}

    def agreeing(
        self, view: BuildingView, records: Mapping[str, history.Record], at_ns: int
    ) -> list[tuple[WatchedPoint, dict[str, float], int]]:
        """List the points whose steps confirm each other: sizes by axis, and since when.

        Empty unless there are two.
        """
        showing: list[tuple[WatchedPoint, dict[str, float], int, int]] = []
        for _, point in sorted(view.points.items()):
            if point.kind not in self._least:
                continue
            runs = {
                axis: (records[channel.id].get("run"), channel.interval_s * SECOND_NS)
                for axis, channel in point.axes.items()
                if channel.id in records
            }
            lasting = {
                axis: run
                for axis, (run, interval_ns) in runs.items()
                if run is not None
                and run[4] >= self._need
                and at_ns - run[2] <= self._intervals * interval_ns
            }
            if lasting:
                since = min(run[1] for run in lasting.values())
                longest = max(interval_ns for _, interval_ns in runs.values())
                sizes = {axis: float(run[3]) for axis, run in lasting.items()}
                showing.append((point, sizes, since, longest))
        agreed = [
            (point, sizes, since)
            for point, sizes, since, longest in showing
            if any(
                other.sensor_id != point.sensor_id
                and abs(since - since_other) <= self._intervals * max(longest, longest_other)
                for other, _, since_other, longest_other in showing
            )
        ]
        return agreed if len(agreed) > 1 else []
