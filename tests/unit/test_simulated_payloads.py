"""What simulated gateways write down: the contract's forms, and never the ground truth."""

import json

from domain.clock import DAY_NS
from simulators import payloads
from simulators.story import Odd, Publish, demo_story

NOON = 1_700_000_000_123_000_000


def test_the_four_forms_of_a_moment() -> None:
    row = [("T1.x", NOON, 1.25)]
    moments = {
        form: json.loads(payloads.native(1, 1, row, form))["readings"][0]["t"]
        for form in ("rfc3339", "ms", "us", "ns")
    }
    assert moments == {
        "rfc3339": "2023-11-14T22:13:20.123Z",
        "ms": NOON // 1_000_000,
        "us": NOON // 1_000,
        "ns": NOON,
    }


def test_the_fields_of_one_point_and_instant_stand_together() -> None:
    rows = [
        ("SK1.L1_QJ_1.X", NOON, 0.1),
        ("SK1.L1_QJ_1.Y", NOON, 0.2),
        ("SK1.L1_LF_1.value", NOON, 9),
    ]
    assert json.loads(payloads.dzt(rows)) == {
        "SK1": {
            "L1_QJ_1": {"2023-11-14T22:13:20.123Z": {"X": 0.1, "Y": 0.2}},
            "L1_LF_1": {"2023-11-14T22:13:20.123Z": 9},
        }
    }


def test_odd_values_travel_as_they_are() -> None:
    payload = payloads.native(1, 5, [("C1", NOON, None), ("C1", NOON, "wide")], "ns")
    assert [r["v"] for r in json.loads(payload)["readings"]] == [None, "wide"]


def test_the_truth_is_in_no_payload() -> None:
    story = demo_story()
    words = {truth.scenario for truth in story.truths} | {truth.nature for truth in story.truths}
    words |= {"scenario", "truth", "expected", "structural"}
    for day in range(36, 62, 5):
        start = story.start_ns + day * DAY_NS
        for act in story.step(start, start + DAY_NS):
            if isinstance(act, Publish):
                rows = list(act.readings.rows())
                nested = act.gateway_id in story.neighbourhood.dzt
                payload = payloads.dzt(rows) if nested else payloads.native(1, 1, rows)
                assert not [word for word in words if word.encode() in payload]
            elif isinstance(act, Odd):
                assert act.address not in words


def test_every_payload_is_read_back_as_it_was_taken() -> None:
    from ingest.decoders import cbor, senml, thingsboard
    from ingest.decoders.items import Sent

    rows = [("T1.x", NOON + k * 1_000_000, 1.25 + k) for k in range(300)]
    boot, seq, readings = cbor.decode(payloads.cbor(3, 1700, rows, "ns"))
    assert (boot, seq) == (3, 1700)
    assert [(r.c, r.t, r.v) for r in readings if isinstance(r, Sent)] == rows
    for binary in (False, True):
        found, bad = senml.decode(payloads.senml(rows, binary=binary), NOON)
        assert not bad
        assert [(m.name, m.taken_ns, m.value) for m in found] == rows
    told = thingsboard.decode(payloads.thingsboard(rows)).told
    assert [(f"{t.device}.x", t.ts, t.values["x"]) for t in told] == [
        (address, at_ns // 1_000_000, value) for address, at_ns, value in rows
    ]
