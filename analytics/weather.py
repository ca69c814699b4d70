"""What the weather makes of a stretch of a channel, by the response that judging has learnt.

Judging keeps, for each channel, its newest response to a thermometer of the building and the
baseline from which growth counts. Here the same response is applied to any stretch of stored
readings, so that people see the series that the growth and rate limits are held against.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics import compensation, history
from analytics.compensation import Fit
from domain.findings import Compensation
from domain.readings import Floats, Int64s

#: lags of the slowest wall that are read before a stretch: what is older weighs under 1 %
MEMORY_LAGS = 5


@dataclass(frozen=True, slots=True)
class Learnt:
    """What judging knows of one channel.

    Parameters
    ----------
    level
        Series value, weather out, from which growth counts; `None` while it is too young.
    fit, warmth
        The response and the temperatures of the baseline; `None` while nothing is taken out.

    """

    level: float | None = None
    fit: Fit | None = None
    warmth: Floats | None = None

    @property
    def compensation(self) -> Compensation:
        """How far the weather is taken out."""
        if self.fit is None:
            return Compensation.ABSENT
        return Compensation.MATURE if self.fit.mature else Compensation.IMMATURE


def learnt(state: Any, channel_id: str, numbers: Mapping[str, float]) -> Learnt:
    """Read what the movement detector's saved state knows of a channel.

    Parameters
    ----------
    state
        As `Movement.examine` returned it; `None` when the building was never judged.
    numbers
        Steering numbers of the profile.

    """
    records = (state or {}).get("channels", {})
    record = records.get(channel_id)
    if record is None:
        return Learnt()
    per_day = round(24 / numbers["compensation.bin_h"])
    kept = int(numbers["compensation.keep_days"]) * per_day
    first_bins = int(numbers["baseline.first_days"] * per_day)
    baseline_bins = int(numbers["baseline.days"]) * per_day
    last = history.newest(record)[0]
    values = history.aligned(record, last, kept)
    if record.get("fit"):
        fit = Fit.of_plain(record["fit"])
        held = record.get("c0")
        if held is not None and held[0] == fit.thermometer:
            return Learnt(float(held[1]), fit, np.array(held[2]))
        if fit.thermometer in records:
            temperature = history.aligned(records[fit.thermometer], last, kept)
            regressors = compensation.bank(
                temperature, compensation.lags_of(numbers), numbers["compensation.lag_share"]
            )
            known = np.flatnonzero(np.isfinite(values) & np.isfinite(regressors).all(axis=1))
            # as in judging: the first days, or after another thermometer was taken the last ones
            chosen = known[:baseline_bins] if held is None else known[-baseline_bins:]
            if len(known) >= first_bins:
                level, warmth = compensation.robust_mean(values[chosen], regressors[chosen])
                return Learnt(level - (record.get("g", 0.0) if held else 0.0), fit, warmth)
    if record.get("raw0") is not None:
        return Learnt(float(record["raw0"]))
    known_values = values[np.isfinite(values)][:baseline_bins]
    return Learnt(float(np.median(known_values)) if len(known_values) >= first_bins else None)


def memory_ns(numbers: Mapping[str, float], bin_ns: int) -> int:
    """Tell how much temperature before a stretch its compensation needs."""
    return int(MEMORY_LAGS * max(compensation.lags_of(numbers), default=0.0) * bin_ns)


def binned(at_ns: Int64s, values: Floats, bin_ns: int, first: int, count: int) -> Floats:
    """Take the median of each bin, as judging does.

    Parameters
    ----------
    at_ns, values
        (n,) moments and values; NaN values are left out.
    first, count
        Number of the first bin (its start divided by `bin_ns`), and how many.

    Returns
    -------
    numpy.ndarray
        (count,) float64, NaN where a bin is empty.

    """
    out = np.full(count, np.nan)
    number = at_ns // bin_ns - first
    keep = np.isfinite(values) & (number >= 0) & (number < count)
    number, values = number[keep], values[keep]
    if not len(number):
        return out
    order = np.lexsort((values, number))
    number, values = number[order], values[order]
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    length = np.diff(np.append(starts, len(number)))
    middle = (values[starts + (length - 1) // 2] + values[starts + length // 2]) / 2
    out[number[starts]] = middle
    return out


def effect(known: Learnt, temperature: Floats, numbers: Mapping[str, float]) -> Floats:
    """Tell what the weather makes of a channel in each bin.

    Parameters
    ----------
    temperature
        (n,) °C of the response's thermometer, bin by bin, NaN where missing; it begins
        `memory_ns` before the first bin that matters.

    Returns
    -------
    numpy.ndarray
        (n,) in the channel's unit, against the baseline's temperatures; NaN where unknown.

    """
    if known.fit is None or known.warmth is None:
        return np.zeros(len(temperature))
    regressors = compensation.bank(
        temperature, compensation.lags_of(numbers), numbers["compensation.lag_share"]
    )
    response = known.fit.response
    return np.asarray(regressors @ response - float(known.warmth @ response))


def at_moments(in_bins: Floats, bin_ns: int, first: int, at_ns: Int64s) -> Floats:
    """Tell a binned course at single moments.

    Between the middles of two known bins it runs straight; beside an unknown bin it stays at the
    known one's; in an unknown bin it is NaN. So a reading never gets a step that is the bins'.
    """
    if not len(in_bins):
        return np.full(len(at_ns), np.nan)
    place = (at_ns - first * bin_ns) / bin_ns - 0.5
    number = np.clip(at_ns // bin_ns - first, 0, len(in_bins) - 1)
    own = in_bins[number]
    toward = np.clip(number + np.where(place >= number, 1, -1), 0, len(in_bins) - 1)
    other = np.where(np.isfinite(in_bins[toward]), in_bins[toward], own)
    inside = (at_ns // bin_ns >= first) & (at_ns // bin_ns < first + len(in_bins))
    return np.asarray(np.where(inside, own + (other - own) * np.abs(place - number), np.nan))


def rolling_slope(values: Floats, window: int, share: float, span: float) -> Floats:
    """Tell the least-squares rate over the window that ends with each bin.

    Parameters
    ----------
    values
        (n,) compensated bins, NaN where missing.
    window
        Bins.
    share, span
        Least share of the window's bins that are known, and that the known ones reach over.

    Returns
    -------
    numpy.ndarray
        (n,) per bin; NaN where too little is known.

    Notes
    -----
    Judging leaves wild bins out and holds the lower bound of the rate's confidence interval
    against the limit; this is the plain rate, for the eye.

    """
    n = len(values)
    known = np.isfinite(values)
    middle = float(np.median(values[known])) if known.any() else 0.0
    time = np.arange(n, dtype=np.float64)
    y = np.where(known, values - middle, 0.0)
    t = np.where(known, time, 0.0)

    def summed(column: Floats) -> Floats:
        total = np.concatenate([[0.0], np.cumsum(column)])
        ends = np.arange(1, n + 1)
        return np.asarray(total[ends] - total[np.maximum(ends - window, 0)])

    count = summed(known.astype(np.float64))
    last = np.maximum.accumulate(np.where(known, time, -1.0))
    following = np.where(known, time, np.inf)
    following = np.minimum.accumulate(following[::-1])[::-1]
    first = following[np.maximum(np.arange(n) - window + 1, 0)]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = summed(t * t) - summed(t) ** 2 / count
        along = summed(t * y) - summed(t) * summed(y) / count
        rate = along / spread
    enough = (count >= share * window) & (last - first + 1 >= span * window) & (spread > 0)
    return np.where(enough, rate, np.nan)
