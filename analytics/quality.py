"""What each reading is worth, told as it comes: stuck, spike, step, after a gap.

Flags are advice that is kept beside the reading; the value is never changed. They are told on
columns, all channels of a batch together, from a few newest values of each channel.

Source: stuck and spike after the Hampel identifier, R. K. Pearson, "Outliers in process modeling
and identification", IEEE Trans. Control Syst. Technol. 10 (2002) 55-63; numbers by the rows
`quality.*` of the limits data.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.clock import SECOND_NS
from domain.limits import LimitProfile
from domain.readings import Flags, Floats, Int64s, QualityFlag, ReadingBatch, concat

_STUCK, _SPIKE = np.uint16(QualityFlag.STUCK), np.uint16(QualityFlag.SPIKE)
_GAP, _STEP = np.uint16(QualityFlag.COMM_GAP), np.uint16(QualityFlag.STEP)
_NEVER = np.iinfo(np.int64).min
#: a normal value's median absolute deviation times this is its standard deviation
_TO_SIGMA = 1.4826
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class QualityRules:
    """Numbers of the quality stage, see the limits data.

    Parameters
    ----------
    window
        Newest values from which a channel's usual course is known.
    spike_mads
        A value further from the window's median than this many deviations may be a spike.
    stuck_run
        Equal values in a row after which a channel that used to vary is stuck.
    varied_share
        It used to vary when at most this share of its neighbours were equal.
    gap_intervals
        A reading that follows the last one by more planned intervals than this ends a gap.

    """

    window: int
    spike_mads: float
    stuck_run: int
    varied_share: float
    gap_intervals: float

    @classmethod
    def from_profile(cls, profile: LimitProfile) -> "QualityRules":
        """Take the numbers from a profile."""
        return cls(
            int(profile.number("quality.window")),
            profile.number("quality.spike_mads"),
            int(profile.number("quality.stuck_run")),
            profile.number("quality.varied_share"),
            profile.number("quality.gap_intervals"),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Flagged:
    """What a batch told.

    Parameters
    ----------
    batch
        The same rows in the same order, flags added.
    earlier
        Readings of earlier batches that turn out to be spikes, or the first of a step, with their
        flag; write them again.

    """

    batch: ReadingBatch
    earlier: ReadingBatch


class Quality:
    """Flags readings; remembers the newest values of every channel.

    What it remembers is not kept over a restart: the first values after one are told less.

    Parameters
    ----------
    rules
        Numbers.
    interval_s
        Planned seconds between readings of a channel; `None` when the channel is not known.
    smallest
        Smallest change that the instrument of a channel can tell, kind's unit; 0 when unknown.

    """

    def __init__(
        self,
        rules: QualityRules,
        interval_s: Callable[[str], float | None],
        smallest: Callable[[str], float],
    ) -> None:
        self._rules = rules
        self._interval_of, self._smallest_of = interval_s, smallest
        self._code: dict[str, int] = {}
        self._size = 0
        self._grow(256)

    def _grow(self, size: int) -> None:
        def wider(name: str, fill: float, kind: type, *shape: int) -> None:
            wide: NDArray[Any] = np.full((size, *shape), fill, kind)
            if self._size:
                wide[: self._size] = getattr(self, name)
            setattr(self, name, wide)

        wider("_window", np.nan, np.float64, self._rules.window)
        wider("_taken", _NEVER, np.int64)
        wider("_last", np.nan, np.float64)
        wider("_run", 1, np.int64)
        wider("_pairs", 0, np.float64)
        wider("_equal", 0, np.float64)
        wider("_interval_ns", 0, np.int64)
        wider("_smallest", 0, np.float64)
        wider("_suspect", 0, np.bool_)
        wider("_stepping", 0, np.bool_)
        wider("_count", 0, np.int64)
        wider("_received", 0, np.int64)
        wider("_flag", 0, np.uint16)
        wider("_row", -1, np.intp)
        self._size = size

    _window: Floats
    _taken: Int64s
    _last: Floats
    _run: Int64s
    _pairs: Floats
    _equal: Floats
    _interval_ns: Int64s
    _smallest: Floats
    _suspect: NDArray[np.bool_]
    _stepping: NDArray[np.bool_]
    _count: Int64s
    _received: Int64s
    _flag: Flags
    _row: Rows  # of the channel's newest reading in this batch; -1: it came in an earlier one

    def flag(self, batch: ReadingBatch) -> Flagged:
        """Flag a batch; rows older than their channel's newest are left as they are."""
        if not len(batch):
            return Flagged(batch, batch)
        codes = self._codes(batch.channels)[batch.channel]
        self._row[codes] = -1
        order = np.lexsort((batch.taken_at, codes))
        flag = batch.flag.copy()
        earlier: list[ReadingBatch] = []
        starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0])
        ends = np.r_[starts[1:], len(order)]
        turn = 0
        # in turns: the first new reading of every channel, then the second of every channel …
        while len(starts):
            rows = order[starts + turn]
            self._step(batch, codes[rows], rows, flag, earlier)
            turn += 1
            more = starts + turn < ends
            starts, ends = starts[more], ends[more]
        return Flagged(replace(batch, flag=flag), concat(earlier))

    def _step(
        self,
        batch: ReadingBatch,
        codes: Rows,
        rows: Rows,
        flag: Flags,
        earlier: list[ReadingBatch],
    ) -> None:
        """Take one reading of each of some channels."""
        rules = self._rules
        taken, value = batch.taken_at[rows], batch.value[rows]
        newer = taken > self._taken[codes]
        codes, rows, taken, value = codes[newer], rows[newer], taken[newer], value[newer]
        if not len(codes):
            return
        known = self._taken[codes] != _NEVER
        waited = np.where(known, taken - np.where(known, self._taken[codes], taken), 0)
        flag[rows[waited > rules.gap_intervals * self._interval_ns[codes]]] |= _GAP
        equal = value == self._last[codes]
        varied = (self._pairs[codes] >= rules.window) & (
            self._equal[codes] <= rules.varied_share * self._pairs[codes]
        )
        self._run[codes] = np.where(equal, self._run[codes] + 1, 1)
        stuck = (self._run[codes] >= rules.stuck_run) & varied
        flag[rows[stuck]] |= _STUCK
        # a stuck stretch does not teach that the channel never varied
        learn = codes[known & ~stuck]
        self._pairs[learn] += 1
        self._equal[codes[known & ~stuck & equal]] += 1
        self._far_off(codes, value, stuck, flag, earlier)
        self._taken[codes], self._last[codes], self._row[codes] = taken, value, rows
        self._received[codes], self._flag[codes] = batch.received_at[rows], flag[rows]

    def _far_off(
        self,
        codes: Rows,
        value: Floats,
        stuck: NDArray[np.bool_],
        flag: Flags,
        earlier: list[ReadingBatch],
    ) -> None:
        """Call a value far off a spike once the next one has not followed it, else a step."""
        rules = self._rules
        far = np.zeros(len(codes), np.bool_)
        same_way = np.zeros(len(codes), np.bool_)
        full = np.flatnonzero(self._count[codes] >= rules.window)
        if len(full):
            windows = self._window[codes[full]]
            middle = np.median(windows, axis=1)
            spread = np.median(np.abs(windows - middle[:, None]), axis=1) * _TO_SIGMA
            least = np.maximum(spread, self._smallest[codes[full]])
            far[full] = np.abs(value[full] - middle) > rules.spike_mads * least
            # the same way as the value before: a course that goes on from another place
            before = self._last[codes[full]]
            same_way[full] = (value[full] > middle) == (before > middle)
        suspect, stepping = self._suspect[codes], self._stepping[codes]
        self._mark(codes[suspect & ~far & ~stepping], _SPIKE, flag, earlier)
        begun = suspect & far & same_way & ~stepping
        self._mark(codes[begun], _STEP, flag, earlier)
        # one step is told once: until the window has followed it, or the course has gone back
        self._stepping[codes] = far & (stepping | begun)
        # one value far off waits for the next; two are a new course
        self._suspect[codes] = far & ~suspect
        keep = np.flatnonzero((~far | suspect) & ~stuck)
        place = self._count[codes[keep]] % rules.window
        self._window[codes[keep], place] = value[keep]
        self._count[codes[keep]] += 1

    def _mark(self, codes: Rows, bit: np.uint16, flag: Flags, earlier: list[ReadingBatch]) -> None:
        """Flag the newest reading of some channels, in this batch or in an earlier one."""
        here = self._row[codes]
        flag[here[here >= 0]] |= bit
        if len(before := codes[here < 0]):
            names = list(self._code)
            earlier.append(
                ReadingBatch.of(
                    [names[code] for code in before.tolist()],
                    self._taken[before],
                    self._last[before],
                    received_at=self._received[before],
                    flag=self._flag[before] | bit,
                )
            )

    def _codes(self, channels: tuple[str, ...]) -> Rows:
        known = self._code
        for channel_id in channels:
            if channel_id in known:
                continue
            code = known[channel_id] = len(known)
            if code >= self._size:
                self._grow(2 * self._size)
            interval_s = self._interval_of(channel_id)
            never = np.iinfo(np.int64).max // 1000
            self._interval_ns[code] = int(interval_s * SECOND_NS) if interval_s else never
            self._smallest[code] = self._smallest_of(channel_id)
        return np.array([known[channel_id] for channel_id in channels], np.intp)
