"""Simulated gateways over the real broker: nothing leaves the buffer before the receipt."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import cbor2
import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from domain.clock import HOUR_NS, SECOND_NS, VirtualClock
from domain.sensors import Gateway
from domain.topics import Topic
from simulators.gateway import SimulatedGateway
from simulators.player import Player
from simulators.readings import GatewayReadings
from simulators.story import START_NS, demo_story
from tests.servers.mosquitto import Mosquitto, start
from tests.servers.process import ServerMissing

pytestmark = pytest.mark.servers


def eventually(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)


def native(payload: bytes) -> dict[str, Any]:
    """Read a payload in the native form; empty when it is none."""
    try:
        said = json.loads(payload)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def told(topic: str, payload: bytes) -> dict[str, Any]:
    """Read a payload that numbers its readings, native or a block of a waveform; else empty."""
    if topic.endswith("/wave"):
        return dict(cbor2.loads(payload))
    return native(payload) if topic.endswith("/readings") else {}


class Listener:
    """Anju's side as the gateways see it: hears everything, gives receipts when told to."""

    def __init__(self, broker: Mosquitto, *, receipts: bool = True) -> None:
        self.receipts = receipts
        self.heard: list[tuple[str, bytes]] = []
        self.statuses: list[dict[str, Any]] = []
        self._numbers: dict[tuple[str, int], set[int]] = {}
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="listener")
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe("anju/1/#", 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def _on_message(self, _client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        what = Topic.parse(message.topic).what
        if what == "status":
            self.statuses.append(json.loads(message.payload))
        elif what != "receipt":
            self.heard.append((message.topic, message.payload))
            if said := told(message.topic, message.payload):
                numbers = range(said["seq"], said["seq"] + len(said.get("readings", [said])))
                self._of(message.topic, said).update(numbers)
                if self.receipts:
                    self.receipt(message.topic, message.payload)

    def receipt(self, topic: str, payload: bytes) -> None:
        """Say what has come so far; a broker may have let some go before anybody listened."""
        said = told(topic, payload)
        upto = said["seq"] + len(said.get("readings", [said])) - 1
        known = self._of(topic, said)
        gaps = [[n, n] for n in range(1, upto + 1) if n not in known]
        self.say(topic, {"boot": said["boot"], "upto": upto, "gaps": gaps, "rejected": []})

    def _of(self, topic: str, said: dict[str, Any]) -> set[int]:
        return self._numbers.setdefault((topic.rsplit("/", 1)[0], said["boot"]), set())

    def say(self, topic: str, receipt: dict[str, Any]) -> None:
        base = topic.rsplit("/", 1)[0]
        self._client.publish(f"{base}/receipt", json.dumps(receipt), 1)

    def numbers(self) -> list[tuple[int, int]]:
        """List (boot, seq) of every reading that was heard, in order, repeats too."""
        found = []
        for topic, payload in list(self.heard):
            if topic.endswith("/readings") and (said := native(payload)):
                found += [(said["boot"], said["seq"] + n) for n in range(len(said["readings"]))]
        return found

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def anju(broker: Mosquitto) -> Iterator[Listener]:
    listener = Listener(broker)
    yield listener
    listener.close()


@pytest.fixture
def make(broker: Mosquitto, request: pytest.FixtureRequest) -> Iterator[Any]:
    made: list[SimulatedGateway] = []

    def gateway(**options: Any) -> SimulatedGateway:
        record = Gateway(f"g-{request.node.name[:40]}-{len(made)}", f"GW{len(made)}")
        options.setdefault("readings_max", 10)
        one = SimulatedGateway(record, broker.host, broker.port, VirtualClock(START_NS), **options)
        made.append(one)
        return one

    yield gateway
    for one in made:
        one.close()


def readings(count: int, start: int = 0) -> GatewayReadings:
    at = START_NS + np.arange(start, start + count, dtype=np.int64) * 60 * SECOND_NS
    return GatewayReadings(("T1.x",), np.zeros(count, np.int32), at, np.arange(count, dtype=float))


@pytest.mark.parametrize("mqtt5", [True, False], ids=["mqtt 5", "mqtt 3.1.1"])
def test_readings_are_numbered_and_kept_until_the_receipt(
    anju: Listener, make: Any, mqtt5: bool
) -> None:
    anju.receipts = False
    gateway = make(mqtt5=mqtt5)
    gateway.connect()
    gateway.publish(readings(25))
    eventually(lambda: len(anju.numbers()) == 25)
    assert anju.numbers() == [(1, n) for n in range(1, 26)]
    assert not gateway.flush(0.3)
    assert gateway.unreceipted() == 25
    topic = anju.heard[0][0]
    anju.say(topic, {"boot": 1, "upto": 25, "gaps": [[11, 12]], "rejected": []})
    eventually(lambda: gateway.unreceipted() == 10)
    anju.say(topic, {"boot": 2, "upto": 99, "gaps": []})  # of another boot
    anju.say(topic, {"boot": 1, "upto": 25, "gaps": []})
    assert gateway.flush(10)
    assert gateway.sent == 25


def test_what_has_no_receipt_is_sent_again_after_a_while(anju: Listener, make: Any) -> None:
    anju.receipts = False
    gateway = make(resend_s=0.3)
    gateway.connect()
    gateway.publish(readings(10))
    eventually(lambda: anju.numbers().count((1, 1)) >= 2)
    anju.receipts = True
    assert gateway.flush(10)
    assert gateway.sent == 10
    assert gateway.resent >= 1


def test_an_outage_is_filled_back_in_order_and_the_broker_tells_the_last_will(
    anju: Listener, make: Any
) -> None:
    gateway = make()
    gateway.connect()
    gateway.publish(readings(10))
    assert gateway.flush(10)
    gateway.cut()
    eventually(lambda: bool(anju.statuses) and not anju.statuses[-1]["online"])
    gateway.publish(readings(30, start=10))
    assert not gateway.flush(0.2)
    assert gateway.unreceipted() == 30
    assert len(anju.numbers()) == 10
    gateway.restore()
    assert gateway.flush(10)
    assert anju.numbers() == [(1, n) for n in range(1, 41)]
    eventually(lambda: bool(anju.statuses[-1]["online"]))


def test_a_restart_counts_the_boots_up_and_loses_nothing_of_the_old_one(
    anju: Listener, make: Any
) -> None:
    anju.receipts = False
    gateway = make()
    gateway.connect()
    gateway.publish(readings(10))
    eventually(lambda: len(anju.numbers()) == 10)
    anju.receipts = True
    gateway.restart()
    gateway.publish(readings(10, start=10))
    assert gateway.flush(10)
    assert set(anju.numbers()) == {(b, n) for b in (1, 2) for n in range(1, 11)}
    assert anju.statuses[-1]["boot"] == 2


def test_repeated_messages_are_duplicates_of_the_same_numbers(anju: Listener, make: Any) -> None:
    gateway = make()
    gateway.repeat = 3
    gateway.connect()
    gateway.publish(readings(20))
    assert gateway.flush(10)
    eventually(lambda: len(anju.numbers()) == 60)
    assert gateway.sent == 20


def test_the_nested_form_has_no_numbers_and_ends_with_the_brokers_acknowledgement(
    anju: Listener, make: Any
) -> None:
    anju.receipts = False
    gateway = make(speech="dzt")
    gateway.connect()
    at = np.full(2, START_NS, np.int64)
    axes = GatewayReadings(
        ("SK1.L1_QJ_1.X", "SK1.L1_QJ_1.Y"), np.arange(2, dtype=np.int32), at, np.array([0.1, 0.2])
    )
    gateway.publish(axes)
    assert gateway.flush(10)
    eventually(lambda: len(anju.heard) == 1)
    topic, payload = anju.heard[0]
    assert topic.endswith("/dzt")
    assert json.loads(payload)["SK1"]["L1_QJ_1"] == {
        "2026-08-20T00:00:00.000Z": {"X": 0.1, "Y": 0.2}
    }


def test_odd_readings_are_numbered_and_garbage_is_not(anju: Listener, make: Any) -> None:
    gateway = make()
    gateway.connect()
    gateway.publish_raw(b"[[[")
    eventually(lambda: len(anju.heard) == 1)
    anju.heard.clear()
    gateway.publish_odd("C1", START_NS, "wide")
    assert gateway.flush(10)
    assert gateway.sent == 1
    assert json.loads(anju.heard[0][1])["readings"][0]["v"] == "wide"


def test_a_full_buffer_loses_the_oldest_and_counts_them(anju: Listener, make: Any) -> None:
    gateway = make(buffer_readings_max=30)
    gateway.publish(readings(50))
    assert gateway.unreceipted() == 30
    assert gateway.dropped == 20
    gateway.connect()
    assert gateway.flush(10)
    assert anju.numbers() == [(1, n) for n in range(21, 51)]


def test_a_receipt_that_makes_no_sense_is_let_go(anju: Listener, make: Any) -> None:
    anju.receipts = False
    gateway = make()
    gateway.connect()
    gateway.publish(readings(10))
    eventually(lambda: len(anju.heard) == 1)
    anju.say(anju.heard[0][0], {"boot": "one"})
    anju.receipt(*anju.heard[0])
    assert gateway.flush(10)


def test_a_broker_that_is_killed_and_comes_back_loses_no_reading(tmp_path: Any) -> None:
    try:
        with start(tmp_path / "own") as broker:
            listener = Listener(broker, receipts=False)
            gateway = SimulatedGateway(
                Gateway("g-killed", "GW"), broker.host, broker.port, VirtualClock(START_NS),
                readings_max=10, resend_s=1.0,
            )  # fmt: skip
            gateway.connect()
            gateway.publish(readings(50))
            eventually(lambda: len(listener.numbers()) == 50)
            broker.kill()
            gateway.publish(readings(50, start=50))
            broker.start_again()
            listener.receipts = True
            assert gateway.flush(30)
            assert set(listener.numbers()) == {(1, n) for n in range(1, 101)}
            gateway.close()
            listener.close()
    except ServerMissing as error:
        pytest.fail(str(error))


def test_a_gateway_without_a_broker_waits_and_closes_at_once(make: Any) -> None:
    gateway = SimulatedGateway(Gateway("g-alone", "GW"), "127.0.0.1", 1, VirtualClock(START_NS))
    gateway.connect()
    gateway.publish(readings(5))
    assert not gateway.flush(0.2)
    gateway.close()
    assert gateway.unreceipted() == 5


def test_two_days_of_the_story_arrive_whole_though_a_line_is_cut(
    anju: Listener, broker: Mosquitto
) -> None:
    story = demo_story()
    clock = VirtualClock(START_NS)
    player = Player(story, broker.host, broker.port, clock)
    try:
        player.connect()
        # a day with duplicates, garbage, odd readings; the cut, what is filled back; a restart
        for first, last in ((37 * 24, 38 * 24), (39 * 24, 42 * 24), (57 * 24, 61 * 24)):
            for hour in range(first, last, 12):
                clock.advance_to(START_NS + (hour + 12) * HOUR_NS)
                player.play(START_NS + hour * HOUR_NS, START_NS + (hour + 12) * HOUR_NS)
                assert player.flush(60)
        assert player.unreceipted() == 0
    finally:
        player.close()  # or its gateways would take the sessions of the next test's over
    numbered = {
        (topic.rsplit("/", 1)[0], said["boot"], said["seq"] + n)
        for topic, payload in anju.heard
        if topic.endswith(("/readings", "/wave")) and (said := told(topic, payload))
        for n in range(len(said.get("readings", [said])))
    }
    nested = sum(
        len(fields) if isinstance(fields, dict) else 1
        for topic, payload in anju.heard
        if topic.endswith("/dzt")
        for points in json.loads(payload).values()
        for moments in points.values()
        for fields in moments.values()
    )
    assert len(numbered) + nested == player.sent
