"""Appends batches to InfluxDB and keeps heads, hours and days right beside them."""
# ruff: noqa: S608 - names are our own; channel ids are quoted by `influx_lines.quoted`

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from domain.clock import DAY_NS
from domain.readings import Int32s, Int64s, ReadingBatch
from storage.readings.columns import FIT, NEVER, Rows, rows_of
from storage.readings.heads import Heads, empty_heads
from storage.readings.influx_http import (
    InfluxHttp,
    Values,
    rows_by_channel,
    where_channels,
    within,
)
from storage.readings.influx_lines import (
    head_lines,
    prefix_of,
    put_head,
    reading_lines,
    span_lines,
)
from storage.readings.rolling import Rolling
from storage.readings.spans import LENGTH_NS, Every, Spans, starts

#: channels named in one question, and how many make it cheaper to ask for all
LISTED, ALL_FROM = 100, 500
Pairs = tuple[Int32s, Int64s]


class InfluxWriter:
    """Appends batches; remembers each channel's head, and reads it when it first meets it.

    After an error its memory is of no more use: make a new one.
    """

    def __init__(self, server: InfluxHttp) -> None:
        self._server = server
        self._codes: dict[str, int] = {}
        self._ids: list[str] = []
        self._prefixes: list[str] = []
        self._heads = Heads(empty_heads(0))

    def append(self, batch: ReadingBatch) -> None:
        """Write a checked batch and all that follows from it.

        Readings come first, heads last: until a channel's head is written, the same batch
        counts as new again; after that, as late, and its spans are summed up from the readings.
        """
        self._meet([c for c in batch.channels if c not in self._codes])
        rows = rows_of(batch, np.array([self._codes[c] for c in batch.channels], np.int32))
        late = rows.taken_at <= self._heads.taken_at[rows.channel]
        replaced = None
        if late.any():
            rows, replaced = self._new_in_frozen(rows, late)
            late = rows.taken_at <= self._heads.taken_at[rows.channel]
        if not len(rows):
            return
        self._server.write(list(reading_lines(rows, self._prefixes)))
        touched, heads = self._heads.with_newest(rows)
        rolling = Rolling(self, rows, late, replaced)
        every: Every
        for every in ("hour", "day"):
            rolling.roll_up(every, touched, heads)
        self._server.write(list(head_lines(touched, heads, self._prefixes)))
        self._heads.put(touched, heads, len(self._ids))

    def recomputed(self, every: Every, channel: Int32s, start: Int64s) -> Spans:
        """Sum up stored readings; see `storage.readings.rolling.SpanTable`."""
        spans = _empty_spans(channel, start)
        for part in _parts(start):
            low, high = int(start[part].min()), int(start[part].max()) + LENGTH_NS[every]
            found = self._ask(
                "SELECT count(value), sum(value), min(value), max(value) FROM readings"
                f" WHERE {within(low, high)} AND {FIT}{{which}}"
                f" GROUP BY channel, time({LENGTH_NS[every]}ns) fill(none)",
                self._ids_of(channel[part]),
            )
            self._fill(spans, part, found)
        return spans

    def full(self, every: Every, channel: Int32s, start: Int64s) -> Spans:
        """Read spans; see `storage.readings.rolling.SpanTable`."""
        spans = _empty_spans(channel, start)
        for part in _parts(start):
            found = self._ask(
                f'SELECT "count", total, low, high FROM "{every}"'
                f" WHERE {within(int(start[part].min()), int(start[part].max()) + 1)}"
                "{which} GROUP BY channel",
                self._ids_of(channel[part]),
            )
            self._fill(spans, part, found)
        return spans.take(spans.count > 0)

    def add(self, every: Every, spans: Spans) -> None:
        """Write spans; see `storage.readings.rolling.SpanTable`."""
        self.replace(every, spans)

    def replace(self, every: Every, spans: Spans) -> None:
        """Write spans over others; see `storage.readings.rolling.SpanTable`."""
        self._server.write(list(span_lines(spans, every, self._prefixes)))

    def _meet(self, channel_ids: list[str]) -> None:
        """Read the heads of channels not met before."""
        if not channel_ids:
            return
        heads = empty_heads(len(channel_ids))
        found = self._ask(
            "SELECT head FROM head WHERE time = 0{which} GROUP BY channel", channel_ids
        )
        forgotten = self._forgotten_before(channel_ids)
        for i, channel_id in enumerate(channel_ids):
            if channel_id in found:
                put_head(heads[i : i + 1], found[channel_id][0][1], forgotten[i])
        known = len(self._ids)
        codes = np.arange(known, known + len(channel_ids), dtype=np.int32)
        self._heads.grow(known + len(channel_ids))
        self._heads.put(codes, heads, known + len(channel_ids))
        self._ids += channel_ids
        self._prefixes += map(prefix_of, channel_ids)
        self._codes.update(zip(channel_ids, codes.tolist(), strict=True))

    def _new_in_frozen(self, rows: Rows, late: NDArray[np.bool_]) -> tuple[Rows, Rows | None]:
        """Find what late rows replace, where spans cannot be summed up anew.

        Returns the rows without those that are stored already, and what others replace.
        """
        channels = np.unique(rows.channel[late])
        before = self._forgotten_before(self._ids_of(channels))
        heads = self._heads.copy_of(channels)
        heads["forgotten_before"] = np.maximum(heads["forgotten_before"], before)
        self._heads.put(channels, heads, len(self._ids))
        frozen = late & (starts(rows.taken_at, DAY_NS) < self._heads.forgotten_before[rows.channel])
        there: dict[tuple[int, int], tuple[float, int]] = {}
        for part in _parts(starts(rows.taken_at, DAY_NS)[frozen]) if frozen.any() else []:
            chosen = rows.take(np.flatnonzero(frozen)[part])
            found = self._ask(
                "SELECT value, flag FROM readings WHERE "
                + within(int(chosen.taken_at.min()), int(chosen.taken_at.max()) + 1)
                + "{which} GROUP BY channel",
                self._ids_of(chosen.channel),
            )
            for channel_id, values in found.items():
                code = self._codes[channel_id]
                there.update({(code, at): (value, flag) for at, value, flag in values})
        keep = np.ones(len(rows), np.bool_)
        replaced, value, flag = [], [], []
        for i in np.flatnonzero(frozen).tolist() if there else []:
            old = there.get((int(rows.channel[i]), int(rows.taken_at[i])))
            if old == (rows.value[i], rows.flag[i]):
                keep[i] = False
            elif old is not None:
                replaced.append(i)
                value.append(old[0])
                flag.append(old[1])
        if not replaced:
            return rows.take(keep), None
        was = rows.take(np.array(replaced))
        was = Rows(
            was.channel,
            was.taken_at,
            np.array(value, np.float64),
            np.array(flag, np.uint16),
            was.received_at,
        )
        return rows.take(keep), was

    def _forgotten_before(self, channel_ids: Sequence[str]) -> Int64s:
        """Ask before which moments readings were deleted; another process may have done it."""
        found = self._ask(
            "SELECT before FROM forgotten WHERE time = 0{which} GROUP BY channel", channel_ids
        )
        return np.array([found[c][0][1] if c in found else NEVER for c in channel_ids], np.int64)

    def _ids_of(self, channel: Int32s) -> list[str]:
        return [self._ids[c] for c in np.unique(channel).tolist()]

    def _ask(self, question: str, channel_ids: Sequence[str]) -> dict[str, Values]:
        """Ask about some channels; `{which}` in the question stands for the condition."""
        if len(channel_ids) >= ALL_FROM:
            found = rows_by_channel(self._server.query(question.replace("{which}", "")))
            return {c: found[c] for c in channel_ids if c in found}
        found = {}
        for first in range(0, len(channel_ids), LISTED):
            which = where_channels(channel_ids[first : first + LISTED])
            # not str.format: a channel's name may hold braces
            found.update(rows_by_channel(self._server.query(question.replace("{which}", which))))
        return found

    def _fill(self, spans: Spans, part: NDArray[np.intp], found: dict[str, Values]) -> None:
        """Put answers of (time, count, total, low, high) into the spans they belong to."""
        answers = {(c, values[0]): values[1:5] for c, rows in found.items() for values in rows}
        for i in part.tolist():
            values = answers.get((self._ids[spans.channel[i]], int(spans.start[i])))
            if values:
                spans.count[i], spans.total[i], spans.low[i], spans.high[i] = values


def _parts(start: Int64s) -> list[NDArray[np.intp]]:
    """Divide rows for questions: those of a moment that many share apart, the rest in turn."""
    order = np.argsort(start, kind="stable")
    parts, few = [], []
    for _, same in groupby(order.tolist(), key=lambda i: start[i]):
        rows = list(same)
        if len(rows) >= ALL_FROM:
            parts.append(np.array(rows, np.intp))
        else:
            few += rows
    return parts + [np.array(few[i : i + LISTED], np.intp) for i in range(0, len(few), LISTED)]


def _empty_spans(channel: Int32s, start: Int64s) -> Spans:
    n = len(channel)
    return Spans(channel, start, np.zeros(n, np.int64), *(np.zeros(n) for _ in range(3)))
