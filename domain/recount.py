"""What the numbers of one gateway and boot come to: new, repeated, missing, begun anew."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from domain.accounts import GapChange, NumberGap
from domain.arrivals import Arrivals
from domain.numbering import Gap, NumberSet
from domain.timing import Counting


@dataclass(slots=True)
class Recount:
    """What adding the numbers of some arrivals came to.

    Parameters
    ----------
    missing
        (day, change) of the missing numbers.
    repeated_rows
        Rows of the arrivals' batch whose number had come before.
    repeated_refusals
        Refusals of the arrivals whose number had come before.

    """

    after: NumberSet
    missing: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[GapChange] = field(default_factory=list)
    repeated_rows: list[int] = field(default_factory=list)
    repeated_refusals: list[int] = field(default_factory=list)

    @classmethod
    def number_by_number(
        cls, before: NumberSet, arrivals: Arrivals, counting: Counting, day: int
    ) -> "Recount":
        """Go through the numbers in the order of arrival: some of them had come before.

        A repeat cannot be newer than all that came before it: where one is, the gateway has begun
        its count again without a new boot, and its readings are new from where that run of
        numbers began.
        """
        walk = _Walk(before, counting, day)
        places = _places(arrivals, counting)
        taken_at = arrivals.batch.taken_at
        for first, end, first_ns, last_ns in arrivals.counts[counting].runs:
            times = {first: first_ns, end - 1: last_ns}
            for number in range(first, end):
                came = places.get(number)
                row, refusal = came.popleft() if came else (None, None)
                at_ns = times.get(number, 0) if row is None else int(taken_at[row])
                walk.step(_Item(number, at_ns, row, refusal))
        return walk.done(arrivals.counts[counting].newest_ns)


@dataclass(frozen=True, slots=True)
class _Item:
    number: int
    at_ns: int
    row: int | None
    refusal: int | None


class _Walk:
    """Adds numbers one by one."""

    def __init__(self, before: NumberSet, counting: Counting, day: int) -> None:
        self._counting, self._day = counting, day
        self._start, self._set = before, before.copy()
        self._given_up: list[Gap] = []
        self._repeats: list[_Item] = []
        self._found = Recount(self._set)

    def step(self, item: _Item) -> None:
        """Take in one number."""
        if item.number not in self._set:
            self._add(item)
            return
        if item.row is None or item.at_ns <= self._set.newest_ns:
            self._repeats.append(item)
            return
        # its forerunners in the same run of numbers belong to the new count, too
        again = [item]
        while self._repeats and self._repeats[-1].number == again[-1].number - 1:
            again.append(self._repeats.pop())
        self._close()
        self._start, self._set = NumberSet(), self._set.anew()
        for one in reversed(again):
            self._add(one)

    def done(self, newest_ns: int) -> Recount:
        """End the walk."""
        self._close()
        self._set.newest_ns = max(self._set.newest_ns, newest_ns)
        found = self._found
        found.after = self._set
        found.repeated_rows = [one.row for one in self._repeats if one.row is not None]
        found.repeated_refusals = [one.refusal for one in self._repeats if one.refusal is not None]
        return found

    def _add(self, item: _Item) -> None:
        added = self._set.add(item.number, 1, self._day, item.at_ns, item.at_ns)
        self._found.missing += added.missing
        self._given_up += added.given_up
        if item.row is not None:
            self._set.newest_ns = max(self._set.newest_ns, item.at_ns)

    def _close(self) -> None:
        change = gap_change(self._counting, self._start, self._set, self._given_up)
        self._given_up = []
        if change:
            self._found.gaps.append(change)


def gap_change(
    counting: Counting, before: NumberSet, after: NumberSet, given_up: Sequence[Gap] = ()
) -> GapChange | None:
    """Tell how the gaps of one count changed; `None` when they did not."""
    if before.gaps == after.gaps and not given_up:
        return None
    were = {gap.first: gap for gap in before.gaps}
    # those that are given up stay missing
    are = {gap.first: gap for gap in (*given_up, *after.gaps)}
    gateway_id, boot = counting
    return GapChange(
        gateway_id,
        boot,
        after.restarts,
        tuple(
            NumberGap(
                gateway_id,
                boot,
                after.restarts,
                gap.first,
                gap.end - 1,
                datetime.fromtimestamp(gap.day * 86400, UTC).date().isoformat(),
                gap.after_ns,
                gap.before_ns,
            )
            for gap in are.values()
            if were.get(gap.first) != gap
        ),
        tuple(first for first in were if first not in are),
    )


def _places(
    arrivals: Arrivals, counting: Counting
) -> dict[int, deque[tuple[int | None, int | None]]]:
    """Find the (row, refusal) of each number, one of the two, in the order of arrival."""
    gateway_id, boot = counting
    came: list[tuple[int, int, int, int]] = []  # place, refusal before row, index, number
    if gateway_id in arrivals.gateways:
        batch = arrivals.batch
        code = arrivals.gateways.index(gateway_id)
        own = (arrivals.gateway == code) & (batch.boot == boot) & (batch.seq >= 0)
        came += [(row, 1, row, int(batch.seq[row])) for row in np.flatnonzero(own).tolist()]
    for at, one in enumerate(arrivals.refused):
        if one.seq >= 0 and (one.gateway_id, one.boot) == counting:
            came.append((one.place, 0, at, one.seq))
    places: dict[int, deque[tuple[int | None, int | None]]] = {}
    for _, is_row, index, number in sorted(came):
        found = places.setdefault(number, deque())
        found.append((index, None) if is_row else (None, index))
    return places
