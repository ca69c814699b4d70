"""Tells repeats from new readings and keeps the account of what became of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from domain.accounts import DayAccount, Refusal
from domain.arrivals import Arrivals, Receipt, Refused
from domain.clock import DAY_NS
from domain.gateway_clocks import ClockRules, GatewayClock
from domain.numbering import NumberSet
from domain.readings import QualityFlag, ReadingBatch, concat
from domain.recent import Instants, RecentReadings
from domain.refusing import put_together
from domain.timing import Held, set_right
from domain.waves import WaveBlock

#: number sets and accounts kept in memory; past it they are read again from the spool
_CACHED_MAX = 200_000
#: a receipt lists at most so many gaps; with more it simply reaches less far
_GAPS_IN_RECEIPT_MAX = 100

_SAME_INSTANT = np.uint16(QualityFlag.SAME_INSTANT)

Counting = tuple[str, int]  # gateway id, boot
AccountDay = tuple[str, int]  # gateway id, day since 1970


def day_text(day: int) -> str:
    """Write a day since 1970 (UTC) as `2026-11-23`."""
    return datetime.fromtimestamp(day * 86400, UTC).date().isoformat()


@dataclass(slots=True, eq=False)
class Admission:
    """What admitting some arrivals changes; nothing has changed until `Ledger.keep`."""

    batch: ReadingBatch
    refusals: tuple[Refusal, ...]
    receipts: tuple[Receipt, ...]
    numbers: dict[Counting, NumberSet]
    accounts: dict[AccountDay, DayAccount]
    duplicate: int
    rejected: int
    quarantined: int
    restarted: tuple[Counting, ...]
    clocks: dict[Counting, GatewayClock]
    held: tuple[Held, ...]
    unnumbered: ReadingBatch
    first_seen: ReadingBatch
    waves: tuple[WaveBlock, ...] = ()

    @property
    def stored(self) -> int:
        """Readings that go to the store."""
        return len(self.batch) - sum(len(one.batch) for one in self.held)


@dataclass(slots=True, eq=False)
class Release:
    """What releasing readings from quarantine changes.

    Parameters
    ----------
    batch
        Readings that are stored now, at their right time.
    left
        What still waits of each that was looked at, in the same order; may be empty.

    """

    batch: ReadingBatch
    accounts: dict[AccountDay, DayAccount]
    left: tuple[Held, ...]


@dataclass(slots=True)
class Ledger:
    """The numbers that have come and the day accounts, as the spool's file holds them.

    Parameters
    ----------
    load_numbers, load_account
        Read one from the spool's file; `None` when it has none.
    clocks
        Clocks that are not right, as the spool's file holds them.

    """

    load_numbers: Callable[[Counting], NumberSet | None]
    load_account: Callable[[AccountDay], DayAccount | None]
    rules: ClockRules = field(default_factory=ClockRules)
    clocks: dict[Counting, GatewayClock] = field(default_factory=dict)
    _numbers: dict[Counting, NumberSet] = field(default_factory=dict)
    _accounts: dict[AccountDay, DayAccount] = field(default_factory=dict)
    _recent: RecentReadings = field(default_factory=RecentReadings)
    _instants: Instants = field(default_factory=Instants)

    def admit(self, arrivals: Arrivals) -> Admission:
        """Work out which arrivals are new and what the accounts come to."""
        day = arrivals.received_at_ns // DAY_NS
        tally = _Tally(self, day)
        keep = np.ones(len(arrivals.batch), np.bool_)
        refused = list(arrivals.refused)
        numbers: dict[Counting, NumberSet] = {}
        newest_ns: dict[Counting, int] = {}
        restarted = []
        for counting, count in arrivals.counts.items():
            before = self._numbers_of(counting)
            numbers[counting] = after = before.copy()
            newest_ns[counting] = before.newest_ns
            repeats = False
            for first, end in count.runs:
                added = after.add(first, end - first, day)
                repeats |= added.count != end - first
                for when, change in added.missing:
                    tally.add(counting[0], when, "missing", change)
            after.newest_ns = max(before.newest_ns, count.newest_ns)
            if not repeats:
                continue
            rows = _rows_of(arrivals, counting)
            known = _known(before, arrivals.batch.seq[rows])
            if np.any(arrivals.batch.taken_at[rows][known] > before.newest_ns):
                # a repeat cannot be newer than all that came before it: the gateway has begun
                # its count again without a new boot, and its readings are new
                restarted.append(counting)
                numbers[counting] = after = NumberSet(newest_ns=after.newest_ns)
                for first, end in count.runs:
                    for when, change in after.add(first, end - first, day).missing:
                        tally.add(counting[0], when, "missing", change)
                before = NumberSet()
                known = np.zeros(len(rows), np.bool_)
            seq = arrivals.batch.seq[rows]
            new = ~known
            new[new] = _first_ones(seq[new])
            keep[rows[~new]] = False
            tally.add(counting[0], day, "duplicate", int(np.count_nonzero(~new)))
            refused = self._without_repeats(refused, counting, before, set(seq.tolist()), tally)
        unnumbered = np.flatnonzero(arrivals.batch.seq < 0)
        if len(unnumbered):
            again = self._recent.repeats(arrivals.batch, unnumbered)
            keep[again] = False
            for row in again.tolist():
                tally.add(arrivals.gateways[arrivals.gateway[row]], day, "duplicate", 1)
        timed = set_right(arrivals, keep, self.clocks, newest_ns, self.rules)
        first_seen = timed.batch
        stored = np.bincount(timed.gateway[~timed.waits], minlength=len(arrivals.gateways))
        for code in np.flatnonzero(stored).tolist():
            tally.add(arrivals.gateways[code], day, "stored", int(stored[code]))
        for held in timed.held:
            tally.add(held.gateway_id, day, "quarantined", len(held.batch))
        for one in refused:
            tally.add(one.gateway_id, day, one.fate.value, one.readings)
        return Admission(
            batch=self._instants.set_apart(first_seen),
            refusals=put_together(refused),
            receipts=tuple(_receipt(c, numbers[c], refused) for c in arrivals.counts),
            numbers=numbers,
            accounts=tally.accounts(),
            duplicate=tally.sum_of("duplicate"),
            rejected=tally.sum_of("rejected"),
            quarantined=tally.sum_of("quarantined"),
            restarted=tuple(restarted),
            clocks=timed.clocks,
            held=timed.held,
            unnumbered=arrivals.batch.take(unnumbered) if len(unnumbered) else ReadingBatch.empty(),
            first_seen=first_seen,
            waves=_placed(arrivals, keep, timed.batch),
        )

    def keep(self, admission: Admission) -> None:
        """Take an admission as done: it is durable."""
        if len(self._numbers) + len(self._accounts) > _CACHED_MAX:
            self._numbers.clear()
            self._accounts.clear()
        self._numbers.update(admission.numbers)
        self._accounts.update(admission.accounts)
        for counting, clock in admission.clocks.items():
            if clock.suspected:
                self.clocks[counting] = clock
            else:
                self.clocks.pop(counting, None)
        self._recent.remember(admission.unnumbered)
        self._instants.remember(admission.first_seen)

    def remember(self, batch: ReadingBatch) -> None:
        """Take in a batch that was kept before a restart."""
        as_it_came = batch.take(batch.flag & _SAME_INSTANT == 0)
        self._recent.remember(as_it_came.take(as_it_came.seq < 0))
        self._instants.remember(as_it_came)

    def release(self, held: Sequence[Held], now_ns: int) -> "Release | None":
        """Work out which waiting readings have got their time; `None` when there is none.

        Parameters
        ----------
        held
            All that wait, with their own times as sent.
        now_ns
            Our time.

        """
        free = []
        for one in held:
            clock = self.clocks.get(one.counting)
            free.append(one.set_free(clock.skew_ns if clock else 0, now_ns, self.rules))
        ready = [batch for batch, _ in free if len(batch)]
        if not ready:
            return None
        tally = _Tally(self, now_ns // DAY_NS)
        for one, (batch, _) in zip(held, free, strict=True):
            tally.add(one.gateway_id, one.day, "quarantined", -len(batch))
            tally.add(one.gateway_id, one.day, "stored", len(batch))
        return Release(
            batch=self._instants.set_apart(concat(ready)),
            accounts=tally.accounts(),
            left=tuple(replace(one, batch=rest) for one, (_, rest) in zip(held, free, strict=True)),
        )

    def keep_release(self, release: "Release") -> None:
        """Take a release as done: it is durable."""
        self._accounts.update(release.accounts)
        self._instants.remember(release.batch)

    def _numbers_of(self, counting: Counting) -> NumberSet:
        known = self._numbers.get(counting)
        if known is None:
            known = self._numbers[counting] = self.load_numbers(counting) or NumberSet()
        return known

    def account(self, key: AccountDay) -> DayAccount:
        """Read one day account as it stands."""
        known = self._accounts.get(key)
        if known is None:
            gateway_id, day = key
            known = self.load_account(key) or DayAccount(gateway_id, day_text(day))
            self._accounts[key] = known
        return known

    @staticmethod
    def _without_repeats(
        refused: list[Refused],
        counting: Counting,
        before: NumberSet,
        stored: set[int],
        tally: "_Tally",
    ) -> list[Refused]:
        rest, seen = [], set(stored)
        for one in refused:
            if (one.gateway_id, one.boot) == counting and one.seq >= 0:
                if one.seq in seen or _known(before, np.array([one.seq]))[0]:
                    tally.add(one.gateway_id, tally.day, "duplicate", one.readings)
                    continue
                seen.add(one.seq)
            rest.append(one)
        return rest


class _Tally:
    """Changes of day accounts, added up."""

    def __init__(self, ledger: Ledger, day: int) -> None:
        self.day = day
        self._ledger = ledger
        self._changes: dict[AccountDay, dict[str, int]] = {}

    def add(self, gateway_id: str, day: int, what: str, n: int) -> None:
        if n:
            changes = self._changes.setdefault((gateway_id, day), {})
            changes[what] = changes.get(what, 0) + n

    def sum_of(self, what: str) -> int:
        return sum(changes.get(what, 0) for changes in self._changes.values())

    def accounts(self) -> dict[AccountDay, DayAccount]:
        found = {}
        for key, changes in self._changes.items():
            account = self._ledger.account(key)
            sums = {what: getattr(account, what) + n for what, n in changes.items()}
            found[key] = replace(account, **sums)
        return found


def _placed(
    arrivals: Arrivals, keep: NDArray[np.bool_], batch: ReadingBatch
) -> tuple[WaveBlock, ...]:
    """Give the blocks of kept rows the time and the flags that their rows came to have."""
    if not arrivals.waves:
        return ()
    row_now = np.cumsum(keep) - 1
    return tuple(
        replace(
            block,
            start_ns=int(batch.taken_at[row_now[row]]),
            flag=int(batch.flag[row_now[row]]),
        )
        for row, block in arrivals.waves
        if keep[row]
    )


def _rows_of(arrivals: Arrivals, counting: Counting) -> NDArray[np.intp]:
    gateway_id, boot = counting
    if gateway_id not in arrivals.gateways:
        return np.empty(0, np.intp)
    code = arrivals.gateways.index(gateway_id)
    batch = arrivals.batch
    return np.flatnonzero((arrivals.gateway == code) & (batch.boot == boot) & (batch.seq >= 0))


def _known(numbers: NumberSet, seq: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which numbers had come before."""
    known = (seq >= numbers.low) & (seq < numbers.end)
    for first, end, _ in numbers.gaps:
        known &= (seq < first) | (seq >= end)
    return known


def _first_ones(seq: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the first of equal numbers."""
    first = np.zeros(len(seq), np.bool_)
    first[np.unique(seq, return_index=True)[1]] = True
    return first


def _receipt(counting: Counting, numbers: NumberSet, refused: list[Refused]) -> Receipt:
    gaps, upto = numbers.missing(), numbers.end - 1
    if len(gaps) > _GAPS_IN_RECEIPT_MAX:
        upto = gaps[_GAPS_IN_RECEIPT_MAX][0] - 1
        gaps = gaps[:_GAPS_IN_RECEIPT_MAX]
    rejected = tuple(
        (one.seq, one.seq + one.readings - 1, one.reason)
        for one in refused
        if one.seq >= 0 and (one.gateway_id, one.boot) == counting
    )
    return Receipt(*counting, upto, tuple(gaps), rejected)
