"""What the spool promises about readings whose gateway has a wrong clock."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.accounts import DayAccount
from domain.arrivals import Committed
from domain.clock import DAY_NS, EPOCH, HOUR_NS, MINUTE_NS, SECOND_NS
from domain.readings import QualityFlag, ReadingBatch, concat
from domain.sensors import Channel, Gateway
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings
from storage.spool import SqliteSpool

DAY = 20_780
NOW = DAY * DAY_NS + 12 * HOUR_NS
DIRECTORY = Directory(
    [(Gateway("g-1", "g-1"), Channel("T1.x", "s", "g-1", "T1.x", "tilt", "‰"))], 0
)
HELD, RELEASED = QualityFlag.HELD, QualityFlag.RELEASED


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[SqliteSpool]:
    opened = SqliteSpool(tmp_path / "spool.db", limit_bytes=10**8)
    yield opened
    opened.close()


def send(
    spool: SqliteSpool,
    minute: int,
    skew_ns: int,
    *,
    seq: int | None = None,
    boot: int = 1,
    late_ns: int = 0,
) -> Committed:
    """Send the reading of a minute whose value is that minute."""
    received = NOW + minute * MINUTE_NS
    taken = received - late_ns + skew_ns
    number = minute if seq is None else seq
    text = (EPOCH + timedelta(microseconds=taken // 1000)).isoformat()
    body = {"boot": boot, "seq": number, "readings": [{"c": "T1.x", "t": text, "v": minute}]}
    message = Message("anju/1/0/g-1/readings", json.dumps(body).encode(), received)
    return spool.write(Intake(lambda: DIRECTORY, IngestSettings()).arrivals([message]))


def all_of(spool: SqliteSpool) -> ReadingBatch:
    return concat([entry.batch for entry in spool.after(0, 10**6)])


def to_store(spool: SqliteSpool) -> dict[float, int]:
    """Tell the minute at which each value stands once everything is stored."""
    batch = all_of(spool)
    batch = batch.take((batch.flag & HELD) == 0)
    minutes = np.round((batch.taken_at - NOW) / MINUTE_NS).astype(int).tolist()
    assert len(set(batch.value.tolist())) == len(batch)
    return dict(zip(batch.value.tolist(), minutes, strict=True))


def to_judge(spool: SqliteSpool) -> list[float]:
    batch = all_of(spool)
    return batch.value[(batch.flag & RELEASED) == 0].tolist()


def account(spool: SqliteSpool) -> DayAccount:
    return [a for entry in spool.after(0, 10**6) for a in entry.accounts][-1]


@pytest.mark.parametrize("skew_ns", [8 * HOUR_NS, -20_000 * DAY_NS, 4_000 * DAY_NS, HOUR_NS])
def test_readings_of_a_wrong_clock_wait_and_come_out_at_their_right_time(
    spool: SqliteSpool, skew_ns: int
) -> None:
    for minute in range(2):
        assert send(spool, minute, skew_ns).quarantined == 1
    assert to_store(spool) == {}
    assert to_judge(spool) == [0.0, 1.0]  # nobody goes blind meanwhile
    assert spool.release(NOW + MINUTE_NS) == 0
    for minute in range(2, 5):  # now its error is known
        assert send(spool, minute, skew_ns).stored == 1
    assert spool.release(NOW + 5 * MINUTE_NS) == 2
    assert to_store(spool) == {0.0: 0, 1.0: 1, 2.0: 2, 3.0: 3, 4.0: 4}
    assert sorted(to_judge(spool)) == [0.0, 1.0, 2.0, 3.0, 4.0]
    after = account(spool)
    assert (after.stored, after.quarantined, after.sent) == (5, 0, 5)
    assert spool.release(NOW + 6 * MINUTE_NS) == 0


def test_readings_are_judged_at_the_time_of_their_arrival_while_they_wait(
    spool: SqliteSpool,
) -> None:
    send(spool, 0, 8 * HOUR_NS)
    batch = all_of(spool)
    assert batch.taken_at.tolist() == [NOW]
    assert batch.flag.tolist() == [QualityFlag.CLOCK | HELD]


def test_a_reading_from_the_future_is_let_out_when_its_time_has_come(spool: SqliteSpool) -> None:
    send(spool, 0, 30 * MINUTE_NS)
    assert spool.release(NOW + 30 * MINUTE_NS - 1) == 0
    assert spool.release(NOW + 30 * MINUTE_NS) == 1
    assert to_store(spool) == {0.0: 30}


def test_a_time_that_never_comes_waits_on(spool: SqliteSpool) -> None:
    send(spool, 0, -20_000 * DAY_NS)
    assert spool.release(NOW + 400 * DAY_NS) == 0
    assert account(spool).quarantined == 1


def test_a_clock_eight_hours_behind_is_corrected_once_it_is_sure(spool: SqliteSpool) -> None:
    for minute in range(5):
        send(spool, minute, 0)
    for minute in range(5, 25):
        send(spool, minute, -8 * HOUR_NS)
    stands = to_store(spool)
    assert [stands[m] for m in range(16, 25)] == list(range(16, 25))
    assert {stands[m] - m for m in range(5, 15)} == {-480}  # was not sure yet: late, and kept so
    flags = dict(zip(all_of(spool).value.tolist(), all_of(spool).flag.tolist(), strict=True))
    assert flags[24.0] == QualityFlag.CLOCK
    assert flags[5.0] == QualityFlag.LATE


def test_a_long_buffer_sent_slowly_keeps_its_times(spool: SqliteSpool) -> None:
    for minute in range(3):
        send(spool, minute, 0)
    for minute in range(483, 560):  # eight hours of silence, then oldest first, never caught up
        send(spool, minute, 0, seq=minute - 480, late_ns=8 * HOUR_NS)
    stands = to_store(spool)
    assert all(stands[m] == m - 480 for m in range(483, 560))


def test_a_boot_with_the_right_time_is_not_touched_by_a_wrong_one_before(
    spool: SqliteSpool,
) -> None:
    for minute in range(5):
        send(spool, minute, 8 * HOUR_NS)
    send(spool, 5, 0, boot=2, seq=0)
    send(spool, 6, 0, boot=2, seq=1, late_ns=2 * HOUR_NS)
    stands = to_store(spool)
    assert (stands[5.0], stands[6.0]) == (5, -114)


def test_what_waits_and_what_is_known_outlive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "again.db"
    for minute in range(6):
        spool = SqliteSpool(path, limit_bytes=10**8)
        send(spool, minute, 8 * HOUR_NS)
        spool.close()
    spool = SqliteSpool(path, limit_bytes=10**8)
    assert spool.release(NOW + 6 * MINUTE_NS) == 2
    assert to_store(spool) == {float(n): n for n in range(6)}
    assert account(spool).stored == 6
    spool.close()


def test_a_repeat_of_a_waiting_reading_is_a_repeat(spool: SqliteSpool) -> None:
    send(spool, 0, 8 * HOUR_NS)
    again = send(spool, 0, 8 * HOUR_NS)
    assert (again.duplicate, again.quarantined) == (1, 0)
    for minute in range(1, 4):
        send(spool, minute, 8 * HOUR_NS)
    spool.release(NOW + 4 * MINUTE_NS)
    assert send(spool, 0, 8 * HOUR_NS).duplicate == 1
    assert len(to_store(spool)) == 4


def test_people_see_how_far_a_clock_is_off_and_how_much_waits(spool: SqliteSpool) -> None:
    for minute in range(4):
        send(spool, minute, 8 * HOUR_NS)
    seen = [note for entry in spool.after(0, 10**6) for note in entry.clocks]
    assert [(n.known, n.waiting) for n in seen] == [(False, 1), (False, 2), (True, 2), (True, 2)]
    assert seen[-1].skew_ns == 8 * HOUR_NS
    spool.release(NOW + 5 * MINUTE_NS)
    last = [note for entry in spool.after(0, 10**6) for note in entry.clocks][-1]
    assert (last.known, last.waiting) == (True, 0)
    send(spool, 6, -SECOND_NS)
    last = [note for entry in spool.after(0, 10**6) for note in entry.clocks][-1]
    assert (last.known, last.skew_ns) == (False, 0)
