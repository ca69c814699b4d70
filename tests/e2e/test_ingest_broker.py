"""The receiver on the real broker: what comes, what is refused, what is answered."""

import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from domain.accounts import Refusal
from domain.arrivals import Arrivals, Committed
from domain.clock import SystemClock
from domain.errors import StoreUnavailable
from domain.ports import SpoolWriter
from domain.readings import QualityFlag
from domain.sensors import Channel, Gateway
from ingest.directory import Directory
from ingest.receiver import Receiver
from ingest.settings import Broker, IngestSettings
from storage.spool import SqliteSpool
from tests.e2e.ingest_gateway import TestGateway, message, wait_for
from tests.e2e.ingest_process import directory
from tests.servers.mosquitto import Mosquitto, start
from tests.servers.process import ServerMissing, free_port


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    try:
        with start(tmp_path / "mosquitto") as broker:
            yield broker
    except ServerMissing as error:
        pytest.fail(str(error))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[SqliteSpool]:
    opened = SqliteSpool(tmp_path / "spool.db", limit_bytes=10**9)
    yield opened
    opened.close()


Start = Callable[..., Receiver]


@pytest.fixture
def receive(own_broker: Mosquitto, spool: SqliteSpool) -> Iterator[Start]:
    started: list[Receiver] = []
    known = directory()

    def begin(
        to: SpoolWriter = spool,
        settings: IngestSettings | None = None,
        of: Callable[[], Directory] = lambda: known,
        port: int = own_broker.port,
    ) -> Receiver:
        receiver = Receiver(Broker(port=port), to, of, SystemClock(), 0, settings)
        receiver.start()
        started.append(receiver)
        return receiver

    yield begin
    for receiver in started:
        receiver.stop()


def ready(receiver: Receiver) -> Receiver:
    wait_for(lambda: receiver.health().state == "ok")
    return receiver


def numbers(spool: SqliteSpool) -> list[int]:
    return sorted(n for entry in spool.after(0, 10**9) for n in entry.batch.seq.tolist())


def refusals(spool: SqliteSpool) -> list[Refusal]:
    return [refusal for entry in spool.after(0, 10**9) for refusal in entry.refusals]


@pytest.fixture
def sender(own_broker: Mosquitto) -> Iterator[mqtt.Client]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", own_broker.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


MALFORMED = [
    b"",
    b"\xff\xfe\x00",
    b"{",
    b"[]",
    b"5",
    b'"text"',
    b'{"readings":[{"c":"T0.x","t":1795413600000,"v":NaN}]}',
    b'{"readings":[{"c":"T0.x","t":1795413600000,"v":Infinity}]}',
    b'{"x":' * 50_000 + b"1" + b"}" * 50_000,
    b"[" * 100_000,
    b'{"readings":[],"readings":[]}',
    b'{"seq":-5,"readings":[]}',
    b'{"readings":[' + b" " * 10_000_000 + b"]}",
]


@pytest.mark.parametrize("what", ["readings", "dzt", "status"])
def test_malformed_payloads_are_each_kept_with_a_reason_and_the_queue_goes_on(
    receive: Start, own_broker: Mosquitto, spool: SqliteSpool, sender: mqtt.Client, what: str
) -> None:
    receiver = ready(receive())
    sent = [p for p in MALFORMED if p or what != "status"]  # an empty status only clears it
    with TestGateway(own_broker.port) as gateway:
        for payload in sent:
            sender.publish(f"anju/1/0/g-1/{what}", payload, qos=1)
        wait_for(lambda: receiver.stats()["acknowledged"] >= len(sent))
        gateway.publish(0, 5)
        gateway.wait_for_receipts(20)
    kept = [r for r in refusals(spool) if r.readings == 0]
    assert len(kept) == len(sent)
    assert all(r.reason and r.detail and r.gateway_id == "g-1" for r in kept)
    assert max(len(r.sample) for r in kept) == 2000
    assert numbers(spool) == [0, 1, 2, 3, 4]
    assert receiver.stats()["breakages"] == 0


def test_values_of_all_sizes_are_stored_flagged_or_refused_one_by_one(
    receive: Start, own_broker: Mosquitto, spool: SqliteSpool, sender: mqtt.Client
) -> None:
    receiver = ready(receive())
    # well before the message comes in: what is held takes the moment of its arrival
    now = time.time_ns() // 1_000_000 - 60_000
    readings = [
        {"c": "T0.x", "t": now, "v": 1},
        {"c": "T0.x", "t": now + 1, "v": 5000.0},
        {"c": "T0.x", "t": now + 2, "v": 1e308},
        {"c": "T0.x", "t": now + 3, "v": "1"},
        {"c": "T9.x", "t": now + 4, "v": 1.0},
        {"c": "T0.x", "t": now + 3_600_000, "v": 1.0},
        {"c": "T0.x", "t": 1, "v": 1.0},
        {"c": "T0.x", "t": 946_000_000_000, "v": 1.0},
    ]
    payload = json.dumps({"boot": 1, "seq": 0, "readings": readings}).encode()
    sender.publish("anju/1/0/g-1/readings", payload, qos=1)
    wait_for(lambda: receiver.stats()["acknowledged"] == 1)
    (entry,) = spool.after(0, 10)
    # the last two come from a clock that is wrong: they wait in quarantine
    assert entry.batch.value.tolist() == [1.0, 5000.0, 1.0, 1.0]
    clock = QualityFlag.CLOCK | QualityFlag.HELD
    assert entry.batch.flag.tolist() == [0, QualityFlag.OUT_OF_RANGE, clock, clock]
    assert Counter(r.reason for r in entry.refusals for _ in range(r.readings)) == {
        "value": 1,
        "wrong type": 1,
        "unknown channel": 1,
        "time": 1,
    }
    account = entry.accounts[0]
    assert (account.stored, account.rejected, account.quarantined) == (2, 3, 3)
    assert account.sent == len(readings)


def test_a_repeat_gets_its_receipt_again(
    receive: Start, own_broker: Mosquitto, spool: SqliteSpool
) -> None:
    ready(receive())
    with TestGateway(own_broker.port) as gateway:
        for _ in range(2):
            gateway.publish(0, 5)
            gateway.wait_for_receipts(10)
        assert [r["upto"] for r in gateway.receipts] == [4, 4]
    assert numbers(spool) == [0, 1, 2, 3, 4]


def test_a_gateway_that_nobody_registered_keeps_its_readings_until_somebody_does(
    receive: Start, own_broker: Mosquitto, spool: SqliteSpool
) -> None:
    full = directory()
    channel = Channel("g-1:T0.x", "s", "g-1", "T0.x", "tilt", "‰")
    known = [Directory([(Gateway("g-1", "g-1"), channel)], 0)]
    ready(receive(of=lambda: known[0]))
    with TestGateway(own_broker.port, "g-2") as gateway:
        gateway.publish(0, 5)
        wait_for(lambda: refusals(spool))
        (refusal,) = refusals(spool)
        assert (refusal.reason, refusal.readings) == ("unknown gateway", 5)
        time.sleep(0.5)
        assert gateway.receipts == []
        known[0] = full
        gateway.send_again()
        gateway.wait_for_receipts(10)
    assert numbers(spool) == [0, 1, 2, 3, 4]


def test_retained_readings_and_foreign_topics_are_ignored_and_counted(
    receive: Start, own_broker: Mosquitto, spool: SqliteSpool, sender: mqtt.Client
) -> None:
    topic, payload = message("g-1", 1, 0, 1)
    sender.publish(topic, payload, qos=1, retain=True).wait_for_publish(5)
    receiver = ready(receive())
    wait_for(lambda: receiver.stats().get("retained readings") == 1)
    assert numbers(spool) == []
    with TestGateway(own_broker.port) as gateway:
        gateway.publish(0, 1)
        gateway.wait_for_receipts(10)


def test_a_status_and_a_message_without_qos_arrive(
    receive: Start, spool: SqliteSpool, sender: mqtt.Client
) -> None:
    ready(receive())
    status = b'{"online":true,"boot":3,"battery":87,"signal":-71,"firmware":"1.4"}'
    sender.publish("anju/1/0/g-1/status", status, qos=1, retain=True)
    sender.publish(*message("g-1", 1, 0, 2), qos=0)
    wait_for(lambda: numbers(spool) == [0, 1])
    wait_for(lambda: any(entry.statuses for entry in spool.after(0, 100)))
    (told,) = [status for entry in spool.after(0, 100) for status in entry.statuses]
    assert (told.gateway_id, told.online, told.battery_percent) == ("g-1", True, 87.0)


def test_a_broker_that_is_not_there_yet_is_waited_for(
    receive: Start, tmp_path: Path, spool: SqliteSpool
) -> None:
    port = free_port()
    receiver = receive(port=port)
    wait_for(lambda: "cannot be reached" in receiver.health().text)
    assert receiver.health().state == "degraded"
    with start(tmp_path / "later") as later:
        later.stop()
        later.port = port
        later.start_again()
        ready(receiver)


def test_whatever_listens_there_instead_of_a_broker_does_not_end_ingest(receive: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver = receive(port=server.getsockname()[1])
        for _ in range(3):
            other, _ = server.accept()
            other.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(range(256)))
            other.close()
        assert receiver.health().state == "degraded"


class FailingSpool:
    """Refuses as long as it is told to."""

    def __init__(self, spool: SqliteSpool) -> None:
        self.spool, self.refuses, self.tries = spool, True, 0

    def write(self, arrivals: Arrivals) -> Committed:
        self.tries += 1
        if self.refuses:
            raise StoreUnavailable("spool must have room, got a full disk")
        return self.spool.write(arrivals)


def test_while_the_spool_refuses_nothing_is_acknowledged_and_then_everything_once(
    receive: Start, own_broker: Mosquitto, spool: SqliteSpool
) -> None:
    failing = FailingSpool(spool)
    settings = IngestSettings(queue_messages_max=50)
    receiver = ready(receive(failing, settings))
    with TestGateway(own_broker.port) as gateway:
        gateway.publish_all(range(2_000), 5)
        wait_for(lambda: failing.tries >= 3)
        assert receiver.health().state == "degraded"
        assert "full disk" in receiver.health().text
        assert receiver.stats()["acknowledged"] == 0
        assert receiver.stats()["queued"] <= 50  # the rest waits in the broker
        assert gateway.receipts == []
        failing.refuses = False
        gateway.wait_for_receipts(30)
    assert numbers(spool) == list(range(2_000))
    assert receiver.health().state == "ok"
    assert receiver.stats()["duplicate"] == 0


def test_a_stop_leaves_nothing_half_done_and_the_next_one_goes_on(
    receive: Start, own_broker: Mosquitto, spool: SqliteSpool
) -> None:
    first = ready(receive())
    with TestGateway(own_broker.port) as gateway:
        gateway.publish_all(range(3_000), 2)
        first.stop()
        ready(receive())
        gateway.wait_for_receipts(30)
    assert numbers(spool) == list(range(3_000))
