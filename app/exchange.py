"""The desk of exchange: hands models over, checks their fitness, sends topics and takes them."""

import contextlib
import hashlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from app.kept_results import KeptResults
from bim.bcf import write_bcf
from bim.estate import read_estate
from bim.exchange_reader import ExchangeReader
from bim.exchange_tasks import (
    FITNESS_VERSION,
    IDS_BYTES_MAX,
    SHIPPED_IDS,
    WRITEBACK_VERSION,
)
from bim.facts import Stores, gather
from bim.guids import same_uuid
from bim.limits import ReadLimits
from bim.png import checked_png
from bim.topics_in import plan_import
from bim.topics_out import TopicMaker
from domain.bim_models import BimRevision
from domain.buildings import Building
from domain.defects import Defect
from domain.errors import Conflict, ModelRejected, NotFound, TooManyAttempts
from domain.exchange import (
    Exported,
    Fitness,
    TopicFate,
    TopicFile,
    TopicPlan,
    TopicsPreviewed,
)
from domain.ports import FileStore

#: how long a caller waits while another's file is worked on, s
WAIT_S = 30.0
BCF_BYTES_MAX = 50_000_000


class ExchangeDesk:
    """Hands over and takes in; a `domain.exchange.Exchange`.

    Parameters
    ----------
    results
        Keeps exports and checks: the same file and facts are not worked on twice.
    base_url
        Where this Anju answers; links in what leaves begin with it.

    """

    def __init__(
        self,
        stores: Stores,
        files: FileStore,
        results: KeptResults,
        base_url: str,
        limits: ReadLimits | None = None,
        wait_s: float = WAIT_S,
    ) -> None:
        self._stores, self._files, self._results = stores, files, results
        self._base_url, self._wait_s = base_url, wait_s
        self._reader = ExchangeReader(limits)
        # one file at a time: a model takes a whole core and much memory
        self._turn = threading.Lock()

    def export(
        self, building: Building, revision: BimRevision, *, with_defects: bool = False
    ) -> Exported:
        """Write a copy of a revision's IFC file with what Anju knows.

        Raises
        ------
        ModelRejected, NotFound, TooManyAttempts
            As `domain.exchange.Exchange`.

        """
        facts = gather(self._stores, building, revision, self._base_url, with_defects=with_defects)
        told = hashlib.sha256(msgspec.json.encode(facts)).hexdigest()
        name = f"{revision.file_sha256}.{told[:32]}.w{WRITEBACK_VERSION}.ifc"
        path = self._results.get(name)
        if path is None:
            with self._work(revision) as (upload, scratch):
                made = self._reader.export(upload, scratch, facts)
                path = self._results.put(name, made)
        stem = revision.file_name.rpartition(".")[0] or revision.file_name or "model"
        return Exported(path, f"{stem}-anju.ifc", f"{revision.file_sha256[:32]}{told[:32]}")

    def fitness(self, revision: BimRevision, ids: bytes | None = None) -> Fitness:
        """Hold a revision against the shipped IDS file, or one of the user's own.

        Raises
        ------
        ModelRejected, NotFound, TooManyAttempts
            As `domain.exchange.Exchange`.

        """
        if ids is not None and len(ids) > IDS_BYTES_MAX:
            raise ModelRejected(
                "too large", f"an IDS file may have {IDS_BYTES_MAX:,} bytes, got {len(ids):,}"
            )
        asked = hashlib.sha256(SHIPPED_IDS.read_bytes() if ids is None else ids).hexdigest()
        whose = "shipped" if ids is None else "own"
        name = f"{revision.file_sha256}.{asked[:32]}.{whose}.f{FITNESS_VERSION}.json"
        if (kept := self._results.get(name)) is not None:
            with contextlib.suppress(OSError, msgspec.DecodeError):
                return msgspec.json.decode(kept.read_bytes(), type=Fitness)
        with self._work(revision) as (upload, scratch):
            found = self._reader.fitness(upload, scratch, ids)
            if found.ids_read:  # once the group is installed there is more to say
                made = scratch / "kept.json"
                made.write_bytes(msgspec.json.encode(found))
                self._results.put(name, made)
        return found

    def topics(self, building: Building) -> tuple[str, bytes]:
        """Write a building's defects as a BCF 3.0 file; name and content."""
        content = write_bcf(
            same_uuid("project", building.id),
            f"{building.name} {building.code}".strip(),
            self._maker(building).all(),
        )
        return f"{building.name or building.id}.bcf", content

    def preview_topics(self, building: Building, content: bytes, by: str) -> TopicsPreviewed:
        """Tell what importing a BCF file would do; nothing is written.

        Raises
        ------
        ModelRejected, TooManyAttempts
            As `domain.exchange.Exchange`.

        """
        with self._reading(content) as (file, _):
            return self._plan(building, file, by)

    def import_topics(
        self, building: Building, content: bytes, by: str, *, update: bool = False
    ) -> TopicsPreviewed:
        """Write new topics down as defects; with `update` take the status of known ones over.

        Ids follow from the topics: when this is cut off in between, the same import again
        completes it, and the same file twice changes nothing.

        Raises
        ------
        ModelRejected, TooManyAttempts
            As `domain.exchange.Exchange`.

        """
        places = self._stores.places
        with self._reading(content) as (file, scratch):
            planned = self._plan(building, file, by)
            # a defect continues one that is there already
            new = sorted(planned.of(TopicFate.NEW), key=_found_at)
            for row in new:
                if row.defect is None or row.anchor is None:
                    continue
                if places.anchor(row.anchor.id) is None:
                    places.put_anchor(row.anchor, by)
                places.put_defect(row.defect, by)
                self._keep_first_snapshot(row, scratch)
            if update:
                for row in planned.of(TopicFate.CHANGED):
                    if row.defect is not None:
                        places.put_defect(row.defect, by)
        return planned

    def snapshot(self, defect: Defect) -> bytes | None:
        """Show a defect as PNG: what somebody has uploaded, else a sketch; `None`: no place."""
        uploaded = self._uploaded(defect)
        if uploaded is not None:
            return uploaded
        building = self._stores.register.building(defect.building_id)
        return None if building is None else self._maker(building).sketch(defect)

    def keep_snapshot(self, defect: Defect, content: bytes) -> None:
        """Keep the PNG that a viewer has made of a defect, in place of the one before.

        Raises
        ------
        InvalidInput
            When it is no whole PNG or too large.

        """
        picture, key = checked_png(content), _snapshot_key(defect.id)
        try:
            self._files.put(key, picture)
        except Conflict:
            # what stands under a key never changes: the old one has to go first
            self._files.delete(key)
            self._files.put(key, picture)

    def _keep_first_snapshot(self, row: TopicPlan, scratch: Path) -> None:
        named = next((view.snapshot for view in row.topic.views if view.snapshot), "")
        if named and row.defect is not None:
            path = scratch / Path(named).name
            if path.is_file():
                self.keep_snapshot(row.defect, path.read_bytes())

    def _plan(self, building: Building, file: TopicFile, by: str) -> TopicsPreviewed:
        return plan_import(
            building.id,
            file,
            read_estate(self._stores.models, building.id),
            self._stores.places.defects(building.id),
            self._stores.clock.now_ns(),
            by,
        )

    def _maker(self, building: Building) -> TopicMaker:
        stores = self._stores
        sensors = {each.id: each for each in stores.register.site(building.id).sensors}
        ties = stores.places.monitors(building.id, at_ns=stores.clock.now_ns())
        return TopicMaker(
            building,
            read_estate(stores.models, building.id),
            stores.places,
            sensors,
            ties,
            self._base_url,
            self._uploaded,
        )

    def _uploaded(self, defect: Defect) -> bytes | None:
        try:
            return b"".join(self._files.pieces(_snapshot_key(defect.id)))
        except NotFound:
            return None

    @contextlib.contextmanager
    def _work(self, revision: BimRevision) -> Iterator[tuple[Path, Path]]:
        """Take the turn, with a revision's file in a scratch folder of its own."""
        with self._scratch() as scratch:
            upload = scratch / "upload"
            with upload.open("xb") as file:
                for piece in self._files.pieces(revision.file_key):
                    file.write(piece)
            yield upload, scratch

    @contextlib.contextmanager
    def _reading(self, content: bytes) -> Iterator[tuple[TopicFile, Path]]:
        if len(content) > BCF_BYTES_MAX:
            raise ModelRejected(
                "too large", f"a BCF file may have {BCF_BYTES_MAX:,} bytes, got {len(content):,}"
            )
        with self._scratch() as scratch:
            upload = scratch / "upload"
            upload.write_bytes(content)
            yield self._reader.topics(upload, scratch), scratch

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        if not self._turn.acquire(timeout=self._wait_s):
            raise TooManyAttempts("other models are being worked on; try again", 10.0)
        try:
            with tempfile.TemporaryDirectory(prefix="anju-exchange-") as folder:
                yield Path(folder)
        finally:
            self._turn.release()


def _found_at(row: TopicPlan) -> tuple[int, str]:
    return (row.defect.found_at_ns, row.defect.id) if row.defect else (0, "")


def _snapshot_key(defect_id: str) -> str:
    # a defect's id may hold characters that a key may not
    return f"snapshots/{hashlib.sha256(defect_id.encode()).hexdigest()[:32]}.png"
