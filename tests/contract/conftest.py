"""A fresh records database for each test: SQLite in its folder, or one of the real PostgreSQL."""

import contextlib
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from domain.clock import VirtualClock
from storage.records import Records, open_records
from tests.fresh_records import migrated_file

NOON_NS = 1_795_000_000_000_000_000


@contextlib.contextmanager
def database(server_url: str, template: str = "template1") -> Iterator[str]:
    """Make a database of the server and drop it afterwards."""
    name = f"t_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield server_url.rsplit("/", 1)[0] + "/" + name
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def records_template(postgres: str) -> Iterator[str]:
    """A database of the newest schema: copying it is faster than migrating for each test."""
    with database(postgres) as url:
        open_records(url).close()
        yield url.rsplit("/", 1)[1]


@pytest.fixture(params=["sqlite", "postgresql"])
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        shutil.copy(migrated_file(), tmp_path / "records.db")
        yield f"sqlite:///{tmp_path}/records.db"
    else:
        template = request.getfixturevalue("records_template")
        with database(request.getfixturevalue("postgres"), template) as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that nobody has opened yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/records.db"
    else:
        with database(request.getfixturevalue("postgres")) as url:
            yield url


@pytest.fixture
def records_clock() -> VirtualClock:
    return VirtualClock(NOON_NS)


@pytest.fixture
def open_again(records_url: str, records_clock: VirtualClock) -> Iterator[Callable[[], Records]]:
    """Open the same database once more; closed with the test."""
    opened: list[Records] = []

    def again() -> Records:
        opened.append(open_records(records_url, clock=records_clock))
        return opened[-1]

    yield again
    for records in opened:
        records.close()


@pytest.fixture
def records(open_again: Callable[[], Records]) -> Records:
    return open_again()
