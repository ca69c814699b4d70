"""Taking in as a process of its own, as `anju up` has it, for benchmarks.

The process prints `ready PORT`, answers each line with what ingest has counted and its CPU time so
far, and ends with its input.
"""

import argparse
import json
import logging
import subprocess
import sys
import time
from pathlib import Path

from app.collector import calm_collector
from app.house import House, Role
from app.logs import set_up_logs
from app.settings import Settings, load_settings
from benchmarks.ingest_receive import cpu_s

ROOT = Path(__file__).parents[1]


DOOR = "door://127.0.0.1:0"


def settings_in(folder: Path, url: str = DOOR) -> Settings:
    """Give settings for a folder; by default with an open door on any free port."""
    plain = load_settings()
    return plain.model_copy(
        update={
            "folder": folder,
            "broker": plain.broker.model_copy(update={"url": url}),
            "door": plain.door.model_copy(update={"open": True}),
        }
    )


def figures_of(house: House) -> dict[str, float]:
    """Tell what ingest has counted."""
    return next(dict(part.figures) for part in house.health() if part.part == "ingest")


def is_up(house: House) -> bool:
    """Tell whether it takes readings in; before its first heart-beat it tells of no part at all."""
    return any(part.part == "ingest" and part.state == "ok" for part in house.health())


class Within:
    """Ingest in the process that judges."""

    cpu_s = 0.0  # counted with the process

    def __init__(self, house: House) -> None:
        self._house = house
        self.port = house.gateways_url.rsplit(":", 1)[1]

    def figures(self) -> dict[str, float]:
        """Tell what ingest has counted."""
        return figures_of(self._house)

    def close(self) -> None:
        """Do nothing: the house ends it."""


class Apart:
    """Ingest in a process of its own."""

    def __init__(self, folder: Path, url: str = DOOR) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ingest_apart", "--folder", str(folder),
             "--url", url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        self.port = self._line().split()[1]

    @property
    def cpu_s(self) -> float:
        """CPU time that it has taken so far."""
        return self.figures()["cpu_s"]

    def figures(self) -> dict[str, float]:
        """Tell what ingest has counted."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: dict[str, float] = json.loads(self._line())
        return found

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"ingest ended early with {self._process.wait()}; see above")
        return line


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--url", default=DOOR, help="where gateways publish")
    given = parser.parse_args()
    set_up_logs("text", logging.WARNING)  # to standard error: standard output is ours
    house = House(settings_in(given.folder, given.url), frozenset({Role.INGEST}))
    house.start()
    calm_collector()
    while not is_up(house):
        time.sleep(0.02)
    print("ready", house.gateways_url.rsplit(":", 1)[1], flush=True)
    for _ in sys.stdin:
        print(json.dumps(figures_of(house) | {"cpu_s": cpu_s()}), flush=True)
    house.stop()


if __name__ == "__main__":
    main()
