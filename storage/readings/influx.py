"""Readings in InfluxDB: for separate roles and many machines.

Every reading is a point of `readings`, tagged with its channel. Every channel has one point of
`head`, always at instant 0, with its newest reading and the hour and day that are still filling;
a span becomes a point of `hour` or `day` when the next one begins. So neither the newest readings
nor the rollups are ever searched for. Late readings sum up anew, from `readings`, the spans they
touch. InfluxDB has no transactions: readings are written first and heads last, so that a batch
that failed half-way comes right when it is appended again. (One exception: a late reading of a
span that lost readings to `delete_before` may then be missing from that span.)

The bucket must keep data for ever (Anju deletes what is to go) and belong to Anju alone. One
process at a time appends the readings of a channel, as it remembers the channel's head; a
process that takes a channel over opens its store anew. Any process reads.
"""
# ruff: noqa: S608 - names are our own; channel ids are quoted by `influx_lines.quoted`

import threading
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import numpy as np

from domain.errors import InvalidInput, SettingsInvalid, StoreUnavailable
from domain.readings import Reading, ReadingBatch, Rollup, Series
from domain.retention import Window, merged
from storage.readings.aside import downsampled, joined
from storage.readings.columns import FIT, NEVER, Rows, checked
from storage.readings.heads import empty_heads
from storage.readings.influx_change import InfluxWriter
from storage.readings.influx_http import (
    EARLIEST_NS,
    InfluxHttp,
    Table,
    Values,
    rows_by_channel,
    where_channels,
    within,
)
from storage.readings.influx_lines import (
    forgotten_line,
    head_lines,
    newest_of,
    prefix_of,
    put_head,
    quoted,
    reading_lines,
)
from storage.readings.spans import Every

#: readings asked for at a time
PAGE = 100_000
#: more channels than this are not listed in a question: all are asked for
LISTED = 200


class InfluxReadingStore:
    """Keeps readings in one bucket of an InfluxDB server, 1.8+ or 2.

    Two different values at one instant: the last write wins. The server is first asked at the
    first call.
    """

    def __init__(self, server: InfluxHttp) -> None:
        self._server = server
        self._writing = threading.Lock()
        self._writer = InfluxWriter(server)
        self._closed = False

    @classmethod
    def at(cls, url: str, token: str = "") -> "InfluxReadingStore":
        """Open the store of a URL; see `storage.readings.open_readings`."""
        parts = urlsplit(url)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        bucket = asked.pop("bucket", "")
        org = asked.pop("org", "")
        gzip = asked.pop("gzip", "0")
        if not parts.hostname or not bucket or asked or gzip not in {"0", "1"}:
            raise SettingsInvalid(
                "readings.url must be like influx+http://host:8086?org=ORG&bucket=BUCKET,"
                f" got {parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()!r}"
            )
        if "@" in parts.netloc:
            raise SettingsInvalid(
                "readings.url must not hold a password: give readings.token as user:password"
            )
        scheme = parts.scheme.removeprefix("influx+")
        base = f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        return cls(InfluxHttp(base, org, bucket, token, gzip=gzip == "1"))

    def append(self, batch: ReadingBatch) -> None:
        """Keep a batch; see `domain.ports.ReadingStore.append`."""
        batch = checked(batch)
        if not len(batch):
            return
        with self._writing:
            self._check_open()
            try:
                self._writer.append(batch)
            except BaseException:
                # what is stored now is not known: the heads are read again before the next try
                self._writer = InfluxWriter(self._server)
                raise

    def between(self, channel_id: str, start_ns: int, end_ns: int) -> Series:
        """Read one channel; see `domain.ports.ReadingStore.between`."""
        # what is aside first: if it is put there meanwhile, it is still among the others
        aside = self._series("aside", channel_id, start_ns, end_ns)
        return joined(self._series("readings", channel_id, start_ns, end_ns), aside)

    def _series(self, measurement: str, channel_id: str, start_ns: int, end_ns: int) -> Series:
        rows = self._paged("value, flag, received_at", measurement, channel_id, start_ns, end_ns)
        return Series(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.float64),
            np.array([row[2] for row in rows], np.uint16),
            np.array([row[3] for row in rows], np.int64),
        )

    def latest(self, channel_ids: Sequence[str]) -> dict[str, Reading]:
        """Read the newest; see `domain.ports.ReadingStore.latest`."""
        if not channel_ids:
            return {}
        which = where_channels(channel_ids) if len(channel_ids) <= LISTED else ""
        heads = self._at_zero("head", "head", which)
        before = self._at_zero("before", "forgotten", which)
        newest = {
            c: newest_of(c, heads[c][0][1], _moment(before, c)) for c in channel_ids if c in heads
        }
        return {channel_id: reading for channel_id, reading in newest.items() if reading}

    def _at_zero(self, field: str, measurement: str, which: str = "") -> dict[str, Values]:
        """Read what has one point a channel, by channel."""
        return rows_by_channel(
            self._query(f"SELECT {field} FROM {measurement} WHERE time = 0{which} GROUP BY channel")
        )

    def downsample(self, channel_id: str, start_ns: int, end_ns: int, points: int) -> Rollup:
        """Read in equal spans; see `domain.ports.ReadingStore.downsample`."""
        if points < 1:
            raise InvalidInput(f"points must be at least 1, got {points}", field="points")
        if len(self._series("aside", channel_id, start_ns, end_ns)):
            series = self.between(channel_id, start_ns, end_ns)
            return downsampled(series, start_ns, end_ns, points)
        length = max(1, -((start_ns - end_ns) // points))
        tables = self._query(
            "SELECT count(value), mean(value), min(value), max(value) FROM readings"
            f" WHERE channel = {quoted(channel_id)} AND {within(start_ns, end_ns)}"
            f" AND {FIT}"
            f" GROUP BY time({length}ns, {start_ns % length}ns) fill(none)"
        )
        return _rollup(tables[0].values if tables else [])

    def rollups(self, channel_id: str, start_ns: int, end_ns: int, every: Every) -> Rollup:
        """Read kept spans; see `domain.ports.ReadingStore.rollups`."""
        found = self.rollups_of([channel_id], start_ns, end_ns, every)
        return found[channel_id] if channel_id in found else _rollup([])

    def rollups_of(
        self, channel_ids: Sequence[str], start_ns: int, end_ns: int, every: Every
    ) -> dict[str, Rollup]:
        """Read kept spans of many channels; see `domain.ports.ReadingStore.rollups_of`."""
        if not channel_ids:
            return {}
        # the filling span first: if it is full by the time the others are read, it is among them
        which = where_channels(channel_ids) if len(channel_ids) <= LISTED else ""
        heads = self._at_zero("head", "head", which)
        fields = '"count", total, low, high'
        tables = self._query(
            f'SELECT {fields} FROM "{every}" WHERE {within(start_ns, end_ns)}{which}'
            " GROUP BY channel"
        )
        # a server with a limit of its own has cut the answer short
        cut = any(table.partial for table in tables)
        full = {} if cut else rows_by_channel(tables)
        found = {}
        for channel_id in channel_ids:
            if cut:
                full[channel_id] = self._paged(fields, every, channel_id, start_ns, end_ns)
            rows = [
                (start, count, total / count, low, high)
                # a point that is just being written may show some of its fields only
                for start, count, total, low, high in full.get(channel_id, [])
                if count and total is not None and low is not None and high is not None
            ]
            if channel_id in heads:
                head = empty_heads(1)
                put_head(head, heads[channel_id][0][1], NEVER)
                start, count, total, low, high = head[every][0].tolist()
                if count and start_ns <= start < end_ns and (not rows or start > rows[-1][0]):
                    rows.append((start, count, total / count, low, high))
            if rows:
                found[channel_id] = _rollup(rows)
        return found

    def delete_before(self, end_ns: int, channel_ids: Sequence[str] | None = None) -> None:
        """Forget old readings; see `domain.ports.ReadingStore.delete_before`.

        A span that has lost readings can no longer be summed up anew: late ones are added to it.
        """
        if channel_ids is not None and not channel_ids:
            return
        with self._writing:
            self._check_open()
            # each step may be repeated: what is to be forgotten is noted before anything goes
            self._writer = InfluxWriter(self._server)
            texts = self._at_zero("head", "head")
            before = self._at_zero("before", "forgotten")
            chosen = sorted(texts if channel_ids is None else texts.keys() & set(channel_ids))
            moments = [max(end_ns, _moment(before, c)) for c in chosen]
            self._server.write(
                [forgotten_line(c, at) for c, at in zip(chosen, moments, strict=True)]
            )
            for channel_id in [None] if channel_ids is None else chosen:
                self._server.delete("readings", channel_id, end_ns)
            heads = empty_heads(len(chosen))
            for i, channel_id in enumerate(chosen):
                put_head(heads[i : i + 1], texts[channel_id][0][1], moments[i])
            gone = np.flatnonzero(heads["taken_at"] < end_ns)
            heads["taken_at"][gone] = NEVER
            prefixes = [prefix_of(c) for c in chosen]
            self._server.write(list(head_lines(gone.astype(np.int32), heads[gone], prefixes)))

    def keep(self, windows: Sequence[Window], before_ns: int) -> None:
        """Put readings aside; see `domain.ports.ReadingStore.keep`."""
        for window in windows:
            end_ns = min(window.end_ns, before_ns)
            series = self._series("readings", window.channel_id, window.start_ns, end_ns)
            channel = np.zeros(len(series), np.int32)
            rows = Rows(channel, series.taken_at, series.value, series.flag, series.received_at)
            lines = reading_lines(rows, [prefix_of(window.channel_id)], "aside")
            with self._writing:
                self._server.write(list(lines))

    def keep_only(self, windows: Sequence[Window]) -> None:
        """Forget what is in no window; see `domain.ports.ReadingStore.keep_only`."""
        tables = self._query("SELECT count(value) FROM aside GROUP BY channel")
        for channel_id in rows_by_channel(tables):
            edges = [EARLIEST_NS]
            for window in merged(w for w in windows if w.channel_id == channel_id):
                edges += [window.start_ns, window.end_ns]
            edges.append(-EARLIEST_NS)
            for start_ns, end_ns in zip(edges[::2], edges[1::2], strict=True):
                if len(self._series("aside", channel_id, start_ns, end_ns)):
                    with self._writing:
                        self._server.delete("aside", channel_id, end_ns, start_ns)

    def delete_rollups_before(self, every: Every, end_ns: int) -> None:
        """Forget spans; see `domain.ports.ReadingStore.delete_rollups_before`."""
        with self._writing:
            self._check_open()
            self._server.delete(every, None, end_ns)

    def close(self) -> None:
        """Let go of the connections; closing twice is allowed."""
        with self._writing:
            if not self._closed:
                self._closed = True
                self._server.close()

    def _paged(
        self, fields: str, measurement: str, channel_id: str, start_ns: int, end_ns: int
    ) -> Values:
        """Read one channel's points, a page at a time."""
        rows: Values = []
        while True:
            tables = self._query(
                f'SELECT {fields} FROM "{measurement}" WHERE channel = {quoted(channel_id)}'
                f" AND {within(start_ns, end_ns)} LIMIT {PAGE}"
            )
            if not tables:
                return rows
            page = tables[0].values
            # a point that is just being written may show some of its fields only
            rows += [row for row in page if None not in row]
            # a server with a limit of its own gives less than a page and says so; one without
            # says so as well beyond 10,000 points, and is asked once more for nothing
            if len(page) < PAGE and not tables[0].partial:
                return rows
            start_ns = page[-1][0] + 1

    def _query(self, statement: str) -> list[Table]:
        self._check_open()
        return self._server.query(statement)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the readings store is closed")


def _moment(found: dict[str, Values], channel_id: str) -> int:
    return int(found[channel_id][0][1]) if channel_id in found else NEVER


def _rollup(rows: Sequence[Sequence[float]]) -> Rollup:
    return Rollup(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        *(np.array([row[i] for row in rows], np.float64) for i in (2, 3, 4)),
    )
