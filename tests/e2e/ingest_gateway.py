"""A gateway for tests: numbers its readings and keeps them until the receipt."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

START_MS = 1_795_000_000_000


def message(gateway: str, boot: int, seq: int, count: int) -> tuple[str, bytes]:
    """Write the readings seq, seq + 1, …: number n was taken n ms after the start, value n."""
    readings = [
        {"c": f"T{n % 5}.x", "t": START_MS + n, "v": n / 1000} for n in range(seq, seq + count)
    ]
    payload = json.dumps({"boot": boot, "seq": seq, "readings": readings}).encode()
    return f"anju/1/0/{gateway}/readings", payload


class TestGateway:
    """Publishes, listens for receipts, and sends again what has none."""

    __test__ = False

    def __init__(
        self,
        port: int,
        name: str = "g-1",
        boot: int = 1,
        *,
        log_in: bool = False,
        five: bool = False,
    ) -> None:
        self.name, self.boot, self.port = name, boot, port
        self.unreceipted: set[int] = set()
        self.acked: set[int] = set()
        self._on_the_way: dict[int, range] = {}
        self._early: set[int] = set()
        self.receipts: list[dict[str, object]] = []
        self.subscribed = threading.Event()
        self._lock = threading.Lock()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"test-{name}",
            clean_session=None if five else False,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        )
        if log_in:
            self._client.username_pw_set(name, "any")
        self._client.max_inflight_messages_set(1000)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self.port)
        self._client.loop_start()
        assert self.subscribed.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(f"anju/1/0/{self.name}/receipt", 1)

    def _on_message(self, _client: mqtt.Client, _data: object, came: mqtt.MQTTMessage) -> None:
        receipt = json.loads(came.payload)
        gaps = receipt["gaps"]
        with self._lock:
            self.receipts.append(receipt)
            if receipt["boot"] == self.boot:
                self.unreceipted = {
                    n
                    for n in self.unreceipted
                    if n > receipt["upto"] or any(a <= n <= b for a, b in gaps)
                }

    def _on_publish(self, _client: mqtt.Client, _data: object, mid: int, *_: object) -> None:
        with self._lock:
            numbers = self._on_the_way.pop(mid, None)
            if numbers is None:
                self._early.add(mid)  # before `publish` has returned
            else:
                self.acked.update(numbers)

    def publish(self, seq: int, count: int) -> None:
        """Send a message; the readings in it wait for their receipt."""
        with self._lock:
            self.unreceipted.update(range(seq, seq + count))
        info = self._client.publish(*message(self.name, self.boot, seq, count), qos=1)
        with self._lock:
            if info.mid in self._early:
                self._early.discard(info.mid)
                self.acked.update(range(seq, seq + count))
            else:
                self._on_the_way[info.mid] = range(seq, seq + count)

    def wait_for_acks(self, numbers: Iterable[int], seconds: float = 60.0) -> None:
        """Wait until the other side has acknowledged these numbers."""
        wait_for(lambda: set(numbers) <= self.acked, seconds)

    def publish_all(self, numbers: Iterable[int], count: int = 5) -> None:
        """Send many numbers, `count` a message."""
        for seq in list(numbers)[::count]:
            self.publish(seq, count)

    def send_again(self) -> None:
        """Send what has no receipt, one reading a message."""
        with self._lock:
            waiting = sorted(self.unreceipted)
        for n in waiting:
            self._client.publish(*message(self.name, self.boot, n, 1), qos=1)

    def receipted(self, of: Iterable[int]) -> set[int]:
        """Tell which numbers may be forgotten by now."""
        with self._lock:
            return set(of) - self.unreceipted

    def wait_for_receipts(self, seconds: float = 60.0, *, again_every_s: float = 0.0) -> None:
        """Wait until everything has its receipt."""
        until = time.monotonic() + seconds
        again_at = time.monotonic() + again_every_s
        while self.unreceipted:
            assert time.monotonic() < until, f"{len(self.unreceipted)} readings have no receipt"
            if again_every_s and time.monotonic() > again_at:
                self.send_again()
                again_at = time.monotonic() + again_every_s
            time.sleep(0.05)


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to hold in time"
        time.sleep(0.02)
