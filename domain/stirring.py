"""What goes on around a house and asks for fast readings: storm, works, blast, earthquake."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.clock import DAY_NS, HOUR_NS
from domain.contexts import RAIN, WIND, ContextEvent, ContextKind
from domain.limits import LimitProfile


@dataclass(frozen=True, slots=True)
class StirringRules:
    """When something asks for fast readings, and for how long.

    Parameters
    ----------
    least_hours
        They go on for so long after it is over.
    most_hours
        And for no longer than this after it began, so that long works empty no batteries.
    storm_rain_mm
        So much rain within 24 hours is a storm.
    storm_wind_m_s
        So strong a wind is one.

    """

    least_hours: float
    most_hours: float
    storm_rain_mm: float
    storm_wind_m_s: float

    @classmethod
    def of(cls, profile: LimitProfile) -> "StirringRules":
        """Take the rules out of a limit profile."""
        names = ("fast_least_hours", "fast_most_hours", "storm_rain_mm", "storm_wind_m_s")
        return cls(*(profile.number(f"sampling.{name}") for name in names))

    @property
    def look_back_ns(self) -> int:
        """How old what counts now may be at its end, ns."""
        return round(max(self.least_hours, self.most_hours) * HOUR_NS) + DAY_NS


def is_stirred(
    events: Sequence[ContextEvent],
    longitude: float,
    latitude: float,
    now_ns: int,
    rules: StirringRules,
) -> bool:
    """Tell whether something that reaches a place asks for fast readings now.

    Parameters
    ----------
    events
        Those of the last `rules.look_back_ns` at least, in any order.
    longitude, latitude
        WGS-84, degrees.

    """
    reaching = [event for event in events if event.reaches(longitude, latitude)]
    return any(_asks(start, end, now_ns, rules) for start, end in _times(reaching, rules))


def _asks(start_ns: int, end_ns: int, now_ns: int, rules: StirringRules) -> bool:
    until_ns = min(
        end_ns + round(rules.least_hours * HOUR_NS), start_ns + round(rules.most_hours * HOUR_NS)
    )
    return start_ns <= now_ns < until_ns


def _times(events: Sequence[ContextEvent], rules: StirringRules) -> list[tuple[int, int]]:
    """List from when to when something went on."""
    times = [(e.started_at_ns, e.ended_at_ns) for e in events if e.kind is not ContextKind.WEATHER]
    gauges: dict[tuple[object, ...], list[ContextEvent]] = {}
    for event in events:
        if event.kind is ContextKind.WEATHER:
            # two gauges tell of the same rain: what they measured is not added up
            gauge = event.source, event.longitude, event.latitude
            gauges.setdefault(gauge, []).append(event)
    for rows in gauges.values():
        times.extend((at, at) for at in _storms(rows, rules))
    return times


def stormy_days(
    events: Sequence[ContextEvent], rules: StirringRules
) -> list[tuple[ContextEvent, int]]:
    """Tell the last moment at which it stormed, at each gauge where it did, with a row of it."""
    gauges: dict[tuple[object, ...], list[ContextEvent]] = {}
    for event in events:
        if event.kind is ContextKind.WEATHER:
            gauge = event.source, event.longitude, event.latitude, event.radius_m
            gauges.setdefault(gauge, []).append(event)
    ends = ((rows[0], _storms(rows, rules)) for rows in gauges.values())
    return [(row, max(found)) for row, found in ends if found]


def _storms(rows: list[ContextEvent], rules: StirringRules) -> list[int]:
    """Tell the ends of the rows of one gauge at which it storms, by what has fallen so far."""
    rows = sorted(rows, key=lambda row: row.ended_at_ns)
    found, fallen, first = [], 0.0, 0
    for row in rows:
        rain, wind = row.figure(RAIN) or 0.0, row.figure(WIND) or 0.0
        fallen += rain
        while rows[first].ended_at_ns <= row.ended_at_ns - DAY_NS:
            fallen -= rows[first].figure(RAIN) or 0.0
            first += 1
        if wind >= rules.storm_wind_m_s or (rain > 0 and fallen >= rules.storm_rain_mm):
            found.append(row.ended_at_ns)
    return found
