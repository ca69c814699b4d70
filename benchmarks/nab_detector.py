"""A streaming detector for the labelled streams: three plain scores, their ranks added, then rest.

Every number uses its own row and earlier ones only. Ranks make one threshold serve streams of any
unit; resting after an alarm makes one event one alarm.
"""

from bisect import bisect_left, insort
from collections import deque

import numpy as np
from scipy.signal import lfilter

from benchmarks.nab_score import probation
from domain.readings import Floats

_NEAR_ROWS, _SPREAD_ROWS = 12, 300
_SHORT_ROWS, _LONG_ROWS = 30, 1500
_REST_SHARE = 0.2  # of the probation
_SMALL = 1e-6


def detect(value: Floats) -> Floats:
    """Score a stream, (n,) float64; -inf while it rests."""
    first = probation(len(value))
    away = standardised(value, first)
    scores = (np.abs(away), surprise(value, first), shift(away, first))
    return rested(sum(ranked(s) for s in scores), round(_REST_SHARE * first))


def standardised(value: Floats, first: int) -> Floats:
    """Tell how far values are from the first rows' median, in their robust deviations."""
    middle = float(np.median(value[:first]))
    spread = 1.4826 * float(np.median(np.abs(value[:first] - middle)))
    # where most values are the same, part of the plain deviation stands in
    least = max(0.2 * float(np.std(value[:first])), 1e-9 * max(1.0, abs(middle)))
    return np.asarray((value - middle) / max(spread, least))


def surprise(value: Floats, first: int) -> Floats:
    """Tell how far each value is from a short moving mean, in its usual distance."""
    mean = smooth(value, _NEAR_ROWS, float(value[0]))
    off = np.abs(np.r_[0.0, value[1:] - mean[:-1]])
    least = _SMALL * float(np.abs(value[:first]).max()) + 1e-12
    usual = smooth(off, _SPREAD_ROWS, float(off[:first].mean()))
    return np.asarray(off / (np.r_[usual[0], usual[:-1]] + least))


def shift(away: Floats, first: int) -> Floats:
    """Tell how far a short mean is from a long one, in their usual distance."""
    begin = float(away[:first].mean())
    apart = smooth(away, _SHORT_ROWS, begin) - smooth(away, _LONG_ROWS, begin)
    usual = np.sqrt(smooth(apart**2, _LONG_ROWS, float((apart[:first] ** 2).mean()) + _SMALL))
    return np.asarray(np.abs(apart) / (np.r_[usual[0], usual[:-1]] + _SMALL))


def smooth(value: Floats, rows: int, begin: float) -> Floats:
    """Take the exponential mean over so many rows."""
    new = 2.0 / (rows + 1)
    mean, _ = lfilter([new], [1.0, new - 1.0], value, zi=[(1.0 - new) * begin])
    return np.asarray(mean)


def ranked(score: Floats) -> Floats:
    """Tell how rare a score is among all before it: 2 is one in a hundred."""
    past: list[float] = []
    rare = np.zeros(len(score))
    for row, one in enumerate(score.tolist()):
        above = len(past) - bisect_left(past, one)
        rare[row] = -np.log10((above + 1) / (len(past) + 2)) if past else 0.0
        insort(past, one)
    return rare


def rested(score: Floats, rows: int) -> Floats:
    """Let only those scores through that exceed all of so many rows before."""
    best: deque[tuple[int, float]] = deque()
    told = np.full(len(score), -np.inf)
    for row, one in enumerate(score.tolist()):
        while best and best[0][0] < row - rows:
            best.popleft()
        if not best or one > best[0][1]:
            told[row] = one
        while best and best[-1][1] <= one:
            best.pop()
        best.append((row, one))
    return told
