"""The plan of check-ups for a city: made anew, written, and asked for.

100,000 buildings of all ages, uses and grades, an eighth with check-ups done before, works and a
storm, in SQLite. The limit is the goal of each figure; no other open system does this job.

    ./anju bench plan [--quick] [--json]
"""

import random
import tempfile
import time
from datetime import date, timedelta
from typing import Any

import numpy as np

from analytics.limits import load_profile
from app.check_rules import keep_shipped
from app.checks_due import JOB, ChecksDue
from app.jobs import Under
from benchmarks.report import Figure, report
from domain.buildings import Appraisal, Building, Grade
from domain.check_ports import DueFilter
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, ResultClass
from domain.clock import DAY_NS, HOUR_NS, VirtualClock
from domain.contexts import ContextEvent, ContextKind
from domain.jobs import JobRun, RunState
from domain.ports import Page
from storage.records import Records, open_records

NOW_NS = 1_795_413_900_000_000_000
BUILDINGS, DISTRICTS, ASKED = 100_000, 9, 60


def run(*, quick: bool = False) -> dict[str, Any]:
    """Make the plan twice: with nothing there, and with little changed."""
    count = 5_000 if quick else BUILDINGS
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as folder:
        records = open_records(f"sqlite:///{folder}/records.db")
        keep_shipped(records.check_plans)
        fill(records, count)
        job = ChecksDue(
            records.register, records.checks, records.check_plans, records.contexts,
            records.alerts, load_profile(), VirtualClock(NOW_NS),
        )  # fmt: skip
        times = []
        for _ in range(2):
            under = Under(JobRun(JOB, NOW_NS, RunState.RUNNING, fence=1), records.jobs, _goes_on)
            began = time.perf_counter()
            job.work(under)
            times.append(time.perf_counter() - began)
        asked_ms = ask(records)
        rows = sum(records.check_plans.count_due(DueFilter(), date(2026, 11, 23)).values())
        records.close()
    return report(
        "plan",
        [
            Figure("buildings", count, ""),
            Figure("rows that are due", rows, ""),
            Figure("plan made and written, nothing there before", times[0], "s", goal="< 30"),
            Figure("plan made again, little changed", times[1], "s", goal="< 30"),
            Figure("due list, p95", float(np.percentile(asked_ms, 95)), "ms", goal="< 200"),
            Figure("due list, p50", float(np.percentile(asked_ms, 50)), "ms"),
        ],
    )


def _goes_on() -> bool:
    return True


def fill(records: Records, count: int) -> None:
    """Put the city into the records."""
    rng = random.Random(7)
    day = date(2026, 1, 1)
    uses = ["residential"] * 8 + ["public", "industrial"]
    buildings = [
        Building(
            f"b-{n:06}", f"C{n:06}", f"演示 {n}", "路", f"3601{n % DISTRICTS:02}", f"街 {n % 50}",
            "", 115.7 + rng.random() * 0.4, 28.5 + rng.random() * 0.4, use=rng.choice(uses),
            build_year=rng.choice([None, *range(1955, 2020)]),
        )
        for n in range(count)
    ]  # fmt: skip
    records.register.put_buildings(buildings, "bench")
    for n in range(0, count, 200):
        grade = rng.choice([Grade.B, Grade.C, Grade.D])
        records.register.put_appraisal(
            Appraisal(f"a-{n}", f"b-{n:06}", "JGJ 125-2016", grade, f"{n}", "演示", day), "bench"
        )
    done = [
        CheckUp(
            f"c-{n}", f"b-{n:06}", CheckClass.BASIC, CheckCause.CYCLE,
            day + timedelta(days=n % 300), NOW_NS - DAY_NS, "bench", state=CheckState.DONE,
            result=ResultClass.SOUND, done_at_ns=NOW_NS - (n % 900) * DAY_NS,
        )
        for n in range(0, count, 8)
    ]  # fmt: skip
    records.checks.add_check_ups(done, "bench")
    hours = [
        ContextEvent(
            f"w-{n}", ContextKind.WEATHER, "雨", NOW_NS - (n + 1) * HOUR_NS, NOW_NS - n * HOUR_NS,
            figures=(("rain_mm", 3.0 + n % 9),), source="bench",
        )
        for n in range(24 * 60)
    ]  # fmt: skip
    pits = [
        ContextEvent(
            f"pit-{n}", ContextKind.WORKS, "基坑", NOW_NS - DAY_NS, NOW_NS,
            115.7 + rng.random() * 0.4, 28.5 + rng.random() * 0.4, 300.0,
        )
        for n in range(20)
    ]  # fmt: skip
    records.contexts.put([*hours, *pits], "bench")


def ask(records: Records) -> list[float]:
    """Ask for pages of the due list as its page does, ms each."""
    took = []
    for number in range(ASKED):
        district = f"3601{number % DISTRICTS:02}"
        wanted = DueFilter(
            districts=(district,) if number % 2 else None,
            classes=(CheckClass.BASIC,) if number % 3 == 0 else (),
        )
        began = time.perf_counter()
        records.check_plans.due(wanted, Page(51))
        records.check_plans.count_due(wanted, date(2026, 11, 23))
        took.append((time.perf_counter() - began) * 1_000)
    return took
