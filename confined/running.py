"""Runs a task in its own process and group, and ends all of it when its time is over."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: the end of what a process says is kept, and so long may a line of progress be
SAID_BYTES_MAX = 64 * 1024
#: who waits is told at least so often how far it is
_SILENT_S = 1.0
#: what libraries say when memory ends, before they end their process
_NO_MEMORY = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"out of memory")
_NO_SPACE = (b"No space left", b"Disk quota")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended.

    Parameters
    ----------
    code
        As the system tells it; 0: by itself with success, below 0: by that signal.
    late
        Its time was over first.
    said
        The end of what it wrote to its error output.

    """

    code: int
    late: bool
    said: bytes

    @property
    def well(self) -> bool:
        """Tell whether it did what it should."""
        return self.code == 0 and not self.late

    @property
    def no_memory(self) -> bool:
        """Tell whether it wanted more memory than it may have."""
        return any(words in self.said for words in _NO_MEMORY) or self.code == -signal.SIGKILL

    @property
    def no_space(self) -> bool:
        """Tell whether the disk had no room for what it wrote."""
        return any(words in self.said for words in _NO_SPACE)

    @property
    def no_time(self) -> bool:
        """Tell whether it wanted more processor time than it may have."""
        return self.late or self.code == -signal.SIGXCPU

    @property
    def signal_name(self) -> str:
        """Name the signal that ended it; empty: none did."""
        return signal.Signals(-self.code).name if self.code < 0 else ""

    @property
    def last_line(self) -> str:
        """Give the last thing that it said."""
        return "".join(self.said.decode("utf-8", "replace").strip().splitlines()[-1:])


def run(
    module: str,
    arguments: Sequence[str],
    scratch: Path,
    wall_s: float,
    note: Callable[[int, int], None] | None = None,
) -> Ending:
    """Run `python -m module`, in a folder of its own, until it ends or its time is over.

    Parameters
    ----------
    note
        Is told how far it is (done, of), from lines of two numbers that the process writes.

    Raises
    ------
    OSError
        When no process can be started, or the folder cannot be made.

    """
    scratch.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", module, *arguments]
    with (scratch / "stderr").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own words and paths
            command, cwd=scratch, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
        )  # fmt: skip
    try:
        late = _follow(process, wall_s, note)
    finally:
        _end(process)
    with (scratch / "stderr").open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - SAID_BYTES_MAX))
        return Ending(process.returncode, late, file.read())


def environment() -> dict[str, str]:
    """Give a process no more of ours than it needs; one thread each: they share two cores."""
    return {
        "PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }  # fmt: skip


def _follow(
    process: "subprocess.Popen[bytes]", wall_s: float, note: Callable[[int, int], None] | None
) -> bool:
    """Pass progress on until a process ends; say whether its time was over first."""
    until = time.monotonic() + wall_s
    pipe = process.stdout
    if pipe is None:
        raise RuntimeError("a process has no pipe")
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        told = (0, 0)
        while (left := until - time.monotonic()) > 0:
            if not selector.select(min(left, _SILENT_S)):
                if note:
                    note(*told)  # nothing new: whoever waits may leave off
                continue
            piece = os.read(pipe.fileno(), 4096)
            if not piece:
                break
            *lines, rest = (rest + piece)[-SAID_BYTES_MAX:].split(b"\n")
            for line in lines:
                parts = line.split()
                if note and len(parts) == 2 and all(part.isdigit() for part in parts):
                    told = int(parts[0]), int(parts[1])
                    note(*told)
    try:
        process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return True
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()
