"""The register that fuzzed payloads are read against, and what must hold of whatever they are."""

from collections.abc import Sequence

import numpy as np

from domain.arrivals import Arrivals
from domain.sensors import Channel, Gateway
from ingest.decoders import Decoder
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings

NOW_NS = 1_795_435_200_000_000_000  # 2026-11-23T12:00:00Z

_CHANNELS = (
    ("T1.x", "tilt", "‰"),
    ("T1.y", "tilt", "°"),
    ("T1.x.sum", "tilt", "‰"),
    ("C1", "crack", "cm"),
    ("W1", "temperature", "K"),
    ("SK01.L1_LF_1", "crack", "mm"),
    ("SK01.L1_QJ_1.X", "tilt", "°"),
    ("SK01.L1_QJ_1.Y", "tilt", "°"),
    ("SK01.L1_JS_1.gX", "tilt", "‰"),
    ("V2", "acceleration", "m/s²"),
)
DIRECTORY = Directory(
    [
        (Gateway("g-1", "g-1"), Channel(f"id {address}", "s", "g-1", address, kind, unit))
        for address, kind, unit in _CHANNELS
    ],
    0,
)


def read(decoder: Decoder, payloads: Sequence[bytes], gateway: str = "g-1") -> Arrivals:
    """Take payloads in on each of the decoder's topics, and check what must always hold."""
    intake = Intake(lambda: DIRECTORY, IngestSettings())
    messages = [
        Message(f"anju/1/0/{gateway}/{topic}", payload, NOW_NS)
        for topic in decoder.topics
        for payload in payloads
    ]
    came = intake.arrivals(messages)
    check(came)
    return came


def check(came: Arrivals) -> None:
    """Fail when a reading is not fit for a store, or a refusal does not say why."""
    batch = came.batch
    assert np.isfinite(batch.value).all()
    assert ((batch.taken_at > 0) & (batch.taken_at < 2**63 - 1)).all()
    assert ((batch.seq >= 0) == (batch.boot >= 0)).all()
    for refused in came.refused:
        assert refused.reason
        assert refused.detail
        assert len(refused.reason) < 40
        assert len(refused.detail) <= 300
        assert "\0" not in refused.detail + refused.address
        assert refused.readings >= 0
    for count in came.counts.values():
        assert all(first < end for first, end in count.runs)
