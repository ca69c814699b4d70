"""MQTT 3.1.1: the few kinds of packets that a gateway sends and gets."""

import struct

from ingest.door.fields import Fields
from ingest.door.packets import (
    FOR_EVER_S,
    Connect,
    Disconnect,
    Malformed,
    Offer,
    Packet,
    Ping,
    PubAck,
    Publish,
    Reason,
    Subscribe,
    Unsubscribe,
    Will,
    read_size,
    variable_int,
)

#: CONNACK's own few codes; what has none is "not authorized"
_CONNACK = {
    Reason.SUCCESS: 0,
    Reason.VERSION: 1,
    Reason.CLIENT_ID: 2,
    Reason.UNAVAILABLE: 3,
    Reason.BUSY: 3,
    Reason.BAD_LOG_IN: 4,
}
_FAILURE = 0x80
_CONNECT, _PUBLISH, _PUBACK, _SUBSCRIBE, _UNSUBSCRIBE = 1, 3, 4, 8, 10
_PINGREQ, _DISCONNECT = 12, 14
#: flags that each kind must have
_FLAGS = {
    _CONNECT: 0, _PUBACK: 0, _SUBSCRIBE: 2, _UNSUBSCRIBE: 2, _PINGREQ: 0, _DISCONNECT: 0,
}  # fmt: skip


class Codec311:
    """Reads and writes MQTT 3.1.1."""

    version = 4

    def read(self, packet: bytes) -> Packet:
        """Read one whole packet.

        Raises
        ------
        Malformed
            When it is none that a client may send here.

        Examples
        --------
        >>> Codec311().read(bytes.fromhex("c000"))
        Ping()

        """
        kind, flags = packet[0] >> 4, packet[0] & 15
        size, start = read_size(packet, 0)
        if not start or start + size != len(packet):
            raise Malformed("a packet's length must be that of its bytes")
        if kind != _PUBLISH and _FLAGS.get(kind) != flags:
            raise Malformed(f"no such packet for a client: 0x{packet[0]:02x}")
        body = Fields(packet, start)
        match kind:
            case 1:
                found: Packet = _connect(body)
            case 3:
                return _publish(body, flags)
            case 4:
                found = PubAck(body.packet_id())
            case 8:
                found = _subscribe(body)
            case 10:
                found = _unsubscribe(body)
            case 12:
                found = Ping()
            case _:
                found = Disconnect()
        if body.more:
            raise Malformed("a packet has bytes left over")
        return found

    def connack(self, reason: Reason, *, present: bool, offer: Offer) -> bytes:
        """Answer a log-in."""
        return bytes([0x20, 2, present and not reason, _CONNACK.get(reason, 5)])

    def puback(self, packet_id: int, reason: Reason) -> bytes:
        """Answer a message; 3.1.1 knows only yes."""
        return b"" if reason >= _FAILURE else struct.pack("!BBH", 0x40, 2, packet_id)

    def suback(self, packet_id: int, reasons: list[Reason]) -> bytes:
        """Answer a subscription."""
        codes = bytes(min(reason, _FAILURE) for reason in reasons)
        return _packet(0x90, struct.pack("!H", packet_id) + codes)

    def unsuback(self, packet_id: int, reasons: list[Reason]) -> bytes:
        """Answer the end of a subscription."""
        return struct.pack("!BBH", 0xB0, 2, packet_id)

    def publish(self, topic: str, payload: bytes, packet_id: int, *, retain: bool) -> bytes:
        """Write a message; packet id 0: with QoS 0."""
        head = topic.encode()
        body = struct.pack("!H", len(head)) + head
        if packet_id:
            body += struct.pack("!H", packet_id)
        return _packet(0x30 | (2 if packet_id else 0) | retain, body + payload)

    def disconnect(self, reason: Reason) -> bytes:
        """Say nothing: a server of 3.1.1 only closes."""
        return b""


def _packet(head: int, body: bytes) -> bytes:
    return bytes([head]) + variable_int(len(body)) + body


def _connect(body: Fields) -> Connect:
    if body.binary() != b"MQTT" or body.number(1) != Codec311.version:
        raise Malformed("protocol must be MQTT 3.1.1", Reason.VERSION)
    flags, keep_alive_s, client_id = body.number(1), body.number(2), body.text()
    has_will, qos = bool(flags & 4), flags >> 3 & 3
    if flags & 1 or qos > 2 or (not has_will and flags & 0x38):
        raise Malformed("flags of CONNECT contradict one another")
    if flags & 0x40 and not flags & 0x80:
        raise Malformed("a password must come with a user name")
    will = Will(body.text(), body.binary(), qos) if has_will else None
    clean = bool(flags & 2)
    return Connect(
        client_id=client_id,
        username=body.text() if flags & 0x80 else "",
        password=body.binary() if flags & 0x40 else b"",
        clean=clean,
        keep_alive_s=keep_alive_s,
        will=will,
        session_s=0 if clean else FOR_EVER_S,
    )


def _publish(body: Fields, flags: int) -> Publish:
    qos = flags >> 1 & 3
    if qos == 3 or (not qos and flags & 8):
        raise Malformed("flags of PUBLISH contradict one another")
    topic = body.text()
    packet_id = body.packet_id() if qos else 0
    return Publish(topic, body.rest(), qos, packet_id)


def _subscribe(body: Fields) -> Subscribe:
    packet_id = body.packet_id()
    filters: list[tuple[str, int]] = []
    while body.more or not filters:
        pattern, qos = body.text(), body.number(1)
        if qos > 2 or not pattern:
            raise Malformed("a subscription must name a filter and QoS 0 to 2")
        filters.append((pattern, qos))
    return Subscribe(packet_id, tuple(filters))


def _unsubscribe(body: Fields) -> Unsubscribe:
    packet_id = body.packet_id()
    filters: list[str] = []
    while body.more or not filters:
        filters.append(body.text())
    return Unsubscribe(packet_id, tuple(filters))
