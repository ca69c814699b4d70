"""How moments, ages and measured values are written for people."""

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, to_datetime
from web.words import Words

#: all pages show the city's time
ZONE = ZoneInfo("Asia/Shanghai")

#: digits after the point where an instrument's resolution is not known
DIGITS = {
    "‰": 2,
    "mm": 2,
    "mm/s": 2,
    "Hz": 1,
    "°C": 1,
}


def local(at_ns: int) -> datetime:
    """Turn ns since 1970 UTC into the city's time."""
    return to_datetime(at_ns).astimezone(ZONE)


def short_time(at_ns: int) -> str:
    """Write a moment as the lists show it.

    Examples
    --------
    >>> short_time(1_795_413_900_000_000_000)
    '11-23 14:05'

    """
    return local(at_ns).strftime("%m-%d %H:%M")


def full_time(at_ns: int) -> str:
    """Write a moment in full, with its offset from UTC."""
    at = local(at_ns)
    return at.strftime("%Y-%m-%d %H:%M:%S UTC") + at.strftime("%z")[:3]


def table_time(at_ns: int | None) -> str:
    """Write a moment for a table: the city's time with its offset; nothing when there is none.

    Examples
    --------
    >>> table_time(1_795_413_900_000_000_000), table_time(None), table_time(0)
    ('2026-11-23T14:05:00+08:00', '', '')

    """
    return local(at_ns).isoformat(timespec="seconds") if at_ns else ""


def age(at_ns: int, now_ns: int, words: Words) -> str:
    """Write how long ago a moment was, in the largest fitting unit.

    A moment up to a minute ahead (two clocks) counts as now; further ahead is said as such.
    """
    gone = now_ns - at_ns
    if gone < -MINUTE_NS:
        return words("age.ahead", span=span(-gone, words))
    if gone < MINUTE_NS:
        return words("age.now")
    return words("age.ago", span=span(gone, words))


def span(length_ns: int, words: Words) -> str:
    """Write a length of time in its largest fitting unit, cut, never rounded up."""
    if length_ns >= 2 * DAY_NS:
        return words("age.days", n=length_ns // DAY_NS)
    if length_ns >= 2 * HOUR_NS:
        return words("age.hours", n=length_ns // HOUR_NS)
    return words("age.minutes", n=max(1, length_ns // MINUTE_NS))


def digits_of(unit: str, resolution: float | None = None) -> int:
    """Tell how many digits after the point an instrument can tell.

    Examples
    --------
    >>> digits_of("mm", 0.01), digits_of("mm", 0.1), digits_of("mm", 5), digits_of("°C")
    (2, 1, 0, 1)

    """
    if resolution and resolution > 0:
        return max(0, min(6, math.ceil(-math.log10(resolution) - 1e-9)))
    return DIGITS.get(unit.split("/", maxsplit=1)[0] if unit.startswith("mm/m") else unit, 2)


def quantity(
    value: float, unit: str, resolution: float | None = None, *, signed: bool = False
) -> str:
    """Write a value with its unit, and its sign where the direction matters.

    Examples
    --------
    >>> quantity(0.214, "mm", 0.01, signed=True)
    '+0.21 mm'
    >>> quantity(-0.0004, "mm", signed=True)
    '0.00 mm'

    """
    digits = digits_of(unit, resolution)
    rounded = round(value, digits) or 0.0  # no "-0.00"
    text = f"{rounded:+.{digits}f}" if signed and rounded else f"{rounded:.{digits}f}"
    return f"{text.replace('-', '−')} {unit}"
