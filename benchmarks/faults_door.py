"""The device door that faults are done to: `python -m benchmarks.faults_door PORT SPOOL LIMIT`.

A process of its own. It prints `ready`, then a line `STATE SECONDS-SINCE-1970` whenever its state
changes, and ends on SIGTERM.
"""

import signal
import sys
import threading
import time
from pathlib import Path

import structlog

from domain.clock import SystemClock
from ingest.door.listener import Door
from ingest.door.settings import DoorSettings
from storage.spool import SqliteSpool
from tests.e2e.door_process import keeper
from tests.e2e.ingest_process import directory


def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    known = directory()
    spool = SqliteSpool(Path(sys.argv[2]), limit_bytes=int(sys.argv[3]))
    door = Door(DoorSettings(port=int(sys.argv[1])), keeper(), spool, lambda: known, SystemClock())
    door.start()
    print("ready", flush=True)
    state = "ok"
    while not stopping.wait(0.02):
        if (now := door.health().state) != state:
            state = now
            print(state, time.time(), flush=True)
    door.stop()
    spool.close()


if __name__ == "__main__":
    main()
