"""Blocks of waveforms: what is taken in, what is refused and why, and how they are counted."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import cbor2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.accounts import DayAccount, Fate
from domain.arrivals import Arrivals
from domain.clock import HOUR_NS, SECOND_NS
from domain.ports import SpoolWriter
from domain.readings import QualityFlag
from ingest.decoders import wave
from ingest.decoders.items import Unreadable
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings
from storage.spool import SqliteSpool
from tests.unit.test_decoders_intake import channel
from tests.waves import START_NS, packed, payload

NOW = START_NS + 60 * SECOND_NS
ONE_G = 9.80665
SAMPLES = packed(np.random.default_rng(5).normal(0, 0.5, (200, 3)) + 0.25, "i2", 0.001)
PAGE = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")

REGISTER = [
    channel("V2", "acceleration", "m/s²", axis="wave"),
    channel("V3", "acceleration", "mg", axis="wave"),
    channel("G1", "velocity", "mm/s", axis="wave", high=50.0),
    channel("T1.x"),
]


def intake() -> Intake:
    known = Directory(REGISTER, 0)
    return Intake(lambda: known, IngestSettings())


def message(content: bytes, gateway: str = "g-1") -> Message:
    return Message(f"anju/1/0/{gateway}/wave", content, NOW)


def take(*contents: bytes, of: Intake | None = None, gateway: str = "g-1") -> Arrivals:
    return (of or intake()).arrivals([message(content, gateway) for content in contents])


def reason_of(content: bytes) -> tuple[str, Fate, int]:
    came = take(content)
    assert not came.waves
    assert not len(came.batch)
    (refused,) = came.refused
    assert refused.detail
    return refused.reason, refused.fate, refused.readings


def test_a_block_is_one_reading_and_comes_with_its_samples() -> None:
    came = take(payload(SAMPLES, boot=3, seq=1700))
    ((row, block),) = came.waves
    assert row == 0
    assert (block.channel_id, block.kind, block.axes) == ("g-1/V2", "acceleration", "xyz")
    assert (block.start_ns, block.rate_hz, block.count) == (START_NS, 200.0, 200)
    assert block.data == SAMPLES
    assert (came.batch.seq.tolist(), came.batch.boot.tolist()) == ([1700], [3])
    assert came.counts["g-1", 3].runs == [[1700, 1701]]
    values = np.frombuffer(SAMPLES, "<i2").reshape(-1, 3) * 0.001
    assert came.batch.value[0] == pytest.approx(np.abs(values - values.mean(0)).max())


def test_the_unit_is_that_of_the_channel_and_is_turned_into_the_kinds() -> None:
    came = take(payload(SAMPLES, c="V3", unit="mg", scale=0.5), payload(SAMPLES, c="V3", unit=None))
    (_, first), (_, second) = came.waves
    assert first.scale == pytest.approx(0.5e-3 * ONE_G)
    assert second.scale == pytest.approx(1e-6 * ONE_G)


def test_time_and_numbers_are_those_of_readings() -> None:
    ((_, block),) = take(payload(SAMPLES, t="2026-11-23T06:00:00.25Z", boot=None, seq=None)).waves
    assert block.start_ns == START_NS + SECOND_NS // 4


REFUSED = {
    "an unknown channel": ({"c": "X9"}, "unknown channel"),
    "a channel of another kind": ({"c": "T1.x"}, "kind"),
    "another unit": ({"unit": "g"}, "unit"),
    "no channel": ({"c": None}, "wrong type"),
    "a channel that is no text": ({"c": 7}, "wrong type"),
    "a time that cannot be read": ({"t": "yesterday"}, "time"),
    "a time of a wrong type": ({"t": 1.5}, "time"),
    "no rate": ({"hz": None}, "rate"),
    "a rate of nothing": ({"hz": 0}, "rate"),
    "a rate below": ({"hz": 9.99}, "rate"),
    "a rate above": ({"hz": 10_001}, "rate"),
    "a rate that is no number": ({"hz": float("nan")}, "rate"),
    "a rate without end": ({"hz": float("inf")}, "rate"),
    "a scale of nothing": ({"scale": 0}, "scale"),
    "a scale below nothing": ({"scale": -1.0}, "scale"),
    "two axes": ({"axes": "xy"}, "axes"),
    "axes of a wrong type": ({"axes": 3}, "axes"),
    "an unknown encoding": ({"encoding": "i4"}, "encoding"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_block_that_cannot_be_taken_says_why_and_uses_up_its_number(name: str) -> None:
    header, reason = REFUSED[name]
    fate = Fate.QUARANTINED if reason == "unknown channel" else Fate.REJECTED
    assert reason_of(payload(SAMPLES, **header)) == (reason, fate, 1)
    assert f"`{reason}`" in PAGE
    assert take(payload(SAMPLES, **header)).counts["g-1", 1].runs == [[1, 2]]


@pytest.mark.parametrize(
    ("samples", "header", "reason"),
    [
        (SAMPLES[:-1], {}, "length"),
        (b"", {}, "length"),
        (bytes(31 * 6), {}, "length"),
        (bytes(2 * 1201), {"hz": 10, "axes": "x"}, "length"),
        (np.full(64, np.nan, "<f4").tobytes(), {"axes": "x", "encoding": "f4"}, "value"),
        (np.full(64, np.inf, "<f4").tobytes(), {"axes": "z", "encoding": "f4"}, "value"),
        ("text", {}, "wrong type"),
        (None, {}, "wrong type"),
    ],
)
def test_samples_that_do_not_fit_are_refused(samples: Any, header: Any, reason: str) -> None:
    assert reason_of(payload(samples, **header))[0] == reason


@pytest.mark.parametrize(
    ("samples", "header"),
    [
        (bytes(32 * 6), {}),
        (bytes(2 * 1200), {"hz": 10, "axes": "x"}),
        (np.zeros(64, "<f4").tobytes(), {"axes": "y", "encoding": "f4", "scale": None}),
    ],
)
def test_samples_at_the_edge_of_what_fits_are_taken(samples: bytes, header: Any) -> None:
    assert len(take(payload(samples, **header)).waves) == 1


UNREADABLE = {
    "nothing": (b"", "empty"),
    "JSON": (b'{"c":"V2"}', "not CBOR"),
    "a cut block": (payload(SAMPLES)[:-1], "not CBOR"),
    "a length that is not there": (b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", "not CBOR"),
    "deep nesting": (b"\x81" * 100_000, "too deep"),
    "a list": (cbor2.dumps([1]), "wrong shape"),
    "numbers as keys": (cbor2.dumps({1: 2}), "wrong shape"),
    "a key twice": (b"\xa2\x61c\x61a\x61c\x61b", "double key"),
    "seq below nothing": (payload(SAMPLES, seq=-1), "wrong shape"),
    "seq true": (payload(SAMPLES, seq=True), "wrong shape"),
    "boot huge": (payload(SAMPLES, boot=2**31), "wrong shape"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_payload_that_cannot_be_read_says_why_and_uses_up_no_number(name: str) -> None:
    content, reason = UNREADABLE[name]
    with pytest.raises(Unreadable) as caught:
        wave.decode(content)
    assert caught.value.reason in {reason, "not CBOR"}
    assert reason_of(content)[1:] == (Fate.REJECTED, 0)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_no_bytes_break_the_decoder(noise: bytes, place: int, byte: int) -> None:
    good = bytearray(payload(SAMPLES[:192]))
    good[place % len(good)] = byte
    for content in (noise, bytes(good)):
        with suppress(Unreadable):
            wave.decode(content)
    intake().arrivals([message(noise), message(bytes(good))])


def test_a_block_from_the_future_is_judged_at_its_arrival(spool: SqliteSpool) -> None:
    write(spool, payload(SAMPLES, t=NOW + HOUR_NS))
    (entry,) = spool.after(0, 10)
    (block,) = entry.waves
    assert block.start_ns == NOW
    assert block.flag == QualityFlag.CLOCK | QualityFlag.HELD
    assert block.data == SAMPLES


def test_a_block_beyond_its_instruments_range_is_flagged_and_so_is_what_it_comes_to() -> None:
    loud = packed(np.random.default_rng(1).normal(0, 60, (200, 1)), "i2", 0.01)
    came = take(payload(loud, c="G1", unit="mm/s", axes="x", scale=0.01))
    assert came.waves[0][1].flag == QualityFlag.OUT_OF_RANGE


def test_a_stranger_uses_up_no_number() -> None:
    came = take(payload(SAMPLES), gateway="g-unknown")
    assert came.counts == {}
    assert came.refused[0].reason == "unknown gateway"


def test_blocks_that_follow_each_other_bring_the_end_of_the_one_before() -> None:
    of = intake()
    first = take(payload(SAMPLES), of=of).waves[0][1]
    second = take(payload(SAMPLES[::-1], t=START_NS + SECOND_NS, seq=2), of=of).waves[0][1]
    late = take(payload(SAMPLES, t=START_NS + 9 * SECOND_NS, seq=3), of=of).waves[0][1]
    other = take(payload(SAMPLES, t=START_NS + 10 * SECOND_NS, hz=100, seq=4), of=of).waves[0][1]
    assert first.lead == b""
    assert second.lead == SAMPLES
    assert late.lead == b""  # eight seconds are missing
    assert other.lead == b""  # another rate


@pytest.fixture
def spool(tmp_path: Path) -> Any:
    opened = SqliteSpool(tmp_path / "spool.db", limit_bytes=10**9)
    yield opened
    opened.close()


def write(spool: SpoolWriter, *contents: bytes) -> Any:
    return spool.write(take(*contents))


def test_what_the_spool_gives_back_is_what_came(spool: SqliteSpool) -> None:
    arrivals = take(payload(SAMPLES), payload(SAMPLES, seq=2, t=START_NS + SECOND_NS))
    spool.write(arrivals)
    (entry,) = spool.after(0, 10)
    assert len(entry.batch) == 2
    for (_, sent), kept in zip(arrivals.waves, entry.waves, strict=True):
        for name in ("channel_id", "start_ns", "rate_hz", "axes", "scale", "data", "lead", "flag"):
            assert getattr(kept, name) == getattr(sent, name)


def test_a_block_is_counted_once_however_often_it_is_sent(spool: SqliteSpool) -> None:
    block = payload(SAMPLES, seq=7)
    first = write(spool, block)
    again = write(spool, block, block)
    assert (first.stored, again.stored, again.duplicate) == (1, 0, 2)
    assert first.receipts[0].upto == again.receipts[0].upto == 7
    assert [len(entry.waves) for entry in spool.after(0, 100)] == [1, 0]


def test_without_numbers_a_repeat_is_known_by_its_content(spool: SqliteSpool) -> None:
    block = payload(SAMPLES, boot=None, seq=None)
    write(spool, block)
    assert write(spool, block).duplicate == 1


def test_the_account_comes_out(spool: SqliteSpool) -> None:
    write(
        spool,
        payload(SAMPLES, seq=1),
        payload(SAMPLES, seq=2, hz=1),
        payload(SAMPLES, seq=3, c="X9"),
        payload(SAMPLES, seq=3, c="X9"),
        payload(SAMPLES, seq=6, t=START_NS + SECOND_NS),
    )
    (account,) = spool.after(0, 100)[0].accounts
    day = account.day
    assert account == DayAccount("g-1", day, 2, 1, 1, 1, 2)
    assert account.sent == 6


def test_rows_with_blocks_are_read_in_parts(spool: SqliteSpool) -> None:
    big = packed(np.zeros((60_000, 3)), "i2", 1.0)
    for seq in range(1, 25):
        t = START_NS - 600 * SECOND_NS + seq * SECOND_NS
        spool.write(take(payload(big, seq=seq, t=t, hz=1000)))
    assert 1 < len(spool.after(0, 5_000)) < 24
