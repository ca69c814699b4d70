"""Readings as columns: what arrives, is stored and is judged, thousands at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Int32s = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.uint16]


class QualityFlag(IntFlag):
    """What is known about a reading's worth; several may hold at once, 0 is good."""

    OK = 0
    LATE = 1
    SAME_INSTANT = 2
    OUT_OF_RANGE = 4
    STUCK = 8
    SPIKE = 16
    STEP = 32
    CLOCK = 64
    COMM_GAP = 128
    POWER = 256
    SENSOR_FAULT = 512
    IMMATURE_COMPENSATION = 1024
    MANUAL = 2048
    #: waits in quarantine for its time; judged by the time of its arrival, not stored yet
    HELD = 4096
    #: came out of quarantine: stored now, judged when it came
    RELEASED = 8192


#: a reading with one of these says nothing about the building
UNFIT = QualityFlag.OUT_OF_RANGE | QualityFlag.STUCK | QualityFlag.SPIKE | QualityFlag.SENSOR_FAULT


class Reading(NamedTuple):
    """One reading, for people; the hot path has `ReadingBatch`.

    A named tuple, because pages ask for the newest of ten thousand channels at once, and a frozen
    dataclass takes five times as long to make.

    Parameters
    ----------
    channel_id
        The measured quantity it belongs to.
    taken_at_ns, received_at_ns
        Instrument's and Anju's moment, ns since 1970 UTC.
    value
        In the unit of the channel's kind.

    """

    channel_id: str
    taken_at_ns: int
    value: float
    flag: QualityFlag = QualityFlag.OK
    received_at_ns: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ReadingBatch:
    """Many readings as columns.

    Parameters
    ----------
    channels
        Channel ids, each once.
    channel
        (n,) int32, index into `channels`.
    taken_at, received_at
        (n,) int64, ns since 1970 UTC.
    value
        (n,) float64, finite, in the unit of the channel's kind.
    flag
        (n,) uint16, bits of `QualityFlag`.
    seq, boot
        (n,) int64 and int32, the gateway's numbering; -1 where the sender has none.

    """

    channels: tuple[str, ...]
    channel: Int32s
    taken_at: Int64s
    value: Floats
    flag: Flags
    received_at: Int64s
    seq: Int64s
    boot: Int32s

    def __len__(self) -> int:
        """Count the readings."""
        return len(self.channel)

    @classmethod
    def of(
        cls,
        channel_ids: Sequence[str],
        taken_at: Sequence[int] | Int64s,
        value: Sequence[float] | Floats,
        *,
        received_at: int | Int64s = 0,
        flag: int | Flags = 0,
        seq: int | Int64s = -1,
        boot: int | Int32s = -1,
    ) -> "ReadingBatch":
        """Build a batch from one channel id a reading; scalars fill their column."""
        index: dict[str, int] = {}
        codes = [index.setdefault(channel_id, len(index)) for channel_id in channel_ids]
        n = len(codes)
        return cls(
            tuple(index),
            np.array(codes, np.int32),
            np.asarray(taken_at, np.int64),
            np.asarray(value, np.float64),
            np.broadcast_to(np.asarray(flag, np.uint16), n).copy(),
            np.broadcast_to(np.asarray(received_at, np.int64), n).copy(),
            np.broadcast_to(np.asarray(seq, np.int64), n).copy(),
            np.broadcast_to(np.asarray(boot, np.int32), n).copy(),
        )

    @classmethod
    def empty(cls) -> "ReadingBatch":
        """Build the batch of no readings."""
        return cls.of([], [], [])

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "ReadingBatch":
        """Keep some rows, by mask or by index, with the channels that remain."""
        channel = self.channel[rows]
        used = np.zeros(len(self.channels), np.bool_)
        used[channel] = True
        codes = np.cumsum(used, dtype=np.int32) - np.int32(1)
        return ReadingBatch(
            tuple([self.channels[i] for i in np.flatnonzero(used).tolist()]),
            codes[channel],
            self.taken_at[rows],
            self.value[rows],
            self.flag[rows],
            self.received_at[rows],
            self.seq[rows],
            self.boot[rows],
        )

    def part(self, low: int, high: int, first: int, end: int) -> "ReadingBatch":
        """Give the rows from `low` on to before `high`, all of channels `first` to before `end`.

        Nothing is copied but the channels' numbers.
        """
        return ReadingBatch(
            self.channels[first:end],
            self.channel[low:high] - np.int32(first),
            self.taken_at[low:high],
            self.value[low:high],
            self.flag[low:high],
            self.received_at[low:high],
            self.seq[low:high],
            self.boot[low:high],
        )

    def rows_of(self, channel_id: str) -> NDArray[np.intp]:
        """Tell the rows of one channel, in the order of arrival."""
        try:
            code = self.channels.index(channel_id)
        except ValueError:
            return np.empty(0, np.intp)
        return np.flatnonzero(self.channel == code)


def concat(batches: Sequence[ReadingBatch]) -> ReadingBatch:
    """Join batches in order; the channels are renumbered."""
    batches = [batch for batch in batches if len(batch.channels)]
    if len(batches) == 1:
        return batches[0]
    index: dict[str, int] = {}
    codes: list[Int32s] = []
    for batch in batches:
        to_new = [index.setdefault(channel_id, len(index)) for channel_id in batch.channels]
        codes.append(np.array(to_new, np.int32)[batch.channel] if to_new else batch.channel)
    if not codes:
        return ReadingBatch.empty()
    return ReadingBatch(
        tuple(index),
        np.concatenate(codes),
        np.concatenate([batch.taken_at for batch in batches]),
        np.concatenate([batch.value for batch in batches]),
        np.concatenate([batch.flag for batch in batches]),
        np.concatenate([batch.received_at for batch in batches]),
        np.concatenate([batch.seq for batch in batches]),
        np.concatenate([batch.boot for batch in batches]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Readings of one channel, oldest first; columns as in `ReadingBatch`."""

    taken_at: Int64s
    value: Floats
    flag: Flags
    received_at: Int64s

    def __len__(self) -> int:
        """Count the readings."""
        return len(self.taken_at)


@dataclass(frozen=True, slots=True, eq=False)
class Rollup:
    """One channel in equal spans of time; spans without readings are left out.

    Parameters
    ----------
    start
        (n,) int64, first instant of each span, ns since 1970 UTC, rising.
    count
        (n,) int64, readings in the span.
    mean, low, high
        (n,) float64, in the unit of the channel's kind.

    """

    start: Int64s
    count: Int64s
    mean: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        """Count the spans."""
        return len(self.start)
