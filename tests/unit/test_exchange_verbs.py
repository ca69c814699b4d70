"""The verbs `bim export`, `bim bcf` and `bim check`, run as a person runs them."""

import json
from collections.abc import Iterator
from pathlib import Path

import ifcopenshell
import pytest
import structlog
from typer.testing import CliRunner, Result

from app.main import cli
from bim.exchange_tasks import SHIPPED_IDS
from domain.anchors import Anchor, PickedBy
from domain.buildings import Building
from domain.clock import VirtualClock
from domain.defects import Defect
from domain.errors import InvalidInput, ModelRejected, NotFound, SafetyError
from simulators.ifc.house import HouseSpec
from storage.files import FolderFiles
from storage.records import Records
from tests.fresh_records import fresh_records
from tests.made_model import take_in

HOUSES = [
    Building(f"b-{n}", f"360102-{n}", "老屋", "演示路 1 号", "360102", "", "", 115.89, 28.68)
    for n in (1, 2)
]
AT_NS = 1_790_000_000_000_000_000


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    folder = tmp_path / "var"
    folder.mkdir()
    monkeypatch.setenv("ANJU_FOLDER", str(folder))
    opened = fresh_records(folder / "records.db")
    opened.register.put_buildings(HOUSES, "test")
    files = FolderFiles(folder / "files")
    take_in(opened, files, VirtualClock(AT_NS), tmp_path, "b-1", HouseSpec(storeys=1, sensors=0))
    for house in HOUSES:
        place = Anchor(f"a-{house.id}", house.id, PickedBy.TEXT, AT_NS, "t", storey="一层")
        opened.places.put_anchor(place, "t")
    opened.places.put_defect(Defect("d-1", "b-1", "a-b-1", "crack", 2, AT_NS, "t"), "t")
    yield opened
    opened.close()
    structlog.reset_defaults()  # a verb sends the log to its own standard error


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, [str(a) for a in arguments])
    if isinstance(result.exception, SafetyError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def test_a_model_is_handed_over_and_checked(records: Records, tmp_path: Path) -> None:
    out = tmp_path / "out.ifc"
    run("bim", "export", "360102-1", "--out", out, "--defects")
    model = ifcopenshell.open(str(out))
    assert [each.Name for each in model.by_type("IfcPropertySet") if each.Name == "Anju_Safety"]
    with pytest.raises(InvalidInput, match="exists already"):
        run("bim", "export", "b-1", "--out", out)
    with pytest.raises(NotFound, match="has no model in use"):
        run("bim", "export", "b-2", "--out", tmp_path / "other.ifc")
    told = run("bim", "check", "b-1", code=1).stdout
    assert "failed       地理位置" in told
    found = json.loads(run("bim", "check", "b-1", "--json", "--ids", SHIPPED_IDS, code=1).stdout)
    assert found["state"] == "failed"
    assert found["title"].startswith("安居")
    own = tmp_path / "own.ids"
    own.write_text("<ids/>")
    with pytest.raises(ModelRejected):
        run("bim", "check", "b-1", "--ids", own)


def test_defects_go_from_one_house_to_another_once(records: Records, tmp_path: Path) -> None:
    out = tmp_path / "out.bcf"
    run("bim", "bcf", "b-1", "--out", out)
    shown = run("bim", "bcf", "b-2", "--read", out)
    assert shown.stdout.startswith("new        老屋 裂缝")
    assert "nothing was written" in shown.stderr
    assert not records.places.defects("b-2")
    run("bim", "bcf", "b-2", "--read", out, "--commit")
    run("bim", "bcf", "b-2", "--read", out, "--commit")
    (made,) = records.places.defects("b-2")
    assert (made.code, made.by) == ("crack", "command line")
    with pytest.raises(InvalidInput, match="either --out or --read"):
        run("bim", "bcf", "b-1")
    with pytest.raises(InvalidInput, match="must name a file"):
        run("bim", "bcf", "b-1", "--read", tmp_path / "none.bcf")
