"""A building's own frequencies, out of what its accelerometers saw at the same time.

Two ways that share nothing but the record must agree: poles of a stochastic subspace model that
stay where they are from one order to the next, and peaks of the first singular value of the
spectra (frequency domain decomposition). Without the library that does the first, the second is
told alone, asks for higher peaks, and says so.

Source: P. Van Overschee, B. De Moor, Subspace Identification for Linear Systems (1996); R. Brincker
et al., "Modal identification of output-only systems using frequency domain decomposition", Smart
Mater. Struct. 10 (2001) 441-445; R. Pappa et al., "Consistent-mode indicator for the eigensystem
realization algorithm" (1993), for the phase collinearity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.signal import csd, decimate, detrend, find_peaks

from analytics.assessment.model import Model
from analytics.assessment.subspace import Pole, stable_poles, subspace_known
from domain.readings import Floats

Complex = NDArray[np.complex128]
#: line of a spectrum, and which of its singular values peaks there
Peak = tuple[int, int]


class NotTold(StrEnum):
    """Why a record tells no frequency."""

    FEW_CHANNELS = "few channels"
    MISSING_BLOCK = "missing block"
    UNSYNCHRONISED = "unsynchronised"
    WRONG_RATE = "wrong rate"
    TOO_SHORT = "too short"
    DEAD_SENSOR = "dead sensor"
    NO_PEAK = "no peak"
    DISAGREE = "disagree"


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What several accelerometers of one building saw at the same time.

    Parameters
    ----------
    channels
        Name of each row.
    samples
        (channels, n) float64, in one unit.

    """

    channels: tuple[str, ...]
    rate_hz: float
    samples: Floats

    @property
    def seconds(self) -> float:
        """Tell how long it lasts."""
        return float(self.samples.shape[1] / self.rate_hz)


@dataclass(frozen=True, slots=True, eq=False)
class Mode:
    """One mode.

    Parameters
    ----------
    damping
        Share of critical damping; `None` where only a spectrum was looked at.
    shape
        (channels,) complex128, its largest part is 1.
    rms
        Of the record in this mode's band, all channels together, in the record's unit.
    apart
        Share of the frequency by which the two ways differ; `None`: there was one.

    """

    frequency_hz: float
    damping: float | None
    shape: Complex
    rms: float
    apart: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Modes:
    """What a record comes to.

    Parameters
    ----------
    modes
        Lowest first; empty with a reason.
    way
        `subspace` (and spectrum agree) or `spectrum`.
    about
        Channel that is the reason, where it is one.

    """

    modes: tuple[Mode, ...]
    way: str
    reason: NotTold | None = None
    about: str = ""


def modes_of(record: Record, numbers: Model, *, subspace: bool | None = None) -> Modes:
    """Find the modes of a record.

    Parameters
    ----------
    subspace
        Whether the subspace model is used; `None`: when its library is installed.

    """
    use = subspace_known() if subspace is None else subspace
    way = "subspace" if use else "spectrum"
    fault = unfit(record, numbers)
    if fault is not None:
        return Modes((), way, *fault)
    samples, rate_hz = _thinned(record, numbers)
    spectrum = Spectrum.of(samples, rate_hz, numbers)
    least_db = numbers.number("fdd.peak_db" if use else "fdd.lone_db")
    peaks = spectrum.peaks(least_db, numbers, 2 if use else 1)
    if not peaks:
        return Modes((), way, NotTold.NO_PEAK)
    found = (
        _confirmed(stable_poles(samples, rate_hz, numbers), spectrum, peaks, numbers)
        if use
        else [spectrum.mode(peak) for peak in peaks]
    )
    if not found:
        return Modes((), way, NotTold.DISAGREE)
    straight = numbers.number("shape.collinearity")
    real = [mode for mode in found if collinearity(mode.shape) >= straight]
    if not real or real[0] is not found[0]:
        # floors of one mode swing together; where they do not, their clocks do not agree
        return Modes((), way, NotTold.UNSYNCHRONISED)
    return Modes(tuple(real), way)


def unfit(record: Record, numbers: Model) -> tuple[NotTold, str] | None:
    """Tell why a record cannot be used, with the channel that is to blame."""
    samples = record.samples
    if len(samples) < numbers.number("record.channels"):
        return NotTold.FEW_CHANNELS, ""
    if not record.rate_hz >= numbers.number("band.rate_hz"):
        return NotTold.WRONG_RATE, ""
    if record.seconds < numbers.number("record.seconds"):
        return NotTold.TOO_SHORT, ""
    known = np.isfinite(samples)
    for channel, missing in zip(record.channels, 1.0 - known.mean(axis=1), strict=True):
        if missing > numbers.number("record.missing_share"):
            return NotTold.MISSING_BLOCK, channel
    scatter = np.std(samples, axis=1)
    equal = (np.diff(samples, axis=1) == 0.0).mean(axis=1)
    usual = float(np.median(scatter))
    for channel, own, same in zip(record.channels, scatter, equal, strict=True):
        if own <= numbers.number("record.dead_share") * usual or same > numbers.number(
            "record.equal_share"
        ):
            return NotTold.DEAD_SENSOR, channel
    return None


def _thinned(record: Record, numbers: Model) -> tuple[Floats, float]:
    """Take the drift out, and bring the rate down to what the band needs."""
    samples = detrend(record.samples, axis=1)
    factor = int(record.rate_hz // numbers.number("band.rate_hz"))
    rate_hz = record.rate_hz
    while factor > 1:
        # the filter is steep and stable up to about ten
        step = next((n for n in range(min(10, factor), 1, -1) if factor % n == 0), 0)
        if not step:
            factor -= 1
            continue
        samples = decimate(samples, step, axis=1, zero_phase=True)
        rate_hz, factor = rate_hz / step, factor // step
    return np.asarray(samples), rate_hz


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Singular values of the spectra over all channels.

    Parameters
    ----------
    hertz
        (m,) float64.
    values
        (2, m) float64, the largest singular value and the next, unit²/Hz; of two modes that lie
        close together the weaker one peaks in the second.
    shapes
        (2, m, channels) complex128, their vectors.

    """

    hertz: Floats
    values: Floats
    shapes: Complex

    @classmethod
    def of(cls, samples: Floats, rate_hz: float, numbers: Model) -> "Spectrum":
        """Work it out by averaged periodograms."""
        piece = min(samples.shape[1], round(rate_hz * numbers.number("fdd.seconds")))
        hertz, cross = csd(
            samples[:, None], samples[None], rate_hz, nperseg=piece, detrend="constant"
        )
        matrices = np.moveaxis(cross, 2, 0)
        # written the other way round by SciPy: the first one is conjugated
        left, values, _ = np.linalg.svd(np.conj(matrices))
        return cls(hertz, values[:, :2].T, np.moveaxis(left[:, :, :2], 2, 0))

    @property
    def grid_hz(self) -> float:
        """Tell the distance of its lines."""
        return float(self.hertz[1] - self.hertz[0])

    def peaks(self, least_db: float, numbers: Model, rows: int = 1) -> list[Peak]:
        """Find the lines at which the first singular values peak, lowest first."""
        low, high = numbers.several("band.hz")
        found: list[Peak] = []
        for row in range(rows):
            level = 10.0 * np.log10(np.maximum(self.values[row], 1e-30))
            lines, _ = find_peaks(level, prominence=least_db)
            found += [(int(n), row) for n in lines if low <= self.hertz[n] <= high]
        return sorted(found)

    def bell(self, peak: Peak) -> slice:
        """Tell the lines around a peak down to half its height."""
        line, row = peak
        values = self.values[row]
        half = values[line] / 2.0
        low = high = line
        while low > 1 and values[low - 1] >= half:
            low -= 1
        while high < len(values) - 2 and values[high + 1] >= half:
            high += 1
        return slice(low - 1, high + 2)

    def frequency_hz(self, peak: Peak) -> float:
        """Tell where a peak's upper half has its middle: finer than the grid."""
        bell, values = self.bell(peak), self.values[peak[1]]
        weight = np.maximum(values[bell] - values[peak[0]] / 2.0, 0.0)
        return float(weight @ self.hertz[bell] / weight.sum())

    def shape(self, peak: Peak) -> Complex:
        """Tell the vector at a peak."""
        return np.asarray(self.shapes[peak[1], peak[0]], np.complex128)

    def rms(self, peak: Peak) -> float:
        """Tell the root of the power under a peak."""
        return float(np.sqrt(self.values[peak[1], self.bell(peak)].sum() * self.grid_hz))

    def mode(self, peak: Peak) -> Mode:
        """Tell what a peak says by itself."""
        shape = unit_shape(self.shape(peak))
        return Mode(self.frequency_hz(peak), None, shape, self.rms(peak), None)


def _confirmed(
    poles: Sequence[Pole], spectrum: Spectrum, peaks: Sequence[Peak], numbers: Model
) -> list[Mode]:
    """Keep the poles that a peak of the spectrum agrees with in frequency and shape."""
    near, same = numbers.number("fdd.agree_hz"), numbers.number("fdd.agree_mac")
    hertz = np.array([spectrum.frequency_hz(peak) for peak in peaks])
    found: list[tuple[int, float, Mode]] = []
    for frequency_hz, damping, shape in poles:
        away = np.abs(hertz - frequency_hz)
        close = np.nonzero(away <= max(near * frequency_hz, spectrum.grid_hz))[0].tolist()
        agreeing = [n for n in close if mac(shape, spectrum.shape(peaks[n])) >= same]
        if agreeing:
            place = min(agreeing, key=lambda n: float(away[n]))
            apart = float(away[place]) / frequency_hz
            rms = spectrum.rms(peaks[place])
            mode = Mode(frequency_hz, damping, unit_shape(shape), rms, apart)
            found.append((peaks[place][1], apart, mode))
    return _whole(found, numbers)


def _whole(modes: Sequence[tuple[int, float, Mode]], numbers: Model) -> list[Mode]:
    """Leave out parts of modes that were split: near each other, and of one shape.

    What peaks in the first singular value is kept before what peaks in the second only, then
    what agrees best with its peak.
    """
    near, same = numbers.number("split.hz"), numbers.number("fdd.agree_mac")
    kept: list[Mode] = []
    for _, _, mode in sorted(modes, key=lambda one: one[:2]):
        if not any(
            abs(one.frequency_hz / mode.frequency_hz - 1.0) <= near
            and mac(one.shape, mode.shape) >= same
            for one in kept
        ):
            kept.append(mode)
    return sorted(kept, key=lambda one: one.frequency_hz)


def unit_shape(shape: Complex) -> Complex:
    """Turn and scale a shape so that its largest part is 1."""
    return np.asarray(shape / shape[np.argmax(np.abs(shape))], np.complex128)


def mac(one: Complex, other: Complex) -> float:
    """Tell how alike two shapes are, 0-1 (modal assurance criterion).

    Examples
    --------
    >>> up = np.array([1.0, 2.0, 3.0], complex)
    >>> round(mac(up, 2j * up), 6), round(mac(up, np.array([3.0, 0.0, -1.0], complex)), 6)
    (1.0, 0.0)

    """
    both = np.abs(np.vdot(one, other)) ** 2
    return float(both / (np.vdot(one, one).real * np.vdot(other, other).real))


def collinearity(shape: Complex) -> float:
    """Tell how far a shape's parts lie on one line of the complex plane, 0-1.

    Examples
    --------
    >>> round(collinearity(np.array([1.0, -0.5, 0.2]) * np.exp(0.7j)), 6)
    1.0
    >>> round(collinearity(np.exp(1j * np.array([0.0, np.pi / 2, np.pi, 3 * np.pi / 2]))), 6)
    0.0

    """
    parts = np.stack([shape.real, shape.imag])
    (a, b), (_, c) = parts @ parts.T
    return float(((a - c) ** 2 + 4.0 * b**2) / (a + c) ** 2)
