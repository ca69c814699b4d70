"""What the spool promises: durable, counted once, in order, and never silently empty."""

import json
import multiprocessing
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from domain.accounts import DayAccount, Fate, Released
from domain.arrivals import Arrivals, Committed
from domain.clock import DAY_NS, HOUR_NS, SECOND_NS
from domain.errors import Conflict, StoreUnavailable
from domain.ports import GatewayStatus, Spool, SpoolWriter
from domain.readings import QualityFlag
from domain.sensors import Channel, Gateway
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings
from storage.spool import SpoolReader, SqliteSpool
from storage.spool_file import SpoolDamaged, SpoolTooNew
from storage.spool_written import WrittenElsewhere

DAY = 20_780  # 2026-11-23
NOW = DAY * DAY_NS + 12 * HOUR_NS
LIMIT = 100_000_000
BACK_TO_1 = (
    "DROP TABLE marks; DROP TABLE released; DROP TABLE held; DROP TABLE clocks;"
    "ALTER TABLE accounts DROP COLUMN reasons; PRAGMA user_version = 1;"
)
WRONG_TYPE = (("rejected", "wrong type", 1),)


def known() -> Directory:
    pairs = []
    for gateway in ("g-1", "g-2"):
        for point in ("x", "y"):
            channel = Channel(f"{gateway}:{point}", "s", gateway, f"T1.{point}", "tilt", "‰")
            pairs.append((Gateway(gateway, gateway), channel))
    return Directory(pairs, 0)


DIRECTORY = known()


def sent(
    *values: float | None,
    seq: int | None = 0,
    boot: int = 1,
    gateway: str = "g-1",
    second: int = 0,
    address: str = "T1.x",
) -> Message:
    """Build a message of readings one second apart; `None` is a value of a wrong type."""
    readings = [
        {"c": address, "t": (NOW - 8 * HOUR_NS) // 1_000_000 + 1000 * (second + i), "v": v}
        for i, v in enumerate(values)
    ]
    numbers = {} if seq is None else {"seq": seq, "boot": boot}
    payload = json.dumps({**numbers, "readings": readings}).encode()
    return Message(f"anju/1/0/{gateway}/readings", payload, NOW)


def arrivals(*messages: Message) -> Arrivals:
    return Intake(lambda: DIRECTORY, IngestSettings()).arrivals(messages)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


@pytest.fixture
def spool(path: Path) -> Iterator[SqliteSpool]:
    opened = SqliteSpool(path, limit_bytes=LIMIT)
    yield opened
    opened.close()


def write(spool: SpoolWriter, *messages: Message) -> Committed:
    return spool.write(arrivals(*messages))


def values(spool: Spool) -> list[float]:
    return [v for entry in spool.after(0, 10**9) for v in entry.batch.value.tolist()]


def account(spool: Spool, gateway: str = "g-1") -> DayAccount:
    newest = {(a.gateway_id, a.day): a for entry in spool.after(0, 10**9) for a in entry.accounts}
    return newest[gateway, "2026-11-23"]


def test_it_is_both_sides_of_the_port(spool: SqliteSpool) -> None:
    reading: Spool = spool
    writing: SpoolWriter = spool
    assert (reading.head(), reading.waiting(), writing.write(arrivals()).offset) == (0, 0, 1)


def test_what_was_written_is_read_as_it_was(spool: SqliteSpool) -> None:
    came = arrivals(sent(1.0, 2.0, None, seq=7), sent(3.0, gateway="g-2", address="T1.y"))
    came = Arrivals(
        came.batch, came.gateways, came.gateway, came.counts, came.refused,
        (GatewayStatus("g-1", NOW, True, 1, 80.0),), came.received_at_ns,
    )  # fmt: skip
    spool.write(came)
    (entry,) = spool.after(0, 100)
    for name in ("channel", "taken_at", "value", "flag", "received_at", "seq", "boot"):
        column, wanted = getattr(entry.batch, name), getattr(came.batch, name)
        assert column.dtype == wanted.dtype
        assert column.tolist() == wanted.tolist()
    assert entry.batch.channels == ("g-1:x", "g-2:y")
    assert entry.statuses == came.statuses
    (refusal,) = entry.refusals
    assert (refusal.fate, refusal.readings, refusal.address) == (Fate.REJECTED, 1, "T1.x")
    assert account(spool) == DayAccount(
        "g-1", "2026-11-23", stored=2, rejected=1, reasons=WRONG_TYPE
    )


def test_a_number_that_came_before_is_dropped_and_counted(spool: SqliteSpool) -> None:
    write(spool, sent(1.0, 2.0, 3.0, seq=10))
    again = write(spool, sent(2.0, 3.0, 4.0, seq=11, second=1))
    assert (again.stored, again.duplicate) == (1, 2)
    assert values(spool) == [1.0, 2.0, 3.0, 4.0]
    assert account(spool) == DayAccount("g-1", "2026-11-23", stored=4, duplicate=2)


def test_a_number_that_comes_twice_in_one_batch_is_kept_once(spool: SqliteSpool) -> None:
    write(spool, sent(1.0, 2.0, seq=0), sent(1.0, 2.0, seq=0), sent(9.0, gateway="g-2"))
    assert values(spool) == [1.0, 2.0, 9.0]


def test_a_refused_reading_uses_up_its_number_and_its_repeat_is_a_repeat(
    spool: SqliteSpool,
) -> None:
    for _ in range(2):
        write(spool, sent(1.0, None, 3.0, seq=0))
    assert account(spool) == DayAccount(
        "g-1", "2026-11-23", stored=2, rejected=1, duplicate=3, reasons=WRONG_TYPE
    )
    assert sum(len(entry.refusals) for entry in spool.after(0, 100)) == 1


def test_numbers_that_were_overtaken_are_missing_until_they_come(spool: SqliteSpool) -> None:
    first = write(spool, sent(1.0, seq=0), sent(5.0, seq=4))
    assert account(spool).missing == 3
    assert first.receipts[0].gaps == ((1, 3),)
    second = write(spool, sent(2.0, 3.0, seq=1))
    assert account(spool) == DayAccount("g-1", "2026-11-23", stored=4, missing=1)
    assert (second.receipts[0].upto, second.receipts[0].gaps) == (4, ((3, 3),))


def test_each_boot_counts_for_itself(spool: SqliteSpool) -> None:
    write(spool, sent(1.0, seq=0, boot=1))
    write(spool, sent(2.0, seq=0, boot=2))
    assert values(spool) == [1.0, 2.0]


def test_a_count_that_begins_anew_without_a_new_boot_loses_nothing(spool: SqliteSpool) -> None:
    write(spool, sent(1.0, 2.0, 3.0, seq=0))
    write(spool, sent(4.0, 5.0, seq=0, second=100))
    assert values(spool) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert write(spool, sent(4.0, 5.0, seq=0, second=100)).duplicate == 2


def test_readings_without_numbers_are_known_again_by_what_they_say(spool: SqliteSpool) -> None:
    write(spool, sent(1.0, 2.0, seq=None))
    again = write(spool, sent(1.0, 2.0, 3.0, seq=None))
    assert (again.stored, again.duplicate, again.receipts) == (1, 2, ())
    assert account(spool) == DayAccount("g-1", "2026-11-23", stored=3, duplicate=2)


def test_readings_without_numbers_that_come_again_after_a_kill_are_known(path: Path) -> None:
    first = SqliteSpool(path, limit_bytes=LIMIT)
    write(first, sent(1.0, 2.0, seq=None))
    first.close()
    second = SqliteSpool(path, limit_bytes=LIMIT)
    again = write(second, sent(1.0, 2.0, seq=None), sent(7.0, seq=None, second=1))
    assert (again.stored, again.duplicate) == (1, 2)
    (entry,) = second.after(1, 10)
    assert entry.batch.flag.tolist() == [QualityFlag.LATE | QualityFlag.SAME_INSTANT]
    second.close()


def test_the_later_of_two_values_at_one_instant_moves_by_a_nanosecond(spool: SqliteSpool) -> None:
    write(spool, sent(1.0, seq=0), sent(2.0, seq=1))
    write(spool, sent(3.0, seq=2), sent(1.0, seq=3))
    batches = [entry.batch for entry in spool.after(0, 100)]
    taken = np.concatenate([batch.taken_at for batch in batches])
    assert (taken - taken[0]).tolist() == [0, 1, 2, 0]
    flags = np.concatenate([batch.flag for batch in batches]) & QualityFlag.SAME_INSTANT
    assert flags.astype(bool).tolist() == [False, True, True, False]


def test_everything_is_there_after_a_restart(path: Path) -> None:
    first = SqliteSpool(path, limit_bytes=LIMIT)
    write(first, sent(1.0, 2.0, seq=0), sent(9.0, seq=5))
    first.close()
    second = SqliteSpool(path, limit_bytes=LIMIT)
    again = write(second, sent(1.0, 2.0, seq=0))
    assert again.duplicate == 2
    assert again.receipts[0].gaps == ((2, 4),)
    assert values(second) == [1.0, 2.0, 9.0]
    assert account(second).missing == 3
    second.close()


def test_rows_stay_until_both_cursors_have_passed_and_offsets_are_never_used_again(
    path: Path, spool: SqliteSpool
) -> None:
    for n in range(4):
        write(spool, sent(float(n), seq=n, second=n))
    spool.advance("stored", 3)
    assert spool.waiting() == 4
    spool.advance("judged", 2)
    assert [entry.offset for entry in spool.after(0, 100)] == [3, 4]
    spool.advance("judged", 1)  # told twice, or late
    assert (spool.cursor("stored"), spool.cursor("judged")) == (3, 2)
    spool.advance("stored", 4)
    spool.advance("judged", 4)
    assert (spool.waiting(), spool.head()) == (0, 4)
    spool.close()
    reopened = SqliteSpool(path, limit_bytes=LIMIT)
    assert write(reopened, sent(9.0, seq=9)).offset == 5
    reopened.close()


def test_a_spool_begun_anew_goes_on_after_what_the_records_have_judged(path: Path) -> None:
    fresh = SqliteSpool(path, limit_bytes=LIMIT, start_after=700)
    assert write(fresh, sent(1.0)).offset == 701
    fresh.close()


def test_rows_are_read_in_order_at_least_one_and_about_as_many_as_asked(
    spool: SqliteSpool,
) -> None:
    for n in range(5):
        write(spool, sent(1.0, 2.0, seq=2 * n, second=2 * n))
    assert [entry.offset for entry in spool.after(0, 1)] == [1]
    assert [entry.offset for entry in spool.after(1, 5)] == [2, 3]
    assert spool.after(5, 100) == []


def test_a_second_writer_is_refused_in_one_line(path: Path, spool: SqliteSpool) -> None:
    with pytest.raises(Conflict, match="already written to by process"):
        SqliteSpool(path, limit_bytes=LIMIT)
    script = (
        "import sys, pathlib\n"
        "from storage.spool import SqliteSpool\n"
        "SqliteSpool(pathlib.Path(sys.argv[1]), limit_bytes=1)\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert other.returncode == 1
    assert "Conflict: spool" in other.stderr.splitlines()[-1]
    assert write(spool, sent(1.0)).stored == 1


def _read_and_advance(path: Path, out: "multiprocessing.SimpleQueue[list[float]]") -> None:
    reader = SpoolReader(path)
    out.put(values(reader))
    reader.advance("stored", 1)
    reader.advance("judged", 1)
    reader.close()


def test_another_process_may_read_and_move_the_cursors(path: Path, spool: SqliteSpool) -> None:
    write(spool, sent(1.0, seq=0))
    write(spool, sent(2.0, seq=1, second=1))
    context = multiprocessing.get_context("spawn")
    out: multiprocessing.SimpleQueue[list[float]] = context.SimpleQueue()
    other = context.Process(target=_read_and_advance, args=(path, out))
    other.start()
    assert out.get() == [1.0, 2.0]
    other.join()
    assert values(spool) == [2.0]
    assert write(spool, sent(3.0, seq=2, second=2)).stored == 1


def test_who_waits_for_rows_of_another_process_is_woken_once(
    path: Path, spool: SqliteSpool
) -> None:
    written = WrittenElsewhere(path)
    assert not written.wait(0.01)
    write(spool, sent(1.0, seq=0))
    assert written.wait(60.0)
    written.clear()
    assert not written.wait(0.01)
    later = threading.Timer(0.05, write, (spool, sent(2.0, seq=1, second=1)))
    later.start()
    assert written.wait(60.0)
    later.join()
    assert values(spool) == [1.0, 2.0]
    written.close()
    assert not written.wait(0.01), "the end of a process is no trouble"


def test_a_reader_of_a_damaged_spool_is_told_so_and_waits(path: Path) -> None:
    path.write_bytes(b"holiday pictures" * 1_000)
    with pytest.raises(SpoolDamaged, match="damaged"):
        SpoolReader(path)
    assert not WrittenElsewhere(path).wait(0.01)


def test_a_reader_without_a_spool_is_told_so(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="not there"):
        SpoolReader(path)


def test_at_its_limit_it_refuses_and_says_why_until_rows_are_dropped(path: Path) -> None:
    spool = SqliteSpool(path, limit_bytes=150_000)
    n, refusal = 0, ""
    while not refusal:
        try:
            write(spool, sent(*[1.0] * 100, seq=100 * n, second=100 * n))
            n += 1
        except StoreUnavailable as error:
            refusal = str(error)
    assert "must hold less than 150000 bytes" in refusal
    assert n > 10
    assert spool.health().state == "degraded"
    assert len(values(spool)) == 100 * n
    spool.advance("stored", spool.head())
    spool.advance("judged", spool.head())
    refused = sent(*[1.0] * 100, seq=100 * n, second=100 * n)
    assert write(spool, refused).stored == 100
    assert spool.health().state == "ok"
    assert account(spool).stored == 100 * (n + 1)
    spool.close()


def test_a_failed_commit_changes_nothing_and_may_be_repeated(
    path: Path, spool: SqliteSpool
) -> None:
    write(spool, sent(1.0, seq=0))
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute(
        "CREATE TRIGGER full BEFORE INSERT ON batches BEGIN SELECT RAISE(FAIL, 'x'); END"
    )
    came = arrivals(sent(2.0, seq=1, second=1), sent(9.0, seq=5, second=5))
    with pytest.raises(StoreUnavailable):
        spool.write(came)
    blocker.execute("DROP TRIGGER full")
    blocker.close()
    assert values(spool) == [1.0]
    done = spool.write(came)
    assert (done.stored, done.duplicate) == (2, 0)
    assert account(spool) == DayAccount("g-1", "2026-11-23", stored=3, missing=3)


def test_a_full_disk_refuses_and_room_mends_it(spool: SqliteSpool) -> None:
    write(spool, sent(1.0, seq=0))
    (pages,) = spool._writer.execute("PRAGMA page_count").fetchone()
    spool._writer.execute(f"PRAGMA max_page_count = {pages}")  # what SQLite then says is ENOSPC's
    big = arrivals(sent(*[2.0] * 500, seq=1, second=1))
    with pytest.raises(StoreUnavailable, match="full"):
        spool.write(big)
    assert values(spool) == [1.0]
    assert spool.health().state == "degraded"
    spool._writer.execute("PRAGMA max_page_count = 1000000")
    assert (spool.write(big).stored, spool.health().state) == (500, "ok")


@pytest.mark.parametrize("damage", ["text", "head", "middle", "cut"])
def test_a_damaged_file_is_moved_aside_with_an_error_never_taken_for_empty(
    path: Path, damage: str
) -> None:
    spool = SqliteSpool(path, limit_bytes=LIMIT)
    for n in range(60):
        write(spool, sent(*[float(n)] * 50, seq=50 * n, second=50 * n))
    spool.close()
    whole = path.read_bytes()
    page = 4096
    damaged = {
        "text": b"this is no database" * 1000,
        "head": bytes(100) + whole[100:],
        "middle": whole[: 2 * page] + b"\xff" * (len(whole) - 3 * page) + whole[-page:],
        "cut": whole[: len(whole) // 2],
    }[damage]
    path.write_bytes(damaged)
    with pytest.raises(SpoolDamaged, match=r"moved to .*spool\.db\.damaged-1"):
        SqliteSpool(path, limit_bytes=LIMIT)
    assert path.with_name("spool.db.damaged-1").read_bytes() == damaged
    fresh = SqliteSpool(path, limit_bytes=LIMIT, start_after=60)
    assert write(fresh, sent(1.0)).offset == 61
    fresh.close()


def test_a_spool_of_a_newer_anju_is_left_alone(path: Path) -> None:
    SqliteSpool(path, limit_bytes=LIMIT).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(SpoolTooNew, match="version 3 or older, got 99"):
        SqliteSpool(path, limit_bytes=LIMIT)
    assert path.exists()


def test_a_spool_of_the_version_before_is_brought_up_and_keeps_its_rows(path: Path) -> None:
    spool = SqliteSpool(path, limit_bytes=LIMIT)
    write(spool, sent(1.0))
    spool.close()
    with sqlite3.connect(path) as older:
        older.executescript(BACK_TO_1)
    older.close()
    spool = SqliteSpool(path, limit_bytes=LIMIT)
    assert write(spool, sent(1.0), sent(2.0, seq=1)).duplicate == 1
    assert [entry.batch.value.tolist() for entry in spool.after(0, 10)] == [[1.0], [2.0]]
    spool.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="file"):
        SqliteSpool(tmp_path / "file" / "spool.db", limit_bytes=LIMIT)


def test_the_writers_connection_syncs_each_commit(spool: SqliteSpool) -> None:
    assert spool._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    assert spool._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_days_are_kept_apart_and_a_late_number_is_taken_off_the_day_it_went_missing(
    spool: SqliteSpool,
) -> None:
    write(spool, sent(1.0, seq=0), sent(2.0, seq=3))
    late = msgspec.structs.replace(sent(5.0, seq=1), received_at_ns=NOW + DAY_NS)
    write(spool, late)
    accounts = {a.day: a for entry in spool.after(0, 100) for a in entry.accounts}
    assert accounts == {
        "2026-11-23": DayAccount("g-1", "2026-11-23", stored=2, missing=1),
        "2026-11-24": DayAccount("g-1", "2026-11-24", stored=1),
    }


def test_quarantined_readings_are_all_kept_for_a_release(spool: SqliteSpool) -> None:
    n = 200
    write(spool, sent(*map(float, range(n)), seq=0, address="T9.x"))
    refusals = spool.after(0, 100)[0].refusals
    assert {(r.fate, r.reason, r.address) for r in refusals} == {
        (Fate.QUARANTINED, "unknown channel", "T9.x")
    }
    assert sum(r.readings for r in refusals) == n
    kept = [json.loads(line)["v"] for r in refusals for line in r.sample.splitlines()]
    assert sorted(kept) == list(range(n))
    assert max(len(r.sample) for r in refusals) <= 2000
    assert account(spool).quarantined == n


def test_a_receipt_with_too_many_gaps_reaches_less_far(spool: SqliteSpool) -> None:
    done = write(spool, *[sent(1.0, seq=2 * n, second=n) for n in range(150)])
    receipt = done.receipts[0]
    assert len(receipt.gaps) == 100
    assert receipt.upto == 200
    assert receipt.gaps[-1] == (199, 199)


def test_seconds_apart_are_real(spool: SqliteSpool) -> None:
    write(spool, sent(1.0, 2.0))
    taken = spool.after(0, 10)[0].batch.taken_at
    assert int(taken[1] - taken[0]) == SECOND_NS


def judged_and_dropped(spool: SqliteSpool) -> None:
    for name in ("stored", "judged"):
        spool.advance(name, spool.head())  # type: ignore[arg-type]


def test_readings_without_numbers_are_known_again_after_their_rows_have_gone(path: Path) -> None:
    first = SqliteSpool(path, limit_bytes=LIMIT)
    write(first, sent(1.0, None, 2.0, seq=None))
    judged_and_dropped(first)
    first.close()
    second = SqliteSpool(path, limit_bytes=LIMIT)
    again = write(second, sent(1.0, None, 2.0, 3.0, seq=None))
    assert (again.stored, again.duplicate, again.rejected) == (1, 3, 0)
    assert account(second) == DayAccount(
        "g-1", "2026-11-23", stored=3, rejected=1, duplicate=3, reasons=WRONG_TYPE
    )
    second.close()


def test_a_count_begun_anew_in_the_very_batch_of_the_old_one_loses_nothing(
    spool: SqliteSpool,
) -> None:
    old, new = sent(1.0, 2.0, 3.0, seq=0), sent(4.0, None, 6.0, seq=0, second=100)
    done = write(spool, old, new, sent(8.0, seq=4, second=104))
    assert values(spool) == [1.0, 2.0, 3.0, 4.0, 6.0, 8.0]
    assert (done.stored, done.duplicate, done.rejected) == (6, 0, 1)
    assert (account(spool).missing, done.receipts[0].gaps) == (1, ((3, 3),))


def test_a_drop_of_one_in_a_hundred_is_listed_to_the_last_number(spool: SqliteSpool) -> None:
    chance = np.random.default_rng(12)
    count = 150_000  # more gaps than are followed one by one
    lost = set(np.flatnonzero(chance.random(count) < 0.01).tolist()) - {0, count - 1}
    kept = [n for n in range(count) if n not in lost]
    for start in range(0, len(kept), 5_000):
        write(spool, *(sent(float(n % 7), seq=n, second=n) for n in kept[start : start + 5_000]))
    listed: dict[int, tuple[int, int, int]] = {}
    for entry in spool.after(0, 10**9):
        for change in entry.gaps:
            for first in change.gone:
                del listed[first]
            listed |= {g.first: (g.last, g.after_ns, g.before_ns) for g in change.here}
    assert {n for first, (last, *_) in listed.items() for n in range(first, last + 1)} == lost
    zero = (NOW - 8 * HOUR_NS) // 1_000_000 * 1_000_000
    for first, (last, after_ns, before_ns) in listed.items():
        assert after_ns == zero + (first - 1) * SECOND_NS
        assert before_ns == zero + (last + 1) * SECOND_NS
    assert account(spool).missing == len(lost)
    assert account(spool).sent == count


def quarantined(path: Path) -> tuple[SqliteSpool, Released]:
    spool = SqliteSpool(path, limit_bytes=LIMIT)
    write(spool, sent(5.0, seq=None, address="T9.x"), sent(1.0, seq=None))
    assert account(spool).reasons == (("quarantined", "unknown channel", 1),)
    return spool, Released("r-1", "g-1", DAY, "unknown channel", 1)


def test_what_was_quarantined_is_released_once(path: Path) -> None:
    spool, released = quarantined(path)
    again = arrivals(sent(5.0, seq=None))  # its channel is known by now
    for wanted in (1, None):
        done = spool.let_in(again, released)
        assert (done and done.stored) == wanted
        assert account(spool) == DayAccount("g-1", "2026-11-23", stored=2)
    spool.close()
    reopened = SqliteSpool(path, limit_bytes=LIMIT)
    assert reopened.let_in(again, released) is None
    reopened.close()


def test_what_came_by_itself_meanwhile_is_not_counted_twice_by_a_release(path: Path) -> None:
    spool, released = quarantined(path)
    write(spool, sent(5.0, seq=None, second=3))
    done = spool.let_in(arrivals(sent(5.0, seq=None, second=3)), released)
    assert done is not None
    assert (done.stored, done.duplicate) == (0, 1)
    assert account(spool) == DayAccount("g-1", "2026-11-23", stored=2, duplicate=1)
    spool.close()


def test_a_spool_of_the_first_version_is_brought_up(path: Path) -> None:
    SqliteSpool(path, limit_bytes=LIMIT).close()
    with sqlite3.connect(path) as old:
        old.executescript(BACK_TO_1 + "INSERT INTO accounts VALUES ('g-1', 20780, 4, 0, 0, 0, 2);")
        numbers = np.array([0, 6, 0, 77, 2, 4, DAY], "<i8").tobytes()  # 0, 1, 4, 5: no times
        old.execute("INSERT INTO numbers VALUES ('g-1', 1, ?)", (numbers,))
    old.close()
    spool = SqliteSpool(path, limit_bytes=LIMIT)
    done = write(spool, sent(1.0, seq=2, second=2))
    assert done.receipts[0].gaps == ((3, 3),)
    assert account(spool) == DayAccount("g-1", "2026-11-23", stored=5, missing=1)
    spool.close()
