"""Readings stores: writes, space, replays and the reads that pages make, DuckDB beside InfluxDB.

`python -m benchmarks.store [--json] [--quick]`. Both stores take the same batches in turns, and
are asked the same in turns; figures are medians. InfluxDB is Debian's, started for the run;
without it the ratios are not measured. "Bare" is the least that each engine can do: Arrow rows
inserted into a table, and ready lines, both without newest values and rollups.
"""

import argparse
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
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
from storage.readings.influx_lines import prefix_of, reading_lines, span_lines
from storage.readings.spans import Spans
from tests.servers.influx import start
from tests.servers.process import ServerMissing

START = 1_790_812_800_000_000_000  # 2026-10-01
CHANNELS = 10_000
DENSE, DENSE_ROWS = "B00000-DENSE.x", 30 * 1440  # one reading a minute for 30 days
SPAN = START, START + 30 * DAY_NS
YEAR = START - 365 * DAY_NS, START
BUILDINGS = 1_000
INFLUX = "InfluxDB 1.6.7"
SLOW = ("replay", "year")  # seconds each in InfluxDB


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
            [DENSE] * len(minute),
            START + minute * MINUTE_NS,
            np.round(np.sin(minute / 1440), 3),
            received_at=START + minute * MINUTE_NS + 400_000_000,
        )
        yield concat([steady, dense])


def days() -> Iterator[ReadingBatch]:
    """Two readings a day of each building's score for 365 days, five days a batch."""
    ids = [f"B{i:05d}.score" for i in range(BUILDINGS)]
    for first in range(0, 365, 5):
        at = YEAR[0] + np.arange(first * 2, first * 2 + 10) * (DAY_NS // 2)
        yield ReadingBatch.of(
            ids * 10, np.repeat(at, BUILDINGS), np.tile(np.arange(BUILDINGS) % 97 / 7, 10)
        )


def day_spans() -> Spans:
    """Tell the daily rollups that `days` come to, as InfluxDB's adapter would write them."""
    channel = np.tile(np.arange(BUILDINGS, dtype=np.int32), 365)
    low = channel % 97 / 7
    start = np.repeat(YEAR[0] + np.arange(365) * DAY_NS, BUILDINGS)
    return Spans(channel, start, np.full(len(channel), 2), 2 * low, low, low)


def seconds(work: Callable[[], object]) -> float:
    """Time a piece of work."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def in_turns(works: dict[str, Callable[[], object]], tries: int) -> dict[str, float]:
    """Time pieces of work in turns; medians in ms."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(tries):
        for name, work in works.items():
            taken[name].append(seconds(work))
    return {name: float(np.median(times)) * 1e3 for name, times in taken.items()}


class Written:
    """Writes batches in several ways in turns and tells the median speed of each."""

    def __init__(self, ways: dict[str, Callable[[ReadingBatch], object]]) -> None:
        self._ways = ways
        self._speeds: dict[str, list[float]] = {name: [] for name in ways}

    def write(self, batch: ReadingBatch) -> None:
        """Write a batch in each way."""
        for name, way in self._ways.items():
            self._speeds[name].append(len(batch) / seconds(partial(way, batch)))

    def rows_a_second(self, name: str) -> float | None:
        """Tell the median speed of a way; `None` when it was not tried."""
        # the first batch meets all channels for the first time
        return float(np.median(self._speeds[name][1:])) if name in self._speeds else None


class Influx:
    """InfluxDB as our adapter uses it, and as one would by hand."""

    def __init__(self, server: Any, batch: ReadingBatch) -> None:
        bucket = server.new_bucket()
        self.store: ReadingStore = open_readings(server.store_url(bucket), server.token)
        self.http = InfluxHttp(server.url, server.org, bucket, server.token)
        self._bare = InfluxHttp(server.url, server.org, server.new_bucket(), server.token)
        self._prefixes = [prefix_of(c) for c in batch.channels]
        self._codes = np.arange(len(self._prefixes), dtype=np.int32)
        self._lines: tuple[int, list[str]] = (0, [])

    def prepare(self, batch: ReadingBatch) -> None:
        """Write a batch's lines beforehand: making them is not InfluxDB's work."""
        self._lines = id(batch), list(reading_lines(rows_of(batch, self._codes), self._prefixes))

    def write_bare(self, batch: ReadingBatch) -> None:
        """Write the prepared lines."""
        assert self._lines[0] == id(batch)
        self._bare.write(self._lines[1])

    def write_year(self) -> None:
        """Write the buildings' daily rollups."""
        prefixes = [prefix_of(f"B{i:05d}.score") for i in range(BUILDINGS)]
        self.http.write(list(span_lines(day_spans(), "day", prefixes)))

    def last(self) -> dict[str, float]:
        """Ask for the newest values as InfluxDB's own language has it."""
        tables = self.http.query("SELECT last(value) FROM readings GROUP BY channel")
        return {table.tags["channel"]: table.values[0][1] for table in tables}


class Bare:
    """A bare DuckDB table."""

    def __init__(self, file: Path) -> None:
        self.database = duckdb.connect(str(file))
        self.database.execute(
            "CREATE TABLE reading (channel INTEGER, taken_at BIGINT, value DOUBLE,"
            " flag USMALLINT, received_at BIGINT)"
        )

    def write(self, batch: ReadingBatch) -> None:
        """Insert a batch."""
        columns = [getattr(batch, n) for n in ("channel", "taken_at", "value", "flag")]
        self.database.register("given", pa.table([*columns, batch.received_at], list("abcde")))
        self.database.execute("INSERT INTO reading SELECT * FROM given")


def size_on_disk(folder: Path, count: int) -> float:
    """Write batches to a file of their own: bytes a reading, newest values and rollups included."""
    file, rows = folder / "size.duckdb", 0
    with contextlib.closing(open_readings(f"duckdb://{file}")) as store:
        for batch in rounds(count):
            store.append(batch)
            rows += len(batch)
    return file.stat().st_size / rows


def measure(folder: Path, influx_server: Any | None, count: int, tries: int) -> list[Figure]:
    """Write to both in turns, then read from both in turns."""
    batches = rounds(count)
    first = next(batches)
    store = open_readings(f"duckdb://{folder}/readings.duckdb")
    bare = Bare(folder / "bare.duckdb")
    ways: dict[str, Callable[[ReadingBatch], object]] = {"duckdb": store.append, "bare": bare.write}
    influx = Influx(influx_server, first) if influx_server else None
    if influx:
        ways |= {"influx": influx.store.append, "lines": influx.write_bare}
    written, stored = Written(ways), first
    for batch in [first, *batches]:
        if influx:
            influx.prepare(batch)
        written.write(batch)
        stored = batch
    for batch in days():
        store.append(batch)
    if influx:
        influx.write_year()

    ids = list(first.channels[:CHANNELS])
    scores = [f"B{i:05d}.score" for i in range(BUILDINGS)]
    asks: dict[str, Callable[[ReadingStore], Any]] = {
        "latest": lambda store: store.latest(ids),
        "raw": lambda store: store.between(DENSE, *SPAN),
        "points": lambda store: store.downsample(DENSE, *SPAN, 1_000),
        "replay": lambda store: store.append(stored),
        "year": lambda store: store.rollups_of(scores, *YEAR, "day"),
    }
    checks = {"latest": CHANNELS, "raw": DENSE_ROWS, "points": 1_000, "year": BUILDINGS}
    found: dict[str, dict[str, float]] = {}
    for name, ask in asks.items():
        works: dict[str, Callable[[], object]] = {"duckdb": partial(ask, store)}
        if influx:
            works["influx"] = partial(ask, influx.store)
            if name == "latest":
                works["by hand"] = influx.last
        if name in checks:
            for work in works.values():  # once for the caches
                assert len(work()) >= checks[name]  # type: ignore[arg-type]
        found[name] = in_turns(works, tries if name not in SLOW else max(1, tries // 2))
    store.close()
    if influx:
        influx.store.close()

    def beside(name: str, title: str, goal: str | None, peer: str = "influx") -> Figure:
        times = found[name]
        against = (INFLUX, times.get(peer))
        return Figure(title, times["duckdb"], "ms", against, goal, "ratio")

    same, plain = f"{INFLUX}, same work", f"{INFLUX}, ready lines"
    speed = written.rows_a_second
    return [
        Figure("embedded durable write, newest values and rollups kept", speed("duckdb"),
               "rows/s", (same, speed("influx")), ">= 4", "ratio"),
        Figure("embedded durable write, bare Arrow insert", speed("bare"),
               "rows/s", (plain, speed("lines")), ">= 4", "ratio"),
        Figure("embedded durable write against InfluxDB's bare lines", speed("duckdb"),
               "rows/s", (plain, speed("lines"))),
        beside("latest", "latest of 10,000 sensors", "<= 0.05", "by hand"),
        beside("latest", "latest of 10,000 sensors, InfluxDB with heads of ours", None),
        beside("raw", "one sensor, 30 days raw", "<= 0.2"),
        beside("year", "a year of 1,000 buildings from daily rollups", "<= 0.02"),
        beside("points", "one sensor, 30 days to 1,000 points", None),
        beside("replay", "replay of a stored batch", None),
    ]  # fmt: skip


def run(quick: bool) -> dict[str, Any]:
    """Measure both stores; `quick` writes a part."""
    count, tries = (8, 3) if quick else (40, 7)
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            server = stack.enter_context(start(folder / "influx"))
        except ServerMissing:
            server = None
        figures = measure(folder, server, count, tries)
        if server:
            server.remove_buckets()
        size = size_on_disk(folder, 150)
    return report("store", [*figures, Figure("bytes a reading on disk", size, "B", None, "<= 8")])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="a short form, under a minute")
    asked = parser.parse_args()
    show(run(asked.quick), as_json=asked.json)


if __name__ == "__main__":
    main()
