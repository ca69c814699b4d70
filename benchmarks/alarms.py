"""From daily scores to alarms: episodes, thresholds at a rate of false alarms, delays, ranges."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.readings import Floats

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

#: alarms nearer than this are one: somebody has been there and looks again
QUIET_DAYS = 30
NEVER = np.inf


def episodes(scores: Floats, threshold: float, quiet_days: int = QUIET_DAYS) -> Ints:
    """Count the alarms of each row.

    Parameters
    ----------
    scores
        (n, days) float64, one a day; NaN says nothing.

    Returns
    -------
    ndarray
        (n,) int64: stretches of days at or above the threshold with at least `quiet_days` days
        below it between them.

    """
    alarm = scores >= threshold
    day = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    last = np.maximum.accumulate(np.where(alarm, day, -(10**6)), axis=1)
    before = np.full(scores.shape, -(10**6))
    before[:, 1:] = last[:, :-1]
    return np.asarray((alarm & (day - before > quiet_days)).sum(axis=1), np.int64)


def rate(scores: Floats, threshold: float) -> float:
    """Tell the alarms a row and year."""
    return float(episodes(scores, threshold).sum() / (scores.size / 365.0))


def threshold_at(scores: Floats, wanted: float) -> float:
    """Find the lowest threshold from which on the alarms stay within a rate a sensor-year."""
    finite = scores[np.isfinite(scores)]
    low, high = float(finite.min()), float(finite.max())
    top = float(np.nextafter(high, np.inf))
    if rate(scores, high) > wanted:
        return top
    # from above: below some threshold alarms run together and their number falls again
    low = float(np.quantile(finite, 0.5))
    for _ in range(40):
        middle = (low + high) / 2
        if rate(scores, middle) > wanted:
            low = middle
        else:
            high = middle
    return high


def surely(wanted: float, years: float) -> float:
    """Tell the rate to set a threshold for, so that a wanted one is not overrun elsewhere.

    A threshold is as good as the sensors that it was set on: it is set for one standard error of
    their count less.

    Examples
    --------
    >>> round(surely(0.1, 2000.0), 4)
    0.0929

    """
    return wanted - float(np.sqrt(wanted / years))


def delays(scores: Floats, threshold: Floats | float, start: Ints, watched: Ints | int) -> Floats:
    """Tell the days from each row's event to its alarm.

    An alarm that stood when the event began is not counted as having found it: the score must
    have been below the threshold, or unknown, since.

    Parameters
    ----------
    start
        (n,) int64, day on which the event began; an alarm at the end of that day comes after 0.
    watched
        Days within which it must be found.

    Returns
    -------
    ndarray
        (n,) float64, `inf` where there was none.

    """
    n, days = scores.shape
    day = np.broadcast_to(np.arange(days), scores.shape)
    begin = np.asarray(start)[:, None]
    level = np.broadcast_to(np.asarray(threshold, np.float64), (n,))[:, None]
    alarm = scores >= level
    standing = np.array([bool(s) and bool(row[s - 1]) for s, row in zip(start, alarm, strict=True)])
    free = ~alarm & (day >= begin)
    free_since = np.where(free.any(axis=1), free.argmax(axis=1), days)
    free_since = np.where(standing, free_since, np.asarray(start))
    limit = begin + np.broadcast_to(np.asarray(watched), (n,))[:, None]
    found = alarm & (day >= free_since[:, None]) & (day < limit)
    first = found.argmax(axis=1) - np.asarray(start)
    return np.where(found.any(axis=1), first, NEVER)


@dataclass(frozen=True, slots=True)
class Range:
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def median_days(found: Floats, seed: int = 1, draws: int = 1000) -> Range:
    """Tell the median delay, those never found being infinitely late; bootstrap by sensor."""
    return _bootstrap(found, lambda rows: np.median(rows, axis=-1), seed, draws)


def share_found(found: Floats, seed: int = 1, draws: int = 1000) -> Range:
    """Tell the share that was found at all; bootstrap by sensor."""
    return _bootstrap(found, lambda rows: np.isfinite(rows).mean(axis=-1), seed, draws)


def rate_range(counts: Ints, years_each: float, seed: int = 1, draws: int = 1000) -> Range:
    """Tell false alarms a sensor-year from those of each sensor; bootstrap by sensor."""
    return _bootstrap(
        np.asarray(counts, np.float64), lambda rows: rows.mean(axis=-1) / years_each, seed, draws
    )


def _bootstrap(values, of, seed: int, draws: int) -> Range:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(seed)
    resampled = of(values[random.integers(0, len(values), (draws, len(values)))])
    with np.errstate(invalid="ignore"):
        low, high = np.quantile(resampled, [0.025, 0.975], method="nearest")
    return Range(float(of(values)), float(low), float(high))
