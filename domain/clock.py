"""The one clock that everything takes its time from; virtual in the accelerated story."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

MS_NS = 1_000_000
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 3600 * SECOND_NS
DAY_NS = 86400 * SECOND_NS
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the time."""

    def now_ns(self) -> int:
        """Tell the moment in ns since 1970 UTC."""
        ...


class SystemClock:
    """The machine's own time."""

    def now_ns(self) -> int:
        """Tell the moment in ns since 1970 UTC."""
        return time.time_ns()


class VirtualClock:
    """A clock that stands still until it is moved.

    Examples
    --------
    >>> clock = VirtualClock(0)
    >>> clock.advance_to(5)
    >>> clock.now_ns()
    5

    """

    def __init__(self, start_ns: int) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Tell the moment in ns since 1970 UTC."""
        return self._now_ns

    def advance_to(self, at_ns: int) -> None:
        """Move on; a clock never goes back."""
        self._now_ns = max(self._now_ns, at_ns)


def to_datetime(at_ns: int) -> datetime:
    """Turn ns since 1970 into an aware datetime, cut to the microsecond."""
    return EPOCH + timedelta(microseconds=at_ns // 1000)


def to_ns(at: datetime) -> int:
    """Turn an aware datetime into ns since 1970, exactly.

    Examples
    --------
    >>> to_ns(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005000

    """
    return (at - EPOCH) // timedelta(microseconds=1) * 1000
