"""Which numbers of a gateway's count have come: what is new, repeated or missing."""

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

#: more gaps than this are not followed one by one: the oldest is given up (see `NumberSet.floor`)
GAPS_MAX = 1_000
#: what a set written down begins with; older forms begin with a number, which is never negative
_FORM = -2


class Gap(NamedTuple):
    """Numbers that a later one has overtaken and that have not come.

    Parameters
    ----------
    first, end
        The missing numbers; `end` is left out.
    day
        Day (since 1970, UTC) on which it opened: it counts as missing on that day.
    after_ns, before_ns
        `taken_at` of the numbers just before and just after it, 0 where that is not known: the
        missing readings were taken between the two.

    """

    first: int
    end: int
    day: int
    after_ns: int = 0
    before_ns: int = 0


@dataclass(frozen=True, slots=True)
class Added:
    """What adding a run of numbers came to.

    Parameters
    ----------
    new
        Runs (first, end left out) that had not come before.
    count
        How many numbers the new runs hold.
    missing
        (day, change) of the missing numbers: a gap counts on the day on which it opened.
    given_up
        Gaps that are not followed any more; they stay missing.

    """

    new: tuple[tuple[int, int], ...]
    count: int
    missing: tuple[tuple[int, int], ...] = ()
    given_up: tuple[Gap, ...] = ()


@dataclass(slots=True)
class NumberSet:
    """The numbers that have come of one gateway in one boot.

    It is kept as one run with gaps, for nearly all sets have none. Counting starts at the lowest
    number seen: what a boot sent before its first contact is not known.

    Parameters
    ----------
    low
        Lowest number seen.
    end
        One past the highest number seen.
    gaps
        Rising.
    floor
        Numbers below are not followed any more: they count as new whenever they come, and those
        that were missing stay counted as missing. Rises only past `GAPS_MAX` gaps.
    newest_ns
        Newest `taken_at` of any of its readings.
    low_ns, end_ns
        `taken_at` of the lowest and of the highest number, 0 where that is not known.
    restarts
        How often the gateway began to count anew without a new boot.

    Examples
    --------
    >>> numbers = NumberSet()
    >>> numbers.add(1, 3, day=0).new
    ((1, 4),)
    >>> numbers.add(3, 4, day=0).new
    ((4, 7),)
    >>> numbers.add(9, 1, day=0).missing
    ((0, 2),)
    >>> numbers.missing()
    [(7, 8)]

    """

    low: int = 0
    end: int = 0
    gaps: list[Gap] = field(default_factory=list)
    floor: int = 0
    newest_ns: int = 0
    low_ns: int = 0
    end_ns: int = 0
    restarts: int = 0

    def __contains__(self, number: int) -> bool:
        """Tell whether a number has come."""
        if not self.low <= number < self.end:
            return False
        at = bisect_left(self.gaps, number, key=lambda gap: gap.end - 1)
        return at == len(self.gaps) or number < self.gaps[at].first

    def add(self, first: int, count: int, day: int, first_ns: int = 0, last_ns: int = 0) -> Added:
        """Take in the numbers first, first + 1, … of a message.

        Parameters
        ----------
        first
            0 or more.
        count
            Numbers in the run, 1 or more.
        day
            Today; a gap that this opens is counted on it.
        first_ns, last_ns
            `taken_at` of the first and of the last of them, 0 where that is not known.

        """
        end = first + count
        if first == self.end and self.end > self.low:  # the next in line: nearly always
            self.end, self.end_ns = end, last_ns
            return Added(((first, end),), count)
        if self.end == self.low:
            self.low, self.end = first, end
            self.low_ns, self.end_ns = first_ns, last_ns
            return Added(((first, end),), count)
        new: list[tuple[int, int]] = []
        missing: dict[int, int] = {}
        if first < self.low:
            self._add_below(first, min(end, self.low), day, new, missing, (first_ns, last_ns))
        if first < self.end and end > self.low:
            inside = max(first, self.low), min(end, self.end)
            self._fill(*inside, new, missing, (first_ns, last_ns))
        if end > self.end:
            start = max(first, self.end)
            if start > self.end:
                self.gaps.append(Gap(self.end, start, day, self.end_ns, first_ns))
                missing[day] = missing.get(day, 0) + start - self.end
            new.append((start, end))
            self.end, self.end_ns = end, last_ns
        given_up = self._give_up_oldest()
        changed = tuple((when, n) for when, n in sorted(missing.items()) if n)
        return Added(tuple(new), sum(b - a for a, b in new), changed, given_up)

    def _add_below(
        self,
        first: int,
        end: int,
        day: int,
        new: list[tuple[int, int]],
        missing: dict[int, int],
        times_ns: tuple[int, int],
    ) -> None:
        new.append((first, end))
        followed = max(first, self.floor)
        if followed >= end:  # wholly below the floor
            return
        if end < self.low:
            self.gaps.insert(0, Gap(end, self.low, day, times_ns[1], self.low_ns))
            missing[day] = missing.get(day, 0) + self.low - end
        self.low, self.low_ns = followed, times_ns[0]

    def _fill(
        self,
        first: int,
        end: int,
        new: list[tuple[int, int]],
        missing: dict[int, int],
        times_ns: tuple[int, int],
    ) -> None:
        at = bisect_left(self.gaps, first, key=lambda gap: gap.end - 1)
        while at < len(self.gaps) and self.gaps[at].first < end:
            a, b, day, after_ns, before_ns = self.gaps[at]
            start, stop = max(a, first), min(b, end)
            pieces = (
                Gap(a, start, day, after_ns, times_ns[0]),
                Gap(stop, b, day, times_ns[1], before_ns),
            )
            rest = [gap for gap in pieces if gap.first < gap.end]
            self.gaps[at : at + 1] = rest
            new.append((start, stop))
            missing[day] = missing.get(day, 0) - (stop - start)
            at += len(rest)

    def _give_up_oldest(self) -> tuple[Gap, ...]:
        surplus = len(self.gaps) - GAPS_MAX
        given_up: tuple[Gap, ...] = ()
        if surplus > 0:
            given_up = tuple(self.gaps[:surplus])
            self.low = self.floor = self.gaps[surplus - 1].end
            self.low_ns = self.gaps[surplus - 1].before_ns
            del self.gaps[:surplus]
        return given_up

    def missing(self) -> list[tuple[int, int]]:
        """List the gaps as (first, last), both included, rising."""
        return [(gap.first, gap.end - 1) for gap in self.gaps]

    def copy(self) -> "NumberSet":
        """Make a copy that may be changed without changing this one."""
        # each gateway's at each commit: `dataclasses.replace` takes five times as long
        return NumberSet(
            self.low,
            self.end,
            list(self.gaps),
            self.floor,
            self.newest_ns,
            self.low_ns,
            self.end_ns,
            self.restarts,
        )

    def anew(self) -> "NumberSet":
        """Begin to count anew, without a new boot."""
        return NumberSet(newest_ns=self.newest_ns, restarts=self.restarts + 1)

    def to_bytes(self) -> bytes:
        """Write it down: 64 bytes and 40 a gap."""
        head = (self.low, self.end, self.floor, self.newest_ns, self.low_ns, self.end_ns)
        numbers = array("q", (_FORM, *head, self.restarts))
        for gap in self.gaps:
            numbers.extend(gap)
        return numbers.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "NumberSet":
        """Read what `to_bytes` wrote, now or before gaps had times."""
        numbers = array("q")
        numbers.frombytes(data)
        if numbers[0] != _FORM:
            flat = iter(numbers[4:])
            old = [Gap(*gap) for gap in zip(flat, flat, flat, strict=True)]
            return cls(numbers[0], numbers[1], old, numbers[2], numbers[3])
        low, end, floor, newest_ns, low_ns, end_ns, restarts = numbers[1:8]
        flat = iter(numbers[8:])
        gaps = [Gap(*gap) for gap in zip(flat, flat, flat, flat, flat, strict=True)]
        return cls(low, end, gaps, floor, newest_ns, low_ns, end_ns, restarts)
