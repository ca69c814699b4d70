"""How soon movement is found, at what price in false alarms, and what faults do to it.

Every figure is about the simulated world unless its name says otherwise (docs/evidence.md). The
worlds of judging have seeds of their own; 999 stands for never.

    ./anju bench detect [--quick] [--json]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.assessment.model import load_model
from benchmarks import baselines, ours
from benchmarks.alarms import Range
from benchmarks.detect_buildings import BuildingOutcome, building_scores, cold_front, rated
from benchmarks.detect_cover import cold_start, coverage
from benchmarks.detect_delay import ORDER, Outcome, Score, make_trial, outcome
from benchmarks.detect_faults import FaultOutcome, fault_outcome
from benchmarks.detect_mast import mast_outcome
from benchmarks.detect_real import real_outcome
from benchmarks.real_series import data_folder, hdf5_known, mast
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


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Parameters
    ----------
    healthy
        Sensors to calibrate on and as many to count false alarms on, two years each.
    events
        Sensors of each event and size.
    seeds_a_fault
        Buildings of each family of faults.
    buildings
        With an event, and as many without.
    cold
        Healthy buildings under a cold front.

    """

    healthy: int
    events: int
    seeds_a_fault: int
    buildings: int
    cold: int


FULL = Sizes(999, 120, 20, 120, 500)
#: under a minute of one core; with fewer events chance alone makes the run void
QUICK = Sizes(60, 24, 1, 8, 6)


def run(quick: bool) -> dict[str, Any]:
    """Measure on seeds and families that only judge."""
    return report("detect", measured(QUICK if quick else FULL, judging=True))


def measured(sizes: Sizes, *, judging: bool) -> list[Figure]:
    """Work out every figure; whoever tunes does it on the seeds of tuning."""
    trial = make_trial(sizes.healthy, sizes.events, judging=judging)
    reached = {name: outcome(score, trial) for name, score in BASELINES.items()}
    figures = [world_figure(reached["raw daily limit"])]
    for name, one in reached.items():
        figures += delay_figures(name, one, goals=False)
    made = outcome(ours.scores, trial)
    figures += delay_figures("ours", made, goals=True)
    figures += margin_figures(made)
    faults = fault_outcome(made.thresholds, sizes.seeds_a_fault, judging=judging)
    figures += fault_figures(faults)
    cold = cold_start(trial, made.thresholds)
    figures.append(
        _figure("ours: false alarms after 90 days of learning", cold, "1/year", "<= 0.15")
    )
    for days, (share, of) in coverage(trial, made.thresholds).items():
        name = f"ours: 90 % interval of movement holds, day {days}, {of} alarms"
        figures.append(_figure(name, share, "", ">= 0.87"))
    houses = building_scores(sizes.buildings, judging=judging)
    families = "not tuned on" if judging else "of tuning"
    truths = (
        ("U or more by then", houses.moved, True),
        ("2 U or more by then", houses.far, False),
        ("2 U or more, 60 days on", houses.serious, False),
        ("any event", houses.event, False),
    )
    for truth, happened, meant in truths:
        made_of = rated(houses.score, happened)
        figures += building_figures(truth, families, made_of, goals=meant)
    houses = building_scores(sizes.buildings, judging=judging, any_size=True)
    families += ", events of any size"
    made_of = rated(houses.score, houses.moved)
    figures += building_figures("U or more by then", families, made_of, goals=True)
    suspected, of = cold_front(sizes.cold, judging=judging)
    name = f"cold front over {of} healthy buildings: suspected C or D"
    figures.append(Figure(name, float(suspected), "", None, "== 0"))
    return figures + real_figures(made) + mast_figures()


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


def fault_figures(made: FaultOutcome) -> list[Figure]:
    """Put what faults did into figures."""
    mean = float(np.mean([kind.f1 for kind in made.named.values()]))
    figures = [
        _figure(
            f"ours: false alarms with all faults, {made.sensor_years:.0f} sensor-years",
            made.false_alarms, "1/year", "<= 0.1",
        ),
        Figure("ours: faults named rightly, mean F1 of ten kinds", mean, "", None, ">= 0.9"),
        Figure(f"ours: faulty channels with a structural alarm, of {made.structural_of}",
               made.structural, ""),
        Figure("ours: the same that would not have rung without the fault",
               made.caused, "", None, "<= 0.02"),
        Figure(f"ours: drifting or secretly re-zeroed instruments named, of {made.alike_of}",
               made.alike_named, ""),
    ]  # fmt: skip
    figures += [Figure(f"ours: F1 of {kind.value}", n.f1, "") for kind, n in made.named.items()]
    return figures


def building_figures(
    truth: str, families: str, made: BuildingOutcome, *, goals: bool
) -> list[Figure]:
    """Put the building score into figures; goals are for the truth that the score means."""
    of = f"{truth} ({made.happened} of {made.buildings}, families {families})"
    rows = (
        ("AUC", made.area, ">= 0.96"),
        ("Brier skill", made.brier_skill, ">= 0.72"),
        ("ECE", made.calibration_error, "<= 0.03"),
    )
    return [
        _figure(f"building score: {name}, {of}", one, "", goal if goals else None)
        for name, one, goal in rows
    ]


def real_figures(simulated: Outcome) -> list[Figure]:
    """Score the real viaduct at the threshold that simulation set."""
    folder = data_folder()
    threshold = float(np.mean(list(simulated.thresholds.values())))
    concern = load_model().unit_of_concern("strain", "µε") or 0.0
    made = real_outcome(ours.scores, folder, threshold, concern) if folder else None
    name = "real viaduct, section S: false alarms a sensor-year"
    if made is None:
        return [Figure(name, None, "1/year", ("needs the real series under ANJU_DATA", None))]
    name += f" ({made.alarms} in {made.sensor_years:.1f} years)"
    figures = [_figure(name, made.rate, "1/year", "<= 0.5")]
    for event in ORDER:
        if event not in made.days:
            continue
        days = made.days[event]
        days = Range(_days(days.value), _days(days.low), _days(days.high))
        of = f"{event} U put on the real viaduct, {made.injected} times"
        figures.append(_figure(f"{of}: days", days, "d", None))
        figures.append(_figure(f"{of}: found", made.found[event], "", None))
    return figures


def mast_figures() -> list[Figure]:
    """Score the guyed mast's frequencies at the model's own threshold: they have no other."""
    folder = data_folder()
    found = mast(folder) if folder else None
    name = "guyed mast's frequencies: false alarms a sensor-year"
    if found is None:
        why = "needs the real series under ANJU_DATA" if hdf5_known() else "needs h5py"
        return [Figure(name, None, "1/year", (why, None))]
    made = mast_outcome(ours.scores, found, 1.0)
    name += f" ({made.alarms} in {made.sensor_years:.2f} years)"
    figures = [_figure(name, made.rate, "1/year", None)]
    least, most = made.left_days
    for event, late in made.days.items():
        of = f"{event} put on the mast, {made.injected} times, {least} to {most} days to find it"
        days = Range(_days(late.value), _days(late.low), _days(late.high))
        figures.append(_figure(f"{of}: days", days, "d", None))
        figures.append(_figure(f"{of}: found", made.found[event], "", None))
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
