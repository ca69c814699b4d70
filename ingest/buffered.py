"""paho's client with a buffer each way, and a short way for the readings themselves.

For each message paho asks the kernel three times (one byte of header, one of length, the rest)
and for each acknowledgement once. With buffers hundreds go in one call. What is held whole is
taken out of the buffer by `take_publishes` at a quarter of paho's time; paho itself reads
everything else and whatever is odd. The methods that this overrides are not part of paho's
interface: should a later paho not call them, everything is as slow as before and as right.
"""

import contextlib
import struct
import time
from typing import NamedTuple

import paho.mqtt.client as mqtt

_READ_BYTES = 65_536
#: acknowledgements and receipts that may wait here; past it paho itself holds them
_UNSENT_BYTES_MAX = 262_144
_DISCONNECT = 0xE0
_PUBLISH = 0x30
_TOPICS_KEPT_MAX = 100_000


class Publish(NamedTuple):
    """One message as the broker sent it.

    Parameters
    ----------
    topic
        Empty when it is not UTF-8.
    mid
        Its packet id; 0 with QoS 0, which nobody acknowledges.

    """

    topic: str
    payload: bytes
    retained: bool
    dup: bool
    mid: int


_PUBACK = struct.Struct("!BBH").pack


def _length(held: bytes, at: int, end: int) -> tuple[int, int]:
    """Read a remaining length of several bytes; one that is unfinished or too long reaches far."""
    size = shift = 0
    while at < end and shift <= 21:
        size |= (held[at] & 0x7F) << shift
        at += 1
        if not held[at - 1] & 0x80:
            return size, at
        shift += 7
    return 1 << 30, at


class BufferedClient(mqtt.Client):
    """Reads and writes in large pieces; everything else is paho's.

    After `loop_write` comes `flush`.
    """

    _buffers_of: object = None
    _held = b""
    _at = 0
    _unsent = bytearray()
    _topics: dict[bytes, str]

    def take_publishes(self, limit: int) -> list[Publish]:
        """Take whole PUBLISH packets of QoS 0 and 1 out of the buffer, in order.

        It stops before anything else: an unfinished packet, another kind, a malformed one. Those
        are for `loop_read`; nothing is taken while paho is in the middle of a packet.
        """
        if not self.holds_unread or self._in_packet["command"]:
            return []
        held, at, end = self._held, self._at, len(self._held)
        found: list[Publish] = []
        while len(found) < limit and end - at >= 4:
            head = held[at]
            qos = head >> 1 & 3
            if head & 0xF0 != _PUBLISH or qos > 1:
                break
            body, size = at + 2, held[at + 1]
            if size & 0x80:
                size, body = _length(held, at + 1, end)
            stop = body + size
            if stop > end or size < 2:
                break
            start = body + 2 + (held[body] << 8 | held[body + 1])
            mid = 0
            if qos:
                if start + 2 > stop:
                    break
                mid = held[start] << 8 | held[start + 1]
                start += 2
            if start > stop or (qos and not mid):
                break
            name = held[body + 2 : start - 2 if qos else start]
            topic = self._topics.get(name)
            if topic is None:
                topic = self._remember(name)
            found.append(Publish(topic, held[start:stop], bool(head & 1), bool(head & 8), mid))
            at = stop
        self._at = at
        if found:
            self._last_msg_in = time.monotonic()  # paho asks whether the broker is still there
        return found

    def acknowledge(self, mids: list[int]) -> None:
        """Acknowledge messages of QoS 1; `flush` sends it."""
        self._begin()
        self._unsent += b"".join([_PUBACK(0x40, 2, mid) for mid in mids])

    def _remember(self, name: bytes) -> str:
        if len(self._topics) >= _TOPICS_KEPT_MAX:
            self._topics = {}
        try:
            topic = name.decode()
        except UnicodeDecodeError:
            topic = ""
        self._topics[name] = topic
        return topic

    def _begin(self) -> None:
        if self._buffers_of is not self._sock:  # a new connection begins with nothing held
            self._buffers_of = self._sock
            self._held, self._at, self._topics = b"", 0, {}
            self._unsent = bytearray()

    def _sock_recv(self, bufsize: int) -> bytes:
        self._begin()
        if self._at == len(self._held):
            self._held, self._at = super()._sock_recv(_READ_BYTES), 0
        start = self._at
        part = self._held[start : start + bufsize]
        self._at = start + len(part)
        return part

    def _sock_send(self, buf: bytes | bytearray) -> int:
        self._begin()
        if buf[0] == _DISCONNECT:  # paho closes the socket as soon as this is out
            self.flush()
            return super()._sock_send(buf)
        if len(self._unsent) >= _UNSENT_BYTES_MAX:
            raise BlockingIOError
        self._unsent += buf
        return len(buf)

    def flush(self) -> None:
        """Send what is held, as far as the kernel takes it; a dead connection shows on reading."""
        if self._unsent and self._buffers_of is self._sock is not None:
            with contextlib.suppress(OSError):
                del self._unsent[: super()._sock_send(self._unsent)]

    @property
    def holds_unsent(self) -> bool:
        """Tell whether `flush` has something left to send."""
        return bool(self._unsent) and self._buffers_of is self._sock

    @property
    def holds_unread(self) -> bool:
        """Tell whether bytes are held that no `select` on the socket will show."""
        return self._at < len(self._held) and self._buffers_of is self._sock
