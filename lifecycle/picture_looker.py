"""Has photos looked at in processes of their own, a few at a time."""

import contextlib
import shutil
import threading
from pathlib import Path

import msgspec

from confined.running import run
from domain.errors import StoreUnavailable
from lifecycle.picture_child import Seen
from lifecycle.picture_limits import PictureLimits

#: photos that are looked at at the same time
AT_ONCE = 2
#: whoever waits longer for a turn is asked to come again: requests must not pile up behind photos
TURN_S = 10.0


class PictureLooker:
    """Looks at photos; whatever is in them, this process goes on."""

    def __init__(
        self,
        limits: PictureLimits | None = None,
        at_once: int = AT_ONCE,
        turn_s: float = TURN_S,
    ) -> None:
        self._limits, self._turn_s = limits or PictureLimits(), turn_s
        self._turn = threading.BoundedSemaphore(at_once)

    def look(self, path: Path, folder: Path) -> Seen:
        """Look at a photo; its copies lie in `folder` afterwards, as `public.jpg`, `thumb.jpg`.

        Raises
        ------
        StoreUnavailable
            When it could not be looked at for want of room, processes or a turn: it may work later.

        """
        told = msgspec.json.encode(self._limits).decode()
        arguments = (str(path.resolve()), told, str(folder.resolve()))
        if not self._turn.acquire(timeout=self._turn_s):
            raise StoreUnavailable("too many photos wait to be looked at")
        try:
            ended = run("lifecycle.picture_child", arguments, folder, self._limits.wall_s)
        except OSError as error:
            raise StoreUnavailable(f"a photo cannot be looked at: {error}") from error
        finally:
            self._turn.release()
        if ended.well:
            with contextlib.suppress(OSError, msgspec.DecodeError):
                return msgspec.json.decode((folder / "seen.json").read_bytes(), type=Seen)
        if ended.no_space:
            raise StoreUnavailable("a photo's copies find no room on the disk")
        if ended.no_time:
            return Seen("slow", f"must be looked at in {self._limits.wall_s:.0f} s, got no end")
        if ended.no_memory:
            gigabytes = self._limits.memory_bytes_max / 1e9
            return Seen("memory", f"looking at it must fit {gigabytes:.1f} GB, got more")
        told = ended.signal_name or ended.last_line[:200]
        return Seen("broken", f"looking at it ended with: {told}")


def drop(folder: Path) -> None:
    """Throw a scratch folder away."""
    shutil.rmtree(folder, ignore_errors=True)
