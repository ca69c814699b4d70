"""False alarms and injected events on real healthy histories: no simulator stands behind them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import chi2

from analytics.assessment.series import ChannelSeries
from benchmarks.alarms import Range, delays, episodes, median_days, share_found
from benchmarks.detect_delay import Score
from benchmarks.real_series import viaduct
from domain.readings import Floats
from simulators.world_events import EVENTS
from simulators.world_ranges import world_ranges

_EVERY_DAYS = 10  # from one beginning of an event to the next
#: share of the days after it on which something must be known: nothing is put on a stuck stretch
_KNOWN = 0.8


@dataclass(frozen=True, slots=True)
class RealOutcome:
    """What a way of scoring did on one real history after its year of learning.

    Parameters
    ----------
    alarms
        Count; an alarm is a stretch as everywhere.
    sensor_years
        Years on whose days something could be said.
    rate
        Alarms a sensor-year with the exact 95 % interval of a Poisson count.
    days, found
        Of events of size U put on the history, by event, with how many there were.

    """

    alarms: int
    sensor_years: float
    rate: Range
    days: dict[str, Range]
    found: dict[str, Range]
    injected: int


def poisson_range(count: int, exposure: float) -> Range:
    """Give a rate with the exact 95 % interval of a Poisson count (Garwood 1936).

    Examples
    --------
    >>> poisson_range(0, 2.0)
    Range(value=0.0, low=0.0, high=1.844439727056968)

    """
    low = float(chi2.ppf(0.025, 2 * count) / 2) if count else 0.0
    high = float(chi2.ppf(0.975, 2 * count + 2) / 2)
    return Range(count / exposure, low / exposure, high / exposure)


def injected(one: ChannelSeries, event: str, day: int, size: float) -> ChannelSeries:
    """Put an event on a real history.

    Parameters
    ----------
    day
        On which it begins.
    size
        Signed, in the channel's unit.

    """
    since = np.arange(len(one.value)) / one.per_day - day
    moved = size * EVENTS[event](since, world_ranges().events)
    return replace(one, channel_id=f"{one.channel_id}.{event}.{day}", value=one.value + moved,
                   building_id=f"{one.building_id}.{event}.{day}", gateway_id="",
                   sensor_id="")  # fmt: skip


def real_outcome(
    score: Score, folder: Path, threshold: float, concern: float
) -> RealOutcome | None:
    """Score the viaduct, count alarms, then inject; `None` where the data are not there.

    Parameters
    ----------
    threshold
        Set on simulation, not on this history.
    concern
        U in the history's unit.

    """
    one = viaduct(folder)
    if one is None:
        return None
    learning, ranges = world_ranges().learning_days, world_ranges().events
    scores = score([one])
    known = np.isfinite(scores[:, learning:])
    # what stands from the first day on counts as well: it is an alarm that nobody wanted
    alarms = int(episodes(scores[:, learning:], threshold)[0])
    years = float(known.sum() / 365.0)
    days: dict[str, Range] = {}
    found: dict[str, Range] = {}
    starts = [
        start
        for start in range(learning, one.days - ranges.watched_days, _EVERY_DAYS)
        if np.isfinite(scores[0, start : start + round(ranges.failure_days)]).mean() >= _KNOWN
    ]
    for event in EVENTS if starts else ():
        pairs = [(start, way * concern) for start in starts for way in (1.0, -1.0)]
        made = score([injected(one, event, start, size) for start, size in pairs])
        watched = round(ranges.failure_days) if event == "acceleration" else ranges.watched_days
        late: Floats = delays(made, threshold, np.array([s for s, _ in pairs]), watched)
        days[event], found[event] = median_days(late), share_found(late)
    return RealOutcome(alarms, years, poisson_range(alarms, years), days, found, 2 * len(starts))
