"""The device door in this process, and raw connections to it."""

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from domain.clock import SystemClock
from domain.ports import SpoolWriter
from ingest.directory import Directory
from ingest.door.doorkeeper import Doorkeeper
from ingest.door.listener import Door
from ingest.door.settings import DoorSettings
from ingest.settings import IngestSettings
from storage.spool import SqliteSpool
from tests.e2e.door_process import keeper as open_keeper
from tests.e2e.ingest_process import directory


@dataclass
class RunningDoor:
    """A door with its spool."""

    door: Door
    spool: SqliteSpool

    @property
    def port(self) -> int:
        return self.door.port

    def numbers(self) -> list[int]:
        """List the numbers of all readings that are kept."""
        return sorted(n for e in self.spool.after(0, 10**9) for n in e.batch.seq.tolist())

    def stats(self) -> dict[str, int]:
        return self.door.stats()


@contextlib.contextmanager
def running_door(
    folder: Path,
    *,
    limits: DoorSettings | None = None,
    settings: IngestSettings | None = None,
    keeper: Doorkeeper | None = None,
    to: Callable[[SqliteSpool], SpoolWriter] = lambda spool: spool,
    of: Callable[[], Directory] | None = None,
) -> Iterator[RunningDoor]:
    """Run a door on a free port until the block ends."""
    known = directory()
    with contextlib.closing(SqliteSpool(folder / "spool.db", limit_bytes=10**9)) as spool:
        door = Door(
            limits or DoorSettings(port=0),
            keeper or open_keeper(),
            to(spool),
            of or (lambda: known),
            SystemClock(),
            settings,
        )
        try:
            door.start()
            yield RunningDoor(door, spool)
        finally:
            door.stop()
            while Raw.opened:
                Raw.opened.pop().close()


class Raw:
    """A connection that sends what it is told."""

    #: closed with the door
    opened: ClassVar[list["Raw"]] = []

    def __init__(self, port: int, data: bytes = b"") -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.opened.append(self)
        if data:
            self.sock.sendall(data)

    def read(self, size: int) -> bytes:
        """Read so many bytes, or fewer when the door ends the connection."""
        found = b""
        while len(found) < size:
            part = self.sock.recv(size - len(found))
            if not part:
                break
            found += part
        return found

    def packet(self) -> bytes:
        """Read one short packet."""
        head = self.read(2)
        return head + self.read(head[1]) if len(head) == 2 else head

    def ended(self, seconds: float = 20.0) -> bool:
        """Wait until the door ends the connection; what it still says is thrown away."""
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(65_536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def close(self, *, reset: bool = False) -> None:
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to hold in time"
        time.sleep(0.02)
