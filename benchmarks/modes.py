"""Frequencies of a building: how near they are found, and how soon a softer building is told.

The frame is simulated, and so are the years of hourly estimates: their scatter is what ten minutes
of a real mast and of the frame leave (0.5 to 1 % an hour), with the weather of the benchmark's
world and an amplitude that goes with traffic and wind. Seeds of judging tuned nothing.

    ./anju bench modes [--quick] [--json]
"""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analytics.assessment.model import Model, load_model
from analytics.assessment.modes import Record, modes_of
from analytics.assessment.modes_series import UNIT, amplitude, as_percent
from analytics.assessment.series import AMPLITUDE, STEP_NS, ChannelSeries
from analytics.assessment.subspace import subspace_known
from benchmarks.alarms import (
    Range,
    delays,
    episodes,
    median_days,
    rate_range,
    share_found,
    threshold_at,
)
from benchmarks.ours import scores
from benchmarks.real_series import data_folder
from benchmarks.report import Figure, report
from domain.clock import HOUR_NS
from domain.readings import Floats
from simulators.frame import Frame
from simulators.sky import make_sky, red_noise
from simulators.split import split
from simulators.world import START_NS, still, thermometers
from simulators.world_ranges import KindRanges, WorldRanges, world_ranges

#: of the estimates of one hour, %
SCATTER = (0.5, 1.0)
#: hours whose record tells nothing
_UNTOLD = 0.1
#: a degree moves a frequency by so much, %: the world's ranges over its middle frequency
_KIND = KindRanges(UNIT, 1.0, (0.02, 0.085), (0.0, 0.0), 0.0, (0.0, 0.0))
#: a tenfold amplitude lowers it by so much, %
_SOFTENING = (0.5, 2.0)
_EVENTS = {"1 % step": 0.0, "1 % in 30 d": 30.0}
_GOALS = {"1 % step": ("<= 1", "1.5"), "1 % in 30 d": ("<= 21", "28")}
_FALSE_ALARMS = (0.07, 0.1)
_WATCHED_DAYS = 150


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What some records of the frame came to, each (records, 2)."""

    wrong_percent: Floats
    cpu_s: float
    none: int


def frame_found(count: int, *, subspace: bool, softer: float = 0.0) -> Found:
    """Find the first two frequencies of five-storey frames again, ten minutes each."""
    numbers = load_model("modes-2026")
    wrong, spent, none = [], 0.0, 0
    for seed in range(count):
        random = np.random.default_rng([split().judging[24], seed])
        # up to where the second frequency leaves the band that is looked at
        frame = Frame.alike(5, random.uniform(1.0, 3.4), random.uniform(0.006, 0.02))
        frame = frame.weakened(softer)
        rate_hz = float(random.choice([50.0, 100.0]))
        record = Record(tuple("12345"), rate_hz, frame.shaken(random, 600.0, rate_hz))
        before = time.process_time()
        found = modes_of(record, numbers, subspace=subspace)
        spent += time.process_time() - before
        if len(found.modes) < 2:
            none += 1
            continue
        hertz = np.array([mode.frequency_hz for mode in found.modes[:2]])
        wrong.append(100.0 * (hertz / frame.frequencies_hz[:2] - 1.0))
    return Found(np.array(wrong).reshape(-1, 2), spent / count, none)


def histories(seed: int, count: int, days: int) -> list[ChannelSeries]:
    """Make first frequencies of buildings that stand still, in two-hour bins."""
    ranges, numbers = world_ranges(), load_model("modes-2026")
    return [_history(seed, row, days, ranges, numbers) for row in range(count)]


def _history(seed: int, row: int, days: int, ranges: WorldRanges, numbers: Model) -> ChannelSeries:
    random = np.random.default_rng([seed, row])
    steps, hours = days * 12, STEP_NS / HOUR_NS
    sky = make_sky(ranges.sky, random, START_NS, steps, hours)
    hour = (np.arange(steps) * hours + 1.0) % 24.0
    traffic = 0.25 * np.cos(2.0 * np.pi * (hour - 15.0) / 24.0)
    swing = traffic + 0.2 * red_noise(random, steps, 18.0) + 0.05 * random.standard_normal(steps)
    percent = still(_KIND, ranges, sky, random) - random.uniform(*_SOFTENING) * swing
    # two hours' median is their mean
    scatter = random.uniform(*SCATTER) * random.standard_normal((2, steps))
    untold = random.random((2, steps)) < _UNTOLD
    told = (~untold).sum(axis=0)
    noise = np.where(untold, 0.0, scatter).sum(axis=0) / np.maximum(told, 1)
    hertz = random.uniform(1.0, 6.0) * (1.0 + (percent + noise) / 100.0)
    hertz[told == 0] = np.nan
    usual = numbers.number("series.amplitude_mm_s")
    return ChannelSeries(
        f"modes-{seed}-{row}", "frequency", UNIT, None, START_NS, STEP_NS,
        as_percent(np.round(hertz, 4), numbers), np.zeros(steps, np.uint16),
        covariates=thermometers(ranges, sky, random)
        | {AMPLITUDE: amplitude(usual * 10.0**swing, numbers)},
        building_id=f"modes-{seed}-{row}",
    )  # fmt: skip


def softened(one: ChannelSeries, day: int, over_days: float, percent: float) -> ChannelSeries:
    """Let a frequency fall from a day on, at once or over some days, and on at that pace."""
    since = np.arange(len(one.value)) / one.per_day - day
    if over_days:
        fall = percent * np.clip(since / over_days, 0.0, world_ranges().events.stop)
    else:
        fall = np.where(since >= 0.0, percent, 0.0)
    return replace(one, value=one.value - fall)


def watched(sensors: int, events: int) -> list[Figure]:
    """Tell how soon a softer building is found, at a price in false alarms."""
    ranges = world_ranges()
    seeds, first, days = split().judging, ranges.learning_days, ranges.days
    calm, others = histories(seeds[20], sensors, days), histories(seeds[21], sensors, days)
    moved, starts = {}, {}
    for number, (name, over_days) in enumerate(_EVENTS.items()):
        random = np.random.default_rng(seeds[22 + number])
        starts[name] = random.integers(first + 30, days - _WATCHED_DAYS, events)
        moved[name] = [
            softened(one, int(start), over_days, 1.0)
            for one, start in zip(
                histories(seeds[22 + number], events, days), starts[name], strict=True
            )
        ]
    years = (days - first) / 365.0
    figures = []
    for corrected in (True, False):
        blind = "" if corrected else ", amplitude not told"

        def score(rows: list[ChannelSeries], told: bool = corrected) -> Floats:
            return scores(rows if told else [unamplified(one) for one in rows])

        of_calm, of_others = score(calm)[:, first:], score(others)[:, first:]
        late = {name: score(rows) for name, rows in moved.items()}
        own = rate_range(episodes(of_others, 1.0), years)
        figures.append(_figure(f"false alarms where the model's score is 1{blind}", own, "1/a"))
        for wanted in _FALSE_ALARMS if corrected else _FALSE_ALARMS[-1:]:
            level = threshold_at(of_calm, wanted)
            at = f"at {wanted:g} false alarms a year{blind}"
            rate = rate_range(episodes(of_others, level), years)
            figures.append(_figure(f"false alarms of other buildings, {at}", rate, "1/a"))
            for name, rows in late.items():
                days_late = delays(rows, level, starts[name], _WATCHED_DAYS)
                goal, study = _GOALS[name] if corrected else (None, "")
                figures += [
                    _figure(f"days to see {name}, {at}", median_days(days_late), "d", goal, study),
                    _figure(f"share of {name} found, {at}", share_found(days_late), ""),
                ]
    return figures


def unamplified(one: ChannelSeries) -> ChannelSeries:
    """Forget how much it swings."""
    return replace(one, covariates={k: v for k, v in one.covariates.items() if k != AMPLITUDE})


def _figure(name: str, found: Range, unit: str, goal: str | None = None, study: str = "") -> Figure:
    against = ("the study's plain Kalman filter", float(study)) if study else None
    return Figure(
        name, found.value, unit, against=against, goal=goal, interval=(found.low, found.high)
    )


def found_figures(count: int) -> list[Figure]:
    """Tell how near the frame's frequencies are found, by each way."""
    figures = []
    for way, use in (("subspace and spectrum", True), ("spectrum alone", False)):
        if use and not subspace_known():
            figures.append(Figure(f"{way}: error", None, "%", ("not installed", None)))
            continue
        for change, softer in (("", 0.0), (", 3 % less stiffness", 0.03)):
            found = frame_found(count, subspace=use, softer=softer)
            worst = np.abs(found.wrong_percent).max(axis=0)
            middle = found.wrong_percent.std(axis=0)
            for mode in (0, 1):
                name = f"mode {mode + 1} of the frame{change}, {way}"
                figures += [
                    Figure(f"{name}: largest error", float(worst[mode]), "%", goal="<= 1"),
                    Figure(f"{name}: scatter", float(middle[mode]), "%"),
                ]
            figures += [
                Figure(f"records that told nothing{change}, {way}", found.none, "", goal="== 0"),
                Figure(f"CPU a record{change}, {way}", found.cpu_s, "s", goal="<= 2"),
            ]
    return figures


def mast_figures() -> list[Figure]:
    """Say what is missing to measure the real mast."""
    folder = data_folder()
    there = folder is not None and any(folder.rglob("60min_modal_accel.nc"))
    why = "files are NetCDF-4, no reader is installed" if there else "no data"
    return [Figure("scatter left on the guyed mast", None, "%", (why, None))]


def run(quick: bool) -> dict[str, Any]:
    """Measure."""
    count, sensors, events = (6, 40, 16) if quick else (60, 250, 100)
    return report("modes", found_figures(count) + watched(sensors, events) + mast_figures())
