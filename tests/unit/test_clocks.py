"""The clock file that several processes share."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.clocks import FileClock, open_clock
from domain.clock import SystemClock
from domain.errors import SettingsInvalid


def test_another_process_sees_the_clock_move(tmp_path: Path) -> None:
    clock = FileClock.create(tmp_path / "clock", 1_000)
    clock.advance_to(5_000)
    code = "import sys; from app.clocks import open_clock; print(open_clock(sys.argv[1]).now_ns())"
    told = subprocess.run(
        [sys.executable, "-c", code, f"file:{tmp_path / 'clock'}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "5000"


def test_a_clock_never_goes_back(tmp_path: Path) -> None:
    clock = FileClock.create(tmp_path / "clock", 5_000)
    clock.advance_to(1_000)
    assert clock.now_ns() == 5_000


def test_the_settings_choose_the_clock(tmp_path: Path) -> None:
    assert isinstance(open_clock("system"), SystemClock)
    with pytest.raises(SettingsInvalid, match="sundial"):
        open_clock("sundial")
    with pytest.raises(SettingsInvalid, match="cannot open"):
        open_clock(f"file:{tmp_path / 'missing'}")
