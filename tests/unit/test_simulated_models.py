"""Houses as IFC files, and their revisions with the truth."""

from pathlib import Path
from typing import Any

import ifcopenshell.validate
import pytest

from bim.index import read
from domain.bim_ports import ModelIndex
from simulators.ifc.house import HouseSpec, storey_name, write_house
from simulators.ifc.revisions import CHANGES, Change, revise
from simulators.ifc.solids import IfcSchema


def issues(path: Path) -> list[Any]:
    logger: Any = ifcopenshell.validate.json_logger()
    ifcopenshell.validate.validate(str(path), logger)
    return list(logger.statements)


@pytest.mark.parametrize("schema", ["IFC2X3", "IFC4", "IFC4X3"])
def test_a_made_house_is_valid_in_its_schema(schema: IfcSchema, tmp_path: Path) -> None:
    spec = HouseSpec(ifc_schema=schema, furniture=1, facets=6, map_crs="EPSG:4547")
    assert issues(write_house(spec, tmp_path / "house.ifc")) == []


def test_storeys_are_counted_in_chinese() -> None:
    assert [storey_name(n) for n in (1, 2, 10, 11, 20, 21, -1)] == [
        "一层", "二层", "十层", "十一层", "二十层", "二十一层", "地下一层"
    ]  # fmt: skip


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ModelIndex]:
    path = tmp_path_factory.mktemp("old") / "house.ifc"
    write_house(HouseSpec(furniture=1, facets=6), path)
    return path, read(path, "old", ())


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_the_truth_of_a_revision_names_every_element_of_both(
    change: Change, old: tuple[Path, ModelIndex], tmp_path: Path
) -> None:
    source, before = old
    truth = revise(source, tmp_path / "new.ifc", change, seed=4)
    after = read(tmp_path / "new.ifc", "new", ())
    was = {one.step_id: one for one in before.versions}
    now = {one.step_id: one for one in after.versions}
    assert set(truth.became) == set(was)
    assert {one for some in truth.became.values() for one in some} == set(now)
    counted = {word: list(truth.how.values()).count(word) for word in set(truth.how.values())}
    total = len(was)
    assert counted.get("deleted", 0) == round(change.deleted * total)
    assert counted.get("nudged", 0) == round(change.nudged * total)
    for step_id, some in truth.became.items():
        for new in some:
            same_guid = was[step_id].global_id == now[new].global_id
            assert same_guid != change.guids or truth.how.get(step_id) == "split"
            if truth.how.get(step_id) not in {"reclassed", "split"}:
                assert was[step_id].content_hash == now[new].content_hash
    if change.split or change.reclassed or change.deleted:
        assert issues(tmp_path / "new.ifc") == []


def test_the_same_seed_makes_the_same_revision(
    old: tuple[Path, ModelIndex], tmp_path: Path
) -> None:
    for name in ("one.ifc", "other.ifc"):
        revise(old[0], tmp_path / name, CHANGES[-1], seed=9)
    assert (tmp_path / "one.ifc").read_bytes() == (tmp_path / "other.ifc").read_bytes()
