"""The lease of the jobs and every moment of every job, in the records database."""

from dataclasses import replace

from sqlalchemy import Connection, func, select

from domain.errors import Conflict
from domain.jobs import JobRun, Lease, RunState
from storage.records import tables_assessments as tables
from storage.records.engine import Database
from storage.records.rows import Rows, clean

RUNS = Rows(JobRun, tables.job_times, ("job", "due_at_ns"))
LEASES = Rows(Lease, tables.leases, ("name",))
_TEXT_LENGTH = 500


class RecordsJobs:
    """Leases and runs; a `domain.jobs.JobStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take_lease(self, name: str, holder: str, now_ns: int, until_ns: int) -> Lease:
        """Take or keep a lease that is free, over, or one's own; answer who has it now."""
        with self._database.writing() as connection:
            # the row is there before it is locked, so that two newcomers wait for each other
            LEASES.insert_missing(connection, [Lease(name, "", 0, 0)])
            held = _locked(connection, name)
            if held.holder == holder:
                kept = replace(held, until_ns=until_ns)
            elif held.until_ns <= now_ns:
                kept = Lease(name, holder, held.fence + 1, until_ns)
            else:
                return held
            LEASES.replace(connection, kept)
            return kept

    def leave_lease(self, name: str, fence: int) -> None:
        """Give a lease back, if one still has it."""
        t = tables.leases
        statement = t.update().where(t.c.name == name, t.c.fence == fence)
        with self._database.writing() as connection:
            connection.execute(statement.values(holder="", until_ns=0))

    def holds(self, name: str, fence: int) -> bool:
        """Tell whether a fence is still the newest one of a lease."""
        with self._database.reading() as connection:
            held = LEASES.one(connection, name)
            return held is not None and held.fence == fence

    def ask(self, run: JobRun) -> bool:
        """Put a moment of a job up to be run; `False`: it has a row already."""
        with self._database.writing() as connection:
            if RUNS.one(connection, run.job, run.due_at_ns) is not None:
                return False
            RUNS.insert_missing(connection, [run])
            return True

    def adopt(self, lease: str, fence: int) -> int:
        """Put what an earlier holder began and never ended up again; tell how many."""
        t = tables.job_times
        statement = t.update().where(t.c.state == RunState.RUNNING, t.c.fence < fence)
        with self._database.writing() as connection:
            check_fence(connection, lease, fence)
            return int(connection.execute(statement.values(state=RunState.ASKED)).rowcount)

    def begin(self, lease: str, run: JobRun) -> bool:
        """Note that a run begins; `False`: it has begun already, or the lease is lost."""
        t = tables.job_times
        with self._database.writing() as connection:
            try:
                check_fence(connection, lease, run.fence)
            except Conflict:
                return False
            return RUNS.replace(connection, run, t.c.state == RunState.ASKED)

    def note(self, run: JobRun) -> None:
        """Note how far a run is, or how it ended; of an older fence it is left out."""
        t = tables.job_times
        with self._database.writing() as connection:
            said = replace(run, text=clean(run.text, _TEXT_LENGTH))
            RUNS.replace(connection, said, t.c.fence <= run.fence)

    def waiting(self) -> list[JobRun]:
        """List what was asked for and has not begun, oldest moment first."""
        c = tables.job_times.c
        question = RUNS.select().where(c.state == RunState.ASKED).order_by(c.due_at_ns, c.job)
        with self._database.reading() as connection:
            return RUNS.many(connection, question)

    def last_due_ns(self, job: str) -> int | None:
        """Tell the newest moment of a job that came from its timetable; `None`: none has a row."""
        c = tables.job_times.c
        question = select(func.max(c.due_at_ns)).where(c.job == job, c.asked_by == "")
        with self._database.reading() as connection:
            newest = connection.execute(question).scalar()
            return None if newest is None else int(newest)

    def runs(self, job: str = "", limit: int = 50) -> list[JobRun]:
        """List runs, the newest moment first."""
        c = tables.job_times.c
        question = RUNS.select().order_by(c.due_at_ns.desc(), c.job).limit(limit)
        if job:
            question = question.where(c.job == job)
        with self._database.reading() as connection:
            return RUNS.many(connection, question)

    def run(self, job: str, due_at_ns: int) -> JobRun | None:
        """Read one run."""
        with self._database.reading() as connection:
            return RUNS.one(connection, job, due_at_ns)


def check_fence(connection: Connection, lease: str, fence: int) -> None:
    """Refuse what an earlier holder of a lease writes; a later one waits for our commit.

    Raises
    ------
    Conflict
        When the fence is not the newest one.

    """
    held = _locked(connection, lease)
    if held.fence != fence:
        raise Conflict(f"lease {lease!r} has passed on: fence {held.fence}, got {fence}")


def _locked(connection: Connection, name: str) -> Lease:
    t = tables.leases
    question = LEASES.select().where(t.c.name == name).with_for_update()
    row = connection.execute(question).first()
    return Lease(name, "", 0, 0) if row is None else Lease(*row)
