"""Uploads of real models, worked by real processes that are killed at any moment."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.model_work import ModelWork
from app.models import StoredModelDesk
from bim.limited import LimitedReader
from domain.bim_models import BimModel, BimRevision, MeshState, RevisionState
from domain.buildings import Building
from domain.clock import SystemClock
from domain.elements import ElementVersion
from domain.ports import Page
from simulators.ifc.house import HouseSpec, write_house
from storage.files import FolderFiles
from storage.records import Records, open_records

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HOUSE = Building("b-1", "C1", "老屋", "演示路 1 号", "360102", "", "", 115.89, 28.68)
MODEL = BimModel("m-1", "b-1", "建筑")
WAIT_S = 120.0


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two revisions of a house: the second has a storey more."""
    folder = tmp_path_factory.mktemp("ifc")
    spec = HouseSpec(storeys=2, bays_x=3, furniture=2, facets=24)
    return [
        write_house(spec, folder / "first.ifc"),
        write_house(replace(spec, storeys=3), folder / "second.ifc"),
    ]


@dataclass
class Place:
    """A folder with records and files, as a house has it."""

    folder: Path
    records: Records
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def kept(self) -> FolderFiles:
        """The file store."""
        return FolderFiles(self.folder / "files")

    def submit(self, path: Path) -> BimRevision:
        """Upload a file."""
        desk = StoredModelDesk(self.records.models, self.kept, SystemClock(), 10**8)
        with path.open("rb") as file:
            return desk.submit(MODEL, path.name, file, "test")[0]

    def start(self) -> None:
        """Start a process of the role `jobs`."""
        variables = {
            "ANJU_FOLDER": str(self.folder), "ANJU_READINGS__URL": "memory:",
            "ANJU_JOBS__LEASE_S": "2", "ANJU_JOBS__WORKERS": "0",
        }  # fmt: skip
        log = (self.folder / f"jobs-{len(self.processes)}.log").open("wb")
        with log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "app", "jobs"],
                    cwd=ROOT,
                    env=os.environ | variables,
                    stdout=log,
                    stderr=log,
                )
            )

    def kill_worker(self) -> None:
        """Kill the process that holds the lease, as a power cut would."""
        with sqlite3.connect(self.folder / "records.db", timeout=30) as database:
            ((holder,),) = database.execute("SELECT holder FROM leases WHERE name = 'jobs'")
        pid = int(holder.rsplit(":", 1)[1])
        (worker,) = [one for one in self.processes if one.pid == pid]
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def wait(self, revision: BimRevision, seen: Callable[[BimRevision], bool]) -> BimRevision:
        """Wait until a revision is seen to be so far."""
        until = time.monotonic() + WAIT_S
        while True:
            now = self.records.models.revision(revision.id)
            assert now is not None
            if seen(now):
                return now
            assert time.monotonic() < until, now
            assert any(one.poll() is None for one in self.processes), "all have ended"
            time.sleep(0.003)


def opened(folder: Path) -> Place:
    """Make a place with a building and a model."""
    folder.mkdir()
    records = open_records(f"sqlite:///{folder / 'records.db'}")
    records.register.put_building(HOUSE, "test")
    records.models.put_model(MODEL, "test")
    return Place(folder, records)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = opened(tmp_path / "house")
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
    made.records.close()


def plain(place: Place, revision: BimRevision) -> list[ElementVersion]:
    """Read what a revision says, without ids that differ from run to run."""
    rows = place.records.models.versions(revision.id, with_properties=True)
    return [replace(row, revision_id="", element_id="") for row in rows]


def outcome(place: Place, revisions: list[BimRevision]) -> list[object]:
    """Tell all that came of some uploads."""
    told: list[object] = []
    models = place.records.models
    for revision in revisions:
        kept = models.revision(revision.id)
        assert kept is not None
        told += [
            kept.number, kept.state, kept.mesh, kept.glb_sha256, kept.warnings, kept.origin_m,
            kept.elements, models.storeys(kept.id), plain(place, kept),
        ]  # fmt: skip
    claims = sorted(
        (claim.method, claim.status, claim.to_step_id)
        for claim in models.claims("m-1", Page(10_000))
    )
    return [*told, len(models.elements("m-1")), claims]


def is_whole(revision: BimRevision) -> bool:
    """Tell whether nothing is left to do."""
    return revision.state is RevisionState.READY and revision.mesh is MeshState.READY


def test_killed_at_any_step_it_is_begun_again_and_ends_the_same(
    place: Place, files: list[Path], tmp_path: Path
) -> None:
    for _ in range(2):  # started twice: one works, the other stands by
        place.start()
    first = place.submit(files[0])
    for seen in (
        lambda now: now.state is RevisionState.READING,
        lambda now: now.mesh is MeshState.CONVERTING,
    ):
        place.wait(first, seen)
        place.kill_worker()
        place.start()
    place.wait(first, is_whole)
    second = place.submit(files[1])
    place.wait(second, lambda now: now.mesh is MeshState.CONVERTING)
    assert place.records.models.live_revision("m-1") == place.records.models.revision(first.id)
    place.kill_worker()
    place.wait(second, is_whole)

    undisturbed = opened(tmp_path / "other")
    records = undisturbed.records
    work = ModelWork(
        records.models, records.places, undisturbed.kept, LimitedReader(), SystemClock(),
        undisturbed.folder / "scratch",
    )  # fmt: skip
    others = []
    for path in files:
        others.append(undisturbed.submit(path))
        while work.run_once():
            pass
    assert outcome(place, [first, second]) == outcome(undisturbed, others)
    linked = {v.element_id for v in place.records.models.versions(first.id)}
    later = {v.element_id for v in place.records.models.versions(second.id)}
    assert len(linked & later) > 0.9 * len(linked)
    left = (place.folder / "scratch" / "models").rglob("*")
    assert [path for path in left if path.is_file()] == []
    undisturbed.records.close()
