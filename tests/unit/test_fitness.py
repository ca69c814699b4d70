"""Fitness of a model: checks that find what is wrong, and never call nothing a success."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ifcopenshell
import pytest

from bim.exchange_tasks import SHIPPED_IDS
from bim.fitness import check
from domain.errors import ModelRejected
from domain.exchange import Check, CheckState, Fitness
from simulators.ifc.house import HouseSpec, write_house

SCHEMAS = ("IFC2X3", "IFC4", "IFC4X3")
OURS = {"unique guids", "in a storey"}


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("houses")
    return {
        schema: write_house(
            HouseSpec(
                ifc_schema=schema, map_crs="" if schema == "IFC2X3" else "EPSG:4547", sensors=0
            ),
            folder / f"{schema}.ifc",
        )
        for schema in SCHEMAS
    }


def by_key(found: Fitness) -> dict[str, Check]:
    return {each.key: each for each in found.checks}


def changed(source: Path, target: Path, change: Callable[[Any], None]) -> Fitness:
    """Change a model and check it."""
    model = ifcopenshell.open(str(source))
    change(model)
    model.write(str(target))
    return check(target)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_each_schema_is_held_against_what_applies_to_it(
    houses: dict[str, Path], schema: str
) -> None:
    found = check(houses[schema])
    checks = by_key(found)
    assert checks.keys() == OURS | {
        "storeys", "guids", "georeference", "load-bearing walls", "load-bearing columns",
        "load-bearing beams", "load-bearing slabs",
    }  # fmt: skip
    assert found.ids_read
    assert found.title.startswith("安居")
    assert checks["storeys"].state is CheckState.PASSED
    assert checks["unique guids"].state is CheckState.PASSED
    assert checks["load-bearing walls"].applicable > 0
    for each in found.checks:
        if not each.applicable:
            assert each.state is not CheckState.PASSED, each


def test_walls_of_a_subclass_are_looked_at_and_named_when_they_fail(
    houses: dict[str, Path], tmp_path: Path
) -> None:
    def drop(model: Any) -> None:
        walls = model.by_type("IfcWall")
        walls[0].Name = "东墙"
        for relation in walls[0].IsDefinedBy:
            if relation.is_a("IfcRelDefinesByProperties"):
                pset = relation.RelatingPropertyDefinition
                if pset.Name == "Pset_WallCommon":
                    others = [each for each in relation.RelatedObjects if each != walls[0]]
                    relation.RelatedObjects = others or [walls[0]]
                    if not others:
                        pset.Name = "Other"

    found = by_key(changed(houses["IFC2X3"], tmp_path / "a.ifc", drop))["load-bearing walls"]
    model = ifcopenshell.open(str(houses["IFC2X3"]))
    subclasses = {each.is_a() for each in model.by_type("IfcWall")}
    assert found.state is CheckState.FAILED
    assert found.failed == 1
    assert found.applicable == len(model.by_type("IfcWall")), subclasses
    (example,) = found.examples
    assert example.name == "东墙"
    assert example.reason
    assert example.code == "NOPSET"


def test_nothing_to_look_at_is_not_checked(houses: dict[str, Path], tmp_path: Path) -> None:
    def without_columns(model: Any) -> None:
        for column in model.by_type("IfcColumn"):
            model.remove(column)

    found = changed(houses["IFC4"], tmp_path / "a.ifc", without_columns)
    columns = by_key(found)["load-bearing columns"]
    assert (columns.state, columns.reason) == (CheckState.NOT_CHECKED, "nothing applies")
    assert found.state is not CheckState.PASSED


def test_a_model_without_storeys_or_georeference_fails_for_they_must_be_there(
    houses: dict[str, Path], tmp_path: Path
) -> None:
    def bare(model: Any) -> None:
        for ifc_class in ("IfcBuildingStorey", "IfcMapConversion", "IfcProjectedCRS"):
            for each in model.by_type(ifc_class):
                model.remove(each)

    checks = by_key(changed(houses["IFC4"], tmp_path / "a.ifc", bare))
    for key in ("storeys", "georeference"):
        assert (checks[key].state, checks[key].reason) == (CheckState.FAILED, "must be there")
    loose = checks["in a storey"]
    assert loose.state is CheckState.FAILED
    assert loose.failed == loose.applicable > 0


def test_ids_that_occur_twice_are_counted(houses: dict[str, Path], tmp_path: Path) -> None:
    def double(model: Any) -> None:
        first, second, third = model.by_type("IfcWall")[:3]
        second.GlobalId = third.GlobalId = first.GlobalId

    found = by_key(changed(houses["IFC4"], tmp_path / "a.ifc", double))["unique guids"]
    assert (found.state, found.failed) == (CheckState.FAILED, 3)
    assert {each.reason for each in found.examples} == {"3 x"}


def test_a_file_of_the_users_own_is_held_against_and_other_schemas_say_so(
    houses: dict[str, Path],
) -> None:
    found = check(houses["IFC4"], SHIPPED_IDS)
    assert {each.key for each in found.checks} == {""}
    other = [each for each in found.checks if each.reason == "other schema"]
    assert [each.state for each in other] == [CheckState.NOT_CHECKED]
    assert not OURS & {each.name for each in found.checks}


def test_what_must_not_be_there_fails_where_it_is_and_a_subclass_is_no_success(
    houses: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "own.ids"

    def held(name: str) -> Check:
        path.write_text(
            '<ids xmlns="http://standards.buildingsmart.org/IDS"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation='
            '"http://standards.buildingsmart.org/IDS http://127.0.0.1:9/ids.xsd">'
            "<info><title>own</title></info><specifications>"
            '<specification name="no walls" ifcVersion="IFC4"><applicability minOccurs="0"'
            f' maxOccurs="0"><entity><name><simpleValue>{name}</simpleValue></name></entity>'
            "</applicability></specification></specifications></ids>"
        )
        (found,) = check(houses["IFC4"], path).checks
        return found

    walls = ifcopenshell.open(str(houses["IFC4"])).by_type("IfcWall")
    assert {each.is_a() for each in walls} == {"IfcWallStandardCase"}
    exact = held("IFCWALLSTANDARDCASE")
    assert (exact.state, exact.reason) == (CheckState.FAILED, "must not be there")
    assert exact.failed == exact.applicable == len(walls)
    missed = held("IFCWALL")
    assert (missed.state, missed.reason) == (CheckState.NOT_CHECKED, "nothing applies")
    assert missed.instead == (("IfcWallStandardCase", len(walls)),)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "xml"),
        (b"no ids", "xml"),
        (b"<ids/>", "ids"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "xml"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "xml"),
        (b"<a>" * 1000, "xml"),
        (SHIPPED_IDS.read_bytes().replace(b"specification ", b"spec "), "xml"),
        (SHIPPED_IDS.read_bytes().replace(b"<info>", b"<info><x/>"), "ids"),
        (b" " * 1_000_001, "too large"),
    ],
)
def test_what_is_no_ids_file_is_refused_with_a_reason(
    houses: dict[str, Path], tmp_path: Path, content: bytes, code: str
) -> None:
    path = tmp_path / "own.ids"
    path.write_bytes(content)
    with pytest.raises(ModelRejected) as refused:
        check(houses["IFC4"], path)
    assert refused.value.code == code


def test_without_the_optional_library_our_own_checks_are_made(houses: dict[str, Path]) -> None:
    program = (
        "import sys; sys.modules['ifctester'] = None\n"
        "from pathlib import Path; from bim.fitness import check\n"
        "found = check(Path(sys.argv[1]))\n"
        "print(found.ids_read, *(each.key for each in found.checks), sep=',')"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(houses["IFC4"])],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert run.stdout.strip() == "False,unique guids,in a storey"
