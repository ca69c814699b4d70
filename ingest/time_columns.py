"""Reads many times at once; `ingest/times.py` is the plain form of the same."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from domain.clock import SECOND_NS
from domain.errors import InvalidInput
from ingest.times import read_time

Int64s = NDArray[np.int64]
Texts = NDArray[np.uint8]

#: RFC 3339 as most gateways write it, by length: 2026-11-23T06:00:00Z, with ms, with µs
_FORMS = {20: 0, 24: 3, 27: 6, 30: 9}
#: where the marks between the digits stand
_MARKS = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}
_DAYS_BEFORE_MONTH = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], np.int64)
_DAYS_IN_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)


def read_times(texts: Sequence[int | str]) -> tuple[Int64s, NDArray[np.bool_]]:
    """Turn times as sent into ns since 1970 UTC.

    Returns
    -------
    taken
        (n,) int64, ns since 1970 UTC; 0 where the time cannot be read.
    readable
        (n,) bool.

    Examples
    --------
    >>> read_times(["2026-11-23T06:00:00Z", "noon"])[0].tolist()
    [1795413600000000000, 0]

    """
    taken, read = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_)
    if texts and set(map(type, texts)) == {str}:
        strung = cast("Sequence[str]", texts)
        length = len(strung[0])
        # all of one length: else a text could lend letters to its neighbour
        if length in _FORMS and set(map(len, strung)) == {length}:
            taken, read = _read_texts("".join(strung), length)
    if read.all():
        return taken, read
    taken[~read] = 0
    for row in np.flatnonzero(~read).tolist():
        try:
            taken[row] = read_time(texts[row])
        except InvalidInput:
            continue
        read[row] = True
    return taken, read


def _read_texts(text: str, length: int) -> tuple[Int64s, NDArray[np.bool_]]:
    """Read texts of one length that are strung together; what is not in UTC is left unread."""
    # a letter beyond Latin-1 becomes one that is no digit and no mark
    letters = np.frombuffer(text.encode("latin-1", "replace"), np.uint8)
    columns = np.ascontiguousarray(letters.reshape(-1, length).T)
    read = columns[length - 1] == ord("Z")
    for place, mark in _MARKS.items():
        read &= columns[place] == ord(mark)
    digits = columns - np.uint8(ord("0"))  # what is no digit wraps to more than 9
    places = [place for place in range(19) if place not in _MARKS]
    if fraction := _FORMS[length]:
        read &= columns[19] == ord(".")
        places += range(20, 20 + fraction)
    for place in places:
        read &= digits[place] <= 9
    year, month, day = _number(digits, 0, 4), _number(digits, 5, 7), _number(digits, 8, 10)
    hour, minute, second = (_number(digits, place, place + 2) for place in (11, 14, 17))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    read &= (month >= 1) & (month <= 12) & (year >= 1970) & (year <= 2260)
    month = np.where(read, month, 1)
    in_month = _DAYS_IN_MONTH[month] + (leap & (month == 2))
    read &= (day >= 1) & (day <= in_month) & (hour < 24) & (minute < 60) & (second < 60)
    before = year - 1
    leaps = before // 4 - before // 100 + before // 400 - 477  # since 1970
    days = 365 * (year - 1970) + leaps + _DAYS_BEFORE_MONTH[month] + (leap & (month > 2)) + day - 1
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    taken = seconds * SECOND_NS
    if fraction:
        taken += _number(digits, 20, 20 + fraction) * 10 ** (9 - fraction)
    return taken, read


def _number(digits: Texts, start: int, end: int) -> Int64s:
    number: Int64s = digits[start].astype(np.int64)
    for place in range(start + 1, end):
        number = number * 10 + digits[place]
    return number
