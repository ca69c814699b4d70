"""How each gateway and its sensors are, and which of them need a visit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from domain.accounts import DayAccount
from domain.clock import DAY_NS, HOUR_NS, SECOND_NS
from domain.gateway_clocks import ClockNote
from domain.limits import CareRow, LimitProfile
from domain.ports import GatewayStatus
from domain.readings import UNFIT, QualityFlag, Reading
from domain.sampling import SamplingPlan
from domain.sensors import Channel, Gateway, Segment, Sensor
from domain.statement import Fleet, day_start_ns

#: kinds whose growth is judged once the weather's share is known
COMPENSATED = frozenset({"tilt", "crack", "settlement"})
#: a reading with one of these says little of the house, or soon will
DEGRADING = UNFIT | QualityFlag.POWER | QualityFlag.COMM_GAP


class SensorHealth(StrEnum):
    """How a sensor is, worst last."""

    OK = "ok"
    LEARNING = "learning"
    DEGRADED = "degraded"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class SensorState:
    """One sensor with what was last read.

    Parameters
    ----------
    latest
        Newest reading by its own time; `None` when there is none.

    """

    sensor: Sensor
    health: SensorHealth
    latest: Reading | None


@dataclass(frozen=True, slots=True)
class DayRate:
    """Readings that came on one day, of those that the plan asked for.

    Parameters
    ----------
    percent
        0 and more; above 100 when a buffer was sent. `None`: nothing was expected.

    """

    day: str
    percent: float | None


@dataclass(frozen=True, slots=True)
class Need:
    """One reason for a visit."""

    row: CareRow
    value: float


@dataclass(frozen=True, slots=True)
class FleetRow:
    """One gateway as the list of visits shows it.

    Parameters
    ----------
    last_seen_ns
        Newest arrival of a reading or status; `None`: never heard.
    online_percent, transmission_percent
        Over the window that the profile names; `None` where nothing is known yet.
    days
        Transmission by day, oldest first.
    urgency
        Sum of the needs' weights.

    """

    gateway: Gateway
    status: GatewayStatus | None
    clock: ClockNote | None
    plan: SamplingPlan | None
    sensors: tuple[SensorState, ...]
    last_seen_ns: int | None
    online_percent: float | None
    transmission_percent: float | None
    days: tuple[DayRate, ...]
    needs: tuple[Need, ...]

    @property
    def urgency(self) -> float:
        """How much it presses."""
        return sum(need.row.weight for need in self.needs)

    def count(self, health: SensorHealth) -> int:
        """Count its sensors of one health."""
        return sum(state.health is health for state in self.sensors)


def sensor_health(
    channels: Sequence[Channel],
    segments: Sequence[Segment],
    latest: Mapping[str, Reading],
    profile: LimitProfile,
    now_ns: int,
) -> SensorHealth:
    """Tell how a sensor is; silence is measured on arrival, by Anju's clock."""
    silent = _care(profile, "silence_intervals")
    newest = [latest[channel.id] for channel in channels if channel.id in latest]
    for channel in channels:
        reading = latest.get(channel.id)
        silence_ns = now_ns - reading.received_at_ns if reading else None
        intervals = None if silence_ns is None else silence_ns / (channel.interval_s * SECOND_NS)
        if intervals is None or (silent is not None and silent.reached_by(intervals)):
            return SensorHealth.BLIND
    if any(reading.flag & DEGRADING for reading in newest):
        return SensorHealth.DEGRADED
    if any(channel.kind in COMPENSATED for channel in channels):
        began_ns = hung_up_ns(segments)
        up_ns = 0 if began_ns is None else now_ns - began_ns
        if up_ns < profile.number("compensation.days") * DAY_NS:
            return SensorHealth.LEARNING
    return SensorHealth.OK


def online_percent(moments: Sequence[tuple[int, bool]], start_ns: int, end_ns: int) -> float | None:
    """Tell the share of the time between two moments that a gateway was on line.

    Parameters
    ----------
    moments
        (when, on line), oldest first; what was before the first is not known and not counted.

    Examples
    --------
    >>> online_percent([(0, True), (60, False), (90, True)], 0, 100)
    70.0

    """
    on_ns = known_ns = 0
    for at, (moment_ns, online) in enumerate(moments):
        until_ns = moments[at + 1][0] if at + 1 < len(moments) else end_ns
        length_ns = max(0, min(until_ns, end_ns) - max(moment_ns, start_ns))
        known_ns += length_ns
        on_ns += length_ns if online else 0
    return 100.0 * on_ns / known_ns if known_ns else None


def day_rates(
    accounts: Iterable[DayAccount], gateway_id: str, fleet: Fleet, days: int, now_ns: int
) -> tuple[DayRate, ...]:
    """Tell what came of what the plan asked for, on each of the last days, today included.

    The day on which a gateway was first heard is left out: nobody knows when it began.
    """
    stored = {account.day: account.stored for account in accounts}
    first = min(stored, default="9999")
    rates = []
    today = now_ns // DAY_NS
    for number in range(today - days + 1, today + 1):
        day = datetime.fromtimestamp(number * 86400, UTC).date().isoformat()
        start_ns = day_start_ns(day)
        wanted = fleet.expected(gateway_id, start_ns, min(start_ns + DAY_NS, now_ns))
        known = day > first and wanted > 0
        rates.append(DayRate(day, 100.0 * stored.get(day, 0) / wanted if known else None))
    return tuple(rates)


def transmission_percent(
    accounts: Iterable[DayAccount], gateway_id: str, fleet: Fleet, days: int, now_ns: int
) -> float | None:
    """Tell what came of what the plan asked for over the last days; at most 100."""
    stored = {account.day: account.stored for account in accounts}
    first = min(stored, default="9999")
    came = wanted = 0
    today = now_ns // DAY_NS
    for number in range(today - days + 1, today + 1):
        day = datetime.fromtimestamp(number * 86400, UTC).date().isoformat()
        if day > first:
            start_ns = day_start_ns(day)
            wanted += fleet.expected(gateway_id, start_ns, min(start_ns + DAY_NS, now_ns))
            came += stored.get(day, 0)
    return min(100.0, 100.0 * came / wanted) if wanted else None


def needs_of(figures: Mapping[str, float | None], profile: LimitProfile) -> tuple[Need, ...]:
    """List what calls for a visit, the most pressing first; a figure not known calls for none."""
    found = []
    for row in profile.care:
        value = figures.get(row.figure)
        if value is not None and row.reached_by(value):
            found.append(Need(row, value))
    return tuple(sorted(found, key=lambda need: -need.row.weight))


def figures_of(
    status: GatewayStatus | None,
    clock: ClockNote | None,
    plan: SamplingPlan | None,
    states: Sequence[SensorState],
    intervals_s: Iterable[int],
    last_seen_ns: int | None,
    rates: tuple[float | None, float | None],
    now_ns: int,
) -> dict[str, float | None]:
    """Gather the figures that the rows of care look at.

    Parameters
    ----------
    intervals_s
        Seconds between readings of its channels.
    rates
        Online and transmission rate, percent.

    """
    healths = [state.health for state in states]
    shortest = min(intervals_s, default=None)
    silence = None
    if shortest is not None:
        # never heard at all is as silent as can be
        silence_ns = now_ns if last_seen_ns is None else now_ns - last_seen_ns
        silence = silence_ns / (shortest * SECOND_NS)
    waits_h = None
    if plan is not None and plan.acknowledged_at_ns is None and plan.sent_at_ns is not None:
        waits_h = (now_ns - plan.made_at_ns) / HOUR_NS
    return {
        "battery_percent": status.battery_percent if status else None,
        "signal_dbm": status.signal_dbm if status else None,
        "silence_intervals": silence,
        "online_percent": rates[0],
        "transmission_percent": rates[1],
        "blind_sensors": float(healths.count(SensorHealth.BLIND)),
        "degraded_sensors": float(healths.count(SensorHealth.DEGRADED)),
        "clock_seconds": abs(clock.skew_ns) / SECOND_NS if clock else None,
        "plan_hours": waits_h,
    }


#: reasons of segments that begin with an instrument that was hung up anew
_HUNG_UP = frozenset({"install", "re-mount", "re-orientation", "swap"})


def hung_up_ns(segments: Sequence[Segment]) -> int | None:
    """Tell when what measures now was hung up; `None`: nobody knows.

    From then on the weather's share of its readings has to be learnt.
    """
    own = sorted(segment.opened_at_ns for segment in segments)
    begun = [s.opened_at_ns for s in segments if s.reason.value in _HUNG_UP]
    return max(begun, default=own[0] if own else None)


def _care(profile: LimitProfile, figure: str) -> CareRow | None:
    return next((row for row in profile.care if row.figure == figure), None)
