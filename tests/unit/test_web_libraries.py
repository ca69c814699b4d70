"""The JavaScript libraries: pinned without addresses, whole or fetched again, never half there."""

import json
import os
import shutil
from pathlib import Path

import pytest

from app.pages_setup import (
    FILES,
    MARK,
    LibrariesUnavailable,
    fetch_libraries,
    libraries_complete,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the lock and nothing fetched."""
    for name in ("package.json", "package-lock.json"):
        (tmp_path / "deploy/pages").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "deploy/pages" / name, tmp_path / "deploy/pages" / name)
    (tmp_path / "deploy/locks").mkdir()
    shutil.copy(ROOT / "deploy/locks/pages.txt", tmp_path / "deploy/locks/pages.txt")
    (tmp_path / "web/static").mkdir(parents=True)
    return tmp_path


def fill(checkout: Path) -> Path:
    """Put made-up files where the libraries go, with a true mark."""
    from app.pages_setup import _lock_sha256

    folder = checkout / "web/static/lib"
    folder.mkdir()
    for name in FILES.values():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x" * 10)
    mark = {"lock": _lock_sha256(checkout), "files": dict.fromkeys(FILES.values(), 10)}
    (folder / MARK).write_text(json.dumps(mark))
    return folder


def test_the_lock_names_no_address_and_pins_every_package() -> None:
    lock = json.loads((ROOT / "deploy/pages/package-lock.json").read_text())
    assert "://" not in json.dumps(lock)
    wanted = json.loads((ROOT / "deploy/pages/package.json").read_text())["dependencies"]
    assert lock["packages"][""]["dependencies"] == wanted
    for name, package in lock["packages"].items():
        assert name == "" or (package["version"] and package["integrity"].startswith("sha512-"))


def test_a_whole_folder_is_left_alone(checkout: Path) -> None:
    fill(checkout)
    said: list[str] = []
    fetch_libraries(checkout, said.append)
    assert said == []


@pytest.mark.parametrize(
    "damage", ["no mark", "file gone", "file cut", "other lock", "mark broken"]
)
def test_a_damaged_folder_does_not_count_as_whole(checkout: Path, damage: str) -> None:
    folder = fill(checkout)
    assert libraries_complete(checkout)
    match damage:
        case "no mark":
            (folder / MARK).unlink()
        case "file gone":
            (folder / "uPlot.mjs").unlink()
        case "file cut":
            (folder / "uPlot.mjs").write_text("x")
        case "other lock":
            lock = checkout / "deploy/pages/package-lock.json"
            lock.write_text(lock.read_text() + "\n")
        case "mark broken":
            (folder / MARK).write_text('["half')
    assert not libraries_complete(checkout)


def test_without_the_lock_the_cause_is_told_and_what_was_there_stays(checkout: Path) -> None:
    folder = fill(checkout)
    (folder / MARK).unlink()
    shutil.rmtree(checkout / "deploy/pages")
    with pytest.raises(LibrariesUnavailable, match="run the same command again"):
        fetch_libraries(checkout, lambda _: None)
    assert (folder / "uPlot.mjs").exists()


@pytest.mark.slow
def test_the_libraries_are_fetched_and_node_is_gone_afterwards(checkout: Path) -> None:
    left_over = checkout / "var/pages-killed"
    left_over.mkdir(parents=True)
    said: list[str] = []
    try:
        fetch_libraries(checkout, said.append)
    except LibrariesUnavailable as error:
        if os.environ.get("CI") or os.environ.get("ANJU_TEST_STRICT"):
            raise
        pytest.skip(str(error))
    assert libraries_complete(checkout)
    assert [path.name for path in (checkout / "var").iterdir()] == ["pages.lock"]
    fetch_libraries(checkout, said.append)
    assert said[-1] == "the pages' libraries are in place"
    assert said.count(said[-1]) == 1
