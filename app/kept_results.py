"""Files that can be made again, kept by name up to a size: the one used longest ago goes first."""

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from domain.errors import StoreUnavailable

BYTES_MAX = 1_000_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")


class KeptResults:
    """A folder of results.

    Parameters
    ----------
    folder
        Made when missing. Several processes may share it.
    bytes_max
        Of all files together; the newest one stays even when it is larger.

    """

    def __init__(self, folder: Path, bytes_max: int = BYTES_MAX) -> None:
        self._folder, self._bytes_max = folder, bytes_max

    def get(self, name: str) -> Path | None:
        """Find a result; `None` when it is not kept."""
        path = self._path(name)
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def put(self, name: str, made: Path) -> Path:
        """Keep a file under a name; half a file is never seen.

        Raises
        ------
        StoreUnavailable
            When the disk refuses.

        """
        path = self._path(name)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, half = tempfile.mkstemp(prefix=".half-", dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as target, made.open("rb") as source:
                    shutil.copyfileobj(source, target)
                Path(half).replace(path)
            finally:
                Path(half).unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"result {name!r} was not kept: {error.strerror}") from error
        self._drop_old(path)
        return path

    def _drop_old(self, newest: Path) -> None:
        found = []
        # another process may drop some at this moment
        with contextlib.suppress(OSError):
            for each in self._folder.iterdir():
                with contextlib.suppress(OSError):
                    state = each.stat()
                    found.append((state.st_mtime_ns, state.st_size, each))
        total = sum(size for _, size, _ in found)
        for _, size, each in sorted(found, key=lambda one: one[0]):
            if total <= self._bytes_max:
                return
            if each != newest:
                with contextlib.suppress(OSError):
                    each.unlink()
                total -= size

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"a result's name must be letters, digits, . _ -, got {name[:80]!r}")
        return self._folder / name
