"""The spool's SQLite file: its lock, its tables, and what is done when it is damaged."""

import fcntl
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from domain.errors import Conflict, SafetyError, StoreUnavailable

VERSION = 3

_FIRST = """
CREATE TABLE batches (
    offset INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice, rows gone or not
    readings INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE cursors (name TEXT PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO cursors VALUES ('stored', 0), ('judged', 0);
CREATE TABLE numbers (
    gateway TEXT NOT NULL,
    boot INTEGER NOT NULL,
    numbers BLOB NOT NULL,
    PRIMARY KEY (gateway, boot)
) WITHOUT ROWID;
CREATE TABLE accounts (
    gateway TEXT NOT NULL,
    day INTEGER NOT NULL, -- since 1970, UTC
    stored INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    PRIMARY KEY (gateway, day)
) WITHOUT ROWID;
"""
_SECOND = """
CREATE TABLE held ( -- readings in quarantine that wait for their time
    key INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    boot INTEGER NOT NULL,
    day INTEGER NOT NULL, -- of their arrival
    readings INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE clocks ( -- clocks that are not right
    gateway TEXT NOT NULL,
    boot INTEGER NOT NULL,
    numbers BLOB NOT NULL,
    PRIMARY KEY (gateway, boot)
) WITHOUT ROWID;
"""
_THIRD = """
ALTER TABLE accounts ADD COLUMN reasons TEXT NOT NULL DEFAULT '[]'; -- JSON
CREATE TABLE marks ( -- of what came without numbers
    half INTEGER NOT NULL,
    marks BLOB NOT NULL
);
CREATE INDEX marks_half ON marks (half);
CREATE TABLE released (refusal TEXT PRIMARY KEY) WITHOUT ROWID; -- let in after all
"""
#: what brings a file from each version to the next
_STEPS = (_FIRST, _SECOND, _THIRD)


class SpoolDamaged(StoreUnavailable):
    """The spool's file cannot be read; the text says where it was put."""


class SpoolFull(StoreUnavailable):
    """The spool holds as much as it may; what is not taken in stays with the sender."""


class SpoolTooNew(SafetyError):
    """The spool's file was written by a newer Anju."""


def take_lock(path: Path) -> BinaryIO:
    """Become the one writer of a spool until the returned file is closed.

    Raises
    ------
    Conflict
        When another process, or another part of this one, is its writer.
    StoreUnavailable
        When the folder cannot be written to.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("a+b")
    except OSError as error:
        raise StoreUnavailable(f"spool {path} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        owner = lock.read(20).decode("ascii", "replace").strip() or "unknown"
        lock.close()
        raise Conflict(
            f"spool {path} is already written to by process {owner}; "
            "two writers on one spool would count readings twice"
        ) from None
    with suppress(OSError):  # the pid is only for the message above: a full disk may forbid it
        lock.truncate(0)
        lock.write(str(os.getpid()).encode())
        lock.flush()
    return lock


def connect(path: Path, *, synchronous: str) -> sqlite3.Connection:
    """Open the file; transactions are begun and ended by hand."""
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def open_file(path: Path, *, synchronous: str) -> sqlite3.Connection:
    """Open the file for its writer; make it when it is not there.

    Raises
    ------
    SpoolDamaged
        When it is no whole SQLite file; it has then been moved aside.
    SpoolTooNew
        When a newer Anju wrote it.
    StoreUnavailable
        When it cannot be opened or made.

    """
    try:
        connection = connect(path, synchronous=synchronous)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for step in range(version, VERSION):
            connection.executescript(
                f"BEGIN;{_STEPS[step]};PRAGMA user_version = {step + 1};COMMIT;"
            )
        (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "malformed" in str(error):
            raise _moved_aside(path, str(error)) from None
        raise StoreUnavailable(f"spool {path} cannot be opened: {error}") from None
    except sqlite3.DatabaseError as error:
        raise _moved_aside(path, str(error)) from None
    if state != "ok":
        connection.close()
        raise _moved_aside(path, state)
    if version > VERSION:
        connection.close()
        raise SpoolTooNew(f"spool {path} must have version {VERSION} or older, got {version}")
    return connection


def _moved_aside(path: Path, reason: str) -> SpoolDamaged:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(f"{aside}{ending}")
    return SpoolDamaged(
        f"spool {path} is damaged ({reason.splitlines()[-1][:200]}); it was moved to {aside}. "
        "Readings in it that were not yet stored are not in the store; start again to go on "
        "with an empty spool"
    )
