"""The verbs `bim`, run as a person runs them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from app.main import cli
from domain.bim_models import BimModel, RevisionState
from domain.buildings import Building
from domain.errors import InvalidInput, ModelRejected, NotFound, SafetyError
from storage.records import Records
from tests.fresh_records import fresh_records

HOUSE = Building("b-1", "360102-7", "老屋", "演示路 1 号", "360102", "", "", 115.89, 28.68)


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    folder = tmp_path / "var"
    folder.mkdir()
    monkeypatch.setenv("ANJU_FOLDER", str(folder))
    opened = fresh_records(folder / "records.db")
    opened.register.put_building(HOUSE, "test")
    yield opened
    opened.close()
    structlog.reset_defaults()  # a verb sends the log to its own standard error


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(a) for a in arguments])
    if isinstance(result.exception, SafetyError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_a_file_is_added_listed_and_told_of(records: Records, tmp_path: Path) -> None:
    file = tmp_path / "老屋.ifc"
    file.write_text("ISO-10303-21;")
    revision_id = run("bim", "add", "360102-7", file).stdout.strip()
    again = run("bim", "add", "b-1", file)
    assert again.stdout.strip() == revision_id
    assert "of the same file" in again.stderr
    listed = run("bim", "list", "b-1").stdout.splitlines()
    assert listed[0].startswith("老屋\tarchitecture\t")
    assert listed[1] == f"  {revision_id}\t1\t老屋.ifc\tqueued\tshapes waiting"
    kept = records.models.revision(revision_id)
    assert kept is not None
    assert kept.by == "command line"
    rejected = replace(
        kept, state=RevisionState.REJECTED, reason_code="cut off", reason="no end", version=2
    )
    records.models.put_revision(rejected)
    told = dict(line.split("\t", 1) for line in run("bim", "status", revision_id).stdout.split("\n")
                if line)  # fmt: skip
    assert (told["state"], told["reason"]) == ("rejected", "cut off: no end")
    assert told["file"].startswith("老屋.ifc, 13 bytes, sha256 ")


def test_waiting_ends_with_what_came_of_it(records: Records, tmp_path: Path) -> None:
    file = tmp_path / "a.ifc"
    file.write_text("ISO-10303-21;")
    revision_id = run("bim", "add", "b-1", file, "--model", "结构").stdout.strip()
    kept = records.models.revision(revision_id)
    assert kept is not None
    ready = replace(kept, state=RevisionState.READY, elements=3, version=2)
    records.models.put_revision(replace(ready, mesh=type(ready.mesh).READY))
    waited = run("bim", "add", "b-1", file, "--model", "结构", "--wait")
    assert "shapes ready, 3 elements" in waited.stderr
    assert run("bim", "list", "b-1").stdout.splitlines()[1].startswith(f"* {revision_id}")


def test_what_is_wrong_is_told(records: Records, tmp_path: Path) -> None:
    file = tmp_path / "a.ifc"
    with pytest.raises(InvalidInput, match="cannot read"):
        run("bim", "add", "b-1", file)
    file.touch()
    with pytest.raises(ModelRejected, match="got 0 bytes"):
        run("bim", "add", "b-1", file)
    with pytest.raises(NotFound, match="no building with the id or code 'b-2'"):
        run("bim", "add", "b-2", file)
    with pytest.raises(NotFound, match="no revision 'r'"):
        run("bim", "status", "r")
    assert run("bim", "list", "b-1").stdout == f"老屋\tarchitecture\t{only(records).id}\n"
    records.models.put_model(BimModel("m-2", "b-1", "结构"), "test")
    file.write_text("x")
    with pytest.raises(InvalidInput, match="--model must name one of"):
        run("bim", "add", "b-1", file)


def only(records: Records) -> BimModel:
    """Find the one model."""
    (model,) = records.models.models("b-1")
    return model
