"""A short coverage-guided fuzz run of all decoders; `tests/fuzz/` runs each as long as wanted."""

import os
import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_made_up_payloads_break_nothing(tmp_path: Path) -> None:
    if find_spec("atheris") is None:
        reason = f"atheris has no wheel for {platform.system()} on {platform.machine()}"
        has_one = sys.platform == "linux" and platform.machine() == "x86_64"
        assert not (os.environ.get("CI") and has_one), "atheris is missing, run ./anju test"
        pytest.skip(reason)
    command = [sys.executable, "-m", "tests.fuzz.fuzz_decoders", "all"]
    command += ["--seconds", "4", "--finds", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "stat::number_of_executed_units" in done.stderr
    assert not list(tmp_path.iterdir())
