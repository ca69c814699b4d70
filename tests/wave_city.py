"""Waveforms for the small city of the API's tests: one kept event in each district."""

from dataclasses import replace
from pathlib import Path

from analytics.limits import load_profile
from domain.clock import SECOND_NS
from domain.sensors import Channel, Sensor
from domain.waves import KeptBlock
from storage.waves import FolderWaves
from tests.api_city import DISTRICTS, NOW_NS, City
from tests.contract.test_wave_store import kept

EVENT_NS = NOW_NS - 500 * SECOND_NS


def moved(block: KeptBlock, channel: str, event_ns: int) -> KeptBlock:
    """Take the same block for another channel and event, at the event's time."""
    start_ns = event_ns + (block.block.start_ns - kept(0).block.start_ns) - SECOND_NS
    peaks = tuple(replace(p, at_ns=start_ns) for p in block.peaks)
    return replace(
        block,
        event_ns=event_ns,
        block=replace(block.block, channel_id=channel, start_ns=start_ns),
        peaks=peaks,
    )


def add_waves(city: City, folder: Path) -> FolderWaves:
    """Give each district a vibration sensor with the channel `w-PLACE` and one kept event."""
    waves = FolderWaves(folder, days=30, bytes_max=10**9)
    register = city.records.register
    for place in DISTRICTS:
        register.put_sensor(
            Sensor(f"v-{place}", f"b-{place}", f"g-{place}", "V2", "vibration", storey=1), "test"
        )
        wave = Channel(
            f"w-{place}", f"v-{place}", f"g-{place}", "V2", "acceleration", "m/s²", "wave", 60
        )
        register.put_channel(wave, "test")
        waves.keep([moved(kept(k, peak=1.0), wave.id, EVENT_NS) for k in range(3)])
    city.app.state.services = replace(city.services, waves=waves, profile=load_profile())
    return waves
