"""Readings survive when ingest or the broker is killed, at any moment."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.spool import SpoolReader
from tests.e2e.ingest_gateway import TestGateway
from tests.servers.mosquitto import Mosquitto, start
from tests.servers.process import ServerMissing

ROOT = Path(__file__).parents[2]
SEED = 20261123


class IngestProcess:
    """Ingest in a process that can be killed and started again."""

    def __init__(self, port: int, spool: Path, module: str = "ingest_process") -> None:
        self._command = [sys.executable, "-m", f"tests.e2e.{module}", str(port), str(spool)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() == "ready":
                return
        pytest.fail("ingest did not start")

    def _end(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        code = self._process.wait(20)
        self._process = None
        return code

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._end()

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return self._end()

    def stop_if_running(self) -> None:
        if self._process is not None:
            self.kill()


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    try:
        with start(tmp_path / "mosquitto") as broker:
            yield broker
    except ServerMissing as error:
        pytest.fail(str(error))


@pytest.fixture
def ingest(own_broker: Mosquitto, tmp_path: Path) -> Iterator[IngestProcess]:
    process = IngestProcess(own_broker.port, tmp_path / "spool.db")
    yield process
    process.stop_if_running()


def numbers_in(spool: Path) -> list[int]:
    """List the numbers of all readings in the spool's file, which was never drained."""
    reader = SpoolReader(spool)
    try:
        return [n for entry in reader.after(0, 10**9) for n in entry.batch.seq.tolist()]
    finally:
        reader.close()


def stored_by_account(spool: Path) -> tuple[int, int]:
    reader = SpoolReader(spool)
    accounts = {
        (a.gateway_id, a.day): a for entry in reader.after(0, 10**9) for a in entry.accounts
    }
    reader.close()
    return sum(a.stored for a in accounts.values()), sum(a.missing for a in accounts.values())


def test_eight_kills_of_ingest_lose_nothing_and_store_nothing_twice(
    own_broker: Mosquitto, ingest: IngestProcess, tmp_path: Path
) -> None:
    """The gateway never sends again here: the broker must be left holding what was not synced."""
    dice = random.Random(SEED)
    spool = tmp_path / "spool.db"
    lives, each = 10, 2_000
    ingest.start()  # the session must be there before anything is published
    with TestGateway(own_broker.port) as gateway:
        for life in range(lives):
            if life:
                ingest.start()
            gateway.publish_all(range(life * each, (life + 1) * each), 4)
            if life < lives - 1:
                time.sleep(dice.uniform(0.0, 0.25))
                receipted = gateway.receipted(range((life + 1) * each))
                ingest.kill()
                held = numbers_in(spool)
                assert len(held) == len(set(held))
                assert receipted <= set(held)
        gateway.wait_for_receipts(60)
    assert ingest.stop() == 0
    assert sorted(numbers_in(spool)) == list(range(lives * each))
    assert stored_by_account(spool) == (lives * each, 0)


def test_a_broker_that_is_killed_and_one_that_is_restarted_lose_nothing_that_was_receipted(
    own_broker: Mosquitto, ingest: IngestProcess, tmp_path: Path
) -> None:
    """The broker forgets what it acknowledged when killed; the gateway's own buffer mends it."""
    spool = tmp_path / "spool.db"
    each, turns = 1_000, 4
    ingest.start()
    with TestGateway(own_broker.port) as gateway:
        for turn in range(turns):
            gateway.publish_all(range(turn * each, (turn + 1) * each))
            time.sleep(0.05)
            if turn % 2:
                own_broker.stop()
            else:
                own_broker.kill()
            own_broker.start_again()
        gateway.wait_for_receipts(60, again_every_s=3.0)
    assert ingest.stop() == 0
    assert sorted(numbers_in(spool)) == list(range(turns * each))
    assert stored_by_account(spool) == (turns * each, 0)


def test_a_second_ingest_on_the_same_spool_ends_in_one_line(
    own_broker: Mosquitto, ingest: IngestProcess, tmp_path: Path
) -> None:
    ingest.start()
    command = [sys.executable, "-m", "tests.e2e.ingest_process", str(own_broker.port)]
    second = subprocess.run(
        [*command, str(tmp_path / "spool.db")],
        capture_output=True, text=True, cwd=ROOT, timeout=30, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert "is already written to by process" in second.stderr.splitlines()[-1]
    with TestGateway(own_broker.port) as gateway:
        gateway.publish(0, 5)
        gateway.wait_for_receipts(10)
