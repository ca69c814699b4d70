"""Whether the interval of a movement holds the true movement, and what a short history costs."""

import numpy as np

from benchmarks import ours
from benchmarks.alarms import Range, episodes, rate_range
from benchmarks.detect_delay import Trial
from simulators.world_events import EVENTS
from simulators.world_ranges import world_ranges

#: 90 % of a normal distribution lies within so many standard deviations
_NINETY = 1.6449
HORIZONS_DAYS = (14, 30, 60, 90)


def coverage(trial: Trial, thresholds: dict[str, float]) -> dict[int, tuple[Range, int]]:
    """Tell the share of 90 % intervals that hold the true movement, by days since it began.

    Only sensors in alarm count: nobody is shown the interval of a movement that is not there.
    """
    inside: dict[int, list[bool]] = {days: [] for days in HORIZONS_DAYS}
    ranges = world_ranges()
    for event in ("step", "drift", "slow"):
        world = trial.events[event, 1.0]
        labels = world.events()
        for course in ours.courses(world.series):
            label, per_day = labels[course.series.channel_id], course.series.per_day
            first, unit = label.start // per_day, ranges.kinds[course.series.kind].concern
            for days in HORIZONS_DAYS:
                day = first + days
                if not course.score[day] >= thresholds[course.series.kind]:
                    continue
                gone = np.array([((day + 1) * per_day - label.start) / per_day])
                true = np.sign(label.size) * unit * EVENTS[event](gone, ranges.events)[0]
                off = abs(course.effect[day] - true)
                inside[days].append(bool(off <= _NINETY * course.effect_sd[day]))
    return {days: (_share(np.array(hits)), len(hits)) for days, hits in inside.items()}


def cold_start(trial: Trial, thresholds: dict[str, float], learned_days: int = 90) -> Range:
    """Tell false alarms a sensor-year from the end of so many days to that of the first year."""
    learning = world_ranges().learning_days
    series = [one.upto(learning) for one in (*trial.calibration.series, *trial.healthy.series)]
    counts = [
        int(episodes(course.score[None, learned_days:], thresholds[course.series.kind])[0])
        for course in ours.courses(series)
    ]
    return rate_range(np.array(counts), (learning - learned_days) / 365.0)


def _share(hits: np.ndarray) -> Range:  # type: ignore[type-arg]
    return rate_range(hits.astype(np.int64), 1.0)
