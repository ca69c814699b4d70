"""The last weeks of a channel in equal bins, small enough to be saved with a detector's state.

A record is plain data: `{"b": first bin, "y": float32 bytes of the closed bins, NaN where
nothing came, "o": [open bin, float64 bytes of its readings] or None}`. Bytes, because a state is
copied and saved at each commit, and a bin may hold thousands. A bin's number is its start divided
by the bin's length; its value is the median of its readings.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from struct import Struct
from typing import Any

import numpy as np

from domain.readings import Floats

Record = dict[str, Any]
_DOUBLE = Struct("<d")
_NAN = np.array([np.nan], "<f4").tobytes()


def add(record: Mapping[str, Any] | None, bin_no: int, value: float, keep: int) -> Record:
    """Add a reading; a reading of a later bin closes the open one.

    Parameters
    ----------
    record
        `None` before the first reading; never changed in place.
    keep
        How many closed bins are kept.

    Notes
    -----
    A reading that comes after its bin was closed fills the bin only if it is still empty: a
    back-filled outage becomes part of the history, a straggler does not matter.

    """
    if record is None:
        return {"b": bin_no, "y": b"", "o": [bin_no, _DOUBLE.pack(value)]}
    open_bin = record["o"]
    if open_bin is not None and bin_no == open_bin[0]:
        return {**record, "o": [bin_no, _held(open_bin) + _DOUBLE.pack(value)]}
    if open_bin is not None and bin_no > open_bin[0]:
        record = close(record, open_bin[0], keep)
    elif bin_no < _end(record) or (open_bin is not None and bin_no < open_bin[0]):
        return _fill(record, bin_no, value)
    return {**record, "o": [bin_no, _DOUBLE.pack(value)]}


def add_all(record: Record, bins: Sequence[int], packed: bytes, keep: int) -> Record:
    """Add readings as `add` does one after the other.

    Parameters
    ----------
    bins
        The bin of each.
    packed
        Their values, float64.

    """
    done = 0
    while done < len(bins):
        bin_no = bins[done]
        record = add(record, bin_no, _DOUBLE.unpack_from(packed, 8 * done)[0], keep)
        done += 1
        open_bin = record["o"]
        if open_bin is None or open_bin[0] != bin_no:
            continue
        end = done
        while end < len(bins) and bins[end] == bin_no:
            end += 1
        if end > done:
            record["o"] = [bin_no, open_bin[1] + packed[8 * done : 8 * end]]
            done = end
    return record


def close(record: Mapping[str, Any], upto: int, keep: int) -> Record:
    """Close the open bin if its number is at most `upto`."""
    open_bin = record["o"]
    if open_bin is None or open_bin[0] > upto:
        return dict(record)
    bin_no, middle = open_bin[0], median(np.frombuffer(_held(open_bin), "<f8").tolist())
    missing = bin_no - _end(record)
    if missing >= keep:
        return {**record, "b": bin_no, "y": _one(middle), "o": None}
    held = record["y"] + _NAN * missing + _one(middle)
    over = max(0, len(held) // 4 - keep)
    return {**record, "b": record["b"] + over, "y": held[4 * over :], "o": None}


def newest(record: Mapping[str, Any]) -> tuple[int, int]:
    """Tell the last closed and the open bin; the same twice when none is open."""
    last = _end(record) - 1
    return last, record["o"][0] if record["o"] is not None else last


def aligned(record: Mapping[str, Any], last: int, count: int) -> Floats:
    """Read the closed bins up to and including `last`.

    Returns
    -------
    numpy.ndarray
        (count,) float64, oldest first, NaN where nothing is known.

    """
    out = np.empty(count)
    out.fill(np.nan)
    held = np.frombuffer(record["y"], "<f4")
    first = record["b"] - (last - count + 1)
    low, high = max(first, 0), min(first + len(held), count)
    if low < high:
        out[low:high] = held[low - first : high - first]
    return out


def _end(record: Mapping[str, Any]) -> int:
    return int(record["b"]) + len(record["y"]) // 4


def _held(open_bin: Sequence[Any]) -> bytes:
    """Give an open bin's readings; states of an older version have a list."""
    held = open_bin[1]
    return held if isinstance(held, bytes) else np.array(held, "<f8").tobytes()


def _one(value: float) -> bytes:
    return np.array([value], "<f4").tobytes()


def _fill(record: Mapping[str, Any], bin_no: int, value: float) -> Record:
    place = 4 * (bin_no - record["b"])
    held = record["y"]
    if place < 0 or place >= len(held) or not np.isnan(np.frombuffer(held, "<f4", 1, place)[0]):
        return dict(record)
    return {**record, "y": held[:place] + _one(value) + held[place + 4 :]}
