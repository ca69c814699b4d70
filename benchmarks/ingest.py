"""How fast readings come in, by both doors, how soon they can be used, and what that costs.

The whole way to stored and judged, over mosquitto into InfluxDB and over the device door into
DuckDB, beside Node-RED's two flows, all in turns. Then the way to the synced spool alone: mosquitto
with our configuration, the load (one reading a message, QoS 1) and the receiver share the machine,
each a process of its own. `mosquitto_sub` receives the same load in the same run.

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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import chain, latency, nodered, wave
from benchmarks.decode import natively
from benchmarks.door import through
from benchmarks.report import Figure, report, show
from ingest.settings import IngestSettings
from tests.servers.mosquitto import Mosquitto, start
from tests.servers.process import ServerMissing

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
        broker_s = chain.cpu_s_of(broker.pid)
        _load(broker, messages)
        result: dict[str, float] = json.loads(receiver.stdout.read().splitlines()[-1])
        result["broker_cpu_s"] = chain.cpu_s_of(broker.pid) - broker_s
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
        first = chain.cpu_s_of(peer.pid)
        while chain.cpu_s_of(peer.pid) - first < 0.01:  # until the first messages come
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


@dataclass(frozen=True, slots=True)
class Chains:
    """The whole way of a reading, each chain the median of its runs.

    Parameters
    ----------
    one_by_one, batched
        Node-RED's flows; `None` where Node-RED cannot be had.
    broker
        Ours over mosquitto into InfluxDB, all in one process: broker and database take the
        other core.
    broker_apart
        The same with ingest in a process of its own.
    door
        Ours over the device door into DuckDB.
    missing
        Why a peer is not there.

    """

    one_by_one: chain.Run | None
    batched: chain.Run | None
    broker: chain.Run | None
    broker_apart: chain.Run | None
    door: chain.Run
    missing: str = ""


def over_door(messages: int) -> chain.Run:
    """Run the load through the device door into DuckDB, judged."""
    came = through(messages, 4, judged=True, apart=True)
    cpu_s = came["cpu_s"] / messages * 1e6
    return chain.Run(messages / came["seconds"], cpu_s, int(messages - came["stored"]))


def chains(folder: Path, messages: int, door_messages: int, rounds: int) -> Chains:
    """Run all chains in turns, so that what else the machine does meets each of them."""
    missing = ""
    ways: dict[str, Callable[[Path], chain.Run]] = {
        "broker": lambda into: chain.over_broker(into, messages, together=True),
        "broker apart": lambda into: chain.over_broker(into, messages, together=False),
        "door": lambda _: over_door(door_messages),
    }
    try:
        install = nodered.installed(Path(tempfile.gettempdir()) / "anju-bench-node-red")
        ways |= {
            "batched": lambda into: chain.over_nodered(into, install, messages, "batched"),
            # ten times as slow: a tenth of the messages takes as long
            "one by one": lambda into: chain.over_nodered(
                into, install, max(messages // 10, 1_000), "one by one"
            ),
        }
    except nodered.PeerMissing as error:
        missing = str(error)
    runs: dict[str, list[chain.Run]] = {}
    for turn in range(rounds):
        for name, way in ways.items():
            try:
                runs.setdefault(name, []).append(way(folder / f"{name} {turn}".replace(" ", "-")))
            except ServerMissing as error:
                missing = str(error)
    middle = {name: chain.medians(found) for name, found in runs.items() if found}
    return Chains(
        middle.get("one by one"), middle.get("batched"), middle.get("broker"),
        middle.get("broker apart"), middle["door"], missing,
    )  # fmt: skip


def chain_figures(found: Chains, subscriber: float | None) -> list[Figure]:
    """Put the chains beside each other."""
    why = f" (missing: {found.missing})" if found.missing else ""

    def peer(name: str, run: chain.Run | None, what: str) -> tuple[str, float | None]:
        return name + ("" if run else why), getattr(run, what) if run else None

    single, batched = "Node-RED, influxdb out", "Node-RED, join 1000 and batch"
    broker, apart, door = found.broker, found.broker_apart, found.door
    return [
        Figure("broker path to InfluxDB, judged, against Node-RED one by one",
               broker.rate if broker else None, "readings/s",
               peer(single, found.one_by_one, "rate"), ">= 10", "ratio"),
        Figure("broker path to InfluxDB, judged, against Node-RED batched",
               broker.rate if broker else None, "readings/s",
               peer(batched, found.batched, "rate"), ">= 1.2", "ratio"),
        Figure("the same with ingest in a process of its own",
               apart.rate if apart else None, "readings/s", peer(batched, found.batched, "rate")),
        Figure("broker path to InfluxDB: lost", broker.lost if broker else None, "readings",
               None, "== 0"),
        Figure("broker path to InfluxDB: CPU a million, everything",
               broker.cpu_s_per_million if broker else None, "s",
               peer(batched, found.batched, "cpu_s_per_million")),
        Figure("Node-RED one by one: lost", found.one_by_one.lost if found.one_by_one else None,
               "readings"),
        Figure("Node-RED batched: lost", found.batched.lost if found.batched else None, "readings"),
        Figure("device door to DuckDB, judged, 200 gateways", door.rate, "readings/s",
               peer(batched, found.batched, "rate"), ">= 4", "ratio"),
        Figure("device door to DuckDB: CPU a million, everything", door.cpu_s_per_million, "s",
               peer(batched, found.batched, "cpu_s_per_million"), "<= 0.15", "ratio"),
        Figure("device door to DuckDB: lost", door.lost, "readings", None, "== 0"),
        Figure("device door to DuckDB beside a bare subscriber", door.rate, "readings/s",
               ("mosquitto_sub through mosquitto", subscriber)),
    ]  # fmt: skip


def run(quick: bool) -> dict[str, Any]:
    """Measure; `quick` takes a tenth or less of everything, and each chain once."""
    messages, long_run = (20_000, 100_000) if quick else (400_000, 10_000_000)
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        folder = Path(name)
        ours = receive(folder / "ours", messages)
        peer = receive_with_mosquitto_sub(folder / "peer", messages)
        found = chains(folder, *((10_000, 50_000, 1) if quick else (200_000, 1_000_000, 3)))
        long = memory(folder / "memory", long_run)
    rate, cpu_us = messages / ours["seconds"], ours["cpu_s"] / messages * 1e6
    name = "mosquitto_sub" if peer else "mosquitto_sub (not installed)"
    figures = [
        *chain_figures(found, peer[0] if peer else None),
        *latency.figures(quick),
        *natively(*((20_000, 5) if quick else (100_000, 15)), IngestSettings().batch_messages),
        *wave.figures(quick),
        Figure(
            "validated readings/s, broker path to the synced spool",
            rate,
            "1/s",
            (name, peer[0] if peer else None),
            ">= 20000",
        ),
        Figure("lost before the spool", messages - ours["drained"], "readings", goal="== 0"),
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
