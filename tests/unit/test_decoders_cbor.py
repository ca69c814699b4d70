"""The native format in CBOR: the same readings as in JSON, and bombs that do not go off."""

import math
import struct
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.decoders import cbor, native
from ingest.decoders.cbor_items import DEPTH_MAX, KEYS_MAX, check_keys, read_cbor
from ingest.decoders.items import Bad, Sent, Unreadable
from ingest.times import read_time

T_MS = 1_795_413_600_000


def one(reading: Any) -> Sent | Bad:
    (found,) = cbor.decode(cbor2.dumps({"readings": [reading]}))[2]
    return found


def reason(payload: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        cbor.decode(payload)
    assert caught.value.detail
    return caught.value.reason


READINGS = st.lists(
    st.tuples(
        st.text(max_size=12),
        st.integers(10**11, 10**18) | st.just("2026-11-23T06:00:00Z"),
        st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
    ),
    max_size=6,
)


@given(readings=READINGS, boot=st.integers(0, 2**31 - 1), seq=st.integers(0, 2**48))
@settings(max_examples=150, deadline=None)
def test_readings_come_back_as_they_were_sent(readings: Any, boot: int, seq: int) -> None:
    told = {
        "boot": boot,
        "seq": seq,
        "readings": [{"c": c, "t": t, "v": v} for c, t, v in readings],
    }
    wanted = (boot, seq, [Sent(c, t, float(v)) for c, t, v in readings])
    assert cbor.decode(cbor2.dumps(told)) == wanted
    assert cbor.decode(cbor2.dumps(told, canonical=True)) == wanted
    assert cbor.decode(b"\xd9\xd9\xf7" + cbor2.dumps(told, indefinite_containers=True)) == wanted


def test_it_says_the_same_as_json() -> None:
    import msgspec

    told = {"boot": 3, "seq": 9, "readings": [{"c": "T1.x", "t": T_MS, "v": 1.25, "q": [1]}]}
    assert cbor.decode(cbor2.dumps(told)) == native.decode(msgspec.json.encode(told))


def test_a_time_may_be_tagged() -> None:
    at_ns = read_time("2026-11-23T06:00:00.25Z")
    for tagged in (
        cbor2.CBORTag(0, "2026-11-23T06:00:00.25Z"),
        cbor2.CBORTag(1, at_ns / 1e9),
        datetime(2026, 11, 23, 6, 0, 0, 250_000, UTC),
    ):
        found = one({"c": "a", "t": tagged, "v": 1})
        assert isinstance(found, Sent)
        assert read_time(found.t) == at_ns
    whole = one({"c": "a", "t": cbor2.CBORTag(1, 1_795_413_600), "v": 1})
    assert whole == Sent("a", 1_795_413_600_000_000_000, 1.0)


def test_a_tagged_float_is_read_to_the_microsecond() -> None:
    # the float next to this moment is 1795413600.1230001449…
    found = one({"c": "a", "t": cbor2.CBORTag(1, 1795413600.123), "v": 1})
    assert found == Sent("a", 1_795_413_600_123_000_000, 1.0)


@pytest.mark.parametrize(
    "seconds", [0, 5, -5, 99_999_999, math.nan, math.inf, 1e300, 2**63 // 10**9 + 1]
)
def test_a_tagged_time_that_no_clock_shows_is_refused_alone(seconds: float) -> None:
    found = one({"c": "a", "t": cbor2.CBORTag(1, seconds), "v": 1})
    assert isinstance(found, Bad)
    assert found.reason == "time"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(1, 1.0), (-(2**64), -(2.0**64)), (2**64 - 1, 2.0**64), (b"\xf9\x3d\x00", 1.25),
     (b"\xfa\x3f\xa0\x00\x00", 1.25), (b"\xc4\x82\x21\x19\x01\x3a", 3.14)],
)  # fmt: skip
def test_numbers_of_every_width_are_values(value: Any, wanted: float) -> None:
    written = value if isinstance(value, bytes) else cbor2.dumps(value)
    payload = b"\xa1\x68readings\x81\xa3\x61c\x61a\x61t" + cbor2.dumps(T_MS) + b"\x61v" + written
    assert cbor.decode(payload)[2] == [Sent("a", T_MS, wanted)]


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        ({"c": "a", "t": T_MS, "v": math.nan}, "value"),
        ({"c": "a", "t": T_MS, "v": -math.inf}, "value"),
        ({"c": "a", "t": T_MS, "v": True}, "wrong type"),
        ({"c": "a", "t": T_MS, "v": "1"}, "wrong type"),
        ({"c": "a", "t": T_MS, "v": cbor2.undefined}, "wrong type"),
        ({"c": "a", "t": T_MS, "v": cbor2.CBORSimpleValue(99)}, "wrong type"),
        ({"c": "a", "t": T_MS}, "wrong type"),
        ({"c": "a", "t": 1.5, "v": 1}, "wrong type"),
        ({"c": "a", "t": True, "v": 1}, "wrong type"),
        ({"c": b"a", "t": T_MS, "v": 1}, "wrong type"),
        ({"t": T_MS, "v": 1}, "wrong type"),
        ([], "wrong type"),
        (None, "wrong type"),
        (cbor2.CBORTag(999, {}), "wrong type"),
    ],
)
def test_a_reading_that_cannot_be_read_is_refused_alone(reading: Any, why: str) -> None:
    good = {"c": "b", "t": T_MS, "v": 3}
    boot, seq, found = cbor.decode(cbor2.dumps({"seq": 9, "readings": [good, reading, good]}))
    assert (boot, seq) == (0, 9)
    assert found[0] == found[2] == Sent("b", T_MS, 3.0)
    assert isinstance(found[1], Bad)
    assert found[1].reason == why


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "empty"),
        (b"\xd9\xd9\xf7", "not CBOR"),
        (b"\xa1", "not CBOR"),
        (b"\x61\xff", "not CBOR"),
        (b"\xff", "not CBOR"),
        (b"\x1c", "not CBOR"),
        (b"\xa1\x68readings\x80\x00", "not CBOR"),
        (b"\xa2\x68readings\x80\x68readings\x80", "double key"),
        (b"\xa2\x68readings\x80\x01\x02", "not CBOR"),
        (b"\x80", "wrong shape"),
        (b"\xa0", "wrong shape"),
        (cbor2.dumps({"readings": {}}), "wrong shape"),
        (cbor2.dumps({"seq": -1, "readings": []}), "wrong shape"),
        (cbor2.dumps({"seq": True, "readings": []}), "wrong shape"),
        (cbor2.dumps({"seq": 2**48 + 1, "readings": []}), "wrong shape"),
        (cbor2.dumps({"boot": 2**31, "readings": []}), "wrong shape"),
        (cbor2.dumps({"boot": 1.0, "readings": []}), "wrong shape"),
    ],
)
def test_a_payload_that_cannot_be_read_says_why(payload: bytes, why: str) -> None:
    assert reason(payload) == why


BOMBS = {
    "arrays in arrays": b"\x81" * 500_000 + b"\x00",
    "arrays without end": b"\x9f" * 500_000,
    "maps in maps": b"\xa1\x61a" * 300_000,
    "tags on tags": b"\xd8\x64" * 300_000 + b"\x00",
    "an array said to be long": b"\x9b\x7f" + b"\xff" * 7,
    "a map said to be long": b"\xbb\x7f" + b"\xff" * 7,
    "a text said to be long": b"\x7b\x7f" + b"\xff" * 7,
    "a big number": b"\xc2\x5a\x00\x0f\x00\x00" + b"\xff" * 983_040,
    "two to the power of a lot": b"\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",
    "a fraction": b"\xd8\x1e\x82\x01\x00",
    "a pattern": b"\xd8\x23\x68(a+)+(a+",
    "itself within": b"\xd8\x1c\x81\xd8\x1d\x00",
    "a decimal of nothing": b"\xc4\x80",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_does_not_go_off(name: str) -> None:
    assert reason(BOMBS[name]) in {"not CBOR", "too deep", "wrong shape"}
    assert reason(b"\xa1\x68readings\x81" + BOMBS[name][:990_000]) in {"not CBOR", "too deep"}


def test_no_tag_but_those_named_makes_anything_of_its_content() -> None:
    contents = [0, 1.5, "a", "::1", b"\x01\x02\x03\x04", b"a" * 16, [], [1, 2], {}, {"a": b"\x01"}]
    for tag in [*range(1200), 43_000, 55_800, 2**32]:
        if tag in {0, 1, 4}:
            continue
        for content in contents:
            head = struct.pack("!BQ", 0xDB, tag)
            try:
                found = read_cbor(head + cbor2.dumps(content))
            except Unreadable:
                continue
            # what says only that it is CBOR passes, whatever stands in it
            assert type(found) is cbor2.CBORTag or tag == 55_799, (tag, content, found)


def test_nesting_may_go_so_deep_and_no_deeper() -> None:
    assert read_cbor(b"\x81" * (DEPTH_MAX - 1) + b"\x80")
    with pytest.raises(Unreadable, match="deep"):
        read_cbor(b"\x81" * DEPTH_MAX + b"\x80")


def map_of(n: int, *, definite: bool = True) -> bytes:
    body = b"".join(cbor2.dumps(i) + b"\x00" for i in range(n))
    return (b"\xb9" + struct.pack("!H", n) + body) if definite else b"\xbf" + body + b"\xff"


@pytest.mark.parametrize("definite", [True, False])
@pytest.mark.parametrize("within", [b"", b"\x81", b"\x9f\x00", b"\xc9", b"\x82\x5f\x41\x00\xff"])
def test_a_map_may_have_so_many_keys_and_no_more(definite: bool, within: bytes) -> None:
    check_keys(within + map_of(KEYS_MAX, definite=definite))
    with pytest.raises(Unreadable, match="keys"):
        check_keys(within + map_of(KEYS_MAX + 1, definite=definite))


@given(value=st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.text() | st.binary() | st.floats() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30),
    indefinite=st.booleans())  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_maps_of_few_keys_are_never_refused_for_their_keys(value: Any, indefinite: bool) -> None:
    check_keys(cbor2.dumps(value, indefinite_containers=indefinite))
