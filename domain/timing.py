"""Sets the times of readings right when their gateway's clock is wrong, or lets them wait."""

from collections.abc import Iterator, Mapping
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
    for one in _by_boot(arrivals.gateways, gateway, batch):
        counting, known = one.counting, clocks.get(one.counting)
        if known is None and max(-one.least_ns, one.most_ns) <= rules.tolerance_ns:
            continue
        clock = known.copy() if known else GatewayClock()
        before = newest_ns.get(counting, -1)
        clock.hear(
            one.received_ns,
            one.most_ns,
            rules,
            went_back=before > 0 and one.newest_ns + rules.tolerance_ns < before,
            first=before == 0,
        )
        if known is None and not clock.suspected and one.oldest_ns >= EARLIEST_NS:
            continue  # behind like a buffer: that tells nothing of its clock
        told[counting], rows = clock, one.rows
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


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The new readings of one gateway and boot.

    Parameters
    ----------
    rows
        Theirs, rising.
    received_ns, newest_ns, oldest_ns
        Newest arrival, newest and oldest `taken_at`.
    least_ns, most_ns
        Least and largest `taken_at - received_at`.

    """

    counting: Counting
    rows: NDArray[np.intp]
    received_ns: int
    newest_ns: int
    oldest_ns: int
    least_ns: int
    most_ns: int


def _by_boot(gateways: tuple[str, ...], gateway: Int32s, batch: ReadingBatch) -> Iterator[_Part]:
    """Part rows by gateway and boot."""
    if not len(batch):
        return
    order = np.lexsort((batch.boot, gateway))
    codes, boots = gateway[order], batch.boot[order]
    cuts = np.flatnonzero((np.diff(codes) != 0) | (np.diff(boots) != 0)) + 1
    starts = np.concatenate([[0], cuts])
    taken, received = batch.taken_at[order], batch.received_at[order]
    figures = (
        np.maximum.reduceat(received, starts),
        np.maximum.reduceat(taken, starts),
        np.minimum.reduceat(taken, starts),
        np.minimum.reduceat(taken - received, starts),
        np.maximum.reduceat(taken - received, starts),
    )
    columns = [codes[starts], boots[starts], starts, [*cuts.tolist(), len(order)], *figures]
    for code, boot, start, end, *numbers in zip(*(list(map(int, c)) for c in columns), strict=True):
        yield _Part((gateways[code], boot), order[start:end], *numbers)
