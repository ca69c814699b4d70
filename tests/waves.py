"""Blocks of waveforms for tests: sines of known amplitude, knocks, and how gateways send them."""

from typing import Any

import cbor2
import numpy as np
from numpy.typing import NDArray

from domain.clock import SECOND_NS
from domain.waves import WaveBlock

START_NS = 1_795_413_600_000_000_000

Course = NDArray[np.float64]


def times(rate_hz: float, count: int, start: int = 0) -> Course:
    return (start + np.arange(count)) / rate_hz


def sine_m_s2(
    at: Course, frequency_hz: float, peak_mm_s: float = 1.0, phase: float = 0.0
) -> Course:
    """Acceleration whose velocity is `peak_mm_s` sin(ωt + phase)."""
    omega = 2.0 * np.pi * frequency_hz
    return peak_mm_s * 1e-3 * omega * np.cos(omega * at + phase)


def knock_m_s2(at: Course, moment_s: float, frequency_hz: float, peak_mm_s: float) -> Course:
    """Acceleration of a short knock: some cycles under a bell, of this peak velocity."""
    omega = 2.0 * np.pi * frequency_hz
    away = at - moment_s
    width = 1.2 / frequency_hz
    bell = np.exp(-0.5 * (away / width) ** 2)
    # the derivative of bell · cos: its velocity is exactly known
    velocity = peak_mm_s * 1e-3
    return (
        velocity * bell * (-away / width**2 * np.cos(omega * away) - omega * np.sin(omega * away))
    )


def block(
    samples: Any,
    rate_hz: float = 200.0,
    *,
    lead: Any = None,
    start_ns: int = START_NS,
    kind: str = "acceleration",
    axes: str = "x",
    encoding: str = "f4",
    scale: float = 1.0,
    channel: str = "V2.wave",
) -> WaveBlock:
    """Pack samples, (n,) or (n, axes), in the unit of the kind, into a block."""
    return WaveBlock(
        channel, kind, start_ns, rate_hz, axes, scale, encoding,
        packed(samples, encoding, scale), b"" if lead is None else packed(lead, encoding, scale),
        received_at_ns=start_ns + SECOND_NS,
    )  # fmt: skip


def packed(samples: Any, encoding: str = "i2", scale: float = 1.0) -> bytes:
    values = np.asarray(samples, np.float64) / scale
    if encoding == "i2":
        assert np.abs(values).max() < 32_768
        return bytes(np.rint(values).astype("<i2").tobytes())
    return bytes(values.astype("<f4").tobytes())


def payload(samples: bytes, **header: Any) -> bytes:
    """Write a block as a gateway does; `None` leaves a field out."""
    fields = {
        "boot": 1, "seq": 1, "c": "V2", "t": START_NS, "hz": 200.0, "axes": "xyz",
        "unit": "m/s²", "scale": 0.001, "encoding": "i2", **header, "samples": samples,
    }  # fmt: skip
    return bytes(cbor2.dumps({key: value for key, value in fields.items() if value is not None}))
