"""What a threshold costs in days and false alarms, and how far a score may be believed.

One threshold for channels of every kind, as the false-alarm budget sets it. It is set on healthy
sensors of their own; false alarms are counted on others, both in the simulated world with the seeds
of judging. With `--write` the figures go where `docs/jobs.md` says, to be read by the models page.

    ./anju bench curve [--quick] [--json] [--write analytics/measured-2026.json]
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from analytics.assessment.model import load_model
from benchmarks import ours
from benchmarks.alarms import Range, episodes, median_days, rate_range, surely, threshold_at
from benchmarks.detect_buildings import ASSESSED_DAYS, BuildingOutcome, building_scores, rated
from benchmarks.detect_delay import ORDER, event_delays, make_trial
from benchmarks.report import Figure, report
from domain.labels import ReliabilityBin, reliability_bins
from simulators.split import split
from simulators.world_ranges import world_ranges

#: false alarms a sensor-year that thresholds are set for
WANTED = (0.5, 0.2, 0.1, 0.05)
_BANDS = 5
_SHARES = ("low", "high", "said", "was", "was_low", "was_high")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Parameters
    ----------
    healthy
        Sensors to set thresholds on, and as many others to count false alarms on.
    events
        Sensors of each event of size U.
    buildings
        With an event, and as many without.

    """

    healthy: int
    events: int
    buildings: int


@dataclass(frozen=True, slots=True)
class Point:
    """One threshold and what it costs."""

    wanted: float
    threshold: float
    false_alarms: Range
    days: dict[str, Range]


@dataclass(frozen=True, slots=True)
class Made:
    """Everything that was measured, with what it rests on."""

    sizes: Sizes
    judging: bool
    sensor_years: float
    points: tuple[Point, ...]
    score: BuildingOutcome
    reliability: tuple[ReliabilityBin, ...]


FULL, QUICK = Sizes(999, 120, 120), Sizes(60, 16, 8)


def run(quick: bool, write: Path | None = None) -> dict[str, Any]:
    """Measure on the seeds of judging, and write it down where that is wanted."""
    made = measured(QUICK if quick else FULL)
    if write is not None:
        write.write_text(written(made, datetime.now(UTC).date().isoformat()), encoding="utf-8")
    return report("curve", figures(made))


def measured(sizes: Sizes, *, judging: bool = True) -> Made:
    """Measure the curve on single sensors and the score on buildings."""
    learning = world_ranges().learning_days
    years = (world_ranges().days - learning) / 365.0
    trial = make_trial(sizes.healthy, sizes.events, judging=judging, sizes=(1.0,))
    calm = ours.scores(trial.calibration.series)[:, learning:]
    others = ours.scores(trial.healthy.series)[:, learning:]
    moved = {event: ours.scores(trial.events[event, 1.0].series) for event in ORDER}
    points = []
    for wanted in WANTED:
        level = threshold_at(calm, surely(wanted, sizes.healthy * years))
        days = {
            event: median_days(event_delays(moved[event], trial.events[event, 1.0], event, level))
            for event in ORDER
        }
        points.append(Point(wanted, level, rate_range(episodes(others, level), years), days))
    houses = building_scores(sizes.buildings, judging=judging, any_size=True)
    pairs = list(zip(houses.score.tolist(), houses.moved.tolist(), strict=True))
    return Made(
        sizes,
        judging,
        sizes.healthy * years,
        tuple(points),
        rated(houses.score, houses.moved),
        tuple(reliability_bins(pairs, _BANDS)),
    )


def written(made: Made, measured_on: str) -> str:
    """Write it as `analytics.measured` reads it; what it rests on stands beside.

    Parameters
    ----------
    measured_on
        Day of the measurement, `2026-11-26`.

    """
    seeds = split().judging if made.judging else split().tuning
    data = {
        "model": load_model().label,
        "measured_on": measured_on,
        "sensor_years": made.sensor_years,
        "rests_on": {
            "world": "simulated, every sensor under a sky of its own, with the usual faults",
            "seeds": ("judging" if made.judging else "tuning") + f", {seeds[0]} to {seeds[-1]}",
            "sensors_for_thresholds": made.sizes.healthy,
            "sensors_for_false_alarms": made.sizes.healthy,
            "sensors_an_event_of_size_u": made.sizes.events,
            "buildings": made.score.buildings,
            "buildings_that_had_moved_u_or_more": made.score.happened,
            "assessed_days_after_the_beginning": ASSESSED_DAYS,
            "events": "of families that tuned nothing, resized to 0.4 to 4.5 U",
        },
        "figures": {
            "auc": _digits(made.score.area.value),
            "brier_skill": _digits(made.score.brier_skill.value),
            "ece": _digits(made.score.calibration_error.value),
        },
        "curve": [_row(point) for point in made.points],
        "reliability": [
            asdict(one) | {name: _digits(getattr(one, name)) for name in _SHARES}
            for one in made.reliability
        ],
    }
    return json.dumps(data, indent=1) + "\n"


def figures(made: Made) -> list[Figure]:
    """Put the same into figures."""
    found = []
    for point in made.points:
        at = f"threshold {point.threshold:.3f}"
        found.append(_figure(f"{at}: false alarms a sensor-year", point.false_alarms, "1/year"))
        found += [_figure(f"{at}: {event} U, days", point.days[event], "d") for event in ORDER]
    of = f"some channel had moved U or more, {made.score.happened} of {made.score.buildings}"
    found += [
        _figure(f"building score: AUC, {of}", made.score.area, ""),
        _figure(f"building score: Brier skill, {of}", made.score.brier_skill, ""),
        _figure(f"building score: ECE, {of}", made.score.calibration_error, ""),
    ]
    return found


def _row(point: Point) -> dict[str, Any]:
    return {
        "threshold": _digits(point.threshold),
        "false_alarms": _digits(point.false_alarms.value),
        "false_alarms_95": [_digits(point.false_alarms.low), _digits(point.false_alarms.high)],
        "set_for": point.wanted,
        "delays": {event: _told(one.value) for event, one in point.days.items()},
        "delays_95": {
            event: [_told(one.low), _told(one.high)] for event, one in point.days.items()
        },
    }


def _told(days: float) -> float | None:
    """Write days that never come as null."""
    return _digits(days) if np.isfinite(days) else None


def _digits(value: float) -> float:
    return float(f"{value:.4g}")


def _figure(name: str, made: Range, unit: str) -> Figure:
    never = 999.0
    value, low, high = (min(one, never) for one in (made.value, made.low, made.high))
    return Figure(name, value, unit, None, None, interval=(low, high))
