"""The head of each channel's series: its newest reading and the spans that are still filling."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.readings import Int32s, Int64s, QualityFlag, Reading
from storage.readings.columns import NEVER, Rows
from storage.readings.spans import Every, Spans

_FILLING = np.dtype(
    [
        ("start", "<i8"),
        ("count", "<i8"),
        ("total", "<f8"),
        ("low", "<f8"),
        ("high", "<f8"),
    ]
)
#: one channel's head, as it is packed into the file; a moment that is not there is `NEVER`
HEAD = np.dtype(
    [
        ("taken_at", "<i8"),
        ("value", "<f8"),
        ("flag", "<u2"),
        ("received_at", "<i8"),
        ("forgotten_before", "<i8"),
        ("hour", _FILLING),
        ("day", _FILLING),
    ]
)
#: names of a filling span's columns
FILLING = ("start", "count", "total", "low", "high")
HeadArray = NDArray[Any]
_FLAGS = {int(flag): flag for flag in (QualityFlag.OK, *QualityFlag)}


def empty_heads(channels: int) -> HeadArray:
    """Build the heads of channels without readings: (channels,) of `HEAD`."""
    heads = np.zeros(channels, HEAD)
    for moment in ("taken_at", "forgotten_before"):
        heads[moment] = NEVER
    for every in ("hour", "day"):
        heads[every]["start"] = NEVER
    return heads


def filling_of(heads: HeadArray, channel: Int32s, every: Every) -> Spans:
    """Show the filling spans of some channels."""
    packed = heads[every]
    return Spans(channel, *(packed[name].copy() for name in FILLING))


def put_filling(heads: HeadArray, rows: NDArray[np.intp], spans: Spans, every: Every) -> None:
    """Set the filling spans of some rows."""
    packed = heads[every]
    for name in FILLING:
        packed[name][rows] = getattr(spans, name)


class Heads:
    """Heads of channels 0, 1, ..., in memory; one thread changes them, any thread reads.

    Parameters
    ----------
    packed
        (channels,) of `HEAD`, as read from the file.

    """

    def __init__(self, packed: HeadArray) -> None:
        self._lock = threading.Lock()
        self._packed = packed
        #: heads up to this number have a row in the file
        self.written = len(packed)

    @property
    def taken_at(self) -> Int64s:
        """Moments of the newest readings."""
        return np.asarray(self._packed["taken_at"], np.int64)

    @property
    def forgotten_before(self) -> Int64s:
        """Moments before which readings were deleted."""
        return np.asarray(self._packed["forgotten_before"], np.int64)

    def grow(self, channels: int) -> None:
        """Make room for more channels."""
        have = len(self._packed)
        if channels > have:
            # twice the room, so that many small batches of new channels stay cheap
            more = empty_heads(max(channels, 2 * have) - have)
            with self._lock:
                self._packed = np.concatenate([self._packed, more])

    def copy_of(self, channels: Int32s) -> HeadArray:
        """Copy the heads of some channels."""
        with self._lock:
            copy: HeadArray = self._packed[channels]
        return copy

    def with_newest(self, rows: Rows) -> tuple[Int32s, HeadArray]:
        """Copy the heads of the rows' channels, each with its newest reading after the rows."""
        last = rows.last_of_channel()
        touched = rows.channel[last]
        heads = self.copy_of(touched)
        newer = rows.taken_at[last] >= heads["taken_at"]
        for name in ("taken_at", "value", "flag", "received_at"):
            heads[name][newer] = getattr(rows, name)[last[newer]]
        return touched, heads

    def put(self, channels: Int32s, heads: HeadArray, written: int) -> None:
        """Take over heads that are now in the file."""
        with self._lock:
            self._packed[channels] = heads
            self.written = written

    def newest(self, channel_ids: Sequence[str], channels: Sequence[int]) -> dict[str, Reading]:
        """Show the newest readings of some channels that have any."""
        heads = self.copy_of(np.array(channels, np.int32))
        there = np.flatnonzero(heads["taken_at"] != NEVER)
        if len(there) < len(heads):
            heads = heads[there]
            channel_ids = [channel_ids[i] for i in there.tolist()]
        taken_at, value, bits, received_at = (
            heads[name].tolist() for name in ("taken_at", "value", "flag", "received_at")
        )
        flags = map(flag_of, bits)
        rows = zip(channel_ids, taken_at, value, flags, received_at, strict=True)
        return dict(zip(channel_ids, map(Reading._make, rows), strict=True))


def flag_of(bits: int) -> QualityFlag:
    """Give the flag of some bits; the commonest are looked up, not made."""
    flag = _FLAGS.get(bits)
    return QualityFlag(bits) if flag is None else flag
