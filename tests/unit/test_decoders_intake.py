"""From messages to arrivals: identity, units, flags, and what is set aside."""

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.accounts import Fate
from domain.arrivals import Arrivals, Committed
from domain.clock import HOUR_NS, SECOND_NS
from domain.readings import QualityFlag
from domain.sensors import Channel, Gateway
from domain.units import Values
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.receipts import Receipts
from ingest.settings import IngestSettings
from ingest.writer import Writer

NOW = 1_795_435_200 * SECOND_NS  # 2026-11-23T12:00:00Z
AT = "2026-11-23T11:59:00.000Z"


def channel(
    address: str, kind: str = "tilt", unit: str = "‰", gateway: str = "g-1", **more: Any
) -> tuple[Gateway, Channel]:
    box = Gateway(gateway, gateway, shard=more.pop("shard", 0))
    return box, Channel(f"{gateway}/{address}", "s", gateway, address, kind, unit, **more)


REGISTER = [
    channel("T1.x"),
    channel("T1.y", unit="°"),
    channel("C1", "crack", "cm", low=0.0, high=5.0),
    channel("W1", "temperature", "K"),
    channel("SK01.L1_QJ_1.X", unit="°"),
    channel("SK01.L1_QJ_1.Y", unit="°"),
    channel("SK01.L1_LF_1", "crack", "mm"),
    channel("SK09.L1_LF_1", "crack", "mm", gateway="g-2"),
    channel("T1.x", gateway="g-far", shard=1),
]


def intake(directory: Directory | None = None) -> Intake:
    known = directory or Directory(REGISTER, 0)
    return Intake(lambda: known, IngestSettings())


def native(*readings: tuple[str, Any, float], gateway: str = "g-1", **envelope: Any) -> Message:
    told = {**envelope, "readings": [{"c": c, "t": t, "v": v} for c, t, v in readings]}
    return Message(f"anju/1/0/{gateway}/readings", json.dumps(told).encode(), NOW)


def nested(value: Any, gateway: str = "g-1") -> Message:
    return Message(f"anju/1/0/{gateway}/dzt", json.dumps(value).encode(), NOW)


def rows(arrivals: Arrivals) -> dict[str, tuple[float, QualityFlag]]:
    batch = arrivals.batch
    return {
        batch.channels[code]: (value, QualityFlag(flag))
        for code, value, flag in zip(
            batch.channel.tolist(), batch.value.tolist(), batch.flag.tolist(), strict=True
        )
    }


def test_each_channels_unit_is_turned_into_its_kinds() -> None:
    came = intake().arrivals(
        [native(("T1.x", AT, 1.5), ("T1.y", AT, 0.5), ("C1", AT, 0.2), ("W1", AT, 280.0))]
    )
    assert {name: value for name, (value, _) in rows(came).items()} == {
        "g-1/T1.x": 1.5,
        "g-1/T1.y": pytest.approx(1000 * math.tan(math.radians(0.5))),
        "g-1/C1": pytest.approx(2.0),
        "g-1/W1": pytest.approx(6.85),
    }


@pytest.mark.parametrize(
    ("cm", "flag"),
    [
        (-0.001, QualityFlag.OUT_OF_RANGE),
        (0.0, QualityFlag.OK),
        (0.5, QualityFlag.OK),
        (0.501, QualityFlag.OUT_OF_RANGE),
        (1e30, QualityFlag.OUT_OF_RANGE),
    ],
)
def test_a_value_outside_its_channels_range_is_kept_and_flagged(
    cm: float, flag: QualityFlag
) -> None:
    assert rows(intake().arrivals([native(("C1", AT, cm))]))["g-1/C1"][1] == flag


@pytest.mark.parametrize("value", [1e308, -1e308, 3.5e38, 1e38])
def test_a_value_that_no_instrument_can_measure_is_rejected(value: float) -> None:
    came = intake().arrivals([native(("C1", AT, value), seq=4, boot=2)])
    assert not len(came.batch)
    (refused,) = came.refused
    assert (refused.fate, refused.reason) == (Fate.REJECTED, "value")
    assert (refused.boot, refused.seq, refused.address) == (2, 4, "C1")


@pytest.mark.parametrize(
    ("ago_ns", "outcome"),
    [
        (HOUR_NS, QualityFlag.OK),
        (HOUR_NS + 1, QualityFlag.LATE),
        (-8 * HOUR_NS, QualityFlag.OK),  # a wrong clock is the ledger's business
        (NOW - 946_684_799 * SECOND_NS, QualityFlag.LATE),
    ],
)
def test_a_reading_that_comes_late_is_flagged(ago_ns: int, outcome: QualityFlag) -> None:
    came = intake().arrivals([native(("T1.x", NOW - ago_ns, 1.0))])
    assert [flag for _, flag in rows(came).values()] == [outcome]


def test_one_gateway_on_two_topics_is_one_gateway() -> None:
    came = intake().arrivals([native(("T1.x", AT, 1.0)), nested({"SK01": {"L1_LF_1": {AT: 1.0}}})])
    assert came.gateways == ("g-1",)
    assert came.gateway.tolist() == [0, 0]


def test_both_tilt_conventions_come_to_the_same() -> None:
    axes = intake().arrivals([nested({"SK01": {"L1_QJ_1": {AT: {"X": 1.0, "Y": 1.0}}}})])
    lean = {"angle": math.sqrt(2), "trend": 45.0}
    size = intake().arrivals([nested({"SK01": {"L1_QJ_1": {AT: lean}}})])
    assert rows(size).keys() == rows(axes).keys()
    for name, (value, _) in rows(axes).items():
        assert rows(size)[name][0] == pytest.approx(value)


def test_capitals_of_a_nested_address_do_not_matter() -> None:
    came = intake().arrivals([nested({"sk01": {"l1_qj_1": {AT: {"x": 1.0}}}})])
    assert list(rows(came)) == ["g-1/SK01.L1_QJ_1.X"]


def test_a_field_without_channel_is_ignored_and_counted_at_a_known_point_only() -> None:
    taking = intake()
    came = taking.arrivals(
        [
            nested(
                {"SK01": {"L1_QJ_1": {AT: {"X": 1, "Z": 89}}, "L1_JS_1": {AT: {"gX": 1, "gY": 2}}}}
            )
        ]
    )
    assert taking.ignored["fields that no channel is registered for"] == 1
    (refused,) = came.refused
    assert (refused.fate, refused.readings) == (Fate.QUARANTINED, 2)
    assert (refused.reason, refused.address) == ("unknown channel", "SK01.L1_JS_1")


def test_a_device_of_another_gateway_is_quarantined() -> None:
    (refused,) = intake().arrivals([nested({"SK09": {"L1_LF_1": {AT: 1.0}}})]).refused
    assert (refused.reason, refused.fate) == ("device of another gateway", Fate.QUARANTINED)


def test_a_sensor_that_reports_a_fault_is_not_believed() -> None:
    told = {
        "L1_LF_1": {AT: 1.0},
        "L1_QJ_1": {AT: {"X": 1.0}},
        "S1_ZT_1": {AT: {"sensor_state": {"L1_LF_1": -2, "L1_QJ_1": 0}}},
    }
    came = intake().arrivals([nested({"SK01": told})])
    assert {name: flag for name, (_, flag) in rows(came).items()} == {
        "g-1/SK01.L1_LF_1": QualityFlag.SENSOR_FAULT,
        "g-1/SK01.L1_QJ_1.X": QualityFlag.OK,
    }
    assert came.statuses[0].gateway_id == "g-1"


@pytest.mark.parametrize(
    "topic", ["", "a/b", "anju/1/1/g-far/readings", "anju/1/0/g-1/waves", "anju/2/0/g-1/readings"]
)
def test_a_foreign_topic_is_ignored_and_counted(topic: str) -> None:
    taking = intake()
    came = taking.arrivals([Message(topic, b'{"readings":[]}', NOW)])
    assert (len(came.batch), came.refused) == (0, ())
    assert taking.ignored["messages on other topics"] == 1


def test_texts_that_a_database_would_not_store_are_mended() -> None:
    messages = [
        native(("T1\0x", AT, 1.0)),
        nested({"SK\0": {"L\0": {AT: 1.0}, "S1_ZT_1": {AT: {"sw_version": "2\0"}}}}),
        Message("anju/1/0/g-1/status", b'{"online":true,"firmware":"1\\u0000"}', NOW),
    ]
    came = intake().arrivals(messages)
    texts = [t for r in came.refused for t in (r.address, r.detail)]
    assert len(texts) == 4
    assert "\0" not in "".join([*texts, *(s.firmware for s in came.statuses)])
    assert came.refused[0].address == "T1\ufffdx"


@pytest.mark.parametrize("name", ["", "g" * 101])
def test_a_gateway_id_of_no_sensible_length_is_ignored_and_counted(name: str) -> None:
    taking = intake()
    assert not taking.arrivals([native(("T1.x", AT, 1.0), gateway=name)]).refused
    assert taking.ignored["messages on other topics"] == 1


def test_a_gateway_of_another_shard_is_a_stranger() -> None:
    (refused,) = intake().arrivals([native(("T1.x", AT, 1.0), gateway="g-far", seq=0)]).refused
    assert (refused.reason, refused.seq, refused.readings) == ("unknown gateway", -1, 1)


def test_a_payload_over_the_limit_is_refused_unread() -> None:
    (refused,) = intake().arrivals([native(*[("T1.x", AT, 1.0)] * 30_000)]).refused
    assert (refused.reason, refused.readings, len(refused.sample)) == ("too large", 0, 2000)


def test_a_channel_with_an_impossible_unit_is_left_out_and_named() -> None:
    directory = Directory([channel("T1.x", unit="furlong"), channel("C1", "crack", "mm")], 0)
    assert [channel_id for channel_id, _ in directory.unusable] == ["g-1/T1.x"]
    came = intake(directory).arrivals([native(("T1.x", AT, 1.0), ("C1", AT, 1.0))])
    assert list(rows(came)) == ["g-1/C1"]
    assert [r.reason for r in came.refused] == ["unknown channel"]


def test_a_new_register_counts_from_the_next_batch() -> None:
    now = [Directory([], 0)]
    taking = Intake(lambda: now[0], IngestSettings())
    assert taking.arrivals([native(("T1.x", AT, 1.0))]).refused
    now[0] = Directory(REGISTER, 0)
    assert rows(taking.arrivals([native(("T1.x", AT, 1.0))]))


class BrittleDirectory(Directory):
    """Breaks on one value, as a fault in our own code would."""

    def convert(self, code: NDArray[np.int64], value: Values) -> Values:
        if 13.0 in value:
            raise ZeroDivisionError("unlucky")
        return super().convert(code, value)


class MemorySpool:
    """Keeps arrivals in a list."""

    def __init__(self) -> None:
        self.kept: list[Arrivals] = []

    def write(self, arrivals: Arrivals) -> Committed:
        self.kept.append(arrivals)
        return Committed(len(self.kept), len(arrivals.batch), 0, 0, 0, ())


def test_a_message_that_breaks_the_decoder_is_kept_with_the_fault_and_the_others_go_on() -> None:
    spool, settings = MemorySpool(), IngestSettings()
    known = BrittleDirectory(REGISTER, 0)
    done: list[Message] = []
    writer = Writer(
        Intake(lambda: known, settings), spool, settings, lambda messages, _: done.extend(messages)
    )
    for value in (1.0, 13.0, 2.0):
        writer.put(native(("T1.x", AT, value)))
    writer.start()
    writer.wake()
    while len(done) < 3 and writer.alive:
        pass
    writer.stop()
    (came,) = spool.kept
    assert came.batch.value.tolist() == [1.0, 2.0]
    (refused,) = came.refused
    assert (refused.reason, refused.gateway_id) == ("internal error", "g-1")
    assert "unlucky" in refused.detail
    assert writer.breakages == 1


def test_receipts_are_held_back_and_the_last_says_everything() -> None:
    from domain.arrivals import Receipt

    receipts = Receipts(every_s=1.0)
    receipts.add(Receipt("g-1", 1, 5))
    assert [r.upto for r in receipts.due(100.0, 10)] == [5]
    receipts.add(Receipt("g-1", 1, 7, rejected=((6, 6, "value"),)))
    receipts.add(Receipt("g-1", 1, 9, rejected=((9, 9, "time"),)))
    receipts.add(Receipt("g-2", 1, 3))
    assert [r.gateway_id for r in receipts.due(100.5, 10)] == ["g-2"]
    (last,) = receipts.due(101.0, 10)
    assert (last.upto, last.rejected) == (9, ((6, 6, "value"), (9, 9, "time")))
    assert receipts.due(200.0, 10) == []
