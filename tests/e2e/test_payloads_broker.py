"""Every payload from a simulated gateway over the real broker into the synced spool."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from domain.clock import SystemClock
from domain.sensors import Channel, Gateway
from ingest.decoders import decoders
from ingest.directory import Directory
from ingest.receiver import Receiver
from ingest.settings import Broker
from simulators.gateway import SimulatedGateway, Speech
from simulators.readings import GatewayReadings
from storage.spool import SqliteSpool
from tests.e2e.ingest_gateway import wait_for
from tests.servers.mosquitto import Mosquitto

pytestmark = pytest.mark.servers

ADDRESSES = ("SK1.L1_QJ_1.X", "SK1.L1_QJ_1.Y", "SK1.L1_QJ_2.X")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[SqliteSpool]:
    opened = SqliteSpool(tmp_path / "spool.db", limit_bytes=10**9)
    yield opened
    opened.close()


def test_a_gateway_can_speak_every_payload_that_carries_readings() -> None:
    spoken = {"readings" if speech == "native" else speech for speech in get_args(Speech)}
    spoken = {"readings/cbor" if speech == "cbor" else speech for speech in spoken}
    carried = {name for name, decoder in decoders().items() if decoder.readings}
    assert carried - {"wave"} <= spoken


@pytest.mark.parametrize("speech", get_args(Speech))
def test_what_a_gateway_sends_is_kept_whatever_it_speaks(
    speech: Speech, broker: Mosquitto, spool: SqliteSpool
) -> None:
    clock = SystemClock()
    gateway = Gateway(f"g-{speech}", speech)
    channels = [Channel(f"id {a}", "s", gateway.id, a, "tilt", "‰") for a in ADDRESSES]
    known = Directory([(gateway, channel) for channel in channels], 0)
    receiver = Receiver(Broker(port=broker.port), spool, lambda: known, clock, 0)
    receiver.start()
    sender = SimulatedGateway(gateway, "127.0.0.1", broker.port, clock, speech=speech)
    n = 600
    now_ms = clock.now_ns() // 1_000_000
    taken_at = np.array([now_ms - n + i // 3 for i in range(n)], np.int64) * 1_000_000
    address = np.arange(n, dtype=np.int32) % 3
    value = np.arange(n) / 100
    try:
        wait_for(lambda: receiver.health().state == "ok")
        sender.connect()
        sender.publish(GatewayReadings(ADDRESSES, address, taken_at, value))
        assert sender.flush(20.0)
        wait_for(lambda: receiver.stats()["stored"] == n)
    finally:
        sender.close()
        receiver.stop()
    entries = spool.after(0, 10**9)
    # the broker still holds what other tests' gateways said of themselves
    refused = [refusal for entry in entries for refusal in entry.refusals]
    assert not [refusal for refusal in refused if refusal.gateway_id == gateway.id]
    kept = {
        (entry.batch.channels[code], at, worth)
        for entry in entries
        for code, at, worth in zip(
            entry.batch.channel.tolist(), entry.batch.taken_at.tolist(),
            entry.batch.value.tolist(), strict=True,
        )
    }  # fmt: skip
    assert kept == {
        (f"id {ADDRESSES[code]}", at, worth)
        for code, at, worth in zip(address.tolist(), taken_at.tolist(), value.tolist(), strict=True)
    }
