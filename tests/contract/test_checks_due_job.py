"""The job that keeps the list of who is due, on the real stores."""

from collections.abc import Iterator
from datetime import date

import pytest

from analytics.limits import load_profile
from app.check_rules import keep_shipped
from app.checks_due import JOB, ChecksDue
from app.jobs import JobStopped, Under
from domain.alerts import Alert, AlertState
from domain.buildings import Building
from domain.check_ports import CheckFilter, DueFilter
from domain.checkups import CheckCause, CheckClass
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, VirtualClock
from domain.contexts import ContextEvent, ContextKind
from domain.findings import Cause
from domain.jobs import JobRun, RunState
from domain.limits import Level
from domain.ports import Page
from storage.records import Records
from tests.contract.conftest import NOON_NS

HOUSES = 30


def under(records: Records, goes_on: bool = True) -> Under:
    run = JobRun(JOB, NOON_NS, RunState.RUNNING, fence=1)
    return Under(run, records.jobs, lambda: goes_on)


def alert(id_: str, building_id: str, level: Level, cause: Cause = Cause.CRACK) -> Alert:
    return Alert(
        id_, building_id, cause, level, level, AlertState.OPEN, NOON_NS, NOON_NS, NOON_NS, version=1
    )


@pytest.fixture
def job(records: Records) -> Iterator[ChecksDue]:
    keep_shipped(records.check_plans)
    for number in range(HOUSES):
        records.register.put_building(
            Building(
                f"b-{number:02}", f"C{number}", "演示", "路", "360102", "街", "",
                115.80 + number / 1000, 28.68, build_year=1960 + 2 * number,
            ),
            "test",
        )  # fmt: skip
    return ChecksDue(
        records.register, records.checks, records.check_plans, records.contexts, records.alerts,
        load_profile(), VirtualClock(NOON_NS),
    )  # fmt: skip


def rows(records: Records) -> list[tuple[str, str, date, str]]:
    found = records.check_plans.due(DueFilter(), Page(1_000))
    return [(one.building_id, one.check_class, one.due_on, one.check_up_id) for one in found]


def test_the_list_is_the_same_however_often_it_is_made(records: Records, job: ChecksDue) -> None:
    assert job.work(under(records)).startswith(f"{HOUSES} buildings, ")
    first = rows(records)
    assert len(first) > HOUSES
    assert ", 0 rows changed" in job.work(under(records))
    assert rows(records) == first


def test_a_run_that_is_stopped_half_way_leaves_the_list_of_before(
    records: Records, job: ChecksDue
) -> None:
    job.work(under(records))
    before = rows(records)
    records.register.put_building(
        Building("b-99", "C99", "新", "路", "360102", "", "", 115.8, 28.7, build_year=1960), "test"
    )
    with pytest.raises(JobStopped):
        job.work(under(records, goes_on=False))
    assert rows(records) == before


def test_a_serious_alert_opens_one_special_check_up(records: Records, job: ChecksDue) -> None:
    list(job.asked(NOON_NS))
    records.alerts.save(alert("al-1", "b-01", Level.ORANGE), [])
    records.alerts.save(alert("al-2", "b-02", Level.YELLOW), [])
    records.alerts.save(alert("al-3", "b-03", Level.RED, Cause.WATCH), [])
    assert list(job.asked(NOON_NS)) == []
    (run,) = job.asked(NOON_NS + MINUTE_NS)
    assert run.job == JOB
    assert list(job.asked(NOON_NS + 2 * MINUTE_NS)) == []
    for _ in range(2):
        job.work(under(records))
    (opened,) = records.checks.check_ups(CheckFilter(), Page())
    assert (opened.building_id, opened.check_class, opened.alert_id) == (
        "b-01", CheckClass.SPECIAL, "al-1",
    )  # fmt: skip
    assert opened.template_id == "special-2026"
    assert opened.cause_text.endswith("。")
    (row,) = records.check_plans.due(DueFilter(classes=(CheckClass.SPECIAL,), opened=True), Page())
    assert (row.building_id, row.cause, row.check_up_id) == ("b-01", CheckCause.ALERT, opened.id)


def test_a_storm_and_works_reach_the_houses_that_they_reach(
    records: Records, job: ChecksDue
) -> None:
    hours = [
        ContextEvent(
            f"w-{n}", ContextKind.WEATHER, "雨", NOON_NS - (n + 1) * HOUR_NS, NOON_NS - n * HOUR_NS,
            figures=(("rain_mm", 12.0),), source="test",
        )
        for n in range(20)
    ]  # fmt: skip
    pit = ContextEvent(
        "pit", ContextKind.WORKS, "基坑", NOON_NS - DAY_NS, NOON_NS, 115.80, 28.68, 150.0
    )
    records.contexts.put([*hours, pit], "test")
    job.work(under(records))
    found = records.check_plans.due(DueFilter(), Page(1_000))
    works = [one.building_id for one in found if one.cause is CheckCause.WORKS]
    assert works == ["b-00", "b-01"]
    assert all(one.cause_ref == "pit" for one in found if one.cause is CheckCause.WORKS)
    overdue = {one.building_id for one in found if one.check_class is CheckClass.DAILY}
    assert len(overdue) == HOUSES


def test_a_check_up_that_is_opened_or_done_makes_the_list_anew_in_a_while(
    records: Records, job: ChecksDue
) -> None:
    list(job.asked(NOON_NS))
    records.alerts.save(alert("al-1", "b-01", Level.RED), [])
    job.work(under(records))
    assert list(job.asked(NOON_NS + MINUTE_NS)) == []
    assert len(list(job.asked(NOON_NS + 12 * MINUTE_NS))) == 1
