"""Timed jobs: when each is due, what is made up for after a pause, and who may run them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

#: moments that are made up for one by one, at the most
MADE_UP_MAX = 400


class CatchUp(StrEnum):
    """What becomes of moments that passed while nobody ran jobs."""

    NONE = "none"
    LATEST = "latest"
    EACH = "each"


@dataclass(frozen=True, slots=True)
class Timetable:
    """Moments at equal distances: `offset_ns + k * every_ns`.

    A country without summer time needs no more to say "every night at two".

    Parameters
    ----------
    every_ns
        Above 0.
    offset_ns
        From 1970-01-01 UTC: 18 h is two o'clock in Nanchang.

    """

    every_ns: int
    offset_ns: int = 0
    catch_up: CatchUp = CatchUp.LATEST

    def due(self, last_ns: int | None, now_ns: int) -> list[int]:
        """List the moments that are due, oldest first.

        Parameters
        ----------
        last_ns
            Newest moment that has a row; `None`: none has, and only the latest counts.

        Examples
        --------
        >>> Timetable(10, catch_up=CatchUp.EACH).due(10, 35)
        [20, 30]
        >>> Timetable(10).due(10, 35), Timetable(10).due(30, 35), Timetable(10).due(None, 35)
        ([30], [], [30])
        >>> Timetable(10, catch_up=CatchUp.NONE).due(10, 35)
        []
        >>> Timetable(10, catch_up=CatchUp.NONE).due(20, 35)
        [30]

        """
        newest_ns = self.latest(now_ns)
        if last_ns is not None and newest_ns <= last_ns:
            return []
        if last_ns is None or self.catch_up is CatchUp.LATEST:
            return [newest_ns]
        missed = list(self._after(last_ns, newest_ns))
        if self.catch_up is CatchUp.EACH:
            return missed[-MADE_UP_MAX:]
        return missed if len(missed) == 1 else []

    def latest(self, now_ns: int) -> int:
        """Tell the newest moment that is not in the future."""
        return (now_ns - self.offset_ns) // self.every_ns * self.every_ns + self.offset_ns

    def _after(self, last_ns: int, newest_ns: int) -> Iterator[int]:
        first_ns = self.latest(last_ns) + self.every_ns
        first_ns = max(first_ns, newest_ns - MADE_UP_MAX * self.every_ns)
        return iter(range(first_ns, newest_ns + 1, self.every_ns))


class RunState(StrEnum):
    """Where one run of a job stands."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobRun:
    """One moment of one job; there is one row for each, whoever runs it.

    Parameters
    ----------
    due_at_ns
        The moment that it was due at, by the clock of readings.
    detail
        What is to be done where a job can do a part: ids of buildings with blanks between.
    fence
        Of the lease under which it was begun; 0 while it waits.
    done, of
        How far it is.

    """

    job: str
    due_at_ns: int
    state: RunState
    asked_by: str = ""
    detail: str = ""
    fence: int = 0
    tries: int = 0
    begun_at_ns: int | None = None
    ended_at_ns: int | None = None
    done: int = 0
    of: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who does something that only one process may do, until when, in real time.

    Parameters
    ----------
    fence
        Rises by one with each new holder; whatever the holder writes bears it.

    """

    name: str
    holder: str
    fence: int
    until_ns: int


class JobStore(Protocol):
    """Keeps the lease and every moment of every job."""

    def take_lease(self, name: str, holder: str, now_ns: int, until_ns: int) -> Lease:
        """Take or keep a lease that is free, over, or one's own; answer who has it now.

        Raises
        ------
        StoreUnavailable
            When the records are away.

        """
        ...

    def leave_lease(self, name: str, fence: int) -> None:
        """Give a lease back, if one still has it."""
        ...

    def holds(self, name: str, fence: int) -> bool:
        """Tell whether a fence is still the newest one of a lease."""
        ...

    def ask(self, run: JobRun) -> bool:
        """Put a moment of a job up to be run; `False`: it has a row already."""
        ...

    def adopt(self, lease: str, fence: int) -> int:
        """Put what an earlier holder began and never ended up again; tell how many."""
        ...

    def begin(self, lease: str, run: JobRun) -> bool:
        """Note that a run begins; `False`: it has begun already, or the lease is lost."""
        ...

    def note(self, run: JobRun) -> None:
        """Note how far a run is, or how it ended; of an older fence it is left out."""
        ...

    def waiting(self) -> list[JobRun]:
        """List what was asked for and has not begun, oldest moment first."""
        ...

    def last_due_ns(self, job: str) -> int | None:
        """Tell the newest moment of a job that came from its timetable; `None`: none has a row."""
        ...

    def runs(self, job: str = "", limit: int = 50) -> list[JobRun]:
        """List runs, the newest moment first."""
        ...

    def run(self, job: str, due_at_ns: int) -> JobRun | None:
        """Read one run."""
        ...
