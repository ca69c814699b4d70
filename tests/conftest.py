"""Fixtures for the whole suite: the real servers, started once and only when a test asks."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import ServerMissing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    # short path: PostgreSQL's socket path may not be longer than 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="anju-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _missing(error: ServerMissing) -> None:
    # a missing server is a failure on CI and under ./anju test, never a silent skip
    if os.environ.get("CI") or os.environ.get("ANJU_TEST_STRICT"):
        pytest.fail(str(error))
    pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[str]:
    """URL of a real PostgreSQL server (a superuser's, so that a test can make its own database)."""
    from tests.servers.postgres import start

    try:
        with start(server_folder / "pg") as url:
            yield url
    except ServerMissing as error:
        _missing(error)


@pytest.fixture(scope="session")
def influx(server_folder: Path) -> Iterator["object"]:
    """A real InfluxDB that the v2 client can write to; see `tests/servers/influx.py`."""
    from tests.servers.influx import start

    try:
        with start(server_folder / "influx") as server:
            yield server
    except ServerMissing as error:
        _missing(error)


@pytest.fixture(scope="session")
def shared_broker(server_folder: Path) -> Iterator["object"]:
    """A real mosquitto with our own configuration; see `tests/servers/mosquitto.py`."""
    from tests.servers.mosquitto import start

    try:
        with start(server_folder / "mosquitto") as server:
            yield server
    except ServerMissing as error:
        _missing(error)


@pytest.fixture
def broker(shared_broker: "object") -> "object":
    """The real mosquitto, without what an earlier test left there."""
    from tests.servers.mosquitto import Mosquitto

    assert isinstance(shared_broker, Mosquitto)
    shared_broker.forget()
    return shared_broker
