"""Blocks of a waveform: samples of one vibration sensor, evenly spaced, as they were sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.clock import SECOND_NS
from domain.sensors import Channel

Samples = NDArray[np.float32]

#: kinds of channels that a waveform may belong to
WAVE_KINDS = frozenset({"acceleration", "velocity"})
#: encoding -> numpy type, little-endian on every machine
ENCODINGS: dict[str, np.dtype[Any]] = {"i2": np.dtype("<i2"), "f4": np.dtype("<f4")}
#: axis of the channel that the blocks of a sensor belong to
WAVE_AXIS = "wave"
#: kind of a feature's channel -> its axis; the letter of the block's axis follows: `ppv.x`
FEATURE_AXES = {
    "peak_velocity": "ppv",
    "frequency": "frequency",
    "velocity_rms": "rms",
    "kurtosis": "kurtosis",
}


@dataclass(frozen=True, slots=True, eq=False)
class WaveBlock:
    """One block of samples, one or three axes.

    Parameters
    ----------
    start_ns
        Moment of the first sample, ns since 1970 UTC.
    rate_hz
        Samples a second on each axis.
    axes
        Letters of the axes in the order of the samples: `x`, `z`, `xyz`.
    scale
        A sample times this is in the unit of the channel's kind (m/s² or mm/s).
    encoding
        `i2` (int16) or `f4` (float32), little-endian.
    data
        Samples, moment by moment: x0 y0 z0 x1 y1 z1 …
    lead
        The last samples of the block just before this one, in the same form; empty when that
        block is not known. With it the high-pass has settled when the block begins.
    flag
        Bits of `QualityFlag`, as its reading carries them.

    """

    channel_id: str
    kind: str
    start_ns: int
    rate_hz: float
    axes: str
    scale: float
    encoding: str
    data: bytes
    lead: bytes = b""
    received_at_ns: int = 0
    flag: int = 0

    @property
    def count(self) -> int:
        """Count the samples of one axis."""
        return len(self.data) // (ENCODINGS[self.encoding].itemsize * len(self.axes))

    @property
    def lead_count(self) -> int:
        """Count the samples of one axis of the lead."""
        return len(self.lead) // (ENCODINGS[self.encoding].itemsize * len(self.axes))

    @property
    def end_ns(self) -> int:
        """Moment at which the next block would begin."""
        return self.start_ns + round(self.count / self.rate_hz * SECOND_NS)

    def samples(self) -> NDArray[Any]:
        """View the samples as sent, (n, axes) int16 or float32; times `scale` is the value."""
        return np.frombuffer(self.data, ENCODINGS[self.encoding]).reshape(-1, len(self.axes))

    def lead_samples(self) -> NDArray[Any]:
        """View the lead likewise, (m, axes)."""
        return np.frombuffer(self.lead, ENCODINGS[self.encoding]).reshape(-1, len(self.axes))

    def follows(self, before: "WaveBlock") -> bool:
        """Tell whether this block goes on where another ends, in the same form."""
        same = (before.channel_id, before.rate_hz, before.axes, before.scale, before.encoding)
        mine = (self.channel_id, self.rate_hz, self.axes, self.scale, self.encoding)
        return same == mine and abs(self.start_ns - before.end_ns) <= SECOND_NS / self.rate_hz / 2


@dataclass(frozen=True, slots=True)
class WavePeak:
    """What one axis of a block came to; definitions stand in `analytics/vibration.py`.

    Parameters
    ----------
    peak_mm_s, rms_mm_s
        Of the velocity, high-passed.
    frequency_hz
        Dominant frequency around the peak; 0 when nothing moves.
    at_ns
        Moment of the peak.

    """

    axis: str
    peak_mm_s: float
    frequency_hz: float
    rms_mm_s: float
    kurtosis: float
    at_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class KeptBlock:
    """A block that belongs to an event, as it is kept.

    Parameters
    ----------
    event_ns
        Moment at which the event was triggered; names it together with the channel.
    role
        `before`, `event` or `after`.
    velocity
        (axes, n) float32, mm/s: what was judged.
    peaks
        One for each axis of the block.

    """

    event_ns: int
    role: str
    block: WaveBlock
    velocity: Samples
    peaks: tuple[WavePeak, ...]


@dataclass(frozen=True, slots=True)
class WaveEvent:
    """An event of one channel, without its samples.

    Parameters
    ----------
    start_ns, end_ns
        First and last moment of the kept samples, the block before the trigger included.
    peaks
        The worst of each axis over the blocks of the event.

    """

    channel_id: str
    event_ns: int
    start_ns: int
    end_ns: int
    rate_hz: float
    kind: str
    peaks: tuple[WavePeak, ...]
    bytes: int

    @property
    def worst(self) -> WavePeak:
        """The axis with the largest peak."""
        return max(self.peaks, key=lambda peak: peak.peak_mm_s)


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """All kept samples of an event, oldest first; where a block is missing, NaN stands once.

    Parameters
    ----------
    at_ns
        (n,) int64.
    raw
        (axes, n) float32, in the unit of the channel's kind, as sent.
    velocity
        (axes, n) float32, mm/s, high-passed.

    """

    event: WaveEvent
    axes: str
    at_ns: NDArray[np.int64]
    raw: Samples
    velocity: Samples


def derived_channels(channels: Sequence[Channel]) -> frozenset[str]:
    """Tell which channels of a site hold what Anju works out of waveforms, by id."""
    with_waves = {c.sensor_id for c in channels if c.kind in WAVE_KINDS and c.axis == WAVE_AXIS}
    return frozenset(c.id for c in channels if c.sensor_id in with_waves and c.kind in FEATURE_AXES)


class WaveStore(Protocol):
    """Keeps the blocks of events in files; a block is known by channel, event and start."""

    def keep(self, blocks: Sequence[KeptBlock]) -> None:
        """Keep blocks durably; the same block twice is kept once.

        Raises
        ------
        StoreUnavailable
            When the disk refuses; blocks before the one that failed may be kept.

        """
        ...

    def events(
        self, channel_ids: Sequence[str], start_ns: int, end_ns: int, limit: int
    ) -> list[WaveEvent]:
        """List the events of some channels triggered in a range, newest first."""
        ...

    def waveform(self, channel_id: str, event_ns: int) -> Waveform:
        """Read an event with its samples.

        Raises
        ------
        NotFound
            When there is none.

        """
        ...

    def retain(self, now_ns: int, spared: Sequence[tuple[str, int, int]] = ()) -> int:
        """Delete what is past the retention policy, oldest first; tell how many files.

        Parameters
        ----------
        spared
            (channel id, first, last moment): events in it are evidence and never deleted.

        """
        ...
