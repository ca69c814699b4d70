"""Keeps hours and days right as readings come in: what every store with heads shares."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.readings import Int32s, Int64s
from storage.readings.columns import Rows
from storage.readings.heads import HeadArray, filling_of, put_filling
from storage.readings.spans import (
    LENGTH_NS,
    Every,
    Spans,
    added,
    each_once,
    folded,
    is_in,
    join,
    spans_of,
    starts,
)


class SpanTable(Protocol):
    """Where a store keeps spans that no longer fill, beside its readings."""

    def recomputed(self, every: Every, channel: Int32s, start: Int64s) -> Spans:
        """Sum up the stored readings of some spans; one without fit readings has count 0."""
        ...

    def full(self, every: Every, channel: Int32s, start: Int64s) -> Spans:
        """Read some spans; those that are not there are left out."""
        ...

    def add(self, every: Every, spans: Spans) -> None:
        """Write spans that are not there yet."""
        ...

    def replace(self, every: Every, spans: Spans) -> None:
        """Write spans over what is there; one of count 0 goes."""
        ...


class Rolling:
    """One batch, whose readings are stored already, on its way into the rollups.

    Parameters
    ----------
    rows
        What is new of the batch, sorted.
    late
        (n,) bool, marks rows that are not newer than their channel's newest.
    replaced
        What stood where rows have another value; only those of spans that lost readings matter.

    """

    def __init__(
        self, table: SpanTable, rows: Rows, late: NDArray[np.bool_], replaced: Rows | None
    ) -> None:
        self._table = table
        self._rows = rows
        self._late = late
        self._replaced = replaced

    def roll_up(self, every: Every, touched: Int32s, heads: HeadArray) -> None:
        """Bring the filling spans in `heads`, one for each touched channel, and the table up."""
        filling = filling_of(heads, touched, every)
        spans = spans_of(self._rows, LENGTH_NS[every])
        at = np.searchsorted(touched, spans.channel)
        # only after old readings were deleted can a newest one lie before the filling span
        back = spans.start < filling.start[at]
        if self._late.any() or back.any():
            spans = self._redone(every, spans, back, filling, heads["forgotten_before"])
            at = np.searchsorted(touched, spans.channel)
            past = spans.start < filling.start[at]
            if past.any():
                self._table.replace(every, spans.take(past))
                spans, at = spans.take(~past), at[~past]
        else:
            spans = added(spans, filling, at)
        if not len(spans):
            return
        # a channel's last span is the one that fills now; all before it are full, and so is the
        # one that filled until now, unless its new form is among these spans
        last = np.flatnonzero(np.diff(spans.channel, append=-1) != 0)
        moved_on = np.zeros(len(touched), np.bool_)
        moved_on[at[last]] = True
        moved_on[at[spans.start == filling.start[at]]] = False
        before_last = np.ones(len(spans), np.bool_)
        before_last[last] = False
        full = join(filling.take(moved_on), spans.take(before_last))
        full = full.take(full.count > 0)
        if len(full):
            self._table.add(every, full)
        put_filling(heads, at[last], spans.take(last), every)

    def _redone(
        self,
        every: Every,
        spans: Spans,
        back: NDArray[np.bool_],
        filling: Spans,
        forgotten_before: Int64s,
    ) -> Spans:
        """Sum up anew the spans with late readings, and add to the others."""
        late, length = self._late, LENGTH_NS[every]
        channel, start = each_once(
            np.concatenate([self._rows.channel[late], spans.channel[back]]),
            np.concatenate([starts(self._rows.taken_at[late], length), spans.start[back]]),
        )
        frozen = start < forgotten_before[np.searchsorted(filling.channel, channel)]
        listed = is_in(spans, channel, start)
        result = spans.take(~listed)
        result = added(result, filling, np.searchsorted(filling.channel, result.channel))
        if not frozen.all():
            again = self._table.recomputed(every, channel[~frozen], start[~frozen])
            result = join(result, again)
        if frozen.any():
            widened = self._widened(every, spans, filling, channel[frozen], start[frozen])
            result = join(result, widened)
        return result.in_order()

    def _widened(
        self, every: Every, spans: Spans, filling: Spans, channel: Int32s, start: Int64s
    ) -> Spans:
        """Add what is new to spans that have lost readings and cannot be summed up anew."""
        still = is_in(filling, channel, start) & (filling.count > 0)
        parts = join(filling.take(still), spans.take(is_in(spans, channel, start)))
        parts = join(self._table.full(every, channel, start), parts)
        if self._replaced is not None:
            old = spans_of(self._replaced, LENGTH_NS[every])
            old = old.take(is_in(old, channel, start))
            parts = join(
                parts, Spans(old.channel, old.start, -old.count, -old.total, old.low, old.high)
            )
        return folded(parts)
