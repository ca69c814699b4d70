"""How fast 200 connected gateways get readings through the device door, and what that costs.

One reading a message, QoS 1, each acknowledged only after its fsync: first to the synced spool
alone, then all the way to DuckDB and judged. The load is a process of its own; its CPU is not in
the figures.

    python -m benchmarks.door [--quick] [--json]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, report, show

ROOT = Path(__file__).parents[1]
GATEWAYS = 200
#: CPU s per million of Node-RED 4 with its batching nodes, broker and InfluxDB 1.6.7 included,
#: measured in November 2026; it is not run here
NODE_RED_CPU_S = 65.0


def _python(module: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a process ended early with {process.wait()}; its error stands above")
    return line


def _go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def through(messages: int, version: int, *, judged: bool, apart: bool = False) -> dict[str, float]:
    """Send messages through a house of its own; `apart`: in two processes, as `up`."""
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as folder:
        more = ["--judged"] * judged + ["--apart"] * apart
        house = _python("benchmarks.door_house", "--folder", folder, "--messages", messages,
                        "--gateways", GATEWAYS, *more)  # fmt: skip
        load = None
        try:
            port = _line(house).split()[1]
            load = _python("benchmarks.door_load", "--port", port, "--messages", messages,
                           "--gateways", GATEWAYS, "--version", version)  # fmt: skip
            _line(load)
            _go(house)
            _go(load)
            sent: dict[str, float] = json.loads(_line(load))
            came: dict[str, float] = json.loads(_line(house))
        finally:
            for process in (load, house):
                if process is not None:
                    process.terminate()
                    process.wait(30)
    return came | {"load_s": sent["seconds"], "load_cpu_s": sent["cpu_s"],
                   "acknowledged": sent["acknowledged"]}  # fmt: skip


def run(quick: bool) -> dict[str, Any]:
    """Measure; `quick` takes 100,000 messages instead of 1,000,000."""
    messages = 100_000 if quick else 1_000_000
    figures = []
    for version, name in ((4, "MQTT 3.1.1"), (5, "MQTT 5")):
        came = through(messages, version, judged=False)
        million = messages / 1e6
        figures += [
            Figure(f"acknowledged readings/s to the synced spool, {name}",
                   messages / came["load_s"], "1/s"),
            Figure(f"CPU a million readings to the synced spool, {name}",
                   came["cpu_s"] / million, "s"),
            Figure(f"lost, {name}", messages - came["stored"], "readings", goal="== 0"),
            Figure(f"readings a sync, {name}", messages / came["batches"], "readings"),
        ]  # fmt: skip
    for apart, where in ((True, ""), (False, ", all in one process")):
        came = through(messages, 4, judged=True, apart=apart)
        figures += [
            Figure(f"readings/s to DuckDB and judged{where}", messages / came["seconds"], "1/s"),
            Figure(f"lost on the way to DuckDB{where}", messages - came["stored"], "readings",
                   goal="== 0"),
            Figure(f"CPU a million readings to DuckDB and judged{where}", came["cpu_s"] / million,
                   "s", ("Node-RED batched to InfluxDB, measured before", NODE_RED_CPU_S),
                   "<= 0.15" if apart else None, "ratio"),
        ]  # fmt: skip
    return report("door", figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="a short form, under a minute")
    given = parser.parse_args()
    show(run(given.quick), as_json=given.json)


if __name__ == "__main__":
    main()
