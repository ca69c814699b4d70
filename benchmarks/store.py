"""Readings stores: writes, space, replays and the reads that pages make.

`python -m benchmarks.store [--json] [--quick]`. The limit for DuckDB is the same Arrow rows
inserted into a bare table in the same run; for InfluxDB the same readings as ready lines, without
latest and rollups. InfluxDB is Debian's, started for the run; without it nothing is measured.
"""

import argparse
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.report import Figure, report, show
from domain.clock import DAY_NS, MINUTE_NS
from domain.ports import ReadingStore
from domain.readings import ReadingBatch, concat
from storage.readings import open_readings
from storage.readings.columns import rows_of
from storage.readings.influx_http import InfluxHttp
from storage.readings.influx_lines import prefix_of, reading_lines
from tests.servers.influx import start
from tests.servers.process import ServerMissing

START = 1_790_812_800_000_000_000  # 2026-10-01
CHANNELS = 10_000
DENSE, DENSE_ROWS = "B00000-DENSE.x", 30 * 1440  # one reading a minute for 30 days
SPAN = START, START + 30 * DAY_NS
NAMES = (
    "write rows/s, 10,000-row batches",
    "bytes a row",
    "replay of a stored batch of 20,000 rows",
    "latest of 10,000 channels",
    "one channel, 30 days raw",
    "one channel, 30 days to 1,000 points",
    "daily rollups, {} channels x 365",
)
UNITS = ("rows/s", "B", "ms", "ms", "ms", "ms", "ms")


def rounds(count: int) -> Iterator[ReadingBatch]:
    """One reading a minute of 10,000 channels, and a part of the dense channel's 30 days."""
    rng = np.random.default_rng(20261123)
    channels = tuple(f"B{i // 6:05d}-T{i % 6}.x" for i in range(CHANNELS))
    base = np.round(rng.normal(0, 2, CHANNELS), 2)
    part = -(-DENSE_ROWS // count)
    for number in range(count):
        taken_at = START + number * MINUTE_NS + rng.integers(0, 60_000, CHANNELS) * 1_000_000
        steady = ReadingBatch(
            channels,
            np.arange(CHANNELS, dtype=np.int32),
            taken_at,
            np.round(base + rng.normal(0, 0.05, CHANNELS), 3),
            np.zeros(CHANNELS, np.uint16),
            taken_at + rng.integers(20, 900, CHANNELS) * 1_000_000,
            np.full(CHANNELS, -1),
            np.full(CHANNELS, -1, np.int32),
        )
        minute = np.arange(number * part, min(DENSE_ROWS, (number + 1) * part))
        dense = ReadingBatch.of(
            [DENSE] * len(minute), START + minute * MINUTE_NS, np.round(np.sin(minute / 1440), 3)
        )
        yield concat([steady, dense])


def days(channels: int) -> Iterator[ReadingBatch]:
    """Two readings a day of some channels for 365 days, five days a batch."""
    ids = [f"B{i:05d}.score" for i in range(channels)]
    for first in range(0, 365, 5):
        at = START - 365 * DAY_NS + np.arange(first * 2, first * 2 + 10) * (DAY_NS // 2)
        yield ReadingBatch.of(
            ids * 10, np.repeat(at, channels), np.tile(np.arange(channels) % 97 / 7, 10)
        )


def milliseconds(work: Callable[[], object], times: int = 5) -> float:
    """Time a piece of work, the median of some tries."""
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        work()
        taken.append(time.perf_counter() - before)
    return float(np.median(taken) * 1e3)


def rows_a_second(write: Callable[[ReadingBatch], object], batches: list[ReadingBatch]) -> float:
    """Time the writing of batches, after the first has met all channels."""
    write(batches[0])
    before = time.perf_counter()
    for batch in batches[1:]:
        write(batch)
    return sum(map(len, batches[1:])) / (time.perf_counter() - before)


def bare_insert(folder: Path, batches: list[ReadingBatch]) -> tuple[float, float]:
    """Insert the same rows into a bare DuckDB table: rows/s and bytes a row."""
    file = folder / "bare.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute(
            "CREATE TABLE reading (channel INTEGER, taken_at BIGINT, value DOUBLE,"
            " flag USMALLINT, received_at BIGINT)"
        )
        tables = [
            pa.table([b.channel, b.taken_at, b.value, b.flag, b.received_at], list("abcde"))
            for b in batches
        ]
        before = time.perf_counter()
        for table in tables:
            database.register("given", table)
            database.execute("INSERT INTO reading SELECT * FROM given")
        rows = sum(map(len, batches))
        speed = rows / (time.perf_counter() - before)
    return speed, file.stat().st_size / rows


def measure(
    store: ReadingStore, batches: list[ReadingBatch], daily: int, tries: int
) -> tuple[float, list[float]]:
    """Write batches, then time a replay and the reads: rows/s, and ms each."""
    speed = rows_a_second(store.append, batches)
    stored = concat(batches[-2:])
    stored = stored.take(np.arange(20_000))
    ids = [*batches[0].channels[:CHANNELS]]
    for batch in days(daily):
        store.append(batch)
    daily_ids = [f"B{i:05d}.score" for i in range(daily)]
    year = START - 366 * DAY_NS, START + DAY_NS
    assert len(store.rollups(daily_ids[-1], *year, "day")) == 365
    assert len(store.between(DENSE, *SPAN)) == DENSE_ROWS
    return speed, [
        milliseconds(lambda: store.append(stored), tries),
        milliseconds(lambda: store.latest(ids)),
        milliseconds(lambda: store.between(DENSE, *SPAN)),
        milliseconds(lambda: store.downsample(DENSE, *SPAN, 1_000)),
        milliseconds(lambda: [store.rollups(c, *year, "day") for c in daily_ids], 1),
    ]


def bench_duckdb(folder: Path, batches: list[ReadingBatch], daily: int) -> list[Figure]:
    """Measure the DuckDB adapter beside a bare insert."""
    bare_speed, bare_size = bare_insert(folder, batches)
    # space is measured on its own file: the reads' one also holds the daily series
    file = folder / "size.duckdb"
    store = open_readings(f"duckdb://{file}")
    for batch in batches:
        store.append(batch)
    store.close()
    size = file.stat().st_size / sum(map(len, batches))
    store = open_readings(f"duckdb://{folder}/readings.duckdb")
    speed, reads = measure(store, batches, daily, 5)
    store.close()
    against: list[tuple[str, float | None] | None] = [
        ("bare Arrow insert", bare_speed),
        ("bare Arrow insert", bare_size),
        *[None] * 5,
    ]
    return [
        Figure(f"DuckDB: {name.format(daily)}", value, unit, peer)
        for name, value, unit, peer in zip(
            NAMES, [speed, size, *reads], UNITS, against, strict=True
        )
    ]


def bench_influx(folder: Path, batches: list[ReadingBatch], daily: int) -> list[Figure]:
    """Measure the InfluxDB adapter beside ready lines of the readings alone."""
    try:
        with start(folder / "influx") as server:
            bare = InfluxHttp(server.url, server.org, server.new_bucket(), server.token)
            prefixes = [prefix_of(c) for c in batches[0].channels]
            codes = np.arange(len(prefixes), dtype=np.int32)
            lines = {id(b): list(reading_lines(rows_of(b, codes), prefixes)) for b in batches}
            bare_speed = rows_a_second(lambda batch: bare.write(lines[id(batch)]), batches)
            bare.close()
            with contextlib.closing(
                open_readings(server.store_url(server.new_bucket()), server.token)
            ) as store:
                speed, reads = measure(store, batches, daily, 1)
            server.remove_buckets()
    except ServerMissing as missing:
        return [
            Figure(f"InfluxDB: {name.format(daily)}", None, unit, (str(missing), None))
            for name, unit in zip(NAMES, UNITS, strict=True)
        ]
    values = [speed, None, *reads]
    peers: list[tuple[str, float | None] | None] = [
        ("ready lines of the readings alone", bare_speed),
        ("the server tells no size", None),
        *[None] * 5,
    ]
    return [
        Figure(f"InfluxDB: {name.format(daily)}", value, unit, peer)
        for name, value, unit, peer in zip(NAMES, values, UNITS, peers, strict=True)
    ]


def run(quick: bool) -> dict[str, Any]:
    """Measure both stores; `quick` writes a tenth."""
    daily = 100 if quick else 1_000
    batches = list(rounds(20 if quick else 150))
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        figures = bench_duckdb(folder, batches, daily)
        few = list(rounds(10 if quick else 40))
        figures += bench_influx(folder, few, daily)
    return report("store", figures)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="under half a minute")
    asked = parser.parse_args()
    show(run(asked.quick), as_json=asked.json)


if __name__ == "__main__":
    main()
