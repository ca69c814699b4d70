"""A made house taken in as the jobs take an upload in: kept, read in a child, elements made."""

from dataclasses import replace
from pathlib import Path

from app.models import StoredModelDesk
from bim.limited import LimitedReader
from domain.bim_models import BimModel, BimRevision, RevisionState
from domain.clock import Clock
from domain.elements import Element
from domain.ports import FileStore
from simulators.ifc.house import HouseSpec, write_house
from storage.records import Records

BYTES_MAX = 50_000_000


def take_in(
    records: Records,
    files: FileStore,
    clock: Clock,
    folder: Path,
    building_id: str,
    spec: HouseSpec,
) -> BimRevision:
    """Give a building a model `m-BUILDING` with elements `e-BUILDING-STEP` and their boxes."""
    models = records.models
    model = BimModel(f"m-{building_id}", building_id, "建筑", made_at_ns=clock.now_ns(), by="test")
    models.put_model(model, "test")
    path = write_house(spec, folder / f"{building_id}.ifc")
    with path.open("rb") as file:
        desk = StoredModelDesk(models, files, clock, BYTES_MAX)
        new, _ = desk.submit(model, "三号楼.ifc", file, "test")
    reader = LimitedReader()
    index = reader.index(path, folder / "index", new.id)
    shapes = reader.shapes(path, folder / "shapes", lambda _, __: None)
    read = replace(
        new, state=RevisionState.MATCHING, ifc_schema=index.ifc_schema, version=new.version + 1
    )
    models.put_index(read, index.storeys, index.versions)
    ids = {v.step_id: f"e-{building_id}-{v.step_id}" for v in index.versions}
    elements = [
        Element(ids[v.step_id], model.id, v.ifc_class, v.name, new.id) for v in index.versions
    ]
    ready = replace(read, state=RevisionState.READY, version=read.version + 1)
    models.put_matches(ready, elements, ids, [], [], "test")
    models.put_shapes(ready, shapes.boxes, shapes.geometry_hashes)
    return ready
