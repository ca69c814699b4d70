"""The gateway: takes readings onto the disk, and sends them until Anju says that it has them."""

import contextlib
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from anju_gateway import payloads
from anju_gateway.buffer import Buffer, BufferFailed
from anju_gateway.settings import Settings
from anju_gateway.times import MachineClock, is_set

log = logging.getLogger("anju_gateway")

_READINGS_A_MESSAGE = 100
#: messages without a receipt at once
_WINDOW = 50
_RESEND_S = 20.0
#: without any receipt it is tried ever more rarely: the gateway may not be registered yet
_RESEND_S_MAX = 600.0
_LOOK_EVERY_S = 0.5
_KEEPALIVE_S = 30
_RECONNECT_S = (1, 60)


class Gateway:
    """Sends readings and loses none: when `publish` returns, the reading is on the disk.

    It connects and reconnects in the background, and sends again what has no receipt. What it is
    given while there is no network, or before the machine knows the time of day, is sent later
    with the moment at which it was taken.

    Parameters
    ----------
    settings
        What the gateway was told when it was handed over.
    clock
        The machine's clocks.
    resend_s
        Seconds without a receipt after which readings are sent again.

    Raises
    ------
    BufferInUse
        When another program sends from the same buffer.
    BufferFailed
        When the buffer cannot be opened.

    """

    def __init__(
        self,
        settings: Settings,
        clock: MachineClock | None = None,
        resend_s: float = _RESEND_S,
        readings_max: int = 5_000_000,
    ) -> None:
        self._settings = settings
        self._clock = clock or MachineClock()
        self._resend_first_s = self._resend_s = resend_s
        self._run_id = self._clock.run_id()
        self._buffer = Buffer(settings.buffer, readings_max)
        self._facts: dict[str, float | str] = {}
        self._changed = threading.Condition()
        self._online = self._closed = False
        self._trouble = "not connected yet"
        self._cursor = 0
        # (last number, when) of each message that was sent and may still lack its receipt
        self._sent: deque[tuple[int, float]] = deque()
        self.rejected = self.undated = self.resent = 0
        self._client = self._new_client()
        self._sender = threading.Thread(target=self._run, name="anju-gateway", daemon=True)
        with contextlib.suppress(OSError):  # the loop goes on trying
            self._client.connect_async(settings.host, settings.port, _KEEPALIVE_S)
        self._client.loop_start()
        self._sender.start()

    @classmethod
    def from_file(cls, file: str | Path | None = None) -> Self:
        """Make a gateway of a hand-over file, or of variables; see `Settings.read`."""
        return cls(Settings.read(file))

    def __enter__(self) -> Self:
        """Use it until the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    # -- what a program does with it

    def publish(self, address: str, value: float, taken_at: datetime | None = None) -> None:
        """Take one reading over; it is on the disk when this returns.

        Parameters
        ----------
        address
            What the channel is called in Anju's register, such as `T1.x`.
        value
            In the unit that is registered for the channel.
        taken_at
            When it was taken, aware; `None`: now.

        Raises
        ------
        ValueError
            When the value is no finite number, or the moment has no time zone.
        BufferFailed
            When it cannot be kept: the disk is full, or the buffer is. It was not taken.

        """
        self.publish_many([(address, value, taken_at)])

    def publish_many(self, readings: Iterable[tuple[str, float, datetime | None]]) -> None:
        """Take readings over, all or none; see `publish`."""
        now_ns = self._clock.now_ns()
        now = now_ns if is_set(now_ns) else None
        rows = [(_address(a), _moment(at, now), _number(value)) for a, value, at in readings]
        self._buffer.add(rows, self._clock.steady_ns(), self._run_id)
        with self._changed:
            self._changed.notify_all()

    def tell(self, **facts: float | str) -> None:
        """Tell the state of the gateway: `battery` in percent, `signal` in dBm, `firmware`."""
        self._facts |= facts
        if self._online:
            self._say_status(online=True)

    @property
    def waiting(self) -> int:
        """Readings that Anju is not known to have yet."""
        return len(self._buffer)

    @property
    def online(self) -> bool:
        """It is connected and hears its receipts."""
        return self._online

    @property
    def trouble(self) -> str:
        """Why nothing is sent; empty when all is well."""
        return self._trouble

    def flush(self, timeout_s: float) -> bool:
        """Wait until Anju has everything; `False` when it took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not len(self._buffer), timeout_s)

    def close(self) -> None:
        """Say good-bye and stop; what Anju does not have yet stays on the disk."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._sender.join()
        if self._client.is_connected():
            info = self._say_status(online=False)
            with contextlib.suppress(RuntimeError, ValueError):
                info.wait_for_publish(2.0)
        self._client.disconnect()
        self._client.loop_stop()
        self._buffer.close()

    # -- sending: one thread, so that messages leave in the order of their numbers

    def _run(self) -> None:
        while not self._is_closed():
            try:
                sent = self._step()
            except BufferFailed as error:
                log.error("cannot send: %s", error)
                sent = False
            with self._changed:
                if not sent and not self._is_closed():
                    self._changed.wait(_LOOK_EVERY_S)

    def _is_closed(self) -> bool:
        return self._closed

    def _step(self) -> bool:
        """Send one message if there is something to send; tells whether there was."""
        now_ns = self._clock.now_ns()
        if not is_set(now_ns):
            return False
        lost = self._buffer.tell_time(now_ns, self._clock.steady_ns(), self._run_id)
        if lost:
            self.undated += lost
            log.error("%d readings given up: nothing tells when they were taken", lost)
        if not self._online:
            return False
        oldest = self._buffer.oldest()
        with self._changed:
            while self._sent and (not oldest or self._sent[0][0] < oldest):
                self._sent.popleft()
            if self._sent and time.monotonic() - self._sent[0][1] > self._resend_s:
                self._resend_s = min(2 * self._resend_s, _RESEND_S_MAX)
                self.resent += len(self._sent)
                self._start_over()
            if len(self._sent) >= _WINDOW:
                return False
            cursor = self._cursor
        kept = self._buffer.run_after(cursor, _READINGS_A_MESSAGE)
        if not kept:
            return False
        payload = payloads.readings(self._buffer.boot, kept)
        info = self._client.publish(f"{self._settings.base}/readings", payload, qos=1)
        if info.rc not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN}:
            return False  # its queue is full: the same again later
        with self._changed:
            if self._cursor == cursor:  # else it was told to start over meanwhile
                self._cursor = kept[-1].seq
                self._sent.append((kept[-1].seq, time.monotonic()))
        return True

    def _start_over(self) -> None:
        # called with the lock held: what has no receipt is sent again, oldest first
        self._cursor = 0
        self._sent.clear()

    # -- paho's callbacks, on its thread

    def _new_client(self) -> mqtt.Client:
        settings = self._settings
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.id,
            protocol=MQTTProtocolVersion.MQTTv5
            if settings.mqtt == 5
            else MQTTProtocolVersion.MQTTv311,
        )
        client.username_pw_set(settings.id, settings.secret)
        if settings.tls:
            client.tls_set(ca_certs=settings.ca_file or None)
        client.max_inflight_messages_set(_WINDOW)
        client.max_queued_messages_set(2 * _WINDOW)
        client.reconnect_delay_set(*_RECONNECT_S)
        client.will_set(f"{settings.base}/status", payloads.status(False, 0, {}), 1, True)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _say_status(self, *, online: bool) -> mqtt.MQTTMessageInfo:
        said = payloads.status(online, self._buffer.boot, self._facts)
        return self._client.publish(f"{self._settings.base}/status", said, 1, True)

    def _on_connect(
        self, client: mqtt.Client, _user: Any, _flags: Any, reason: Any, _more: Any
    ) -> None:
        if reason.is_failure:
            self._lost(f"the broker refuses: {reason}; is the secret still valid?")
        else:
            client.subscribe(f"{self._settings.base}/receipt", 1)

    def _on_connect_fail(self, _client: mqtt.Client, _user: Any) -> None:
        self._lost(f"{self._settings.host}:{self._settings.port} cannot be reached")

    def _on_subscribe(
        self, _client: mqtt.Client, _user: Any, _mid: int, reasons: Any, _more: Any
    ) -> None:
        if reasons and reasons[0].is_failure:
            self._lost(f"receipts may not be read: {reasons[0]}")
            return
        with contextlib.suppress(BufferFailed):
            self._say_status(online=True)
        with self._changed:
            self._online, self._trouble = True, ""
            self._resend_s = self._resend_first_s
            self._start_over()
            self._changed.notify_all()
        log.info("connected to %s:%d", self._settings.host, self._settings.port)

    def _on_disconnect(
        self, _client: mqtt.Client, _user: Any, _flags: Any, reason: Any, _more: Any
    ) -> None:
        if not self._closed:
            self._lost(f"connection lost: {reason}" if self._online else self._trouble)

    def _lost(self, reason: str) -> None:
        with self._changed:
            new = reason != self._trouble
            self._online, self._trouble = False, reason
        if new:
            log.warning("%s", reason)

    def _on_publish(
        self, _client: mqtt.Client, _user: Any, _mid: int, reason: Any, _more: Any
    ) -> None:
        # on MQTT 3.1.1 a broker says yes to what it refuses: there only receipts tell
        if reason.is_failure and not reason.getName().startswith("No matching"):
            trouble = f"the broker refuses what is published: {reason}"
            if trouble != self._trouble:
                log.warning("%s", trouble)
            self._trouble = trouble

    def _on_message(self, _client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        try:
            receipt = payloads.receipt(bytes(message.payload))
            if receipt.boot != self._buffer.boot:
                return  # about an earlier buffer
            self._buffer.forget(receipt.upto, receipt.gaps)
        except (ValueError, BufferFailed) as error:
            # the readings stay, are sent again, and another receipt comes
            log.warning("receipt not used: %s", error)
            return
        for first, last, why in receipt.rejected:
            self.rejected += last - first + 1
            log.warning("readings %d to %d are refused: %s", first, last, why)
        with self._changed:
            self._resend_s, self._trouble = self._resend_first_s, ""
            self._changed.notify_all()


def _address(address: str) -> str:
    if not address.strip():
        raise ValueError(f"address must be some text, got {address!r}")
    return address


def _number(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"value must be a finite number, got {value!r}")
    return float(value)


def _moment(taken_at: datetime | None, now_ns: int | None) -> int | None:
    if taken_at is None:
        return now_ns
    if taken_at.tzinfo is None:
        raise ValueError(f"taken_at must have a time zone, got {taken_at!r}")
    whole = int(taken_at.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + taken_at.microsecond * 1_000
