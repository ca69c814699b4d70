"""A bounded memory of readings just seen, for what numbers cannot tell."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from domain.readings import QualityFlag, ReadingBatch

_SAME_INSTANT = np.uint16(QualityFlag.SAME_INSTANT)


#: bytes of a mark: two different readings share one with a chance of 1 in 10^29 among so many
MARK_BYTES = 16


def mark(*parts: str | float | bytes) -> bytes:
    """Make the mark by which something is known again; the same in every process."""
    digest = blake2b(digest_size=MARK_BYTES)
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(data).to_bytes(4, "little"))
        digest.update(data)
    return digest.digest()


def marks_of(batch: ReadingBatch, rows: NDArray[np.intp]) -> list[bytes]:
    """Make the marks of some readings: channel, moment and value."""
    channels = [batch.channels[code] for code in batch.channel[rows].tolist()]
    columns = zip(channels, batch.taken_at[rows].tolist(), batch.value[rows].tolist(), strict=True)
    return [mark(channel, at, value) for channel, at, value in columns]


@dataclass(slots=True)
class RecentMarks:
    """Knows again what senders without numbers sent.

    Two halves of `size` marks; when the newer is full the older is forgotten. A repeat from
    further back is stored again and comes to the same (channel, taken_at): the store keeps one,
    the account counts two.

    Parameters
    ----------
    half
        Number of the newer half; rises by one when it is full.

    """

    size: int = 100_000
    half: int = 0
    _new: set[bytes] = field(default_factory=set)
    _old: set[bytes] = field(default_factory=set)

    def __contains__(self, key: bytes) -> bool:
        """Tell whether something was seen."""
        return key in self._new or key in self._old

    def remember(self, keys: Iterable[bytes], half: int | None = None) -> None:
        """Take marks in; `half` is the one that they were kept under, by default the newer."""
        if half is not None and half > self.half:
            self._old, self._new = (self._new if half == self.half + 1 else set()), set()
            self.half = half
        self._new.update(keys)
        if half is None and len(self._new) >= self.size:
            self._old, self._new = self._new, set()
            self.half += 1


class Instants:
    """Sets two different values of one channel at one instant apart by a nanosecond.

    The one that comes later is moved and flagged `SAME_INSTANT`. It is found against readings of
    the same batch and against the newest instant that was seen of the channel.
    """

    def __init__(self) -> None:
        self._code: dict[str, int] = {}
        self._taken = np.full(1024, np.iinfo(np.int64).min, np.int64)
        self._value = np.zeros(1024)
        self._moved = np.zeros(1024, np.int64)

    def set_apart(self, batch: ReadingBatch) -> ReadingBatch:
        """Return the batch with the later of two values at one instant moved."""
        if not len(batch):
            return batch
        code = self._codes(batch)[batch.channel]
        order = np.lexsort((batch.taken_at, batch.channel))
        channel, taken = batch.channel[order], batch.taken_at[order]
        again = (channel[1:] == channel[:-1]) & (taken[1:] == taken[:-1])
        seen = batch.taken_at == self._taken[code]
        if not again.any() and not seen.any():
            return batch
        shared = seen.copy()
        shared[order[1:][again]] = True
        shared[order[:-1][again]] = True
        moved_at, flag = batch.taken_at.copy(), batch.flag.copy()
        values: dict[tuple[int, int], list[float]] = {}
        for row in np.flatnonzero(shared).tolist():  # in the order of arrival
            at = int(batch.taken_at[row])
            before = values.setdefault((int(code[row]), at), [])
            if not before and seen[row]:
                before.extend([float(self._value[code[row]])] * (1 + int(self._moved[code[row]])))
            value = float(batch.value[row])
            if before and value != before[0]:
                moved_at[row] += len(before)
                flag[row] |= _SAME_INSTANT
                before.append(value)
            elif not before:
                before.append(value)
        return replace(batch, taken_at=moved_at, flag=flag)

    def remember(self, batch: ReadingBatch) -> None:
        """Take in the newest instant of each channel of a batch, as it came (not moved)."""
        if not len(batch):
            return
        code = self._codes(batch)[batch.channel]
        order = np.lexsort((batch.taken_at, code))
        code, taken, value = code[order], batch.taken_at[order], batch.value[order]
        last = np.flatnonzero(np.r_[code[1:] != code[:-1], True])
        newest = taken[last]
        at_newest = taken == newest[np.cumsum(np.r_[False, code[1:] != code[:-1]])]
        first = np.r_[True, (code[1:] != code[:-1]) | ~at_newest[:-1]] & at_newest
        start = np.flatnonzero(first)
        count = last - start + 1
        who = code[last]
        newer = newest > self._taken[who]
        same = newest == self._taken[who]
        self._moved[who] = np.where(
            newer, count - 1, np.where(same, self._moved[who] + count, self._moved[who])
        )
        self._value[who] = np.where(newer, value[start], self._value[who])
        self._taken[who] = np.where(newer, newest, self._taken[who])

    def _codes(self, batch: ReadingBatch) -> NDArray[np.int64]:
        known = self._code
        codes = [known.setdefault(channel_id, len(known)) for channel_id in batch.channels]
        while len(known) > len(self._taken):
            low = np.iinfo(np.int64).min
            self._taken = np.concatenate([self._taken, np.full(len(self._taken), low, np.int64)])
            self._value = np.concatenate([self._value, np.zeros(len(self._value))])
            self._moved = np.concatenate([self._moved, np.zeros(len(self._moved), np.int64)])
        return np.array(codes, np.int64)
