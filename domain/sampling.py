"""The sampling plan: how often each gateway is to read its channels, by what its houses need."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.alerts import Alert, AlertEvent, EventKind
from domain.buildings import Grade
from domain.clock import HOUR_NS, SECOND_NS
from domain.limits import Level, SamplingRow


@dataclass(frozen=True, slots=True)
class PlannedChannel:
    """How one channel is to be read.

    Parameters
    ----------
    report_s
        Its readings may be gathered for so long before they are sent; 0: sent as read.

    """

    address: str
    interval_s: int
    trigger: bool = False
    report_s: int = 0


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """What one gateway is asked to do.

    Parameters
    ----------
    version
        Rises by one with each change; the gateway's status names the one that it follows.
    reason
        Why it is as it is, in the words of the profile's rows: `C`, `alert`, …
    sent_at_ns
        When it was last sent; `None`: not yet.
    acknowledged_at_ns
        When the gateway's status first named it, or a later one.

    """

    gateway_id: str
    version: int
    shard: int
    made_at_ns: int
    reason: str
    channels: tuple[PlannedChannel, ...]
    sent_at_ns: int | None = None
    acknowledged_at_ns: int | None = None


def state_of(grade: Grade | None) -> str:
    """Tell the state of a house by its grade; one that nobody appraised is watched as C.

    Examples
    --------
    >>> state_of(None), state_of(Grade.D), state_of(Grade.B)
    ('C', 'D', 'watched')

    """
    if grade is Grade.D:
        return "D"
    return "C" if grade in {None, Grade.C} else "watched"


def fast_until_ns(
    alert: Alert, events: Iterable[AlertEvent], *, least_hours: float, most_hours: float
) -> int | None:
    """Tell until when an alert asks for fast readings; `None` when it never was orange.

    It asks from the moment at which it last became orange or red, for `most_hours`, so that one
    that nobody closes does not empty batteries; once it is below orange, for `least_hours` more,
    so that one that goes up and down does not change the plan each time.
    """
    raised_ns = over_ns = None
    for event in sorted(events, key=lambda event: event.at_ns):
        rises = event.kind in {EventKind.OPENED, EventKind.RAISED, EventKind.REOPENED}
        if rises and event.level >= Level.ORANGE:
            raised_ns, over_ns = event.at_ns, None
        ends = event.kind in {EventKind.CLEARED, EventKind.CLOSED}
        lowered = event.kind is EventKind.LOWERED and event.level < Level.ORANGE
        if (ends or lowered) and raised_ns is not None and over_ns is None:
            over_ns = event.at_ns
    if raised_ns is None:
        return None
    most_ns = raised_ns + round(most_hours * HOUR_NS)
    return most_ns if over_ns is None else min(most_ns, over_ns + round(least_hours * HOUR_NS))


@dataclass(frozen=True, slots=True)
class Wanted:
    """One channel for which a plan is made.

    Parameters
    ----------
    interval_s
        What it is registered for.
    state
        Its house's, see `state_of`.
    fast, stirred
        An alert, or something going on around the house, asks for fast readings.

    """

    address: str
    kind: str
    interval_s: int
    state: str
    fast: bool
    stirred: bool = False


def plan_channels(
    wanted: Sequence[Wanted], rows: Sequence[SamplingRow]
) -> tuple[tuple[PlannedChannel, ...], str]:
    """Work out how channels are to be read, and why.

    A plan never asks for fewer readings than the channel is registered for, nor to gather them
    for longer: silence is judged by that, and somebody had a reason for it.
    """
    by_state = {(row.state, kind): row for row in rows for kind in row.kinds}
    found, states = [], set()
    for channel in sorted(wanted, key=lambda channel: channel.address):
        interval_s, trigger, report_s = channel.interval_s, False, 0
        hurried = channel.fast or channel.stirred
        for state in (channel.state, *(("alert",) if hurried else ())):
            row = by_state.get((state, channel.kind))
            if row is not None:
                interval_s, trigger = min(interval_s, row.interval_s), trigger or row.trigger
                # that of the last row: while an alert is on, readings are sent as they are read
                report_s = min(row.report_s, channel.interval_s)
        states.add("alert" if channel.fast else "event" if channel.stirred else channel.state)
        report_s = report_s if report_s > interval_s else 0
        found.append(PlannedChannel(channel.address, interval_s, trigger, report_s))
    order = ("alert", "event", "D", "C", "watched")
    return tuple(found), " ".join(state for state in order if state in states)


def next_plan(
    gateway_id: str,
    shard: int,
    before: SamplingPlan | None,
    channels: tuple[PlannedChannel, ...],
    reason: str,
    now_ns: int,
) -> SamplingPlan | None:
    """Make the plan that follows another; `None` when nothing changes for the gateway."""
    if before is not None and before.channels == channels:
        return None
    version = 1 if before is None else before.version + 1
    return SamplingPlan(gateway_id, version, shard, now_ns, reason, channels)


def acknowledged(plan: SamplingPlan, version: int | None, at_ns: int) -> SamplingPlan | None:
    """Take in what a gateway said; `None` when that changes nothing."""
    if version is None or version < plan.version or plan.acknowledged_at_ns is not None:
        return None
    return replace(plan, acknowledged_at_ns=at_ns)


def expected_readings(
    registered_s: Mapping[str, int],
    plans: Sequence[SamplingPlan],
    start_ns: int,
    end_ns: int,
) -> int:
    """Count the readings that a gateway was to take by plan between two moments.

    Parameters
    ----------
    registered_s
        Seconds between readings by address, as registered: what holds before the first plan.
    plans
        All plans of the gateway; each holds from the moment at which it was acknowledged.

    Examples
    --------
    >>> expected_readings({"T1.x": 3600, "T1.y": 600}, (), 0, 86400 * SECOND_NS)
    168

    """
    known = sorted(
        (p for p in plans if p.acknowledged_at_ns is not None), key=lambda plan: plan.version
    )
    changes = [(start_ns, dict(registered_s))]
    for plan in known:
        asked = {c.address: c.interval_s for c in plan.channels}
        inside = {address: asked.get(address, s) for address, s in registered_s.items()}
        at_ns = max(start_ns, plan.acknowledged_at_ns or 0)
        changes = [(at, held) for at, held in changes if at < at_ns] + [(at_ns, inside)]
    ends = [at for at, _ in changes[1:]] + [end_ns]
    total = 0.0
    for (at, held), until in zip(changes, ends, strict=True):
        seconds = max(0, min(until, end_ns) - at) / SECOND_NS
        total += sum(seconds / interval_s for interval_s in held.values())
    return int(total + 0.5)
