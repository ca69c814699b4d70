"""Native messages read together: the same as one by one, whatever a neighbour sends."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import MS_NS, SECOND_NS
from domain.sensors import Channel, Gateway
from ingest.decoders.native_many import read_many
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings
from tests.fuzz.same import same

NOW = 1_795_435_200 * SECOND_NS  # 2026-11-23T12:00:00Z
AT = "2026-11-23T11:59:00.000Z"
GOOD = b'{"boot":1,"seq":5,"readings":[{"c":"T1.x","t":"2026-11-23T11:59:00.000Z","v":1.5}]}'

READING = st.fixed_dictionaries(
    {
        "c": st.sampled_from(["T1.x", "C1", "no such", "a\"b", "\\", "墙"]),
        "t": st.sampled_from(
            [AT, "2026-11-23T11:59:00Z", NOW // 10**6, "noon", 5, 10**30, "2016-12-31T23:59:60Z"]
        ),
        "v": st.floats(-1e300, 1e300) | st.integers(-9, 9) | st.sampled_from([True, None, "1"]),
    },
    optional={"q": st.just({"c": 1}), "x:y": st.just("\":")},
)  # fmt: skip
MESSAGE = st.fixed_dictionaries(
    {"readings": st.lists(READING, max_size=3)},
    optional={"boot": st.sampled_from([0, 1, 2**31, None]), "seq": st.integers(0, 20) | st.none()},
)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")])
PAYLOAD = (
    st.tuples(MESSAGE, SEPARATORS).map(lambda d: json.dumps(d[0], separators=d[1]).encode())
    | st.just(GOOD)
    | st.sampled_from(
        [b"", b"{}", b"5", b"]", b"{", b'{"readings":[', b"]}", GOOD + b"," + GOOD,
         b"[" + GOOD + b"]",
         b'{"x":[0', b'0],"readings":[]}', GOOD + b"}", b"{" + GOOD, b'"', b'","', b"\xff",
         GOOD.replace(b'"seq":5', b'"seq":5,"seq":6'), GOOD.replace(b'"v"', b'"v":3,"v"')]
    )
)  # fmt: skip


@given(payloads=st.lists(PAYLOAD, min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_together_they_come_to_the_same_as_one_by_one(payloads: list[bytes]) -> None:
    same(payloads)


@pytest.mark.parametrize(
    "shifted",
    [
        [GOOD + b"," + GOOD, b'{"x":[0', b"0]}"],
        [GOOD + b",0," + GOOD, b'{"x":[0', b"0]}"],
        [b'{"readings":[', b"]}"],
        [b'{"readings":[{"c":"', b'","t":1,"v":1}]}'],
        [b"[" + GOOD, GOOD + b"]"],
        [GOOD + b"],[" + GOOD],
        [b"", GOOD + b"," + GOOD],
    ],
)
def test_no_payload_can_shift_its_neighbours_readings(shifted: list[bytes]) -> None:
    first, *rest = shifted
    assert read_many([first, GOOD, *rest, GOOD]) is None
    same([first, GOOD, *rest, GOOD])


@pytest.mark.parametrize(
    "payload",
    [
        GOOD.replace(b'"seq":5', b'"seq":5,"seq":6'),
        GOOD.replace(b'"v"', b'"v":3,"v"'),
        GOOD.replace(b'"v"', b'"v":3,"v" '),
        b'{"readings":[],"readings":[]}',
    ],
)
def test_a_key_that_stands_twice_is_seen_among_many(payload: bytes) -> None:
    # blanks before a colon make a key that is not counted; they must not make up for it
    blank = GOOD.replace(b'":', b'" :')
    assert read_many([GOOD, payload, blank]) is None
    assert read_many([GOOD, payload]) is None
    same([GOOD, payload, blank, GOOD])


def directory() -> Directory:
    pairs = [
        (Gateway(f"g-{n}", f"g-{n}"), Channel(f"g-{n}/T1.x", "s", f"g-{n}", "T1.x", "tilt", "‰"))
        for n in range(5)
    ]
    return Directory(pairs, 0)


def message(gateway: int, seq: int, value: float, **more: Any) -> Message:
    told = {"boot": 1, "seq": seq, "readings": [{"c": "T1.x", "t": AT, "v": value}], **more}
    return Message(f"anju/1/0/g-{gateway}/readings", json.dumps(told).encode(), NOW + seq * 300_000)


def test_a_batch_of_many_gateways_keeps_numbers_runs_and_order() -> None:
    known = directory()
    intake = Intake(lambda: known, IngestSettings())
    sent = [message(n % 5, n // 5 + (n > 300), float(n)) for n in range(500)]
    came = intake.arrivals(sent)
    assert came.batch.value.tolist() == [float(n) for n in range(500)]
    assert [came.gateways[code] for code in came.gateway.tolist()] == [
        f"g-{n % 5}" for n in range(500)
    ]
    assert came.batch.seq.tolist() == [n // 5 + (n > 300) for n in range(500)]
    whole_ms = [m.received_at_ns // MS_NS * MS_NS for m in sent]
    assert came.batch.received_at.tolist() == whole_ms
    assert [run[:2] for run in came.counts["g-0", 1].runs] == [[0, 61], [62, 101]]
    assert [run[:2] for run in came.counts["g-1", 1].runs] == [[0, 60], [61, 101]]


def test_one_bad_message_among_many_costs_the_others_nothing() -> None:
    known = directory()
    intake = Intake(lambda: known, IngestSettings())
    sent = [message(n % 5, n // 5, float(n)) for n in range(500)]
    sent[217] = msgspec.structs.replace(sent[217], payload=b"{")
    came = intake.arrivals(sent)
    assert came.batch.value.tolist() == [float(n) for n in range(500) if n != 217]
    (refused,) = came.refused
    assert (refused.reason, refused.gateway_id, refused.readings) == ("not JSON", "g-2", 0)


def test_what_one_gateway_sends_in_two_formats_stays_in_order() -> None:
    known = directory()
    intake = Intake(lambda: known, IngestSettings())
    pack = Message("anju/1/0/g-1/senml", b'[{"n":"T1.x","t":1795435140,"v":-1}]', NOW)
    sent = [*(message(n % 5, n // 5, float(n)) for n in range(150)), pack, message(1, 30, 500.0)]
    batch = intake.arrivals(sent).batch
    rows = batch.rows_of("g-1/T1.x")
    assert batch.value[rows].tolist() == [*(float(n) for n in range(1, 150, 5)), -1.0, 500.0]
    assert len(batch) == 152


def test_an_empty_batch_and_one_of_empty_messages_are_nothing() -> None:
    known = directory()
    intake = Intake(lambda: known, IngestSettings())
    assert len(intake.arrivals([]).batch) == 0
    came = intake.arrivals([message(1, 5, 1.0, readings=[])] * 200)
    assert (len(came.batch), came.counts, came.refused) == (0, {}, ())
