"""What every reading store promises; each adapter runs the same tests."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from domain.clock import HOUR_NS, MINUTE_NS
from domain.errors import InvalidInput, SettingsInvalid, StoreUnavailable
from domain.ports import ReadingStore
from domain.readings import QualityFlag, Reading, ReadingBatch, Rollup
from domain.retention import Window
from storage.readings import open_readings
from tests.servers.influx import InfluxServer

NOON = 1_795_435_200_000_000_000  # 2026-11-23T12:00:00Z
ROOT = Path(__file__).parents[2]
EVER = (-(2**62), 2**62)

Opener = Callable[[], ReadingStore]


@pytest.fixture(params=["memory", "duckdb", "influx"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Open the same store again and again: closing one keeps what is in it."""
    match request.param:
        case "memory":
            store = open_readings("memory:")
            return lambda: store
        case "duckdb":
            return lambda: open_readings(f"duckdb://{tmp_path}/readings.duckdb")
    server = request.getfixturevalue("influx")
    url = server.store_url(server.new_bucket())
    return lambda: open_readings(url, server.token)


@pytest.fixture
def store(opener: Opener) -> Iterator[ReadingStore]:
    store = opener()
    yield store
    store.close()


@pytest.fixture
def duckdb_file(tmp_path: Path) -> Path:
    return tmp_path / "readings.duckdb"


def minutes(count: int) -> int:
    return count * MINUTE_NS


def tilt(taken: dict[int, float], channel: str = "T1.x", flag: int = 0) -> ReadingBatch:
    """Readings of one channel by minutes after noon, in the order given."""
    taken_at = [NOON + minutes(minute) for minute in taken]
    return ReadingBatch.of(
        [channel] * len(taken), taken_at, list(taken.values()), flag=flag, received_at=NOON
    )


def values(store: ReadingStore, channel: str = "T1.x") -> list[float]:
    return store.between(channel, *EVER).value.tolist()


def spans(rollup: Rollup) -> list[tuple[int, int, float, float, float]]:
    """Give (start in minutes after noon, count, mean, low, high) of each span."""
    columns = (rollup.count, rollup.mean, rollup.low, rollup.high)
    return [
        ((start - NOON) // MINUTE_NS, *row)
        for start, *row in zip(rollup.start.tolist(), *(c.tolist() for c in columns), strict=True)
    ]


def test_a_batch_written_twice_is_kept_once(store: ReadingStore) -> None:
    for _ in range(2):
        store.append(tilt({0: 1.0, 1: 2.0, 61: 4.0}))
    assert values(store) == [1.0, 2.0, 4.0]
    assert spans(store.rollups("T1.x", *EVER, "hour")) == [
        (0, 2, 1.5, 1.0, 2.0),
        (60, 1, 4.0, 4.0, 4.0),
    ]


def test_a_range_is_oldest_first_and_leaves_out_its_end(store: ReadingStore) -> None:
    store.append(tilt({2: 2.0, 0: 0.0, 1: 1.0}))
    assert store.between("T1.x", NOON, NOON + minutes(2)).value.tolist() == [0.0, 1.0]
    assert store.between("T1.x", NOON + 1, NOON + minutes(2) + 1).value.tolist() == [1.0, 2.0]
    assert len(store.between("T1.x", NOON + minutes(2), NOON)) == 0


def test_all_columns_come_back_exactly(store: ReadingStore) -> None:
    value = [0.1 + 0.2, -0.0, 5e-324, 1e22, -1234.5678901234567]
    flag = np.array([0, 1, 2048, 3, 16], np.uint16)
    taken_at = np.array([NOON + 1, NOON + 2, NOON + 3, -5, 0])
    store.append(ReadingBatch.of(["c"] * 5, taken_at, value, flag=flag, received_at=taken_at + 7))
    series = store.between("c", *EVER)
    order = np.argsort(taken_at)
    assert series.taken_at.tolist() == taken_at[order].tolist()
    assert series.value.tolist() == [value[i] for i in order]
    assert series.flag.tolist() == flag[order].tolist()
    assert series.received_at.tolist() == (taken_at[order] + 7).tolist()
    columns = (series.taken_at, series.value, series.flag, series.received_at)
    assert [c.dtype for c in columns] == [np.int64, np.float64, np.uint16, np.int64]


def test_a_gap_stays_a_gap(store: ReadingStore) -> None:
    store.append(tilt({0: 1.0, 300: 2.0}))
    assert len(store.between("T1.x", NOON, NOON + minutes(301))) == 2
    hours = spans(store.rollups("T1.x", *EVER, "hour"))
    assert [start for start, *_ in hours] == [0, 300]
    tenths = store.downsample("T1.x", NOON, NOON + minutes(301), 10)
    assert tenths.count.tolist() == [1, 1]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_is_refused_with_all_its_batch(
    store: ReadingStore, bad: float
) -> None:
    with pytest.raises(InvalidInput, match=r"value must be finite, got .*'T1\.x'"):
        store.append(tilt({0: 1.0, 1: bad}))
    assert values(store) == []
    assert store.latest(["T1.x"]) == {}


def test_of_two_values_at_one_instant_the_later_write_wins(store: ReadingStore) -> None:
    store.append(tilt({0: 1.0, 1: 2.0}))
    store.append(tilt({1: 5.0}))
    assert values(store) == [1.0, 5.0]
    assert spans(store.rollups("T1.x", *EVER, "day")) == [(-720, 2, 3.0, 1.0, 5.0)]
    assert store.latest(["T1.x"])["T1.x"].value == 5.0


def test_of_two_values_at_one_instant_in_one_batch_the_later_wins(store: ReadingStore) -> None:
    store.append(ReadingBatch.of(["a", "b", "a"], [NOON] * 3, [1.0, 2.0, 3.0]))
    assert values(store, "a") == [3.0]
    assert values(store, "b") == [2.0]
    assert spans(store.rollups("a", *EVER, "hour")) == [(0, 1, 3.0, 3.0, 3.0)]


def test_one_nanosecond_apart_is_two_readings(store: ReadingStore) -> None:
    store.append(ReadingBatch.of(["a", "a"], [NOON, NOON + 1], [1.0, 2.0]))
    assert store.between("a", *EVER).taken_at.tolist() == [NOON, NOON + 1]


def test_late_readings_correct_the_hours_and_the_days(store: ReadingStore) -> None:
    store.append(tilt({0: 2.0, 1: 4.0}))
    store.append(tilt({24 * 60: 8.0}))
    store.append(tilt({30: 9.0, 59: -3.0, 24 * 60 - 1: 1.0}))
    assert spans(store.rollups("T1.x", *EVER, "hour")) == [
        (0, 4, 3.0, -3.0, 9.0),
        (1380, 1, 1.0, 1.0, 1.0),
        (1440, 1, 8.0, 8.0, 8.0),
    ]
    # the days are UTC's: the second begins 12 h after noon
    assert spans(store.rollups("T1.x", *EVER, "day")) == [
        (-720, 4, 3.0, -3.0, 9.0),
        (720, 2, 4.5, 1.0, 8.0),
    ]


def test_a_rollup_range_takes_the_spans_that_start_in_it(store: ReadingStore) -> None:
    store.append(tilt({0: 1.0, 60: 2.0, 120: 3.0}))
    got = store.rollups("T1.x", NOON + 1, NOON + minutes(120), "hour")
    assert spans(got) == [(60, 1, 2.0, 2.0, 2.0)]


def test_rollups_of_many_channels_are_those_of_each(store: ReadingStore) -> None:
    store.append(tilt({-60: 7.0, 0: 1.0, 60: 2.0, 61: 4.0}))
    store.append(tilt({0: 5.0, 120: 3.0}, "T2.x"))
    store.append(tilt({-600: 9.0}, "T3.x"))
    asked = ["T2.x", "nobody", "T1.x", "T3.x"]
    for every in ("hour", "day"):
        got = store.rollups_of(asked, NOON, NOON + minutes(180), every)
        each = {c: store.rollups(c, NOON, NOON + minutes(180), every) for c in asked}
        assert {c: spans(r) for c, r in got.items()} == {
            c: spans(r) for c, r in each.items() if len(r)
        }
    hours = store.rollups_of(asked, *EVER, "hour")
    assert [len(hours[c]) for c in ("T1.x", "T2.x", "T3.x")] == [3, 2, 1]
    assert store.rollups_of([], *EVER, "day") == {}


@pytest.mark.parametrize(
    "channel",
    [
        "江西南昌-东湖区3号楼 倾角①.x",
        "a b,c=d",
        "quote\"and'tick",
        "back\\slash\\",
        "per%41cent%",
        "line\nbreak\tand\x00nul",
        "{which} {0} %s $1 ?",
        "%",
        " ",
    ],
)
def test_any_channel_id_comes_back_as_it_was(opener: Opener, channel: str) -> None:
    store = opener()
    store.append(tilt({0: 1.0, 70: 2.0}, channel))
    store.append(tilt({1: 3.0}, channel))  # late, so that questions name the channel, too
    store.close()
    again = opener()
    assert values(again, channel) == [1.0, 3.0, 2.0]
    assert again.latest([channel])[channel].channel_id == channel
    assert again.rollups(channel, *EVER, "hour").count.tolist() == [2, 1]
    again.delete_before(NOON + 1, [channel])
    assert values(again, channel) == [3.0, 2.0]
    assert values(again, "other") == []
    again.close()


def test_a_restart_keeps_readings_latest_and_rollups(opener: Opener) -> None:
    first = opener()
    first.append(tilt({0: 1.0, 61: 2.0}))
    first.close()
    second = opener()
    assert values(second) == [1.0, 2.0]
    assert second.latest(["T1.x"])["T1.x"].value == 2.0
    # the hour and the day that were filling go on
    second.append(tilt({62: 4.0}))
    assert spans(second.rollups("T1.x", *EVER, "hour")) == [
        (0, 1, 1.0, 1.0, 1.0),
        (60, 2, 3.0, 2.0, 4.0),
    ]
    assert store_day(second) == (3, 1.0, 4.0)
    second.close()


def store_day(store: ReadingStore) -> tuple[int, float, float]:
    (day,) = spans(store.rollups("T1.x", *EVER, "day"))
    return day[1], day[3], day[4]


def test_the_latest_is_the_newest_by_its_own_time(store: ReadingStore) -> None:
    store.append(tilt({5: 5.0}))
    store.append(tilt({3: 3.0}))
    store.append(tilt({1: 1.0}, "T2.x"))
    assert store.latest(["T1.x", "T2.x", "unknown"]) == {
        "T1.x": Reading("T1.x", NOON + minutes(5), 5.0, QualityFlag.OK, NOON),
        "T2.x": Reading("T2.x", NOON + minutes(1), 1.0, QualityFlag.OK, NOON),
    }
    assert store.latest([]) == {}


def test_the_latest_of_many_channels_come_at_once(store: ReadingStore) -> None:
    channels = [f"T{i}" for i in range(450)]
    store.append(ReadingBatch.of(channels, [NOON] * 450, [float(i) for i in range(450)]))
    newest = store.latest(channels)
    assert [newest[c].value for c in channels] == [float(i) for i in range(450)]


@pytest.mark.parametrize("flag", [QualityFlag.OUT_OF_RANGE, QualityFlag.SENSOR_FAULT])
def test_an_unfit_reading_is_kept_and_shown_but_not_summed_up(
    store: ReadingStore, flag: QualityFlag
) -> None:
    store.append(tilt({0: 1.0}))
    store.append(tilt({1: 900.0}, flag=flag | QualityFlag.LATE))
    assert values(store) == [1.0, 900.0]
    assert store.latest(["T1.x"])["T1.x"].flag == flag | QualityFlag.LATE
    assert spans(store.rollups("T1.x", *EVER, "hour")) == [(0, 1, 1.0, 1.0, 1.0)]
    assert store.downsample("T1.x", NOON, NOON + minutes(2), 1).high.tolist() == [1.0]


def test_a_reading_found_unfit_later_leaves_the_rollups(store: ReadingStore) -> None:
    store.append(tilt({0: 1.0, 1: 7.0}))
    store.append(tilt({1: 7.0}, flag=QualityFlag.SENSOR_FAULT))
    assert spans(store.rollups("T1.x", *EVER, "day")) == [(-720, 1, 1.0, 1.0, 1.0)]
    store.append(tilt({0: 1.0}, flag=QualityFlag.SENSOR_FAULT))
    assert spans(store.rollups("T1.x", *EVER, "day")) == []


def test_downsampling_gives_mean_least_greatest_and_count_of_equal_spans(
    store: ReadingStore,
) -> None:
    store.append(tilt({minute: float(minute) for minute in range(100)}))
    got = store.downsample("T1.x", NOON + minutes(10), NOON + minutes(90), 8)
    assert spans(got) == [(10 * i, 10, 10 * i + 4.5, 10.0 * i, 10.0 * i + 9) for i in range(1, 9)]
    uneven = store.downsample("T1.x", NOON + 1, NOON + minutes(100), 7)
    assert len(uneven) == 7
    assert int(uneven.count.sum()) == 99
    assert uneven.start[0] == NOON + 1
    with pytest.raises(InvalidInput, match="points must be at least 1, got 0"):
        store.downsample("T1.x", NOON, NOON + 1, 0)


def test_more_points_than_nanoseconds_are_no_harm(store: ReadingStore) -> None:
    store.append(ReadingBatch.of(["a", "a"], [NOON, NOON + 1], [1.0, 2.0]))
    assert store.downsample("a", NOON, NOON + 2, 1000).mean.tolist() == [1.0, 2.0]
    assert len(store.downsample("a", NOON, NOON, 10)) == 0


def test_deleting_before_a_moment_keeps_that_moment_and_all_rollups(store: ReadingStore) -> None:
    store.append(tilt({0: 1.0, 1: 2.0, 61: 3.0}))
    store.append(tilt({0: 9.0}, "T2.x"))
    before = spans(store.rollups("T1.x", *EVER, "hour"))
    store.delete_before(NOON + minutes(1))
    assert values(store) == [2.0, 3.0]
    assert values(store, "T2.x") == []
    assert store.latest(["T1.x", "T2.x"]).keys() == {"T1.x"}
    assert spans(store.rollups("T1.x", *EVER, "hour")) == before
    assert spans(store.rollups("T2.x", *EVER, "hour")) == [(0, 1, 9.0, 9.0, 9.0)]


def test_deleting_some_channels_leaves_the_others(store: ReadingStore) -> None:
    for channel in ("T1.x", "T2.x"):
        store.append(tilt({0: 1.0, 1: 2.0}, channel))
    store.delete_before(NOON + minutes(1), ["T1.x", "unknown"])
    store.delete_before(NOON + minutes(9), [])
    assert values(store, "T1.x") == [2.0]
    assert values(store, "T2.x") == [1.0, 2.0]


def test_late_readings_are_added_to_spans_that_lost_theirs(opener: Opener) -> None:
    first = opener()
    first.append(tilt({0: 1.0, 1: 2.0, 61: 3.0}))
    first.delete_before(NOON + minutes(2))
    first.close()
    store = opener()
    store.append(tilt({5: 9.0}))
    assert values(store) == [9.0, 3.0]
    assert spans(store.rollups("T1.x", *EVER, "hour")) == [
        (0, 3, 4.0, 1.0, 9.0),
        (60, 1, 3.0, 3.0, 3.0),
    ]
    assert store_day(store) == (4, 1.0, 9.0)
    store.close()


def test_an_empty_batch_is_nothing(store: ReadingStore) -> None:
    store.append(ReadingBatch.empty())
    assert values(store) == []
    assert len(store.rollups("T1.x", *EVER, "day")) == 0
    assert len(store.downsample("T1.x", NOON, NOON + 9, 3)) == 0


def test_channels_of_a_batch_without_readings_are_no_harm(opener: Opener) -> None:
    one = tilt({0: 1.0})
    batch = ReadingBatch(
        ("unused", "T1.x", "too"),
        one.channel + np.int32(1),
        one.taken_at,
        one.value,
        one.flag,
        one.received_at,
        one.seq,
        one.boot,
    )
    store = opener()
    store.append(batch)
    store.close()
    again = opener()
    assert again.latest(["unused", "T1.x", "too"]).keys() == {"T1.x"}
    again.close()


def test_a_large_batch_is_kept_whole(store: ReadingStore) -> None:
    n, channels = 60_000, 300
    rng = np.random.default_rng(20261123)
    taken_at = NOON + np.arange(n) * 1_000_000_000
    value = np.round(rng.normal(size=n), 3)
    batch = ReadingBatch.of([f"T{i % channels}" for i in range(n)], taken_at, value)
    store.append(batch)
    store.append(batch)
    for channel in (0, 7, 299):
        series = store.between(f"T{channel}", *EVER)
        assert series.taken_at.tolist() == taken_at[channel::channels].tolist()
        assert series.value.tolist() == value[channel::channels].tolist()
        hours = store.rollups(f"T{channel}", *EVER, "hour")
        assert int(hours.count.sum()) == n // channels
        assert float(hours.mean @ hours.count) == pytest.approx(series.value.sum())


def test_values_near_the_greatest_float_are_kept_but_not_summed_up(store: ReadingStore) -> None:
    store.append(tilt({0: 1e308, 1: 1.5e308, 4: 5.0}))
    store.append(tilt({5: 1.7e308}))
    store.append(tilt({3: -1e308, 1: 1.6e308}))
    assert values(store) == [1e308, 1.6e308, -1e308, 5.0, 1.7e308]
    assert spans(store.rollups("T1.x", *EVER, "hour")) == [(0, 1, 5.0, 5.0, 5.0)]
    assert store.downsample("T1.x", NOON, NOON + minutes(9), 1).mean.tolist() == [5.0]


def test_what_was_promised_is_there_for_every_thread_at_once(store: ReadingStore) -> None:
    store.append(tilt({0: 0.0}))
    failures: list[BaseException] = []
    promised = [1]
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                at_least = promised[0]
                newest = store.latest(["T1.x"])["T1.x"]
                series = store.between("T1.x", *EVER)
                hours = store.rollups("T1.x", *EVER, "hour")
                assert newest.taken_at_ns >= NOON + minutes(at_least - 1)
                assert len(series) >= at_least
                assert (np.diff(series.taken_at) > 0).all()
                assert int(hours.count.sum()) >= at_least
        except (AssertionError, StoreUnavailable) as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for first in range(1, 200, 5):
        store.append(tilt({minute: float(minute) for minute in range(first, first + 5)}))
        promised[0] = first + 5
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert len(values(store)) == 201


def test_two_threads_writing_lose_nothing(store: ReadingStore) -> None:
    def write(channel: str) -> None:
        for minute in range(0, 90, 3):
            store.append(tilt({minute + i: 1.0 for i in range(3)}, channel))

    writers = [threading.Thread(target=write, args=(f"T{i}.x",)) for i in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    for i in range(2):
        assert len(values(store, f"T{i}.x")) == 90
        assert store.rollups(f"T{i}.x", *EVER, "hour").count.tolist() == [60, 30]


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_any_order_of_writing_deleting_and_restarting_gives_what_plain_code_gives(
    opener: Opener, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    plain, store = open_readings("memory:"), opener()
    channels = [f"c{i}" for i in range(4)]
    written: list[ReadingBatch] = []
    # one seed passes 1970, where remainders change their sign
    now = 10**6 * HOUR_NS if seed else -20 * HOUR_NS
    for _ in range(20):
        choice = rng.random()
        if choice < 0.15:
            end = int(now - rng.integers(-2 * HOUR_NS, 40 * HOUR_NS))
            some = None if rng.random() < 0.5 else [str(c) for c in rng.choice(channels, 2)]
            plain.delete_before(end, some)
            store.delete_before(end, some)
        else:
            batch = _any_batch(rng, channels, now)
            if choice < 0.25 and written:
                batch = written[rng.integers(len(written))]
            plain.append(batch)
            store.append(batch)
            written.append(batch)
            now += int(rng.integers(0, 3 * HOUR_NS))
        if choice > 0.9:
            store.close()
            store = opener()
        _compare(plain, store, channels)
    store.close()


def _any_batch(rng: np.random.Generator, channels: list[str], now: int) -> ReadingBatch:
    n, step = int(rng.integers(1, 30)), HOUR_NS // 4
    back = rng.integers(0, rng.choice([2, 8, 200]), n)
    unfit = rng.choice([4, 8, 16, 512], n)
    return ReadingBatch.of(
        [channels[i] for i in rng.integers(0, len(channels), n)],
        now // step * step - back * step,
        np.round(rng.normal(size=n), 2),
        flag=np.where(rng.random(n) < 0.15, unfit, rng.integers(0, 2, n)).astype(np.uint16),
    )


def _compare(plain: ReadingStore, store: ReadingStore, channels: list[str]) -> None:
    assert store.latest(channels) == plain.latest(channels)
    for channel in channels:
        wanted, got = plain.between(channel, *EVER), store.between(channel, *EVER)
        assert got.taken_at.tolist() == wanted.taken_at.tolist()
        assert got.value.tolist() == wanted.value.tolist()
        assert got.flag.tolist() == wanted.flag.tolist()
        pairs = [
            (store.rollups(channel, *EVER, "hour"), plain.rollups(channel, *EVER, "hour")),
            (store.rollups(channel, *EVER, "day"), plain.rollups(channel, *EVER, "day")),
        ]
        if len(wanted):
            first, last = int(wanted.taken_at[0]) - 5, int(wanted.taken_at[-1]) + 3
            pairs.append(
                (
                    store.downsample(channel, first, last, 13),
                    plain.downsample(channel, first, last, 13),
                )
            )
        for mine, theirs in pairs:
            assert mine.start.tolist() == theirs.start.tolist()
            assert mine.count.tolist() == theirs.count.tolist()
            for name in ("mean", "low", "high"):
                np.testing.assert_allclose(
                    getattr(mine, name), getattr(theirs, name), rtol=1e-9, atol=1e-12
                )


# -- DuckDB's file ---------------------------------------------------------------------------

WRITER = """
import sys
from domain.readings import ReadingBatch
from storage.readings import open_readings
store = open_readings("duckdb://" + sys.argv[1])
for i in range(int(sys.argv[2]), 100_000):
    at = 1_795_435_200_000_000_000 + i * 60_000_000_000
    store.append(ReadingBatch.of(["T1.x", f"T{i % 7}"], [at, at], [float(i), 1.0]))
    print(i, flush=True)
"""


def _writer(file: Path, first: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_duckdb_keeps_all_that_was_appended_when_the_process_is_killed(duckdb_file: Path) -> None:
    promised = 0
    for batches in (3, 40, 11):
        writer = _writer(duckdb_file, promised)
        assert writer.stdout
        for _ in range(batches):
            promised = int(writer.stdout.readline()) + 1
        writer.send_signal(signal.SIGKILL)
        # what it had still printed by then was promised as well
        promised = max([promised, *(int(line) + 1 for line in writer.stdout.read().split())])
        writer.wait()
        writer.stdout.close()
        store = open_readings(f"duckdb://{duckdb_file}")
        kept = values(store)
        assert kept[:promised] == [float(i) for i in range(promised)]
        assert len(kept) - promised in {0, 1}  # one may be in before it is promised
        assert store.latest(["T1.x"])["T1.x"].value == kept[-1]
        assert int(store.rollups("T1.x", *EVER, "hour").count.sum()) == len(kept)
        assert int(store.rollups("T1.x", *EVER, "day").count.sum()) == len(kept)
        store.close()


def test_duckdb_refuses_a_second_process_and_says_so(duckdb_file: Path) -> None:
    writer = _writer(duckdb_file, 0)
    try:
        assert writer.stdout
        writer.stdout.readline()
        with pytest.raises(
            StoreUnavailable, match=rf"used by another process \(process {writer.pid}\): a second"
        ):
            open_readings(f"duckdb://{duckdb_file}")
    finally:
        writer.kill()
        writer.communicate()
    store = open_readings(f"duckdb://{duckdb_file}")
    assert values(store)[0] == 0.0
    store.close()


def test_duckdb_refuses_to_open_a_file_twice_in_one_process(duckdb_file: Path) -> None:
    first = open_readings(f"duckdb://{duckdb_file}")
    with pytest.raises(StoreUnavailable, match="already open in this process"):
        open_readings(f"duckdb://{duckdb_file}")
    first.append(tilt({0: 1.0}))
    first.close()
    open_readings(f"duckdb://{duckdb_file}").close()


def test_duckdb_says_that_a_file_is_not_its_own(duckdb_file: Path) -> None:
    duckdb_file.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StoreUnavailable, match="no DuckDB file, or it is damaged"):
        open_readings(f"duckdb://{duckdb_file}")
    assert duckdb_file.read_bytes() == b"not a database at all" * 1000


def test_duckdb_says_that_a_file_holds_something_else_or_another_schema(duckdb_file: Path) -> None:
    import duckdb

    with duckdb.connect(str(duckdb_file)) as other:
        other.execute("CREATE TABLE mine (i INTEGER)")
    with pytest.raises(StoreUnavailable, match="not one of Anju's readings"):
        open_readings(f"duckdb://{duckdb_file}")
    duckdb_file.unlink()
    open_readings(f"duckdb://{duckdb_file}").close()
    with duckdb.connect(str(duckdb_file)) as other:
        other.execute("UPDATE schema_version SET version = 0")
    with pytest.raises(StoreUnavailable, match="has schema 0, this Anju reads 2"):
        open_readings(f"duckdb://{duckdb_file}")


def test_duckdb_takes_a_file_of_the_first_schema_over(duckdb_file: Path) -> None:
    import duckdb

    moments = [NOON + 1, -1, 0, NOON + 999_999, NOON + 1_000_000]
    with contextlib.closing(open_readings(f"duckdb://{duckdb_file}")) as store:
        store.append(ReadingBatch.of(["T1.x"] * 5, moments, range(5), received_at=NOON + 7))
    with duckdb.connect(str(duckdb_file)) as other:
        other.execute(
            "CREATE TABLE before AS SELECT channel, taken_at, value, flag, received_at"
            " FROM reading; DROP VIEW reading; DROP TABLE raw;"
            "ALTER TABLE before RENAME TO reading; UPDATE schema_version SET version = 1"
        )
    with contextlib.closing(open_readings(f"duckdb://{duckdb_file}")) as store:
        series = store.between("T1.x", *EVER)
        assert series.taken_at.tolist() == sorted(moments)
        assert series.value.tolist() == [1.0, 2.0, 0.0, 3.0, 4.0]
        assert series.received_at.tolist() == [NOON + 7] * 5
        store.append(ReadingBatch.of(["T1.x"], [NOON + 1], [9.0]))
        store.delete_before(NOON + 1, ["T1.x"])
        assert values(store) == [9.0, 3.0, 4.0]


def test_duckdb_says_that_the_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"the folder of readings file .* is missing"):
        open_readings(f"duckdb://{tmp_path}/no/readings.duckdb")


READER = """
import os, sys
import numpy, pyarrow, storage.readings.duckdb
from domain.errors import StoreUnavailable
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    storage.readings.open_readings("duckdb://" + sys.argv[1])
except StoreUnavailable as error:
    print(error)
"""


def test_duckdb_says_that_it_may_not_write(server_folder: Path) -> None:
    folder = server_folder / "not-ours"
    folder.mkdir()
    file = folder / "readings.duckdb"
    open_readings(f"duckdb://{file}").close()
    file.chmod(0o444)
    folder.chmod(0o555)
    said = _run(READER, file)
    folder.chmod(0o755)
    assert f"no permission to write readings file {file}" in said.stdout, said.stderr


def _run(code: str, file: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, str(file)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


FILLER = """
import resource, signal, sys
import numpy as np
from domain.errors import StoreUnavailable
from domain.readings import ReadingBatch
from storage.readings import open_readings
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_readings("duckdb://" + sys.argv[1])
rng = np.random.default_rng(1)
def batch(i):
    at = 1_795_435_200_000_000_000 + (i * 20_000 + np.arange(20_000)) * 1_000_000
    return ReadingBatch.of(["T1.x"] * 20_000, at, rng.normal(size=20_000))
store.append(batch(0))
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
kept = 1
try:
    while True:
        late = batch(kept)
        store.append(late)
        kept += 1
except StoreUnavailable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.append(late)
print(kept + 1, len(store.between("T1.x", 0, 2**62)))
store.close()
"""


def test_duckdb_on_a_full_disk_refuses_and_goes_on_when_there_is_room(duckdb_file: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    said = _run(FILLER, duckdb_file)
    lines = said.stdout.splitlines()
    assert len(lines) == 2, said.stdout + said.stderr
    assert "the disk is full" in lines[0]
    batches, kept = map(int, lines[1].split())
    assert kept == batches * 20_000
    store = open_readings(f"duckdb://{duckdb_file}")
    assert len(values(store)) == kept
    assert int(store.rollups("T1.x", *EVER, "day").count.sum()) == kept
    store.close()


# -- InfluxDB's server -----------------------------------------------------------------------


def test_influx_refuses_while_it_is_down_and_takes_the_same_batch_after(
    influx: InfluxServer,
) -> None:
    if not influx.ours:
        pytest.skip("a server that the tests did not start is not stopped")
    store = open_readings(influx.store_url(influx.new_bucket()), influx.token)
    store.append(tilt({0: 1.0}))
    influx.stop()
    try:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="does not answer"):
                store.append(tilt({1: 2.0}))
        with pytest.raises(StoreUnavailable, match="does not answer"):
            store.between("T1.x", *EVER)
    finally:
        influx.start_again()
    store.append(tilt({1: 2.0}))
    assert values(store) == [1.0, 2.0]
    assert store_day(store) == (2, 1.0, 2.0)
    store.close()


def test_influx_says_that_a_bucket_is_not_there(influx: InfluxServer) -> None:
    store = open_readings(influx.store_url("no_such_bucket"), influx.token)
    with pytest.raises(StoreUnavailable, match="no_such_bucket"):
        store.append(tilt({0: 1.0}))
    with pytest.raises(StoreUnavailable, match="no_such_bucket"):
        store.latest(["T1.x"])
    store.close()


def test_influx_does_not_swallow_a_partial_write(influx: InfluxServer) -> None:
    bucket = influx.new_bucket()
    influx.write(bucket, f"readings,channel=old value=true {NOON}")
    store = open_readings(influx.store_url(bucket), influx.token)
    with pytest.raises(StoreUnavailable, match="field type conflict"):
        store.append(tilt({0: 1.0}))
    store.close()


def test_influx_keeps_large_answers_whole(influx: InfluxServer) -> None:
    store = open_readings(influx.store_url(influx.new_bucket()), influx.token)
    n = 100_001  # one more than a page
    store.append(ReadingBatch.of(["a"] * n, NOON + np.arange(n), np.arange(n, dtype=float)))
    series = store.between("a", *EVER)
    assert series.taken_at.tolist() == list(range(NOON, NOON + n))
    store.close()


def test_influx_takes_compressed_requests(influx: InfluxServer) -> None:
    store = open_readings(influx.store_url(influx.new_bucket()) + "&gzip=1", influx.token)
    store.append(tilt({0: 1.0}))
    assert values(store) == [1.0]
    store.close()


def test_a_closed_store_says_so(opener: Opener) -> None:
    store = opener()
    store.close()
    store.close()
    if type(store).__name__ == "MemoryReadingStore":
        return
    with pytest.raises(StoreUnavailable, match="closed"):
        store.append(tilt({0: 1.0}))
    with pytest.raises(StoreUnavailable, match="closed"):
        store.between("T1.x", *EVER)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "readings.duckdb",
        "sqlite:///x",
        "duckdb://host/file",
        "duckdb:///folder/",
        "influx+http://host:8086?org=o",
        "influx+http://?bucket=b",
        "influx+http://host?bucket=b&colour=red",
        "influx+http://user:secret@host?bucket=b",
        "http://host:8086?org=o&bucket=b",
    ],
)
def test_a_wrong_url_is_refused_by_name_and_tells_no_secret(url: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"readings\.url") as caught:
        open_readings(url)
    assert "secret" not in str(caught.value)


def test_what_was_put_aside_outlives_its_deletion_and_is_read_as_before(
    store: ReadingStore,
) -> None:
    store.append(tilt({0: 1.0, 10: 2.0, 20: 3.0, 30: 4.0, 40: 5.0}))
    store.append(tilt({10: 9.0}, "T2.x"))
    window = Window("T1.x", NOON + minutes(10), NOON + minutes(30))
    for _ in range(2):  # killed half-way and run again
        store.keep([window, Window("unknown", *EVER)], NOON + minutes(40))
        store.delete_before(NOON + minutes(35))
    assert values(store) == [2.0, 3.0, 5.0]
    assert values(store, "T2.x") == []
    assert store.downsample("T1.x", NOON, NOON + minutes(60), 1).count.tolist() == [3]
    kept = store.between("T1.x", NOON + minutes(20), NOON + minutes(21))
    assert (kept.value.tolist(), kept.flag.tolist()) == ([3.0], [0])


def test_only_what_is_old_is_put_aside_and_what_came_later_wins(store: ReadingStore) -> None:
    store.append(tilt({0: 1.0, 10: 2.0}))
    everything = [Window("T1.x", *EVER)]
    store.keep(everything, NOON + minutes(5))
    store.append(tilt({0: 7.0}))
    assert values(store) == [7.0, 2.0]
    store.keep(everything, NOON + minutes(5))
    store.delete_before(NOON + minutes(20))
    assert values(store) == [7.0]


def test_what_is_aside_goes_when_nothing_needs_it_any_more(store: ReadingStore) -> None:
    store.append(tilt({0: 1.0, 10: 2.0, 20: 3.0}))
    store.append(tilt({0: 9.0}, "T2.x"))
    everything = [Window("T1.x", *EVER), Window("T2.x", *EVER)]
    store.keep(everything, NOON + minutes(60))
    store.delete_before(NOON + minutes(60))
    store.keep_only([Window("T1.x", NOON + minutes(10), NOON + minutes(11))])
    assert values(store) == [2.0]
    assert values(store, "T2.x") == []
    store.keep_only([])
    assert values(store) == []


def test_what_is_aside_is_there_after_a_restart(opener: Opener) -> None:
    first = opener()
    first.append(tilt({0: 1.0, 10: 2.0}))
    first.keep([Window("T1.x", NOON, NOON + 1)], NOON + minutes(60))
    first.delete_before(NOON + minutes(60))
    first.close()
    store = opener()
    assert values(store) == [1.0]
    store.close()


def test_rollups_go_by_themselves(store: ReadingStore) -> None:
    store.append(tilt({0: 1.0, 61: 2.0, 122: 3.0, 183: 4.0}))
    store.delete_rollups_before("hour", NOON + minutes(61))
    assert [row[0] for row in spans(store.rollups("T1.x", *EVER, "hour"))] == [120, 180]
    assert store_day(store) == (4, 1.0, 4.0)
    assert values(store) == [1.0, 2.0, 3.0, 4.0]
