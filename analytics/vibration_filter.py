"""From samples as sent to velocity: integration and high-pass as one filter, on whole stacks."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from domain.waves import Samples

#: share of the band (0 to half the sampling rate) that is passed in full; from there on the
#: response falls to nothing, so that a jump rings over a few samples only
_BAND_SHARE = 0.8
#: samples that lead from the end of a window back to its beginning: the transform takes it as
#: periodic, and a jump there would ring
_BRIDGE = 48
#: a transient has died away after so many of its time constants
_DEAD = 12.0


def velocity_of(stack: Samples, kind: str, rate_hz: float, corner_hz: float) -> Samples:
    """Turn samples into velocity with a second-order Butterworth high-pass.

    An acceleration is integrated by the same filter, s / (s² + √2 ω s + ω²), applied in the
    frequency domain, where integration is exact at every frequency (the trapezoidal rule reads
    3 % low at a tenth of the sampling rate, 22 % at a quarter).

    What was before the window is not known. What is left of it is the filter's own two decaying
    modes, whatever it was; they are fitted to the beginning of the window by least squares and
    taken out. The transform's wrap-around has the same form and goes with them.

    Parameters
    ----------
    stack
        (m, axes, n) float32: m windows of equal length, m/s² or mm/s.
    kind
        `acceleration` or `velocity`.
    corner_hz
        Corner (-3 dB) of the high-pass.

    Returns
    -------
    velocity
        (m, axes, n) float32, mm/s.

    Source
    ------
    Band limits by second-order Butterworth filters as DIN 45669-1 asks of vibration meters.

    """
    n = stack.shape[-1]
    total = fft.next_fast_len(n + _BRIDGE, real=True)
    padded = np.empty((*stack.shape[:-1], total), np.float32)
    np.subtract(stack, stack.mean(axis=-1, keepdims=True), out=padded[..., :n])
    way = np.linspace(0.0, 1.0, total - n + 2, dtype=np.float32)[1:-1]
    # without area, or the bridge itself would be a knock as large as what is measured
    arch = 3.0 * way * (1.0 - way)
    padded[..., n:] = padded[..., n - 1 : n] * (1.0 - way - arch) + padded[..., :1] * (way - arch)
    spectrum = fft.rfft(padded, axis=-1, overwrite_x=True)
    spectrum *= _response(total, kind, rate_hz, corner_hz)
    velocity: Samples = fft.irfft(spectrum, total, axis=-1, overwrite_x=True)[..., :n]
    modes, solve = _modes(n, rate_hz, corner_hz)
    early = velocity[..., : len(modes)]
    early -= (early @ solve) @ modes.T
    return velocity


@lru_cache(64)
def _response(total: int, kind: str, rate_hz: float, corner_hz: float) -> NDArray[np.complex64]:
    frequency = fft.rfftfreq(total, 1.0 / rate_hz)
    s = 2j * np.pi * frequency
    corner = 2.0 * np.pi * corner_hz
    below = s**2 + np.sqrt(2.0) * corner * s + corner**2
    response = 1000.0 * s / below if kind == "acceleration" else s**2 / below
    half = rate_hz / 2.0
    fall = np.clip((frequency / half - _BAND_SHARE) / (1.0 - _BAND_SHARE), 0.0, 1.0)
    response *= 0.5 * (1.0 + np.cos(np.pi * fall))
    return np.asarray(response, np.complex64)


@lru_cache(64)
def _modes(n: int, rate_hz: float, corner_hz: float) -> tuple[Samples, Samples]:
    """Give the filter's two free courses, (k, 2), and what finds their sizes, (k, 2)."""
    decay = 2.0 * np.pi * corner_hz / np.sqrt(2.0)
    k = min(n, int(np.ceil(_DEAD / decay * rate_hz)))
    at = decay * np.arange(k) / rate_hz
    modes = np.exp(-at)[:, None] * np.stack([np.cos(at), np.sin(at)], axis=1)
    return modes.astype(np.float32), np.linalg.pinv(modes).T.astype(np.float32)
