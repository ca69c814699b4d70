"""Files in a local folder: appraisal reports, later photos and models."""

import contextlib
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from domain.errors import Conflict, InvalidInput, NotFound, SettingsInvalid, StoreUnavailable
from domain.ports import StoredFile

KEY_LENGTH_MAX = 240
PIECE_BYTES = 256 * 1024
#: a half-written file that is older than this belongs to nobody any more
HALF_KEPT_S = 3600
_STEP = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}")


class FolderFiles:
    """Keeps files by key; what stands under a key never changes. A `domain.ports.FileStore`.

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
        # no key can begin with a dot: what is half written never stands among the files
        self._halves = folder / ".halves"
        try:
            self._halves.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsInvalid(
                f"setting files.folder: {folder} cannot be made: {error.strerror}"
            ) from None
        if not os.access(self._halves, os.W_OK | os.X_OK):
            raise SettingsInvalid(f"setting files.folder: {folder} may not be written")
        self._drop_old_halves()

    def put(self, key: str, content: bytes | Iterable[bytes]) -> StoredFile:
        """Keep a file durably; half a file is never seen.

        Parameters
        ----------
        key
            Steps of letters, digits, `.`, `_`, `-` with `/` between:
            `appraisals/0192…/report.pdf`.
        content
            All of it, or its pieces in order.

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
        pieces = [content] if isinstance(content, bytes) else content
        digest, size = hashlib.sha256(), 0
        # a name of its own, so that two writers never share one
        half = self._halves / secrets.token_hex(8)
        try:
            try:
                with half.open("xb") as file:
                    for piece in pieces:
                        digest.update(piece)
                        size += len(piece)
                        file.write(piece)
                    file.flush()
                    os.fsync(file.fileno())
                path.parent.mkdir(parents=True, exist_ok=True)
                # a link, unlike a rename, fails when something stands there already
                os.link(half, path)
            finally:
                half.unlink(missing_ok=True)
            self._sync_folders(path.parent)
        except FileExistsError:
            if not path.is_file() or self.sha256(key) != digest.hexdigest():
                raise Conflict(f"another file stands under {key!r}") from None
        except NotADirectoryError:
            raise Conflict(f"a file stands where {key!r} needs a folder") from None
        except OSError as error:
            raise StoreUnavailable(f"file {key!r} was not kept: {error.strerror}") from error
        return StoredFile(digest.hexdigest(), size)

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
        return b"".join(self.pieces(key))

    def pieces(self, key: str) -> Iterator[bytes]:
        """Read a file piece by piece; what is wrong is told before the first one.

        Raises
        ------
        InvalidInput, NotFound, StoreUnavailable
            As `get`.

        """
        path = self._path(key)
        try:
            if path.is_dir():
                raise NotFound(f"no file {key!r}")
            file = path.open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFound(f"no file {key!r}") from None
        except OSError as error:
            raise StoreUnavailable(f"file {key!r} cannot be read: {error.strerror}") from error
        return _read(file, key)

    def sha256(self, key: str) -> str:
        """Tell the hex SHA-256 of what is there now; the file is read for it.

        Raises
        ------
        InvalidInput, NotFound, StoreUnavailable
            As `get`.

        """
        digest = hashlib.sha256()
        for piece in self.pieces(key):
            digest.update(piece)
        return digest.hexdigest()

    def size_bytes(self, key: str) -> int:
        """Tell a file's size.

        Raises
        ------
        InvalidInput, NotFound, StoreUnavailable
            As `get`.

        """
        path = self._path(key)
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"no file {key!r}") from None
        except OSError as error:
            raise StoreUnavailable(f"file {key!r} cannot be read: {error.strerror}") from error
        if not path.is_file():
            raise NotFound(f"no file {key!r}")
        return found.st_size

    def delete(self, key: str) -> None:
        """Remove a file; one that is not there is no error.

        Raises
        ------
        InvalidInput
            When the key is not of the form, or names a folder.
        StoreUnavailable
            When the disk refuses.

        """
        path = self._path(key)
        if path.is_dir():
            raise InvalidInput(f"a file's key must name a file, got the folder {key!r}", "key")
        try:
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                self._sync_folders(path.parent)
        except NotADirectoryError:
            return
        except OSError as error:
            raise StoreUnavailable(f"file {key!r} was not removed: {error.strerror}") from error

    def exists(self, key: str) -> bool:
        """Tell whether a file stands under a key."""
        with contextlib.suppress(OSError):
            return self._path(key).is_file()
        return False

    def _drop_old_halves(self) -> None:
        """Remove what writers left that were killed; another process may write at this moment."""
        with contextlib.suppress(OSError):
            for half in self._halves.iterdir():
                if time.time() - half.stat().st_mtime > HALF_KEPT_S:
                    half.unlink(missing_ok=True)

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


def _read(file: BinaryIO, key: str) -> Iterator[bytes]:
    with file:
        while True:
            try:
                piece = file.read(PIECE_BYTES)
            except OSError as error:
                raise StoreUnavailable(f"file {key!r} cannot be read: {error.strerror}") from error
            if not piece:
                return
            yield piece
