"""Payloads in, readings or a reason out; nothing that comes may break a decoder."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInput
from ingest.decoders import dzt, native, status
from ingest.decoders.items import Bad, Sent, Unreadable
from ingest.times import read_time

NOON_NS = 1_795_435_200_000_000_000  # 2026-11-23T12:00:00Z

#: payload -> the reason that is counted
UNREADABLE = {
    "nothing": (b"", "empty"),
    "blanks": (b" \n ", "empty"),
    "half a message": (b'{"readings":[', "not JSON"),
    "text after it": (b'{"readings":[]} x', "not JSON"),
    "NaN": (b'{"readings":[{"c":"a","t":1795413600000,"v":NaN}]}', "not JSON"),
    "Infinity": (b'{"readings":[{"c":"a","t":1795413600000,"v":-Infinity}]}', "not JSON"),
    "bad UTF-8": (b'{"readings":[{"c":"\xff","t":1,"v":1}]}', "not UTF-8"),
    "bytes": (bytes(range(256)), "not UTF-8"),
    "deep nesting": (b'{"x":' * 20_000 + b"1" + b"}" * 20_000, "too deep"),
    "a list": (b"[1,2]", "wrong shape"),
    "no readings": (b"{}", "wrong shape"),
    "readings no list": (b'{"readings":5}', "wrong shape"),
    "seq no number": (b'{"seq":"x","readings":[]}', "wrong shape"),
    "seq true": (b'{"seq":true,"readings":[]}', "wrong shape"),
    "seq below 0": (b'{"seq":-1,"readings":[]}', "wrong shape"),
    "seq huge": (b'{"seq":99999999999999999999999,"readings":[]}', "wrong shape"),
    "boot huge": (b'{"boot":2147483648,"readings":[]}', "wrong shape"),
    "readings twice": (b'{"readings":[],"readings":[]}', "double key"),
    "value twice": (b'{"readings":[{"c":"a","t":1,"v":1,"v":2}]}', "double key"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_native_payload_that_cannot_be_read_says_why(name: str) -> None:
    payload, reason = UNREADABLE[name]
    with pytest.raises(Unreadable) as caught:
        native.decode(payload)
    assert caught.value.reason == reason
    assert caught.value.detail


def one(reading: object, **envelope: Any) -> list[Any]:
    return list(native.decode(json.dumps({**envelope, "readings": [reading]}).encode())[2])


def test_the_contracts_own_example_is_read() -> None:
    payload = b'{"boot":3,"seq":1700,"readings":[{"c":"T1.x","t":"2026-11-23T06:00:00Z","v":1.25}]}'
    assert native.decode(payload) == (3, 1700, [Sent("T1.x", "2026-11-23T06:00:00Z", 1.25)])


def test_without_seq_the_readings_have_no_numbers() -> None:
    assert native.decode(b'{"boot":3,"readings":[]}')[:2] == (-1, -1)
    assert native.decode(b'{"seq":3,"readings":[]}')[:2] == (0, 3)


def test_unknown_fields_are_let_pass() -> None:
    assert one({"c": "a", "t": 1, "v": 2, "q": {"x": [1]}}, extra=[{}]) == [Sent("a", 1, 2.0)]


@pytest.mark.parametrize(
    "reading",
    [
        {"c": "a", "t": 1, "v": True},
        {"c": "a", "t": 1, "v": "1.25"},
        {"c": "a", "t": 1, "v": None},
        {"c": "a", "t": 1.5, "v": 1},
        {"c": 5, "t": 1, "v": 1},
        {"c": "a", "v": 1},
        [],
        None,
        7,
    ],
)
def test_a_reading_of_a_wrong_type_is_refused_alone(reading: object) -> None:
    good = {"c": "b", "t": 2, "v": 3}
    payload = json.dumps({"seq": 9, "readings": [good, reading, good]}).encode()
    boot, seq, found = native.decode(payload)
    assert (boot, seq) == (0, 9)
    assert found[0] == found[2] == Sent("b", 2, 3.0)
    assert isinstance(found[1], Bad)
    assert found[1].reason == "wrong type"


def test_a_number_that_no_float_holds_is_refused_alone() -> None:
    _, _, found = native.decode(b'{"readings":[{"c":"a","t":1,"v":1e400},{"c":"a","t":1,"v":2}]}')
    assert isinstance(found[0], Bad)
    assert isinstance(found[1], Sent)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from(["readings", "boot", "seq", "c", "t", "v", "X", "angle", "online"])
MESSAGES = st.recursive(
    JSONS, lambda inner: st.dictionaries(KEYS, inner) | st.lists(inner, max_size=3), max_leaves=15
)


@pytest.mark.parametrize("decode", [native.decode, dzt.decode, lambda p: status.decode(p, "g", 0)])
@given(payload=st.binary(max_size=200) | MESSAGES.map(lambda m: json.dumps(m).encode()))
@settings(max_examples=150, deadline=None)
def test_whatever_comes_is_read_or_refused_with_a_reason(decode: Any, payload: bytes) -> None:
    try:
        decode(payload)
    except Unreadable as error:
        assert all((error.reason, error.detail))  # noqa: PT017 - either outcome is right


@given(
    t=st.integers() | st.text(max_size=30) | st.from_regex(r"\A20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
)
@settings(max_examples=150, deadline=None)
def test_whatever_time_comes_is_read_or_refused(t: int | str) -> None:
    try:
        at_ns = read_time(t)
    except InvalidInput as error:
        at_ns, text = 0, str(error)
        assert text.startswith("t ")
    assert 0 <= at_ns < 2**63


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23t12:00:00z",
        "2026-11-23 12:00:00Z",
        "2026-11-23T12:00:00.000Z",
        "2026-11-23T20:00:00+08:00",
        "2026-11-23T06:30:00.000-05:30",
        1_795_435_200_000,
        1_795_435_200_000_000,
        1_795_435_200_000_000_000,
    ],
)
def test_a_moment_may_be_written_in_many_ways(text: int | str) -> None:
    assert read_time(text) == NOON_NS


def test_nanoseconds_are_kept() -> None:
    assert read_time("2026-11-23T12:00:00.123456789Z") == NOON_NS + 123_456_789
    assert read_time("2026-11-23T12:00:00.1234567891Z") == NOON_NS + 123_456_789
    assert read_time(NOON_NS + 1) == NOON_NS + 1


@pytest.mark.parametrize(
    "text",
    [
        1_795_435_200,  # seconds
        0,
        -1_795_435_200_000,
        2**64,
        10**60,
        "2026-11-23T12:00:00",  # no zone
        "2026-11-23",
        "2026-W48-1T12:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T12:60:00Z",
        "2026-11-23T12:00:60Z",
        "2026-11-23T12:00:00+24:00",
        "1969-12-31T23:59:59Z",
        "2262-04-12T00:00:00Z",
        "٢٠٢٦-11-23T12:00:00Z",
        "2026-11-23T12:00:0٥Z",
        "1795435200000",
        "",
    ],
)
def test_what_names_no_moment_is_refused(text: int | str) -> None:
    with pytest.raises(InvalidInput):
        read_time(text)


def test_seconds_are_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="seconds"):
        read_time(1_795_435_200)


def test_a_status_is_read_and_a_wrong_one_refused() -> None:
    told = status.decode(b'{"online":false}', "g-7", 5)
    assert (told.gateway_id, told.online, told.at_ns, told.boot) == ("g-7", False, 5, None)
    with pytest.raises(Unreadable):
        status.decode(b'{"online":"yes"}', "g-7", 5)
