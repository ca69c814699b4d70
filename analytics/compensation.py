"""Takes the weather out of a series: a robust regression on lagged temperatures.

The regressors are the air temperature of the same time and what walls of several time constants
make of it (first-order lags), each missing where too little of it is known: a missing covariate
is masked, never filled. A trend is fitted jointly, so that a movement that goes along with the
season is not taken for weather, and is left in.

Source: dynamic (lagged) regression against same-time regression for buildings' thermal response;
Huber, Robust Statistics (1981), for the weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from domain.readings import Floats

_HUBER = 1.345  # 95 % efficient for normal errors
_ROUNDS = 4
_MAD_TO_SD = 1.4826
_LEAST_BINS = 6


def bank(temperature: Floats, lags: Sequence[float], share: float) -> Floats:
    """Make the regressors out of one thermometer's bins.

    Parameters
    ----------
    temperature
        (n,) °C, oldest first, NaN where missing.
    lags
        Time constants in bins.
    share
        A lagged temperature is NaN where less than this share of its weight is known.

    Returns
    -------
    numpy.ndarray
        (n, 1 + lags) float64, °C.

    """
    known = np.isfinite(temperature)
    parts = np.stack([np.where(known, temperature, 0.0), known])
    out = np.empty((len(temperature), 1 + len(lags)))
    out[:, 0] = temperature
    for column, lag in enumerate(lags, 1):
        total, weight = _lagged(parts, lag)
        enough = weight >= share
        out[:, column] = np.where(enough, total / np.where(enough, weight, 1.0), np.nan)
    return out


def _lagged(values: Floats, lag: float) -> Floats:
    """Put rows of values behind a first-order lag that begins at zero: `e = m e + (1 - m) v`."""
    out = np.empty(values.shape)
    before = np.zeros((len(values), 1))
    # the sum is taken in closed form, in stretches over which m^k stays a plain float
    length = max(1, int(500.0 * lag))
    for start in range(0, values.shape[1], length):
        part = values[:, start : start + length]
        fading, share = _fading(part.shape[1], lag)
        out[:, start : start + length] = fading * (
            before + share * np.cumsum(part / fading, axis=1)
        )
        before = out[:, start + part.shape[1] - 1, None]
    return out


@lru_cache(64)
def _fading(length: int, lag: float) -> tuple[Floats, float]:
    """Tell what a lag leaves after 1, 2, ... bins, and what it takes in of the newest one."""
    left = np.exp(-np.arange(1, length + 1) / lag)
    left.flags.writeable = False  # every thermometer shares it
    return left, float(1.0 - np.exp(-1.0 / lag))


@dataclass(frozen=True, slots=True)
class Fit:
    """How one channel answers to one thermometer.

    Parameters
    ----------
    thermometer
        Channel id of the temperature.
    response
        (k,) change of the channel per °C of each regressor.
    covariance
        (k, k) of `response`, widened for the autocorrelation of the residuals.
    sigma
        Robust standard deviation of the residuals, unit of the channel.
    at_bin
        Newest bin that was used.
    mature
        It saw enough days, degrees and bins.

    """

    thermometer: str
    response: Floats
    covariance: Floats
    sigma: float
    at_bin: int
    mature: bool

    def plain(self) -> list[Any]:
        """Turn it into plain data."""
        return [
            self.thermometer,
            self.response.tolist(),
            self.covariance.ravel().tolist(),
            self.sigma,
            self.at_bin,
            self.mature,
        ]

    @classmethod
    def of_plain(cls, plain: Sequence[Any]) -> "Fit":
        """Read it back."""
        thermometer, response, covariance, sigma, at_bin, mature = plain
        size = len(response)
        return cls(
            thermometer,
            np.array(response),
            np.array(covariance).reshape(size, size),
            sigma,
            at_bin,
            mature,
        )


def regress(
    values: Floats, regressors: Floats, starts: Sequence[int] = ()
) -> tuple[Floats, Floats, float] | None:
    """Fit values on regressors, a trend and a level, robustly.

    Parameters
    ----------
    values
        (n,) bins of the channel, NaN where missing.
    regressors
        (n, k) from `bank`, NaN where missing.
    starts
        Indices from which on the level may be another (restarts).

    Returns
    -------
    tuple or None
        Response (k,), its covariance (k, k), and the residuals' robust standard deviation;
        `None` when there are too few bins.

    """
    rows = np.flatnonzero(np.isfinite(values) & np.isfinite(regressors).all(axis=1))
    size = regressors.shape[1]
    if len(rows) < 4 * (size + 2):
        return None
    x = regressors[rows]
    y = values[rows] - median_of(values[rows])
    time = (rows - rows.mean()) / max(len(values), 1)
    levels = [(rows >= start).astype(np.float64) for start in _within(starts, rows)]
    design = np.column_stack([x - x.mean(axis=0), time, np.ones(len(rows)), *levels])
    spread = np.maximum(x.std(axis=0), 0.1)
    # weak prior: no regressor explains more than the whole scatter, twice
    expected = 2.0 * max(float(y.std()), 1e-9) / spread
    weight = np.ones(len(rows))
    sigma = max(float(y.std()), 1e-9)
    beta = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        ridge = np.zeros(design.shape[1])
        ridge[:size] = (sigma / expected) ** 2
        weighted = design * weight[:, None]
        beta = np.linalg.solve(weighted.T @ design + np.diag(ridge), weighted.T @ y)
        residual = y - design @ beta
        sigma = max(_MAD_TO_SD * median_of(np.abs(residual)), 1e-9)
        weight = 1.0 / np.maximum(1.0, np.abs(residual) / (_HUBER * sigma))
    normal = (design * weight[:, None]).T @ design + np.diag(ridge)
    clipped = np.clip(residual, -3.0 * sigma, 3.0 * sigma)
    widened = sigma**2 * _inflation(clipped, rows)
    return beta[:size], widened * np.linalg.inv(normal)[:size, :size], sigma


@dataclass(frozen=True, slots=True)
class Slope:
    """Rate of a stretch of a series, per bin, with its standard error and degrees of freedom."""

    per_bin: float
    error: float
    freedom: float
    count: int

    def margin(self, confidence: float) -> float:
        """Half of the two-sided confidence interval, per bin."""
        return self.error * float(stdtrit(self.freedom, 0.5 + confidence / 2))


def slope(
    values: Floats,
    regressors: Floats | None = None,
    covariance: NDArray[np.float64] | None = None,
    starts: Sequence[int] = (),
) -> Slope | None:
    """Tell the mean rate of a stretch, with an error that knows of autocorrelation and of the fit.

    Parameters
    ----------
    values
        (n,) compensated bins, NaN where missing.
    regressors, covariance
        What the compensation used in these bins, and the covariance of its response: a rate
        that went along with the temperature is as unsure as the response is.
    starts
        Indices from which on the level may be another (restarts): a jump there is no rate.

    Returns
    -------
    Slope or None
        `None` with fewer than five bins.

    Notes
    -----
    The rate is that of the straight line. What scatters about a cubic is noise; a curved course
    is no reason to doubt its mean rate. The effective sample size is n (1 - r) / (1 + r) for the
    lag-1 autocorrelation r of that noise. Bins farther than four robust standard deviations
    from it are left out.

    """
    rows = np.flatnonzero(np.isfinite(values))
    if len(rows) < _LEAST_BINS:
        return None
    noise = _about_cubic(values, rows, starts)
    near = np.abs(noise) <= max(4.0 * scatter_of(noise), 1e-9)
    if not near.all() and near.sum() >= 0.7 * len(rows):
        rows = rows[near]
        if len(rows) < _LEAST_BINS:
            return None
        noise = _about_cubic(values, rows, starts)
    y, time = values[rows], rows.astype(np.float64)
    for part in _parts(rows, starts):
        y[part] -= y[part].mean()
        time[part] -= time[part].mean()
    squares = float(time @ time)
    if squares == 0.0:
        return None
    inflation = _inflation(noise, rows)
    effective = max(3.0, len(rows) / inflation)
    variance = float(noise @ noise) / max(len(rows) - 4, 1) / squares * inflation
    if regressors is not None and covariance is not None:
        along = time @ np.nan_to_num(regressors[rows]) / squares
        variance += float(along @ covariance @ along)
    return Slope(float(time @ y) / squares, float(np.sqrt(variance)), effective - 2.0, len(rows))


def _about_cubic(values: Floats, rows: NDArray[np.intp], starts: Sequence[int]) -> Floats:
    """Tell what is left when a cubic, and another level from each start on, is taken out."""
    time = (rows - rows.mean()) / max(len(values), 1)
    design = np.empty((len(rows), 4))
    design[:, 0], design[:, 1] = 1.0, time
    design[:, 2] = time * time
    design[:, 3] = design[:, 2] * time
    levels = [(rows >= start).astype(np.float64) for start in _within(starts, rows)]
    if levels:
        design = np.column_stack([design, *levels])
    y = values[rows]
    normal = design.T @ design
    normal.flat[:: len(normal) + 1] += 1e-9
    return np.asarray(y - design @ np.linalg.solve(normal, design.T @ y))


def _within(starts: Sequence[int], rows: NDArray[np.intp]) -> list[int]:
    """Keep the starts that part the rows."""
    return [start for start in starts if rows[0] < start <= rows[-1]]


def _parts(rows: NDArray[np.intp], starts: Sequence[int]) -> list[slice]:
    cuts = [0, *(int(np.searchsorted(rows, start)) for start in _within(starts, rows)), len(rows)]
    return [slice(low, high) for low, high in pairwise(cuts) if low < high]


def scatter_of(values: Floats) -> float:
    """Tell the robust standard deviation of what is known."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0
    return _MAD_TO_SD * median_of(np.abs(known - median_of(known)))


def median_of(values: Floats) -> float:
    """Tell the median of some finite values; NumPy's own takes ten times as long for so few."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[half])
    return float((ordered[half - 1] + ordered[half]) / 2.0)


def robust_mean(values: Floats, regressors: Floats) -> tuple[float, Floats]:
    """Mean of values and of their regressors over the same bins, wild values left out."""
    middle = median_of(values)
    near = np.abs(values - middle) <= 4.0 * max(scatter_of(values), 1e-9)
    return float(values[near].mean()), regressors[near].mean(axis=0)


def _inflation(residual: Floats, rows: NDArray[np.intp]) -> float:
    """Tell by how much autocorrelation widens a variance: (1 + r) / (1 - r), at least 1."""
    total = float(residual @ residual)
    if total <= 0.0:
        return 1.0
    neighbours = np.diff(rows) == 1
    lagged = float((residual[:-1] * residual[1:])[neighbours].sum()) / total
    lagged = min(max(lagged, 0.0), 0.98)
    return (1.0 + lagged) / (1.0 - lagged)


def lags_of(numbers: Mapping[str, float]) -> tuple[float, ...]:
    """Read the lags, in bins, out of a profile's numbers."""
    bin_h = numbers["compensation.bin_h"]
    names = sorted(name for name in numbers if name.startswith("compensation.lag_"))
    return tuple(numbers[name] / bin_h for name in names if name.endswith("_h"))
