"""Models of some of the demo's houses: made, uploaded and given their sensors in the background."""

import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import structlog

from app.demo_places import BY, STOREY_M, Placed, in_rooms, on_model, rooms_of
from app.house import House
from app.orphans import tied
from domain.bim_models import BimModel, BimRevision, MeshState, RevisionState
from domain.buildings import Building
from domain.errors import StoreUnavailable
from domain.ids import same_id
from simulators.story import Story

log = structlog.get_logger()

ROOT = Path(__file__).parents[1]
#: house numbers of the plan: with a model, and without one but with rooms
MODELLED = (4, 5, 6, 7)
WITH_ROOMS = 8
_LOOK_EVERY_S = 0.3


class DemoModels:
    """Makes the models while the story is played.

    Parameters
    ----------
    folder
        Where the made files go before they are uploaded.

    """

    def __init__(self, house: House, story: Story, folder: Path) -> None:
        self._house, self._story, self._folder = house, story, folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="demo models", daemon=True)
        self._fault = ""
        self._done = 0

    def start(self) -> None:
        """Begin; what needs no model is written at once."""
        place = self._story.neighbourhood
        building = place.building(WITH_ROOMS)
        schema = rooms_of(building, self._at_ns)
        self._house.records.places.put_schema(schema, BY)
        sensors = next(s.sensors for s in place.sites if s.building_id == building.id)
        self._put(in_rooms(building, sensors, schema, self._at_ns))
        self._thread.start()

    def stop(self) -> None:
        """Leave off."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(20)

    def faults(self, wait_s: float) -> list[str]:
        """Wait for the end, and tell what went wrong."""
        self._thread.join(wait_s)
        if self._fault:
            return [f"models: {self._fault}"]
        if self._done < len(MODELLED):
            return [f"{self._done} of {len(MODELLED)} models are ready"]
        return []

    @property
    def _at_ns(self) -> int:
        return self._story.start_ns

    def _work(self) -> None:
        try:
            uploaded = []
            for number in MODELLED:
                building = self._story.neighbourhood.building(number)
                file = self._made(building, number)
                if file is None:
                    return
                uploaded.append((building, self._upload(building, file)))
            for building, revision in uploaded:
                if not self._place(building, revision):
                    return
                self._done += 1
        except Exception as error:
            # the edge of the thread: the story goes on, and the report says so
            log.exception("the demo's models could not be made")
            self._fault = repr(error)

    def _made(self, building: Building, number: int) -> Path | None:
        """Have a house written by a process of its own; `None`: the demo ends."""
        spec = {
            "name": f"{building.name}（模拟模型）",
            "seed": number,
            "storeys": building.storeys_above,
            "bays_x": 4,
            "storey_m": STOREY_M,
            "sensors": 0,
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"simulated-{number}.ifc"
        command = [sys.executable, "-m", "simulators.ifc", msgspec.json.encode(spec).decode()]
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*command, str(file)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        with tied(process):
            while True:
                try:
                    _, told = process.communicate(timeout=_LOOK_EVERY_S)
                    break
                except subprocess.TimeoutExpired:
                    if self._stop.is_set():
                        process.kill()
                        process.communicate()
                        return None
        if process.returncode:
            raise StoreUnavailable(f"no model was made: {told[-500:].decode('utf-8', 'replace')}")
        return file

    def _upload(self, building: Building, file: Path) -> BimRevision:
        """Upload a file the way that everybody's files come."""
        house, at_ns = self._house, self._at_ns
        model = BimModel(
            same_id("demo model", building.id), building.id, "建筑（模拟）", made_at_ns=at_ns, by=BY
        )
        house.records.models.put_model(model, BY)
        with file.open("rb") as content:
            revision, _ = house.model_desk.submit(model, file.name, content, BY)
        file.unlink()
        return revision

    def _place(self, building: Building, revision: BimRevision) -> bool:
        """Put the sensors on the model once its shapes are there; false: the demo ends."""
        models = self._house.records.models
        while not self._stop.wait(_LOOK_EVERY_S):
            now = models.revision(revision.id)
            if now is None or now.state is RevisionState.REJECTED or now.mesh is MeshState.FAILED:
                why = f"{now.reason_code}: {now.reason}" if now else "it is gone"
                raise StoreUnavailable(f"the model of {building.name} was not taken: {why}")
            if now.state is RevisionState.READY and now.mesh is MeshState.READY:
                place = self._story.neighbourhood
                sensors = next(s.sensors for s in place.sites if s.building_id == building.id)
                versions = models.versions(revision.id)
                self._put(on_model(building, sensors, revision.id, versions, self._at_ns))
                return True
        return False

    def _put(self, placed: Placed) -> None:
        places = self._house.records.places
        for anchor in placed.anchors:
            places.put_anchor(anchor, BY)
        places.put_monitors(placed.ties, BY)
        for defect in placed.defects:
            places.put_defect(defect, BY)
