"""What the spool holds and is not judged yet, held in memory since it was first looked at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.ports import Spool, SpoolEntry
from domain.readings import Int32s, ReadingBatch, concat

#: samples of waveforms that weigh as much as a reading, bytes; as the spool reckons
_BYTES_A_READING = 250


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One row of the spool with what is to be judged of it.

    Parameters
    ----------
    batch
        Its readings and those that its waveforms come to.
    building
        (channels,) int32, the roster's code of each channel's building; -1: none.

    """

    entry: SpoolEntry
    batch: ReadingBatch
    building: Int32s
    weight: int


class Unjudged:
    """The rows of the spool from the judged cursor on, at most so many readings.

    Parameters
    ----------
    limit_readings
        With more of them it is full, and nothing further is read before some are judged.

    """

    def __init__(self, spool: Spool, limit_readings: int) -> None:
        self._spool, self._limit = spool, limit_readings
        self.rows: list[Row] = []
        self._readings = 0

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    @property
    def full(self) -> bool:
        """Tell whether there is as much as is judged at once: nobody waits for more."""
        return self._readings > self._limit // 2

    @property
    def room(self) -> bool:
        """Tell whether more may be read."""
        return self._readings < self._limit

    @property
    def told(self) -> frozenset[str]:
        """Gateways that told of restarts or of instruments mounted anew."""
        return frozenset(
            status.gateway_id
            for row in self.rows
            for status in row.entry.statuses
            if status.boot is not None or status.remounted
        )

    def read(self, judged: int, make: Callable[[SpoolEntry], Row]) -> list[Row]:
        """Read what came since, and give it."""
        if not self.room:
            return []
        seen = self.rows[-1].entry.offset if self.rows else judged
        new = [make(entry) for entry in self._spool.after(seen, self._limit - self._readings)]
        self.rows += new
        self._readings += sum(row.weight for row in new)
        return new

    def of(self, wanted: np.ndarray, ahead: Mapping[int, int], upto: int) -> ReadingBatch:
        """Join the readings of some buildings that are not judged yet.

        Parameters
        ----------
        wanted
            (buildings + 1,) bool by code; the last place, for no building, is left out.
        ahead
            Offset up to which a building is judged already, by code.

        """
        parts = []
        for row in self.rows:
            if row.entry.offset > upto:
                break
            here = wanted
            if ahead and (done := [c for c, at in ahead.items() if at >= row.entry.offset]):
                here = wanted.copy()
                here[done] = False
            mine = here[row.building]
            if mine.all():
                parts.append(row.batch)
            elif mine.any():
                parts.append(row.batch.take(mine[row.batch.channel]))
        return concat(parts)

    def drop(self, upto: int) -> None:
        """Let go of rows that are judged."""
        rows = self.rows
        self.rows = [row for row in rows if row.entry.offset > upto]
        self._readings = sum(row.weight for row in self.rows)

    def forget(self) -> None:
        """Let go of everything: it is read again."""
        self.rows, self._readings = [], 0


def weight_of(entry: SpoolEntry) -> int:
    """Tell how many readings a row weighs as much as."""
    samples = sum(len(block.data) + len(block.lead) for block in entry.waves)
    return len(entry.batch) + samples // _BYTES_A_READING


def entries_of(rows: Sequence[Row]) -> list[SpoolEntry]:
    """List the rows of the spool themselves."""
    return [row.entry for row in rows]
