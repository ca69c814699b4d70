"""What detection is measured against: raw limits, a temperature regression, a plain Kalman filter.

They are here to say how hard the world is, and live in the benchmark only. Each takes histories
and gives a score a day, bigger is worse, which at the end of a day uses nothing later than two
days after it (the zero put right after a restart; everything else is of that day or before).
"""

from collections.abc import Sequence

import numpy as np

from analytics.assessment.series import ChannelSeries
from domain.readings import Floats

_LAGS_DAYS = (2.0, 5.0, 15.0, 45.0)
_STUCK = 12  # equal readings in a row
#: variances a day of level and slope in those of a day's reading; share of the newest innovation
_LEVEL, _SLOPE, _NEW = 3e-3, 1e-7, 0.3


def raw_bins(series: Sequence[ChannelSeries], learning: int = 365) -> Floats:
    """Score the day's farthest two-hour value from the median of the learning time."""
    by_day = np.stack([s.value.reshape(s.days, -1) for s in series])
    away = np.abs(by_day - _middle(by_day[:, :learning].reshape(len(series), -1))[:, None, None])
    return np.asarray(np.where(np.isnan(away), -np.inf, away).max(axis=2))


def raw_days(series: Sequence[ChannelSeries], learning: int = 365) -> Floats:
    """Score how far the day's median is from that of the learning time, zeros put right."""
    daily = np.stack([_zeroed(_daily(s.value, s.days), _restarts(s)) for s in series])
    return np.asarray(np.abs(daily - _middle(daily[:, :learning])[:, None]))


def regression(series: Sequence[ChannelSeries], learning: int = 365) -> Floats:
    """Score the day's residual behind temperature and rain, in its deviations while learning."""
    rest = residuals(series, learning)
    return np.asarray(np.abs(rest) / np.nanstd(rest[:, :learning], axis=1)[:, None])


def kalman(series: Sequence[ChannelSeries], learning: int = 365) -> Floats:
    """Score slope and smoothed innovation of a local linear trend on the residual."""
    return trend(residuals(series, learning), learning)


def residuals(series: Sequence[ChannelSeries], learning: int = 365) -> Floats:
    """Take temperature and rain out of daily medians, fitted while learning; put zeros right."""
    rows = []
    for one in series:
        days = one.days
        daily = _daily(_unstuck(one.value), days)
        # zeros known to have moved are put right twice: roughly to fit, then on the residual
        starts = _restarts(one)
        x = _weather(one, days, learning)
        rest = daily
        for _ in range(2):
            daily = daily - (rest - _zeroed(rest, starts))
            known = np.isfinite(daily[:learning]) & np.isfinite(x[:learning]).all(axis=1)
            fit = np.linalg.lstsq(x[:learning][known], daily[:learning][known], rcond=None)[0]
            rest = daily - x @ fit
        rows.append(_zeroed(rest, starts))
    return np.stack(rows)


def trend(rest: Floats, learning: int) -> Floats:
    """Filter each row; bigger of the slope's and the smoothed innovation's z.

    The variances of level and slope stand in a fixed ratio to that of a reading, whose scale is
    each row's own while learning.
    """
    n, days = rest.shape
    at, rate = np.nan_to_num(rest[:, 0]), np.zeros(n)
    p00, p01, p11 = np.ones(n), np.zeros(n), np.full(n, 1e-4)
    smooth, score, surprise = np.zeros(n), np.zeros((n, days)), np.full((n, days), np.nan)
    for day in range(days):
        at = at + rate
        p00, p01, p11 = p00 + 2 * p01 + p11 + _LEVEL, p01 + p11, p11 + _SLOPE
        seen = np.isfinite(rest[:, day])
        e = np.where(seen, rest[:, day] - at, 0.0)
        s = p00 + 1.0
        g0, g1 = np.where(seen, p00 / s, 0.0), np.where(seen, p01 / s, 0.0)
        at, rate = at + g0 * e, rate + g1 * e
        p11 = p11 - g1 * p01
        p00, p01 = (1.0 - g0) * p00, (1.0 - g0) * p01
        smooth = np.where(seen, (1 - _NEW) * smooth + _NEW * e / np.sqrt(s), smooth)
        surprise[:, day] = np.where(seen, e / np.sqrt(s), np.nan)
        slope_z = np.abs(rate) / np.sqrt(p11)
        score[:, day] = np.maximum(slope_z, np.abs(smooth) * np.sqrt((2 - _NEW) / _NEW))
    return np.asarray(score / np.sqrt(np.nanmean(surprise[:, 30:learning] ** 2, axis=1))[:, None])


def _daily(values: Floats, days: int) -> Floats:
    by_day = values.reshape(days, -1)
    known = np.isfinite(by_day).any(axis=1)
    daily = np.full(days, np.nan)
    daily[known] = np.nanmedian(by_day[known], axis=1)
    return daily


def _middle(values: Floats) -> Floats:
    return np.asarray(np.nanmedian(values, axis=1))


def _unstuck(values: Floats) -> Floats:
    """Leave out runs of equal values."""
    edges = np.flatnonzero(np.diff(values, prepend=np.nan, append=np.nan) != 0.0)
    lengths = np.diff(edges)
    return np.where(np.repeat(lengths, lengths) >= _STUCK, np.nan, values)


def _weather(one: ChannelSeries, days: int, learning: int) -> Floats:
    own, site = one.covariates["own"].reshape(days, -1), one.covariates["site"].reshape(days, -1)
    # the site stands in, shifted, where the sensor's own thermometer is away
    both = np.isfinite(own)
    shift = float((own - site)[both].mean())
    air = np.where(both, own, site + shift).mean(axis=1)
    air = air - air[:learning].mean()
    rain = one.covariates["rain"].reshape(days, -1).sum(axis=1)
    year = 2 * np.pi * np.arange(days) / 365.2425
    columns = [np.ones(days), air, *(_behind(air, lag) for lag in _LAGS_DAYS), _behind(rain, 15.0)]
    if learning >= 300:
        columns += [np.cos(year), np.sin(year)]
    return np.column_stack(columns)


def _behind(values: Floats, days: float) -> Floats:
    keep = np.exp(-1.0 / days)
    behind, now = np.empty(len(values)), float(values[: round(2 * days)].mean())
    for day, value in enumerate(values.tolist()):
        now = keep * now + (1.0 - keep) * value
        behind[day] = now
    return behind


def _restarts(one: ChannelSeries) -> list[int]:
    return sorted({start // one.per_day for start in one.starts})


def _zeroed(rest: Floats, starts: Sequence[int]) -> Floats:
    """Put the zero right after restarts, by three known days on either side; they are left out."""
    right = rest.copy()
    for day in starts:
        right[day] = np.nan
        before, after = right[:day], right[day + 1 : day + 15]
        before, after = before[np.isfinite(before)][-3:], after[np.isfinite(after)][:3]
        if len(before) and len(after):
            right[day:] -= float(np.median(after) - np.median(before))
    return right
