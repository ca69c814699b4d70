"""A short coverage-guided fuzz run of each decoder; `tests/fuzz/` runs them for as long as wanted."""

import os
import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ingest.decoders import decoders

ROOT = Path(__file__).parents[2]
#: names of `tests.fuzz.fuzz_decoders` that are no decoders: it cannot be imported without atheris
EXTRA = ("together", "times")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*sorted(decoders()), *EXTRA])
def test_made_up_payloads_break_nothing(name: str, tmp_path: Path) -> None:
    if find_spec("atheris") is None:
        reason = f"atheris has no wheel for {platform.system()} on {platform.machine()}"
        assert not (os.environ.get("CI") and sys.platform == "linux"), reason
        pytest.skip(reason)
    command = [sys.executable, "-m", "tests.fuzz.fuzz_decoders", name]
    command += ["--seconds", "1", "--finds", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "stat::number_of_executed_units" in done.stderr
    assert not list(tmp_path.iterdir())
