"""The step between two nights: one reading of many channels at a time."""

import numpy as np

from analytics.assessment.model import load_model
from analytics.assessment.nature import unknown_nature
from analytics.assessment.stream import Stream

MODEL = load_model()
CHANNELS = 200


def _stream() -> tuple[Stream, np.ndarray]:
    nature = unknown_nature(CHANNELS, MODEL)
    return Stream.begin(np.zeros(CHANNELS), nature, 12, MODEL), nature.noise_sd * np.sqrt(12)


def test_noise_alone_seldom_stands_out_and_a_jump_does_at_once() -> None:
    random, (stream, noise) = np.random.default_rng(1), _stream()
    calm = [stream.step(noise * random.standard_normal(CHANNELS)) for _ in range(200)]
    assert (np.array(calm) > 4.0).mean() < 0.01
    jumped = [stream.step(2.0 + noise * random.standard_normal(CHANNELS)) for _ in range(3)]
    assert (jumped[-1] > 4.0).all()


def test_a_missing_reading_moves_nothing() -> None:
    stream, _ = _stream()
    stream.step(np.full(CHANNELS, 0.3))
    level, rate = stream.level.copy(), stream.rate.copy()
    stream.step(np.full(CHANNELS, np.nan))
    np.testing.assert_allclose(stream.level, level + rate)
    np.testing.assert_array_equal(stream.rate, rate)


def test_a_steady_rate_is_learnt() -> None:
    stream, _ = _stream()
    for bin_ in range(3000):
        stream.step(np.full(CHANNELS, 0.01 * bin_))
    np.testing.assert_allclose(stream.rate, 0.01, rtol=0.05)


def test_no_channels_are_no_trouble() -> None:
    empty = Stream.begin(np.empty(0), unknown_nature(0, MODEL), 12, MODEL)
    assert len(empty.step(np.empty(0))) == 0
