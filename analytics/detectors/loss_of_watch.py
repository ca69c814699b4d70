"""Loss of watch (失联): a gateway, a sensor or a whole building that is no longer heard."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from domain.clock import HOUR_NS, MINUTE_NS, SECOND_NS
from domain.findings import Cause, Finding
from domain.ids import same_id
from domain.limits import Level, Limit, LimitProfile
from domain.readings import ReadingBatch
from domain.views import NEVER_CALM, Band, BuildingView, WatchedPoint

#: how often time alone is looked at anyway: readings in between bring nothing but life
_OFTEN_NS = MINUTE_NS


class LossOfWatch:
    """Report silence; never red, because silence says nothing about the building.

    A silent gateway is one subject and stands for its sensors; a sensor is looked at only while
    its gateway talks. When every gateway of a building is silent for long, the building itself
    is a subject too. Silence is measured on arrival, by Anju's clock, so that a gateway with a
    wrong clock is not called silent and one that back-fills is not called alive too late.

    What was never heard counts from the first look at the building: a gateway that never came
    to life is a blind building, too. The time during which nobody looked (Anju itself was down)
    is not counted as a gateway's silence.

    Parameters
    ----------
    profile
        Its rows of `silence`.

    """

    name = "loss-of-watch"
    kinds = frozenset({"tilt", "crack", "settlement", "peak_velocity", "frequency", "temperature"})

    def __init__(self, profile: LimitProfile) -> None:
        self._step_share = profile.number("silence.step_share")
        self._rows = lru_cache(4096)(
            lambda building, grade: profile.rows_for("silence", building, grade)
        )

    def examine(
        self, batch: ReadingBatch, state: Any, view: BuildingView
    ) -> tuple[list[Finding], Any]:
        """Look at the time since each gateway and sensor was heard; the batch is not needed."""
        if any(point.by_hand for point in view.points.values()):
            # people come once a month: that is neither silence nor a sign of life of the others
            view = replace(view, points={k: p for k, p in view.points.items() if not p.by_hand})
        if not any(point.axes for point in view.points.values()):
            return [], state
        now_ns = view.now_ns
        if state and not state["held"] and len(batch) and 0 <= now_ns - state["looked"] < _OFTEN_NS:
            return [], state  # nothing is silent: what becomes so is found when time alone passes
        intervals_ns = _gateway_intervals_ns(view)
        slowest_ns = max(intervals_ns.values())
        step_ns = int(self._step_share * min(intervals_ns.values()))
        kept: dict[str, Any] = state or {"looked": now_ns, "since": now_ns, "held": {}}
        looked, since, held = kept["looked"], kept["since"], kept["held"]
        if now_ns - looked > 2 * slowest_ns + step_ns:
            since = now_ns  # we were away ourselves: their silence starts anew
        if now_ns - looked >= step_ns:
            looked = now_ns
        found: list[Finding] = []
        rows = self._rows(view.building, view.grade)

        nothing = (Level.NONE, None, 0.0)
        silences: dict[str, int] = {}
        levels: dict[str, tuple[Level, Limit | None, float]] = {}
        for gateway_id, interval_ns in intervals_ns.items():
            silence_ns = max(0, now_ns - max(view.heard_at_ns.get(gateway_id, since), since))
            silences[gateway_id] = silence_ns
            levels[gateway_id] = _level(rows, silence_ns, interval_ns, whole=False)
        level, row, hours = _level(rows, min(silences.values()), slowest_ns, whole=True)
        # the gateways' own findings speak until the whole building counts as dark
        dark = level if row is not None and row.condition("whole_building") else Level.NONE
        levels[view.building.id] = (dark, row, hours)
        for point in view.points.values():
            if levels.get(point.gateway_id, nothing)[0] > Level.NONE:
                levels[point.sensor_id] = nothing  # its gateway speaks for it
            else:
                silence_ns, interval_ns = _silence_of(point, view, since)
                levels[point.sensor_id] = _level(rows, silence_ns, interval_ns, whole=False)

        for subject in held:
            levels.setdefault(subject, nothing)  # taken down since: nothing to miss any more
        for subject, (level, row, hours) in levels.items():
            before = Level(held.get(subject, [0])[0])
            if level == before:
                continue
            started_ns = held[subject][1] if subject in held else now_ns - int(hours * HOUR_NS)
            held = {key: value for key, value in held.items() if key != subject}
            if level:
                held[subject] = [int(level), started_ns]
            found.append(self._report(view, subject, level, row or rows[0], hours, started_ns))
        after = {"looked": looked, "since": since, "held": held}
        return found, state if after == state else after

    def calm(self, state: Any, view: BuildingView) -> Mapping[str, Band]:
        """Tell that a reading of what was called silent counts, whatever its value."""
        held = state["held"] if state else {}
        if not held:
            return {}
        return {
            channel.id: NEVER_CALM
            for point in view.points.values()
            for channel in point.axes.values()
            if held.keys() & {point.sensor_id, channel.gateway_id, view.building.id}
        }

    def _report(
        self,
        view: BuildingView,
        subject: str,
        level: Level,
        row: Limit,
        hours: float,
        started_ns: int,
    ) -> Finding:
        point = view.points.get(subject)
        if point is not None:
            name, channels, scope = point.name, sorted(c.id for c in point.axes.values()), "sensor"
        elif subject == view.building.id:
            name, channels, scope = view.building.name, [], "building"
        else:
            name, scope = subject, "gateway"
            channels = sorted(
                channel.id
                for point in view.points.values()
                if point.gateway_id == subject
                for channel in point.axes.values()
            )
        interval_h = _interval_of(view, subject) / HOUR_NS
        return Finding(
            id=same_id(view.building.id, row.id, subject, level.word, view.now_ns),
            building_id=view.building.id,
            cause=Cause.WATCH,
            rule=row.id,
            subject=subject,
            subject_name=name,
            channels=tuple(channels),
            level=level,
            at_ns=view.now_ns,
            value=hours,
            limit=row.value * interval_h if row.unit == "intervals" else row.value,
            unit="h",
            window_ns=0,
            started_ns=started_ns,
            source=row.source,
            certainty=row.certainty.value,
            profile=view.profile.label,
            details=(("scope", scope),),
        )


def _level(
    rows: tuple[Limit, ...], silence_ns: int, interval_ns: int, *, whole: bool
) -> tuple[Level, Limit | None, float]:
    """Find the worst row that a silence passes; the first row when it passes none."""
    worst: Limit | None = None
    missed = False
    for row in rows:  # mildest first: the row in intervals comes before those in hours
        if bool(row.condition("whole_building", False)) > whole:
            continue
        if row.unit == "intervals":
            reached = missed = row.reached_by(silence_ns / interval_ns)
        else:  # a slow sampling plan is not silence: hours count once intervals are missed
            reached = missed and row.reached_by(silence_ns / HOUR_NS)
        if reached:
            worst = row
    return (worst.level if worst else Level.NONE), worst, silence_ns / HOUR_NS


def _gateway_intervals_ns(view: BuildingView) -> dict[str, int]:
    """Tell the shortest reading interval of each gateway at this building."""
    intervals: dict[str, int] = {}
    for _, point in sorted(view.points.items()):
        for channel in point.axes.values():
            interval_ns = channel.interval_s * SECOND_NS
            known = intervals.get(channel.gateway_id, interval_ns)
            intervals[channel.gateway_id] = min(known, interval_ns)
    return dict(sorted(intervals.items()))


def _interval_of(view: BuildingView, subject: str) -> int:
    point = view.points.get(subject)
    if point is not None:
        return min(channel.interval_s for channel in point.axes.values()) * SECOND_NS
    intervals = _gateway_intervals_ns(view)
    return intervals.get(subject, max(intervals.values()))


def _silence_of(point: WatchedPoint, view: BuildingView, since: int) -> tuple[int, int]:
    """Tell the longest silence among a point's channels, in ns and with its interval."""
    worst, interval_ns = 0, SECOND_NS
    for channel in point.axes.values():
        latest = view.latest.get(channel.id)
        heard = since if latest is None else max(latest.received_at_ns, since)
        silence_ns = max(0, view.now_ns - heard)
        if silence_ns / channel.interval_s > worst / (interval_ns / SECOND_NS):
            worst, interval_ns = silence_ns, channel.interval_s * SECOND_NS
    return worst, interval_ns


DETECTOR = LossOfWatch
