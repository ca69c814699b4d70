"""Which numbers of a gateway's count have come: what is new, repeated or missing."""

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field

#: more gaps than this are not followed one by one: the oldest is given up (see `NumberSet.floor`)
GAPS_MAX = 1_000


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

    """

    new: tuple[tuple[int, int], ...]
    count: int
    missing: tuple[tuple[int, int], ...] = ()


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
        (first, end left out, day on which it opened), rising.
    floor
        Numbers below are not followed any more: they count as new whenever they come, and those
        that were missing stay counted as missing. Rises only past `GAPS_MAX` gaps.
    newest_ns
        Newest `taken_at` of any of its readings.

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
    gaps: list[tuple[int, int, int]] = field(default_factory=list)
    floor: int = 0
    newest_ns: int = 0

    def add(self, first: int, count: int, day: int) -> Added:
        """Take in the numbers first, first + 1, … of a message.

        Parameters
        ----------
        first
            0 or more.
        count
            Numbers in the run, 1 or more.
        day
            Today; a gap that this opens is counted on it.

        """
        end = first + count
        if first == self.end and self.end > self.low:  # the next in line: nearly always
            self.end = end
            return Added(((first, end),), count)
        if self.end == self.low:
            self.low, self.end = first, end
            return Added(((first, end),), count)
        new: list[tuple[int, int]] = []
        missing: dict[int, int] = {}
        if first < self.low:
            self._add_below(first, min(end, self.low), day, new, missing)
        if first < self.end and end > self.low:
            self._fill(max(first, self.low), min(end, self.end), new, missing)
        if end > self.end:
            start = max(first, self.end)
            if start > self.end:
                self.gaps.append((self.end, start, day))
                missing[day] = missing.get(day, 0) + start - self.end
            new.append((start, end))
            self.end = end
        self._give_up_oldest()
        changed = tuple((when, n) for when, n in sorted(missing.items()) if n)
        return Added(tuple(new), sum(b - a for a, b in new), changed)

    def _add_below(
        self, first: int, end: int, day: int, new: list[tuple[int, int]], missing: dict[int, int]
    ) -> None:
        new.append((first, end))
        followed = max(first, self.floor)
        if followed >= end:  # wholly below the floor
            return
        if end < self.low:
            self.gaps.insert(0, (end, self.low, day))
            missing[day] = missing.get(day, 0) + self.low - end
        self.low = followed

    def _fill(
        self, first: int, end: int, new: list[tuple[int, int]], missing: dict[int, int]
    ) -> None:
        at = bisect_left(self.gaps, first, key=lambda gap: gap[1] - 1)
        while at < len(self.gaps) and self.gaps[at][0] < end:
            a, b, day = self.gaps[at]
            start, stop = max(a, first), min(b, end)
            rest = [(x, y, day) for x, y in ((a, start), (stop, b)) if x < y]
            self.gaps[at : at + 1] = rest
            new.append((start, stop))
            missing[day] = missing.get(day, 0) - (stop - start)
            at += len(rest)

    def _give_up_oldest(self) -> None:
        surplus = len(self.gaps) - GAPS_MAX
        if surplus > 0:
            self.low = self.floor = self.gaps[surplus - 1][1]
            del self.gaps[:surplus]

    def missing(self) -> list[tuple[int, int]]:
        """List the gaps as (first, last), both included, rising."""
        return [(first, end - 1) for first, end, _ in self.gaps]

    def copy(self) -> "NumberSet":
        """Make a copy that may be changed without changing this one."""
        return NumberSet(self.low, self.end, list(self.gaps), self.floor, self.newest_ns)

    def to_bytes(self) -> bytes:
        """Write it down: 32 bytes and 24 a gap."""
        numbers = array("q", (self.low, self.end, self.floor, self.newest_ns))
        for gap in self.gaps:
            numbers.extend(gap)
        return numbers.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "NumberSet":
        """Read what `to_bytes` wrote."""
        numbers = array("q")
        numbers.frombytes(data)
        flat = iter(numbers[4:])
        gaps = list(zip(flat, flat, flat, strict=True))
        return cls(numbers[0], numbers[1], gaps, numbers[2], numbers[3])
