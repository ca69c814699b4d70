"""Blocks of waveforms as a triaxial accelerometer takes them; a function of seed and moment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.clock import DAY_NS, SECOND_NS
from domain.readings import Floats
from domain.sensors import Channel
from simulators.noise import draw
from simulators.scenario import Knock, Scenario
from simulators.weather import LOCAL_OFFSET_NS

RATE_HZ = 200.0
BLOCK_S = 10
#: a block by plan every so often; more around what triggers the instrument
EVERY_S = 2 * 3600
#: int16 at this scale reaches ±16 m/s²
SCALE_M_S2 = 0.0005
_GRAVITY_M_S2 = 9.81
_NOISE_M_S2 = 0.002
_TONES = 6
#: rms of the street's velocity on one axis, mm/s
_DAY_MM_S, _NIGHT_MM_S = 0.05, 0.02
_COUNT = int(RATE_HZ * BLOCK_S)


@dataclass(frozen=True, slots=True)
class WaveInstrument:
    """A channel that sends waveforms; `key` seeds what it draws by chance."""

    channel: Channel
    key: int
    phase_s: int


@dataclass(frozen=True, slots=True, eq=False)
class SentBlock:
    """One block as the gateway sends it: int16, moment by moment."""

    address: str
    taken_at_ns: int
    samples: bytes


def blocks_between(
    instruments: Sequence[WaveInstrument],
    scenario: Scenario,
    began_ns: int,
    start_ns: int,
    end_ns: int,
) -> list[SentBlock]:
    """Take the blocks that begin from a moment up to, not including, another, oldest first.

    However a span is cut into parts, the blocks are the same.

    Parameters
    ----------
    began_ns
        When the scenario began.

    """
    found = []
    for instrument in instruments:
        every, phase = EVERY_S * SECOND_NS, instrument.phase_s * SECOND_NS
        first, last = -(-(start_ns - phase) // every), -(-(end_ns - phase) // every)
        moments = {number * every + phase for number in range(first, last)}
        for day in scenario.triggers():
            at_ns = began_ns + round(day * DAY_NS)
            before = at_ns - 14 * SECOND_NS
            moments |= {
                moment
                for moment in (before + k * BLOCK_S * SECOND_NS for k in range(3))
                if start_ns <= moment < end_ns
            }
        found += [_block(instrument, scenario, began_ns, moment) for moment in moments]
    return sorted(found, key=lambda block: (block.taken_at_ns, block.address))


def _block(instrument: WaveInstrument, scenario: Scenario, began_ns: int, at_ns: int) -> SentBlock:
    rng = np.random.default_rng([instrument.key % 2**32, at_ns // SECOND_NS])
    at_s = np.arange(_COUNT) / RATE_HZ
    acceleration = _street(rng, at_ns, at_s)
    first_day = (at_ns - began_ns) / DAY_NS
    last_day = first_day + BLOCK_S / 86_400
    for knock in scenario.knocks(instrument.key, first_day, last_day):
        moment_s = (knock.day - first_day) * 86_400
        for axis in range(3):
            acceleration[:, axis] += _knock(at_s - moment_s, knock, axis)
    acceleration += rng.normal(0.0, _NOISE_M_S2, acceleration.shape)
    # hung a little out of true, each instrument in its own way
    lean = [draw(instrument.key + n, -0.05, 0.05) for n in (1, 2)]
    acceleration += np.array([*lean, _GRAVITY_M_S2])
    raw = np.clip(np.rint(acceleration / SCALE_M_S2), -32_768, 32_767).astype("<i2")
    return SentBlock(instrument.channel.address, at_ns, raw.tobytes())


def _street(rng: np.random.Generator, at_ns: int, at_s: Floats) -> Floats:
    """Make the traffic: some tones on each axis, louder by day; m/s²."""
    hour = (at_ns + LOCAL_OFFSET_NS) % DAY_NS / 3.6e12
    rms = _DAY_MM_S if 6.0 <= hour < 22.0 else _NIGHT_MM_S
    found = np.zeros((len(at_s), 3))
    peak_m_s = 1e-3 * rms * np.sqrt(2.0 / _TONES)
    for axis in range(3):
        omega = 2.0 * np.pi * rng.uniform(11.0, 38.0, _TONES)
        phase = rng.uniform(0.0, 2.0 * np.pi, _TONES)
        tones = peak_m_s * omega * np.cos(np.outer(at_s, omega) + phase)
        found[:, axis] = tones.sum(axis=1)
    return found


def _knock(away_s: Floats, knock: Knock, axis: int) -> Floats:
    """Make one knock: some cycles under a bell; its velocity reaches the knock's peak; m/s²."""
    omega = 2.0 * np.pi * knock.frequency_hz[axis]
    width = 1.5 / knock.frequency_hz[axis]
    bell = np.exp(-0.5 * (away_s / width) ** 2)
    slope = -away_s / width**2 * np.cos(omega * away_s) - omega * np.sin(omega * away_s)
    return 1e-3 * knock.peak_mm_s[axis] * bell * slope
