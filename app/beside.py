"""A program of our own that runs beside this process for as long as this one runs."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from app.orphans import tied

log = structlog.get_logger()

#: one that ends is started again after so long, twice as long each time up to the most; one that
#: held for longer than the most begins with the least again
_REST_S, _REST_S_MAX = 1.0, 60.0
_STOP_S = 20.0
#: exit code after which a user has to mend something, which was said in one line
_MENDABLE = 2


class Beside:
    """Keeps a program running.

    It writes to our own streams, ends when we do, even by kill -9, and is started again when it
    ends by itself. When a user has to mend something we end with it: a spool that was damaged, for
    one, is begun anew, and we would go on reading the old one.

    Parameters
    ----------
    command
        What to run.

    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        #: exit code of a program that cannot run as things are
        self.refused = 0
        self._stop = threading.Event()

    @contextmanager
    def running(self, end: Callable[[], None]) -> Iterator[None]:
        """Keep it running until the block ends; `end` is called when it cannot run."""
        keeper = threading.Thread(target=self._keep, args=(end,), name="beside", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._stop.set()
            keeper.join(_STOP_S + 5.0)

    def _keep(self, end: Callable[[], None]) -> None:
        rest_s = _REST_S
        while not self._stop.is_set():
            began = time.monotonic()
            code = self._run_once()
            if code == _MENDABLE:
                self.refused = code
                end()
                return
            if time.monotonic() - began > _REST_S_MAX:
                rest_s = _REST_S
            # Ctrl-C reaches both of us: whether we end as well shows within the rest
            if not self._stop.wait(rest_s):
                log.error("ended by itself; starting it again", command=self._command, code=code)
            rest_s = min(2 * rest_s, _REST_S_MAX)

    def _run_once(self) -> int:
        try:
            process = subprocess.Popen(self._command)  # noqa: S603 - our own program
        except OSError as error:  # no memory for another process just now, for one
            log.error("cannot be started", command=self._command, error=str(error))
            return 1
        try:
            with tied(process):
                while process.poll() is None and not self._stop.wait(0.1):
                    pass
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return process.returncode
