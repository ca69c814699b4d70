"""How long after it was sent a reading can be asked for, and an alert is decided.

The whole house on the device door, 200 gateways at 5,000 readings/s. Each reading bears the moment
at which it was sent. A thread asks the readings store for the newest of 200 channels every 20 ms;
an alert counts from the newest pair of readings sent before it stood in the records. One building
in a second begins to lean. Once with ingest in a process of its own, as `anju up` has it, and once
all in one process.

    ./anju bench latency [--quick] [--json]
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from app.collector import calm_collector
from app.house import House, Role
from benchmarks.door import GATEWAYS, _go, _line, _python
from benchmarks.door_house import fill_register
from benchmarks.ingest_apart import Apart, Within, settings_in
from benchmarks.report import Figure, report

RATE = 5_000.0
#: asking costs the house a question to DuckDB; every 2 ms it slowed down what it was to measure
_ASK_EVERY_S = 0.02


class _Asking(threading.Thread):
    """Notes how old a reading is when the store first gives it."""

    def __init__(self, house: House, channels: list[str]) -> None:
        super().__init__(daemon=True)
        self._house, self._channels = house, channels
        self.ages_ms: list[float] = []
        self.ended = False

    def run(self) -> None:
        seen: dict[str, int] = {}
        while not self.ended:
            newest = self._house.readings.latest(self._channels)
            now_ns = time.time_ns()
            for channel_id, reading in newest.items():
                if reading.taken_at_ns != seen.get(channel_id):
                    seen[channel_id] = reading.taken_at_ns
                    self.ages_ms.append((now_ns - reading.taken_at_ns) / 1e6)
            time.sleep(_ASK_EVERY_S)


def serve(folder: Path, buildings: int, *, apart: bool) -> dict[str, Any]:
    """Run the house until a line comes in; tell the ages and when alerts were decided."""
    decided: dict[str, int] = {}

    def note(_: Any, __: str, event: dict[str, Any]) -> str:
        if "alert" in event and event["event"].startswith("alert "):
            decided.setdefault(event["alert"], time.time_ns())
        return ""

    structlog.configure(processors=[note], logger_factory=structlog.ReturnLoggerFactory())
    settings = settings_in(folder)
    fill_register(folder / "records.db", buildings)
    house = House(settings, frozenset({Role.ANALYSE} if apart else {Role.INGEST, Role.ANALYSE}))
    house.start()
    ingest = Apart(folder) if apart else Within(house)
    calm_collector()  # as `anju up` does
    print("ready", ingest.port, flush=True)
    asking = _Asking(house, [f"c-{number}-0-x" for number in range(GATEWAYS)])
    asking.start()
    sys.stdin.readline()
    time.sleep(1.0)
    asking.ended = True
    asking.join()
    alerts = {}
    for alert_id, at_ns in decided.items():
        if alert := house.records.alerts.alert(alert_id):
            alerts.setdefault(alert.building_id, at_ns)
    ingest.close()
    house.stop()
    return {"ages_ms": asking.ages_ms, "alerts": alerts}


def measure(seconds: float, leaning: int, *, apart: bool) -> tuple[list[float], list[float], int]:
    """Run house and load; (ages in ms, decisions in ms, alerts that never came)."""
    buildings = GATEWAYS + leaning
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as folder:
        house = _python("benchmarks.latency", "--serve", folder, "--buildings", buildings,
                        *["--apart"] * apart)  # fmt: skip
        load = None
        try:
            port = _line(house).split()[1]
            load = _python(
                "benchmarks.latency_load", "--port", port, "--rate", RATE, "--seconds", seconds,
                "--gateways", GATEWAYS, "--leaning", leaning,
            )  # fmt: skip
            _line(load)
            _go(load)
            told: dict[str, list[int]] = json.loads(_line(load))
            _go(house)
            came = json.loads(_line(house))
        finally:
            for process in (load, house):
                if process is not None:
                    process.terminate()
                    process.wait(30)
    decisions = []
    for number, moments in told.items():
        at_ns = came["alerts"].get(f"b-{int(number):04d}")
        if at_ns is not None:
            decisions.append((at_ns - max(m for m in moments if m <= at_ns)) / 1e6)
    return came["ages_ms"], decisions, leaning - len(decisions)


def figures(quick: bool) -> list[Figure]:
    """Measure; `quick` sends for 6 s instead of 100."""
    seconds, leaning = (6.0, 6) if quick else (100.0, 96)
    found = []
    for apart, where in ((True, ""), (False, ", all in one process")):
        ages, decisions, missing = measure(seconds, leaning, apart=apart)
        half, most = np.percentile(ages, [50, 99]) if ages else (None, None)
        decided = float(np.percentile(decisions, 99)) if decisions else None
        goals = ("<= 100", "<= 300", "<= 50") if apart else (None, None, None)
        found += [
            Figure(f"publish to queryable at 5,000/s, p50{where}", half, "ms", None, goals[0]),
            Figure(f"publish to queryable at 5,000/s, p99{where}", most, "ms", None, goals[1]),
            Figure(f"reading to alert decided at 5,000/s, p99{where}", decided, "ms", None,
                   goals[2]),
            Figure(f"alerts that were not decided{where}", missing, "alerts", None, "== 0"),
        ]  # fmt: skip
    return found


def run(quick: bool) -> dict[str, Any]:
    """Measure."""
    return report("latency", figures(quick))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--serve", type=Path, required=True)
    parser.add_argument("--buildings", type=int, required=True)
    parser.add_argument("--apart", action="store_true", help="ingest in a process of its own")
    given = parser.parse_args()
    came = serve(given.serve, given.buildings, apart=given.apart)
    print(json.dumps(came), flush=True)


if __name__ == "__main__":
    main()
