"""Reads the times that gateways write."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from domain.clock import EPOCH, SECOND_NS
from domain.errors import InvalidInput

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d{1,9}))?\d*(?:([Zz])|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_MINUTE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", re.ASCII)
#: epoch numbers by magnitude: (below, ns per unit); below the first they are seconds
_SECONDS_BELOW = 10**11
_EPOCH_UNITS = ((10**14, 1_000_000), (10**17, 1_000), (2**63, 1))


def read_time(text: int | str) -> int:
    """Turn a time as sent into ns since 1970 UTC.

    Parameters
    ----------
    text
        RFC 3339 with `Z` or an offset (digits past the ninth are cut; a leap second is the
        second after it), or an epoch in ms, µs or ns; which one is told by its magnitude.

    Raises
    ------
    InvalidInput
        When it is neither; an epoch in seconds is refused, for it cannot tell two readings of
        one second apart.

    Examples
    --------
    >>> read_time("2026-11-23T14:00:00.5+08:00") == read_time(1795413600500)
    True

    """
    if isinstance(text, int):
        return _read_epoch(text)
    if len(text) == 20 and text[16] == ":" and text[19] == "Z":
        second = text[17:19]
        if second.isdigit() and second.isascii() and second < "60":
            return _minute(text[:16]) + int(second) * SECOND_NS
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InvalidInput(f"t must be RFC 3339 with zone, or epoch ms, µs or ns, got {text!r:.60}")
    day, minute, second, fraction, _, sign, hours, minutes = match.groups()
    at = _minute(f"{day}T{minute}")
    at += int(second) * SECOND_NS + int((fraction or "").ljust(9, "0"))
    if sign:
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        if offset >= timedelta(hours=24):
            raise InvalidInput(f"t has no such zone: {text!r:.60}")
        shift = int(offset.total_seconds()) * SECOND_NS
        at += -shift if sign == "+" else shift
    if second > "59" and not (second == "60" and _ends_a_month(at)):
        raise InvalidInput(f"t has no such second: {text!r:.60}")
    return _checked(at, text)


def _ends_a_month(at_ns: int) -> bool:
    """Tell whether a second 60 that reads as this moment can be a leap second.

    They are put in at the end of a month, UTC (ITU-R TF.460). Our time has none: the leap second
    reads as the second after it, as POSIX has it.
    """
    day, of_day_ns = divmod(at_ns, 86_400 * SECOND_NS)
    first = EPOCH + timedelta(days=day)
    return of_day_ns < SECOND_NS and first.day == 1


@lru_cache(maxsize=8192)
def _minute(text: str) -> int:
    """Read `2026-11-23T06:00`; readings come minute by minute, so few are read twice."""
    try:
        if _MINUTE.fullmatch(text) is None:
            raise ValueError
        at = datetime.strptime(f"{text[:10]} {text[11:]}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidInput(f"t names no moment of the calendar: {text!r:.60}") from None
    return _checked((at - EPOCH) // timedelta(microseconds=1) * 1000, text)


def _read_epoch(number: int) -> int:
    if 0 <= number < _SECONDS_BELOW:
        raise InvalidInput(f"t must be in ms, µs or ns, got {number}, which looks like seconds")
    for below, ns in _EPOCH_UNITS:
        if 0 < number < below:
            return _checked(number * ns, number)
    # not printed: Python refuses to write out a number of many thousand digits
    raise InvalidInput(
        "t must be an epoch in ms, µs or ns of this age, got a number below 0 or huge"
    )


def _checked(at_ns: int, text: int | str) -> int:
    # numpy's int64 ends in 2262; a year is left at each end for clocks' allowances
    if not 0 <= at_ns < 2**63 - 366 * 86400 * SECOND_NS:
        raise InvalidInput(f"t must lie between 1970 and 2261, got {str(text)[:40]!r}")
    return at_ns
