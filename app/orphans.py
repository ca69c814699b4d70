"""Programs that we start end with us, even when we are killed without a word."""

import contextlib
import subprocess
from collections.abc import Iterator

# Reads until the pipe's other end, which only we hold, is closed: by `tied` or by our death.
# Needs no more than POSIX; the kernel's own parent-death signal follows the thread that started
# the program, is Linux's alone, and must be set between fork and exec of a threaded process.
_WATCHER = 'while read -r _; do exit; done; kill "$1" 2>/dev/null'
_WAIT_S = 5.0


@contextlib.contextmanager
def tied(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Have a program ended (SIGTERM) when this process dies before the block ends.

    A small shell waits beside it, in a session of its own, so that neither Ctrl-C nor the end of
    a terminal takes it away first. On a machine without `sh` there is none: the program then
    outlives a kill -9 of its parent.
    """
    try:
        watcher = subprocess.Popen(  # noqa: S603 - our own words and a number
            ["/bin/sh", "-c", _WATCHER, "sh", str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        yield
        return
    try:
        yield
    finally:
        # a line means: leave the program alone, it is looked after
        with contextlib.suppress(OSError):
            watcher.communicate(b"\n", _WAIT_S)
