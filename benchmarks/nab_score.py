"""Scores of alarms on labelled windows: rules of the Numenta Anomaly Benchmark in our own words.

A window is worth 1 when it is found at its beginning, less the later, by a sigmoid; only its
earliest alarm counts. A missed window and every alarm outside cost by profile; outside, the less
the nearer behind a window. The first 15 % of a file, 750 rows at most, are not scored. One
threshold serves all files. 0 is a detector that says nothing, 100 one that finds all at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.readings import Floats

_PROBATION_SHARE, _PROBATION_MOST = 0.15, 750
_STEEP = 5.0
_FAR = 3.0  # windows behind which an alarm costs all


@dataclass(frozen=True, slots=True)
class Profile:
    """What an alarm outside and a missed window cost."""

    false_alarm: float
    miss: float


STANDARD = Profile(0.11, 1.0)
LOW_FALSE_ALARMS = Profile(0.22, 1.0)
LOW_MISSES = Profile(0.11, 2.0)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Scores of one file.

    Parameters
    ----------
    score
        (n,) float64, bigger is more anomalous, NaN says nothing.
    windows
        First and last row of each labelled window, in order, both included.

    """

    score: Floats
    windows: tuple[tuple[int, int], ...]


def probation(rows: int) -> int:
    """Tell how many rows at the beginning are not scored."""
    return int(min(np.floor(_PROBATION_SHARE * rows), _PROBATION_MOST))


def worth(position: Floats) -> Floats:
    """Tell what an alarm is worth by where it is: -1 where a window begins, 0 where it ends."""
    near = 2.0 / (1.0 + np.exp(_STEEP * np.minimum(position, _FAR))) - 1.0
    return np.where(position >= _FAR, -1.0, near)


def worths(rows: int, windows: Sequence[tuple[int, int]]) -> tuple[Floats, NDArray[np.int64]]:
    """Tell what an alarm in each row is worth, costs unweighted, and its window, -1 outside."""
    at = np.arange(rows, dtype=np.float64)
    found, inside = np.full(rows, -1.0), np.full(rows, -1, np.int64)
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        # at least 1: a window of one row would have nothing behind it
        found[last + 1 :] = worth((at[last + 1 :] - last) / max(width - 1, 1))
        rows_in = slice(first, last + 1)
        whole = float(worth(np.array([-1.0]))[0])
        found[rows_in] = worth((at[rows_in] - last - 1) / width) / whole
        inside[rows_in] = number
    return found, inside


def score_at(files: Sequence[Scored], threshold: float, profile: Profile = STANDARD) -> float:
    """Score a corpus at one threshold, 0 to 100 and below."""
    total, windows = 0.0, 0
    for one in files:
        value, inside = worths(len(one.score), one.windows)
        scored = np.arange(len(one.score)) >= probation(len(one.score))
        alarm = scored & (one.score >= threshold)
        total += profile.false_alarm * float(value[alarm & (inside < 0)].sum())
        for number in range(len(one.windows)):
            if not (scored & (inside == number)).any():
                continue  # over before scoring begins
            windows += 1
            hits = value[alarm & (inside == number)]
            total += float(hits.max()) if len(hits) else -profile.miss
    nothing, all_of_it = -profile.miss * windows, float(windows)
    return 100.0 * (total - nothing) / (all_of_it - nothing)


def best_threshold(
    files: Sequence[Scored], profile: Profile = STANDARD, tries: int = 400
) -> tuple[float, float]:
    """Find the threshold that serves a corpus best; (threshold, score).

    It is the threshold of that corpus: on it the score flatters.
    """
    scores = np.concatenate([one.score[probation(len(one.score)) :] for one in files])
    scores = np.unique(scores[np.isfinite(scores)])
    ranks = np.unique(np.concatenate([
        np.linspace(0, len(scores) - 1, tries // 2),
        len(scores) - np.geomspace(1, len(scores), tries // 2),
    ]).round().astype(np.int64))  # fmt: skip
    tried = [(score_at(files, t, profile), float(t)) for t in scores[ranks].tolist()]
    # saying nothing is always to be had
    nothing = (0.0, float(np.nextafter(scores[-1], np.inf)))
    score, threshold = max([*tried, nothing])
    return threshold, score
