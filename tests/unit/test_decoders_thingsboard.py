"""ThingsBoard telemetry: of gateways and of devices, and what comes beside it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.accounts import Fate
from domain.clock import SECOND_NS
from domain.sensors import Channel, Gateway
from ingest.decoders import thingsboard
from ingest.decoders.items import Unreadable
from ingest.decoders.thingsboard import Told
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings

NOW = 1_795_435_200 * SECOND_NS  # 2026-11-23T12:00:00Z
TS = 1_795_435_100_000


def read(value: Any) -> thingsboard.Telemetry:
    return thingsboard.decode(json.dumps(value).encode())


def test_a_gateways_form_names_its_devices() -> None:
    first, second = {"ts": TS, "values": {"t": 42}}, {"ts": TS + 1, "values": {"t": 43}}
    other = {"ts": TS, "values": {"x": 1.5, "y": 2}}
    found = read({"Device A": [first, second], "Device B": [other]})
    assert found.told == [
        Told("Device A", TS, {"t": 42}),
        Told("Device A", TS + 1, {"t": 43}),
        Told("Device B", TS, {"x": 1.5, "y": 2}),
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"ts": TS, "values": {"a": 1}}, [Told("", TS, {"a": 1})]),
        ({"values": {"a": 1}}, [Told("", None, {"a": 1})]),
        ({"a": 1, "b": 2}, [Told("", None, {"a": 1, "b": 2})]),
        ([{"a": 1}, {"b": 2}], [Told("", None, {"a": 1}), Told("", None, {"b": 2})]),
        ({"D": [{"a": 1}]}, [Told("D", None, {"a": 1})]),
    ],
)  # fmt: skip
def test_a_devices_own_forms_and_values_without_a_time(value: Any, told: list[Told]) -> None:
    assert read(value).told == told


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"D": [{"a": 1}], "E": 5}, "wrong shape"),
        ({"D": [{"a": 1}, 5]}, "wrong shape"),
        ({"D": [{"a": 1}, {"ts": TS, "values": 5}]}, "wrong shape"),
        ({"D": [{"a": 1}, {"ts": "now", "values": {"a": 2}}]}, "wrong type"),
        ({"D": [{"a": 1}, {"ts": 1.5, "values": {"a": 2}}]}, "wrong type"),
        ({"D": [{"a": 1}, {"ts": True, "values": {"a": 2}}]}, "wrong type"),
        ([{"a": 1}, None], "wrong shape"),
    ],
)
def test_an_entry_that_cannot_be_read_is_refused_alone(value: Any, why: str) -> None:
    found = read(value)
    assert [told.values for told in found.told] == [{"a": 1}]
    assert [bad.reason for bad in found.bad] == [why]


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "empty"),
        (b"{}", "empty"),
        (b"[]", "empty"),
        (b'{"D":[]}', "empty"),
        (b"5", "wrong shape"),
        (b"null", "wrong shape"),
        (b'"a"', "wrong shape"),
        (b"{", "not JSON"),
        (b'{"a":NaN}', "not JSON"),
        (b'{"D":[{"ts":1,"ts":2,"values":{}}]}', "double key"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "too deep"),
    ],
)
def test_a_payload_that_cannot_be_read_says_why(payload: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        thingsboard.decode(payload)
    assert caught.value.reason == why


VALUES = st.dictionaries(
    st.text(max_size=5), st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9), min_size=1
)
ENTRIES = st.lists(st.tuples(st.integers(10**12, 10**13), VALUES), min_size=1, max_size=3)


@given(devices=st.dictionaries(st.text(min_size=1, max_size=5), ENTRIES, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_telemetry_comes_back_as_it_was_sent(devices: Any) -> None:
    sent = {d: [{"ts": ts, "values": v} for ts, v in entries] for d, entries in devices.items()}
    wanted = [Told(d, ts, v) for d, entries in devices.items() for ts, v in entries]
    found = read(sent)
    assert found.told == wanted
    assert [thingsboard.decode(told.as_sent()).told for told in wanted] == [
        [told] for told in wanted
    ]


# into channels


def channel(address: str, gateway: str = "g-1") -> tuple[Gateway, Channel]:
    return Gateway(gateway, gateway), Channel(address, "s", gateway, address, "tilt", "‰")


KNOWN = Directory(
    [channel("T1.x"), channel("T1.y"), channel("Device A.lean"), channel("T9.x", "g-2")], 0
)


def take(value: Any, topic: str = "v1/gateway/telemetry") -> tuple[Any, Any]:
    intake = Intake(lambda: KNOWN, IngestSettings())
    message = Message(f"anju/1/0/g-1/{topic}", json.dumps(value).encode(), NOW)
    return intake.arrivals([message]), intake.ignored


def rows(value: Any, topic: str = "v1/gateway/telemetry") -> list[tuple[str, int, float]]:
    came, _ = take(value, topic)
    assert not came.refused
    batch = came.batch
    names = [batch.channels[code] for code in batch.channel]
    return list(zip(names, batch.taken_at.tolist(), batch.value.tolist(), strict=True))


def test_device_and_key_are_the_address_whatever_the_capitals() -> None:
    at = TS * 1_000_000
    assert rows({"t1": [{"ts": TS, "values": {"X": 1, "y": 2.5}}]}) == [
        ("T1.x", at, 1.0),
        ("T1.y", at, 2.5),
    ]
    assert rows({"Device A": [{"ts": TS, "values": {"lean": 3}}]}) == [("Device A.lean", at, 3.0)]


@pytest.mark.parametrize("topic", ["thingsboard", "v1/devices/me/telemetry"])
def test_of_a_device_itself_the_key_is_the_address(topic: str) -> None:
    assert rows({"T1.x": 1}, topic) == [("T1.x", NOW, 1.0)]
    assert rows([{"ts": TS, "values": {"t1.X": 1}}], topic) == [("T1.x", TS * 1_000_000, 1.0)]


def test_a_key_without_channel_is_counted_at_a_known_device_only() -> None:
    came, ignored = take({"T1": [{"ts": TS, "values": {"x": 1, "battery": 80}}]})
    assert came.batch.value.tolist() == [1.0]
    assert ignored["fields that no channel is registered for"] == 1
    came, _ = take({"T7": [{"ts": TS, "values": {"x": 1, "y": 2}}]})
    assert [(r.reason, r.fate, r.readings) for r in came.refused] == [
        ("unknown channel", Fate.QUARANTINED, 2)
    ]
    came, _ = take({"T9": [{"ts": TS, "values": {"x": 1}}]})
    assert [r.reason for r in came.refused] == ["device of another gateway"]
    came, _ = take({"nonsense": 5}, "thingsboard")
    assert [(r.reason, r.address) for r in came.refused] == [("unknown channel", "nonsense")]


@pytest.mark.parametrize("value", ["42", True, None, [1], {"a": 1}, 10**400])
def test_a_value_that_is_no_number_is_refused_alone(value: Any) -> None:
    came, _ = take({"T1": [{"ts": TS, "values": {"x": value, "y": 2}}]})
    assert [(r.reason, r.address) for r in came.refused] == [("wrong type", "T1.x")]
    assert came.batch.value.tolist() == [2.0]


@pytest.mark.parametrize("ts", [-1, 0, 1_795_435_100, 2**63, 10**30])
def test_a_time_that_cannot_be_read_refuses_its_entry(ts: int) -> None:
    came, _ = take({"T1": [{"ts": ts, "values": {"x": 1, "y": 2}}, {"ts": TS, "values": {"x": 3}}]})
    assert [(r.reason, r.readings) for r in came.refused] == [("time", 2)]
    assert came.batch.value.tolist() == [3.0]


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        ("v1/gateway/connect", {"device": "T1"}),
        ("v1/gateway/disconnect", {"device": "T1"}),
        ("v1/gateway/attributes", {"T1": {"serial": "7"}}),
        ("v1/devices/me/attributes", {"serial": "7"}),
    ],
)
def test_what_comes_beside_telemetry_is_counted(topic: str, value: Any) -> None:
    came, ignored = take(value, topic)
    assert (len(came.batch), came.refused, came.statuses) == (0, (), ())
    assert sum(ignored.values()) == 1
