"""Reads IFC files in processes of their own, with limits; a `domain.bim_ports.ModelReader`."""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from bim.child import IndexMade, ShapesMade
from bim.faults import Fault
from bim.limits import MB, ReadLimits
from domain.bim_ports import ModelIndex, Shapes
from domain.errors import ModelRejected

ROOT = Path(__file__).parents[1]
LINE_BYTES_MAX = 64 * 1024
#: who waits is told at least so often how far it is
_SILENT_S = 1.0
#: what libraries say when memory ends, before they end their process
_NO_MEMORY = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"out of memory")
_NO_SPACE = (b"No space left", b"Disk quota")

Made = TypeVar("Made")


class LimitedReader:
    """Reads IFC files; whatever is in them, this process goes on.

    Parameters
    ----------
    limits
        How much a file, and the process that reads it, may take.

    """

    def __init__(self, limits: ReadLimits | None = None) -> None:
        self._limits = limits or ReadLimits()
        #: how long the steps of the last index took, s
        self.spent_s: dict[str, float] = {}

    def index(self, upload: Path, scratch: Path, revision_id: str) -> ModelIndex:
        """Read what a file says.

        Raises
        ------
        ModelRejected
            When it cannot be read or must not be; says why.

        """
        wall_s = self._limits.index_wall_s
        self._run("index", upload, scratch, wall_s, more=(revision_id,))
        made = self._result(scratch / "index.json", IndexMade)
        self.spent_s = made.spent_s
        return made.index

    def shapes(self, upload: Path, scratch: Path, note: Callable[[int, int], None]) -> Shapes:
        """Make the shapes; `note(done, of)` is told how far it is.

        Raises
        ------
        ModelRejected
            When there are none to be had; says why.

        """
        limits = self._limits
        wall_s = limits.mesh_wall_s + limits.mesh_wall_s_per_mb * upload.stat().st_size / MB
        self._run("shapes", upload, scratch, wall_s, note=note)
        made = self._result(scratch / "shapes.json", ShapesMade)
        return Shapes(
            glb=scratch / "shapes.glb",
            origin_m=made.origin_m,
            boxes=made.boxes,
            geometry_hashes=made.geometry_hashes,
            failed=made.without,
            warnings=made.warnings,
        )

    def _run(
        self,
        task: str,
        upload: Path,
        scratch: Path,
        wall_s: float,
        *,
        note: Callable[[int, int], None] | None = None,
        more: tuple[str, ...] = (),
    ) -> None:
        """Run a task in its own process and group; kill all of it when its time is over."""
        scratch.mkdir(parents=True, exist_ok=True)
        (scratch / "fault.json").unlink(missing_ok=True)
        command = [
            sys.executable, "-P", "-m", "bim.child", task, str(upload.resolve()),
            str(scratch.resolve()), msgspec.json.encode(self._limits).decode(),
            # threads count their time together
            str(wall_s * 2), *more,
        ]  # fmt: skip
        with (scratch / "stderr").open("wb") as errors:
            try:
                process = subprocess.Popen(  # noqa: S603 - our own words and two paths
                    command, cwd=scratch, env=_environment(), stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise ModelRejected(Fault.CRASHED, f"no process to read it: {error}") from None
        try:
            late = _follow(process, wall_s, note)
        finally:
            _end(process)
        if late:
            raise ModelRejected(
                Fault.TOO_SLOW, f"{task} must be done in {wall_s:.0f} s, got no end"
            )
        if process.returncode:
            raise self._reason(process.returncode, scratch, wall_s)

    def _reason(self, code: int, scratch: Path, wall_s: float) -> ModelRejected:
        """Say why a process ended without a result."""
        with contextlib.suppress(OSError, msgspec.DecodeError):
            told = (scratch / "fault.json").read_bytes()[:LINE_BYTES_MAX]
            fault = msgspec.json.decode(told, type=dict[str, str])
            if fault.get("code") in set(Fault):
                return ModelRejected(fault["code"], fault.get("text", ""))
        with (scratch / "stderr").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LINE_BYTES_MAX))
            said = file.read()
        memory = f"{self._limits.memory_bytes_max / 1e9:.1f} GB"
        if any(words in said for words in _NO_MEMORY) or code == -signal.SIGKILL:
            return ModelRejected(Fault.TOO_MUCH_MEMORY, f"reading must fit {memory}, got more")
        if any(words in said for words in _NO_SPACE):
            return ModelRejected(Fault.DISK, "there must be room on the disk, got none")
        if code == -signal.SIGXCPU:
            return ModelRejected(Fault.TOO_SLOW, f"must be done in {wall_s:.0f} s, got no end")
        if code < 0:
            name = signal.Signals(-code).name
            return ModelRejected(Fault.CRASHED, f"the library ended with {name} on this file")
        last = said.decode("utf-8", "replace").strip().splitlines()[-1:]
        return ModelRejected(Fault.CRASHED, f"reading ended: {''.join(last)[:300]}")

    def _result(self, path: Path, kind: type[Made]) -> Made:
        """Read what a process left, in bounds."""
        try:
            size = path.stat().st_size
            if size > self._limits.result_bytes_max:
                raise ModelRejected(
                    Fault.TOO_LARGE,
                    f"what a model says may have {self._limits.result_bytes_max / MB:.0f} MB,"
                    f" got {size / MB:.0f} MB",
                )
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except (OSError, msgspec.DecodeError) as error:
            raise ModelRejected(Fault.CRASHED, f"reading left no result: {error}") from None


def _environment() -> dict[str, str]:
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
        raise RuntimeError("a reading process has no pipe")
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
            *lines, rest = (rest + piece)[-LINE_BYTES_MAX:].split(b"\n")
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


def drop(scratch: Path) -> None:
    """Throw a scratch folder away."""
    shutil.rmtree(scratch, ignore_errors=True)
