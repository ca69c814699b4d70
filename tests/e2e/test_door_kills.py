"""The device door is killed and its disk fails: what it acknowledged is there, once."""

import random
import re
import time
from pathlib import Path

import pytest

from storage.spool import SpoolReader, SqliteSpool
from tests.e2e.ingest_gateway import TestGateway, wait_for
from tests.e2e.test_ingest_kills import IngestProcess, numbers_in, stored_by_account
from tests.e2e.test_ingest_sync import SYNC_DONE, SYNC_RESUMED, Traced, pubacks
from tests.servers.process import free_port

SEED = 20261123
both = pytest.mark.parametrize("five", [False, True], ids=["3.1.1", "5"])


@pytest.mark.slow
@both
def test_eight_kills_lose_nothing_that_was_acknowledged_and_store_nothing_twice(
    tmp_path: Path, five: bool
) -> None:
    """Only PUBACKs are trusted here: paho repeats what has none, and never looks at receipts."""
    dice = random.Random(SEED)
    spool, port = tmp_path / "spool.db", free_port()
    process = IngestProcess(port, spool, "door_process")
    lives, each = 9, 2_224
    process.start()
    try:
        with TestGateway(port, log_in=True, five=five) as gateway:
            for life in range(lives):
                if life:
                    process.start()
                gateway.publish_all(range(life * each, (life + 1) * each), 4)
                if life < lives - 1:
                    time.sleep(dice.uniform(0.0, 0.4))
                    acked = set(gateway.acked)
                    process.kill()
                    held = numbers_in(spool)
                    assert len(held) == len(set(held))
                    assert acked <= set(held)
            gateway.wait_for_acks(range(lives * each), 90)
        assert process.stop() == 0
    finally:
        process.stop_if_running()
    assert sorted(numbers_in(spool)) == list(range(lives * each))
    assert stored_by_account(spool) == (lives * each, 0)


@both
def test_the_sync_has_returned_before_any_puback_is_written(tmp_path: Path, five: bool) -> None:
    port = free_port()
    door = Traced(port, tmp_path, module="door_process")
    try:
        with TestGateway(port, log_in=True, five=five) as gateway:
            for n in range(6):
                gateway.publish(n, 1)
                gateway.wait_for_acks([n], 20)
            wait_for(lambda: sum(map(pubacks, door.lines())) >= 6)
    finally:
        door.end()
    synced = acknowledged = 0
    for line in door.lines():
        if SYNC_DONE.search(line) or SYNC_RESUMED.search(line):
            synced += 1
        if n := pubacks(line):
            acknowledged += n
            # one message after the other: each has a sync of its own behind it
            assert synced >= acknowledged, line
    assert acknowledged == 6


def test_a_sync_that_fails_brings_no_puback_and_the_sender_sends_again(tmp_path: Path) -> None:
    SqliteSpool(tmp_path / "spool.db", limit_bytes=10**9).close()  # so that only batches sync
    port = free_port()
    door = Traced(port, tmp_path, "-e", "inject=fdatasync:error=EIO:when=1+", module="door_process")
    try:
        with TestGateway(port, log_in=True) as gateway:
            for n in range(5):
                gateway.publish(n, 1)
            wait_for(lambda: sum("EIO" in line for line in door.lines()) >= 3)
            time.sleep(0.5)
            assert gateway.receipts == []
            assert gateway.acked == set()
            assert sum(map(pubacks, door.lines())) == 0
            door.end()
            door = Traced(port, tmp_path, module="door_process")
            gateway.wait_for_acks(range(5), 30)
    finally:
        door.end()
    assert sorted(numbers_in(tmp_path / "spool.db")) == list(range(5))


def test_when_the_disk_recovers_the_same_batch_is_committed_once(tmp_path: Path) -> None:
    SqliteSpool(tmp_path / "spool.db", limit_bytes=10**9).close()
    port = free_port()
    door = Traced(
        port, tmp_path, "-e", "inject=fdatasync:error=EIO:when=1..4", module="door_process"
    )
    try:
        with TestGateway(port, log_in=True) as gateway:
            for n in range(5):
                gateway.publish(n, 1)
            gateway.wait_for_acks(range(5), 40)
    finally:
        door.end()
    assert sum("EIO" in line for line in door.lines()) >= 4
    reader = SpoolReader(tmp_path / "spool.db")
    numbers = [n for entry in reader.after(0, 10**9) for n in entry.batch.seq.tolist()]
    reader.close()
    assert sorted(numbers) == list(range(5))
    assert re.search(r"fdatasync", "\n".join(door.lines()))
