"""A batch made ready to be kept: checked, each (channel, taken_at) once, in order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidInput
from domain.readings import UNFIT, Flags, Floats, Int32s, Int64s, ReadingBatch

#: a value this large is kept, but not summed up: the sum could pass the greatest float
SUMMED_BELOW = 10**15
#: the readings that are summed up, as DuckDB and InfluxDB both read it; `Rows.fit` in SQL
FIT = f"flag & {int(UNFIT)} = 0 AND value > -{SUMMED_BELOW} AND value < {SUMMED_BELOW}"
#: stands for no moment at all: earlier than any reading
NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Readings sorted by (channel, taken_at), each pair once; columns as in `ReadingBatch`.

    Parameters
    ----------
    channel
        (n,) int32, the store's own number of the channel.

    """

    channel: Int32s
    taken_at: Int64s
    value: Floats
    flag: Flags
    received_at: Int64s

    def __len__(self) -> int:
        """Count the readings."""
        return len(self.channel)

    @property
    def fit(self) -> NDArray[np.bool_]:
        """Mark the readings that are summed up: they say something about the building."""
        return fit(self.value, self.flag)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Rows":
        """Keep some rows, by mask or by index."""
        return Rows(
            self.channel[rows],
            self.taken_at[rows],
            self.value[rows],
            self.flag[rows],
            self.received_at[rows],
        )

    def last_of_channel(self) -> NDArray[np.intp]:
        """Tell the row of each channel's newest reading."""
        return np.flatnonzero(np.diff(self.channel, append=-1) != 0)


def fit(value: Floats, flag: Flags) -> NDArray[np.bool_]:
    """Mark the readings that are summed up, see `FIT`."""
    marks: NDArray[np.bool_] = (flag & np.uint16(UNFIT)) == 0
    marks &= np.abs(value) < SUMMED_BELOW
    return marks


def checked(batch: ReadingBatch) -> ReadingBatch:
    """Refuse a batch with a value that is not finite; leave out channels without readings.

    Raises
    ------
    InvalidInput
        Names the first such value.

    """
    finite = np.isfinite(batch.value)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        raise InvalidInput(
            f"value must be finite, got {batch.value[row]} "
            f"(channel {batch.channels[batch.channel[row]]!r}, taken_at {batch.taken_at[row]})",
            field="value",
        )
    used = np.zeros(len(batch.channels), np.bool_)
    used[batch.channel] = True
    return batch if used.all() else batch.take(np.ones(len(batch), np.bool_))


def rows_of(batch: ReadingBatch, codes: Int32s) -> Rows:
    """Sort a checked batch; of two values at one instant the later in the batch wins.

    Parameters
    ----------
    codes
        (channels,) int32, the store's number of each of the batch's channels.

    """
    channel = codes[batch.channel]
    # lexsort is stable, so equal pairs keep the order of arrival
    order = np.lexsort((batch.taken_at, channel))
    channel, taken_at = channel[order], batch.taken_at[order]
    repeated = (channel[1:] == channel[:-1]) & (taken_at[1:] == taken_at[:-1])
    if repeated.any():
        last = np.append(~repeated, True)
        order, channel, taken_at = order[last], channel[last], taken_at[last]
    return Rows(channel, taken_at, batch.value[order], batch.flag[order], batch.received_at[order])
