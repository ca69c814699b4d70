"""What the packets of either version say, in one form, and the reasons that the door gives."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

#: session expiry that never comes, as MQTT 5 writes it
FOR_EVER_S = 0xFFFF_FFFF
PUBLISH, CONNECT = 0x30, 0x10


class Reason(IntEnum):
    """Reason codes of MQTT 5 that the door uses."""

    SUCCESS = 0x00
    GRANTED_QOS_1 = 0x01
    NO_SUBSCRIPTION = 0x11
    UNSPECIFIED = 0x80
    MALFORMED = 0x81
    PROTOCOL_ERROR = 0x82
    VERSION = 0x84
    CLIENT_ID = 0x85
    BAD_LOG_IN = 0x86
    NOT_AUTHORIZED = 0x87
    UNAVAILABLE = 0x88
    BUSY = 0x89
    SHUTTING_DOWN = 0x8B
    AUTH_METHOD = 0x8C
    KEEP_ALIVE = 0x8D
    TAKEN_OVER = 0x8E
    TOPIC_NAME = 0x90
    TOPIC_ALIAS = 0x94
    TOO_LARGE = 0x95
    ADMINISTRATIVE = 0x98
    QOS = 0x9B


class Malformed(Exception):
    """A packet that breaks the protocol; the connection ends with the reason."""

    def __init__(self, text: str, reason: Reason = Reason.MALFORMED) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Will:
    """What the door shall take in when the connection breaks.

    Parameters
    ----------
    delay_s
        How long it waits for the client to come back first; 0 in 3.1.1.

    """

    topic: str
    payload: bytes
    qos: int
    delay_s: int = 0


@dataclass(frozen=True, slots=True)
class Connect:
    """A client's first packet.

    Parameters
    ----------
    session_s
        Seconds that its session shall outlive the connection.
    receive_max
        Messages with QoS 1 that it takes before it has acknowledged one.
    packet_bytes_max
        Largest packet that it takes.

    """

    client_id: str
    username: str
    password: bytes
    clean: bool
    keep_alive_s: int
    will: Will | None
    session_s: int
    receive_max: int = 65_535
    packet_bytes_max: int = 268_435_460
    authentication_method: str = ""


@dataclass(frozen=True, slots=True)
class Publish:
    """A message that is not of the plain form."""

    topic: str
    payload: bytes
    qos: int
    packet_id: int
    topic_alias: int | None = None


@dataclass(frozen=True, slots=True)
class PubAck:
    """The client has one of our messages."""

    packet_id: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Filters, each with the QoS that is asked for."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Filters that are no longer wanted."""

    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """The client asks whether the door is there."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The client says good-bye.

    Parameters
    ----------
    with_will
        It wants its will taken in all the same.
    session_s
        How long its session shall last after all; `None`: as it said first.

    """

    with_will: bool = False
    session_s: int | None = None


Packet = Connect | Publish | PubAck | Subscribe | Unsubscribe | Ping | Disconnect


@dataclass(frozen=True, slots=True)
class Offer:
    """What the door tells an MQTT 5 client at its log-in."""

    receive_max: int
    packet_bytes_max: int
    keep_alive_s: int | None = None
    session_s: int | None = None
    client_id: str | None = None


class Codec(Protocol):
    """One version of the protocol; `read` takes one whole packet, the others write one."""

    version: int

    def read(self, packet: bytes) -> Packet:
        """Read one packet.

        Raises
        ------
        Malformed
            When it is none.

        """
        ...

    def connack(self, reason: Reason, *, present: bool, offer: Offer) -> bytes:
        """Answer a log-in."""
        ...

    def puback(self, packet_id: int, reason: Reason) -> bytes:
        """Answer a message; empty when this version cannot say no."""
        ...

    def suback(self, packet_id: int, reasons: list[Reason]) -> bytes:
        """Answer a subscription."""
        ...

    def unsuback(self, packet_id: int, reasons: list[Reason]) -> bytes:
        """Answer the end of a subscription."""
        ...

    def publish(self, topic: str, payload: bytes, packet_id: int, *, retain: bool) -> bytes:
        """Write a message; packet id 0: with QoS 0."""
        ...

    def disconnect(self, reason: Reason) -> bytes:
        """Say good-bye; empty when this version has no such packet."""
        ...


def variable_int(number: int) -> bytes:
    r"""Write a length, seven bits a byte, the lowest first.

    Examples
    --------
    >>> variable_int(321)
    b'\xc1\x02'

    """
    found = bytearray()
    while True:
        number, digit = divmod(number, 128)
        found.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(found)


def read_size(data: bytes, at: int) -> tuple[int, int]:
    """Read the length of the packet that begins at `at`.

    Returns
    -------
    size, start
        How many bytes follow, and where; start is 0 while the length itself is not all there.

    Raises
    ------
    Malformed
        When it has more than four bytes.

    Examples
    --------
    >>> read_size(bytes([0x30, 0xC1, 0x02, 0]), 0)
    (321, 3)

    """
    size = 0
    for number, byte in enumerate(data[at + 1 : at + 5]):
        size |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            return size, at + 2 + number
    if len(data) - at >= 5:
        raise Malformed("a packet's length must have at most 4 bytes")
    return 0, 0
