"""Reads IFC files in processes of their own, with limits; a `domain.bim_ports.ModelReader`."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from bim.child import IndexMade, ShapesMade
from bim.faults import Fault
from bim.limits import MB, ReadLimits
from confined.running import SAID_BYTES_MAX, Ending, run
from domain.bim_ports import ModelIndex, Shapes
from domain.errors import ModelRejected

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
        arguments = (
            task, str(upload.resolve()), str(scratch.resolve()),
            msgspec.json.encode(self._limits).decode(),
            # threads count their time together
            str(wall_s * 2), *more,
        )  # fmt: skip
        try:
            ended = run("bim.child", arguments, scratch, wall_s, note)
        except OSError as error:
            raise ModelRejected(Fault.CRASHED, f"no process to read it: {error}") from None
        if ended.late:
            raise ModelRejected(
                Fault.TOO_SLOW, f"{task} must be done in {wall_s:.0f} s, got no end"
            )
        if not ended.well:
            raise self._reason(ended, scratch, wall_s)

    def _reason(self, ended: Ending, scratch: Path, wall_s: float) -> ModelRejected:
        """Say why a process ended without a result."""
        with contextlib.suppress(OSError, msgspec.DecodeError):
            told = (scratch / "fault.json").read_bytes()[:SAID_BYTES_MAX]
            fault = msgspec.json.decode(told, type=dict[str, str])
            if fault.get("code") in set(Fault):
                return ModelRejected(fault["code"], fault.get("text", ""))
        memory = f"{self._limits.memory_bytes_max / 1e9:.1f} GB"
        if ended.no_memory:
            return ModelRejected(Fault.TOO_MUCH_MEMORY, f"reading must fit {memory}, got more")
        if ended.no_space:
            return ModelRejected(Fault.DISK, "there must be room on the disk, got none")
        if ended.no_time:
            return ModelRejected(Fault.TOO_SLOW, f"must be done in {wall_s:.0f} s, got no end")
        if ended.signal_name:
            return ModelRejected(
                Fault.CRASHED, f"the library ended with {ended.signal_name} on this file"
            )
        return ModelRejected(Fault.CRASHED, f"reading ended: {ended.last_line[:300]}")

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


def drop(scratch: Path) -> None:
    """Throw a scratch folder away."""
    shutil.rmtree(scratch, ignore_errors=True)
