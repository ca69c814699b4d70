"""How a records database comes into being, and which ones are refused."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from domain.alerts import Recipient, Way
from domain.errors import SettingsInvalid, StoreUnavailable
from domain.ports import Judgement, Page
from storage.records import open_records
from storage.records.engine import parse_url
from storage.records.schema import migrations
from storage.records.tables import metadata
from tests.servers.process import free_port

ROOT = Path(__file__).parents[2]


def run_sql(url: str, *statements: str) -> None:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()
    else:
        with psycopg.connect(url) as server:
            for statement in statements:
                server.execute(statement)  # type: ignore[call-overload]


def newest_revision() -> str:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "storage" / "migrations"))
    config.set_main_option("path_separator", "os")
    return str(ScriptDirectory.from_config(config).get_current_head())


def test_a_database_of_the_first_schema_is_brought_up_and_keeps_what_it_holds(
    empty_url: str,
) -> None:
    records = open_records(empty_url)
    records.alerts.put_recipient(Recipient("r-1", "duty", (Way("sms", "1"),)), "test")
    with records.database.writing() as connection:
        command.downgrade(migrations(connection), "0001_records")
    records.close()
    again = open_records(empty_url)
    assert again.alerts.recipients() == [Recipient("r-1", "duty", (Way("sms", "1"),))]
    again.close()


def test_the_migrations_lead_to_the_tables_that_the_code_names(empty_url: str) -> None:
    open_records(empty_url).close()
    engine = create_engine(parse_url(empty_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_opening_again_keeps_what_is_there(empty_url: str) -> None:
    first = open_records(empty_url)
    first.judgement.commit(Judgement(0, 7))
    first.close()
    again = open_records(empty_url)
    assert again.judgement.judged(0) == 7
    again.close()


def test_many_may_start_at_once(empty_url: str) -> None:
    gate = threading.Barrier(6)
    failures: list[BaseException] = []

    def start() -> None:
        gate.wait()
        try:
            open_records(empty_url).close()
        except Exception as error:  # noqa: BLE001 - every failure is one
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    records = open_records(empty_url)
    records.judgement.commit(Judgement(0, 1))
    records.close()


def test_many_processes_may_start_at_once(empty_url: str) -> None:
    code = "import sys; from storage.records import open_records; open_records(sys.argv[1]).close()"
    started = [
        subprocess.Popen([sys.executable, "-c", code, empty_url], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    outcomes = [(process.communicate()[1], process.returncode) for process in started]
    assert outcomes == [(b"", 0)] * 3


def test_a_schema_of_a_newer_anju_is_refused_and_left_alone(empty_url: str) -> None:
    open_records(empty_url).close()
    run_sql(empty_url, "UPDATE alembic_version SET version_num = '9001_future'")
    with pytest.raises(SettingsInvalid, match=r"newer Anju: its schema is 9001_future") as refused:
        open_records(empty_url)
    assert "\n" not in str(refused.value)
    run_sql(empty_url, f"UPDATE alembic_version SET version_num = '{newest_revision()}'")
    open_records(empty_url).close()


def test_a_schema_that_nobody_knows_is_refused(empty_url: str) -> None:
    open_records(empty_url).close()
    run_sql(empty_url, "UPDATE alembic_version SET version_num = 'ae1027a6acf'")
    with pytest.raises(SettingsInvalid, match="'ae1027a6acf' is not known"):
        open_records(empty_url)


def test_somebody_elses_database_is_refused_and_left_alone(empty_url: str) -> None:
    run_sql(empty_url, "CREATE TABLE spool (id INTEGER)")
    with pytest.raises(SettingsInvalid, match=r"not a records database: .*spool"):
        open_records(empty_url)
    run_sql(empty_url, "INSERT INTO spool VALUES (1)", "DROP TABLE spool")
    open_records(empty_url).close()


def test_a_migration_that_fails_leaves_nothing_half_made(empty_url: str) -> None:
    # the name of one of our tables is taken by a view, which is found half-way
    run_sql(empty_url, "CREATE VIEW users AS SELECT 1 AS one")
    with pytest.raises(Exception, match="users"):
        open_records(empty_url)
    run_sql(empty_url, "DROP VIEW users")
    open_records(empty_url).close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    path.write_bytes(b"this is a letter, not a database. " * 200)
    with pytest.raises(SettingsInvalid, match="the file is not a database") as refused:
        open_records(f"sqlite:///{path}")
    assert str(path) in str(refused.value)
    assert path.read_bytes() == b"this is a letter, not a database. " * 200


def test_a_missing_folder_and_a_folder_for_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="folder that is not there"):
        open_records(f"sqlite:///{tmp_path}/none/records.db")
    with pytest.raises(SettingsInvalid, match="must name a file"):
        open_records(f"sqlite:///{tmp_path}")


def test_a_missing_file_is_made_only_when_asked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    with pytest.raises(SettingsInvalid, match="no records database at"):
        open_records(url, create=False)
    assert list(tmp_path.iterdir()) == []
    open_records(url).close()
    open_records(url, create=False).close()


@pytest.mark.parametrize(
    "url", ["mysql://u:secret@h/d", "not a url", "sqlite://", "sqlite:///:memory:", ""]
)
def test_an_address_of_another_kind_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"records.url must be") as refused:
        open_records(url)
    assert "secret" not in str(refused.value)


def as_somebody_else(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code as a user without rights when the tests run as root."""
    drop = "import os; os.getuid() or (os.setgid(65534), os.setuid(65534))\n"
    # imported before rights are dropped: the checkout may be root's own
    head = "import sys; from storage.records import open_records\nimport storage.records.schema\n"
    head += "from alembic import command; import alembic.ddl.sqlite, sqlite3\n"
    return subprocess.run(
        [sys.executable, "-c", head + drop + code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


OPEN = (
    "try: open_records(sys.argv[1])\n"
    "except Exception as error: print(type(error).__name__, error)\n"
    "else: print('opened')\n"
)


@pytest.fixture
def passable(server_folder: Path) -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(dir=server_folder))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)


def test_a_folder_that_may_not_be_written_is_named(passable: Path) -> None:
    passable.chmod(0o555)
    outcome = as_somebody_else(OPEN, f"sqlite:///{passable}/records.db")
    assert outcome.stdout.startswith("SettingsInvalid records.url: "), outcome
    assert str(passable) in outcome.stdout
    assert outcome.stdout.count("\n") == 1


def test_a_folder_that_may_not_be_entered_is_named(passable: Path) -> None:
    (passable / "closed").mkdir(mode=0o700)
    (passable / "closed" / "records").mkdir()
    passable_closed = passable / "closed"
    passable_closed.chmod(0o000)
    outcome = as_somebody_else(OPEN, f"sqlite:///{passable_closed}/records/records.db")
    passable_closed.chmod(0o700)
    assert outcome.stdout.startswith("SettingsInvalid records.url: Permission denied"), outcome
    assert outcome.stdout.count("\n") == 1


def test_a_database_that_may_only_be_read_is_named(passable: Path) -> None:
    path = passable / "records.db"
    open_records(f"sqlite:///{path}").close()
    path.chmod(0o444)
    passable.chmod(0o555)
    outcome = as_somebody_else(OPEN, f"sqlite:///{path}")
    assert outcome.stdout.startswith("SettingsInvalid records.url: "), outcome
    assert outcome.stdout.count("\n") == 1


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="postgresql") as refused:
        open_records(f"postgresql://u:secret@127.0.0.1:{free_port()}/anju")
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_database_or_user_that_is_not_there_is_a_wrong_setting(postgres: str) -> None:
    with pytest.raises(SettingsInvalid, match="no such database or user"):
        open_records(postgres.rsplit("/", 1)[0] + "/nowhere")
    with pytest.raises(SettingsInvalid, match="no such database or user"):
        open_records(postgres.replace("//", "//nobody_known:x@", 1).replace("anju_test@", "", 1))


def test_a_user_who_may_not_make_tables_is_a_wrong_setting(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute("DROP ROLE IF EXISTS reader")
        server.execute("CREATE ROLE reader LOGIN")
        server.execute("CREATE DATABASE closed_to_reader")
        try:
            url = postgres.rsplit("/", 1)[0].replace("anju_test@", "reader@")
            with pytest.raises(SettingsInvalid, match="may not make tables"):
                open_records(f"{url}/closed_to_reader")
        finally:
            server.execute("DROP DATABASE closed_to_reader WITH (FORCE)")
            server.execute("DROP ROLE reader")


def test_an_opened_database_is_empty(empty_url: str) -> None:
    records = open_records(empty_url)
    records.ping()
    assert records.register.buildings(Page()) == []
    assert records.audit.audit(Page()) == []
    assert records.audit.first_broken() is None
    assert records.register.revision() == 0
    records.close()
