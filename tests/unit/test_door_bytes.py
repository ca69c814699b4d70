"""The device door and any bytes at all: never a crash, never an acknowledgement."""

import contextlib
import itertools

import mqtt5
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.door.codec5 import Codec5
from ingest.door.codec311 import Codec311
from ingest.door.packets import (
    FOR_EVER_S,
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
    Will,
    read_size,
    variable_int,
)
from ingest.messages import PASSED, token_of
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

versions = st.sampled_from([4, 5])
both = pytest.mark.parametrize("version", [4, 5])


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at places, in order; 0 and past the end are none."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(ends)]


@settings(max_examples=300, deadline=None)
@given(versions, st.booleans(), st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
@example(5, True, b"\x32\x04\x00\x08", [])
@example(4, True, b"\x82\x00", [])
@example(5, False, b"\x10\xff\xff\xff\xff\x01", [])
def test_garbage_neither_breaks_the_door_nor_is_acknowledged(
    version: int, inside: bool, data: bytes, places: list[int]
) -> None:
    client = logged_in(version) if inside else Client()
    before = len(client.transport.written)
    client.feed_in(cut(data, places))
    written = bytes(client.transport.written[before:])
    assert not written.startswith(b"\x40")
    assert all(m.refused or m.topic.startswith("anju/1/0/g-1/") for m in client.hall.put_in)
    client.lose()


@settings(max_examples=300, deadline=None)
@given(versions, st.data())
def test_a_good_stream_with_any_byte_changed_does_not_break_the_door(
    version: int, data: st.DataObject
) -> None:
    stream = bytearray(
        connect(version, will="anju/1/0/g-1/status")
        + publish(version, 1, b'{"readings":[]}')
        + subscribe(version, 2, "anju/1/0/g-1/receipt")
        + publish(version, 3)
        + b"\xc0\x00\xe0\x00"
    )
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    client = Client(MemoryHall(payload_bytes_max=1_000))
    client.feed_in(cut(bytes(stream), data.draw(st.lists(st.integers(0, 300), max_size=4))))
    assert pubacks_of(client) == []
    client.lose()


def pubacks_of(client: Client) -> list[tuple[int, int]]:
    return pubacks(bytes(client.transport.written))


@both
def test_a_stream_cut_at_every_place_gives_the_same_messages(version: int) -> None:
    stream = (
        connect(version)
        + publish(version, 1, b"one")
        + publish(version, 2, b"x" * 300)
        + b"\xc0\x00"
        + publish(version, 0, b"none", qos=0)
        + publish(version, 3, b"", "anju/1/0/g-1/dzt")
    )
    whole = Client()
    whole.feed(stream)
    assert len(whole.hall.put_in) == 4
    for place in range(1, len(stream)):
        client = Client()
        client.feed_in([stream[:place], stream[place:]])
        assert client.hall.put_in == whole.hall.put_in, place
        assert client.transport.written == whole.transport.written
    byte_by_byte = Client()
    byte_by_byte.feed_in([stream[n : n + 1] for n in range(len(stream))])
    assert byte_by_byte.hall.put_in == whole.hall.put_in


@both
def test_a_large_message_in_many_pieces_is_one_message(version: int) -> None:
    client = logged_in(version)
    payload = bytes(range(256)) * 3_900
    data = publish(version, 1, payload) + publish(version, 2, b"next")
    client.feed_in([data[n : n + 9_999] for n in range(0, len(data), 9_999)])
    assert [m.payload for m in client.hall.put_in] == [payload, b"next"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_the_fast_way_and_the_library_read_the_same(payload: bytes) -> None:
    made = mqtt5.PublishPacket(TOPIC, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=77).write()
    fast = logged_in(5)
    fast.feed(made)
    (message,) = fast.hall.put_in
    assert Codec5().read(made) == Publish(TOPIC, payload, 1, 77)
    assert (message.topic, message.payload, message.token) == (
        TOPIC,
        payload,
        token_of(7, 77),
    )
    assert Codec311().read(publish(4, 77, payload)) == Publish(TOPIC, payload, 1, 77)


@given(st.integers(0, 268_435_455))
def test_a_length_is_read_as_it_was_written(size: int) -> None:
    data = b"\x30" + variable_int(size)
    assert read_size(data, 0) == (size, len(data))
    assert read_size(data[:-1], 0) == (0, 0)


def test_a_length_of_five_bytes_is_none() -> None:
    with pytest.raises(Malformed):
        read_size(b"\x30\x80\x80\x80\x80\x01", 0)


def test_each_packet_of_3_1_1_is_read() -> None:
    codec = Codec311()
    assert codec.read(connect(4, will="a/b", clean=False)) == Connect(
        "c", "g-1", b"", False, 30, Will("a/b", b'{"online":false}', 0), FOR_EVER_S
    )
    assert codec.read(subscribe(4, 5, "a", "b")) == Subscribe(5, (("a", 1), ("b", 1)))
    assert codec.read(packet(0xA2, b"\x00\x05" + text("a"))) == Unsubscribe(5, ("a",))
    assert codec.read(b"\x40\x02\x00\x09") == PubAck(9)
    assert codec.read(b"\xc0\x00") == Ping()
    assert codec.read(b"\xe0\x00") == Disconnect()


def test_each_packet_of_5_is_read() -> None:
    codec = Codec5()
    read = codec.read(connect(5, will="a/b"))
    assert isinstance(read, Connect)
    assert read.will == Will("a/b", b'{"online":false}', 0)
    filters = [mqtt5.TopicFilter("a", max_qos=mqtt5.QoS.AT_LEAST_ONCE)]
    assert codec.read(mqtt5.SubscribePacket(5, filters).write()) == Subscribe(5, (("a", 1),))
    assert codec.read(mqtt5.UnsubscribePacket(5, ["a"]).write()) == Unsubscribe(5, ("a",))
    assert codec.read(mqtt5.PubAckPacket(9).write()) == PubAck(9)
    assert codec.read(mqtt5.PingReqPacket().write()) == Ping()
    left = mqtt5.DisconnectPacket(session_expiry_interval=5).write()
    assert codec.read(left) == Disconnect(False, 5)


@pytest.mark.parametrize(
    "broken",
    [
        packet(0x10, text("MQTT") + b"\x04\x03\x00\x00" + text("c")),  # reserved flag
        packet(0x10, text("MQTT") + b"\x04\x42\x00\x00" + text("c") + text("p")),  # no user
        packet(0x10, text("MQTT") + b"\x04\x0a\x00\x00" + text("c")),  # will QoS, no will
        packet(0x10, text("MQTT") + b"\x04\x1e\x00\x00" + text("c") + text("w") + text("")),
        packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text("c") + b"more"),
        packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + b"\x00\x01\xff"),  # not UTF-8
        packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text("a\0b")),
        packet(0x82, b"\x00\x01"),  # no filter
        packet(0x82, b"\x00\x00" + text("a") + b"\x01"),  # packet id 0
        packet(0x80, b"\x00\x01" + text("a") + b"\x01"),  # wrong flags
        packet(0x82, b"\x00\x01" + text("a") + b"\x03"),  # QoS 3
        packet(0xA2, b"\x00\x01"),
        packet(0x32, text("a") + b"\x00\x00"),
        packet(0x36, text("a") + b"\x00\x01"),
        packet(0x38, text("a")),  # a repeat with QoS 0
        b"\x20\x02\x00\x00",  # only a server says so
        b"\x50\x02\x00\x01",
        b"\xf0\x00",
        b"\x00\x00",
    ],
)
def test_a_broken_packet_of_3_1_1_is_refused(broken: bytes) -> None:
    with pytest.raises(Malformed):
        Codec311().read(broken)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([Codec311(), Codec5()]), st.binary(min_size=2, max_size=120))
def test_a_codec_reads_any_bytes_or_says_that_they_are_malformed(
    codec: Codec311 | Codec5, data: bytes
) -> None:
    whole = packet(data[0], data[1:])
    with contextlib.suppress(Malformed):
        codec.read(whole)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_can_be_told_in_both_versions(reason: Reason) -> None:
    offer = Offer(10, 1_000)
    told = Codec311().connack(reason, present=True, offer=offer)
    assert told[3] == 0 if reason is Reason.SUCCESS else told[3] > 0
    assert not (told[2] and told[3])


def test_a_refused_message_is_not_acknowledged_on_3_1_1() -> None:
    assert Codec311().puback(9, Reason.NOT_AUTHORIZED) == b""
    assert Codec311().puback(9, Reason.SUCCESS) == b"\x40\x02\x00\x09"


def test_nothing_is_kept_of_a_message_that_is_let_pass() -> None:
    client = logged_in(5)
    client.feed(publish(5, 1, b"secret", "v1/gateway/attributes"))
    assert [(m.payload, m.refused) for m in client.hall.put_in] == [(b"", PASSED)]


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0+#"), max_size=12)
pairs = st.lists(st.tuples(texts, texts), max_size=3)
u32 = st.integers(1, 2**32 - 1)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_log_in_of_5_is_read_as_the_library_wrote_it(data: st.DataObject) -> None:
    draw = data.draw
    will = None
    if draw(st.booleans()):
        will = mqtt5.Will(
            "t" + draw(texts), payload=draw(st.binary(max_size=20)),
            qos=mqtt5.QoS(draw(st.integers(0, 2))), retain=draw(st.booleans()),
            will_delay_interval=draw(u32),
            message_expiry_interval=draw(u32), content_type=draw(texts),
            response_topic=draw(texts), correlation_data=draw(st.binary(max_size=9)),
            user_properties=draw(pairs),
        )  # fmt: skip
    made = mqtt5.ConnectPacket(
        draw(texts), username=draw(texts), password=draw(st.binary(max_size=20)),
        clean_start=draw(st.booleans()), will=will, keep_alive=draw(st.integers(0, 65_535)),
        session_expiry_interval=draw(u32), receive_max=draw(st.integers(1, 65_535)),
        topic_alias_max=draw(st.integers(0, 65_535)), max_packet_size=draw(u32),
        user_properties=draw(pairs), request_problem_info=draw(st.booleans()),
    )  # fmt: skip
    read = Codec5().read(made.write())
    assert isinstance(read, Connect)
    assert (read.client_id, read.username, read.password) == (
        made.client_id, made.username, made.password,
    )  # fmt: skip
    assert (read.clean, read.keep_alive_s, read.session_s, read.receive_max) == (
        made.clean_start, made.keep_alive, made.session_expiry_interval, made.receive_max,
    )  # fmt: skip
    assert read.packet_bytes_max == made.max_packet_size
    expected = will and Will(
        will.topic, will.payload or b"", int(will.qos), will.will_delay_interval
    )
    assert read.will == expected


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_message_of_5_with_properties_is_read_as_the_library_wrote_it(
    data: st.DataObject,
) -> None:
    draw = data.draw
    made = mqtt5.PublishPacket(
        "t" + draw(texts), draw(st.binary(max_size=50)), qos=mqtt5.QoS.AT_LEAST_ONCE,
        packet_id=draw(st.integers(1, 65_535)), message_expiry_interval=draw(u32),
        content_type=draw(texts), response_topic=draw(texts),
        correlation_data=draw(st.binary(max_size=9)), user_properties=draw(pairs),
        topic_alias=draw(st.none() | st.integers(1, 65_535)),
    )  # fmt: skip
    assert Codec5().read(made.write()) == Publish(
        made.topic, made.payload, 1, made.packet_id or 0, made.topic_alias
    )


@pytest.mark.parametrize(
    "broken",
    [
        packet(0x10, text("MQTT") + b"\x05\x02\x00\x00\x00" + b"\x00\x01\xff"),  # not UTF-8
        packet(0x10, text("MQTT") + b"\x05\x02\x00\x00\x03\x21\x00\x00" + text("c")),
        packet(0x10, text("MQTT") + b"\x05\x02\x00\x00\x06\x21\x00\x01\x21\x00\x01" + text("c")),
        packet(0x10, text("MQTT") + b"\x05\x02\x00\x00\x02\x24\x01" + text("c")),  # a server's
        packet(0x10, text("MQTT") + b"\x05\x02\x00\x00\x03\x16\x00\x00" + text("c")),
        packet(0x10, text("MQTT") + b"\x05\x02\x00\x00\x09\x17\x01" + text("c")),  # too short
        packet(0x32, text("a") + b"\x00\x01\x80\x80\x80\x80\x01"),
        packet(0x32, text("a") + b"\x00\x01\x02\x0b\x05"),  # a subscription id
        packet(0x82, b"\x00\x01\x00" + text("a") + b"\x41"),
        packet(0x82, b"\x00\x01\x00" + text("a") + b"\x31"),
        packet(0xE0, b"\x00\x02\x1c\x00"),
        b"\xf0\x00",
        b"\x62\x02\x00\x01",
    ],
)
def test_a_broken_packet_of_5_is_refused(broken: bytes) -> None:
    with pytest.raises(Malformed):
        Codec5().read(broken)
