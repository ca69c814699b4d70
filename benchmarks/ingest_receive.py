"""The receiving side of the ingest benchmark: receiver, spool, and a reader that drains it.

A process of its own. It prints `ready`, and at the end one line of JSON.
"""

import argparse
import json
import resource
import sys
import threading
import time
from pathlib import Path

from benchmarks.ingest_load import CHANNELS, GATEWAYS, payload_of, topic_of
from domain.clock import SystemClock
from domain.sensors import Channel, Gateway
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.receiver import Receiver
from ingest.settings import Broker, IngestSettings
from storage.spool import SqliteSpool


def directory() -> Directory:
    pairs = []
    for gateway in range(GATEWAYS):
        box = Gateway(f"g-{gateway:04d}", f"gateway {gateway}")
        for channel in range(CHANNELS):
            name = f"{gateway}-{channel}"
            address = f"T{channel}.x"
            pairs.append(
                (box, Channel(f"c-{name}", f"s-{name}", box.id, address, "tilt", "°", axis="x"))
            )
    return Directory(pairs, 0)


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def drain(spool: SqliteSpool, offset: int) -> tuple[int, int]:
    """Take all rows that wait, as the pipeline and the store do; return how far and how many."""
    readings = 0
    while entries := spool.after(offset, 20_000):
        offset = entries[-1].offset
        readings += sum(len(entry.batch) for entry in entries)
        spool.advance("stored", offset)
        spool.advance("judged", offset)
    return offset, readings


def over_the_broker(port: int, folder: Path, messages: int) -> dict[str, float]:
    spool = SqliteSpool(folder / "spool.db", limit_bytes=2_000_000_000)
    known = directory()
    receiver = Receiver(Broker(port=port), spool, lambda: known, SystemClock(), 0)
    stopping = threading.Event()
    drained = [0, 0]

    def follow() -> None:
        while not stopping.is_set():
            drained[0], n = drain(spool, drained[0])
            drained[1] += n
            stopping.wait(0.05)

    follower = threading.Thread(target=follow)
    receiver.start()
    while receiver.health().state != "ok":
        time.sleep(0.05)
    follower.start()
    time.sleep(0.2)
    print("ready", flush=True)
    start_cpu, first = cpu_s(), 0.0
    while (done := receiver.stats())["acknowledged"] < messages:
        if not first and done["messages"]:
            first = time.monotonic()
        time.sleep(0.005)
    seconds, used = time.monotonic() - first, cpu_s() - start_cpu
    receiver.stop()
    stopping.set()
    follower.join()
    drained[1] += drain(spool, drained[0])[1]
    spool.close()
    stats = receiver.stats()
    return {
        "seconds": seconds,
        "cpu_s": used,
        "stored": stats["stored"],
        "drained": drained[1],
        "batches": stats["batches"],
        "receipts": stats["receipts"],
        "redelivered": stats["redelivered"],
    }


def in_process(folder: Path, messages: int) -> dict[str, float]:
    """Decode, check, spool and drain without a broker: what memory does over a long time."""
    spool = SqliteSpool(folder / "spool.db", limit_bytes=2_000_000_000)
    known = directory()
    intake = Intake(lambda: known, IngestSettings())
    clock = SystemClock()
    topics = [topic_of(gateway) for gateway in range(GATEWAYS)]
    start_ms = clock.now_ns() // 1_000_000 - 3_000_000
    offset = stored = 0
    seconds = warm_mb = peak_mb = 0.0
    for first in range(0, messages, 5_000):
        batch = [
            Message(topics[n % GATEWAYS], payload_of(n, start_ms), clock.now_ns())
            for n in range(first, min(first + 5_000, messages))
        ]
        start = time.monotonic()
        stored += spool.write(intake.arrivals(batch)).stored
        offset, _ = drain(spool, offset)
        seconds += time.monotonic() - start
        now_mb = rss_mb()
        if first < max(messages // 10, 50_000):
            warm_mb = max(warm_mb, now_mb)
        peak_mb = max(peak_mb, now_mb)
    spool.close()
    return {"seconds": seconds, "stored": stored, "growth_mb": max(0.0, peak_mb - warm_mb)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--messages", type=int, required=True)
    given = parser.parse_args()
    if given.port:
        result = over_the_broker(given.port, given.folder, given.messages)
    else:
        result = in_process(given.folder, given.messages)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
