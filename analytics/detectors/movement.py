"""Movement of a point: growth and rate of tilt, crack and settlement, weather taken out.

One detector for the three quantities, because they share the building's thermometers, one
history and one regression a channel, and because a step of one is confirmed by another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import hypot
from typing import Any

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
from domain.readings import ReadingBatch
from domain.views import BuildingView, WatchedChannel, WatchedPoint

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
        """Take in readings one by one, and judge each bin that they show to be over."""
        if not len(batch):
            return [], state
        known = view.channels()
        mine = {
            code: known[channel_id]
            for code, channel_id in enumerate(batch.channels)
            if channel_id in known and known[channel_id][1].kind in self.kinds
        }
        if not mine:
            return [], state
        building = _Building(self, view, state)
        for code, at_ns, value, boot in zip(
            batch.channel.tolist(),
            batch.taken_at.tolist(),
            batch.value.tolist(),
            batch.boot.tolist(),
            strict=True,
        ):
            if code in mine:
                building.take(*mine[code], at_ns, value, boot)
        return building.found, building.saved()


class _Building:
    """One building's way through a batch."""

    def __init__(self, rules: Movement, view: BuildingView, state: Any) -> None:
        self.rules, self.view = rules, view
        kept = state or {"passed": None, "channels": {}, "standings": {}}
        self.passed: int | None = kept["passed"]
        self.records: dict[str, history.Record] = dict(kept["channels"])
        self.standings: dict[str, Any] = dict(kept["standings"])
        self.rows: dict[tuple[str, bool], tuple[Limit, ...]] = {}
        self.points = sorted(view.points.items())
        self.found: list[Finding] = []

    def saved(self) -> dict[str, Any]:
        return {"passed": self.passed, "channels": self.records, "standings": self.standings}

    def take(
        self, point: WatchedPoint, channel: WatchedChannel, at_ns: int, value: float, boot: int
    ) -> None:
        """Take in one reading."""
        over = (at_ns - self.rules.grace_ns) // self.rules.bin_ns - 1
        if self.passed is None:
            self.passed = over
        if over > self.passed:
            self._judge_upto(over)
            self.passed = over
        record = self.records.get(channel.id)
        if record is not None and channel.absolute and not record.get("absolute"):
            record = None  # surveyed for the first time: its values have another zero from now on
        turned = channel.turned_at_ns
        if record is not None and record.get("turned", 0) < turned <= at_ns:
            record = None  # turned on its wall: what it measures lies in other axes from now on
        if record is None:
            record = history.add(None, at_ns // self.rules.bin_ns, value, self.rules.keep)
            facts = {"absolute": channel.absolute, "boot": boot}
            if turned:
                facts["turned"] = turned
            self.records[channel.id] = {**record, **facts}
            return
        if boot not in {-1, record["boot"]}:
            if record["boot"] != -1:
                starts = [*record.get("starts", ()), at_ns // self.rules.bin_ns]
                record = {**record, "starts": starts[-self.rules.restarts_kept :]}
            record = {**record, "boot": boot}
        if channel.kind in STRUCTURAL:
            record, stuck = self.rules.steps.stuck(record, value)
            if stuck:
                self.records[channel.id] = record
                return
            record = self.rules.steps.watch(record, channel, at_ns, value)
        self.records[channel.id] = history.add(
            record, at_ns // self.rules.bin_ns, value, self.rules.keep
        )
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
