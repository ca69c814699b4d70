"""What is known against the readings of a chart: runs of flagged readings, to be marked."""

from dataclasses import dataclass

import numpy as np

from domain.adjusted import Adjusted
from domain.readings import UNFIT, QualityFlag
from web.series import GAP_READINGS

#: runs that a chart marks at most; the longest stay
RUNS_MAX = 200
#: that the temperature model still learns is said of the whole chart, not of each reading
_DRAWN = np.uint16(0xFFFF ^ QualityFlag.IMMATURE_COMPENSATION)


@dataclass(frozen=True, slots=True)
class Run:
    """Readings in a row with the same flags.

    Parameters
    ----------
    value
        Series value of the first one; NaN when its zero is not known.
    unfit
        They say nothing of the building and are not part of the line.

    """

    start_ns: int
    end_ns: int
    count: int
    flag: QualityFlag
    value: float

    @property
    def unfit(self) -> bool:
        """They are left out of the line."""
        return bool(self.flag & UNFIT)


def runs_of(rows: Adjusted, step_ns: int) -> list[Run]:
    """Find the runs of flagged readings, oldest first; a gap ends a run.

    Hourly spans have no flags.
    """
    flag = rows.flag & _DRAWN
    if rows.spans or not flag.any():
        return []
    changed = np.diff(flag.astype(np.int32), prepend=-1) != 0
    parted = np.diff(rows.taken_at, prepend=rows.taken_at[0]) > GAP_READINGS * step_ns
    starts = np.flatnonzero(changed | parted)
    ends = np.append(starts[1:], len(rows))
    flagged = flag[starts] != 0
    starts, ends = starts[flagged], ends[flagged]
    if len(starts) > RUNS_MAX:
        longest = np.sort(np.argsort(ends - starts, kind="stable")[-RUNS_MAX:])
        starts, ends = starts[longest], ends[longest]
    series = rows.series
    return [
        Run(
            int(rows.taken_at[start]),
            int(rows.taken_at[end - 1]),
            int(end - start),
            QualityFlag(int(flag[start])),
            float(series[start]),
        )
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def counts_of(rows: Adjusted) -> dict[QualityFlag, int]:
    """Count the readings by each flag."""
    found = {}
    for flag in QualityFlag:
        if flag and (count := int(((rows.flag & _DRAWN & np.uint16(flag)) != 0).sum())):
            found[flag] = count
    return found
