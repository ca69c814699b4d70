"""How uploaded models are worked, on both databases: step by step, begun again, never lost."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.model_work import ModelWork, due
from app.models import StoredModelDesk
from domain.anchors import Anchor, Hold, PickedBy
from domain.bim_models import BimModel, BimRevision, MeshState, RevisionState
from domain.bim_ports import ModelIndex, Shapes
from domain.buildings import Building
from domain.clock import SECOND_NS, VirtualClock
from domain.elements import Box, ElementVersion, Storey
from domain.errors import ModelRejected, StoreUnavailable
from domain.ports import Page
from storage.files import FolderFiles
from storage.records import Records

HOUSE = Building("b~1", "C1", "老屋", "演示路 1 号", "360102", "", "", 115.89, 28.68)
MODEL = BimModel("m-1", "b~1", "建筑")


@dataclass
class ScriptedReader:
    """A reader for which a file is lines of names: each a wall, 5 m from the one before."""

    indexed: list[str] = field(default_factory=list)
    shaped: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    seen: list[RevisionState] = field(default_factory=list)
    watch: Callable[[], RevisionState] | None = None

    def index(self, upload: Path, scratch: Path, revision_id: str) -> ModelIndex:
        """Read the lines."""
        self.indexed.append(revision_id)
        self._fail()
        rows = tuple(
            ElementVersion(revision_id, n, f"guid {name}", "IfcWall", name, content_hash=name)
            for n, name in enumerate(upload.read_text().split(), 1)
        )
        return ModelIndex(
            "IFC4", "hand", 1.0, 12.5, "EPSG:4547", (5e5, 3e6, 1.0), (Storey("s", "一层", 0.0),),
            rows, (("broken lines", "2"),),
        )  # fmt: skip

    def shapes(self, upload: Path, scratch: Path, note: Callable[[int, int], None]) -> Shapes:
        """Put each wall 5 m from the one before."""
        self.shaped.append(upload.read_text())
        note(1, 4)
        if self.watch is not None:
            self.seen.append(self.watch())
        self._fail()
        scratch.mkdir()
        glb = scratch / "shapes.glb"
        glb.write_bytes(b"glTF" + upload.read_bytes())
        boxes: dict[int, Box] = {
            n: (5.0 * n, 0.0, 0.0, 5.0 * n + 3, 0.2, 3.0)
            for n, _ in enumerate(upload.read_text().split(), 1)
        }
        hashes = dict.fromkeys(boxes, "same")
        return Shapes(glb, (100.0, 0.0, 0.0), boxes, hashes, (), (("shapes missing", "1"),))

    def _fail(self) -> None:
        if self.faults:
            fault = self.faults.pop(0)
            if str(fault) != "none":
                raise fault


NONE = ModelRejected("", "none")


@dataclass
class Desk:
    """A desk with its worker."""

    records: Records
    files: FolderFiles
    desk: StoredModelDesk
    work: ModelWork
    reader: ScriptedReader
    clock: VirtualClock

    def submit(self, text: str, model: BimModel = MODEL) -> BimRevision:
        """Upload a file of names, each a second after the last."""
        self.clock.advance_to(self.clock.now_ns() + SECOND_NS)
        return self.desk.submit(model, "老屋.ifc", io.BytesIO(text.encode()), "u-1")[0]

    def revision(self, revision: BimRevision) -> BimRevision:
        """Read how far it is."""
        found = self.records.models.revision(revision.id)
        assert found is not None
        return found

    def run(self) -> int:
        """Work until nothing is left to do."""
        steps = 0
        while self.work.run_once():
            steps += 1
        return steps


@pytest.fixture
def desk(records: Records, records_clock: VirtualClock, tmp_path: Path) -> Desk:
    records.register.put_building(HOUSE, "u-1")
    records.models.put_model(MODEL, "u-1")
    files = FolderFiles(tmp_path / "files")
    reader = ScriptedReader()
    work = ModelWork(
        records.models, records.places, files, reader, records_clock, tmp_path / "scratch",
        note_every_s=0.0,
    )  # fmt: skip
    taker = StoredModelDesk(records.models, files, records_clock, 1_000)
    return Desk(records, files, taker, work, reader, records_clock)


def test_an_upload_is_kept_as_it_came_and_the_same_again_is_the_same_revision(desk: Desk) -> None:
    kept = desk.submit("东墙 西墙")
    assert desk.files.get(kept.file_key) == "东墙 西墙".encode()
    assert (kept.number, kept.state, kept.file_name) == (1, RevisionState.QUEUED, "老屋.ifc")
    assert desk.submit("东墙 西墙") == kept
    zipped, new = desk.desk.submit(MODEL, "../x\n/a\\b.IFC\x00ZIP", io.BytesIO(b"PK\x03\x04z"), "u")
    assert (new, zipped.file_name) == (True, "b.IFCZIP")
    assert zipped.file_key.endswith(".ifczip")
    nameless, _ = desk.desk.submit(MODEL, "", io.BytesIO(b"x" * 1_000), "u-1")
    assert nameless.file_name == "model.ifc"
    for content, code in ((b"", "empty"), (b"x" * 1_001, "too large")):
        with pytest.raises(ModelRejected) as refused:
            desk.desk.submit(MODEL, "a.ifc", io.BytesIO(content), "u-1")
        assert refused.value.code == code
    assert len(desk.records.models.revisions("m-1")) == 3


def test_the_first_revision_is_ready_before_its_shapes_are(desk: Desk) -> None:
    kept = desk.submit("东墙 西墙")
    desk.reader.watch = lambda: desk.revision(kept).state
    assert desk.work.run_once() == 1
    read = desk.revision(kept)
    assert (read.state, read.mesh, read.elements) == (RevisionState.READY, MeshState.WAITING, 2)
    assert all(v.element_id for v in desk.records.models.versions(kept.id))
    assert desk.run() == 1
    assert desk.reader.seen == [RevisionState.READY]
    done = desk.revision(kept)
    assert (done.mesh, done.done, done.of) == (MeshState.READY, 0, 0)
    assert (done.ifc_schema, done.true_north_deg, done.map_origin, done.origin_m, done.storeys) == (
        "IFC4", 12.5, (5e5, 3e6, 1.0), (100.0, 0.0, 0.0), 1,
    )  # fmt: skip
    assert done.warnings == (("broken lines", "2"), ("shapes missing", "1"))
    assert desk.files.get(done.glb_key) == b"glTF" + "东墙 西墙".encode()
    assert desk.files.sha256(done.glb_key) == done.glb_sha256
    second = desk.records.models.versions(kept.id)[1]
    assert (second.box, second.geometry_hash) == ((10.0, 0.0, 0.0, 13.0, 0.2, 3.0), "same")
    assert list((desk.work.scratch).iterdir()) == []


def test_progress_is_noted_and_live_pages_hear_of_it(desk: Desk) -> None:
    kept = desk.submit("东墙")
    before = desk.records.alerts.last_change()
    seen: list[tuple[int, int]] = []

    def look() -> RevisionState:
        now = desk.revision(kept)
        seen.append((now.done, now.of))
        return now.state

    desk.reader.watch = look
    desk.run()
    assert seen == [(1, 4)]
    changes = desk.records.alerts.changes(before)
    assert {(c.kind, c.building_id, c.object_id) for c in changes} == {("model", "b~1", kept.id)}
    # reading, read, ready, converting, a step, shaped
    assert len(changes) == 6


def test_a_later_revision_is_matched_with_its_shapes_and_keeps_who_is_who(desk: Desk) -> None:
    first = desk.submit("东墙 西墙 南墙")
    desk.run()
    elements = {v.name: v.element_id for v in desk.records.models.versions(first.id)}
    on_wall = Anchor("a-1", "b~1", PickedBy.LIST, 1, "u", elements["西墙"], first.id,
                     (11.0, 0.0, 1.0), hold=Hold.LINKED)  # fmt: skip
    desk.records.places.put_anchor(on_wall, "u-1")
    second = desk.submit("东墙 西墙 北墙")
    desk.reader.watch = lambda: desk.revision(second).state
    desk.run()
    assert desk.reader.seen == [RevisionState.MATCHING]
    assert desk.records.models.live_revision("m-1") == desk.revision(second)
    now = {v.name: v.element_id for v in desk.records.models.versions(second.id)}
    assert (now["东墙"], now["西墙"]) == (elements["东墙"], elements["西墙"])
    assert now["北墙"]
    claims = desk.records.models.claims("m-1", Page())
    assert {c.element_id for c in claims} >= {elements["东墙"], elements["西墙"]}
    kept = desk.records.places.anchor("a-1")
    assert kept is not None
    assert kept.hold in {Hold.LINKED, Hold.RELINKED}
    # and one more, while what the second left open still waits
    third = desk.submit("东墙 西墙 北墙 中墙")
    desk.run()
    assert desk.records.models.live_revision("m-1") == desk.revision(third)
    last = {v.name: v.element_id for v in desk.records.models.versions(third.id)}
    assert last.items() > now.items()


def test_a_refused_revision_says_why_and_the_earlier_one_stays(desk: Desk) -> None:
    first = desk.submit("东墙")
    desk.run()
    second = desk.submit("东墙 西墙")
    desk.reader.faults = [ModelRejected("cut off", "must end with END-ISO-10303-21")]
    desk.run()
    refused = desk.revision(second)
    assert (refused.state, refused.reason_code) == (RevisionState.REJECTED, "cut off")
    assert refused.reason == "must end with END-ISO-10303-21"
    assert desk.records.models.live_revision("m-1") == desk.revision(first)
    # the same file once more is tried once more
    again = desk.submit("东墙 西墙")
    assert again.id != second.id
    desk.run()
    assert desk.records.models.live_revision("m-1") == desk.revision(again)


@pytest.mark.parametrize("texts", [["东墙"], ["东墙", "东墙 西墙"]])
def test_without_shapes_everything_else_works(desk: Desk, texts: list[str]) -> None:
    for text in texts:
        kept = desk.submit(text)
        desk.reader.faults = [NONE, ModelRejected("too slow", "no end in 15 s")]
        desk.run()
    done = desk.revision(kept)
    assert (done.state, done.mesh) == (RevisionState.READY, MeshState.FAILED)
    assert (done.reason_code, done.reason, done.glb_key) == ("too slow", "no end in 15 s", "")
    assert desk.records.models.live_revision("m-1") == done
    assert all(v.element_id for v in desk.records.models.versions(kept.id))
    assert desk.records.models.unfinished_revisions() == []
    # whoever sends the file again has the shapes made once more
    again = desk.submit(texts[-1])
    assert (again.id, again.mesh, again.reason_code) == (kept.id, MeshState.WAITING, "")
    desk.run()
    assert desk.revision(kept).mesh is MeshState.READY


@pytest.mark.parametrize(
    "fault", [ModelRejected("disk", "no room"), StoreUnavailable("away"), OSError(28, "full")]
)
@pytest.mark.parametrize("at", [0, 1])
def test_a_full_disk_or_a_store_that_is_away_is_waited_for(
    desk: Desk, fault: Exception, at: int
) -> None:
    kept = desk.submit("东墙")
    desk.reader.faults = [NONE] * at + [fault]
    with pytest.raises(StoreUnavailable):
        desk.run()
    assert desk.revision(kept).reason_code == ""
    assert [one.id for one in desk.records.models.unfinished_revisions()] == [kept.id]
    health = desk.work.health()
    assert (health.state, health.code, health.figures) == (
        "degraded", "held up", (("waiting", 1.0),),
    )  # fmt: skip
    desk.run()
    assert desk.work.health().state == "ok"
    done = desk.revision(kept)
    assert (done.state, done.mesh) == (RevisionState.READY, MeshState.READY)


def test_one_that_waits_for_the_disk_does_not_hold_up_another_model(desk: Desk) -> None:
    other = replace(MODEL, id="m-2", name="结构")
    desk.records.models.put_model(other, "u-1")
    first, second = desk.submit("东墙"), desk.submit("柱", other)
    desk.reader.faults = [StoreUnavailable("away")]
    assert desk.work.run_once() == 1
    assert desk.revision(first).state is RevisionState.READING
    assert desk.revision(second).state is RevisionState.READY


def test_a_file_that_is_lost_is_said_to_be(desk: Desk) -> None:
    kept = desk.submit("东墙")
    desk.files.delete(kept.file_key)
    desk.run()
    refused = desk.revision(kept)
    assert (refused.state, refused.reason_code) == (RevisionState.REJECTED, "disk")
    assert refused.reason == "the uploaded file is no longer there"


def test_a_fault_of_ours_ends_one_revision_and_not_the_queue(desk: Desk) -> None:
    kept, other = desk.submit("东墙"), replace(MODEL, id="m-2")
    desk.records.models.put_model(other, "u-1")
    next_one = desk.submit("柱", other)
    desk.reader.faults = [ZeroDivisionError("oh"), NONE, RuntimeError("ah")]
    desk.run()
    refused = desk.revision(kept)
    assert (refused.state, refused.reason_code) == (RevisionState.REJECTED, "crashed")
    assert "ZeroDivisionError('oh')" in refused.reason
    done = desk.revision(next_one)
    assert (done.state, done.mesh) == (RevisionState.READY, MeshState.FAILED)


def test_the_same_file_is_read_and_converted_once(desk: Desk) -> None:
    first = desk.submit("东墙 西墙")
    desk.run()
    other = replace(MODEL, id="m-2", name="结构")
    desk.records.models.put_model(other, "u-1")
    second = desk.submit("东墙 西墙", other)
    desk.run()
    assert desk.reader.indexed == [first.id]
    assert len(desk.reader.shaped) == 1
    one, two = desk.revision(first), desk.revision(second)
    assert (one.glb_key, one.glb_sha256, one.warnings) == (
        two.glb_key,
        two.glb_sha256,
        two.warnings,
    )
    assert [v.box for v in desk.records.models.versions(second.id)] == [
        v.box for v in desk.records.models.versions(first.id)
    ]
    assert {v.revision_id for v in desk.records.models.versions(second.id)} == {second.id}


def test_what_was_kept_and_is_damaged_is_made_anew(desk: Desk, tmp_path: Path) -> None:
    desk.submit("东墙 西墙")
    desk.run()
    for path in (tmp_path / "files" / "bim").rglob("*.json"):
        path.write_bytes(b"[1")
    other = replace(MODEL, id="m-2", name="结构")
    desk.records.models.put_model(other, "u-1")
    second = desk.submit("东墙 西墙", other)
    desk.run()
    assert len(desk.reader.indexed) == len(desk.reader.shaped) == 2
    done = desk.revision(second)
    assert done.mesh is MeshState.READY
    desk.files.delete(done.glb_key)
    last = replace(other, id="m-3", name="设备")
    desk.records.models.put_model(last, "u-1")
    third = desk.submit("东墙 西墙", last)
    desk.run()
    assert desk.files.sha256(desk.revision(third).glb_key) == done.glb_sha256


def test_who_must_not_go_on_leaves_off_and_another_ends_it(
    desk: Desk, open_again: Callable[[], Records]
) -> None:
    kept = desk.submit("东墙")
    desk.work.goes_on = lambda: False
    assert desk.work.run_once() == 0
    assert desk.reader.indexed == []
    # it is told to leave off while it converts
    asked = iter([True, True])
    desk.work.goes_on = lambda: next(asked, False)
    assert desk.run() == 1
    assert desk.revision(kept).mesh is MeshState.CONVERTING
    records = open_again()
    other = replace(desk.work, models=records.models, places=records.places, goes_on=lambda: True)
    assert other.run_once() == 1
    assert desk.revision(kept).mesh is MeshState.READY


def test_of_two_that_work_the_same_revision_one_is_stopped_by_its_version(
    desk: Desk, open_again: Callable[[], Records]
) -> None:
    kept = desk.submit("东墙")
    records = open_again()
    other = replace(
        desk.work, models=records.models, places=records.places, reader=ScriptedReader(),
        scratch=desk.work.scratch / "of the other",
    )  # fmt: skip

    def overtake() -> RevisionState:
        desk.reader.watch = None
        while other.run_once():
            pass
        return desk.revision(kept).state

    desk.work.run_once()
    desk.reader.watch = overtake
    assert desk.run() == 0
    done = desk.revision(kept)
    assert (done.state, done.mesh) == (RevisionState.READY, MeshState.READY)
    assert len(desk.records.models.elements("m-1")) == 1


def test_what_is_due_keeps_the_order_of_each_models_uploads() -> None:
    def made(name: str, state: RevisionState, mesh: MeshState = MeshState.WAITING) -> BimRevision:
        model = name.split("-", maxsplit=1)[0]
        return BimRevision(name, model, 1, "", "", 1, "", 1, "", state=state, mesh=mesh)

    queued, ready = RevisionState.QUEUED, RevisionState.READY
    rows = [
        made("a-1", ready),
        made("a-2", RevisionState.MATCHING),
        made("a-3", queued),
        made("b-1", RevisionState.READING),
        made("b-2", queued),
        made("c-1", ready, MeshState.CONVERTING),
        made("c-2", queued),
        made("d-1", RevisionState.MATCHING),
    ]
    assert [one.id for one in due(rows)] == ["b-1", "c-2", "a-1", "c-1", "d-1"]
