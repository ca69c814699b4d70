"""The verbs `gateway` and `broker`, run as a person runs them."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.main import cli
from domain.errors import Conflict, InvalidInput, NotFound, SafetyError
from storage.records import open_records


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ANJU_FOLDER", str(tmp_path / "var"))
    return tmp_path


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(a) for a in arguments])
    if isinstance(result.exception, SafetyError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def lines(result: Result) -> dict[str, str]:
    return dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)


def test_a_gateway_is_added_listed_rotated_and_revoked(folder: Path) -> None:
    given = lines(run("gateway", "add", "g-1", "--name", "roof", "--shard", "2"))
    assert given["GATEWAY_BASE"] == "anju/1/2/g-1"
    assert given["GATEWAY_SECRET"].startswith("anjugw_")
    state = run("gateway", "list").stdout
    assert state.startswith("g-1\troof\tanjugw_")
    assert given["GATEWAY_SECRET"] not in state
    again = lines(run("gateway", "rotate", "g-1", "--overlap", "0.5"))
    assert again["GATEWAY_SECRET"] != given["GATEWAY_SECRET"]
    assert ", ends " in run("gateway", "list").stdout
    run("gateway", "revoke", "g-1", "--reason", "stolen")
    assert run("gateway", "list").stdout.strip().endswith("revoked (stolen)")
    # the same gateway gets a new secret in the same way
    assert lines(run("gateway", "add", "g-1"))["GATEWAY_BASE"] == "anju/1/2/g-1"


def test_what_is_wrong_is_told_and_changes_nothing(folder: Path) -> None:
    with pytest.raises(InvalidInput):
        run("gateway", "add", "a/b")
    with pytest.raises(NotFound):
        run("gateway", "rotate", "g-1")
    run("gateway", "add", "g-1")
    with pytest.raises(Conflict):
        run("gateway", "add", "g-1")
    with pytest.raises(InvalidInput):
        run("gateway", "rotate", "g-1", "--overlap", "-1")
    with pytest.raises(NotFound):
        run("gateway", "rotate", "g-1", "--save", folder / "none" / "gateway.env")
    records = open_records(f"sqlite:///{folder / 'var' / 'records.db'}")
    assert len(records.credentials.credentials()) == 1
    records.close()


def test_a_hand_over_is_saved_for_its_owner_only_and_can_be_drawn_again(folder: Path) -> None:
    file = folder / "gateway.env"
    result = run("gateway", "add", "g-1", "--save", file, "--qr")
    assert "GATEWAY_SECRET" not in result.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    drawn = run("gateway", "show-qr", file).stdout
    assert "█" in drawn
    assert drawn.strip() in result.stdout
    with pytest.raises(Conflict):
        run("gateway", "rotate", "g-1", "--save", file)
    with pytest.raises(InvalidInput, match="cannot read"):
        run("gateway", "show-qr", folder / "none")
    (folder / "other").write_text("x")
    with pytest.raises(InvalidInput, match="no GATEWAY_SECRET"):
        run("gateway", "show-qr", folder / "other")


def test_a_brokers_files_are_written_once_and_for_their_owner_only(folder: Path) -> None:
    run("broker", "init", folder / "broker", "--port", "1999")
    made = {f.name: f for f in (folder / "broker").iterdir()}
    assert set(made) == {"mosquitto.conf", "dynamic-security.json", "anju.toml"}
    assert {stat.S_IMODE(f.stat().st_mode) for f in made.values()} == {0o600}
    conf = made["mosquitto.conf"].read_text()
    assert "listener 1999 127.0.0.1" in conf
    assert "{" not in conf.replace("{port}, {folder} and {plugin}", "")
    accounts = json.loads(made["dynamic-security.json"].read_text())
    assert accounts["defaultACLAccess"]["publishClientSend"] is False
    assert accounts["defaultACLAccess"]["subscribe"] is False
    before = made["anju.toml"].read_text()
    with pytest.raises(Conflict, match="is there already"):
        run("broker", "init", folder / "broker")
    assert made["anju.toml"].read_text() == before
