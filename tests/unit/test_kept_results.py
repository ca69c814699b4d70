"""Results that can be made again: kept up to a size, never half."""

import os
from pathlib import Path

import pytest

from app.kept_results import KeptResults
from domain.errors import StoreUnavailable


def made(tmp_path: Path, size: int) -> Path:
    path = tmp_path / "made"
    path.write_bytes(b"x" * size)
    return path


def test_a_result_is_found_under_its_name(tmp_path: Path) -> None:
    results = KeptResults(tmp_path / "kept")
    assert results.get("a.ifc") is None
    kept = results.put("a.ifc", made(tmp_path, 3))
    assert results.get("a.ifc") == kept
    assert kept.read_bytes() == b"xxx"
    assert [each.name for each in (tmp_path / "kept").iterdir()] == ["a.ifc"]


def test_what_was_used_longest_ago_goes_first_and_the_newest_stays(tmp_path: Path) -> None:
    results = KeptResults(tmp_path / "kept", bytes_max=100)
    for at, name in enumerate(("a", "b", "c")):
        os.utime(results.put(name, made(tmp_path, 40 if name != "c" else 1)), (at, at))
    assert results.get("a") is not None, "used again, now"
    results.put("d", made(tmp_path, 40))
    assert results.get("b") is None
    assert results.get("a") is not None
    assert results.put("large", made(tmp_path, 400)).stat().st_size == 400
    assert results.get("large") is not None
    assert results.get("a") is None


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".half", "a" * 200])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="a result's name"):
        KeptResults(tmp_path).get(name)


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where the folder should be")
    with pytest.raises(StoreUnavailable, match="was not kept"):
        KeptResults(tmp_path / "kept").put("a", made(tmp_path, 1))
