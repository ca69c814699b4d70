"""The desk of models: takes an IFC file in, keeps it as it came, and queues it."""

from dataclasses import dataclass, replace
from typing import BinaryIO

from domain.bim_models import BimModel, BimRevision, MeshState
from domain.bim_ports import ModelStore
from domain.clock import Clock
from domain.errors import Conflict, ModelRejected
from domain.ids import new_id
from domain.model_files import digest_of, pieces_of, upload_key
from domain.ports import FileStore

_NAME_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class StoredModelDesk:
    """Takes uploads in; a `domain.bim_ports.ModelDesk`.

    Parameters
    ----------
    clock
        Tells when a file was uploaded.
    file_bytes_max
        Largest file that is taken.

    """

    models: ModelStore
    files: FileStore
    clock: Clock
    file_bytes_max: int

    def submit(
        self, model: BimModel, file_name: str, file: BinaryIO, by: str
    ) -> tuple[BimRevision, bool]:
        """Keep a file and queue it; tells whether it is new.

        The file is written first: when this is cut off in between, the same upload again
        completes it. Of a revision whose shapes failed it has them made once more.

        Raises
        ------
        ModelRejected
            When it is empty or too large: nothing is kept.
        StoreUnavailable
            When it could not be kept.

        """
        sha256, size, extension = digest_of(file)
        if size == 0:
            raise ModelRejected("empty", "the file must hold a model, got 0 bytes")
        if size > self.file_bytes_max:
            raise ModelRejected(
                "too large", f"the file may have {self.file_bytes_max:,} bytes, got {size:,}"
            )
        key = upload_key(model.building_id, sha256, extension)
        self.files.put(key, pieces_of(file))
        now_ns = self.clock.now_ns()
        wanted = BimRevision(
            id=new_id(now_ns),
            model_id=model.id,
            number=0,
            file_key=key,
            file_sha256=sha256,
            file_bytes=size,
            file_name=_plain(file_name) or f"model.{extension}",
            at_ns=now_ns,
            by=by,
        )
        kept = self.models.add_revision(wanted, by)
        if kept.mesh is MeshState.FAILED:
            kept = self._shape_again(kept)
        return kept, kept.id == wanted.id

    def _shape_again(self, revision: BimRevision) -> BimRevision:
        """Queue shapes that failed: whoever sends a file again wants them."""
        queued = replace(
            revision,
            mesh=MeshState.WAITING,
            reason_code="",
            reason="",
            version=revision.version + 1,
        )
        try:
            self.models.put_revision(queued)
        except Conflict:  # somebody else has just done so
            return self.models.revision(revision.id) or revision
        return queued


def _plain(name: str) -> str:
    """Keep the last part of a sender's file name, without what cannot be shown or kept."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(c for c in last if c.isprintable() and not 0xD800 <= ord(c) < 0xE000)
    return shown.strip()[-_NAME_LENGTH_MAX:]
