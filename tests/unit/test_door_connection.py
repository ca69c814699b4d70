"""A connection at the device door: what is taken, what is refused, and how it ends."""

import pytest

from domain.topics import uplink_filters
from ingest.door.connection import State
from ingest.door.settings import DoorSettings
from ingest.messages import PASSED, answer_of, token_of
from tests.unit.door_memory import (
    TOPIC,
    Client,
    MemoryHall,
    connect,
    logged_in,
    packet,
    pubacks,
    publish,
    subscribe,
    text,
)

RECEIPT = "anju/1/0/g-1/receipt"
both = pytest.mark.parametrize("version", [4, 5])


@both
def test_nothing_is_acknowledged_before_the_writer_says_so(version: int) -> None:
    client = logged_in(version)
    assert client.feed(publish(version, 1) + publish(version, 2)) == b""
    assert [(m.topic, m.token) for m in client.hall.put_in] == [
        (TOPIC, token_of(7, 1)),
        (TOPIC, token_of(7, 2)),
    ]
    client.connection.acknowledge([1, 2])
    assert pubacks(client.transport.written)[-2:] == [(1, 0), (2, 0)]


@both
def test_qos_0_is_taken_without_a_token(version: int) -> None:
    client = logged_in(version)
    client.feed(publish(version, 0, b"x", qos=0))
    assert [(m.payload, m.token) for m in client.hall.put_in] == [(b"x", None)]


@both
def test_a_retained_message_is_taken_as_any_other(version: int) -> None:
    client = logged_in(version)
    client.feed(publish(version, 1, flags=1))
    assert not client.hall.put_in[0].retained


@both
def test_a_repeat_is_counted_and_taken(version: int) -> None:
    client = logged_in(version)
    client.feed(publish(version, 1, flags=8))
    assert client.hall.figures["redelivered"] == 1
    assert len(client.hall.put_in) == 1


FOREIGN = [
    "anju/1/0/g-2/readings",
    "anju/1/1/g-1/readings",
    "anju/1/0/g-1/receipt",
    "anju/1/0/g-1/config",
    "anju/1/0/g-1/made-up",
    "anju/1/0/g-1/../g-2/readings",
    "anju/2/0/g-1/readings",
    "$SYS/broker",
    "v1/devices/g-2/telemetry",
    "x",
]


@pytest.mark.parametrize("topic", FOREIGN)
def test_on_mqtt_5_a_foreign_topic_is_not_authorized(topic: str) -> None:
    client = logged_in(5)
    client.feed(publish(5, 9, topic=topic))
    (message,) = client.hall.put_in
    assert message.refused is PASSED
    assert message.payload == b""
    assert message.token is not None
    client.connection.acknowledge([answer_of(message.token)])
    assert pubacks(client.transport.written)[-1] == (9, 0x87)


@pytest.mark.parametrize("topic", FOREIGN)
@pytest.mark.parametrize("qos", [0, 1])
def test_on_3_1_1_a_foreign_topic_ends_the_connection_without_an_ack(topic: str, qos: int) -> None:
    client = logged_in(4)
    assert client.feed(publish(4, 9, topic=topic, qos=qos)) == b""
    assert client.transport.ended
    assert client.hall.put_in == []


@pytest.mark.parametrize("topic", ["anju/1/0/+/readings", "#", "anju/1/0/g-1/#", ""])
@both
def test_a_message_to_a_wildcard_ends_the_connection(version: int, topic: str) -> None:
    client = logged_in(version)
    answer = client.feed(publish(version, 1, topic=topic))
    assert client.transport.ended
    assert client.hall.put_in == []
    assert (answer[:1] == b"\xe0") == (version == 5)


@both
def test_only_its_own_receipt_and_config_may_be_listened_to(version: int) -> None:
    client = logged_in(version)
    wanted = [
        RECEIPT, "anju/1/0/g-1/config", "anju/1/0/g-2/receipt", "anju/1/0/+/receipt", "#",
        "anju/1/0/g-1/#", "$share/x/" + RECEIPT, TOPIC,
    ]  # fmt: skip
    answer = client.feed(subscribe(version, 3, *wanted))
    refused = 0x87 if version == 5 else 0x80
    assert list(answer[-8:]) == [1, 1] + [refused] * 6


@both
def test_a_subscriber_is_told_the_last_receipt_as_retained(version: int) -> None:
    client = logged_in(version)
    client.hall.sessions.of("g-1").tell(RECEIPT, 1, b"the last")
    answer = client.feed(subscribe(version, 3, RECEIPT))
    assert answer.endswith(publish(version, 0, b"the last", RECEIPT, qos=0, flags=1))


@both
def test_receipts_wait_for_the_clients_acks_newest_only(version: int) -> None:
    client = logged_in(version)
    client.feed(subscribe(version, 3, RECEIPT))
    session = client.hall.sessions.of("g-1")
    for number in range(40):
        session.tell(RECEIPT, 1, b"%d" % number)
        client.connection.send_waiting()
    assert len(session.under_way) == 16
    answer = client.feed(b"\x40\x02\x00\x01")
    assert answer.endswith(b"39")


@both
def test_a_session_goes_on_for_the_same_client_and_sends_again_what_it_did_not_ack(
    version: int,
) -> None:
    hall = MemoryHall()
    first = logged_in(version, hall, clean=False)
    first.feed(subscribe(version, 3, RECEIPT))
    hall.sessions.of("g-1").tell(RECEIPT, 1, b"news")
    first.connection.send_waiting()
    first.lose()
    again = Client(hall)
    answer = again.feed(connect(version, clean=False))
    assert answer[2] == 1  # session present
    assert answer.endswith(b"news")
    again.lose()
    assert Client(hall).feed(connect(version, clean=True))[2] == 0
    assert Client(hall).feed(connect(version, clean=False, client_id="d"))[2] == 0


@both
def test_what_is_no_log_in_ends_the_connection(version: int) -> None:
    for first in (publish(version, 1), b"\xc0\x00", b"\xe0\x00", subscribe(version, 1, RECEIPT)):
        client = Client()
        assert client.feed(first) == b""
        assert client.transport.ended


def test_other_versions_are_told_so() -> None:
    for head in (text("MQIsdp") + b"\x03", text("MQTT") + b"\x06", text("MQTT") + b"\x03"):
        client = Client()
        assert client.feed(packet(0x10, head + b"\x02\x00\x00" + text("c"))) == b"\x20\x02\x00\x01"
        assert client.transport.ended


@both
def test_a_stranger_is_turned_away(version: int) -> None:
    client = Client()
    answer = client.feed(connect(version, username="g-9"))
    assert answer[3] == (0x86 if version == 5 else 4)
    assert client.transport.ended


@both
def test_a_second_log_in_ends_the_connection(version: int) -> None:
    client = logged_in(version)
    client.feed(connect(version))
    assert client.transport.ended


def test_qos_2_is_said_to_be_too_much() -> None:
    client = logged_in(5)
    assert client.feed(publish(5, 1, qos=2)) == b"\xe0\x01\x9b"
    client = logged_in(4)
    assert client.feed(publish(4, 1, qos=2)) == b""
    assert client.transport.ended
    assert client.hall.put_in == []


@both
def test_a_will_of_its_own_status_is_taken_in_when_the_connection_breaks(version: int) -> None:
    client = logged_in(version, will="anju/1/0/g-1/status")
    client.lose()
    assert [w.payload for w in client.hall.wills] == [b'{"online":false}']
    client = logged_in(version, will="anju/1/0/g-1/status")
    client.feed(b"\xe0\x00")
    client.lose()
    assert client.hall.wills == []


def test_an_mqtt_5_client_may_ask_for_its_will_when_it_leaves() -> None:
    client = logged_in(5, will="anju/1/0/g-1/status")
    client.feed(b"\xe0\x01\x04")
    assert len(client.hall.wills) == 1


@pytest.mark.parametrize("topic", ["anju/1/0/g-2/status", "anju/1/0/g-1/readings", "x"])
@both
def test_a_will_to_anything_else_is_refused_at_the_log_in(version: int, topic: str) -> None:
    client = Client()
    answer = client.feed(connect(version, will=topic))
    assert answer[3] == (0x90 if version == 5 else 5)
    client.lose()
    assert client.hall.wills == []


@both
def test_a_client_past_its_receive_maximum_is_not_read_until_half_is_acknowledged(
    version: int,
) -> None:
    hall = MemoryHall(DoorSettings(receive_max=4))
    client = logged_in(version, hall)
    # paho repeats everything it holds after a reconnection, whatever the window
    assert client.feed(b"".join(publish(version, n) for n in range(1, 8))) == b""
    assert not client.transport.ended
    assert not client.transport.reading
    client.connection.acknowledge([1, 2, 3, 4])
    assert not client.transport.reading
    client.connection.acknowledge([5])
    assert client.transport.reading
    assert len(hall.put_in) == 7


def test_an_mqtt_5_client_that_just_fills_its_window_may_still_say_something_else() -> None:
    hall = MemoryHall(DoorSettings(receive_max=4))
    client = logged_in(5, hall)
    client.feed(b"".join(publish(5, n) for n in range(1, 5)))
    assert client.transport.reading
    assert client.feed(b"\xc0\x00") == b"\xd0\x00"


@both
def test_a_payload_over_the_limit_is_told_in_the_account_and_ends_the_connection(
    version: int,
) -> None:
    hall = MemoryHall(payload_bytes_max=1_000)
    client = logged_in(version, hall)
    answer = client.feed(publish(version, 1, b"x" * 100_000))
    assert answer == (b"\xe0\x01\x95" if version == 5 else b"")
    (message,) = hall.put_in
    assert message.topic == TOPIC
    assert message.refused[0] == "too large"
    assert message.token is None
    assert 0 < len(message.payload) <= 4_000


def test_a_topic_alias_ends_the_connection() -> None:
    client = logged_in(5)
    body = text(TOPIC) + b"\x00\x01" + b"\x03\x23\x00\x01" + b"{}"
    assert client.feed(packet(0x32, body)) == b"\xe0\x01\x94"


def test_properties_of_a_message_are_read_and_let_pass() -> None:
    client = logged_in(5)
    properties = b"\x26" + text("a") + text("b") + b"\x01\x01"
    body = text(TOPIC) + b"\x00\x01" + bytes([len(properties)]) + properties + b"{}"
    client.feed(packet(0x32, body))
    assert [(m.topic, m.payload, m.token) for m in client.hall.put_in] == [
        (TOPIC, b"{}", token_of(7, 1))
    ]


@both
def test_time_limits_for_log_in_packet_and_keep_alive(version: int) -> None:
    hall = MemoryHall(DoorSettings(connect_s=10, packet_s=60))
    slow = Client(hall)
    slow.feed(connect(version)[:5])
    slow.connection.look(10.0)
    assert not slow.transport.ended
    slow.connection.look(10.1)
    assert slow.transport.ended
    lame = logged_in(version, hall, keep_alive_s=300, will="anju/1/0/g-1/status")
    for second in range(70):  # a byte a second keeps it from being silent
        hall.at_s = float(second)
        lame.feed(publish(version, 1, b"x" * 200)[second : second + 1])
        lame.connection.look(hall.at_s)
    assert lame.transport.ended
    hall.at_s = 0.0
    silent = logged_in(version, hall, keep_alive_s=10)
    silent.connection.look(15.0)
    assert not silent.transport.ended
    silent.connection.look(15.1)
    assert silent.transport.ended


@both
def test_a_client_that_is_not_read_is_not_called_silent(version: int) -> None:
    client = logged_in(version, keep_alive_s=10)
    client.connection.hold()
    client.connection.look(1_000.0)
    assert client.connection.state is State.OPEN
    client.connection.release()
    assert client.transport.reading


@both
def test_a_client_that_does_not_take_its_answers_is_read_no_more_and_then_cut(
    version: int,
) -> None:
    client = logged_in(version)
    client.connection.pause_writing()
    assert not client.transport.reading
    client.connection.look(60.1)
    assert client.transport.ended


@both
def test_messages_in_one_write_with_the_log_in_are_taken(version: int) -> None:
    client = Client()
    client.feed(connect(version) + publish(version, 1) + b"\xc0\x00")
    assert len(client.hall.put_in) == 1
    assert client.transport.written.endswith(b"\xd0\x00")


def test_a_keep_alive_that_is_too_long_is_cut_down_on_5() -> None:
    client = logged_in(5, keep_alive_s=60_000)
    assert b"\x13\x02\x58" in client.transport.written  # server keep alive 600


def test_what_thingsboards_gateway_asks_is_answered() -> None:
    client = logged_in(4)
    client.feed(subscribe(4, 1, "v1/devices/me/rpc/response/+", "v1/gateway/rpc"))
    asked = b'{"method":"getSessionLimits","params":{"timeout":5000}}'
    answer = client.feed(publish(4, 2, asked, "v1/devices/me/rpc/request/0"))
    assert b"v1/devices/me/rpc/response/0" in answer
    assert b'"maxPayloadSize":1000000' in answer
    client.feed(publish(4, 3, b'{"device":"A"}', "v1/gateway/connect"))
    assert [m.topic for m in client.hall.put_in] == ["", ""]
    assert not client.transport.ended


@pytest.mark.skipif(
    not any(pattern.endswith("/thingsboard") for pattern in uplink_filters(0)),
    reason="nothing here reads ThingsBoard's telemetry yet",
)
@both
def test_thingsboards_telemetry_is_taken_as_that_of_who_logged_in(version: int) -> None:
    client = logged_in(version)
    for packet_id, topic in ((1, "v1/gateway/telemetry"), (2, "v1/devices/me/telemetry")):
        client.feed(publish(version, packet_id, b'{"A":[]}', topic))
    assert [m.topic for m in client.hall.put_in] == ["anju/1/0/g-1/thingsboard"] * 2
