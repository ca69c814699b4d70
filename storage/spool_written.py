"""How a reader of the spool learns at once that another process has written to it."""

import sqlite3
import time
from pathlib import Path

from storage.spool_file import connect

#: a look costs some µs, and a warning waits half of this on average
_LOOK_S = 0.003


class WrittenElsewhere:
    """Waits for rows of another process, in the manner of `threading.Event`; for one thread.

    SQLite counts for each connection how often others have changed the file. Cursors that move
    change it too: whoever waits then looks once in vain.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._seen = 0
        self._seen = self._version()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the file has changed since the last time, at most so long; tell if it has."""
        until = time.monotonic() + timeout_s
        while (version := self._version()) == self._seen:
            left_s = until - time.monotonic()
            if left_s <= 0:
                return False
            time.sleep(min(_LOOK_S, left_s))
        self._seen = version
        return True

    def clear(self) -> None:
        """Do nothing: what came while nobody waited is told by the next `wait`."""

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()

    def _version(self) -> int:
        try:
            if self._connection is None:
                self._connection = connect(self._path, synchronous="NORMAL")
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error:  # closed, or in trouble: whoever reads the rows tells which
            return self._seen
