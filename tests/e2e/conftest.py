"""What tests on a full disk need: a small one, mounted by root or in a namespace."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import ServerMissing
from tests.servers.small_disk import SmallDisk, mounted, run_in_namespace


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk | None]:
    """A disk of 24 MB; `None` where only the same test in a namespace can have one."""
    try:
        with mounted(tmp_path / "small", megabytes=24) as small:
            yield small
    except ServerMissing:
        yield None


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that got no disk where it gets one."""
    if "disk" not in pyfuncitem.funcargs or pyfuncitem.funcargs["disk"] is not None:
        return None
    try:
        run_in_namespace(pyfuncitem.nodeid)
    except ServerMissing as error:
        if os.environ.get("CI") or os.environ.get("ANJU_TEST_STRICT"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    return True
