"""SenML packs: what RFC 8428 says of base fields, time, sums, versions and extensions."""

import json
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import SECOND_NS
from domain.errors import InvalidInput
from domain.sensors import Channel, Gateway
from ingest.decoders import senml
from ingest.decoders.items import Bad, Unreadable
from ingest.decoders.senml_resolve import Measurement
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings

NOW = 1_795_435_200 * SECOND_NS  # 2026-11-23T12:00:00Z
LABELS = {label: number for number, label in senml.CBOR_LABELS.items()}


def as_json(records: Any) -> bytes:
    return json.dumps(records).encode()


def as_cbor(records: Any) -> bytes:
    return cbor2.dumps([{LABELS.get(k, k): v for k, v in record.items()} for record in records])


def read(*records: Any, form: Any = as_json) -> tuple[list[Measurement], list[Bad]]:
    return senml.decode(form(list(records)), NOW)


def one(*records: Any) -> Measurement:
    for form in (as_json, as_cbor):
        found, bad = read(*records, form=form)
        assert not bad
        assert len(found) == 1
    return found[0]


def refused(*records: Any) -> Bad:
    for form in (as_json, as_cbor):
        found, bads = read(*records, form=form)
        assert not found
        (bad,) = bads
    return bad


def reason(payload: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        senml.decode(payload, NOW)
    assert caught.value.detail
    return caught.value.reason


@pytest.mark.parametrize("form", [as_json, as_cbor])
def test_base_fields_hold_for_the_records_after_them(form: Any) -> None:
    found, bads = read(
        {"bn": "urn:dev:ow:10e2073a01080063:", "bt": 1_320_067_464, "bu": "Cel", "bv": 20},
        {"n": "a", "v": 1.5},
        {"n": "b", "t": 5, "u": "K", "v": 0.5},
        {"bn": "other/", "bt": 1_320_067_500.5, "n": "c", "v": 3},
        {"bv": 100},
        {"n": "d", "v": 1},
        form=form,
    )
    assert not bads
    assert [(m.name, m.taken_ns / 1e9, m.unit, m.value) for m in found] == [
        ("urn:dev:ow:10e2073a01080063:a", 1_320_067_464.0, "Cel", 21.5),
        ("urn:dev:ow:10e2073a01080063:b", 1_320_067_469.0, "K", 20.5),
        ("other/c", 1_320_067_500.5, "Cel", 23.0),
        ("other/d", 1_320_067_500.5, "Cel", 101.0),
    ]


@pytest.mark.parametrize(
    ("seconds", "taken_ns"),
    [
        (0, NOW),
        (-5, NOW - 5 * SECOND_NS),
        (-0.25, NOW - SECOND_NS // 4),
        (60, NOW + 60 * SECOND_NS),
        (2**28 - 1, NOW + (2**28 - 1) * SECOND_NS),
        (2**28, 2**28 * SECOND_NS),
        (1.276020076001e09, 1_276_020_076_001_000_000),
        (1_795_435_200, NOW),
    ],
)
def test_a_time_below_two_to_the_28_counts_from_now(seconds: float, taken_ns: int) -> None:
    assert one({"n": "a", "t": seconds, "v": 1}).taken_ns == taken_ns
    assert one({"bt": seconds, "n": "a", "v": 1}).taken_ns == taken_ns


def test_the_sum_of_base_time_and_time_tells_whether_it_counts_from_now() -> None:
    assert (
        one({"bt": 2**28 + 10, "n": "a", "t": -20, "v": 1}).taken_ns
        == NOW + (2**28 - 10) * SECOND_NS
    )
    assert one({"bt": 2**28 - 10, "n": "a", "t": 20, "v": 1}).taken_ns == (2**28 + 10) * SECOND_NS


def test_no_time_is_now() -> None:
    assert one({"n": "a", "v": 1}).taken_ns == NOW


@pytest.mark.parametrize("seconds", [-1_795_435_201, 1e10, -1e300, 1e300, 9_223_372_036])
def test_a_time_that_no_clock_shows_is_refused_alone(seconds: float) -> None:
    assert refused({"n": "a", "t": seconds, "v": 1}).reason == "time"


def test_a_base_value_alone_is_the_value() -> None:
    assert one({"bn": "a", "bv": 20}, {"n": "1"}).value == 20.0
    assert one({"bv": 20, "n": "a"}).value == 20.0
    assert read({"bn": "a", "bv": 20}) == ([], [])


def test_sums_are_added_up_and_need_no_value() -> None:
    assert one({"bs": 100, "n": "a", "s": 5, "v": 1}).total == 105.0
    assert one({"bs": 100, "n": "a", "v": 1}).total == 100.0
    alone = one({"n": "a", "s": 5})
    assert (alone.value, alone.total) == (None, 5.0)
    beside_a_base_value = one({"bv": 7, "n": "a", "s": 5})
    assert (beside_a_base_value.value, beside_a_base_value.total) == (None, 5.0)


@pytest.mark.parametrize("label", ["vs", "vb", "vd"])
def test_only_numbers_become_readings(label: str) -> None:
    bad = refused({"n": "a", label: True if label == "vb" else "x"})
    assert bad.reason == "wrong type"
    assert label in bad.detail


@pytest.mark.parametrize(
    "record",
    [
        {"n": "a", "v": 1, "vs": "x"},
        {"n": "a", "v": "1"},
        {"n": "a", "v": True},
        {"n": "a", "v": None},
        {"n": "a"},
        {"n": "a", "t": "now", "v": 1},
        {"n": "a", "ut": [], "v": 1},
        {"n": "a", "s": {}, "v": 1},
        {"n": 5, "v": 1},
        {"n": "a", "u": 5, "v": 1},
        {"v": 1, "n": "a", "t": 10**400},
    ],
)
def test_a_record_that_cannot_be_read_is_refused_alone(record: Any) -> None:
    found, bads = read({"n": "ok", "v": 1}, record, {"n": "ok", "v": 2})
    assert [m.value for m in found] == [1.0, 2.0]
    assert [bad.reason for bad in bads] == ["wrong type"]


def test_a_record_without_a_name_is_refused() -> None:
    assert refused({"v": 1}).reason == "name"
    assert refused({"bn": "", "n": "", "v": 1}).reason == "name"


@pytest.mark.parametrize("not_a_number", [float("nan"), float("inf"), -float("inf")])
def test_cbor_has_floats_that_are_no_numbers(not_a_number: float) -> None:
    for label in ("v", "s", "t"):
        _, (bad,) = read({"n": "a", "v": 1, label: not_a_number}, form=as_cbor)
        assert bad.reason == "wrong type"
    for label in ("bv", "bs", "bt"):
        assert reason(as_cbor([{label: not_a_number}])) == "wrong shape"


def test_cbor_may_send_decimal_fractions() -> None:
    payload = b"\x81\xa2\x00\x61a\x02\xc4\x82\x21\x19\x0a\x41"  # 2625 · 10^-2
    assert senml.decode(payload, NOW)[0][0].value == 26.25


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([{"bver": 11, "n": "a", "v": 1}], "version"),
        ([{"bver": 10**400, "n": "a", "v": 1}], "version"),
        ([{"bver": 10, "n": "a", "v": 1}, {"bver": 9}], "version"),
        ([{"bver": 0}], "wrong shape"),
        ([{"bver": 10.0}], "wrong shape"),
        ([{"bver": True}], "wrong shape"),
        ([{"n": "a", "v": 1}, {"n": "b", "v": 1, "must_": 1}], "extension"),
        ([{"bn": 5}], "wrong shape"),
        ([{"bu": None}], "wrong shape"),
        ([{"bt": "now"}], "wrong shape"),
        ([{"bv": True}], "wrong shape"),
        ([{"bs": []}], "wrong shape"),
        ([], "empty"),
        ({}, "wrong shape"),
    ],
)
def test_a_pack_that_must_not_be_used_is_refused_whole(records: Any, why: str) -> None:
    assert reason(as_json(records)) == why
    if isinstance(records, list) and 10**400 not in [r.get("bver") for r in records]:
        assert reason(as_cbor(records)) == why


@pytest.mark.parametrize("version", [1, 5, 10, 26])
def test_versions_that_are_understood(version: int) -> None:
    assert one({"bver": version, "n": "a", "v": 1}).value == 1.0


def test_fields_that_are_not_known_are_ignored() -> None:
    assert one({"n": "a", "v": 1, "extra": {"x": [1]}, "_x": 2, "ut": 5}).value == 1.0


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "empty"),
        (b"[", "not JSON"),
        (b"[{]", "not JSON"),
        (b'[{"n":"a","n":"b","v":1}]', "double key"),
        (b'[{"n":"\xff"}]', "not UTF-8"),
        (b"\x81\xa2\x00\x61a\x00\x61b", "double key"),
        (b"\x81\xa2\x00\x61a\x61n\x61b", "double key"),
        (b"\x81", "not CBOR"),
        (b"\xa0", "wrong shape"),
        (b"text", "not CBOR"),
        (b"\x81\xb8\x64" + bytes(200), "wrong shape"),
    ],
)  # fmt: skip
def test_a_payload_that_cannot_be_read_says_why(payload: bytes, why: str) -> None:
    assert reason(payload) == why


NUMBERS = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6)
PACKS = st.lists(
    st.fixed_dictionaries(
        {"n": st.text("abcXYZ019.:/_-", min_size=1, max_size=6)},
        optional={
            "v": NUMBERS,
            "s": NUMBERS,
            "u": st.sampled_from(["Cel", "m", "/1000"]),
            "t": st.integers(-1000, 1000) | st.floats(-1000, 1000),
            "bn": st.text("abcdef:", max_size=4),
            "bt": st.integers(2**28 + 1000, 2**32),
            "bv": NUMBERS,
            "bs": NUMBERS,
            "bu": st.just("K"),
        },
    ),
    min_size=1,
    max_size=6,
)


@given(pack=PACKS)
@settings(max_examples=200, deadline=None)
def test_resolving_what_is_resolved_changes_nothing(pack: list[dict[str, Any]]) -> None:
    found, bads = read(*pack)
    assert (found, bads) == read(*pack, form=as_cbor)
    again = [
        {"n": m.name, "t": m.taken_ns / 1e9, "v": m.value, "u": m.unit, "s": m.total}
        for m in found
        if m.taken_ns % 1_000 == 0 and m.taken_ns >= 2**28 * SECOND_NS
    ]
    if again:
        plain = [{k: v for k, v in record.items() if v is not None} for record in again]
        resolved, _ = read(*plain)
        wanted = [
            (m.name, m.value, m.unit, m.total) for m in found if m.taken_ns >= 2**28 * SECOND_NS
        ]
        assert [(m.name, m.value, m.unit, m.total) for m in resolved] == wanted


# into channels


def channel(address: str, kind: str, unit: str) -> tuple[Gateway, Channel]:
    return Gateway("g-1", "g-1"), Channel(address, "s", "g-1", address, kind, unit)


KNOWN = Directory(
    [
        channel("T1.x", "tilt", "°"),
        channel("T1/y", "tilt", "‰"),
        channel("C1", "crack", "cm"),
        channel("C1.sum", "crack", "mm"),
        channel("W1", "temperature", "K"),
        channel("北墙", "crack", "mm"),
    ],
    0,
)


def take(*records: Any) -> Any:
    intake = Intake(lambda: KNOWN, IngestSettings())
    came = intake.arrivals([Message("anju/1/0/g-1/senml", as_json(list(records)), NOW)])
    return came, intake.ignored


def values(*records: Any) -> dict[str, float]:
    came, _ = take(*records)
    assert not came.refused
    batch = came.batch
    return dict(zip([batch.channels[c] for c in batch.channel], batch.value.tolist(), strict=True))


@pytest.mark.parametrize(
    ("name", "unit", "value", "stored"),
    [
        ("T1.x", None, 1.0, 17.455064928217585),
        ("T1.x", "rad", 0.01, 10.00033334666721),
        ("T1.x", "/1000", 2.5, 2.5),
        ("T1.x", "/", 0.0025, 2.5),
        ("T1.x", "/100", 0.25, 2.5),
        ("T1.x", "ppm", 2500.0, 2.5),
        ("T1/y", "‰", 2.5, 2.5),
        ("C1", None, 0.25, 2.5),
        ("C1", "m", 0.0025, 2.5),
        ("C1", "mm", 2.5, 2.5),
        ("C1", "cm", 0.25, 2.5),
        ("C1", "km", 2.5e-6, 2.5),
        ("W1", None, 280.0, 6.85),
        ("W1", "K", 280.0, 6.85),
        ("W1", "Cel", 6.85, 6.85),
    ],
)
def test_a_unit_that_is_named_is_turned_into_the_stored_one(
    name: str, unit: str | None, value: float, stored: float
) -> None:
    record = {"n": name, "v": value} | ({} if unit is None else {"u": unit})
    assert values(record) == {name: pytest.approx(stored)}


@pytest.mark.parametrize("unit", ["Hz", "Cel", "furlong", "x" * 500])
def test_a_unit_that_cannot_be_turned_is_refused(unit: str) -> None:
    came, _ = take({"n": "C1", "v": 1, "u": unit}, {"n": "C1", "v": 2, "t": -1})
    assert [r.reason for r in came.refused] == ["unit"]
    assert came.batch.value.tolist() == [20.0]


def test_every_unit_of_the_table_is_one_of_ours() -> None:
    from domain.units import CONVERSIONS

    ours = {unit for pair in CONVERSIONS for unit in pair} | {"Hz"}
    assert {unit for unit, _ in senml.UNITS.values()} <= ours
    with pytest.raises(InvalidInput):
        senml.in_unit(1.0, "Cel", "mm")


def test_a_value_that_overflows_its_unit_is_refused() -> None:
    came, _ = take({"n": "C1", "v": 1e308, "u": "km"}, {"n": "C1", "v": 1e300, "u": "m", "t": -1})
    assert [r.reason for r in came.refused] == ["value", "value"]


def test_a_sum_goes_to_its_own_channel_or_is_counted() -> None:
    assert values({"n": "C1", "s": 4, "v": 1}) == {"C1": 10.0, "C1.sum": 4.0}
    assert values({"n": "C1", "s": 4}) == {"C1.sum": 4.0}
    came, ignored = take({"n": "T1/y", "s": 4, "v": 1})
    assert came.batch.value.tolist() == [1.0]
    assert ignored["sums that no channel is registered for"] == 1
    came, _ = take({"n": "T1/y", "s": 4})
    assert [r.reason for r in came.refused] == ["unknown channel"]


def test_a_name_is_found_whatever_its_capitals_and_letters() -> None:
    assert values({"n": "t1.X", "u": "/1000", "v": 1}) == {"T1.x": 1.0}
    assert values({"n": "北墙", "v": 1}) == {"北墙": 1.0}


def test_an_unknown_name_is_quarantined_and_an_impossible_one_rejected() -> None:
    came, _ = take({"n": "T9", "v": 1}, {"n": "南墙", "v": 1}, {"n": "-x", "v": 1})
    assert [r.reason for r in came.refused] == ["unknown channel", "name", "name"]
    assert json.loads(came.refused[0].sample)[0]["n"] == "T9"


def test_two_records_of_one_moment_are_both_kept() -> None:
    came, _ = take({"n": "T1/y", "v": 1}, {"n": "T1/y", "v": 2})
    assert came.batch.value.tolist() == [1.0, 2.0]
    assert came.batch.taken_at.tolist() == [NOW, NOW]
