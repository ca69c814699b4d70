"""Noise that is a function of its moment: the same seed, key and tick give the same number.

A generator's stream would depend on how a story is cut into steps; a hash of the tick does not.
"""

import numpy as np
from numpy.typing import NDArray

from domain.readings import Floats, Int64s

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # the finaliser of SplitMix64 (Steele, Lea, Flood 2014); uint64 arithmetic wraps
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def key_of(seed: int, *names: object) -> int:
    """Make the 64-bit key of a named noise.

    Examples
    --------
    >>> key_of(1, "T1.x", "noise") == key_of(1, "T1.x", "noise")
    True
    >>> key_of(1, "T1.x", "noise") == key_of(2, "T1.x", "noise")
    False

    """
    key = seed & _MASK
    for letter in "\x1f".join(map(str, names)).encode():
        key = (key ^ letter) * 0x100000001B3 + _GOLDEN & _MASK  # FNV-1a with a drift
    return key


def uniform(key: int, ticks: Int64s) -> Floats:
    """Draw evenly from (0, 1), one number a tick.

    Parameters
    ----------
    key
        From `key_of`.
    ticks
        (n,) int64, any whole numbers: moments, hours, days.

    """
    start = np.array([key & _MASK], np.uint64)
    mixed = _mixed(_mixed(ticks.astype(np.uint64) * np.uint64(_GOLDEN) ^ start) + start)
    return np.asarray(((mixed >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)


def normal(key: int, ticks: Int64s) -> Floats:
    """Draw from the standard normal distribution, one number a tick (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log(uniform(key, ticks)))
    return np.asarray(radius * np.cos(2.0 * np.pi * uniform(key ^ 0xA5A5A5A5, ticks)))


def draw(key: int, low: float, high: float) -> float:
    """Draw one number evenly from a range."""
    return low + (high - low) * float(uniform(key, np.zeros(1, np.int64))[0])
