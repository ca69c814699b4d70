"""What blocks come to: known sines, knocks, offsets and borders; beside a slow, plain version."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import signal

from analytics.limits import load_profile
from analytics.vibration import VibrationSettings, features_of, velocities_of
from analytics.vibration_filter import velocity_of
from domain.waves import WaveBlock, WavePeak
from ingest.tails import Tails
from tests.waves import START_NS, Course, block, knock_m_s2, sine_m_s2, times

SETTINGS = VibrationSettings.from_profile(load_profile())
PHASES = np.linspace(0.0, 2.0 * np.pi, 17)


def peak_of(one: WaveBlock) -> WavePeak:
    return features_of([one], SETTINGS)[0].peaks[0]


def response(frequency_hz: float) -> float:
    """What a second-order Butterworth high-pass leaves of a sine."""
    ratio = (frequency_hz / SETTINGS.corner_hz) ** 2
    return float(ratio / np.sqrt(1.0 + ratio**2))


def slow_velocity(acceleration: Course, rate_hz: float, corner_hz: float) -> Course:
    """Integrate sample by sample on a grid twenty times as fine: the plain version.

    x'' + √2 ω x' + ω² x = a, and the velocity is x': state by state, from rest.
    """
    fine = 20
    step = 1.0 / rate_hz / fine
    omega = 2.0 * np.pi * corner_hz
    grid = np.arange((len(acceleration) - 1) * fine + 1) / fine
    forced = signal.resample(acceleration, len(acceleration) * fine)[: len(grid)]
    position = velocity = 0.0
    found = []
    for number, force in enumerate(forced.tolist()):
        if number % fine == 0:
            found.append(velocity)
        velocity += step * (force - np.sqrt(2.0) * omega * velocity - omega**2 * position)
        position += step * velocity
    return 1000.0 * np.array(found)


@pytest.mark.parametrize("rate_hz", [100.0, 200.0, 500.0, 1000.0])
@pytest.mark.parametrize("frequency_hz", [1.0, 2.0, 4.0, 8.0, 20.0, 40.0])
@pytest.mark.parametrize("seconds", [1, 10])
def test_a_sine_has_its_amplitude_and_frequency_whatever_its_phase(
    rate_hz: float, frequency_hz: float, seconds: int
) -> None:
    n, lead = int(seconds * rate_hz), int(rate_hz)
    at = times(rate_hz, lead + n, -lead)
    for phase in PHASES:
        course = sine_m_s2(at, frequency_hz, 2.0, phase) + 9.81  # as it hangs: gravity on it
        found = peak_of(block(course[lead:], rate_hz, lead=course[:lead]))
        assert found.peak_mm_s == pytest.approx(2.0 * response(frequency_hz), rel=0.05)
        assert found.frequency_hz == pytest.approx(frequency_hz, rel=0.02, abs=0.08)
        assert found.rms_mm_s == pytest.approx(found.peak_mm_s / np.sqrt(2.0), rel=0.08)
        assert found.kurtosis == pytest.approx(1.5, abs=0.05)


@pytest.mark.parametrize("frequency_hz", [4.0, 8.0, 20.0, 40.0])
def test_a_block_alone_reads_at_most_a_seventh_more_and_hardly_less(frequency_hz: float) -> None:
    for phase in PHASES:
        found = peak_of(block(sine_m_s2(times(200.0, 200), frequency_hz, 1.0, phase)))
        assert 0.96 <= found.peak_mm_s <= 1.15


@pytest.mark.parametrize("encoding", ["f4", "i2"])
@pytest.mark.parametrize("kind", ["acceleration", "velocity"])
def test_both_instruments_and_encodings_read_the_same(kind: str, encoding: str) -> None:
    at = times(500.0, 2500)
    course = sine_m_s2(at, 12.0, 3.0) if kind == "acceleration" else 3.0 * np.sin(24 * np.pi * at)
    scale = 1.0 if encoding == "f4" else 1e-4 if kind == "acceleration" else 1e-3
    found = peak_of(block(course, 500.0, kind=kind, encoding=encoding, scale=scale))
    assert found.peak_mm_s == pytest.approx(3.0, rel=0.12)
    assert found.frequency_hz == pytest.approx(12.0, abs=0.05)


def test_the_fast_version_agrees_with_the_slow_one() -> None:
    rng = np.random.default_rng(20261123)
    rate_hz, lead, n = 200.0, 600, 1000
    noise = signal.sosfilt(signal.butter(4, [2, 40], "band", fs=rate_hz, output="sos"),
                           rng.normal(0, 0.05, lead + n))  # fmt: skip
    course = noise * np.hanning(lead + n) ** 0.2
    slow = slow_velocity(course, rate_hz, SETTINGS.corner_hz)[lead:]
    (fast,) = velocities_of([block(course[lead:], lead=course[:lead])], SETTINGS)
    assert np.abs(fast[0] - slow).max() < 0.03 * np.abs(slow).max()


def test_stacked_or_alone_a_block_comes_to_the_same() -> None:
    rng = np.random.default_rng(7)
    blocks = [
        block(rng.normal(0, 0.01, (count, 3)), axes="xyz", lead=rng.normal(0, 0.01, (lead, 3)))
        for count, lead in [(400, 0), (400, 200), (1000, 200), (400, 0), (400, 200)] * 3
    ]
    together = features_of(blocks, SETTINGS)
    assert [f.block for f in together] == blocks
    for one, features in zip(blocks, together, strict=True):
        (alone,) = features_of([one], SETTINGS)
        for a, b in zip(alone.peaks, features.peaks, strict=True):
            assert (a.axis, a.at_ns) == (b.axis, b.at_ns)
            assert a.peak_mm_s == pytest.approx(b.peak_mm_s, rel=1e-5)
            assert a.frequency_hz == pytest.approx(b.frequency_hz, rel=1e-4)


def test_computed_twice_it_is_the_same_to_the_last_digit() -> None:
    rng = np.random.default_rng(8)
    blocks = [block(rng.normal(0, 0.01, (1000, 3)), axes="xyz") for _ in range(9)]
    first, again = features_of(blocks, SETTINGS), features_of(blocks, SETTINGS)
    assert [f.peaks for f in first] == [f.peaks for f in again]
    assert all((a.power == b.power).all() for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("moment_s", [2.0, 3.0 - 0.02, 3.0, 3.0 + 0.02, 3.999])
def test_a_knock_at_the_border_of_two_blocks_is_not_missed(moment_s: float) -> None:
    rate_hz, n = 200.0, 200
    course = knock_m_s2(times(rate_hz, 8 * n), moment_s, 15.0, 6.0)
    tails = Tails(lead_s=1.0)
    blocks = [
        tails.led(block(course[k : k + n], start_ns=START_NS + k * 5_000_000))
        for k in range(0, 8 * n, n)
    ]
    assert [b.lead_count for b in blocks] == [0] + [n] * 7
    for one, two in pairwise(blocks):
        assert two.follows(one)
    assert max(peak_of(b).peak_mm_s for b in blocks) == pytest.approx(6.0, rel=0.06)


@pytest.mark.parametrize("frequency_hz", [30.0, 45.0, 60.0])
def test_the_crest_between_two_samples_counts(frequency_hz: float) -> None:
    for moment_s in 1.0 + np.linspace(0.0, 0.005, 9):
        course = knock_m_s2(times(200.0, 400), moment_s, frequency_hz, 5.0)
        assert peak_of(block(course)).peak_mm_s == pytest.approx(5.0, rel=0.12)


@pytest.mark.parametrize("offset", [0.0, 9.81, -30.0])
def test_a_constant_is_no_vibration(offset: float) -> None:
    found = peak_of(block(np.full(1000, offset)))
    assert found.peak_mm_s == pytest.approx(0.0, abs=1e-3)
    assert np.isfinite([found.frequency_hz, found.rms_mm_s, found.kurtosis]).all()


def test_a_drift_of_the_instrument_is_no_vibration() -> None:
    drift = np.linspace(0.0, 0.01, 2000)  # 1 mg in 10 s, as when the sun comes out
    quiet = peak_of(block(drift)).peak_mm_s
    assert quiet < 0.05


def test_a_step_of_the_offset_dies_away_with_the_corner() -> None:
    course = np.r_[np.zeros(1000), np.full(1000, 0.05)]
    (velocity,) = velocities_of([block(course)], SETTINGS)
    after = np.abs(velocity[0, 1000:])
    assert after.argmax() < 100
    assert after[400:].max() < 0.02 * after.max()


def test_what_an_alias_would_be_is_told_as_sampled() -> None:
    # 190 Hz sampled at 200 Hz cannot be told from 10 Hz: instruments must filter before
    at = times(200.0, 2000)
    found = peak_of(block(np.cos(2 * np.pi * 190.0 * at)))
    assert found.frequency_hz == pytest.approx(10.0, abs=0.05)


def test_the_frequency_is_that_of_the_peak_not_of_the_hum() -> None:
    at = times(200.0, 4000)
    course = sine_m_s2(at, 50.0, 0.4) + knock_m_s2(at, 15.0, 12.0, 5.0)
    assert peak_of(block(course)).frequency_hz == pytest.approx(12.0, abs=1.0)


def test_knocks_raise_the_kurtosis_and_noise_has_three() -> None:
    rng = np.random.default_rng(11)
    noise = rng.normal(0, 1.0, 20_000)
    assert peak_of(block(noise, kind="velocity")).kurtosis == pytest.approx(3.0, abs=0.15)
    at = times(200.0, 2000)
    assert peak_of(block(knock_m_s2(at, 5.0, 20.0, 5.0))).kurtosis > 20.0


def test_the_axes_are_not_mixed() -> None:
    at = times(200.0, 1000)
    course = np.stack([sine_m_s2(at, f, v) for f, v in ((8, 1.0), (16, 2.0), (32, 4.0))], axis=1)
    peaks = features_of([block(course, axes="xyz")], SETTINGS)[0].peaks
    assert [p.axis for p in peaks] == ["x", "y", "z"]
    assert [round(p.frequency_hz) for p in peaks] == [8, 16, 32]
    assert [p.peak_mm_s for p in peaks] == pytest.approx([1.0, 2.0, 4.0], rel=0.15)


def test_the_power_is_that_of_the_velocity() -> None:
    features = features_of([block(sine_m_s2(times(200.0, 2005), 10.0, 2.0))], SETTINGS)[0]
    assert len(features.power) == 201
    assert features.power[40:-1].mean() == pytest.approx(2.0, rel=0.02)


def test_every_length_is_taken() -> None:
    rng = np.random.default_rng(3)
    for n in (32, 33, 47, 101, 997):
        stack = rng.normal(0, 1, (2, 3, n)).astype(np.float32)
        assert np.isfinite(velocity_of(stack, "velocity", 100.0, 0.8)).all()
        assert np.isfinite(peak_of(block(stack[0, 0], 100.0)).peak_mm_s)
