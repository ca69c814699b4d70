"""A start that cannot be: one clear line, exit code 2, and nothing damaged."""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import free_port

ROOT = Path(__file__).parents[2]


def anju(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ANJU_")}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=clean | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextlib.contextmanager
def running(*arguments: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ANJU_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=clean | variables,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)
        assert process.stderr is not None
        process.stderr.close()


def one_line(told: "subprocess.CompletedProcess[str]") -> str:
    assert told.returncode == 2, told.stderr
    lines = [line for line in told.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, told.stderr
    return lines[0]


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    line = one_line(anju("up", ANJU_FOLDER=str(tmp_path), ANJU_WEB__PORT="door"))
    assert "web.port" in line
    assert "'door'" in line


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = one_line(anju("serve", ANJU_FOLDER=str(tmp_path), ANJU_WEB__PORT=str(port)))
    assert f"127.0.0.1:{port}" in line


def test_a_taken_port_of_the_door_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        url = f"door://127.0.0.1:{other.getsockname()[1]}"
        line = one_line(anju("ingest", ANJU_FOLDER=str(tmp_path), ANJU_BROKER__URL=url))
    assert "broker.url" in line
    assert url.removeprefix("door://") in line


def test_an_open_door_to_the_world_is_refused(tmp_path: Path) -> None:
    line = one_line(
        anju(
            "up",
            ANJU_FOLDER=str(tmp_path),
            ANJU_DOOR__OPEN="true",
            ANJU_BROKER__URL="door://0.0.0.0:1883",
        )
    )
    assert "door.open" in line
    assert "0.0.0.0" in line


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    line = one_line(anju("up", ANJU_FOLDER=str(tmp_path / "file" / "var")))
    assert str(tmp_path / "file" / "var") in line


def test_a_full_disk_is_told_in_one_line() -> None:
    line = one_line(anju("up", ANJU_FOLDER="/dev/full/var"))
    assert "/dev/full/var" in line


def test_a_database_of_a_newer_anju_is_left_alone(tmp_path: Path) -> None:
    assert anju("user", "list", ANJU_FOLDER=str(tmp_path)).returncode == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "records.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999_future'")
        database.commit()
    before = (tmp_path / "records.db").read_bytes()
    line = one_line(anju("user", "list", ANJU_FOLDER=str(tmp_path)))
    assert "9999_future" in line or "newer" in line
    assert (tmp_path / "records.db").read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_bytes(b"holiday pictures" * 1000)
    line = one_line(anju("up", ANJU_FOLDER=str(tmp_path)))
    assert "records.db" in line
    assert (tmp_path / "records.db").read_bytes() == b"holiday pictures" * 1000


def test_a_second_instance_on_the_same_files_is_refused(tmp_path: Path) -> None:
    port = free_port()
    variables = {
        "ANJU_FOLDER": str(tmp_path),
        "ANJU_WEB__PORT": str(port),
        "ANJU_BROKER__URL": "door://127.0.0.1:0",
    }
    with running("up", **variables) as first:
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            assert first.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        line = one_line(anju("up", ANJU_FOLDER=str(tmp_path), ANJU_WEB__PORT="0"))
        assert "second" in line or "another" in line or "process" in line, line
        assert first.poll() is None, "the first one goes on"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give up being root")
def test_a_folder_without_permission_is_named(server_folder: Path) -> None:
    locked = server_folder / "locked"
    locked.mkdir(mode=0o500, exist_ok=True)
    # imported as root, run as nobody: the interpreter may lie where nobody may look
    code = (
        "import os, sys; sys.path.insert(0, '.'); import app.house, app.main;"
        "os.setgid(65534); os.setuid(65534); sys.argv = ['anju', 'up']; app.main.main()"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ANJU_FOLDER": str(locked / "var")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert str(locked / "var") in one_line(told)
