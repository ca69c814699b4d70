"""What is made of an uploaded model, kept in the file store under the file's hash."""

import contextlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from bim.versions import INDEX_VERSION, MESH_VERSION
from domain.bim_models import BimRevision
from domain.bim_ports import ModelIndex, ModelReader
from domain.elements import Box
from domain.errors import Conflict, ModelRejected, NotFound
from domain.model_files import glb_key, index_key, packed_key, pieces_of, shapes_key
from domain.ports import FileStore

Kept = TypeVar("Kept")


class KeptShapes(msgspec.Struct):
    """What goes with a kept GLB."""

    glb_sha256: str
    origin_m: tuple[float, float, float]
    boxes: dict[int, Box]
    geometry_hashes: dict[int, str]
    warnings: tuple[tuple[str, str], ...] = ()


class MadeOfFiles:
    """Has files read and converted, once each."""

    def __init__(self, files: FileStore, reader: ModelReader) -> None:
        self._files, self._reader = files, reader

    def index(self, revision: BimRevision, building_id: str, folder: Path) -> ModelIndex:
        """Tell what a file says.

        Parameters
        ----------
        folder
            For files in the making.

        Raises
        ------
        ModelRejected
            When it cannot be read, or is no longer there.

        """
        key = index_key(building_id, revision.file_sha256, INDEX_VERSION)
        kept = self._kept(key, ModelIndex)
        if kept is None:
            kept = self._reader.index(self._fetch(revision, folder), folder / "read", revision.id)
            self._keep(key, msgspec.json.encode(kept))
        return kept

    def shapes(
        self,
        revision: BimRevision,
        building_id: str,
        folder: Path,
        note: Callable[[int, int], None],
    ) -> tuple[str, KeptShapes]:
        """Make the shapes of a file; tells the key of the GLB, and what goes with it.

        Raises
        ------
        ModelRejected
            When there are none to be had, or the file is no longer there.

        """
        sha256 = revision.file_sha256
        about = shapes_key(building_id, sha256, MESH_VERSION)
        glb = glb_key(building_id, sha256, MESH_VERSION)
        kept = self._kept(about, KeptShapes)
        if kept is None or not self._has(glb):
            made = self._reader.shapes(self._fetch(revision, folder), folder / "read", note)
            # one of the same version that was kept before a kill is as good
            with made.glb.open("rb") as file:
                self._keep(glb, pieces_of(file))
            with made.glb.open("rb") as file:
                self._keep(packed_key(glb), _packed(pieces_of(file)))
            kept = KeptShapes(
                self._files.sha256(glb),
                made.origin_m,
                made.boxes,
                made.geometry_hashes,
                made.warnings,
            )
            self._keep(about, msgspec.json.encode(kept))
        return glb, kept

    def has_index(self, revision: BimRevision, building_id: str) -> bool:
        """Tell whether a file was read before."""
        return self._has(index_key(building_id, revision.file_sha256, INDEX_VERSION))

    def has_shapes(self, revision: BimRevision, building_id: str) -> bool:
        """Tell whether a file was converted before."""
        return self._has(shapes_key(building_id, revision.file_sha256, MESH_VERSION))

    def is_there(self, revision: BimRevision) -> bool:
        """Tell whether an upload is in the file store."""
        return self._has(revision.file_key)

    def _has(self, key: str) -> bool:
        try:
            self._files.size_bytes(key)
        except NotFound:
            return False
        return True

    def _kept(self, key: str, kind: type[Kept]) -> Kept | None:
        """Read what was made of the same file before; `None`: nothing, or it is damaged."""
        try:
            return msgspec.json.decode(b"".join(self._files.pieces(key)), type=kind)
        except NotFound:
            return None
        except msgspec.DecodeError:
            self._files.delete(key)
            return None

    def _keep(self, key: str, content: bytes | Iterator[bytes]) -> None:
        with contextlib.suppress(Conflict):
            self._files.put(key, content)

    def _fetch(self, revision: BimRevision, folder: Path) -> Path:
        """Copy the upload to where a reading process finds it."""
        upload = folder / f"upload.{revision.file_key.rsplit('.', 1)[-1]}"
        try:
            pieces = self._files.pieces(revision.file_key)
        except NotFound:
            raise ModelRejected("disk", "the uploaded file is no longer there") from None
        with upload.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        return upload


def _packed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Gzip once what is asked for often; the same content gives the same bytes."""
    packer = zlib.compressobj(6, wbits=31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()
