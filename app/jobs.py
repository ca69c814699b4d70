"""The role `jobs`: timed work, in the one process that holds the lease.

APScheduler only wakes functions that look at what is due *by our clock*: in the accelerated story
that clock is virtual, and a timetable of APScheduler's own would go by the machine's. It keeps
nothing either (no job store: two processes on one of those run a job twice); which moments had
their run is told by rows that are unique by job and moment, and who may run them by a lease with
a fencing number, so that a process that stood still cannot write over the one that took over.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from domain.clock import SECOND_NS, Clock
from domain.errors import Conflict, StoreUnavailable
from domain.jobs import JobRun, JobStore, Lease, RunState, Timetable
from domain.services import Health

log = structlog.get_logger()
# a wake-up that finds the last one still at work is left out: that is meant, and no warning
logging.getLogger("apscheduler").setLevel(logging.ERROR)

LEASE = "jobs"
#: a run that a store was away for is begun again so often, then it has failed
TRIES_MAX = 20
_TEXT = 400


class JobStopped(Exception):
    """The process ends, or the lease has passed on: the run is put up again."""


class Under:
    """What a run works under: its row, its fence, and whether to go on.

    Parameters
    ----------
    run
        As it was begun.
    goes_on
        Tells whether the lease is held and the process is not about to end.

    """

    def __init__(self, run: JobRun, store: JobStore, goes_on: Callable[[], bool]) -> None:
        self.run, self._store, self._goes_on = run, store, goes_on

    def note(self, done: int, of: int) -> None:
        """Note how far the run is.

        Raises
        ------
        JobStopped
            When it must not go on.

        """
        self.check()
        self.run = replace(self.run, done=done, of=of)
        self._store.note(self.run)

    def check(self) -> None:
        """Leave off when the run must not go on.

        Raises
        ------
        JobStopped
            When the process ends or the lease has passed on.

        """
        if not self._goes_on():
            raise JobStopped


def _nothing_asked(now_ns: int) -> Sequence[JobRun]:
    return ()


@dataclass(frozen=True, slots=True)
class Job:
    """One timed job.

    Parameters
    ----------
    work
        Does one run and tells in words what came of it; doing it again must do no harm.
    asked
        Tells, at a moment, what runs are wanted beside the timetable.

    """

    name: str
    timetable: Timetable
    work: Callable[[Under], str]
    asked: Callable[[int], Iterable[JobRun]] = _nothing_asked


class Jobs:
    """Holds the lease when it can, and runs what is due.

    Parameters
    ----------
    clock
        The one of readings: what is due is told by it.
    wall_clock
        The real time, for the lease.
    holder
        Names this process.
    lease_s
        How long a holder may be silent before another process takes over.
    look_s
        Time between two looks at what is due, in real time.
    retry_s
        Longest rest before a run that a store was away for is begun again.

    """

    def __init__(
        self,
        store: JobStore,
        jobs: Sequence[Job],
        clock: Clock,
        wall_clock: Clock,
        holder: str,
        *,
        lease_s: float = 20.0,
        look_s: float = 1.0,
        retry_s: float = 30.0,
    ) -> None:
        self._store, self._jobs = store, {job.name: job for job in jobs}
        self._clock, self._wall_clock, self._holder = clock, wall_clock, holder
        self._lease_s, self._look_s, self._retry_s = lease_s, look_s, retry_s
        self._lease: Lease | None = None
        self._stopping = threading.Event()
        self._newest: dict[str, JobRun] = {}
        self._scheduler: BackgroundScheduler | None = None

    def start(self) -> None:
        """Look from now on."""
        scheduler = BackgroundScheduler(timezone=UTC)
        wake = {"trigger": "interval", "max_instances": 1, "coalesce": True}
        scheduler.add_job(self._safely, seconds=self._lease_s / 4, args=[self.hold], **wake)
        for name in self._jobs:
            scheduler.add_job(self._safely, seconds=self._look_s, args=[self.look, name], **wake)
        self._safely(self.hold)
        scheduler.start()
        self._scheduler = scheduler

    def stop(self) -> None:
        """Leave off as soon as each run lets itself be stopped, and give the lease back."""
        self._stopping.set()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
        lease, self._lease = self._lease, None
        if lease is not None:
            try:
                self._store.leave_lease(LEASE, lease.fence)
            except StoreUnavailable:
                log.warning("the lease of the jobs could not be given back; it runs out")

    def hold(self) -> bool:
        """Take the lease or keep it; tell whether this process has it now."""
        now_ns = self._wall_clock.now_ns()
        until_ns = now_ns + int(self._lease_s * SECOND_NS)
        had = self._lease
        now = self._store.take_lease(LEASE, self._holder, now_ns, until_ns)
        if now.holder != self._holder:
            if had is not None:
                log.warning("the lease of the jobs has passed on", holder=now.holder)
            self._lease = None
            return False
        if had is None or had.fence != now.fence:
            again = self._store.adopt(LEASE, now.fence)
            log.info("this process runs the jobs", fence=now.fence, begun_before=again)
        self._lease = now
        return True

    @property
    def fence(self) -> int | None:
        """The fence under which this process runs jobs; `None`: it does not."""
        lease = self._lease
        if lease is None or self._wall_clock.now_ns() >= lease.until_ns:
            return None
        return lease.fence

    def look(self, name: str) -> int:
        """Run what is due of one job; tell how many runs that were."""
        job, ran = self._jobs[name], 0
        if self.fence is None:
            return 0
        now_ns = self._clock.now_ns()
        for due_ns in job.timetable.due(self._store.last_due_ns(name), now_ns):
            self._store.ask(JobRun(name, due_ns, RunState.ASKED))
        for wanted in job.asked(now_ns):
            self._store.ask(wanted)
        for run in self._store.waiting():
            fence = self.fence
            if run.job == name and fence is not None and not self._stopping.is_set():
                ran += self._run(job, run, fence)
        return ran

    def health(self) -> Health:
        """Tell whether this process runs the jobs, and how far the newest run of each is."""
        figures: list[tuple[str, float]] = []
        failed = []
        for name in self._jobs:
            run = self._newest.get(name)
            if run is None:
                continue
            if run.of:
                figures += [(f"{name} done", float(run.done)), (f"{name} of", float(run.of))]
            if run.state is RunState.FAILED:
                failed.append(f"{name}: {run.text}")
        if failed:
            return Health("jobs", "degraded", "; ".join(failed), tuple(figures), "failed")
        if self.fence is None:
            return Health("jobs", "ok", "", tuple(figures), "waiting")
        return Health("jobs", "ok", "", tuple(figures), "leading")

    def _run(self, job: Job, waiting: JobRun, fence: int) -> int:
        run = replace(
            waiting,
            state=RunState.RUNNING,
            fence=fence,
            tries=waiting.tries + 1,
            begun_at_ns=self._clock.now_ns(),
            ended_at_ns=None,
        )
        if not self._store.begin(LEASE, run):
            return 0
        under = Under(run, self._store, lambda: self._may_go_on(fence))
        self._newest[job.name] = run
        state, text = RunState.DONE, ""
        try:
            text = job.work(_Seen(under, self._newest, job.name))
        except (JobStopped, Conflict) as error:
            # the lease has passed on, or somebody was faster: whoever holds it does it again
            log.info("a run was left off", job=job.name, error=repr(error))
            state = RunState.ASKED
        except StoreUnavailable as error:
            state = RunState.ASKED if run.tries < TRIES_MAX else RunState.FAILED
            text = str(error)
            log.warning("a store is away; the run is begun again", job=job.name, error=text)
            self._stopping.wait(min(self._retry_s, run.tries))
        except Exception as error:
            # the edge of the thread: the other jobs go on, and the health page says so
            log.exception("a job failed", job=job.name, due_at_ns=run.due_at_ns)
            state, text = RunState.FAILED, repr(error)
        ended = replace(under.run, state=state, ended_at_ns=self._clock.now_ns(), text=text[:_TEXT])
        self._newest[job.name] = ended
        self._store.note(ended)
        return 1

    def _may_go_on(self, fence: int) -> bool:
        return not self._stopping.is_set() and self.fence == fence

    def _safely(self, step: Callable[..., object], *args: object) -> None:
        """Wake a step; what it cannot do now it does at the next look."""
        try:
            step(*args)
        except (StoreUnavailable, Conflict) as error:
            log.warning("jobs: trying again", error=str(error))
        except Exception:  # the edge of the thread
            log.exception("jobs: a look failed")


class _Seen(Under):
    """The same, and the health page sees how far it is."""

    def __init__(self, under: Under, newest: dict[str, JobRun], name: str) -> None:
        super().__init__(under.run, under._store, under._goes_on)
        self._under, self._newest, self._name = under, newest, name

    def note(self, done: int, of: int) -> None:
        """Note how far the run is."""
        super().note(done, of)
        self._under.run = self.run
        self._newest[self._name] = self.run
