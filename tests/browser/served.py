"""The quarter in a process of its own that may be killed (`python -m tests.browser.served`)."""

import subprocess
import sys
from pathlib import Path

from storage.readings import open_readings
from tests.browser.quarter import serve_records

ROOT = Path(__file__).parents[2]


class Served:
    """A served records file; killed without a word, it goes on with what was on the disk."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> None:
        """Serve it, on another port each time."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.served", str(self._file)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("port "):
                self.port = int(line.split()[1])
                return
        raise AssertionError("the house was not served")

    def kill(self) -> None:
        """Kill it (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def main() -> None:
    """Serve until the parent is gone."""
    readings = open_readings("duckdb:")
    with serve_records(Path(sys.argv[1]), readings) as quarter:
        sys.stdout.write(f"port {quarter.url.rpartition(':')[2]}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
