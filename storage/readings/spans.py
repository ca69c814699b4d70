"""Hourly and daily (UTC) summaries of readings, kept up as readings arrive."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from domain.clock import DAY_NS, HOUR_NS
from domain.readings import Floats, Int32s, Int64s, Rollup
from storage.readings.columns import Rows

Every = Literal["hour", "day"]
LENGTH_NS: dict[Every, int] = {"hour": HOUR_NS, "day": DAY_NS}


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Summaries of (channel, span) pairs, as columns.

    Parameters
    ----------
    channel
        (n,) int32, the store's own number of the channel.
    start
        (n,) int64, first instant of the span, ns since 1970 UTC.
    count
        (n,) int64, fit readings in the span.
    total, low, high
        (n,) float64, sum, least and greatest value; meaningless where `count` is 0.

    """

    channel: Int32s
    start: Int64s
    count: Int64s
    total: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        """Count the spans."""
        return len(self.channel)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Spans":
        """Keep some spans, by mask or by index."""
        return Spans(
            self.channel[rows],
            self.start[rows],
            self.count[rows],
            self.total[rows],
            self.low[rows],
            self.high[rows],
        )

    def in_order(self) -> "Spans":
        """Sort by (channel, start)."""
        channel, start = _short(self.channel), _short(self.start // HOUR_NS)
        if channel is None or start is None:
            return self.take(np.lexsort((self.start, self.channel)))
        # short numbers are sorted in one pass each, and the earlier order stays
        by_start = np.argsort(start, kind="stable")
        return self.take(by_start[np.argsort(channel[by_start], kind="stable")])

    def with_later(self, later: "Spans") -> "Spans":
        """Put spans in, each after all of its channel; both are sorted, and so is what comes."""
        at = np.searchsorted(self.channel, later.channel, "right")
        columns = ("channel", "start", "count", "total", "low", "high")
        return Spans(*(np.insert(getattr(self, n), at, getattr(later, n)) for n in columns))


def _short(numbers: Int32s | Int64s) -> NDArray[np.uint16] | None:
    """Count numbers from their least on; `None` when 16 bits are too few."""
    if not len(numbers):
        return numbers.astype(np.uint16)
    least = int(numbers.min())
    if int(numbers.max()) - least >= 2**16:
        return None
    counted: NDArray[np.uint16] = (numbers - least).astype(np.uint16)
    return counted


def starts(taken_at: Int64s, length_ns: int) -> Int64s:
    """Tell the first instant of the span that each moment lies in."""
    return taken_at // length_ns * length_ns


def spans_of(rows: Rows, length_ns: int) -> Spans:
    """Sum up rows, of which unfit ones are left out, by (channel, span)."""
    fit = rows.fit
    if not fit.all():
        rows = rows.take(fit)
    if not len(rows):
        return nothing()
    start = starts(rows.taken_at, length_ns)
    first = np.flatnonzero(
        (np.diff(rows.channel, prepend=-1) != 0) | (np.diff(start, prepend=0) != 0)
    )
    return Spans(
        rows.channel[first],
        start[first],
        np.diff(first, append=len(rows)).astype(np.int64),
        np.add.reduceat(rows.value, first),
        np.minimum.reduceat(rows.value, first),
        np.maximum.reduceat(rows.value, first),
    )


def nothing() -> Spans:
    """Build the summary of no readings."""
    whole, real = np.empty(0, np.int64), np.empty(0, np.float64)
    return Spans(np.empty(0, np.int32), whole, whole, real, real, real)


def join(first: Spans, second: Spans) -> Spans:
    """Put two lists of spans one after the other."""
    return Spans(
        np.concatenate([first.channel, second.channel]),
        np.concatenate([first.start, second.start]),
        np.concatenate([first.count, second.count]),
        np.concatenate([first.total, second.total]),
        np.concatenate([first.low, second.low]),
        np.concatenate([first.high, second.high]),
    )


def folded(spans: Spans) -> Spans:
    """Fold spans of the same (channel, start) into one each, sorted.

    A negative count takes readings away from count and total; low and high only widen.
    """
    if not len(spans):
        return spans
    spans = spans.in_order()
    new = (spans.channel[1:] != spans.channel[:-1]) | (spans.start[1:] != spans.start[:-1])
    first = np.flatnonzero(np.append(True, new))
    has_any = spans.count > 0
    count = np.add.reduceat(spans.count, first)
    low = np.minimum.reduceat(np.where(has_any, spans.low, np.inf), first)
    high = np.maximum.reduceat(np.where(has_any, spans.high, -np.inf), first)
    return Spans(
        spans.channel[first],
        spans.start[first],
        count,
        np.add.reduceat(spans.total, first),
        np.where(count > 0, low, 0.0),
        np.where(count > 0, high, 0.0),
    )


def rollup_of(start: Int64s, count: Int64s, total: Floats, low: Floats, high: Floats) -> Rollup:
    """Show summaries of one channel as the port does, with a mean for a total."""
    return Rollup(start, count, total / np.maximum(count, 1), low, high)


def added(spans: Spans, filling: Spans, at: NDArray[np.intp]) -> Spans:
    """Add the filling spans to those that go on with them; `at` finds each one's channel."""
    base = filling.take(at)
    same = (spans.start == base.start) & (base.count > 0)
    if not same.any():
        return spans
    return Spans(
        spans.channel,
        spans.start,
        spans.count + np.where(same, base.count, 0),
        spans.total + np.where(same, base.total, 0.0),
        np.where(same, np.minimum(spans.low, base.low), spans.low),
        np.where(same, np.maximum(spans.high, base.high), spans.high),
    )


def each_once(channel: Int32s, start: Int64s) -> tuple[Int32s, Int64s]:
    """Sort pairs and leave out those that come again."""
    pairs = np.unique(np.stack([channel.astype(np.int64), start]), axis=1)
    return pairs[0].astype(np.int32), pairs[1]


def is_in(spans: Spans, channel: Int32s, start: Int64s) -> NDArray[np.bool_]:
    """Mark the spans that are among some pairs."""
    wanted = set(zip(channel.tolist(), start.tolist(), strict=True))
    pairs = zip(spans.channel.tolist(), spans.start.tolist(), strict=True)
    return np.fromiter((pair in wanted for pair in pairs), np.bool_, len(spans))
