"""`anju up`: two processes that live, fail and end as one."""

import os
import signal
import socket
from pathlib import Path

import pytest

from app.settings import Settings
from storage.records import open_records
from storage.spool import SpoolReader
from tests.e2e.ingest_gateway import TestGateway, wait_for
from tests.e2e.test_disk_full import Anju, fill_register
from tests.e2e.test_orphans import alive
from tests.servers.process import free_port


def settings_for(folder: Path, port: int) -> Settings:
    plain = Settings()
    return plain.model_copy(
        update={
            "folder": folder,
            "broker": plain.broker.model_copy(update={"url": f"door://127.0.0.1:{port}"}),
            "door": plain.door.model_copy(update={"open": True}),
            "web": plain.web.model_copy(update={"port": 0}),
        }
    )


def child(up: Anju) -> int | None:
    """Find the process that takes readings in; beside it is a shell that watches over it."""
    pids = Path(f"/proc/{up.process.pid}/task").glob("*/children")
    for pid in (int(pid) for file in pids for pid in file.read_text().split()):
        if b"ingest" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            return pid
    return None


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["term", "kill -9"])
def test_taking_in_is_begun_again_when_killed_and_ends_with_the_rest(
    tmp_path: Path, end: signal.Signals
) -> None:
    port = free_port()
    settings = settings_for(tmp_path / "var", port)
    settings.folder.mkdir()
    records = open_records(settings.records_url)
    fill_register(records)
    up = Anju("up", settings, tmp_path / "up.log")
    try:
        wait_for(lambda: listens(port), 120)
        with TestGateway(port, log_in=True) as gateway:
            gateway.publish_all(range(500))
            gateway.wait_for_receipts(60)
            first = child(up)
            assert first is not None
            os.kill(first, signal.SIGKILL)
            gateway.publish_all(range(500, 1_000))
            gateway.wait_for_receipts(120)
        spool = SpoolReader(settings.spool_path)
        wait_for(lambda: spool.waiting() == 0, 60)  # stored and judged by the other process
        spool.close()
        second = child(up)
        assert second is not None
        assert second != first
        up.process.send_signal(end)
        up.process.wait(60)
        wait_for(lambda: not alive(second), 30)
        counted = records.accounts.accounts(["g-1"])
        assert [(a.stored, a.missing) for a in counted] == [(1_000, 0)]
    finally:
        up.stop()
        records.close()


def test_a_taken_port_of_the_door_ends_both_with_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = settings_for(tmp_path / "var", port)
        up = Anju("up", settings, tmp_path / "up.log")
        assert up.process.wait(120) == 2, up.said()
    told = [line for line in up.said().splitlines() if line.startswith("anju:")]
    assert len(told) == 1, up.said()
    assert "broker.url" in told[0]
    assert str(port) in told[0]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")
def test_a_damaged_spool_ends_both_instead_of_being_read_on(tmp_path: Path) -> None:
    port = free_port()
    settings = settings_for(tmp_path / "var", port)
    up = Anju("up", settings, tmp_path / "up.log")
    try:
        wait_for(lambda: listens(port), 120)
        taking_in = child(up)
        assert taking_in is not None
        os.kill(taking_in, signal.SIGKILL)
        settings.spool_path.write_bytes(b"holiday pictures" * 1_000)
        settings.spool_path.with_name("spool.db-wal").unlink()  # all of it may stand there yet
        assert up.process.wait(120) == 2, up.said()
    finally:
        up.stop()
    (told,) = [line for line in up.said().splitlines() if line.startswith("anju:")]
    assert "was moved to" in told
