"""The buffer on disk: numbers readings, and keeps each until Anju says that it has it."""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("anju_gateway")

#: seconds are counted from 2020, so that they fit into 31 bits until 2088
_BOOTS_FROM_S = 1_577_836_800
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    # AUTOINCREMENT: a number is never given twice, also when all rows are gone
    """CREATE TABLE IF NOT EXISTS readings (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        address TEXT NOT NULL,
        taken_at_ns INTEGER,
        value REAL NOT NULL,
        steady_ns INTEGER,
        run_id TEXT)""",
    "CREATE INDEX IF NOT EXISTS undated ON readings (run_id) WHERE taken_at_ns IS NULL",
)


class BufferFailed(Exception):
    """The buffer cannot be read or written; the reading was not taken."""


class BufferFull(BufferFailed):
    """The buffer holds as much as it may; the reading was not taken."""


class BufferInUse(BufferFailed):
    """Another program has this buffer open."""


@dataclass(frozen=True)
class Kept:
    """One reading in the buffer, with its number."""

    seq: int
    address: str
    taken_at_ns: int
    value: float


class Buffer:
    """Readings on disk, in the order of their numbers.

    Numbers go on over restarts of program and machine, so that the count of starts (`boot`)
    changes only when the file was lost: it is the moment when the file first knew the time.

    Parameters
    ----------
    path
        The file; made when missing. One that is damaged is put aside under another name.
    readings_max
        With so many, no more are taken.

    """

    def __init__(self, path: str | Path, readings_max: int = 5_000_000) -> None:
        self._path = Path(path)
        self._readings_max = readings_max
        self._lock = threading.RLock()
        try:
            self._database = self._open()
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise BufferInUse(f"{path} is in use by another program") from error
            if not self._path.is_file() or isinstance(error, sqlite3.OperationalError):
                raise BufferFailed(f"cannot open {path}: {error}") from error
            self._put_aside(error)
            self._database = self._open()
        self._count = self._number("SELECT count(*) FROM readings")

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            self._path, timeout=0.5, isolation_level=None, check_same_thread=False
        )
        try:
            # one program at a time: two would each send what the other has
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("PRAGMA journal_mode = WAL")
            # FULL: on disk when a commit returns, also when the power fails
            database.execute("PRAGMA synchronous = FULL")
            database.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                database.execute(statement)
            database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
        return database

    def _put_aside(self, error: sqlite3.DatabaseError) -> None:
        # a gateway in the field goes on with a new file; what can be saved is looked at later
        number = 1
        while (aside := self._path.with_name(f"{self._path.name}.damaged-{number}")).exists():
            number += 1
        log.error("the buffer is damaged (%s); it is put aside as %s", error, aside)
        self._path.rename(aside)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(OSError):
                self._path.with_name(self._path.name + suffix).rename(f"{aside}{suffix}")

    def __len__(self) -> int:
        """Count the readings that are kept."""
        return self._count

    def add(
        self, readings: Sequence[tuple[str, int | None, float]], steady_ns: int, run_id: str
    ) -> None:
        """Keep readings; they are on disk when this returns.

        Parameters
        ----------
        readings
            Address, moment in ns since 1970 UTC, value. A moment of `None`: the time of day was
            not known; it is told by `steady_ns` and `run_id` once it is.

        Raises
        ------
        BufferFull
            When it holds too many.
        BufferFailed
            When they cannot be written; none of them is kept.

        """
        with self._lock:
            if self._count + len(readings) > self._readings_max:
                raise BufferFull(f"{self._path} holds {self._count} readings, the most it may")
            with self._written() as database:
                database.executemany(
                    "INSERT INTO readings (address, taken_at_ns, value, steady_ns, run_id)"
                    " VALUES (?, ?, ?, ?, ?)",
                    [
                        (address, at_ns, value, None, None)
                        if at_ns is not None
                        else (address, None, value, steady_ns, run_id)
                        for address, at_ns, value in readings
                    ],
                )
            self._count += len(readings)

    def tell_time(self, now_ns: int, steady_ns: int, run_id: str) -> int:
        """Date what was taken before the time was known, and tell how many had to be given up.

        Readings of an earlier run of the machine cannot be dated any more. Their numbers stay
        unused, so that Anju shows them as missing.
        """
        with self._lock:
            known = self._number("SELECT count(*) FROM facts WHERE name = 'boot'")
            if known and not self._number(
                "SELECT EXISTS (SELECT 1 FROM readings WHERE taken_at_ns IS NULL)"
            ):
                return 0
            with self._written() as database:
                boot = now_ns // 1_000_000_000 - _BOOTS_FROM_S
                database.execute("INSERT OR IGNORE INTO facts VALUES ('boot', ?)", (boot,))
                database.execute(
                    "UPDATE readings SET taken_at_ns = ? + steady_ns, steady_ns = NULL,"
                    " run_id = NULL WHERE taken_at_ns IS NULL AND run_id = ? AND run_id <> ''"
                    " AND steady_ns <= ?",
                    (now_ns - steady_ns, run_id, steady_ns),
                )
                lost = database.execute("DELETE FROM readings WHERE taken_at_ns IS NULL").rowcount
            self._count -= lost
            return lost

    @property
    def boot(self) -> int:
        """Under which the readings are numbered; 0 as long as the time is not known."""
        return self._number("SELECT coalesce(max(value), 0) FROM facts WHERE name = 'boot'")

    def run_after(self, seq: int, limit: int) -> list[Kept]:
        """Read the readings after a number, without a gap between their numbers."""
        with self._lock, self._told():
            rows = self._database.execute(
                "SELECT seq, address, taken_at_ns, value FROM readings"
                " WHERE seq > ? AND taken_at_ns IS NOT NULL ORDER BY seq LIMIT ?",
                (seq, limit),
            ).fetchall()
        found: list[Kept] = []
        for row in rows:
            if found and row[0] != found[-1].seq + 1:
                break
            found.append(Kept(*row))
        return found

    def oldest(self) -> int:
        """Tell the lowest number that is kept; 0 when there is none."""
        return self._number("SELECT coalesce(min(seq), 0) FROM readings")

    def forget(self, upto: int, gaps: Iterable[tuple[int, int]]) -> int:
        """Forget the readings up to a number but for gaps (both ends in them); tells how many."""
        gone = start = 0
        with self._lock:
            with self._written() as database:
                for first, last in [*sorted(gaps), (upto + 1, upto + 1)]:
                    gone += database.execute(
                        "DELETE FROM readings WHERE seq >= ? AND seq < ? AND seq <= ?"
                        " AND taken_at_ns IS NOT NULL",
                        (start, first, upto),
                    ).rowcount
                    start = max(start, last + 1)
            self._count -= gone
        return gone

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def _number(self, question: str) -> int:
        with self._lock, self._told():
            return int(self._database.execute(question).fetchone()[0])

    @contextlib.contextmanager
    def _written(self) -> Iterator[sqlite3.Connection]:
        with self._told():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                # a full disk may have ended the transaction already
                with contextlib.suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise BufferFailed(f"{self._path}: {error}") from error
