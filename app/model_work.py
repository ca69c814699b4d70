"""What the role `jobs` does with uploaded models: reads them, makes their shapes, matches them.

Each step ends with one transaction that says how far the revision is, and is begun again from the
files when the process was killed before it. What is made of a file lies in the file store under
the file's hash, so that the same file is read and converted once.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from app.model_kept import MadeOfFiles
from bim.rematch import rematch
from domain.bim_models import BimRevision, MeshState, RevisionState
from domain.bim_ports import ModelReader, ModelStore, PlaceStore
from domain.clock import Clock
from domain.errors import Conflict, ModelRejected, NotFound, StoreUnavailable
from domain.ports import FileStore
from domain.services import Health

log = structlog.get_logger()

#: who has done what nobody in particular did
_BY = "system"
_UNREAD = (RevisionState.QUEUED, RevisionState.READING)
_UNSHAPED = (MeshState.WAITING, MeshState.CONVERTING)


class Left(Exception):
    """The process ends, or another one has taken over: the step is begun again."""


@dataclass
class ModelWork:
    """Works the queue of revisions, one at a time.

    Parameters
    ----------
    scratch
        Folder for files in the making; emptied as they are done.
    goes_on
        Tells whether this process is the one that works the queue, and goes on.
    note_every_s
        Least time between two notes of how far a conversion is.

    """

    models: ModelStore
    places: PlaceStore
    files: FileStore
    reader: ModelReader
    clock: Clock
    scratch: Path
    goes_on: Callable[[], bool] = lambda: True
    note_every_s: float = 0.5

    def __post_init__(self) -> None:
        self._away, self._waiting = "", 0
        self._made = MadeOfFiles(self.files, self.reader)

    def run_once(self) -> int:
        """Do the next step of the oldest revision that can have one; tells how many were done.

        What waits to be read comes before shapes, so that a model can be used soon.

        Raises
        ------
        StoreUnavailable
            When nothing could be done for a store that is away, or a full disk.

        """
        if not self.goes_on():
            return 0
        away: StoreUnavailable | None = None
        unfinished = self.models.unfinished_revisions()
        self._waiting = len(unfinished)
        for revision in due(unfinished):
            try:
                self._step(revision)
            except StoreUnavailable as error:
                away = error
            except (Conflict, Left) as error:
                # another process was faster, or this one ends: whoever goes on does it again
                log.info("a model was left", revision=revision.id, error=repr(error))
            except Exception as error:
                # a fault of ours with one file must not hold up the others
                log.exception("a model could not be worked", revision=revision.id)
                self._give_up(revision.id, error)
                return 1
            else:
                self._away = ""
                return 1
            if not self.goes_on():
                return 0
        self._away = "" if away is None else str(away)
        if away is not None:
            raise away
        return 0

    def health(self) -> Health:
        """Tell whether models are worked, and how many wait."""
        waiting = (("waiting", float(self._waiting)),)
        if self._away:
            return Health("models", "degraded", self._away, waiting, "held up")
        return Health("models", "ok", "", waiting, "worked")

    def _step(self, revision: BimRevision) -> None:
        folder = self.scratch / revision.id
        shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
        try:
            folder.mkdir(parents=True)
            if revision.state in _UNREAD:
                self._read(revision, folder)
            elif revision.state is RevisionState.MATCHING:
                if self._is_later(revision) and revision.mesh in _UNSHAPED:
                    revision = self._shape(revision, folder)
                self._match(revision)
            else:
                self._shape(revision, folder)
        except OSError as error:
            raise StoreUnavailable(f"{folder}: {error.strerror}") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _read(self, revision: BimRevision, folder: Path) -> None:
        """Read what the file says; a model's first revision is ready with that."""
        building_id = self._building(revision)
        if not self._made.has_index(revision, building_id):
            revision = self.note(revision, state=RevisionState.READING, done=0, of=0)
        try:
            index = self._made.index(revision, building_id, folder)
        except ModelRejected as error:
            self._refuse(revision, error, state=RevisionState.REJECTED)
            return
        read = replace(
            revision,
            state=RevisionState.MATCHING,
            ifc_schema=index.ifc_schema,
            authoring_app=index.authoring_app,
            unit_scale=index.unit_scale,
            true_north_deg=index.true_north_deg,
            map_crs=index.map_crs,
            map_origin=index.map_origin,
            warnings=index.warnings,
            elements=len(index.versions),
            storeys=len(index.storeys),
            version=revision.version + 1,
        )
        versions = [replace(one, revision_id=revision.id) for one in index.versions]
        self.models.put_index(read, index.storeys, versions)
        if not self._is_later(read):
            self._match(read)

    def _match(self, revision: BimRevision) -> None:
        """Tell which of the model's elements these are; the revision is ready then."""
        ready = replace(
            revision, state=RevisionState.READY, done=0, of=0, version=revision.version + 1
        )
        rematch(self.models, self.places, ready, self.clock.now_ns(), _BY)

    def _shape(self, revision: BimRevision, folder: Path) -> BimRevision:
        """Make the shapes; without them everything else still works."""
        building_id = self._building(revision)
        if not self._made.has_shapes(revision, building_id):
            revision = self.note(revision, mesh=MeshState.CONVERTING, done=0, of=0)
        noting = _Noting(self, revision)
        try:
            key, shapes = self._made.shapes(revision, building_id, folder, noting)
        except ModelRejected as error:
            return self._refuse(noting.revision, error, mesh=MeshState.FAILED)
        revision = noting.revision
        shaped = replace(
            revision,
            mesh=MeshState.READY,
            glb_key=key,
            glb_sha256=shapes.glb_sha256,
            origin_m=shapes.origin_m,
            warnings=tuple(dict.fromkeys([*revision.warnings, *shapes.warnings])),
            done=0,
            of=0,
            version=revision.version + 1,
        )
        self.models.put_shapes(shaped, shapes.boxes, shapes.geometry_hashes)
        return shaped

    def _building(self, revision: BimRevision) -> str:
        building_id = self.models.building_of(revision.model_id)
        if building_id is None:
            raise NotFound(f"no model {revision.model_id!r}")
        return building_id

    def _is_later(self, revision: BimRevision) -> bool:
        """Tell whether the model has an earlier revision to be matched with."""
        return any(
            one.number < revision.number and one.state is RevisionState.READY
            for one in self.models.revisions(revision.model_id)
        )

    def note(self, revision: BimRevision, **changes: Any) -> BimRevision:
        """Note how far a revision is, when that changes anything."""
        changed = replace(revision, **changes)
        if changed == revision:
            return revision
        changed = replace(changed, version=revision.version + 1)
        self.models.put_revision(changed)
        return changed

    def _refuse(self, revision: BimRevision, error: ModelRejected, **changes: Any) -> BimRevision:
        if error.code == "disk" and self._made.is_there(revision):
            raise StoreUnavailable(str(error)) from error  # of the moment, not of the file
        log.info("a model was refused", revision=revision.id, code=error.code, reason=str(error))
        return self.note(
            revision, reason_code=error.code, reason=str(error)[:2_000], done=0, of=0, **changes
        )

    def _give_up(self, revision_id: str, error: Exception) -> None:
        revision = self.models.revision(revision_id)
        if revision is None:
            return
        told = ModelRejected("crashed", f"Anju could not go on with it: {error!r}")
        if revision.state is RevisionState.READY:
            self._refuse(revision, told, mesh=MeshState.FAILED)
        else:
            self._refuse(revision, told, state=RevisionState.REJECTED)


class _Noting:
    """Notes how far a conversion is, now and then; leaves off when it must."""

    def __init__(self, work: ModelWork, revision: BimRevision) -> None:
        self._work, self.revision = work, revision
        self._noted_s = 0.0

    def __call__(self, done: int, of: int) -> None:
        if not self._work.goes_on():
            raise Left
        now_s = time.monotonic()
        if now_s - self._noted_s >= self._work.note_every_s:
            self._noted_s = now_s
            self.revision = self._work.note(self.revision, done=done, of=of)


def due(unfinished: list[BimRevision]) -> list[BimRevision]:
    """Order what can be worked now: unread ones first, each model's in the order of uploads.

    Matching needs the boxes of the revision before, so that one's shapes come first.
    """
    ready = []
    for place, revision in enumerate(unfinished):
        older = [one for one in unfinished[:place] if one.model_id == revision.model_id]
        if revision.state in _UNREAD:
            waits = any(one.state is not RevisionState.READY for one in older)
        else:
            waits = revision.state is RevisionState.MATCHING and bool(older)
        if not waits:
            ready.append(revision)
    return sorted(ready, key=lambda one: one.state not in _UNREAD)
