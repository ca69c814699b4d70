"""A simulated gateway: a real MQTT client that keeps every reading until Anju's receipt."""

import contextlib
import socket
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from domain.clock import Clock
from domain.sensors import Gateway
from domain.topics import Topic
from simulators import payloads
from simulators.payloads import Row, TimeForm
from simulators.readings import GatewayReadings
from simulators.waves import RATE_HZ, SCALE_M_S2, SentBlock

log = structlog.get_logger()

Speech = Literal["native", "cbor", "dzt", "senml", "senml-cbor", "thingsboard"]
_WINDOW = 200  # messages on their way to the broker at once
_TICK_S = 0.5


@dataclass(slots=True, eq=False)
class _Message:
    what: str
    payload: bytes
    readings: int
    boot: int = -1
    first: int = -1
    sent_at: float | None = None
    mids: set[int] = field(default_factory=set)

    @property
    def numbered(self) -> bool:
        return self.first >= 0

    @property
    def last(self) -> int:
        return self.first + self.readings - 1


class _Receipt(msgspec.Struct, frozen=True):
    boot: int
    upto: int
    gaps: list[tuple[int, int]] = []


def _at_once(_client: mqtt.Client, _user: Any, sock: Any) -> None:
    # an acknowledgement is four bytes: the kernel would hold what follows it back for 40 ms
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class SimulatedGateway:
    """Publishes readings as a gateway does and loses none that it was given.

    A numbered (native, CBOR) gateway keeps a message until a receipt covers it, and sends it again
    after a reconnection or when no receipt has come for `resend_s`. One that speaks another has no
    numbers and no receipts: it keeps a message until the broker has taken it.

    Parameters
    ----------
    gateway
        Its record; the topics are `anju/1/{shard}/{id}/…`.
    host, port
        Where the broker listens.
    clock
        The injected clock; the gateway's own status tells its moment.
    mqtt5
        Speak MQTT 5, else 3.1.1.
    readings_max
        Most readings in one message.
    resend_s
        Real seconds without a receipt after which a message is sent again.
    buffer_readings_max
        Readings that it can hold; beyond it the oldest are lost and counted in `dropped`.
    repeat
        How often each message is sent at once; 3 makes duplicates.

    """

    def __init__(
        self,
        gateway: Gateway,
        host: str,
        port: int,
        clock: Clock,
        *,
        speech: Speech = "native",
        mqtt5: bool = True,
        log_in: tuple[str, str] | None = None,
        time_form: TimeForm = "rfc3339",
        boot: int = 1,
        readings_max: int = 100,
        resend_s: float = 20.0,
        buffer_readings_max: int = 2_000_000,
    ) -> None:
        self.gateway, self.speech, self.boot = gateway, speech, boot
        self.sent = self.dropped = self.messages = self.resent = self.refused = 0
        self.repeat = 1
        self._address, self._clock, self._mqtt5, self._log_in = (host, port), clock, mqtt5, log_in
        self._form, self._readings_max, self._resend_s = time_form, readings_max, resend_s
        self._buffer_max = buffer_readings_max
        self._next_seq = 1
        # never held while paho is called: paho calls back under a lock of its own
        self._lock = threading.Condition()
        self._kept: OrderedDict[int, _Message] = OrderedDict()
        self._unsent: deque[int] = deque()
        self._looked_at = 0.0
        self._kept_readings = 0
        self._next_key = 0
        self._by_mid: dict[int, int] = {}
        self._early: set[int] = set()
        self._client: mqtt.Client | None = None
        self._online = self._closed = False
        self._sender = threading.Thread(
            target=self._send_all, name=f"gateway {gateway.name}", daemon=True
        )
        self._sender.start()

    # -- what the story does with it

    def connect(self) -> None:
        """Go on line; returns at once, reconnects by itself until `cut` or `close`."""
        with self._lock:
            if self._client is not None or self._closed:
                return
            self._client = client = self._new_client()
        with contextlib.suppress(OSError):  # the loop goes on trying
            client.connect_async(*self._address, keepalive=30)
        client.loop_start()

    def publish(self, readings: GatewayReadings) -> None:
        """Take readings over: number them, keep them, send them as soon as it is on line."""
        rows: list[Row] = list(readings.rows())
        start = 0
        while start < len(rows):
            end = min(start + self._readings_max, len(rows))
            # both axes of one instant stay together
            while end < len(rows) and rows[end][1] == rows[end - 1][1]:
                end += 1
            self._keep_rows(rows[start:end])
            start = end

    def publish_odd(self, address: str, taken_at_ns: int, value: object) -> None:
        """Take one reading over whose value or address is not as it should be, alone."""
        self._keep_rows([(address, taken_at_ns, value)])

    def publish_wave(self, block: SentBlock) -> None:
        """Take a block of a waveform over; it counts as one reading."""
        with self._lock:
            boot, seq = self.boot, self._next_seq
            self._next_seq += 1
        payload = payloads.wave(
            boot, seq, block.address, block.taken_at_ns, RATE_HZ, SCALE_M_S2, block.samples
        )
        self._keep(_Message("wave", payload, 1, boot, seq))
        self.sent += 1

    def publish_raw(self, payload: bytes, what: str = "readings") -> None:
        """Send bytes that are no readings; they have no number and count as none."""
        self._keep(_Message(what, payload, 0))

    def cut(self) -> None:
        """Lose the network at once; readings are kept."""
        with self._lock:
            client, self._client, self._online = self._client, None, False
        if client is None:
            return
        sock = client.socket()
        if isinstance(sock, socket.socket):
            # without a good-bye, so that the broker tells the last will
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        client.disconnect()
        client.loop_stop()
        self._forget_sent()

    def restore(self) -> None:
        """Have the network again: reconnect and send all that has no receipt."""
        self.connect()

    def restart(self) -> None:
        """Start anew: the boot counter rises and numbers begin again; the buffer survives."""
        was_on_line = self._client is not None
        self.cut()
        with self._lock:
            self.boot += 1
            self._next_seq = 1
        if was_on_line:
            self.connect()

    def unreceipted(self) -> int:
        """Count the readings that are not known to be safe yet."""
        with self._lock:
            return self._kept_readings

    def online(self) -> bool:
        """Tell whether it is connected and listens for its receipts."""
        return self._online

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything is safe; `False` when it took longer."""
        until = time.monotonic() + timeout_s
        with self._lock:
            return self._lock.wait_for(lambda: not self._kept, until - time.monotonic())

    def close(self) -> None:
        """Say good-bye and stop; what has no receipt is given up."""
        with self._lock:
            self._closed = True
            client, self._client, self._online = self._client, None, False
            self._lock.notify_all()
        self._sender.join()
        if client is None:
            return
        if client.is_connected():
            info = client.publish(self._topic("status"), self._status(online=False), 1, True)
            with contextlib.suppress(RuntimeError, ValueError):
                info.wait_for_publish(2.0)
        client.disconnect()
        client.loop_stop()

    # -- the buffer

    def _keep_rows(self, rows: list[Row]) -> None:
        if self.speech in {"native", "cbor"}:
            with self._lock:
                boot, seq = self.boot, self._next_seq
                self._next_seq += len(rows)
            write, what = payloads.native, "readings"
            if self.speech == "cbor":
                write, what = payloads.cbor, "readings/cbor"
            payload = write(boot, seq, rows, self._form)
            self._keep(_Message(what, payload, len(rows), boot, seq))
        else:
            what, payload = self._unnumbered(rows)
            self._keep(_Message(what, payload, len(rows)))
        self.sent += len(rows)

    def _unnumbered(self, rows: list[Row]) -> tuple[str, bytes]:
        """Write readings in a payload without numbers; its topic and the payload."""
        if self.speech == "thingsboard":
            return "v1/gateway/telemetry", payloads.thingsboard(rows)
        if self.speech == "dzt":
            return "dzt", payloads.dzt(rows)
        return "senml", payloads.senml(rows, binary=self.speech == "senml-cbor")

    def _keep(self, message: _Message) -> None:
        with self._lock:
            self._kept[self._next_key] = message
            self._unsent.append(self._next_key)
            self._next_key += 1
            self._kept_readings += message.readings
            while self._kept_readings > self._buffer_max:
                oldest = next(iter(self._kept))
                self.dropped += self._drop(oldest)
            self._lock.notify_all()

    def _drop(self, key: int) -> int:
        message = self._kept.pop(key)
        self._kept_readings -= message.readings
        return message.readings

    def _forget_sent(self) -> None:
        with self._lock:
            for message in self._kept.values():
                message.mids.clear()
            self._unsent = deque(self._kept)
            self._by_mid.clear()
            self._early.clear()
            self._lock.notify_all()

    # -- sending: one thread, so that messages leave in order

    def _send_all(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._closed or self._due() is not None, _TICK_S)
                if self._closed:
                    return
                key, client = self._due(), self._client
                if key is None or client is None:
                    continue
                self._unsent.popleft()
                message = self._kept[key]
                again = message.sent_at is not None
                message.sent_at = time.monotonic()
            self.resent += again
            for _ in range(self.repeat):
                self._send(client, key, message)

    def _due(self) -> int | None:
        # called with the lock held; the key it tells is the first of `_unsent`
        if not self._online or len(self._by_mid) >= _WINDOW:
            return None
        now = time.monotonic()
        if not self._unsent and now - self._looked_at >= _TICK_S:
            self._looked_at = now
            self._unsent.extend(
                key
                for key, message in self._kept.items()
                if not message.mids
                and message.sent_at is not None
                and message.sent_at < now - self._resend_s
            )
        while self._unsent and self._unsent[0] not in self._kept:
            self._unsent.popleft()
        return self._unsent[0] if self._unsent else None

    def _send(self, client: mqtt.Client, key: int, message: _Message) -> None:
        info = client.publish(self._topic(message.what), message.payload, qos=1)
        self.messages += 1
        with self._lock:
            if client is not self._client:
                return
            if info.mid in self._early:
                self._early.discard(info.mid)
                self._taken(key)
            elif key in self._kept:
                self._by_mid[info.mid] = key
                message.mids.add(info.mid)

    def _taken(self, key: int) -> None:
        # the broker has it: the end of the matter only where there are no receipts
        message = self._kept.get(key)
        if message is not None and not message.numbered:
            self._drop(key)
        self._lock.notify_all()

    # -- paho's callbacks, on its thread

    def _new_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.gateway.id,
            protocol=MQTTProtocolVersion.MQTTv5 if self._mqtt5 else MQTTProtocolVersion.MQTTv311,
        )
        if self._log_in is not None:
            client.username_pw_set(*self._log_in)
        client.max_inflight_messages_set(_WINDOW)
        client.reconnect_delay_set(1, 5)
        client.will_set(self._topic("status"), self._status(online=False), 1, True)
        client.on_socket_open = _at_once
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: mqtt.Client, _user: Any, _flags: Any, reason: ReasonCode, _more: Any
    ) -> None:
        if reason.is_failure:
            log.warning("gateway not let in", gateway=self.gateway.id, reason=str(reason))
            return
        info = client.publish(self._topic("status"), self._status(online=True), 1, True)
        with self._lock:
            self._by_mid[info.mid] = -1
        client.subscribe(self._topic("receipt"), 1)

    def _on_subscribe(
        self, client: mqtt.Client, _user: Any, _mid: int, reasons: list[ReasonCode], _more: Any
    ) -> None:
        if reasons and reasons[0].is_failure:
            log.warning("gateway may not read receipts", gateway=self.gateway.id)
        with self._lock:
            if client is not self._client:
                return
            self._online = True
            # paho itself repeats what the broker had not taken when the line broke
            self._unsent = deque(key for key, kept in self._kept.items() if not kept.mids)
            self._lock.notify_all()

    def _on_disconnect(
        self, client: mqtt.Client, _user: Any, _flags: Any, _reason: ReasonCode, _more: Any
    ) -> None:
        with self._lock:
            if client is self._client:
                self._online = False

    def _on_publish(
        self,
        client: mqtt.Client,
        _user: Any,
        mid: int,
        reason: ReasonCode,
        _more: Properties | None,
    ) -> None:
        with self._lock:
            if client is not self._client:
                return
            key = self._by_mid.pop(mid, None)
            if reason.is_failure:
                self.refused += 1
            if key is None:
                if not reason.is_failure:
                    self._early.add(mid)
                return
            if key in self._kept:
                self._kept[key].mids.discard(mid)
            if not reason.is_failure:
                self._taken(key)
            self._lock.notify_all()

    def _on_message(self, client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        try:
            receipt = msgspec.json.decode(message.payload, type=_Receipt)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("receipt not understood", gateway=self.gateway.id, error=str(error))
            return
        with self._lock:
            for key, kept in list(self._kept.items()):
                if kept.boot != receipt.boot:
                    continue
                if kept.first > receipt.upto:
                    break  # numbers rise within a boot
                if kept.last <= receipt.upto and not any(
                    low <= kept.last and kept.first <= high for low, high in receipt.gaps
                ):
                    self._drop(key)
            self._lock.notify_all()

    def _topic(self, what: str) -> str:
        return str(Topic(self.gateway.shard, self.gateway.id, what))

    def _status(self, *, online: bool) -> bytes:
        return payloads.status(
            online=online, boot=self.boot, battery=90.0, signal=-71, firmware="demo-1.0"
        )
