"""MQTT 5, read and written by the library `mqtt5`."""

import mqtt5

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
)


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
        try:
            found, size = mqtt5.read(memoryview(packet))
        except (ValueError, IndexError) as error:
            raise Malformed(f"{error}") from None
        if size != len(packet):
            raise Malformed("a packet's length must be that of its bytes")
        match found:
            case mqtt5.ConnectPacket():
                return _connect(found)
            case mqtt5.PublishPacket():
                if found.subscription_ids:
                    raise Malformed(
                        "a client's message has no subscription id", Reason.PROTOCOL_ERROR
                    )
                return Publish(
                    found.topic,
                    found.payload,
                    int(found.qos),
                    found.packet_id or 0,
                    found.topic_alias,
                )
            case mqtt5.PubAckPacket():
                return PubAck(found.packet_id)
            case mqtt5.SubscribePacket():
                filters = tuple((f.pattern, int(f.max_qos)) for f in found.topic_filters)
                if not filters:
                    raise Malformed("a subscription must name a filter", Reason.PROTOCOL_ERROR)
                return Subscribe(found.packet_id, filters)
            case mqtt5.UnsubscribePacket():
                return Unsubscribe(found.packet_id, tuple(found.patterns))
            case mqtt5.PingReqPacket():
                return Ping()
            case mqtt5.DisconnectPacket():
                with_will = found.reason_code != mqtt5.DisconnectReasonCode.NORMAL_DISCONNECTION
                return Disconnect(with_will, found.session_expiry_interval)
        raise Malformed(
            f"no such packet for a client: {type(found).__name__}", Reason.PROTOCOL_ERROR
        )

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


def _connect(found: mqtt5.ConnectPacket) -> Connect:
    last = found.will
    will = None
    if last is not None:
        will = Will(last.topic, last.payload or b"", int(last.qos), last.will_delay_interval)
    return Connect(
        client_id=found.client_id,
        username=found.username or "",
        password=found.password or b"",
        clean=found.clean_start,
        keep_alive_s=found.keep_alive,
        will=will,
        session_s=found.session_expiry_interval,
        receive_max=found.receive_max,
        packet_bytes_max=found.max_packet_size or 268_435_460,
        authentication_method=found.authentication_method or "",
    )
