"""One client's connection: bytes in, messages to the writer; acknowledgements and receipts out."""

import asyncio
import struct
from enum import Enum
from typing import cast

from ingest.door import thingsboard
from ingest.door.codec5 import Codec5
from ingest.door.codec311 import Codec311
from ingest.door.doorkeeper import Admitted, Turned
from ingest.door.gateway_topics import GatewayTopics
from ingest.door.hall import Hall
from ingest.door.packets import (
    CONNECT,
    Codec,
    Connect,
    Disconnect,
    Malformed,
    Offer,
    Ping,
    PubAck,
    Publish,
    Reason,
    Subscribe,
    Unsubscribe,
    read_size,
)
from ingest.door.sessions import Session
from ingest.messages import PASSED, Message, token_of

#: no CONNECT or SUBSCRIBE of a gateway is longer
CONTROL_BYTES_MAX = 65_536
#: room for topic and properties beside the payload
HEAD_BYTES_MAX = 66_000
#: what a client that is being shown out still sends is thrown away for so long
_LINGER_S = 2.0
_ADMITTING, _WRITER, _WINDOW, _SLOW = 1, 2, 4, 8
_CODECS: dict[int, Codec] = {4: Codec311(), 5: Codec5()}
_ack = struct.Struct("!BBH").pack


class State(Enum):
    """How far a connection has come."""

    NEW = "has not logged in"
    ADMITTING = "is being judged"
    OPEN = "is logged in"
    ENDED = "is over"


class Connection(asyncio.BufferedProtocol):
    """Reads one client's packets and answers them.

    Plain PUBLISH packets, nearly all that come, are read in one loop over the bytes of a read;
    with the library each takes twice as long. Everything else goes through the version's codec.

    Parameters
    ----------
    number
        By which messages name the connection on which they came.
    address
        Where the client is.

    """

    def __init__(self, door: Hall, number: int, address: str) -> None:
        self._door, self.number, self.address = door, number, address
        self._codec: Codec = _CODECS[4]
        self._five = False
        self._limit = CONTROL_BYTES_MAX
        self._partial = bytearray()
        self._needed = 0
        self._unacked = 0
        self._holds = 0
        self._transport: asyncio.Transport | None = None
        self._connect: Connect | None = None
        self._session: Session | None = None
        self._topics: GatewayTopics | None = None
        self._with_will = True
        self.state = State.NEW
        self.gateway_id, self.shard = "", 0
        self._keep_alive_s = 0
        self._session_s: int | None = None
        self.heard_s = self._since_s = door.now_s()
        self._stuck_s: float | None = None
        self._partial_s: float | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it is logged in and not over."""
        return self.state is State.OPEN

    # -- asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._door.came(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give the buffer that all connections share: it is emptied before the next one reads."""
        return self._door.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take in what was read."""
        if self.state is State.ENDED:
            return
        data = bytes(self._door.buffer[:nbytes])
        self.heard_s = self._door.now_s()
        if self._partial or self._holds & _ADMITTING:
            self._partial += data
            if len(self._partial) < self._needed or self._holds & _ADMITTING:
                return
            data = bytes(self._partial)
            self._partial.clear()
        self._take(data)

    def pause_writing(self) -> None:
        """Read no more from a client that does not take its answers."""
        self._stuck_s = self._door.now_s()
        self.hold(_SLOW)

    def resume_writing(self) -> None:
        """Go on."""
        self._stuck_s = None
        self.release(_SLOW)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the will in, unless the client said good-bye."""
        self.end(None)
        self._transport = None
        self._door.went(self)

    # -- reading

    def _take(self, data: bytes) -> None:
        messages: list[Message] = []
        try:
            at = self._parse(data, messages)
        except Malformed as error:
            self._door.refuse(self, str(error))
            self._hand_over(messages)
            self.end(error.reason)
            return
        self._hand_over(messages)
        if at < len(data) and self.state is not State.ENDED:
            self._partial += data[at:]
            if self._partial_s is None or at:
                self._partial_s = self.heard_s
        else:
            self._partial_s = None

    def _hand_over(self, messages: list[Message]) -> None:
        if messages:
            self._door.put(messages)
            # MQTT 5 lets us show out a client that goes past its window. Clients that repeat all
            # they hold after a reconnection do so, and being shown out they would do it again,
            # for ever: the acknowledgements of what was committed find no connection
            if self._unacked >= self._door.limits.receive_max + self._five:
                self.hold(_WINDOW)

    def _parse(self, data: bytes, messages: list[Message]) -> int:
        """Take whole packets off the front; return how many bytes they were."""
        at, available = 0, len(data)
        five, connection = self._five, token_of(self.number, 0)
        now_ns = self._door.clock.now_ns()
        known = self._topics.known if self._topics else {}
        while available - at >= 2:
            head, size, body = data[at], data[at + 1], at + 2
            if size > 127:
                size, body = read_size(data, at)
                if not body:
                    break
            end = body + size
            if end > available or size > CONTROL_BYTES_MAX:
                self._check_size(data, at, body, size, messages, now_ns)
                if end > available:
                    self._needed = end - at
                    return at
            if head & 0xF6 != 0x32 or self._topics is None or size < 5:
                self._control(data[at:end], messages, now_ns)
                at = end
                if self.state is not State.OPEN:
                    break
                known, five = self._topics.known if self._topics else {}, self._five
                continue
            # a message with QoS 1, as nearly all are
            rest = body + 2 + (data[body] << 8 | data[body + 1])
            if rest + 2 + five > end:
                raise Malformed("a packet ends before its parts do")
            topic = known.get(data[body + 2 : rest])
            packet_id = data[rest] << 8 | data[rest + 1]
            if topic is None or not packet_id or (five and data[rest + 2]):
                self._control(data[at:end], messages, now_ns)
                at = end
                if self.state is not State.OPEN:
                    break
                continue
            messages.append(
                Message(topic, data[rest + 2 + five : end], now_ns, False, connection | packet_id)
            )
            if head & 8:
                self._door.figures["redelivered"] += 1
            self._unacked += 1
            at = end
        self._needed = 0
        return at

    def _check_size(
        self, data: bytes, at: int, body: int, size: int, messages: list[Message], now_ns: int
    ) -> None:
        is_message = data[at] & 0xF0 == 0x30
        limit = self._limit if is_message else CONTROL_BYTES_MAX
        if size <= limit:
            return
        if is_message and self._topics is not None:
            # told in the account, for the gateway that sends this will send it again
            length = int.from_bytes(data[body : body + 2])
            topic = self._topics.known.get(data[body + 2 : body + 2 + length])
            why = f"a packet may have {limit} bytes, got {size}"
            messages.append(
                Message(
                    topic or self._topics.readings,
                    data[body + 2 + length : body + 4_000],
                    now_ns,
                    refused=("too large", why),
                )
            )
        raise Malformed(f"a packet may have {limit} bytes, got {size}", Reason.TOO_LARGE)

    def _control(self, packet: bytes, messages: list[Message], now_ns: int) -> None:
        if self.state is State.NEW:
            self._begin(packet)
            return
        match self._codec.read(packet):
            case Publish() as message:
                self._message(message, packet, messages, now_ns)
            case PubAck(packet_id):
                self._acknowledged(packet_id)
            case Subscribe() as wanted:
                self._subscribe(wanted)
            case Unsubscribe() as unwanted:
                self._unsubscribe(unwanted)
            case Ping():
                self._write(b"\xd0\x00")
            case Disconnect() as good_bye:
                self._say_good_bye(good_bye)
            case Connect():
                raise Malformed("a client logs in once", Reason.PROTOCOL_ERROR)

    def _message(
        self, message: Publish, packet: bytes, messages: list[Message], now_ns: int
    ) -> None:
        """Take in a message of any form; what a gateway may not send is answered as such."""
        assert self._topics is not None  # noqa: S101 - it is logged in
        if message.qos == 2:
            raise Malformed("QoS must be 0 or 1, got 2", Reason.QOS)
        if message.topic_alias is not None:
            raise Malformed("no topic aliases were offered", Reason.TOPIC_ALIAS)
        if not message.topic or set(message.topic) & {"#", "+"}:
            raise Malformed("a message's topic must be a plain name", Reason.TOPIC_NAME)
        if packet[0] & 8:
            self._door.figures["redelivered"] += 1
        token = token_of(self.number, message.packet_id) if message.qos else None
        topic = self._topics.uplink(message.topic)
        if topic is not None:
            messages.append(Message(topic, message.payload, now_ns, False, token))
        elif thingsboard.is_passed(message.topic):
            self._door.figures["let pass"] += 1
            self._answer(message)
            messages.append(Message("", b"", now_ns, False, token, PASSED))
        else:
            self._door.refuse(self, f"may not publish to {message.topic[:100]!r}")
            self._door.figures["messages refused"] += 1
            if not self._five:
                # 3.1.1 has no refusal, and an acknowledgement would say that it was kept
                raise Malformed("a topic of somebody else", Reason.NOT_AUTHORIZED)
            if token is not None:
                token = token_of(self.number, message.packet_id, Reason.NOT_AUTHORIZED)
            # through the writer: acknowledgements keep the order of the messages
            messages.append(Message("", b"", now_ns, False, token, PASSED))
        self._unacked += bool(message.qos)

    def _answer(self, message: Publish) -> None:
        limits = self._door.limits
        answer = thingsboard.answer(
            message.topic, message.payload, limits.receive_max, self._door.payload_bytes_max
        )
        if answer is not None:
            self._write(self._codec.publish(*answer, 0, retain=False))

    # -- logging in

    def _begin(self, packet: bytes) -> None:
        if packet[0] != CONNECT:
            raise Malformed("a client must log in first", Reason.PROTOCOL_ERROR)
        _, start = read_size(packet, 0)
        level = packet[start + 6 : start + 7]
        if packet[start : start + 6] != b"\x00\x04MQTT" or level not in {b"\x04", b"\x05"}:
            if packet[start : start + 2] in {b"\x00\x04", b"\x00\x06"}:
                self._write(b"\x20\x02\x00\x01")
            raise Malformed("protocol must be MQTT 3.1.1 or 5", Reason.VERSION)
        self._five = level == b"\x05"
        self._codec = _CODECS[level[0]]
        connect = self._codec.read(packet)
        assert isinstance(connect, Connect)  # noqa: S101 - told by its first byte
        self._connect = connect
        if connect.authentication_method:
            self._turn_away(Reason.AUTH_METHOD, "no authentication methods")
        elif connect.will is not None and connect.will.qos == 2:
            self._turn_away(Reason.QOS, "a will with QoS 2")
        elif not connect.client_id and not connect.clean and not self._five:
            self._turn_away(Reason.CLIENT_ID, "a session without a client id")
        else:
            self.state = State.ADMITTING
            self.hold(_ADMITTING)
            self._door.judge(self, connect, self._certificate())

    def _certificate(self) -> str:
        shown = self._transport.get_extra_info("peercert") if self._transport else None
        for part in (shown or {}).get("subject", ()):
            for name, value in part:
                if name == "commonName":
                    return str(value)
        return ""

    def judged(self, verdict: Admitted | Turned) -> None:
        """Go on when the doorkeeper has spoken."""
        if self.state is not State.ADMITTING or self._connect is None:
            return
        if isinstance(verdict, Turned):
            self._turn_away(verdict.reason, verdict.why)
            return
        topics, will = GatewayTopics(verdict), self._connect.will
        if will is not None and will.topic != topics.status:
            self._turn_away(Reason.TOPIC_NAME, f"will must go to {topics.status}")
            return
        self._topics, self.gateway_id, self.shard = topics, verdict.gateway_id, verdict.shard
        self._limit = self._door.payload_bytes_max + HEAD_BYTES_MAX
        present, self._session = self._door.open(self, self._connect)
        self.state = State.OPEN
        self._welcome(self._connect, present=present)
        self.release(_ADMITTING)
        data = bytes(self._partial)
        self._partial.clear()
        if data:
            self._take(data)
        self.send_waiting()

    def _welcome(self, connect: Connect, *, present: bool) -> None:
        limits = self._door.limits
        longest_s = limits.keep_alive_s_max
        self._keep_alive_s = connect.keep_alive_s
        given_s = None
        if self._five and not 0 < connect.keep_alive_s <= longest_s:
            self._keep_alive_s = given_s = longest_s
        given_id = None if connect.client_id else f"anju-{self.number}"
        offer = Offer(limits.receive_max, self._limit, given_s, None, given_id)
        self._write(self._codec.connack(Reason.SUCCESS, present=present, offer=offer))

    def _turn_away(self, reason: Reason, why: str) -> None:
        self._door.refuse(self, why)
        offer = Offer(self._door.limits.receive_max, self._limit)
        self._write(self._codec.connack(reason, present=False, offer=offer))
        self.end(None)

    # -- downlinks

    def _subscribe(self, wanted: Subscribe) -> None:
        assert self._topics is not None  # noqa: S101 - it is logged in
        assert self._session is not None  # noqa: S101
        reasons, told = [], []
        for pattern, qos in wanted.filters:
            if not self._topics.may_listen(pattern):
                self._door.refuse(self, f"may not listen to {pattern[:100]!r}")
                reasons.append(Reason.NOT_AUTHORIZED)
                continue
            reasons.append(Reason.GRANTED_QOS_1 if qos else Reason.SUCCESS)
            told += [(pattern, p) for p in self._session.subscribe(pattern, min(qos, 1))]
        self._write(self._codec.suback(wanted.packet_id, reasons))
        for topic, payload in told:
            self._write(self._codec.publish(topic, payload, 0, retain=True))

    def _unsubscribe(self, unwanted: Unsubscribe) -> None:
        assert self._session is not None  # noqa: S101 - it is logged in
        held = self._session.subscriptions
        reasons = [
            Reason.SUCCESS if held.pop(pattern, None) is not None else Reason.NO_SUBSCRIPTION
            for pattern in unwanted.filters
        ]
        self._write(self._codec.unsuback(unwanted.packet_id, reasons))

    def send_waiting(self) -> None:
        """Send the session's newest words, as many as the client takes at once."""
        if self.state is not State.OPEN or self._session is None or self._connect is None:
            return
        while (found := self._session.next(self._connect.receive_max)) is not None:
            topic, payload, packet_id = found
            packet = self._codec.publish(topic, payload, packet_id, retain=False)
            if len(packet) <= self._connect.packet_bytes_max:
                self._write(packet)
            else:
                self._session.acknowledged(packet_id)

    def _acknowledged(self, packet_id: int) -> None:
        if self._session is not None:
            self._session.acknowledged(packet_id)
            self.send_waiting()

    def acknowledge(self, packet_ids: list[int]) -> None:
        """Acknowledge messages that are on disk, all in one write."""
        self._unacked -= len(packet_ids)
        if max(packet_ids) < 65_536:
            self._write(b"".join([_ack(0x40, 2, packet_id) for packet_id in packet_ids]))
        else:
            self._write(
                b"".join(
                    self._codec.puback(packet_id & 0xFFFF, Reason(packet_id >> 16))
                    for packet_id in packet_ids
                )
            )
        if self._holds & _WINDOW and self._unacked <= self._door.limits.receive_max // 2:
            self.release(_WINDOW)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    # -- holding back

    def hold(self, why: int = _WRITER) -> None:
        """Read no more for a reason; the sender's own window fills and it waits."""
        if not self._holds and self._transport is not None:
            self._transport.pause_reading()
        self._holds |= why

    def release(self, why: int = _WRITER) -> None:
        """Read again when no other reason is left."""
        if self._holds & why:
            self._holds &= ~why
            self.heard_s = self._door.now_s()
            if not self._holds and self._transport and not self._transport.is_closing():
                self._transport.resume_reading()

    def look(self, now_s: float) -> None:
        """End the connection when it is late with anything; called every second."""
        limits = self._door.limits
        if self.state in {State.NEW, State.ADMITTING}:
            if now_s - self._since_s > limits.connect_s:
                self._door.figures["slow log-ins"] += 1
                self.end(None, at_once=True)
            return
        if self._stuck_s is not None and now_s - self._stuck_s > limits.packet_s:
            self._door.refuse(self, "does not take its answers")
            self.end(None, at_once=True)
        elif self._holds:
            return  # it cannot be heard
        elif self._partial_s is not None and now_s - self._partial_s > limits.packet_s:
            self._door.refuse(self, "takes too long over one packet")
            self.end(Reason.KEEP_ALIVE)
        elif self._keep_alive_s and now_s - self.heard_s > 1.5 * self._keep_alive_s:
            self._door.refuse(self, "is silent past its keep-alive")
            self.end(Reason.KEEP_ALIVE)

    # -- the end

    def _say_good_bye(self, good_bye: Disconnect) -> None:
        self._with_will = good_bye.with_will
        if good_bye.session_s is not None and self._connect is not None:
            if not self._connect.session_s and good_bye.session_s:
                raise Malformed("a session that was not to last must not now",
                                Reason.PROTOCOL_ERROR)  # fmt: skip
            self._session_s = good_bye.session_s
        self.end(None)

    def end(self, reason: Reason | None, *, with_will: bool = True, at_once: bool = False) -> None:
        """End the connection; once.

        Parameters
        ----------
        reason
            Told to an MQTT 5 client that has logged in; `None`: nothing is told.
        at_once
            Don't wait until the client has taken what was written.

        """
        if self.state is State.ENDED:
            return
        was_open, self.state = self.state is State.OPEN, State.ENDED
        self._partial.clear()
        if was_open and self._connect is not None:
            will = self._connect.will if with_will and self._with_will else None
            session_s = self._connect.session_s if self._session_s is None else self._session_s
            self._door.left(self, will, session_s)
        if self._transport is None or self._transport.is_closing():
            return
        if reason is not None and was_open:
            self._write(self._codec.disconnect(reason))
        self._part(at_once=at_once)

    def _part(self, *, at_once: bool) -> None:
        """Close so that the client can still read why: what it is sending is thrown away."""
        transport = self._transport
        assert transport is not None  # noqa: S101 - looked at before
        if at_once:
            transport.abort()
            return
        try:
            if transport.can_write_eof():
                transport.write_eof()
                if self._holds:
                    transport.resume_reading()
            else:
                transport.close()
        except OSError:  # the client has broken it off already
            transport.abort()
        else:
            self._door.later(_LINGER_S, transport.abort)
