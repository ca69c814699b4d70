"""Bring a database to the schema that this code knows, and refuse one that it doesn't."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, exc, inspect, text

from domain.errors import SettingsInvalid, StoreUnavailable
from storage.records.engine import Database

#: any number that every Anju takes and nobody else does: "anju" in ASCII
_LOCK = 0x616E6A75


def migrations(connection: Connection) -> Config:
    """Describe the migrations to Alembic; they run inside the connection's transaction."""
    config = Config()
    config.set_main_option(
        "script_location", str(Path(__file__).parents[1] / "migrations").replace("%", "%%")
    )
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(database: Database) -> None:
    """Bring the database to the newest schema; of several that start at once one does it.

    Raises
    ------
    SettingsInvalid
        When the database is of a newer Anju, of something else, or may not be written.
    StoreUnavailable
        When it cannot be reached.

    """
    sqlite = database.engine.dialect.name == "sqlite"
    try:
        if sqlite:
            _write_ahead(database)
        with database.writing() as connection:
            if not sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            _upgrade(connection, database.shown)
    except (StoreUnavailable, exc.ProgrammingError) as error:
        if cause := _wrong_setting(str(error)):
            raise SettingsInvalid(f"records.url: {cause}: {database.shown}") from error
        raise


def _upgrade(connection: Connection, shown: str) -> None:
    config = migrations(connection)
    scripts = ScriptDirectory.from_config(config)
    newest = str(scripts.get_current_head())
    known = {script.revision for script in scripts.walk_revisions()}
    found = MigrationContext.configure(connection).get_current_heads()
    for revision in found:
        if revision in known:
            continue
        if revision[:4].isdigit() and revision[:4] > newest[:4]:
            raise SettingsInvalid(
                f"records database {shown} is of a newer Anju: its schema is {revision}, "
                f"this one knows up to {newest}; install the newer Anju"
            )
        raise SettingsInvalid(
            f"{shown} is not a records database: its schema {revision!r} is not known"
        )
    if not found and (tables := inspect(connection).get_table_names()):
        raise SettingsInvalid(
            f"{shown} is not a records database: it has no schema version but other tables "
            f"({', '.join(sorted(tables)[:5])}); name an empty database"
        )
    if found != (newest,):
        command.upgrade(config, "head")


def _write_ahead(database: Database) -> None:
    """Switch the file to write-ahead logging; it stays so."""
    with database.reading() as connection:
        # reads the header: says so early when this is no database at all
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema")
    driver = database.engine.raw_connection()
    try:
        driver.cursor().execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{database.shown}: {error}") from error
    finally:
        driver.close()


#: words of the drivers -> what is wrong with the setting; everything else may pass by itself
_WRONG = {
    "file is not a database": "the file is not a database",
    "unable to open database file": "the file cannot be opened (no permission?)",
    "readonly database": "the file or its folder may not be written",
    "permission denied": "this database user may not make tables",
    "password authentication failed": "name or password is wrong",
    "no password supplied": "a password is needed",
    "does not exist": "there is no such database or user",
    "no pg_hba.conf entry": "the server does not let us in",
}


def _wrong_setting(words: str) -> str:
    return next((cause for part, cause in _WRONG.items() if part in words), "")
