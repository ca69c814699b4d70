"""The short form of the long run: memory does not grow with the readings that have come."""

from pathlib import Path

from benchmarks.ingest import memory


def test_memory_is_flat_over_two_hundred_thousand_readings(tmp_path: Path) -> None:
    result = memory(tmp_path / "run", 200_000)
    assert result["stored"] == 200_000
    assert result["growth_mb"] < 50
