"""The connection to the records database: one way for SQLite and PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from domain.clock import Clock
from domain.errors import Conflict, InvalidInput, SettingsInvalid, StoreUnavailable

#: how long a writer waits for another one before it gives up
LOCK_WAIT_S = 10
CONNECT_WAIT_S = 5
POOL_WAIT_S = 30
#: a server that vanished without a word is noticed after this long
SILENT_SERVER_MS = 15_000


def parse_url(text: str) -> URL:
    """Read `records.url`.

    Raises
    ------
    SettingsInvalid
        When it is neither `sqlite:////folder/records.db` nor `postgresql://…`.

    """
    wanted = "records.url must be sqlite:////folder/records.db or postgresql://user@host/database"
    try:
        url = make_url(text)
    except exc.ArgumentError:
        # the text is not shown: a password may stand in it
        raise SettingsInvalid(f"{wanted}, got something that is no URL") from None
    if url.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    shown = url.render_as_string(hide_password=True)
    if url.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise SettingsInvalid(f"{wanted}, got {shown!r}")
    if not url.database or url.database == ":memory:":
        raise SettingsInvalid(f"{wanted}; a file must be named, got {shown!r}")
    return url.set(drivername="sqlite+pysqlite")


class Database:
    """Hands out transactions and turns the driver's errors into ours.

    Parameters
    ----------
    url
        As `parse_url` returned it.
    clock
        Tells the moment of audit lines.

    """

    def __init__(self, url: URL, clock: Clock) -> None:
        self.url = url
        self.clock = clock
        self.shown = url.render_as_string(hide_password=True)
        self.engine = _sqlite(url) if url.drivername.startswith("sqlite") else _postgresql(url)
        self._writer = self.engine.execution_options(writing=True)
        self._reader = (
            # what a page reads in several questions must be of one moment
            self.engine.execution_options(isolation_level="REPEATABLE READ")
            if self.engine.dialect.name == "postgresql"
            else self.engine
        )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read in one snapshot.

        Raises
        ------
        StoreUnavailable
            When the database cannot be reached.

        """
        with self._translated(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write in one transaction: all or nothing.

        Raises
        ------
        Conflict
            When something of the kind is already there.
        InvalidInput
            When something refers to what is not there.
        StoreUnavailable
            When the database cannot be reached, is locked, full or read-only.

        """
        with self._translated(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except exc.IntegrityError as error:
            raise _broken_rule(error) from error
        except exc.TimeoutError as error:
            text = f"{self.shown}: no connection became free within {POOL_WAIT_S} s"
            raise StoreUnavailable(text) from error
        except exc.DataError as error:
            raise InvalidInput(f"the records database refuses a value: {_line(error)}") from error
        except exc.DBAPIError as error:
            if not _is_outage(error):
                raise
            raise StoreUnavailable(f"{self.shown}: {_line(error)}") from error
        except exc.StatementError as error:
            # a value that cannot even be sent: half a surrogate pair, an integer over 64 bits
            if not isinstance(error.orig, UnicodeError | OverflowError):
                raise
            raise InvalidInput(f"a value cannot be kept: {error.orig}") from error


def _line(error: exc.StatementError) -> str:
    """Give the driver's own words on one line, without the statement and its values."""
    return " ".join(str(error.orig).split())


def _is_outage(error: exc.DBAPIError) -> bool:
    if error.connection_invalidated or isinstance(
        error, exc.OperationalError | exc.InterfaceError | exc.InternalError
    ):
        return True
    return type(error.orig) is sqlite3.DatabaseError or isinstance(  # damaged, or no database
        error.orig, psycopg.errors.InsufficientPrivilege
    )


def _broken_rule(error: exc.IntegrityError) -> Conflict | InvalidInput:
    if isinstance(error.orig, psycopg.errors.ForeignKeyViolation) or "FOREIGN KEY" in str(
        error.orig
    ):
        return InvalidInput(f"refers to something that is not there: {_line(error)}")
    if isinstance(error.orig, psycopg.errors.NotNullViolation) or "NOT NULL" in str(error.orig):
        return InvalidInput(f"a value is missing or not finite: {_line(error)}")
    return Conflict(f"is already there: {_line(error)}")


def _sqlite(url: URL) -> Engine:
    # `?timeout=` in the address is the driver's own word for how long a writer waits
    waits = {} if "timeout" in url.query else {"timeout": LOCK_WAIT_S}
    engine = create_engine(url, connect_args=waits, pool_timeout=POOL_WAIT_S)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        # the driver's own idea of transactions begins them too late; we say BEGIN ourselves
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        # FULL: a commit is on disk when it returns, also when the power fails
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a writer takes its place at once: one that reads first and writes later can be refused
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_timeout=POOL_WAIT_S,
        connect_args={
            "connect_timeout": CONNECT_WAIT_S,
            "application_name": "anju",
            "tcp_user_timeout": SILENT_SERVER_MS,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 2,
        },
    )


def check_file(url: URL, create: bool) -> None:
    """Check where an SQLite file is to be.

    Raises
    ------
    SettingsInvalid
        When its folder is missing or closed to us, or the file is missing and must not be made.

    """
    path = Path(str(url.database)).absolute()
    try:
        if not path.parent.is_dir():
            raise SettingsInvalid(f"records.url names a folder that is not there: {path.parent}")
        if path.is_dir():
            raise SettingsInvalid(f"records.url must name a file, got the folder {path}")
        if not create and not path.is_file():
            raise SettingsInvalid(f"there is no records database at {path}")
    except OSError as error:
        raise SettingsInvalid(f"records.url: {error.strerror}: {path}") from None
