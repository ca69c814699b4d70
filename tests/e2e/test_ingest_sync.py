"""Nothing is acknowledged before it is on disk: watched with strace, call by call.

kill -9 cannot test this, for the kernel still writes what a killed process left with it.
"""

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.spool import SpoolReader, SqliteSpool
from tests.e2e.ingest_gateway import TestGateway, wait_for
from tests.servers.mosquitto import Mosquitto, start
from tests.servers.process import ServerMissing

ROOT = Path(__file__).parents[2]
SYNC_DONE = re.compile(r"fdatasync\(\d+<[^>]*spool\.db-wal>\)\s+= 0$")
SYNC_RESUMED = re.compile(r"<\.\.\. fdatasync resumed>\)\s+= 0$")


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    try:
        with start(tmp_path / "mosquitto") as broker:
            yield broker
    except ServerMissing as error:
        pytest.fail(str(error))


class Traced:
    """Ingest under strace, with its calls in a file."""

    def __init__(self, port: int, folder: Path, *more: str, module: str = "ingest_process") -> None:
        strace = shutil.which("strace")
        if strace is None:
            pytest.fail("strace is not installed; on Debian: apt-get install strace")
        self.spool, self.calls = folder / "spool.db", folder / "calls.txt"
        calls = "trace=fdatasync,fsync,write,sendto,sendmsg"
        self._process = subprocess.Popen(
            [strace, "-f", "-y", "-s", "64", "-e", calls, *more, "-o", str(self.calls), "--",
             sys.executable, "-m", f"tests.e2e.{module}", str(port), str(self.spool)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            assert self._process.stderr is not None
            pytest.fail(f"ingest did not start under strace: {self._process.stderr.read()[-800:]}")

    def lines(self) -> list[str]:
        return self.calls.read_text(errors="replace").splitlines()

    def end(self) -> None:
        # strace hands the signal on to no one: ingest itself must get it
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for pid in children.read_text().split():
            subprocess.run(["kill", f"-{signal.SIGTERM.value}", pid], check=False)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in children.read_text().split():
                subprocess.run(["kill", f"-{signal.SIGKILL.value}", pid], check=False)
            self._process.wait(20)
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()


def pubacks(line: str) -> int:
    """Count the acknowledgements in one call that sends to the other side."""
    sent = re.search(
        r'(?:sendto|write|sendmsg)\(\d+<(?:TCP|socket)[^>]*>, "((?:[^"\\]|\\.)*)"', line
    )
    return len(re.findall(r"@\\2", sent.group(1))) if sent else 0


def test_the_sync_has_returned_before_any_acknowledgement_is_written(
    own_broker: Mosquitto, tmp_path: Path
) -> None:
    ingest = Traced(own_broker.port, tmp_path)
    try:
        with TestGateway(own_broker.port) as gateway:
            for n in range(6):
                gateway.publish(n, 1)
                gateway.wait_for_receipts(20)
            wait_for(lambda: sum(map(pubacks, ingest.lines())) >= 6)
    finally:
        ingest.end()
    synced = acknowledged = 0
    for line in ingest.lines():
        if SYNC_DONE.search(line) or SYNC_RESUMED.search(line):
            synced += 1
        if n := pubacks(line):
            acknowledged += n
            # one message after the other: each has a sync of its own behind it
            assert synced >= acknowledged, line
    assert acknowledged == 6


def test_a_sync_that_fails_brings_neither_acknowledgement_nor_receipt(
    own_broker: Mosquitto, tmp_path: Path
) -> None:
    SqliteSpool(tmp_path / "spool.db", limit_bytes=10**9).close()  # so that only batches sync
    ingest = Traced(own_broker.port, tmp_path, "-e", "inject=fdatasync:error=EIO:when=1+")
    try:
        with TestGateway(own_broker.port) as gateway:
            for n in range(5):
                gateway.publish(n, 1)
            wait_for(lambda: sum("EIO" in line for line in ingest.lines()) >= 3)
            time.sleep(0.5)
            assert gateway.receipts == []
            assert sum(map(pubacks, ingest.lines())) == 0
            ingest.end()
            # the broker still has them: a healthy ingest gets them all, once
            ingest = Traced(own_broker.port, tmp_path)
            gateway.wait_for_receipts(20)
    finally:
        ingest.end()
    reader = SpoolReader(tmp_path / "spool.db")
    numbers = [n for entry in reader.after(0, 10**9) for n in entry.batch.seq.tolist()]
    reader.close()
    assert sorted(numbers) == list(range(5))


def test_when_the_disk_recovers_the_same_batch_is_committed_once(
    own_broker: Mosquitto, tmp_path: Path
) -> None:
    SqliteSpool(tmp_path / "spool.db", limit_bytes=10**9).close()
    ingest = Traced(own_broker.port, tmp_path, "-e", "inject=fdatasync:error=EIO:when=1..4")
    try:
        with TestGateway(own_broker.port) as gateway:
            for n in range(5):
                gateway.publish(n, 1)
            gateway.wait_for_receipts(40)
            wait_for(lambda: sum(map(pubacks, ingest.lines())) >= 5)
    finally:
        ingest.end()
    assert sum("EIO" in line for line in ingest.lines()) >= 4
    reader = SpoolReader(tmp_path / "spool.db")
    numbers = [n for entry in reader.after(0, 10**9) for n in entry.batch.seq.tolist()]
    reader.close()
    assert sorted(numbers) == list(range(5))
