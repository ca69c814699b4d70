"""The simulated accelerometer: the same however it is cut, and as loud as the scenario says."""

import numpy as np
import pytest

from analytics.limits import load_profile
from analytics.vibration import BlockFeatures, VibrationSettings, features_of
from domain.clock import DAY_NS, HOUR_NS, SECOND_NS
from domain.waves import WaveBlock, derived_channels
from ingest.decoders import wave
from simulators import payloads
from simulators.scenarios.excavation_next_door import SCENARIO
from simulators.scenarios.healthy import SCENARIO as HEALTHY
from simulators.story import PublishWave, demo_story
from simulators.waves import RATE_HZ, SCALE_M_S2, SentBlock, WaveInstrument, blocks_between

STORY = demo_story(days=60)
HOUSE = STORY.neighbourhood.building(7)
(INSTRUMENT,) = STORY.neighbourhood.wave_instruments[HOUSE.id]
BEGAN_NS = STORY.plays[HOUSE.id].start_ns
SETTINGS = VibrationSettings.from_profile(load_profile())


def sent(start_ns: int, end_ns: int) -> list[SentBlock]:
    return blocks_between([INSTRUMENT], SCENARIO, BEGAN_NS, start_ns, end_ns)


def features(blocks: list[SentBlock]) -> list[BlockFeatures]:
    return features_of(
        [
            WaveBlock("c", "acceleration", b.taken_at_ns, RATE_HZ, "xyz", SCALE_M_S2, "i2",
                      b.samples)
            for b in blocks
        ],
        SETTINGS,
    )  # fmt: skip


def shown(blocks: list[SentBlock]) -> list[tuple[str, int, bytes]]:
    return [(b.address, b.taken_at_ns, b.samples) for b in blocks]


def test_however_a_day_is_cut_the_blocks_are_the_same() -> None:
    start_ns = BEGAN_NS + 7 * DAY_NS
    whole = sent(start_ns, start_ns + DAY_NS)
    hours = [sent(start_ns + h * HOUR_NS, start_ns + (h + 1) * HOUR_NS) for h in range(24)]
    assert shown(whole) == shown([block for hour in hours for block in hour])
    assert len(whole) == 12 + 3


def test_the_blast_is_as_loud_as_the_scenario_says() -> None:
    blast_ns = BEGAN_NS + round(SCENARIO.blast_day * DAY_NS)
    found = features(sent(blast_ns - 20 * SECOND_NS, blast_ns + 20 * SECOND_NS))
    assert len(found) == 3
    loud = max(found, key=lambda f: f.peaks[1].peak_mm_s)
    for peak, wanted, hertz in zip(loud.peaks, SCENARIO.blast, SCENARIO.blast_hz, strict=True):
        assert peak.peak_mm_s == pytest.approx(wanted, rel=0.1)
        assert peak.frequency_hz == pytest.approx(hertz, rel=0.1)
        assert peak.at_ns == pytest.approx(blast_ns, abs=0.1 * SECOND_NS)
    assert max(p.peak_mm_s for f in found if f is not loud for p in f.peaks) < 1.0


def test_piling_is_felt_in_working_hours_only() -> None:
    day_ns = BEGAN_NS + 2 * DAY_NS
    peaks = {
        (f.block.start_ns - day_ns) / HOUR_NS: f.peaks[0].peak_mm_s
        for f in features(sent(day_ns, day_ns + DAY_NS))
    }
    for hour, peak in peaks.items():
        if 7.0 < hour < 18.0:
            assert 4.0 < peak < 7.5
        elif hour < 6.0 or hour > 19.0:
            assert peak < 0.5


def test_the_quiet_house_is_quiet() -> None:
    blocks = blocks_between([INSTRUMENT], HEALTHY, 0, BEGAN_NS, BEGAN_NS + DAY_NS)
    found = features(blocks)
    assert len(found) == 12
    assert max(p.peak_mm_s for f in found for p in f.peaks) < 0.5
    assert np.isfinite([p.frequency_hz for f in found for p in f.peaks]).all()


def test_the_story_sends_them_and_they_are_read() -> None:
    acts = STORY.step(BEGAN_NS, BEGAN_NS + DAY_NS)
    waves = [act for act in acts if isinstance(act, PublishWave)]
    assert len(waves) == 12
    one = waves[0].block
    content = payloads.wave(3, 7, one.address, one.taken_at_ns, RATE_HZ, SCALE_M_S2, one.samples)
    boot, seq, found = wave.decode(content)
    assert (boot, seq) == (3, 7)
    assert isinstance(found, wave.Wave)
    assert (found.c, found.samples) == ("V2", one.samples)


def test_what_is_worked_out_is_told_apart_from_what_is_sent() -> None:
    (site,) = (s for s in STORY.neighbourhood.sites if s.building_id == HOUSE.id)
    derived = derived_channels(site.channels)
    assert len(derived) == 16
    instruments = {i.channel.id for i in STORY.neighbourhood.instruments[HOUSE.id]}
    assert not derived & instruments
    assert INSTRUMENT.channel.id not in derived
    assert isinstance(INSTRUMENT, WaveInstrument)
