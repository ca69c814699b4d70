"""Sets the times of readings right when their gateway's clock is wrong, or lets them wait."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.arrivals import Arrivals
from domain.clock import DAY_NS
from domain.gateway_clocks import EARLIEST_NS, ClockRules, GatewayClock
from domain.readings import Flags, Int32s, Int64s, QualityFlag, ReadingBatch

_LATE, _CLOCK = np.uint16(QualityFlag.LATE), np.uint16(QualityFlag.CLOCK)
_HELD, _RELEASED = np.uint16(QualityFlag.HELD), np.uint16(QualityFlag.RELEASED)

Counting = tuple[str, int]  # gateway id, boot


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Readings of one gateway and boot that wait for their time.

    Parameters
    ----------
    day
        Day (since 1970, UTC) on which they came.
    batch
        `taken_at` as the gateway wrote it.
    key
        What the spool's file knows it by; 0 before it is there.

    """

    gateway_id: str
    boot: int
    day: int
    batch: ReadingBatch
    key: int = 0

    @property
    def counting(self) -> Counting:
        """Gateway and boot."""
        return self.gateway_id, self.boot

    def set_free(
        self, skew_ns: int, now_ns: int, rules: ClockRules
    ) -> tuple[ReadingBatch, ReadingBatch]:
        """Part those that have a time by now, corrected, from those that go on waiting.

        A clock's error, once known, gives the right time. Without one a reading from the future
        waits until its own time has come; one from before 2000 waits on.
        """
        batch = self.batch
        taken = batch.taken_at - skew_ns
        fits = taken <= batch.received_at + rules.tolerance_ns if skew_ns else taken <= now_ns
        ready = fits & (taken >= EARLIEST_NS)
        flag = (batch.flag & ~_HELD) | _CLOCK | _RELEASED
        flag = _late(flag, batch.received_at - taken, rules)
        return replace(batch, taken_at=taken, flag=flag).take(ready), batch.take(~ready)


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """New readings with the best time there is.

    Parameters
    ----------
    batch
        Those that wait stand at the time of their arrival, flagged `HELD`.
    gateway
        (n,) int32, index into the arrivals' gateways.
    waits
        (n,) bool.
    held
        The waiting ones again, with their own times.
    clocks
        Clocks of which these arrivals told something.

    """

    batch: ReadingBatch
    gateway: Int32s
    waits: NDArray[np.bool_]
    held: tuple[Held, ...]
    clocks: dict[Counting, GatewayClock]


def set_right(
    arrivals: Arrivals,
    keep: NDArray[np.bool_],
    clocks: Mapping[Counting, GatewayClock],
    newest_ns: Mapping[Counting, int],
    rules: ClockRules,
) -> Timed:
    """Hear every clock, correct those whose error is known, hold what cannot be true.

    Parameters
    ----------
    keep
        (n,) bool, the rows of the arrivals that are new.
    clocks
        Those that are not right so far.
    newest_ns
        Newest `taken_at` that came before, by gateway and boot; 0 when nothing had.

    """
    batch = arrivals.batch if keep.all() else arrivals.batch.take(keep)
    gateway = arrivals.gateway if keep.all() else arrivals.gateway[keep]
    none = np.zeros(len(batch), np.bool_)
    ahead = batch.taken_at - batch.received_at
    off = np.abs(ahead) > rules.tolerance_ns
    if not off.any() and not clocks:  # nearly always
        return Timed(batch, gateway, none, (), {})
    taken, flag, waits = batch.taken_at.copy(), batch.flag.copy(), none
    told: dict[Counting, GatewayClock] = {}
    held: list[Held] = []
    day = arrivals.received_at_ns // DAY_NS
    for counting, rows in _by_boot(arrivals.gateways, gateway, batch.boot):
        clock = clocks.get(counting)
        if clock is None and not off[rows].any():
            continue
        clock = clock.copy() if clock else GatewayClock()
        newest = int(batch.taken_at[rows].max())
        before = newest_ns.get(counting, -1)
        clock.hear(
            int(batch.received_at[rows].max()),
            int(ahead[rows].max()),
            rules,
            went_back=before > 0 and newest + rules.tolerance_ns < before,
            first=before == 0,
        )
        told[counting] = clock
        _correct(batch, rows, taken, flag, clock, rules)
        # still ahead of its arrival, or from before there were such instruments
        wrong = rows[
            (taken[rows] - batch.received_at[rows] > rules.tolerance_ns)
            | (taken[rows] < EARLIEST_NS)
        ]
        if len(wrong):
            held.append(Held(*counting, day, batch.take(wrong)))
            taken[wrong] = _provisional(batch, wrong, rules)
            flag[wrong] = (flag[wrong] & ~_LATE) | _CLOCK | _HELD
            waits[wrong] = True
    return Timed(replace(batch, taken_at=taken, flag=flag), gateway, waits, tuple(held), told)


def _correct(
    batch: ReadingBatch,
    rows: NDArray[np.intp],
    taken: Int64s,
    flag: Flags,
    clock: GatewayClock,
    rules: ClockRules,
) -> None:
    if not clock.skew_ns:
        return
    # a reading at the time of its arrival has the right time, whatever its clock did before
    skewed = rows[np.abs(batch.taken_at[rows] - batch.received_at[rows]) > rules.tolerance_ns]
    taken[skewed] -= clock.skew_ns
    flag[skewed] = _late(flag[skewed] | _CLOCK, batch.received_at[skewed] - taken[skewed], rules)


def _late(flag: Flags, age_ns: Int64s, rules: ClockRules) -> Flags:
    return np.where(age_ns > rules.late_ns, flag | _LATE, flag & ~_LATE).astype(np.uint16)


def _provisional(batch: ReadingBatch, rows: NDArray[np.intp], rules: ClockRules) -> Int64s:
    """Place readings at their arrival, the older ones of one go before the newest."""
    received = batch.received_at[rows]
    back = batch.taken_at[rows].max() - batch.taken_at[rows]
    return received - np.where(back <= rules.late_ns, back, 0)


def _by_boot(
    gateways: tuple[str, ...], gateway: Int32s, boot: Int32s
) -> list[tuple[Counting, NDArray[np.intp]]]:
    """Part rows by gateway and boot."""
    order = np.lexsort((boot, gateway))
    codes, boots = gateway[order], boot[order]
    cuts = np.flatnonzero((np.diff(codes) != 0) | (np.diff(boots) != 0)) + 1
    return [
        ((gateways[int(gateway[rows[0]])], int(boot[rows[0]])), np.sort(rows))
        for rows in np.split(order, cuts)
        if len(rows)
    ]
