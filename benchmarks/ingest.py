"""How fast readings come in over the broker and are safe on disk, and what that costs.

mosquitto with our configuration, the load (one reading a message, QoS 1) and the receiver share
the machine, each a process of its own. `mosquitto_sub` receives the same load in the same run.

    python -m benchmarks.ingest [--quick] [--json]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, report, show
from tests.servers.mosquitto import Mosquitto, start

ROOT = Path(__file__).parents[1]


def _python(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def _load(broker: Mosquitto, messages: int) -> None:
    start_ms = int(time.time() * 1000) - 3_000_000
    subprocess.run(
        _python("benchmarks.ingest_load", "--port", broker.port, "--messages", messages,
                "--start-ms", start_ms),
        check=True, cwd=ROOT, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _cpu_s(pid: int) -> float:
    """Tell a process's CPU time so far, threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def receive(folder: Path, messages: int) -> dict[str, float]:
    """Run the load into our receiver and its spool."""
    (folder / "spool").mkdir(parents=True)
    with start(folder / "mosquitto") as broker:
        receiver = subprocess.Popen(
            _python("benchmarks.ingest_receive", "--port", broker.port, "--folder",
                    folder / "spool", "--messages", messages),
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert receiver.stdout is not None
        while (line := receiver.stdout.readline()).strip() != "ready":
            if not line:
                raise RuntimeError("the receiver did not start; its error stands above")
        broker_s = _cpu_s(broker.pid)
        _load(broker, messages)
        result: dict[str, float] = json.loads(receiver.stdout.read().splitlines()[-1])
        result["broker_cpu_s"] = _cpu_s(broker.pid) - broker_s
        receiver.wait()
    return result


def receive_with_mosquitto_sub(folder: Path, messages: int) -> tuple[float, float] | None:
    """Run the same load into `mosquitto_sub`; (messages/s, CPU µs a message), `None` without it."""
    program = shutil.which("mosquitto_sub")
    if program is None:
        return None
    with start(folder / "mosquitto") as broker:
        command = [program, "-p", str(broker.port), "-t", "anju/1/0/+/readings", "-q", "1"]
        command += ["-i", "bench-sub", "-c", "-C", str(messages)]
        peer = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while "as bench-sub" not in broker.log.read_text():
            time.sleep(0.05)
        time.sleep(0.3)  # its subscription follows its connection
        load = subprocess.Popen(
            _python("benchmarks.ingest_load", "--port", broker.port, "--messages", messages,
                    "--start-ms", int(time.time() * 1000) - 3_000_000),
            stdout=subprocess.DEVNULL, cwd=ROOT,
        )  # fmt: skip
        first = _cpu_s(peer.pid)
        while _cpu_s(peer.pid) - first < 0.01:  # until the first messages come
            time.sleep(0.002)
        began = time.monotonic()
        _, _, used = os.wait4(peer.pid, 0)
        seconds = time.monotonic() - began
        peer.returncode = 0  # collected above
        load.wait()
    return messages / seconds, (used.ru_utime + used.ru_stime) / messages * 1e6


def memory(folder: Path, messages: int) -> dict[str, float]:
    """Decode, check, spool and drain in one process, without a broker."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        _python("benchmarks.ingest_receive", "--folder", folder, "--messages", messages),
        check=True, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def run(quick: bool) -> dict[str, Any]:
    """Measure; `quick` takes 40,000 messages instead of 400,000 and 200,000 instead of 10 M."""
    messages, long_run = (40_000, 200_000) if quick else (400_000, 10_000_000)
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        folder = Path(name)
        ours = receive(folder / "ours", messages)
        peer = receive_with_mosquitto_sub(folder / "peer", messages)
        long = memory(folder / "memory", long_run)
    rate, cpu_us = messages / ours["seconds"], ours["cpu_s"] / messages * 1e6
    name = "mosquitto_sub" if peer else "mosquitto_sub (not installed)"
    figures = [
        Figure(
            "validated readings/s, broker path",
            rate,
            "1/s",
            (name, peer[0] if peer else None),
            ">= 20000",
        ),
        Figure("lost", messages - ours["drained"], "readings", goal="== 0"),
        Figure("CPU a reading, receiver", cpu_us, "µs", (name, peer[1] if peer else None)),
        Figure("CPU a reading, broker", ours["broker_cpu_s"] / messages * 1e6, "µs"),
        Figure("readings a sync", messages / ours["batches"], "readings"),
        Figure(
            "readings/s without a broker, decoded to synced",
            long["stored"] / long["seconds"],
            "1/s",
        ),
        Figure(f"RSS growth over {long_run:,} readings", long["growth_mb"], "MB", None, "< 50"),
    ]
    return report("ingest", figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="a short form, under a minute")
    given = parser.parse_args()
    show(run(given.quick), as_json=given.json)


if __name__ == "__main__":
    main()
