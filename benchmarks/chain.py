"""The whole chain, message to queryable reading: ours and Node-RED's, in turns in one run.

One reading a message, QoS 1, over mosquitto with our configuration, into the same InfluxDB. Ours
decodes, checks, drops repeats, syncs to disk before it acknowledges, and judges the limits;
Node-RED parses and writes. CPU counts everything but the load: broker, bridge and database.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import urllib3

from benchmarks import nodered
from tests.servers import influx, mosquitto

ROOT = Path(__file__).parents[1]
_SETTLE_LIMIT_S = 180.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of one chain came to.

    Parameters
    ----------
    rate
        Readings/s from the first publish until the last can be asked for.
    cpu_s_per_million
        CPU seconds of everything but the load.
    lost
        Readings that were acknowledged to the sender and cannot be asked for.

    """

    rate: float
    cpu_s_per_million: float
    lost: int


def cpu_s_of(pid: int) -> float:
    """Tell a process's CPU time so far, threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_cpu_s() -> dict[int, float]:
    """Tell the CPU time of every process below this one, by id."""
    parent_of, used = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            parent_of[int(entry.name)] = int(fields[1])
            used[int(entry.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    ours, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, parent in parent_of.items() if parent in ours} - ours
        ours |= more
        grown = bool(more)
    return {pid: used[pid] for pid in ours - {os.getpid()}}


def publish(
    port: int, messages: int, *, rate: float = 0.0, boot: int = 1
) -> "subprocess.Popen[bytes]":
    """Start the load as a process of its own; `rate` 0 is as fast as the broker takes it."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ingest_load", "--port", str(port),
         "--messages", str(messages), "--start-ms", str(int(time.time() * 1000) - 3_000_000),
         "--rate", str(rate), "--boot", str(boot)],
        cwd=ROOT, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def measured(port: int, messages: int, count: Callable[[], int]) -> Run:
    """Publish, wait until all can be asked for (or nothing more comes), and reckon."""
    before = children_cpu_s()
    began = time.monotonic()
    load = publish(port, messages)
    best, moved = -1, time.monotonic()
    until = began + _SETTLE_LIMIT_S
    while time.monotonic() < until:
        found = count()
        if found > best:
            best, moved = found, time.monotonic()
        if best >= messages or (load.poll() is not None and time.monotonic() - moved > 10):
            break
        time.sleep(0.05)
    seconds = moved - began
    after = children_cpu_s()
    load.wait()
    cpu = sum(s - before.get(pid, 0.0) for pid, s in after.items() if pid != load.pid)
    return Run(best / seconds, cpu / messages * 1e6, messages - best)


def influx_count(url: str, database: str, measurement: str) -> Callable[[], int]:
    """Make a function that counts the readings of a database."""
    query = urlencode({"db": database, "q": f'SELECT count("value") FROM "{measurement}"'})
    address = f"{url}/query?{query}"
    pool = urllib3.PoolManager()

    def count() -> int:
        answer = pool.request("GET", address).json()
        series = answer["results"][0].get("series")
        return int(series[0]["values"][0][1]) if series else 0

    return count


def over_nodered(folder: Path, install: Path, messages: int, way: nodered.Way) -> Run:
    """Run the load through Node-RED into InfluxDB."""
    with mosquitto.start(folder / "mosquitto") as broker, influx.start(folder / "influx") as db:
        bucket = db.new_bucket()
        http = influx._port_in(folder / "influx" / "influxd.conf", "[http]")
        nodes = nodered.flow(way, broker.port, http, bucket)
        with nodered.running(folder / "red", install, nodes, broker.log):
            return measured(broker.port, messages, influx_count(db.url, bucket, "reading"))


@contextlib.contextmanager
def running_house(
    folder: Path, broker_url: str, readings_url: str, *, together: bool = False
) -> Iterator[int]:
    """Run our ingest and analysis, in two processes or together in one; give its id."""
    env = os.environ | {
        "ANJU_BROKER__URL": broker_url,
        "ANJU_READINGS__URL": readings_url,
        "ANJU_LOG": "json",
    }
    with (folder / "house.log").open("wb") as log:
        house = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.chain_house", "--folder", str(folder / "house"),
             *["--together"] * together],
            cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
        try:
            assert house.stdout is not None
            if not house.stdout.readline():
                raise RuntimeError((folder / "house.log").read_text()[-2000:])
            yield house.pid
        finally:
            assert house.stdin is not None
            house.stdin.close()
            try:
                house.wait(60)
            except subprocess.TimeoutExpired:
                house.kill()
                house.wait()


def over_broker(folder: Path, messages: int, *, together: bool) -> Run:
    """Run the load through mosquitto, our ingest and pipeline, into InfluxDB."""
    folder.mkdir(parents=True)
    with mosquitto.start(folder / "mosquitto") as broker, influx.start(folder / "influx") as db:
        bucket = db.new_bucket()
        url = f"mqtt://127.0.0.1:{broker.port}"
        with running_house(folder, url, db.store_url(bucket), together=together):
            return measured(broker.port, messages, influx_count(db.url, bucket, "readings"))


def medians(runs: list[Run]) -> Run:
    """Take the median of each figure; of the losses the worst."""
    return Run(
        statistics.median(run.rate for run in runs),
        statistics.median(run.cpu_s_per_million for run in runs),
        max(run.lost for run in runs),
    )
