"""The short way for readings: whole packets out of the buffer, everything else left to paho."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from ingest.buffered import BufferedClient, Publish


def holding(data: bytes) -> BufferedClient:
    client = BufferedClient(CallbackAPIVersion.VERSION2)
    client._sock = socket.socket()  # closed with the client
    client._begin()
    client._held, client._at = data, 0
    return client


def packet(topic: bytes, payload: bytes, *, qos: int = 1, mid: int = 7, bits: int = 0) -> bytes:
    body = (
        len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if qos else b"") + payload
    )
    size, length = len(body), b""
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (128 if size else 0)])
        if not size:
            return bytes([0x30 | qos << 1 | bits]) + length + body


def test_whole_packets_are_taken_in_order() -> None:
    client = holding(packet(b"a/b", b"one") + packet(b"a/b", b"2" * 300, mid=8, bits=8 | 1))
    assert client.take_publishes(10) == [
        Publish("a/b", b"one", False, False, 7),
        Publish("a/b", b"2" * 300, True, True, 8),
    ]
    assert not client.holds_unread


def test_a_message_without_acknowledgement_and_an_empty_one_are_messages() -> None:
    client = holding(packet(b"t", b"", qos=0) + packet(b"t", b""))
    assert [one.mid for one in client.take_publishes(10)] == [0, 7]


def test_no_more_than_asked_for_are_taken() -> None:
    client = holding(packet(b"t", b"x") * 5)
    assert [len(client.take_publishes(2)) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    "odd",
    [
        b"\xd0\x00",  # PINGRESP
        b"\x40\x02\x00\x01",  # PUBACK
        packet(b"t", b"x", qos=2),
        packet(b"t", b"x", mid=0),
        b"\x32\x04\x00\x09ab",  # a topic longer than its packet
        b"\x30\x02\x00\x05",
        b"\x32\x03\x00\x01t",  # no packet id
        b"\x30\xff\xff\xff\xff\x01",  # a length without end
        packet(b"t", b"x" * 200)[:-1],
        packet(b"t", b"x" * 200)[:2],
    ],
)
def test_what_is_odd_or_unfinished_is_left_to_paho(odd: bytes) -> None:
    client = holding(packet(b"t", b"x") + odd)
    assert len(client.take_publishes(10)) == 1
    assert client.take_publishes(10) == []
    assert client._held[client._at :] == odd


def test_nothing_is_taken_while_paho_is_in_the_middle_of_a_packet() -> None:
    client = holding(packet(b"t", b"x"))
    client._in_packet["command"] = 0x32
    assert client.take_publishes(10) == []


def test_a_topic_that_is_not_utf_8_is_empty() -> None:
    assert holding(packet(b"\xff", b"x")).take_publishes(1)[0].topic == ""


@given(
    st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=400), st.integers(0, 1))),
    st.binary(max_size=40),
)
def test_what_is_taken_is_what_was_put_together(
    sent: list[tuple[bytes, bytes, int]], rest: bytes
) -> None:
    whole = b"".join(packet(t, p, qos=q) for t, p, q in sent)
    client = holding(whole + rest)
    taken = client.take_publishes(10_000)
    assert [one.payload for one in taken[: len(sent)]] == [p for _, p, _ in sent]


def test_acknowledgements_are_written_as_the_standard_says() -> None:
    client = holding(b"")
    client.acknowledge([1, 65_535])
    assert bytes(client._unsent) == b"\x40\x02\x00\x01\x40\x02\xff\xff"
