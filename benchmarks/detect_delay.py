"""Days from an event to its alarm at a given price in false alarms, for any way of scoring."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.assessment.series import ChannelSeries
from benchmarks.alarms import (
    Range,
    delays,
    episodes,
    median_days,
    rate_range,
    share_found,
    surely,
    threshold_at,
)
from domain.readings import Floats
from simulators.split import split
from simulators.world import KINDS, World, sensors
from simulators.world_events import EVENTS
from simulators.world_ranges import world_ranges

#: histories → (n, days) scores of each day, bigger is worse
Score = Callable[[Sequence[ChannelSeries]], Floats]

FALSE_ALARMS = 0.1  # a sensor-year
ORDER = ("step", "drift", "slow", "acceleration")


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Healthy sensors to set thresholds on, others to count false alarms on, and events."""

    calibration: World
    healthy: World
    events: dict[tuple[str, float], World]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one way of scoring reached.

    Parameters
    ----------
    days, found
        By event and size in U.
    delays
        Of each sensor, likewise.

    """

    false_alarms: Range
    thresholds: dict[str, float]
    days: dict[tuple[str, float], Range]
    found: dict[tuple[str, float], Range]
    delays: dict[tuple[str, float], Floats]


def make_trial(
    healthy: int, events: int, *, judging: bool = True, sizes: Sequence[float] = (1.0, 0.5)
) -> Trial:
    """Make the worlds; the seeds of judging are never used to tune anything.

    Parameters
    ----------
    healthy
        Sensors to calibrate on, and as many others to count false alarms on.
    events
        Sensors of each event and size.
    sizes
        Of the events, in U; each has seeds of its own, whichever are made.

    """
    seeds = split().judging if judging else split().tuning
    worlds = {}
    for row, size in enumerate((1.0, 0.5)):
        if size not in sizes:
            continue
        for column, event in enumerate(ORDER):
            seed = seeds[2 + row * len(ORDER) + column]
            worlds[event, size] = sensors(seed, events, event=event, size=size)
    return Trial(sensors(seeds[0], healthy), sensors(seeds[1], healthy), worlds)


def outcome(score: Score, trial: Trial, sizes: Sequence[float] = (1.0, 0.5)) -> Outcome:
    """Set a threshold a kind on the ones, count false alarms on the others, time the events."""
    ranges = world_ranges()
    years = (ranges.days - ranges.learning_days) / 365.0
    kinds = np.array([one.kind for one in trial.calibration.series])
    scores = score(trial.calibration.series)[:, ranges.learning_days :]
    aimed = surely(FALSE_ALARMS, len(scores) * years)
    thresholds = {k: threshold_at(scores[kinds == k], aimed) for k in KINDS}
    scores = score(trial.healthy.series)[:, ranges.learning_days :]
    kinds = np.array([one.kind for one in trial.healthy.series])
    counts = np.zeros(len(scores), np.int64)
    for kind, threshold in thresholds.items():
        counts[kinds == kind] = episodes(scores[kinds == kind], threshold)
    found = {
        (event, size): _delays(score, world, event, thresholds)
        for (event, size), world in trial.events.items()
        if size in sizes
    }
    return Outcome(
        rate_range(counts, years),
        thresholds,
        {key: median_days(days) for key, days in found.items()},
        {key: share_found(days) for key, days in found.items()},
        found,
    )


def event_delays(scores: Floats, world: World, event: str, level: Floats | float) -> Floats:
    """Tell the days from each sensor's event to its alarm at a level of its score."""
    ranges, events = world_ranges().events, world.events()
    start = np.array([events[s.channel_id].start // s.per_day for s in world.series])
    # after the failure there is nothing left to warn of
    failing = EVENTS[event] is EVENTS["acceleration"]
    watched = round(ranges.failure_days) if failing else ranges.watched_days
    return delays(scores, level, start, watched)


def _delays(score: Score, world: World, event: str, thresholds: dict[str, float]) -> Floats:
    level = np.array([thresholds[one.kind] for one in world.series])
    return event_delays(score(world.series), world, event, level)
