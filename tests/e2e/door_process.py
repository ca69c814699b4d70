"""The device door as a process of its own, for tests that kill it: `door_process.py PORT SPOOL`."""

import signal
import sys
import threading
from pathlib import Path

import structlog

from domain.clock import SystemClock
from domain.sensors import Gateway
from ingest.door.doorkeeper import RegisterKeeper
from ingest.door.listener import Door
from ingest.door.settings import DoorSettings
from storage.spool import SqliteSpool
from tests.e2e.ingest_process import LIMIT_BYTES, directory

GATEWAYS = {name: Gateway(name, name) for name in ("g-1", "g-2")}


def keeper() -> RegisterKeeper:
    """Let the two gateways in, with any password."""
    return RegisterKeeper(GATEWAYS.get, None, frozenset, open_to_all=True)


def main() -> None:
    # the parent reads `ready` from standard output
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    known = directory()
    spool = SqliteSpool(Path(sys.argv[2]), limit_bytes=LIMIT_BYTES)
    limits = DoorSettings(port=int(sys.argv[1]))
    door = Door(limits, keeper(), spool, lambda: known, SystemClock())
    door.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    stopping.wait()
    door.stop()
    spool.close()


if __name__ == "__main__":
    main()
