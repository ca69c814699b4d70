"""Movement of a point: growth and rate of tilt, crack and settlement, weather taken out.

One detector for the three quantities, because they share the building's thermometers, one
history and one regression a channel, and because a step of one is confirmed by another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from math import hypot
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics import history
from analytics.confirm import Gate, capped, level_of
from analytics.course import Course, Courses
from analytics.evidence import deciding_row, finding
from analytics.rates import Measured, Rates, growth
from analytics.steps import Steps
from domain.buildings import Building, Grade
from domain.clock import HOUR_NS, MINUTE_NS
from domain.findings import Cause, Compensation, Finding
from domain.limits import Level, Limit, LimitProfile
from domain.readings import Floats, Int32s, Int64s, ReadingBatch
from domain.views import Band, BuildingView, WatchedChannel, WatchedPoint

Rows = NDArray[np.intp]
_FEW = 8  # readings that are sooner taken one by one than sorted
STRUCTURAL = ("tilt", "crack", "settlement")


@dataclass(frozen=True, slots=True)
class Rule:
    """One quantity of the profile, at points of one kind."""

    quantity: str
    kind: str
    cause: Cause
    rate: bool


RULES = (
    Rule("tilt_growth", "tilt", Cause.TILT, rate=False),
    Rule("tilt_rate", "tilt", Cause.TILT, rate=True),
    Rule("settlement_rate", "settlement", Cause.SETTLEMENT, rate=True),
    Rule("crack_growth", "crack", Cause.CRACK, rate=False),
    Rule("crack_rate", "crack", Cause.CRACK, rate=True),
)


class Movement:
    """Judge growth since the baseline and rates, on compensated values only.

    Readings become two-hour medians. When the building's clock has passed a bin's end, its
    points are judged: growth against its limits bin by bin, rates by the lower bound of their
    confidence interval. Both count once 3 of 5 agree and stay at yellow while the compensation
    is not mature. A sudden step that a second point of the building shows as well counts at
    once, in full.

    Parameters
    ----------
    profile
        Its rows of tilt, crack and settlement growth and rate. Source: by row; compensation
        and confidence interval in place of the point estimate: project.

    """

    name = "movement"
    kinds = frozenset({*STRUCTURAL, "temperature"})

    def __init__(self, profile: LimitProfile) -> None:
        self.profile = profile
        self.numbers = dict(profile.numbers)
        self.gate = Gate.from_profile(profile)
        self.steps = Steps(profile)
        self.bin_ns = int(self.numbers["compensation.bin_h"] * HOUR_NS)
        self.grace_ns = int(self.numbers["compensation.grace_min"] * MINUTE_NS)
        self.keep = int(self.numbers["compensation.keep_days"] * 24 * HOUR_NS) // self.bin_ns
        self.every = max(1, int(self.numbers["rate.every_h"] * HOUR_NS) // self.bin_ns)
        self.restarts_kept = int(self.numbers["restart.count_max"]) + 1
        self.rows = lru_cache(4096)(self._rows_of)

    def _rows_of(
        self, quantity: str, building: Building, grade: Grade | None, load_bearing: bool
    ) -> tuple[Limit, ...]:
        rows = self.profile.rows_for(quantity, building, grade)
        return tuple(row for row in rows if load_bearing or not row.condition("load_bearing"))

    def examine(
        self, batch: ReadingBatch, state: Any, view: BuildingView
    ) -> tuple[list[Finding], Any]:
        """Take in readings, and judge each bin that they show to be over."""
        if not len(batch):
            return [], state
        known = view.channels()
        mine: list[tuple[WatchedPoint, WatchedChannel] | None] = [
            both if (both := known.get(channel_id)) and both[1].kind in self.kinds else None
            for channel_id in batch.channels
        ]
        if not any(mine):
            return [], state
        building = _Building(self, view, state)
        if None in mine:
            batch = batch.take(np.array([both is not None for both in mine])[batch.channel])
            if not len(batch):
                return [], state
            # anew: a channel that is named and has no rows (they were unfit) is gone, too
            mine = [known[channel_id] for channel_id in batch.channels]
        # a bin is over when the building's clock, its newest reading, has passed its end
        over = (batch.taken_at - self.grace_ns) // self.bin_ns - 1
        newest = np.maximum.accumulate(over)
        edges = [0, len(batch)]
        if newest[0] != newest[-1]:
            edges[1:1] = (np.flatnonzero(np.diff(newest)) + 1).tolist()
        for low, high in pairwise(edges):
            building.pass_time(int(newest[low]))
            building.take(batch, mine, low, high)
        return building.found, building.saved()

    def calm(self, state: Any, view: BuildingView) -> Mapping[str, Band]:
        """Tell bands within which no reading counts towards a step; bins wait for their turn."""
        records = state["channels"] if state else {}
        bands: dict[str, Band] = {}
        for point in view.points.values():
            if point.kind in STRUCTURAL:
                for channel in point.axes.values():
                    band = self.steps.band(records.get(channel.id), channel)
                    if band is not None:
                        bands[channel.id] = band
        return bands


class _Building:
    """One building's way through a batch."""

    def __init__(self, rules: Movement, view: BuildingView, state: Any) -> None:
        self.rules, self.view = rules, view
        kept = state or {"passed": None, "channels": {}, "standings": {}}
        self.passed: int | None = kept["passed"]
        self.records: dict[str, history.Record] = dict(kept["channels"])
        self.standings: dict[str, Any] = dict(kept["standings"])
        self.rows: dict[tuple[str, bool], tuple[Limit, ...]] = {}
        self.found: list[Finding] = []

    @cached_property
    def points(self) -> list[tuple[str, WatchedPoint]]:
        return sorted(self.view.points.items())

    def saved(self) -> dict[str, Any]:
        return {"passed": self.passed, "channels": self.records, "standings": self.standings}

    def pass_time(self, over: int) -> None:
        """Judge the bins that are over by now."""
        if self.passed is None:
            self.passed = over
        if over > self.passed:
            self._judge_upto(over)
            self.passed = over

    def take(
        self,
        batch: ReadingBatch,
        mine: Sequence[tuple[WatchedPoint, WatchedChannel] | None],
        low: int,
        high: int,
    ) -> None:
        """Take in rows between which no bin is judged.

        Channels meet only when bins are judged and when steps are confirmed, so those in which
        nothing happens are taken in as columns, and only the others reading by reading.
        """
        code, taken_at = batch.channel[low:high], batch.taken_at[low:high]
        value, boot = batch.value[low:high], batch.boot[low:high]
        if high - low <= _FEW:
            self._take_each(mine, code, taken_at, value, boot)
            return
        order = np.argsort(code, kind="stable")
        grouped = code[order]
        edges = [0, *(np.flatnonzero(np.diff(grouped)) + 1).tolist(), len(order)]
        sorted_value, bins = value[order], taken_at[order] // self.rules.bin_ns
        values, packed = sorted_value.tolist(), sorted_value.astype("<f8", copy=False).tobytes()
        # mostly all is of one bin and one boot: looked at once, not for each channel
        one_bin = int(bins[0]) if (bins == bins[0]).all() else None
        one_boot = int(boot[0]) if (boot == boot[0]).all() else None
        eventful: list[Rows] = []
        for start, end in pairwise(edges):
            both = mine[int(grouped[start])]
            assert both is not None  # noqa: S101 - the others were left out
            calm = one_boot is not None and self._take_calm(
                both[1],
                values[start:end],
                packed[8 * start : 8 * end],
                one_boot,
                [one_bin] * (end - start) if one_bin is not None else bins[start:end].tolist(),
            )
            if not calm:
                eventful.append(order[start:end])
        if not eventful:
            return
        rows = np.sort(np.concatenate(eventful))
        self._take_each(mine, code[rows], taken_at[rows], value[rows], boot[rows])

    def _take_each(
        self,
        mine: Sequence[tuple[WatchedPoint, WatchedChannel] | None],
        code: Int32s,
        taken_at: Int64s,
        value: Floats,
        boot: Int32s,
    ) -> None:
        columns = (code.tolist(), taken_at.tolist(), value.tolist(), boot.tolist())
        for at, at_ns, number, count in zip(*columns, strict=True):
            if both := mine[at]:
                self._take_one(both[1], at_ns, number, count)

    def _take_calm(
        self,
        channel: WatchedChannel,
        values: list[float],
        packed: bytes,
        boot: int,
        bins: list[int],
    ) -> bool:
        """Take in readings of one channel if nothing but its history changes by them."""
        rules, record = self.rules, self._record(channel)
        if channel.turned_at_ns and (record or {}).get("turned", 0) < channel.turned_at_ns:
            return False
        if record is None:
            record = self._begun(channel, bins[0], values[0], boot)
            values, packed, bins = values[1:], packed[8:], bins[1:]
            if not values:
                self.records[channel.id] = record
                return True
        if boot not in {-1, record["boot"]}:
            return False
        if channel.kind in STRUCTURAL:
            watched = rules.steps.calm(record, channel, values)
            if watched is None:
                return False
            record = watched
        self.records[channel.id] = history.add_all(record, bins, packed, rules.keep)
        return True

    def _record(self, channel: WatchedChannel) -> history.Record | None:
        record = self.records.get(channel.id)
        if record is not None and channel.absolute and not record.get("absolute"):
            return None  # surveyed for the first time: its values have another zero from now on
        return record

    def _begun(
        self, channel: WatchedChannel, bin_no: int, value: float, boot: int, turned: int = 0
    ) -> history.Record:
        record = history.add(None, bin_no, value, self.rules.keep)
        facts = {"absolute": channel.absolute, "boot": boot}
        return {**record, **facts, **({"turned": turned} if turned else {})}

    def _take_one(self, channel: WatchedChannel, at_ns: int, value: float, boot: int) -> None:
        """Take in one reading."""
        record, bin_no = self._record(channel), at_ns // self.rules.bin_ns
        turned = channel.turned_at_ns if channel.turned_at_ns <= at_ns else 0
        if record is not None and record.get("turned", 0) < turned:
            record = None  # turned on its wall: what it measures lies in other axes from now on
        if record is None:
            self.records[channel.id] = self._begun(channel, bin_no, value, boot, turned)
            return
        if boot not in {-1, record["boot"]}:
            if record["boot"] != -1:
                starts = [*record.get("starts", ()), bin_no]
                record = {**record, "starts": starts[-self.rules.restarts_kept :]}
            record = {**record, "boot": boot}
        if channel.kind in STRUCTURAL:
            record, stuck = self.rules.steps.stuck(record, value)
            if stuck:
                self.records[channel.id] = record
                return
            record = self.rules.steps.watch(record, channel, at_ns, value)
        self.records[channel.id] = history.add(record, bin_no, value, self.rules.keep)
        if channel.kind in STRUCTURAL and self.rules.steps.shown(record, at_ns):
            self._confirm_step(at_ns)

    def _judge_upto(self, over: int) -> None:
        bins: set[int] = set()
        for point in self.view.points.values():
            if point.kind in STRUCTURAL:
                for channel in point.axes.values():
                    if channel.id in self.records:
                        bins.update(history.newest(self.records[channel.id]))
        for bin_no in sorted(bins):
            if self.passed is not None and self.passed < bin_no <= over:
                self._judge(bin_no)

    def _judge(self, bin_no: int) -> None:
        """Judge one bin that is over at every point of the building."""
        rules = self.rules
        thermometers = []
        for _, point in self.points:
            for channel in point.axes.values():
                if channel.id in self.records:
                    record = history.close(self.records[channel.id], bin_no, rules.keep)
                    self.records[channel.id] = record
                    if channel.kind == "temperature":
                        thermometers.append(channel.id)
        courses = Courses(rules.numbers, self.records, thermometers, bin_no)
        for _, point in self.points:
            if point.kind in STRUCTURAL:
                self._judge_point(point, bin_no, courses)

    def _judge_point(self, point: WatchedPoint, bin_no: int, courses: Courses) -> None:
        frozen = any(
            level_of(self.standings.get(f"{rule.quantity}|{point.sensor_id}"))
            >= self.rules.numbers["compensation.freeze"]
            for rule in RULES
            if rule.kind == point.kind
        )
        axes: list[Course] = []
        for _, channel in sorted(point.axes.items()):
            record = self.records.get(channel.id)
            if record is None or history.newest(record)[0] != bin_no:
                return  # nothing came in this bin, or not of both axes
            record, course = courses.of(record, frozen=frozen)
            self.records[channel.id] = self.rules.steps.settle(record, bin_no)
            if course is None:
                return
            axes.append(course)
        if not axes:
            return
        for rule in RULES:
            if rule.kind == point.kind:
                self._judge_rule(rule, point, bin_no, axes)

    def _judge_rule(
        self, rule: Rule, point: WatchedPoint, bin_no: int, axes: Sequence[Course]
    ) -> None:
        rules = self.rules
        rows = self._rows(rule, point)
        key = f"{rule.quantity}|{point.sensor_id}"
        measured: list[tuple[Limit, Measured]] = []
        if rule.rate:
            shortest = min((float(str(r.condition("window_days"))) for r in rows), default=0.0)
            # windows of weeks change slowly: judged every few hours, shorter ones in each bin
            if shortest >= 3 and bin_no % rules.every:
                return
            rates = Rates(axes, rules.numbers)
            if key not in self.standings and not any(map(rates.worth_a_look, rows)):
                return
            for row in rows:
                value = rates.of(row)
                if value is not None:
                    measured.append((row, value))
        else:
            value = growth(axes, rules.bin_ns, rules.numbers["rate.confidence"])
            if value is not None and (key in self.standings or _near(rows, value)):
                measured = [(row, value) for row in rows]
        if not measured:
            return
        weighed = rules.gate.weigh((row, value.low) for row, value in measured)
        status = _worst(axes)
        cap = (
            Level.RED
            if status is Compensation.MATURE
            else Level(int(rules.numbers["cap.immature"]))
        )
        at_ns = (bin_no + 1) * rules.bin_ns
        standing = self.standings.get(key)
        started_ns = standing[1] if standing else at_ns
        standing, level = rules.gate.push(standing, at_ns, capped(weighed, cap), weighed.stay)
        self._keep(key, standing)
        if level is None:
            return
        row, _ = deciding_row(weighed.by_level, level)
        shown = next(value for known, value in measured if known is row)
        details: list[tuple[str, float | str]] = [("ci_low", shown.low), ("ci_high", shown.high)]
        if len(axes) > 1 and not rule.rate:
            details += [
                (axis, course.newest) for axis, course in zip(sorted(point.axes), axes, strict=True)
            ]
        self.found.append(
            finding(
                self.view,
                row,
                rule.cause,
                point,
                level,
                at_ns=at_ns,
                value=shown.value,
                started_ns=started_ns,
                window_ns=shown.window_ns,
                compensation=status,
                capped=level == cap and weighed.hit > cap,
                details=tuple(details),
            )
        )

    def _confirm_step(self, at_ns: int) -> None:
        """Raise at once what two points show; each by the growth limits of its own step."""
        showing = self.rules.steps.agreeing(self.view, self.records, at_ns)
        for point, sizes, started_ns in showing:
            for rule in RULES:
                if rule.kind == point.kind and not rule.rate:
                    self._raise_step(rule, point, sizes, started_ns, at_ns, showing)

    def _raise_step(
        self,
        rule: Rule,
        point: WatchedPoint,
        sizes: Mapping[str, float],
        started_ns: int,
        at_ns: int,
        showing: Sequence[tuple[WatchedPoint, Mapping[str, float], int]],
    ) -> None:
        # a lean counts whichever way it goes, a crack only when it opens
        size = hypot(*sizes.values()) if rule.kind == "tilt" else max(sizes.values())
        weighed = self.rules.gate.weigh((row, size) for row in self._rows(rule, point))
        key = f"{rule.quantity}|{point.sensor_id}"
        standing, level = self.rules.gate.force(
            self.standings.get(key), at_ns, weighed.hit, started_ns
        )
        if level is None:
            return
        self._keep(key, standing)
        row, _ = weighed.by_level[level]
        others = ", ".join(
            other.name for other, _, _ in showing if other.sensor_id != point.sensor_id
        )
        details: tuple[tuple[str, float | str], ...] = (("step", size), ("confirmed_by", others))
        self.found.append(
            finding(
                self.view,
                row,
                rule.cause,
                point,
                level,
                at_ns=at_ns,
                value=size,
                started_ns=started_ns,
                window_ns=at_ns - started_ns,
                details=details + (tuple(sorted(sizes.items())) if len(sizes) > 1 else ()),
            )
        )

    def _rows(self, rule: Rule, point: WatchedPoint) -> tuple[Limit, ...]:
        """Tell the limits of a rule at a point; kept, because a building is long to hash."""
        key = rule.quantity, point.load_bearing
        if key not in self.rows:
            self.rows[key] = self.rules.rows(
                rule.quantity, self.view.building, self.view.grade, point.load_bearing
            )
        return self.rows[key]

    def _keep(self, key: str, standing: Any) -> None:
        if standing is None:
            self.standings.pop(key, None)
        else:
            self.standings[key] = standing


def _near(rows: Sequence[Limit], value: Measured) -> bool:
    return any(row.reached_by(value.low) for row in rows)


def _worst(axes: Sequence[Course]) -> Compensation:
    """Tell the least that the axes of a point can claim."""
    order = (Compensation.ABSENT, Compensation.IMMATURE, Compensation.MATURE)
    return min((course.status for course in axes), key=order.index)


DETECTOR = Movement
