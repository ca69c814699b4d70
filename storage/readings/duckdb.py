"""Readings in one DuckDB file, in this process: the embedded default.

Raw readings lie in `reading` in the order of arrival, without a primary key (one would cost ten
times the space): what is already there is found by a join bounded by the batch's time range, and
only for readings that are not newer than their channel's newest. `head` has one row a channel:
the newest reading and the hour and day that are still filling; a span moves to `hour` or `day`
when the next one begins. Late readings sum up anew, from `reading`, the spans they touch. One
batch is one transaction, so that all of these agree after any crash.
"""
# ruff: noqa: S608 - names of tables and columns are our own; values go as parameters

import contextlib
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from domain.clock import MS_NS
from domain.errors import InvalidInput, StoreUnavailable
from domain.readings import Int32s, Reading, ReadingBatch, Rollup, Series
from domain.retention import Window
from storage.readings import duckdb_file as file
from storage.readings.aside import downsampled, joined
from storage.readings.columns import FIT, NEVER, checked, rows_of
from storage.readings.duckdb_change import Change
from storage.readings.heads import Heads, empty_heads, filling_of
from storage.readings.spans import Every, rollup_of

_in_use: set[Path] = set()
_in_use_lock = threading.Lock()


class DuckdbReadingStore:
    """Keeps readings in a DuckDB file that only this process may open.

    Two different values at one instant: the last write wins. A batch that holds nothing new
    writes nothing.

    Parameters
    ----------
    path
        The file, made when missing; its folder must be there. `None` for a database in memory.
    memory_mb
        Limit of DuckDB's own memory, MB.

    Raises
    ------
    StoreUnavailable
        When the file is used by another process, is no readings file, or may not be written.

    """

    def __init__(self, path: Path | None = None, *, memory_mb: int = 128) -> None:
        self._path = path.resolve() if path else None
        self._memory_mb = memory_mb
        self._writing = threading.Lock()
        self._opening = threading.Lock()
        self._database: file.Database | None = None
        self._closed = False
        self._codes: dict[str, int] = {}
        self._heads = Heads(empty_heads(0))
        _claim(self._path)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def append(self, batch: ReadingBatch) -> None:
        """Keep a batch; see `domain.ports.ReadingStore.append`."""
        batch = checked(batch)
        if not len(batch):
            return
        with self._writing, self._errors("append readings"):
            database = self._open()
            codes, new = self._numbered(batch.channels)
            channels = len(self._codes) + len(new)
            self._heads.grow(channels)
            change = Change(database, self._heads, rows_of(batch, codes))
            if not len(change.rows):
                return
            with file.transaction(database):
                if new:
                    columns = {"code": np.array(list(new.values()), np.int32), "id": list(new)}
                    file.insert(database, "channel", columns)
                touched, heads = change.write()
            self._heads.put(touched, heads, channels)
            self._codes.update(new)

    def between(self, channel_id: str, start_ns: int, end_ns: int) -> Series:
        """Read one channel; see `domain.ports.ReadingStore.between`."""
        # what is aside first: if it is put there meanwhile, it is still among the others
        aside = self._series("aside", channel_id, start_ns, end_ns)
        return joined(self._series("reading", channel_id, start_ns, end_ns), aside)

    def _series(self, table: str, channel_id: str, start_ns: int, end_ns: int) -> Series:
        start_ns, end_ns = _clipped(start_ns, end_ns)
        bounds = [start_ns, end_ns]
        within = "taken_at >= ? AND taken_at < ?"
        if table == "reading":  # by the column that the file knows least and greatest of
            within += " AND taken_ms BETWEEN ? AND ?"
            bounds += [start_ns // MS_NS, end_ns // MS_NS]
        found = self._read(
            f"SELECT taken_at, value, flag, received_at FROM {table}"
            f" WHERE channel = ? AND {within} ORDER BY taken_at",
            [self._codes.get(channel_id, -1), *bounds],
        )
        return Series(found["taken_at"], found["value"], found["flag"], found["received_at"])

    def latest(self, channel_ids: Sequence[str]) -> dict[str, Reading]:
        """Read the newest; see `domain.ports.ReadingStore.latest`."""
        with self._errors("read the latest readings"):
            self._open()
        codes: list[Any] = list(map(self._codes.get, channel_ids))
        if None in codes:
            channel_ids = [
                c for c, code in zip(channel_ids, codes, strict=True) if code is not None
            ]
            codes = [code for code in codes if code is not None]
        return self._heads.newest(channel_ids, codes)

    def downsample(self, channel_id: str, start_ns: int, end_ns: int, points: int) -> Rollup:
        """Read in equal spans; see `domain.ports.ReadingStore.downsample`."""
        if points < 1:
            raise InvalidInput(f"points must be at least 1, got {points}", field="points")
        start_ns, end_ns = _clipped(start_ns, end_ns)
        if len(self._series("aside", channel_id, start_ns, end_ns)):
            series = self.between(channel_id, start_ns, end_ns)
            return downsampled(series, start_ns, end_ns, points)
        length = max(1, -((start_ns - end_ns) // points))
        found = self._read(
            "SELECT (taken_at - $start) // $length AS number, count(*) AS count,"
            " sum(value) AS total, min(value) AS low, max(value) AS high FROM reading"
            " WHERE channel = $channel AND taken_at >= $start AND taken_at < $end"
            f" AND taken_ms BETWEEN $start_ms AND $end_ms AND {FIT}"
            " GROUP BY number ORDER BY number",
            {
                "start": start_ns,
                "end": end_ns,
                "start_ms": start_ns // MS_NS,
                "end_ms": end_ns // MS_NS,
                "length": length,
                "channel": self._codes.get(channel_id, -1),
            },
        )
        return rollup_of(
            start_ns + found["number"] * length,
            found["count"],
            found["total"],
            found["low"],
            found["high"],
        )

    def rollups(self, channel_id: str, start_ns: int, end_ns: int, every: Every) -> Rollup:
        """Read kept spans; see `domain.ports.ReadingStore.rollups`."""
        found = self.rollups_of([channel_id], start_ns, end_ns, every)
        nothing = Rollup(*(np.empty(0, np.int64),) * 2, *(np.empty(0),) * 3)
        return found.get(channel_id, nothing)

    def rollups_of(
        self, channel_ids: Sequence[str], start_ns: int, end_ns: int, every: Every
    ) -> dict[str, Rollup]:
        """Read kept spans of many channels; see `domain.ports.ReadingStore.rollups_of`."""
        known = {code: c for c in channel_ids if (code := self._codes.get(c)) is not None}
        if not known:
            return {}
        # the filling span first: if it is full by the time the table is read, it is found there
        channel = np.array(sorted(known), np.int32)
        filling = filling_of(self._heads.copy_of(channel), channel, every)
        start_ns, end_ns = _clipped(start_ns, end_ns)
        with self._errors("read rollups"), self._open().cursor() as cursor:
            spans = file.spans_between(cursor, every, channel, start_ns, end_ns)
        edges = np.searchsorted(spans.channel, channel, "right")
        newest = np.full(len(channel), NEVER)
        has_any = edges > np.searchsorted(spans.channel, channel)
        newest[has_any] = spans.start[edges[has_any] - 1]
        filling = filling.take(
            (filling.count > 0)
            & (filling.start >= start_ns)
            & (filling.start < end_ns)
            & (filling.start > newest)
        )
        if len(filling):
            spans = spans.with_later(filling)
        mean = spans.total / np.maximum(spans.count, 1)
        ends = np.searchsorted(spans.channel, channel, "right").tolist()
        start, count, low, high = spans.start, spans.count, spans.low, spans.high
        return {
            known[code]: Rollup(start[a:b], count[a:b], mean[a:b], low[a:b], high[a:b])
            for code, (a, b) in zip(channel.tolist(), pairwise([0, *ends]), strict=True)
            if b > a
        }

    def delete_before(self, end_ns: int, channel_ids: Sequence[str] | None = None) -> None:
        """Forget old readings; see `domain.ports.ReadingStore.delete_before`.

        A span that has lost readings can no longer be summed up anew: late ones are added to it.
        """
        with self._writing, self._errors("delete old readings"):
            database = self._open()
            chosen = self._codes if channel_ids is None else set(channel_ids) & self._codes.keys()
            codes = np.array(sorted(self._codes[c] for c in chosen), np.int32)
            if not len(codes):
                return
            heads = self._heads.copy_of(codes)
            heads["forgotten_before"] = np.maximum(heads["forgotten_before"], end_ns)
            heads["taken_at"][heads["taken_at"] < end_ns] = NEVER
            with file.transaction(database):
                file.delete_readings_before(
                    database, end_ns, None if channel_ids is None else codes
                )
                file.write_heads(database, codes, heads, self._heads.written)
            self._heads.put(codes, heads, self._heads.written)

    def keep(self, windows: Sequence[Window], before_ns: int) -> None:
        """Put readings aside; see `domain.ports.ReadingStore.keep`."""
        with self._writing, self._errors("put readings aside"):
            file.put_aside(self._open(), self._windows(windows), before_ns)

    def keep_only(self, windows: Sequence[Window]) -> None:
        """Forget what is in no window; see `domain.ports.ReadingStore.keep_only`."""
        with self._writing, self._errors("forget readings put aside"):
            file.keep_aside_only(self._open(), self._windows(windows))

    def delete_rollups_before(self, every: Every, end_ns: int) -> None:
        """Forget spans; see `domain.ports.ReadingStore.delete_rollups_before`."""
        with self._writing, self._errors("delete old rollups"):
            self._open().execute(f"DELETE FROM {every} WHERE start < ?", [end_ns])

    def _windows(self, windows: Sequence[Window]) -> file.Columns:
        known = [w for w in windows if w.channel_id in self._codes]
        spans = [_clipped(w.start_ns, w.end_ns) for w in known]
        return {
            "channel": np.array([self._codes[w.channel_id] for w in known], np.int32),
            "first": np.array([start for start, _ in spans], np.int64),
            "past": np.array([end for _, end in spans], np.int64),
        }

    def close(self) -> None:
        """Write all to the file proper and let go of it; closing twice is allowed."""
        with self._writing, self._opening:
            if self._closed:
                return
            self._closed = True
            self._drop()
            with _in_use_lock:
                _in_use.discard(self._path or Path())

    def _numbered(self, channels: tuple[str, ...]) -> tuple[Int32s, dict[str, int]]:
        """Give the number of each channel; new ones go on from the last."""
        known = self._codes
        codes = [known.get(channel_id, -1) for channel_id in channels]
        new: dict[str, int] = {}
        if -1 in codes:
            for place, code in enumerate(codes):
                if code < 0:
                    codes[place] = new.setdefault(channels[place], len(known) + len(new))
        return np.array(codes, np.int32), new

    def _read(self, query: str, parameters: Any) -> file.Columns:
        # a cursor of its own, so that reading and writing go on side by side
        with self._errors("read readings"), self._open().cursor() as cursor:
            return file.fetched(cursor, query, parameters)

    def _open(self) -> file.Database:
        """Give the connection; after a failure that broke it, open the file again."""
        with self._opening:
            if self._closed:
                raise StoreUnavailable("the readings store is closed")
            if self._database is None:
                with self._errors("open the readings store"):
                    self._database = file.connect(self._path, self._memory_mb)
                    self._codes, heads = file.read_heads(self._database)
                    self._heads = Heads(heads)
            return self._database

    def _drop(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            with contextlib.suppress(duckdb.Error):  # all that was promised is in the file
                database.close()

    @contextlib.contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        """Turn DuckDB's errors into one clear line; drop a connection that is of no more use."""
        try:
            yield
        except duckdb.Error as error:
            if isinstance(error, duckdb.FatalException) or "invalidated" in str(error):
                self._drop()
            reason = file.reason_of(error, self._path)
            raise StoreUnavailable(f"cannot {what}: {reason}") from error


def _claim(path: Path | None) -> None:
    """Refuse a file that this process has open: DuckDB would not, and heads would disagree."""
    if path is None:
        return
    with _in_use_lock:
        if path in _in_use:
            raise StoreUnavailable(f"readings file {path} is already open in this process")
        _in_use.add(path)


def _clipped(start_ns: int, end_ns: int) -> tuple[int, int]:
    """Keep a range within what differences of 64-bit moments can hold: 1823 to 2116."""
    limit = 2**62 - 1
    return max(-limit, min(limit, start_ns)), max(-limit, min(limit, end_ns))
