"""What breaks, and what is lost by it: every acknowledged reading must be there once.

python -m benchmarks.faults [--quick] [--json]
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks import chain
from benchmarks.ingest_load import CHANNELS, GATEWAYS
from benchmarks.report import Figure, report, show
from storage.spool import SpoolReader
from tests.e2e.ingest_gateway import TestGateway
from tests.servers import influx, mosquitto

ROOT = Path(__file__).parents[1]
SEED = 20261123
RATE = 500


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


def _rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    raise RuntimeError(f"no memory figure of process {pid}")


def store_away(folder: Path, seconds: float) -> dict[str, float]:
    """Stop InfluxDB for a while at 500 readings/s, then see the spool drain."""
    messages = int(RATE * seconds)
    folder.mkdir(parents=True)
    with mosquitto.start(folder / "mosquitto") as broker, influx.start(folder / "influx") as db:
        bucket = db.new_bucket()
        url = f"mqtt://127.0.0.1:{broker.port}"
        count = chain.influx_count(db.url, bucket, "readings")
        with chain.running_house(folder, url, db.store_url(bucket)) as pid:
            first = GATEWAYS * CHANNELS  # so that caches are filled before memory is looked at
            chain.publish(broker.port, first).wait()
            _until(lambda: count() >= first, 60)
            before_mb = _rss_mb(pid)
            db.stop()
            load = chain.publish(broker.port, messages, rate=RATE, boot=2)
            worst_mb = before_mb
            while load.poll() is None:
                worst_mb = max(worst_mb, _rss_mb(pid))
                time.sleep(1.0)
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
    }


def _until(condition: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.2)


def run(quick: bool) -> dict[str, Any]:
    """Break things; `quick` does it in about a minute instead of three quarters of an hour."""
    kills, each = (3, 1_000) if quick else (20, 5_000)
    broker_kills, fewer = (2, 500) if quick else (10, 2_000)
    away_s = 10.0 if quick else 1_800.0
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        folder = Path(name)
        for part in ("ingest", "broker"):
            (folder / part).mkdir()
        ingest = kill_ingest(folder / "ingest", kills, each)
        broker = kill_broker(folder / "broker", broker_kills, fewer)
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
