"""What a connection needs of the door behind it."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from domain.clock import Clock
from ingest.door.packets import Connect, Will
from ingest.door.sessions import Session
from ingest.door.settings import DoorSettings
from ingest.messages import Message

if TYPE_CHECKING:
    from ingest.door.connection import Connection


class Hall(Protocol):
    """Where all connections meet: `listener.Door`, or in tests one in memory.

    Parameters
    ----------
    buffer
        What any connection reads into; its content is taken out before the next one reads.
    now_s
        A steady clock's seconds.

    """

    limits: DoorSettings
    clock: Clock
    payload_bytes_max: int
    figures: dict[str, int]
    buffer: memoryview
    now_s: Callable[[], float]

    def came(self, connection: "Connection") -> None:
        """Take a connection in."""
        ...

    def went(self, connection: "Connection") -> None:
        """Forget a connection that is closed."""
        ...

    def refuse(self, connection: "Connection", why: str) -> None:
        """Count and tell what was refused."""
        ...

    def judge(self, connection: "Connection", connect: Connect, certificate: str) -> None:
        """Have a log-in judged and tell the connection."""
        ...

    def open(self, connection: "Connection", connect: Connect) -> tuple[bool, Session]:
        """Let a gateway in; tell whether its session goes on, and give it."""
        ...

    def left(self, connection: "Connection", will: Will | None, session_s: int) -> None:
        """Take note that a gateway is no longer connected, and its will in."""
        ...

    def put(self, messages: list[Message]) -> None:
        """Hand messages to the writer."""
        ...

    def later(self, seconds: float, what: Callable[[], object]) -> asyncio.TimerHandle | None:
        """Call something later on this thread."""
        ...
