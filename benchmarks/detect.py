"""How soon movement is found, at what price in false alarms, and what faults do to it.

Every figure is about the simulated world unless its name says otherwise (docs/evidence.md). The
worlds of judging have seeds of their own; 999 stands for never.

    ./anju bench detect [--quick] [--json]
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks import baselines, ours
from benchmarks.alarms import Range
from benchmarks.detect_delay import ORDER, Outcome, Score, make_trial, outcome
from benchmarks.report import Figure, report
from simulators.world_ranges import world_ranges

NEVER_DAYS = 999.0

#: the study's figures of the raw daily limit; the world must land within `_NEAR` of them
STUDY = {"step": NEVER_DAYS, "drift": 54.0, "slow": 171.0, "acceleration": 118.0}
_NEAR = 0.2

BASELINES: dict[str, Score] = {
    "raw two-hour limit": baselines.raw_bins,
    "raw daily limit": baselines.raw_days,
    "temperature regression": baselines.regression,
    "plain Kalman": baselines.kalman,
}
_DAYS = {1.0: (1, 10, 45, 65), 0.5: (1, 20, 90, 95)}
_FOUND = {1.0: ">= 0.95", 0.5: ">= 0.9"}
_SIZES = {1.0: "U", 0.5: "U/2"}


def run(quick: bool) -> dict[str, Any]:
    """Measure; `quick` takes 300 healthy sensor-years instead of 600, and fewer events."""
    trial = make_trial(*((150, 48) if quick else (300, 120)))
    reached = {name: outcome(score, trial) for name, score in BASELINES.items()}
    figures = [world_figure(reached["raw daily limit"])]
    for name, made in reached.items():
        figures += delay_figures(name, made, goals=False)
    made = outcome(ours.scores, trial)
    figures += delay_figures("ours", made, goals=True)
    figures += margin_figures(made)
    return report("detect", figures)


def world_figure(raw_daily: Outcome) -> Figure:
    """Tell whether the world is as hard as the study's; otherwise the whole run is void."""
    return Figure(
        "world as hard as the study's (1: yes, 0: the run is void)",
        float(is_fair({event: raw_daily.days[event, 1.0].value for event in ORDER})),
        "",
        None,
        "== 1",
    )


def is_fair(raw_daily: Mapping[str, float]) -> bool:
    """Compare the raw daily limit's median days with the study's."""
    return all(
        _days(raw_daily[event]) == study
        if study == NEVER_DAYS
        else abs(raw_daily[event] / study - 1.0) <= _NEAR
        for event, study in STUDY.items()
    )


def delay_figures(name: str, made: Outcome, *, goals: bool) -> list[Figure]:
    """Put the delays of one way of scoring into figures."""
    figures = [
        _figure(f"{name}: false alarms a sensor-year", made.false_alarms, "1/year", "<= 0.15")
    ]
    for size, word in _SIZES.items():
        for event, goal in zip(ORDER, _DAYS[size], strict=True):
            key = event, size
            days, found = made.days[key], made.found[key]
            days = Range(_days(days.value), _days(days.low), _days(days.high))
            figures.append(
                _figure(f"{name}: {event} {word}, days", days, "d", f"<= {goal}" if goals else None)
            )
            figures.append(
                _figure(
                    f"{name}: {event} {word}, found", found, "", _FOUND[size] if goals else None
                )
            )
    return figures


def margin_figures(made: Outcome) -> list[Figure]:
    """Tell how long before the failure the alarm came, those never found at its moment."""
    failure = world_ranges().events.failure_days
    margins = np.sort(failure - np.minimum(made.delays["acceleration", 1.0], failure))
    return [
        Figure("ours: warning before failure, median days", float(np.median(margins)), "d", None,
               ">= 50"),
        Figure("ours: warning before failure, days that 95 % have",
               float(np.quantile(margins, 0.05)), "d", None, ">= 30"),
    ]  # fmt: skip


def _figure(name: str, made: Range, unit: str, goal: str | None) -> Figure:
    return Figure(name, made.value, unit, None, goal, interval=(made.low, made.high))


def _days(value: float) -> float:
    return value if np.isfinite(value) else NEVER_DAYS
