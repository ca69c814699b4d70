"""Clocks: whether the time of day can be trusted, and how long the machine has been up."""

import time
from pathlib import Path

#: before this no clock is right: a machine without a battery wakes up in 1970 or so
NOT_BEFORE_NS = 1_767_225_600_000_000_000  # 2026-01-01
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class MachineClock:
    """The machine's own clocks."""

    def now_ns(self) -> int:
        """Tell the time of day in ns since 1970 UTC, right or wrong."""
        return time.time_ns()

    def steady_ns(self) -> int:
        """Tell ns since some moment of this run of the machine; setting the time changes nothing.

        Counts on while the machine sleeps, where the system can tell.
        """
        boot_clock = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic_ns() if boot_clock is None else time.clock_gettime_ns(boot_clock)

    def run_id(self) -> str:
        """Name this run of the machine, since it was switched on; empty where none can be told."""
        try:
            return _BOOT_ID.read_text().strip()
        except OSError:
            return ""


def is_set(now_ns: int) -> bool:
    """Tell whether a time of day can be true."""
    return now_ns >= NOT_BEFORE_NS
