"""The device door's connections without a network: bytes in, bytes out."""

import asyncio
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import mqtt5

from domain.clock import VirtualClock
from domain.sensors import Gateway
from ingest.door.connection import Connection
from ingest.door.doorkeeper import RegisterKeeper
from ingest.door.packets import Connect, Will, variable_int
from ingest.door.sessions import Session, Sessions
from ingest.door.settings import DoorSettings
from ingest.messages import Message

TOPIC = "anju/1/0/g-1/readings"


class MemoryTransport(asyncio.Transport):
    """Keeps what is written and what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.reading, self.ended = True, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.ended, "nothing is written after the end"
        self.written += data

    def is_closing(self) -> bool:
        return self.ended

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.ended = True

    def abort(self) -> None:
        self.ended = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


@dataclass
class MemoryHall:
    """Everything behind the connections, kept in lists."""

    limits: DoorSettings = field(default_factory=DoorSettings)
    payload_bytes_max: int = 1_000_000
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(1_795_413_600_000_000_000))
    at_s: float = 0.0
    put_in: list[Message] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    wills: list[Will] = field(default_factory=list)
    sessions: Sessions = field(default_factory=Sessions)

    def __post_init__(self) -> None:
        self.figures = dict.fromkeys(
            ("redelivered", "let pass", "messages refused", "slow log-ins"), 0
        )
        self.buffer = memoryview(bytearray(65_536))
        self.now_s: Callable[[], float] = lambda: self.at_s
        gateway = Gateway("g-1", "g-1")
        self.keeper = RegisterKeeper({"g-1": gateway}.get, None, frozenset, open_to_all=True)

    def came(self, connection: Connection) -> None: ...
    def went(self, connection: Connection) -> None: ...

    def refuse(self, connection: Connection, why: str) -> None:
        self.refused.append(why)

    def judge(self, connection: Connection, connect: Connect, certificate: str) -> None:
        connection.judged(
            self.keeper.admit(connect.client_id, connect.username, connect.password, certificate)
        )

    def open(self, connection: Connection, connect: Connect) -> tuple[bool, Session]:
        present = self.sessions.open("g-1", connect.client_id, self.at_s, clean=connect.clean)
        return present, self.sessions.of("g-1")

    def left(self, connection: Connection, will: Will | None, session_s: int) -> None:
        self.sessions.leave("g-1", self.at_s, session_s)
        if will is not None:
            self.wills.append(will)

    def put(self, messages: list[Message]) -> None:
        self.put_in += messages

    def later(self, seconds: float, what: Callable[[], object]) -> None: ...


class Client:
    """One connection, fed by hand."""

    def __init__(self, hall: MemoryHall | None = None) -> None:
        self.hall = hall or MemoryHall()
        self.transport = MemoryTransport()
        self.connection = Connection(self.hall, 7, "192.0.2.1")
        self.connection.connection_made(self.transport)

    def feed(self, data: bytes) -> bytes:
        """Send bytes as far as the door reads; return what it answers."""
        before = len(self.transport.written)
        for at in range(0, len(data), 65_536):
            part = data[at : at + 65_536]
            if self.transport.ended:
                break
            self.connection.get_buffer(-1)[: len(part)] = part
            self.connection.buffer_updated(len(part))
        return bytes(self.transport.written[before:])

    def feed_in(self, parts: Iterable[bytes]) -> bytes:
        return b"".join([self.feed(part) for part in parts])

    def lose(self) -> None:
        """Break the connection without a word."""
        self.transport.ended = True
        self.connection.connection_lost(None)


def text(plain: str) -> bytes:
    data = plain.encode()
    return struct.pack("!H", len(data)) + data


def packet(head: int, body: bytes) -> bytes:
    return bytes([head]) + variable_int(len(body)) + body


def connect(
    version: int, *, username: str = "g-1", will: str = "", clean: bool = True,
    client_id: str = "c", keep_alive_s: int = 30, will_delay_s: int = 0,
) -> bytes:  # fmt: skip
    """Write a log-in of either version."""
    if version == 5:
        last = None
        if will:
            delay = {"will_delay_interval": will_delay_s} if will_delay_s else {}
            last = mqtt5.Will(will, payload=b'{"online":false}', **delay)
        return mqtt5.ConnectPacket(
            client_id, username=username, clean_start=clean, will=last, keep_alive=keep_alive_s,
            session_expiry_interval=0 if clean else 0xFFFF_FFFF,
        ).write()  # fmt: skip
    flags = 0x80 | (0x02 if clean else 0) | (0x04 if will else 0)
    last_words = text(will) + text('{"online":false}') if will else b""
    head = text("MQTT") + bytes([4, flags]) + struct.pack("!H", keep_alive_s)
    return packet(0x10, head + text(client_id) + last_words + text(username))


def publish(version: int, packet_id: int, payload: bytes = b"{}", topic: str = TOPIC, *,
            qos: int = 1, flags: int = 0) -> bytes:  # fmt: skip
    """Write a message of either version."""
    body = text(topic) + (struct.pack("!H", packet_id) if qos else b"")
    body += b"\0" if version == 5 else b""
    return packet(0x30 | qos << 1 | flags, body + payload)


def subscribe(version: int, packet_id: int, *patterns: str, qos: int = 1) -> bytes:
    body = struct.pack("!H", packet_id) + (b"\0" if version == 5 else b"")
    return packet(0x82, body + b"".join(text(p) + bytes([qos]) for p in patterns))


def logged_in(version: int, hall: MemoryHall | None = None, **more: object) -> Client:
    """Give a client whose log-in was accepted."""
    client = Client(hall)
    answer = client.feed(connect(version, **more))  # type: ignore[arg-type]
    assert answer[0] == 0x20
    assert answer[3] == 0, answer.hex()
    return client


def pubacks(data: bytes) -> list[tuple[int, int]]:
    """List (packet id, reason) of the acknowledgements among what was written."""
    found = []
    at = 0
    while at < len(data):
        size = data[at + 1]
        body = data[at + 2 : at + 2 + size]
        if data[at] == 0x40:
            found.append((int.from_bytes(body[:2]), body[2] if size > 2 else 0))
        at += 2 + size
    return found
