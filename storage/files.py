"""Files in a local folder: appraisal reports, later photos and models."""

import contextlib
import os
import re
import secrets
from pathlib import Path

from domain.errors import Conflict, InvalidInput, NotFound, SettingsInvalid, StoreUnavailable

KEY_LENGTH_MAX = 240
_STEP = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}")


class FolderFiles:
    """Keeps files by key; what stands under a key never changes.

    Parameters
    ----------
    folder
        Where the files lie; made when missing.

    Raises
    ------
    SettingsInvalid
        When the folder cannot be made or written.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsInvalid(f"files.url: {folder} cannot be made: {error.strerror}") from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise SettingsInvalid(f"files.url: {folder} may not be written")

    def put(self, key: str, content: bytes) -> None:
        """Keep a file durably; half a file is never seen.

        Parameters
        ----------
        key
            Steps of letters, digits, `.`, `_`, `-` with `/` between:
            `appraisals/0192…/report.pdf`.

        Raises
        ------
        InvalidInput
            When the key is not of that form.
        Conflict
            When another file stands under the key.
        StoreUnavailable
            When the disk refuses.

        """
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # a name of its own that no key can have, so that two writers never share one
            half = path.with_name(f".{secrets.token_hex(8)}")
            try:
                with half.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                # a link, unlike a rename, fails when something stands there already
                os.link(half, path)
            finally:
                half.unlink(missing_ok=True)
            self._sync_folders(path.parent)
        except FileExistsError:
            if not path.is_file() or path.read_bytes() != content:
                raise Conflict(f"another file stands under {key!r}") from None
        except NotADirectoryError:
            raise Conflict(f"a file stands where {key!r} needs a folder") from None
        except OSError as error:
            raise StoreUnavailable(f"file {key!r} was not kept: {error.strerror}") from error

    def get(self, key: str) -> bytes:
        """Read a file.

        Raises
        ------
        InvalidInput
            When the key is not of the form.
        NotFound
            When there is none.
        StoreUnavailable
            When the disk refuses.

        """
        path = self._path(key)
        try:
            return path.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFound(f"no file {key!r}") from None
        except OSError as error:
            raise StoreUnavailable(f"file {key!r} cannot be read: {error.strerror}") from error

    def exists(self, key: str) -> bool:
        """Tell whether a file stands under a key."""
        with contextlib.suppress(OSError):
            return self._path(key).is_file()
        return False

    def _path(self, key: str) -> Path:
        steps = key.split("/")
        if len(key) > KEY_LENGTH_MAX or not all(_STEP.fullmatch(step) for step in steps):
            raise InvalidInput(
                "a file's key must be steps of letters, digits, . _ - with / between, "
                f"got {key[:80]!r}",
                "key",
            )
        return self._folder.joinpath(*steps)

    def _sync_folders(self, folder: Path) -> None:
        """Make the names durable as well, up to our own folder."""
        while True:
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            if folder == self._folder:
                return
            folder = folder.parent
