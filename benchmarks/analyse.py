"""What the slow analysis costs: a night's refit and score of a city; and flags of live readings.

The night starts every channel's history anew, three years at two-hour steps, as a change of model
would. Histories are made before the clock starts and each worker
goes round its share of them until the whole number is done.

    ./anju bench analyse [--quick] [--json]
"""

import multiprocessing
import resource
import time
from typing import Any

import numpy as np

from analytics.assessment.building import BuildingFacts, assess_building
from analytics.assessment.course import assess_channels
from analytics.assessment.model import load_model
from analytics.limits import load_profile
from analytics.quality import Quality, QualityRules
from benchmarks.report import Figure, report
from domain.readings import ReadingBatch
from simulators.world import sensors

_CITY = 10_000
_WORKERS = 2
_PART = 84  # channels in one call, twelve buildings
_HOUSE = 7


def run(quick: bool) -> dict[str, Any]:
    """Measure; `quick` does 336 sensors and 2 M readings and scales up the former."""
    count = 4 * _PART if quick else _CITY
    wall_s, cpu_s, peak_mib = night(count)
    scale = _CITY / count
    of = f"{_CITY:,} sensors, three years" + ("" if scale == 1.0 else f" (scaled from {count})")
    return report(
        "analyse",
        [
            Figure(f"nightly refit and score of {of}, {_WORKERS} processes, minutes",
                   wall_s * scale / 60.0, "min", None, "<= 10"),
            Figure(f"the same, CPU minutes of {_WORKERS} processes", cpu_s * scale / 60.0, "min",
                   ("the study's Kalman and quality stage", 16.0)),
            Figure("the same, CPU a sensor", cpu_s / count * 1000.0, "ms"),
            Figure("memory of a worker at its most", peak_mib, "MiB"),
            Figure("streaming quality step, readings a CPU second of one core",
                   streamed(20 if quick else 100), "1/s"),
        ],
    )  # fmt: skip


def night(count: int) -> tuple[float, float, float]:
    """Judge so many sensors in two processes; (wall s, CPU s, MiB of the larger worker)."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(_WORKERS + 1)
    queue: multiprocessing.Queue[tuple[float, float]] = context.Queue()
    shares = [count // _WORKERS + (n < count % _WORKERS) for n in range(_WORKERS)]
    workers = [
        context.Process(target=_work, args=(n, share, barrier, queue))
        for n, share in enumerate(shares)
    ]
    for worker in workers:
        worker.start()
    barrier.wait()
    begun = time.monotonic()
    done = [queue.get() for _ in workers]
    wall_s = time.monotonic() - begun
    for worker in workers:
        worker.join()
    return wall_s, sum(cpu for cpu, _ in done), max(peak for _, peak in done)


def _work(number: int, count: int, barrier: Any, queue: Any) -> None:
    series, model = sensors(500 + number, _PART).series, load_model()
    barrier.wait()
    begun = time.process_time()
    left = count
    while left > 0:
        courses = assess_channels(series[: min(left, _PART)], model)
        for start in range(0, len(courses), _HOUSE):
            assess_building(courses[start : start + _HOUSE], BuildingFacts("B"), model)
        left -= _PART
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    queue.put((time.process_time() - begun, peak_mib))


def streamed(rounds: int, channels: int = 100_000) -> float:
    """Flag one reading of every channel a round; readings a CPU second once windows are full."""
    rules = QualityRules.from_profile(load_profile())
    quality = Quality(rules, lambda _: 60.0, lambda _: 0.01)
    names = tuple(f"C{n}" for n in range(channels))
    code = np.arange(channels, dtype=np.int32)
    random = np.random.default_rng(1)
    spent = 0.0
    for turn in range(rules.window + rounds):
        taken = np.full(channels, (turn + 1) * 60_000_000_000, np.int64)
        batch = ReadingBatch(
            names, code, taken, random.standard_normal(channels), np.zeros(channels, np.uint16),
            taken, np.full(channels, -1, np.int64), np.full(channels, -1, np.int32),
        )  # fmt: skip
        begun = time.process_time()
        quality.flag(batch)
        if turn >= rules.window:
            spent += time.process_time() - begun
    return rounds * channels / spent
