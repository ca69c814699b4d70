"""The clock that several processes share in an accelerated story."""

import mmap
import sys
from pathlib import Path

from domain.clock import Clock, SystemClock
from domain.errors import SettingsInvalid

_BYTES = 8


class FileClock:
    """A virtual clock in eight bytes of a file, so that all roles tell the same time.

    Parameters
    ----------
    path
        File of the clock; made by `create`.

    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("r+b") as file:
                # one aligned 64-bit cell: a reader sees the old moment or the new one
                self._moment = memoryview(mmap.mmap(file.fileno(), _BYTES)).cast("q")
        except (OSError, ValueError) as error:
            raise SettingsInvalid(f"setting clock.source: cannot open {path}: {error}") from error

    @classmethod
    def create(cls, path: Path, start_ns: int) -> "FileClock":
        """Make the file, set to a moment."""
        path.write_bytes(start_ns.to_bytes(_BYTES, sys.byteorder, signed=True))
        return cls(path)

    def now_ns(self) -> int:
        """Tell the moment in ns since 1970 UTC."""
        return self._moment[0]

    def advance_to(self, at_ns: int) -> None:
        """Move on; a clock never goes back."""
        self._moment[0] = max(self._moment[0], at_ns)


def open_clock(source: str) -> Clock:
    """Open the clock that the settings name.

    Raises
    ------
    SettingsInvalid
        When it is neither `system` nor a clock file.

    """
    if source == "system":
        return SystemClock()
    if source.startswith("file:"):
        return FileClock(Path(source.removeprefix("file:")))
    raise SettingsInvalid(f"setting clock.source must be system or file:/path, got {source!r}")
