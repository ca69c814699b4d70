"""Timed jobs on both databases: one holder, each moment once, made up for after a pause."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from app.jobs import LEASE, Job, Jobs, Under
from domain.clock import HOUR_NS, SECOND_NS, VirtualClock
from domain.errors import Conflict, StoreUnavailable
from domain.jobs import CatchUp, JobRun, RunState, Timetable
from storage.records import Records
from tests.contract.conftest import NOON_NS as START_NS

NOON_NS = START_NS // HOUR_NS * HOUR_NS
HOURLY = Timetable(HOUR_NS, catch_up=CatchUp.LATEST)


@dataclass
class Process:
    """One process with jobs, its clocks moved by hand."""

    records: Records
    name: str
    timetable: Timetable = HOURLY
    fails: list[Exception] = field(default_factory=list)
    ran: list[int] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.clock, self.wall = VirtualClock(NOON_NS + 5), VirtualClock(NOON_NS)
        job = Job("count", self.timetable, self.work, self.wanted)
        self.extra: list[JobRun] = []
        self.jobs = Jobs(
            self.records.jobs, [job], self.clock, self.wall, self.name, look_s=0.05, retry_s=0.0
        )

    def work(self, under: Under) -> str:
        under.note(0, 2)
        self.meanwhile()
        if self.fails:
            raise self.fails.pop(0)
        self.ran.append(under.run.due_at_ns)
        under.note(2, 2)
        return "counted"

    def wanted(self, now_ns: int) -> list[JobRun]:
        return self.extra

    def later(self, hours: float) -> None:
        self.clock.advance_to(self.clock.now_ns() + int(hours * HOUR_NS))


def test_one_process_runs_a_moment_and_no_other_runs_it_again(records: Records) -> None:
    first, second = Process(records, "one:1"), Process(records, "two:2")
    assert (first.jobs.hold(), second.jobs.hold()) == (True, False)
    assert (first.jobs.look("count"), second.jobs.look("count")) == (1, 0)
    assert first.jobs.look("count") == 0
    assert (first.ran, second.ran) == ([NOON_NS], [])
    (run,) = records.jobs.runs()
    assert (run.state, run.done, run.of, run.text, run.fence) == (
        RunState.DONE, 2, 2, "counted", 1,
    )  # fmt: skip
    assert first.jobs.health().figures == (("count done", 2.0), ("count of", 2.0))
    assert (first.jobs.health().code, second.jobs.health().code) == ("leading", "waiting")


@pytest.mark.parametrize(
    ("rule", "hours"),
    [(CatchUp.LATEST, [0, 5]), (CatchUp.EACH, [0, 1, 2, 3, 4, 5]), (CatchUp.NONE, [0])],
)
def test_a_pause_is_made_up_for_by_the_jobs_own_rule(
    records: Records, rule: CatchUp, hours: list[int]
) -> None:
    process = Process(records, "one:1", Timetable(HOUR_NS, catch_up=rule))
    process.jobs.hold()
    process.jobs.look("count")
    process.later(5)
    process.jobs.look("count")
    assert process.ran == [NOON_NS + hour * HOUR_NS for hour in hours]


def test_whoever_takes_over_does_what_was_begun_again_and_the_old_one_writes_nothing(
    records: Records,
) -> None:
    old, new = Process(records, "one:1"), Process(records, "two:2")
    old.jobs.hold()

    def pass_on() -> None:
        # it stood still for longer than its lease while another process took over
        for process in (old, new):
            process.wall.advance_to(NOON_NS + 30 * SECOND_NS)
        assert new.jobs.hold()

    old.meanwhile = pass_on
    old.jobs.look("count")
    assert new.jobs.look("count") == 1
    (run,) = records.jobs.runs()
    assert (run.state, run.fence, run.tries) == (RunState.DONE, 2, 2)
    assert new.ran == [NOON_NS]
    with pytest.raises(Conflict, match="has passed on"):
        records.assessments.put([], LEASE, 1)
    assert records.assessments.put([], LEASE, 2) == 0
    assert not old.jobs.hold()


def test_a_lease_that_was_given_back_is_taken_at_once(records: Records) -> None:
    old, new = Process(records, "one:1"), Process(records, "two:2")
    assert old.jobs.hold()
    assert not new.jobs.hold()
    old.jobs.stop()
    assert new.jobs.hold()
    assert new.jobs.fence == 2


def test_of_many_that_start_at_once_one_has_the_lease(
    records: Records, open_again: Callable[[], Records]
) -> None:
    gate = threading.Barrier(5)
    held = []

    def start(name: str, mine: Records) -> None:
        process = Process(mine, name)
        gate.wait()
        held.append(process.jobs.hold())

    threads = [threading.Thread(target=start, args=(f"p:{n}", open_again())) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(held) == [False] * 4 + [True]


def test_a_store_that_is_away_puts_the_run_up_again_and_an_error_of_ours_does_not(
    records: Records,
) -> None:
    process = Process(records, "one:1", fails=[StoreUnavailable("away")])
    process.jobs.hold()
    process.jobs.look("count")
    assert process.ran == []
    process.jobs.look("count")
    assert process.ran == [NOON_NS]
    process.later(1)
    process.fails = [ValueError("not understood")]
    process.jobs.look("count")
    assert process.jobs.look("count") == 0
    assert records.jobs.runs()[0].state is RunState.FAILED
    health = process.jobs.health()
    assert (health.state, health.code) == ("degraded", "failed")
    assert "not understood" in health.text
    process.later(1)
    process.jobs.look("count")
    assert process.jobs.health().state == "ok"


def test_what_is_asked_for_beside_the_timetable_runs_once_and_moves_no_timetable(
    records: Records,
) -> None:
    process = Process(records, "one:1")
    process.jobs.hold()
    process.jobs.look("count")
    process.later(0.5)
    asked_ns = process.clock.now_ns()
    process.extra = [JobRun("count", asked_ns, RunState.ASKED, "alert", "b-1 b-2")]
    process.jobs.look("count")
    process.jobs.look("count")
    assert process.ran == [NOON_NS, asked_ns]
    assert records.jobs.last_due_ns("count") == NOON_NS
    process.later(0.6)
    process.jobs.look("count")
    assert process.ran[-1] == NOON_NS + HOUR_NS


def test_the_scheduler_wakes_the_jobs_and_stops_in_good_order(records: Records) -> None:
    process = Process(records, "one:1")
    done = threading.Event()
    process.meanwhile = done.set
    process.jobs.start()
    try:
        assert done.wait(30)
    finally:
        process.jobs.stop()
    assert process.jobs.fence is None
    assert not any(t.name.startswith("APScheduler") for t in threading.enumerate())
