"""MQTT 5: read by hand, written by the library `mqtt5`.

The library reads well-formed packets as this does (a test compares), but on a text that is not
UTF-8 its version 0.8 panics and prints a trace, which anybody could call forth before logging in.
"""

import mqtt5

from ingest.door.fields import Fields
from ingest.door.packets import (
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
)

_CONNECT, _PUBLISH, _PUBACK, _SUBSCRIBE, _UNSUBSCRIBE = 1, 3, 4, 8, 10
_PINGREQ, _DISCONNECT = 12, 14
#: flags that each kind must have
_FLAGS = {
    _CONNECT: 0, _PUBACK: 0, _SUBSCRIBE: 2, _UNSUBSCRIBE: 2, _PINGREQ: 0, _DISCONNECT: 0,
}  # fmt: skip
_SESSION_EXPIRY, _AUTH_METHOD, _AUTH_DATA = 0x11, 0x15, 0x16
_WILL_DELAY, _RECEIVE_MAX, _ALIAS, _PACKET_MAX = 0x18, 0x21, 0x23, 0x27
_USER = 0x26
#: properties that each kind may have
_OF_CONNECT = frozenset({0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, _USER, 0x27})
_OF_WILL = frozenset({0x01, 0x02, 0x03, 0x08, 0x09, 0x18, _USER})
_OF_PUBLISH = frozenset({0x01, 0x02, 0x03, 0x08, 0x09, _ALIAS, _USER})
_OF_SUBSCRIBE = frozenset({0x0B, _USER})
_OF_UNSUBSCRIBE = frozenset({_USER})
_OF_PUBACK = frozenset({0x1F, _USER})
_OF_DISCONNECT = frozenset({0x11, 0x1F, _USER})
_BYTES_MAX = 268_435_460


class Codec5:
    """Reads and writes MQTT 5."""

    version = 5

    def read(self, packet: bytes) -> Packet:
        """Read one whole packet.

        Raises
        ------
        Malformed
            When it is none that a client may send here.

        Examples
        --------
        >>> Codec5().read(bytes.fromhex("c000"))
        Ping()

        """
        kind, flags = packet[0] >> 4, packet[0] & 15
        size, start = read_size(packet, 0)
        if not start or start + size != len(packet):
            raise Malformed("a packet's length must be that of its bytes")
        if kind != _PUBLISH and _FLAGS.get(kind) != flags:
            raise Malformed(
                f"no such packet for a client: 0x{packet[0]:02x}", Reason.PROTOCOL_ERROR
            )
        body = Fields(packet, start)
        match kind:
            case 1:
                found: Packet = _connect(body)
            case 3:
                return _publish(body, flags)
            case 4:
                found = PubAck(body.packet_id())
                if body.more:
                    body.number(1)
                if body.more:
                    body.properties(_OF_PUBACK)
            case 8:
                found = _subscribe(body)
            case 10:
                found = _unsubscribe(body)
            case 12:
                found = Ping()
            case _:
                found = _disconnect(body)
        if body.more:
            raise Malformed("a packet has bytes left over")
        return found

    def connack(self, reason: Reason, *, present: bool, offer: Offer) -> bytes:
        """Answer a log-in and say what the door takes."""
        return mqtt5.ConnAckPacket(
            session_present=present and not reason,
            reason_code=mqtt5.ConnAckReasonCode(reason),
            session_expiry_interval=offer.session_s,
            assigned_client_id=offer.client_id,
            server_keep_alive=offer.keep_alive_s,
            receive_max=offer.receive_max,
            max_qos=mqtt5.QoS.AT_LEAST_ONCE,
            max_packet_size=offer.packet_bytes_max,
            wildcard_subscription_available=False,
            subscription_id_available=False,
            shared_subscription_available=False,
        ).write()

    def puback(self, packet_id: int, reason: Reason) -> bytes:
        """Answer a message."""
        return mqtt5.PubAckPacket(packet_id, reason_code=mqtt5.PubAckReasonCode(reason)).write()

    def suback(self, packet_id: int, reasons: list[Reason]) -> bytes:
        """Answer a subscription."""
        return mqtt5.SubAckPacket(
            packet_id, [mqtt5.SubAckReasonCode(reason) for reason in reasons]
        ).write()

    def unsuback(self, packet_id: int, reasons: list[Reason]) -> bytes:
        """Answer the end of a subscription."""
        return mqtt5.UnsubAckPacket(
            packet_id, [mqtt5.UnsubAckReasonCode(reason) for reason in reasons]
        ).write()

    def publish(self, topic: str, payload: bytes, packet_id: int, *, retain: bool) -> bytes:
        """Write a message; packet id 0: with QoS 0."""
        qos = mqtt5.QoS.AT_LEAST_ONCE if packet_id else mqtt5.QoS.AT_MOST_ONCE
        return mqtt5.PublishPacket(
            topic, payload, qos=qos, retain=retain, packet_id=packet_id or None
        ).write()

    def disconnect(self, reason: Reason) -> bytes:
        """Say good-bye."""
        return mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode(reason)).write()


def _connect(body: Fields) -> Connect:
    if body.binary() != b"MQTT" or body.number(1) != Codec5.version:
        raise Malformed("protocol must be MQTT 5", Reason.VERSION)
    flags, keep_alive_s = body.number(1), body.number(2)
    has_will, qos = bool(flags & 4), flags >> 3 & 3
    if flags & 1 or qos > 2 or (not has_will and flags & 0x38):
        raise Malformed("flags of CONNECT contradict one another")
    said = body.properties(_OF_CONNECT)
    if _AUTH_DATA in said and _AUTH_METHOD not in said:
        raise Malformed("authentication data without a method", Reason.PROTOCOL_ERROR)
    client_id = body.text()
    will = None
    if has_will:
        delay_s = int(body.properties(_OF_WILL).get(_WILL_DELAY, 0))
        will = Will(body.text(), body.binary(), qos, delay_s)
    return Connect(
        client_id=client_id,
        username=body.text() if flags & 0x80 else "",
        password=body.binary() if flags & 0x40 else b"",
        clean=bool(flags & 2),
        keep_alive_s=keep_alive_s,
        will=will,
        session_s=int(said.get(_SESSION_EXPIRY, 0)),
        receive_max=int(said.get(_RECEIVE_MAX, 65_535)),
        packet_bytes_max=int(said.get(_PACKET_MAX, _BYTES_MAX)),
        authentication_method=str(said.get(_AUTH_METHOD, "")),
    )


def _publish(body: Fields, flags: int) -> Publish:
    qos = flags >> 1 & 3
    if qos == 3 or (not qos and flags & 8):
        raise Malformed("flags of PUBLISH contradict one another")
    topic = body.text()
    packet_id = body.packet_id() if qos else 0
    alias = body.properties(_OF_PUBLISH).get(_ALIAS)
    return Publish(topic, body.rest(), qos, packet_id, None if alias is None else int(alias))


def _subscribe(body: Fields) -> Subscribe:
    packet_id = body.packet_id()
    body.properties(_OF_SUBSCRIBE)
    filters: list[tuple[str, int]] = []
    while body.more or not filters:
        pattern, options = body.text(), body.number(1)
        if not pattern or options & 0xC0 or options & 3 == 3 or options & 0x30 == 0x30:
            raise Malformed("a subscription must name a filter and its options")
        filters.append((pattern, options & 3))
    return Subscribe(packet_id, tuple(filters))


def _unsubscribe(body: Fields) -> Unsubscribe:
    packet_id = body.packet_id()
    body.properties(_OF_UNSUBSCRIBE)
    filters: list[str] = []
    while body.more or not filters:
        filters.append(body.text())
    return Unsubscribe(packet_id, tuple(filters))


def _disconnect(body: Fields) -> Disconnect:
    if not body.more:
        return Disconnect()
    with_will = body.number(1) != 0
    expiry = body.properties(_OF_DISCONNECT).get(_SESSION_EXPIRY) if body.more else None
    return Disconnect(with_will, None if expiry is None else int(expiry))
