"""Ingest as a process of its own, for tests that kill it: `ingest_process.py PORT SPOOL`."""

import signal
import sys
import threading
from pathlib import Path

import structlog

from domain.clock import SystemClock
from domain.sensors import Channel, Gateway
from ingest.directory import Directory
from ingest.receiver import Receiver
from ingest.settings import Broker
from storage.spool import SqliteSpool

LIMIT_BYTES = 500_000_000


def directory() -> Directory:
    pairs = []
    for gateway in ("g-1", "g-2"):
        for point in range(5):
            address = f"T{point}.x"
            channel = Channel(f"{gateway}:{address}", "s", gateway, address, "tilt", "‰", axis="x")
            pairs.append((Gateway(gateway, gateway), channel))
    return Directory(pairs, 0)


def main() -> None:
    # the parent reads `ready` from standard output
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    known = directory()
    spool = SqliteSpool(Path(sys.argv[2]), limit_bytes=LIMIT_BYTES)
    receiver = Receiver(Broker(port=int(sys.argv[1])), spool, lambda: known, SystemClock(), 0)
    receiver.start()
    while receiver.health().state != "ok" and not stopping.wait(0.01):
        pass
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    stopping.wait()
    receiver.stop()
    spool.close()


if __name__ == "__main__":
    main()
