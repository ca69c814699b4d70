"""What breaks, and what is lost by it: every acknowledged reading must be there once.

python -m benchmarks.faults [--quick] [--json]
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import chain
from benchmarks.faults_link import Link
from benchmarks.report import Figure, report, show
from storage.spool import SpoolReader, SqliteSpool
from tests.e2e.ingest_gateway import TestGateway
from tests.servers import influx, mosquitto
from tests.servers.process import ServerMissing, free_port
from tests.servers.small_disk import mounted

ROOT = Path(__file__).parents[1]
SEED = 20261123
RATE = 500
_WARM_S = 240.0


class _Ingest:
    """Ingest in a process that is killed and started again."""

    def __init__(self, port: int, spool: Path) -> None:
        self._command = [sys.executable, "-m", "tests.e2e.ingest_process", str(port), str(spool)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise RuntimeError("ingest did not start")

    def end(self, *, kill: bool) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        (self._process.kill if kill else self._process.terminate)()
        self._process.stdout.close()
        self._process.wait(30)


def _lost_and_twice(spool: Path, sent: int) -> tuple[int, int]:
    """Compare a spool that was never drained with the numbers 0, 1, … that were receipted."""
    reader = SpoolReader(spool)
    held = Counter(n for entry in reader.after(0, 10**9) for n in entry.batch.seq.tolist())
    reader.close()
    return len(set(range(sent)) - held.keys()), sum(held.values()) - len(held)


def kill_ingest(folder: Path, kills: int, each: int) -> tuple[int, int]:
    """Kill -9 ingest at random moments while a gateway sends as fast as it can."""
    dice = random.Random(SEED)
    spool = folder / "spool.db"
    with mosquitto.start(folder / "mosquitto") as broker:
        ingest = _Ingest(broker.port, spool)
        ingest.start()
        with TestGateway(broker.port) as gateway:
            for life in range(kills + 1):
                gateway.publish_all(range(life * each, (life + 1) * each), 4)
                time.sleep(dice.uniform(0.0, 0.4))
                if life < kills:
                    ingest.end(kill=True)
                    ingest.start()
            gateway.wait_for_receipts(120)
        ingest.end(kill=False)
    return _lost_and_twice(spool, (kills + 1) * each)


def kill_broker(folder: Path, kills: int, each: int) -> tuple[int, int]:
    """Kill -9 the broker, which forgets what it acknowledged; the gateway waits for receipts."""
    dice = random.Random(SEED)
    spool = folder / "spool.db"
    with mosquitto.start(folder / "mosquitto") as broker:
        ingest = _Ingest(broker.port, spool)
        ingest.start()
        with TestGateway(broker.port) as gateway:
            for turn in range(kills):
                gateway.publish_all(range(turn * each, (turn + 1) * each))
                time.sleep(dice.uniform(0.0, 0.2))
                broker.kill()
                broker.start_again()
            gateway.wait_for_receipts(180, again_every_s=3.0)
        ingest.end(kill=False)
    return _lost_and_twice(spool, kills * each)


class _Door:
    """The device door in a process of its own, with strace before it where a call is to fail."""

    def __init__(self, spool: Path, *, limit_bytes: int = 10**9, fail: str = "") -> None:
        self.port = free_port()
        self._arguments = [str(spool), str(limit_bytes)]
        self._before: list[str] = []
        if fail:
            strace = shutil.which("strace")
            if strace is None:
                raise ServerMissing("strace is not installed")
            calls = str(spool.with_name("calls.txt"))
            self._before = [strace, "-f", "-e", "trace=fdatasync", "-e", f"inject={fail}",
                            "-o", calls, "--"]  # fmt: skip
        self.states: list[tuple[str, float]] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, or start it again on the same port and spool."""
        command = [sys.executable, "-m", "benchmarks.faults_door", str(self.port)]
        process = self._process = subprocess.Popen(
            [*self._before, *command, *self._arguments],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        )  # fmt: skip
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("the door did not start")
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            state, at = line.split()
            self.states.append((state, float(at)))

    def degraded_after_s(self, since: float) -> float | None:
        """Tell how long after a moment it said that it takes nothing in."""
        times = [at for state, at in self.states if state == "degraded" and at >= since]
        return min(times) - since if times else None

    def end(self, *, kill: bool = False) -> None:
        """End it; strace hands no signal on."""
        process = self._process
        assert process is not None
        pids = [process.pid]
        if self._before:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            pids = [int(pid) for pid in children.split()] or pids
        for pid in pids:
            os.kill(pid, signal.SIGKILL if kill else signal.SIGTERM)
        process.wait(60)


def kill_door(folder: Path, kills: int, each: int) -> tuple[int, int]:
    """Kill -9 the door under load; only its acknowledgements are trusted."""
    dice = random.Random(SEED)
    door = _Door(folder / "spool.db")
    door.start()
    with TestGateway(door.port, log_in=True) as gateway:
        for life in range(kills + 1):
            gateway.publish_all(range(life * each, (life + 1) * each), 4)
            time.sleep(dice.uniform(0.0, 0.4))
            if life < kills:
                door.end(kill=True)
                door.start()
        gateway.wait_for_acks(range((kills + 1) * each), 300)
    door.end()
    return _lost_and_twice(folder / "spool.db", (kills + 1) * each)


def sync_fails(folder: Path) -> dict[str, float | None]:
    """Let each sync of the spool fail for a while, then start on a whole disk again."""
    spool = folder / "spool.db"
    SqliteSpool(spool, limit_bytes=10**9).close()  # so that only batches sync
    door = _Door(spool, fail="fdatasync:error=EIO:when=1+")
    door.start()
    with TestGateway(door.port, log_in=True) as gateway:
        began = time.time()
        gateway.publish_all(range(500), 5)
        _until(lambda: door.degraded_after_s(began), 20)
        time.sleep(3.0)
        acked = len(gateway.acked)
        door.end(kill=True)
        whole = _Door(spool)
        whole.port = door.port
        whole.start()
        gateway.wait_for_acks(range(500), 120)
    whole.end()
    lost, twice = _lost_and_twice(spool, 500)
    degraded_s = door.degraded_after_s(began)
    return {"acked": acked, "degraded_s": degraded_s, "lost": lost, "twice": twice}


def disk_full(folder: Path, messages: int) -> dict[str, float | None]:
    """Fill the spool's disk to the brim under load, and make room again."""
    with mounted(folder / "disk", 16) as disk:
        door = _Door(disk.folder / "spool.db")
        door.start()
        with TestGateway(door.port, log_in=True) as gateway:
            gateway.publish_all(range(1_000), 5)
            gateway.wait_for_acks(range(1_000), 60)
            disk.fill()
            began = time.time()
            gateway.publish_all(range(1_000, 1_000 + messages), 5)
            _until(lambda: door.degraded_after_s(began), 20)
            time.sleep(3.0)
            disk.make_room()
            gateway.wait_for_acks(range(1_000 + messages), 120)
        door.end()
        lost, twice = _lost_and_twice(disk.folder / "spool.db", 1_000 + messages)
        return {"degraded_s": door.degraded_after_s(began), "lost": lost, "twice": twice}


def spool_full(folder: Path, messages: int) -> dict[str, float | None]:
    """Send more than the spool may hold while nobody takes anything out of it."""
    spool = folder / "spool.db"
    small = _Door(spool, limit_bytes=400_000)
    small.start()
    with TestGateway(small.port, log_in=True) as gateway:
        began = time.time()
        gateway.publish_all(range(messages), 5)
        _until(lambda: small.degraded_after_s(began), 60)
        time.sleep(2.0)
        acked = len(gateway.acked)
        small.end()
        held, _ = _lost_and_twice(spool, messages)
        dropped = acked - (messages - held)  # acknowledged and not held
        large = _Door(spool)
        large.port = small.port
        large.start()
        gateway.wait_for_acks(range(messages), 300)
    large.end()
    lost, twice = _lost_and_twice(spool, messages)
    return {
        "waiting": messages - acked,
        "dropped": max(dropped, 0),
        "lost": lost,
        "twice": twice,
    }


def bad_line(folder: Path, cuts: int, each: int) -> tuple[int, int]:
    """Send over a slow line that is cut again and again."""
    dice = random.Random(SEED)
    door = _Door(folder / "spool.db")
    door.start()
    link = Link(door.port, bytes_a_second=200_000, delay_s=0.05)
    try:
        with TestGateway(link.port, log_in=True) as gateway:
            for turn in range(cuts):
                gateway.publish_all(range(turn * each, (turn + 1) * each), 5)
                time.sleep(dice.uniform(0.1, 1.0))
                link.cut()
            gateway.wait_for_acks(range(cuts * each), 600)
    finally:
        link.close()
        door.end()
    return _lost_and_twice(folder / "spool.db", cuts * each)


def out_of_order(spool: Path) -> int:
    """Count the readings in a spool that stand before an older one of their channel."""
    reader, offset, wrong = SpoolReader(spool), 0, 0
    newest: dict[str, int] = {}
    while entries := reader.after(offset, 20_000):
        offset = entries[-1].offset
        for entry in entries:
            batch = entry.batch
            for code, channel_id in enumerate(batch.channels):
                taken = batch.taken_at[batch.channel == code]
                if not len(taken):
                    continue
                wrong += int((np.diff(taken) < 0).sum())
                wrong += int(taken[0] < newest.get(channel_id, 0))
                newest[channel_id] = int(taken[-1])
    reader.close()
    return wrong


def _rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    raise RuntimeError(f"no memory figure of process {pid}")


def store_away(folder: Path, seconds: float) -> dict[str, float]:
    """Stop InfluxDB for a while at 500 readings/s, then see the spool drain.

    What judging keeps of readings grows for some minutes whether the store is there or not: the
    same load goes before, so that only what the outage itself takes is counted.
    """
    messages = int(RATE * seconds)
    folder.mkdir(parents=True)
    with mosquitto.start(folder / "mosquitto") as broker, influx.start(folder / "influx") as db:
        bucket = db.new_bucket()
        url = f"mqtt://127.0.0.1:{broker.port}"
        count = chain.influx_count(db.url, bucket, "readings")
        with chain.running_house(folder, url, db.store_url(bucket), together=True) as pid:
            first = int(RATE * min(seconds / 4, _WARM_S))
            chain.publish(broker.port, first, rate=RATE).wait()
            _until(lambda: count() >= first, 60)
            before_mb = _rss_mb(pid)
            db.stop()
            load = chain.publish(broker.port, messages, rate=RATE, boot=2)
            worst_mb = before_mb
            while load.poll() is None:
                worst_mb = max(worst_mb, _rss_mb(pid))
                time.sleep(1.0)
            wrong = out_of_order(folder / "house" / "spool.db")
            db.start_again()
            began = time.monotonic()
            _until(lambda: count() >= first + messages, 1200)
            drained_s = time.monotonic() - began
            worst_mb = max(worst_mb, _rss_mb(pid))
            stored = count()
    return {
        "spooled": messages,
        "lost": first + messages - stored,
        "drained_s": drained_s,
        "growth_mb": worst_mb - before_mb,
        "out_of_order": wrong,
    }


def _until(condition: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.2)


def door_figures(folder: Path, quick: bool) -> list[Figure]:
    """Break what stands around the device door."""
    kills, each = (3, 1_000) if quick else (20, 5_000)
    many = 20_000 if quick else 60_000
    for part in ("kill", "line", "sync", "disk", "spool"):
        (folder / part).mkdir(parents=True)
    killed = kill_door(folder / "kill", kills, each)
    line = bad_line(folder / "line", *((4, 500) if quick else (40, 1_000)))
    full = spool_full(folder / "spool", many)
    figures = [
        Figure(f"kill -9 of the door, {kills} times: lost", killed[0], "readings", None, "== 0"),
        Figure("kill -9 of the door: stored twice", killed[1], "readings", None, "== 0"),
        Figure("slow line that is cut: lost", line[0], "readings", None, "== 0"),
        Figure("slow line that is cut: stored twice", line[1], "readings", None, "== 0"),
        Figure("spool full: sender has to wait with", full["waiting"], "readings", None, "> 0"),
        Figure("spool full: acknowledged and dropped", full["dropped"], "readings", None, "== 0"),
        Figure("spool full: lost", full["lost"], "readings", None, "== 0"),
        Figure("spool full: stored twice", full["twice"], "readings", None, "== 0"),
    ]
    missing: dict[str, float | None] = dict.fromkeys(("acked", "degraded_s", "lost", "twice"))
    sync = disk = missing
    why = ""
    try:
        sync = sync_fails(folder / "sync")
        disk = disk_full(folder / "disk", 5_000)
    except ServerMissing as error:
        why = f" ({error})"
    return [
        *figures,
        Figure(f"sync error: acknowledged{why}", sync["acked"], "readings", None, "== 0"),
        Figure("sync error: degraded after", sync["degraded_s"], "s", None, "<= 2"),
        Figure("sync error: lost", sync["lost"], "readings", None, "== 0"),
        Figure("sync error: stored twice", sync["twice"], "readings", None, "== 0"),
        Figure(f"full disk: degraded after{why}", disk["degraded_s"], "s", None, "<= 2"),
        Figure("full disk: lost", disk["lost"], "readings", None, "== 0"),
        Figure("full disk: stored twice", disk["twice"], "readings", None, "== 0"),
    ]


def run(quick: bool) -> dict[str, Any]:
    """Break things; `quick` does it in about a minute instead of three quarters of an hour."""
    kills, each = (3, 1_000) if quick else (20, 5_000)
    broker_kills, fewer = (2, 500) if quick else (10, 2_000)
    away_s = 6.0 if quick else 1_800.0
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        folder = Path(name)
        for part in ("ingest", "broker"):
            (folder / part).mkdir()
        ingest = kill_ingest(folder / "ingest", kills, each)
        broker = kill_broker(folder / "broker", broker_kills, fewer)
        door = door_figures(folder / "door", quick)
        away = store_away(folder / "away", away_s)
    return report(
        "faults",
        [
            Figure(f"kill -9 of ingest, {kills} times: lost", ingest[0], "readings", None, "== 0"),
            Figure("kill -9 of ingest: stored twice", ingest[1], "readings", None, "== 0"),
            Figure(
                f"kill -9 of the broker, {broker_kills} times: lost", broker[0], "readings", None,
                "== 0",
            ),
            Figure("kill -9 of the broker: stored twice", broker[1], "readings", None, "== 0"),
            Figure(f"store away {away_s:g} s: spooled", away["spooled"], "readings"),
            Figure("store away: lost", away["lost"], "readings", None, "== 0"),
            Figure("store away: drained in", away["drained_s"], "s", None, "<= 600"),
            Figure("store away: memory growth", away["growth_mb"], "MB", None, "< 50"),
            Figure("store away: out of a channel's order", away["out_of_order"], "readings",
                   None, "== 0"),
            *door,
        ],
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="a short form, about a minute")
    given = parser.parse_args()
    show(run(given.quick), as_json=given.json)


if __name__ == "__main__":
    main()
