"""Tells repeats from new readings and keeps the account of what became of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from domain.accounts import DayAccount, GapChange, Refusal, Released
from domain.arrivals import Arrivals, Count, Receipt, Refused
from domain.clock import DAY_NS
from domain.gateway_clocks import ClockRules, GatewayClock
from domain.numbering import Gap, NumberSet
from domain.readings import QualityFlag, ReadingBatch, concat
from domain.recent import Instants, RecentMarks, mark, marks_of
from domain.recount import Recount, gap_change
from domain.refusing import put_together
from domain.timing import Counting, Held, set_right
from domain.waves import WaveBlock

#: number sets and accounts kept in memory; past it they are read again from the spool
_CACHED_MAX = 200_000
#: a receipt lists at most so many gaps; with more it simply reaches less far
_GAPS_IN_RECEIPT_MAX = 100

_SAME_INSTANT = np.uint16(QualityFlag.SAME_INSTANT)

AccountDay = tuple[str, int]  # gateway id, day since 1970


def day_text(day: int) -> str:
    """Write a day since 1970 (UTC) as `2026-11-23`."""
    return datetime.fromtimestamp(day * 86400, UTC).date().isoformat()


@dataclass(slots=True, eq=False)
class Admission:
    """What admitting some arrivals changes; nothing has changed until `Ledger.keep`.

    Parameters
    ----------
    marks
        By which what has no number will be known again.
    gaps
        How the missing numbers changed.

    """

    batch: ReadingBatch
    refusals: tuple[Refusal, ...]
    receipts: tuple[Receipt, ...]
    numbers: dict[Counting, NumberSet]
    accounts: dict[AccountDay, DayAccount]
    gaps: tuple[GapChange, ...]
    duplicate: int
    rejected: int
    quarantined: int
    restarted: tuple[Counting, ...]
    clocks: dict[Counting, GatewayClock]
    held: tuple[Held, ...]
    marks: tuple[bytes, ...]
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
    recent
        What was sent without a number lately, as the spool's file holds it.

    """

    load_numbers: Callable[[Counting], NumberSet | None]
    load_account: Callable[[AccountDay], DayAccount | None]
    rules: ClockRules = field(default_factory=ClockRules)
    clocks: dict[Counting, GatewayClock] = field(default_factory=dict)
    recent: RecentMarks = field(default_factory=RecentMarks)
    _numbers: dict[Counting, NumberSet] = field(default_factory=dict)
    _accounts: dict[AccountDay, DayAccount] = field(default_factory=dict)
    _instants: Instants = field(default_factory=Instants)

    def admit(self, arrivals: Arrivals, released: Released | None = None) -> Admission:
        """Work out which arrivals are new and what the accounts come to.

        Parameters
        ----------
        arrivals
            They count on the day on which the last of them was received.
        released
            A refusal that these arrivals were made from: they count on its day, and no longer
            as quarantined.

        """
        day = arrivals.received_at_ns // DAY_NS if released is None else released.day
        tally = _Tally(self, day)
        drop = np.zeros(len(arrivals.batch), np.bool_)
        dropped: set[int] = set()
        numbers: dict[Counting, NumberSet] = {}
        gaps: list[GapChange] = []
        newest_ns: dict[Counting, int] = {}
        restarted = []
        for counting, count in arrivals.counts.items():
            before = self._numbers_of(counting)
            newest_ns[counting] = before.newest_ns
            recount = self._count(before, arrivals, counting, count, day)
            numbers[counting] = recount.after
            gaps += recount.gaps
            for when, change in recount.missing:
                tally.add(counting[0], when, "missing", change)
            if recount.repeated_rows:
                drop[recount.repeated_rows] = True
                tally.add(counting[0], day, "duplicate", len(recount.repeated_rows))
            for at in recount.repeated_refusals:
                dropped.add(at)
                tally.add(counting[0], day, "duplicate", arrivals.refused[at].readings)
            if recount.after.restarts > before.restarts:
                restarted.append(counting)
        marks = self._known_again(arrivals, drop, dropped, tally)
        timed = set_right(arrivals, ~drop, self.clocks, newest_ns, self.rules)
        first_seen = timed.batch
        stored = np.bincount(timed.gateway[~timed.waits], minlength=len(arrivals.gateways))
        codes = np.flatnonzero(stored)
        for code, n in zip(codes.tolist(), stored[codes].tolist(), strict=True):
            tally.add(arrivals.gateways[code], day, "stored", n)
        for held in timed.held:
            tally.add(held.gateway_id, day, "quarantined", len(held.batch), "clock")
        refused = [one for at, one in enumerate(arrivals.refused) if at not in dropped]
        for one in refused:
            tally.add(one.gateway_id, day, one.fate.value, one.readings, one.reason)
        if released is not None:
            taken_off = -released.readings
            tally.add(released.gateway_id, day, "quarantined", taken_off, released.reason)
        return Admission(
            batch=self._instants.set_apart(first_seen),
            refusals=put_together(refused),
            receipts=tuple(_receipt(c, numbers[c], refused) for c in arrivals.counts),
            numbers=numbers,
            accounts=tally.accounts(),
            gaps=tuple(gaps),
            duplicate=tally.sum_of("duplicate"),
            rejected=tally.sum_of("rejected"),
            quarantined=tally.sum_of("quarantined"),
            restarted=tuple(restarted),
            clocks=timed.clocks,
            held=timed.held,
            marks=tuple(marks),
            first_seen=first_seen,
            waves=_placed(arrivals, ~drop, timed.batch),
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
        self.recent.remember(admission.marks)
        self._instants.remember(admission.first_seen)

    def remember(self, batch: ReadingBatch) -> None:
        """Take in a batch that was kept before a restart."""
        as_it_came = batch.take(batch.flag & _SAME_INSTANT == 0)
        self.recent.remember(marks_of(as_it_came, np.flatnonzero(as_it_came.seq < 0)))
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
            tally.add(one.gateway_id, one.day, "quarantined", -len(batch), "clock")
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

    def account(self, key: AccountDay) -> DayAccount:
        """Read one day account as it stands."""
        known = self._accounts.get(key)
        if known is None:
            gateway_id, day = key
            known = self.load_account(key) or DayAccount(gateway_id, day_text(day))
            self._accounts[key] = known
        return known

    def _numbers_of(self, counting: Counting) -> NumberSet:
        known = self._numbers.get(counting)
        if known is None:
            known = self._numbers[counting] = self.load_numbers(counting) or NumberSet()
        return known

    @staticmethod
    def _count(
        before: NumberSet, arrivals: Arrivals, counting: Counting, count: Count, day: int
    ) -> Recount:
        """Add the numbers of one count; number by number only when some had come before."""
        after = before.copy()
        missing: list[tuple[int, int]] = []
        given_up: list[Gap] = []
        for first, end, first_ns, last_ns in count.runs:
            added = after.add(first, end - first, day, first_ns, last_ns)
            if added.count != end - first:
                return Recount.number_by_number(before, arrivals, counting, day)
            missing += added.missing
            given_up += added.given_up
        after.newest_ns = max(before.newest_ns, count.newest_ns)
        change = gap_change(counting, before, after, given_up)
        return Recount(after, missing, [change] if change else [])

    def _known_again(
        self, arrivals: Arrivals, drop: NDArray[np.bool_], dropped: set[int], tally: "_Tally"
    ) -> list[bytes]:
        """Drop what has no number and was seen before; return the marks of what is new."""
        new: dict[bytes, None] = {}
        rows = np.flatnonzero(arrivals.batch.seq < 0)
        for row, key in zip(rows.tolist(), marks_of(arrivals.batch, rows), strict=True):
            if key in new or key in self.recent:
                drop[row] = True
                tally.add(arrivals.gateways[arrivals.gateway[row]], tally.day, "duplicate", 1)
            else:
                new[key] = None
        for at, one in enumerate(arrivals.refused):
            if one.seq >= 0 or not one.readings:  # a payload that nobody can read may come again
                continue
            key = mark(one.gateway_id, one.address, one.reason, one.sample)
            if key in new or key in self.recent:
                dropped.add(at)
                tally.add(one.gateway_id, tally.day, "duplicate", one.readings)
            else:
                new[key] = None
        return list(new)


class _Tally:
    """Changes of day accounts, added up."""

    def __init__(self, ledger: Ledger, day: int) -> None:
        self.day = day
        self._ledger = ledger
        self._changes: dict[AccountDay, dict[str, int]] = {}
        self._reasons: dict[AccountDay, dict[tuple[str, str], int]] = {}

    def add(self, gateway_id: str, day: int, what: str, n: int, reason: str = "") -> None:
        """Add to one figure of an account, for a reason where it is a refusal."""
        if n:
            changes = self._changes.setdefault((gateway_id, day), {})
            changes[what] = changes.get(what, 0) + n
            if reason:
                reasons = self._reasons.setdefault((gateway_id, day), {})
                reasons[what, reason] = reasons.get((what, reason), 0) + n

    def sum_of(self, what: str) -> int:
        """Add up one figure over all accounts."""
        return sum(changes.get(what, 0) for changes in self._changes.values())

    def accounts(self) -> dict[AccountDay, DayAccount]:
        """Give the accounts as they stand after the changes."""
        found = {}
        for key, changes in self._changes.items():
            account = self._ledger.account(key)
            reasons = account.reasons
            if key in self._reasons:
                sums = {(fate, reason): n for fate, reason, n in reasons}
                for what, n in self._reasons[key].items():
                    sums[what] = sums.get(what, 0) + n
                reasons = tuple((*what, n) for what, n in sorted(sums.items()) if n)
            change = changes.get
            found[key] = DayAccount(
                account.gateway_id,
                account.day,
                account.stored + change("stored", 0),
                account.rejected + change("rejected", 0),
                account.quarantined + change("quarantined", 0),
                account.duplicate + change("duplicate", 0),
                account.missing + change("missing", 0),
                reasons,
            )
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


def _receipt(counting: Counting, numbers: NumberSet, refused: list[Refused]) -> Receipt:
    if not numbers.gaps and not refused:  # nearly always
        return Receipt(*counting, numbers.end - 1)
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
