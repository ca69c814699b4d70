"""What blocks of a waveform come to: peak velocity, dominant frequency, RMS and kurtosis.

Definitions, for each axis of a block, on the velocity v after the high-pass of
`vibration_filter.velocity_of`:

- **peak velocity** (PPV): largest |v|, between samples too, mm/s. DIN 4150-3 and GB 50868-2013
  judge the largest of the components; they are kept apart here, each with its own frequency.
- **dominant frequency**: frequency of the largest amplitude in the spectrum of v in a Hann window
  of `wave.frequency_window_s` around the peak, Hz: where the tables of both standards are read.
- **RMS**: root of the mean of v² over the block, mm/s.
- **kurtosis**: mean of v⁴ over the square of the mean of v²; the mean of v is nothing after the
  high-pass. 1.5 for a steady tone, 3 for noise, more where single knocks stand out.

The result depends on the block and its lead alone: computed twice it is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from analytics.vibration_filter import velocity_of
from domain.clock import SECOND_NS
from domain.limits import LimitProfile
from domain.waves import Samples, WaveBlock, WavePeak

#: samples worked on at once: what fits a processor's cache
_AT_ONCE = 100_000
#: the peak between two samples is looked for with a window of so many samples ...
_TAPS = 24
#: ... at so many places on either side of the largest one
_PLACES = 8
_LAST_SHARE = 0.45  # the spectrum is looked at up to this share of the sampling rate


@dataclass(frozen=True, slots=True)
class VibrationSettings:
    """Numbers of the limit profile that say how a block is read; names as there, `wave.…`."""

    corner_hz: float
    frequency_window_s: float
    power_window_s: float

    @classmethod
    def from_profile(cls, profile: LimitProfile) -> "VibrationSettings":
        """Read them from the profile."""
        return cls(
            profile.number("wave.corner_hz"),
            profile.number("wave.frequency_window_s"),
            profile.number("wave.power_window_s"),
        )


@dataclass(frozen=True, slots=True, eq=False)
class BlockFeatures:
    """What one block came to.

    Parameters
    ----------
    peaks
        One an axis, in the order of `block.axes`.
    power
        (k,) float32, (mm/s)²: mean of the sum of squares of the axes, in spans of
        `wave.power_window_s`, the last one shorter; what events are looked for in.

    """

    block: WaveBlock
    peaks: tuple[WavePeak, ...]
    power: Samples


def features_of(blocks: Sequence[WaveBlock], settings: VibrationSettings) -> list[BlockFeatures]:
    """Work out the features of blocks; those of one shape are worked on together."""
    found: list[BlockFeatures | None] = [None] * len(blocks)
    for rows in _alike(blocks):
        group = [blocks[row] for row in rows]
        for row, features in zip(rows, _features(group, settings), strict=True):
            found[row] = features
    return [features for features in found if features is not None]


def velocities_of(blocks: Sequence[WaveBlock], settings: VibrationSettings) -> list[Samples]:
    """Work out the velocity of blocks, (axes, n) float32, mm/s, without their leads."""
    found: list[Samples] = []
    for block in blocks:
        stack, lead = _stack([block])
        velocity = velocity_of(stack, block.kind, block.rate_hz, settings.corner_hz)
        found.append(velocity[0, :, lead:])
    return found


def _alike(blocks: Sequence[WaveBlock]) -> list[list[int]]:
    """Part blocks into groups of one shape that are not too large to be worked on at once."""
    groups: dict[tuple[object, ...], list[list[int]]] = {}
    for row, block in enumerate(blocks):
        count, lead = block.count, block.lead_count
        key = (block.kind, block.rate_hz, block.axes, block.encoding, count, lead)
        parts = groups.setdefault(key, [[]])
        size = (count + lead) * len(block.axes)
        if parts[-1] and (len(parts[-1]) + 1) * size > _AT_ONCE:
            parts.append([])
        parts[-1].append(row)
    return [part for parts in groups.values() for part in parts]


def _stack(blocks: Sequence[WaveBlock]) -> tuple[Samples, int]:
    """Lay blocks of one shape beside each other, leads first: (m, axes, lead + n) float32."""
    first = blocks[0]
    lead = first.lead_count
    stack = np.empty((len(blocks), len(first.axes), lead + first.count), np.float32)
    for row, block in enumerate(blocks):
        if lead:
            np.multiply(block.lead_samples().T, np.float32(block.scale), out=stack[row, :, :lead])
        np.multiply(block.samples().T, np.float32(block.scale), out=stack[row, :, lead:])
    return stack, lead


def _features(blocks: Sequence[WaveBlock], settings: VibrationSettings) -> list[BlockFeatures]:
    first = blocks[0]
    rate, axes = first.rate_hz, first.axes
    stack, lead = _stack(blocks)
    velocity = velocity_of(stack, first.kind, rate, settings.corner_hz)
    own = velocity[..., lead:]
    squares = own * own
    mean = squares.mean(axis=-1)
    fourth = np.einsum("mat,mat->ma", squares, squares) / own.shape[-1]
    kurtosis = np.divide(fourth, mean * mean, out=np.zeros_like(mean), where=mean > 0)
    at = squares.argmax(axis=-1)
    peak = np.maximum(np.sqrt(squares.max(axis=-1)), _between(velocity, at + lead))
    frequency = _dominant(velocity, at + lead, rate, settings)
    frequency[peak == 0] = 0.0
    power = _power(squares, rate, settings.power_window_s)
    rms = np.sqrt(mean)
    columns = [part.tolist() for part in (peak, frequency, rms, kurtosis, at)]
    found = []
    for row, block in enumerate(blocks):
        peaks = tuple(
            WavePeak(axis, top, hertz, root, knocks, block.start_ns + round(n / rate * SECOND_NS))
            for axis, top, hertz, root, knocks, n in zip(
                axes, *(column[row] for column in columns), strict=True
            )
        )
        found.append(BlockFeatures(block, peaks, power[row]))
    return found


def _around(velocity: Samples, start: NDArray[np.intp], width: int) -> Samples:
    """Cut a stretch out of each course: (m, axes, width)."""
    rows = start[..., None] + np.arange(width)
    return np.take_along_axis(velocity, rows, axis=-1)


def _between(velocity: Samples, at: NDArray[np.intp]) -> Samples:
    """Tell the largest |v| between the samples on either side of the largest one, (m, axes).

    At 2.5 samples a cycle the largest sample of a short knock may miss its crest by half.
    """
    n = velocity.shape[-1]
    if n < _TAPS:
        return np.zeros(velocity.shape[:-1], np.float32)
    start = np.clip(at - _TAPS // 2, 0, n - _TAPS)
    inside = _around(velocity, start, _TAPS)
    # where the window was pushed off the border the kernel's middle no longer is the peak
    centred = start == at - _TAPS // 2
    crest = np.abs(inside @ _kernel()).max(axis=-1)
    return np.where(centred, crest, np.float32(0.0))


@lru_cache(1)
def _kernel() -> Samples:
    """Sinc under a Hann window, for places within one sample of the middle: (taps, places)."""
    places = np.arange(-_PLACES, _PLACES + 1) / (_PLACES + 1)
    away = places[None, :] - (np.arange(_TAPS) - _TAPS // 2)[:, None]
    window = 0.5 * (1.0 + np.cos(2.0 * np.pi * away / _TAPS)) * (np.abs(away) < _TAPS / 2)
    return (np.sinc(away) * window).astype(np.float32)


def _dominant(
    velocity: Samples, at: NDArray[np.intp], rate_hz: float, settings: VibrationSettings
) -> Samples:
    """Tell the dominant frequency around each peak, (m, axes), Hz."""
    n = velocity.shape[-1]
    width = min(n, max(32, round(settings.frequency_window_s * rate_hz)))
    start = np.clip(at - width // 2, 0, n - width)
    around = velocity if width == n else _around(velocity, start, width)
    around = around * _hann(width)
    total = fft.next_fast_len(2 * width, real=True)
    spectrum = np.abs(fft.rfft(around, total, axis=-1, overwrite_x=True))
    step = rate_hz / total
    low = max(1, int(np.ceil(settings.corner_hz / step)))
    high = max(low + 2, int(_LAST_SHARE * rate_hz / step))
    best = spectrum[..., low:high].argmax(axis=-1) + low
    best = np.clip(best, 1, spectrum.shape[-1] - 2)
    # a parabola through the logarithms of the largest line and its neighbours
    around_best = np.log(_around(spectrum, best - 1, 3) + np.float32(1e-30))
    left, middle, right = (around_best[..., k] for k in range(3))
    bend = left - 2.0 * middle + right
    shift = np.divide(0.5 * (left - right), bend, out=np.zeros_like(bend), where=bend < 0)
    found: Samples = ((best + np.clip(shift, -0.5, 0.5)) * step).astype(np.float32)
    return found


@lru_cache(64)
def _hann(width: int) -> Samples:
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(width) + 0.5) / width)).astype(np.float32)


def _power(squares: Samples, rate_hz: float, window_s: float) -> Samples:
    """Tell the mean power of all axes in short spans, (m, k)."""
    n = squares.shape[-1]
    width = max(1, round(window_s * rate_hz))
    starts = np.arange(0, n, width)
    sums = np.add.reduceat(squares.sum(axis=1), starts, axis=-1)
    counts = np.diff(np.append(starts, n)).astype(np.float32)
    return np.asarray(sums / counts, np.float32)
