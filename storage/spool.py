"""The spool: what was acknowledged waits here, synced to disk, until it is stored and judged."""

import sqlite3
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from domain.accounts import DayAccount, Released
from domain.arrivals import Arrivals, Committed
from domain.errors import StoreUnavailable
from domain.gateway_clocks import ClockNote, ClockRules, GatewayClock
from domain.ledger import AccountDay, Admission, Ledger, Release, day_text
from domain.numbering import NumberSet
from domain.ports import SpoolEntry
from domain.services import Health
from domain.timing import Counting
from storage.failures import Failures
from storage.spool_file import SpoolDamaged, SpoolFull, connect, open_file, take_lock
from storage.spool_held import (
    notes,
    put_clocks,
    put_held,
    put_left,
    take_clocks,
    take_held,
    waiting_by_gateway,
)
from storage.spool_marks import note_let_in, put_marks, take_marks, was_let_in
from storage.spool_rows import decode_row, encode_row, weight_of

log = structlog.get_logger()

_decode_reasons = msgspec.json.Decoder(tuple[tuple[str, str, int], ...]).decode

#: newest rows whose readings are remembered over a restart: two values at one instant are set
#: apart against them, and a spool of an older version has no marks yet
_ROWS_REMEMBERED = 50
#: rows of waiting readings that are looked at in one go
_HELD_AT_ONCE = 1_000
_PUT_NUMBERS = "INSERT OR REPLACE INTO numbers VALUES (?, ?, ?)"
_PUT_ACCOUNT = "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class SpoolReader:
    """The reading side: rows in order and the two cursors; several processes may hold one.

    Cursors move without waiting for the disk: after a power cut one may stand further back than
    it was, never further on, and the rows that it had passed are there again.

    Raises
    ------
    StoreUnavailable
        When there is no such file yet, or it is damaged.

    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise StoreUnavailable(f"spool {path} is not there; ingest makes it when it starts")
        self.path = path
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        with _told(path):
            self._reader = connect(path, synchronous="NORMAL")

    def after(self, offset: int, limit_readings: int) -> list[SpoolEntry]:
        """Read rows after an offset in order, at least one when there is any."""
        found: list[SpoolEntry] = []
        readings = 0
        with self._reading, _told(self.path):
            rows = self._reader.execute(
                "SELECT offset, readings, body FROM batches WHERE offset > ? ORDER BY offset",
                (offset,),
            )
            for at, count, body in rows:
                if found and readings + count > limit_readings:
                    break
                found.append(decode_row(at, body))
                readings += count
            rows.close()
        return found

    def cursor(self, name: Literal["stored", "judged"]) -> int:
        """Tell how far a reader of the spool has come; 0 at first."""
        return self._number("SELECT offset FROM cursors WHERE name = ?", name)

    def advance(self, name: Literal["stored", "judged"], offset: int) -> None:
        """Move a cursor on, never back, and drop the rows that both have passed."""
        with self._writing, self._reading, _told(self.path):
            self._reader.execute("BEGIN IMMEDIATE")
            try:
                self._reader.execute(
                    "UPDATE cursors SET offset = max(offset, ?) WHERE name = ?", (offset, name)
                )
                self._reader.execute(
                    "DELETE FROM batches WHERE offset <= (SELECT min(offset) FROM cursors)"
                )
                self._reader.execute("COMMIT")
            except sqlite3.Error:
                _roll_back(self._reader)
                raise

    def head(self) -> int:
        """Tell the offset of the newest row ever written; 0 when there was none."""
        return self._number("SELECT max(seq) FROM sqlite_sequence WHERE name = ?", "batches")

    def waiting(self) -> int:
        """Count the rows that are still held."""
        return self._number("SELECT count(*) FROM batches WHERE ? = ''", "")

    def waiting_readings(self) -> int:
        """Count the readings in the rows that are still held."""
        return self._number("SELECT sum(readings) FROM batches WHERE ? = ''", "")

    def _number(self, query: str, parameter: str) -> int:
        with self._reading, _told(self.path):
            row = self._reader.execute(query, (parameter,)).fetchone()
        return int(row[0] or 0) if row else 0

    def close(self) -> None:
        """Let go of the file."""
        with self._reading:
            self._reader.close()


class SqliteSpool(SpoolReader):
    """The spool with its one writer.

    Each batch is one transaction with `synchronous=FULL`: the new numbers, the day accounts, the
    refusals and the readings become durable together or not at all.

    Parameters
    ----------
    limit_bytes
        The file grows to about this; then `write` refuses until rows have been dropped.
    start_after
        Offsets begin after this at the least: the cursor that the records hold, so that a
        spool that was lost and begun anew is not taken for one that was judged already.

    Raises
    ------
    Conflict
        When the spool has a writer already.
    SpoolDamaged
        When the file is damaged; it has then been moved aside.
    StoreUnavailable
        When the file cannot be made or opened.

    """

    def __init__(
        self,
        path: Path,
        *,
        limit_bytes: int,
        start_after: int = 0,
        clock_rules: ClockRules | None = None,
    ) -> None:
        self._lock = take_lock(path)
        try:
            self._writer = open_file(path, synchronous="FULL")
            super().__init__(path)
        except BaseException:
            self._lock.close()
            raise
        self._limit_bytes = limit_bytes
        self._trouble = ""
        #: set after each row that was written; whoever waits for rows clears it
        self.written = threading.Event()
        #: writes that failed for another reason than the limit
        self.failures = Failures()
        self._ledger = Ledger(
            self._load_numbers,
            self._load_account,
            clock_rules or ClockRules(),
            take_clocks(self._writer),
            take_marks(self._writer),
        )
        self._anything_held = bool(waiting_by_gateway(self._writer))
        head = self.head()
        for entry in self.after(head - _ROWS_REMEMBERED, 10**6):
            self._ledger.remember(entry.batch)
        if head < start_after:
            with _told(path):
                self._writer.execute("DELETE FROM sqlite_sequence WHERE name = 'batches'")
                self._writer.execute(
                    "INSERT INTO sqlite_sequence VALUES ('batches', ?)", (start_after,)
                )

    def write(self, arrivals: Arrivals) -> Committed:
        """Drop what came before, keep the rest with its accounts; durable when this returns.

        Raises
        ------
        StoreUnavailable
            When nothing was promised and nothing has changed; the same call may be made again.

        """
        with self._writing:
            try:
                with _told(self.path):
                    self._refuse_when_full()
                    admission = self._ledger.admit(arrivals)
                    offset = self._commit(admission, arrivals)
            except StoreUnavailable as error:
                self._trouble = str(error)
                if not isinstance(error, SpoolFull):
                    self.failures.failed()
                raise
            self._trouble = ""
            self.failures.succeeded()
            self._ledger.keep(admission)
        return self._said(admission, offset)

    def let_in(self, arrivals: Arrivals, released: Released) -> Committed | None:
        """Take in the readings of a refusal after all, once.

        Parameters
        ----------
        arrivals
            Made from the refusal; nothing of them is refused.

        Returns
        -------
        Committed or None
            `None` when they were let in before: nothing has changed.

        Raises
        ------
        StoreUnavailable
            As `write`.

        """
        with self._writing, _told(self.path):
            if was_let_in(self._writer, released.refusal_id):
                return None
            self._refuse_when_full()
            admission = self._ledger.admit(arrivals, released)
            offset = self._commit(admission, arrivals, released)
            self._ledger.keep(admission)
        return self._said(admission, offset)

    def _said(self, admission: Admission, offset: int) -> Committed:
        for gateway_id, boot in admission.restarted:
            log.warning("gateway counts anew without a new boot", gateway=gateway_id, boot=boot)
        self._anything_held |= bool(admission.held)
        return Committed(
            offset,
            admission.stored,
            admission.duplicate,
            admission.rejected,
            admission.quarantined,
            admission.receipts,
        )

    def release(self, now_ns: int) -> int:
        """Let readings whose time is known by now out of quarantine; tell how many.

        Raises
        ------
        StoreUnavailable
            When nothing has changed; the same call may be made again.

        """
        if not self._anything_held:
            return 0
        with self._writing, _told(self.path):
            held = take_held(self._writer, _HELD_AT_ONCE)
            self._anything_held = bool(held)
            release = self._ledger.release(held, now_ns)
            if release is None:
                return 0
            self._commit_release(release)
            self._ledger.keep_release(release)
        log.info("readings released from quarantine", readings=len(release.batch))
        return len(release.batch)

    def _commit_release(self, release: Release) -> None:
        writer = self._writer
        writer.execute("BEGIN IMMEDIATE")
        try:
            put_left(writer, release.left)
            self._put_accounts(release.accounts)
            noted = {one.counting: self._ledger.clocks.get(one.counting) for one in release.left}
            told = {key: clock or GatewayClock() for key, clock in noted.items()}
            body = encode_row(
                release.batch,
                (),
                tuple(release.accounts.values()),
                (),
                notes(told, waiting_by_gateway(writer)),
            )
            writer.execute(
                "INSERT INTO batches (readings, body) VALUES (?, ?)", (len(release.batch), body)
            )
            writer.execute("COMMIT")
            self.written.set()
        except sqlite3.Error:
            _roll_back(writer)
            raise

    def _put_accounts(self, accounts: Mapping[AccountDay, DayAccount]) -> None:
        self._writer.executemany(
            _PUT_ACCOUNT,
            [
                (
                    *(*key, a.stored, a.rejected, a.quarantined, a.duplicate, a.missing),
                    msgspec.json.encode(a.reasons).decode() if a.reasons else "[]",
                )
                for key, a in accounts.items()
            ],
        )

    def _commit(
        self, admission: Admission, arrivals: Arrivals, released: Released | None = None
    ) -> int:
        writer = self._writer
        writer.execute("BEGIN IMMEDIATE")
        try:
            told: tuple[ClockNote, ...] = ()
            if admission.clocks:
                put_held(writer, admission.held)
                put_clocks(writer, admission.clocks)
                told = notes(admission.clocks, waiting_by_gateway(writer))
            body = encode_row(
                admission.batch,
                admission.refusals,
                tuple(admission.accounts.values()),
                arrivals.statuses,
                told,
                admission.waves,
                admission.gaps,
            )
            weight = len(admission.batch) + weight_of(admission.waves)
            writer.executemany(
                _PUT_NUMBERS,
                [(*key, numbers.to_bytes()) for key, numbers in admission.numbers.items()],
            )
            self._put_accounts(admission.accounts)
            put_marks(writer, admission.marks, self._ledger.recent.half)
            if released is not None:
                note_let_in(writer, released.refusal_id)
            offset = writer.execute(
                "INSERT INTO batches (readings, body) VALUES (?, ?)", (weight, body)
            ).lastrowid
            writer.execute("COMMIT")
            self.written.set()
        except sqlite3.Error:
            _roll_back(writer)
            raise
        assert offset is not None  # noqa: S101
        return offset

    def _refuse_when_full(self) -> None:
        held = self.held_bytes()
        if held >= self._limit_bytes:
            self.failures.succeeded()  # it is the limit now, and no longer the disk
            raise SpoolFull(
                f"spool {self.path} must hold less than {self._limit_bytes} bytes, holds {held}: "
                "is the readings store or the pipeline behind?"
            )

    def held_bytes(self) -> int:
        """Tell how much of the file is in use."""
        execute = self._writer.execute
        pages = execute("PRAGMA page_count").fetchone()[0]
        free = execute("PRAGMA freelist_count").fetchone()[0]
        return int((pages - free) * execute("PRAGMA page_size").fetchone()[0])

    def full_percent(self) -> float:
        """Tell how much of its limit the spool holds, %."""
        with self._writing, _told(self.path):
            return 100.0 * self.held_bytes() / self._limit_bytes

    def _load_numbers(self, counting: Counting) -> NumberSet | None:
        row = self._writer.execute(
            "SELECT numbers FROM numbers WHERE gateway = ? AND boot = ?", counting
        ).fetchone()
        return None if row is None else NumberSet.from_bytes(row[0])

    def _load_account(self, key: AccountDay) -> DayAccount | None:
        row = self._writer.execute(
            "SELECT stored, rejected, quarantined, duplicate, missing, reasons FROM accounts"
            " WHERE gateway = ? AND day = ?",
            key,
        ).fetchone()
        if row is None:
            return None
        stored, rejected, quarantined, duplicate, missing, reasons = row
        figures = (stored, rejected, quarantined, duplicate, missing)
        return DayAccount(key[0], day_text(key[1]), *figures, _decode_reasons(reasons))

    def health(self) -> Health:
        """Tell how full it is and whether it takes readings."""
        with self._writing:
            held = self.held_bytes()
        figures = (
            ("rows waiting", float(self.waiting())),
            ("bytes held", float(held)),
            ("bytes limit", float(self._limit_bytes)),
        )
        if self._trouble:
            return Health("spool", "degraded", self._trouble, figures, "not taking")
        return Health("spool", "ok", "", figures, "taking")

    def close(self) -> None:
        """Let go of the file and of the lock."""
        with self._writing:
            super().close()
            self._writer.close()
            self._lock.close()


class _told:  # noqa: N801
    """Turns SQLite's errors into ours."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.OperationalError):
            raise StoreUnavailable(f"spool {self._path} does not take or give: {error}") from None
        if isinstance(error, sqlite3.DatabaseError | msgspec.DecodeError):
            raise SpoolDamaged(
                f"spool {self._path} is damaged ({error}); stop and start again to have it "
                "checked and moved aside"
            ) from None


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # after some errors SQLite has done it already
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
