"""The weather that a channel is compared with: its best thermometer, masked, and its regressors.

A temperature that is not known is never made up: where the sensor's own thermometer is away, the
site's stands in, then the city's, each put on the scale of the one before by what both read
before that day, and marked as a stand-in, which widens the interval. Where none is known, the day
is left out.

Source: DOMAIN 2.5: several lagged temperatures per point, not one with a guessed lag.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from analytics.assessment.model import Model
from analytics.assessment.series import AMPLITUDE, TEMPERATURES
from analytics.assessment.stack import Bools, Stack
from domain.clock import DAY_NS
from domain.readings import Floats

_YEAR_DAYS = 365.2425


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """What the weather was, for the bins that count.

    Parameters
    ----------
    design
        (n, days, k) float64, regressors as means over the bins of the day that count; NaN on
        days on which the weather is not known.
    stand_in
        (n, days) float64, share of those bins in which another thermometer stood in.
    lost
        (n, days) bool, the sensor's own thermometer fell silent while the sensor went on.
    prior
        (k,) float64, standard deviation of each regressor's response before anything is known,
        in U.

    """

    design: Floats
    stand_in: Floats
    lost: Bools
    prior: Floats


def covariates(stack: Stack, counted: Bools, model: Model) -> Covariates:
    """Make the regressors of each day.

    Parameters
    ----------
    counted
        (n, days, bins) bool, bins whose value counts.

    """
    n, days, bins = stack.shape
    given = {name: thermometer(stack.covariate(name), model) for name in TEMPERATURES}
    present = np.isfinite(stack.value)
    lost = _lost(np.isfinite(given["own"]), present, model)
    air, source = merged([given[name] for name in TEMPERATURES])
    # the best thermometer so far is the channel's own; any lesser one stands in for it
    best = np.minimum.accumulate(source.min(axis=2), axis=1)
    stand_in = source > best[:, :, None]
    # a channel that never had a thermometer is judged without weather, by its own scatter alone
    air[best == len(TEMPERATURES)] = model.number("weather.reference_c")
    flat = air.reshape(n, -1) - model.number("weather.reference_c")
    share = model.number("weather.known_share")
    lagged = [flat] + [behind(flat, lag * bins, share) for lag in model.several("weather.lag_days")]
    weight = counted & np.isfinite(flat.reshape(n, days, bins))
    count = weight.sum(axis=2)
    mean = _daily_means(weight, count)
    columns = [mean(a - b) for a, b in pairwise(lagged)]
    columns.append(mean(lagged[-1]))
    scale = model.number("weather.curve_scale_c")
    # walls answer a little more, or less, to each further degree
    curved = [lagged[round(place)] for place in model.several("weather.curve_lags")]
    columns += [mean(lag * lag / scale) for lag in curved]
    swing = _swing(flat.reshape(n, days, bins), model)
    columns += [swing, behind(swing, model.number("weather.swing_days"), share)]
    rain, known = stack.covariate("rain"), np.zeros(n, np.bool_)
    for row, one in enumerate(stack.series):
        known[row] = "rain" in one.covariates
    rain[~known] = 0.0
    dry = np.zeros((n, days), np.bool_)
    fallen = rain.reshape(n, -1) * bins
    for lag in model.several("weather.rain_days"):
        soaked = behind(fallen, lag * bins, share).reshape(n, days, bins)[:, :, -1]
        wet = (soaked - model.number("weather.rain_usual_mm")) / model.number("weather.rain_mm")
        unknown = ~np.isfinite(wet)
        columns.append(np.where(known[:, None] & ~unknown, wet, 0.0))
        dry |= known[:, None] & unknown
    shaken = stack.covariate(AMPLITUDE)
    amplified = bool(np.isfinite(shaken).any())
    if amplified:
        # of the bins in which the value was read too; a channel that tells none has no response
        both = weight & np.isfinite(shaken)
        columns.append(np.nan_to_num(_daily_means(both, both.sum(axis=2))(shaken.reshape(n, -1))))
    phase = 2 * np.pi * (stack.series[0].start_ns / DAY_NS + np.arange(days)) / _YEAR_DAYS
    columns += [np.broadcast_to(f(phase), (n, days)) for f in (np.cos, np.sin)]
    design = np.stack(columns, axis=2)
    prior = np.concatenate(
        [
            np.full(len(lagged), model.number("prior.per_c")),
            np.full(len(curved), model.number("prior.curve")),
            np.full(2, model.number("prior.swing")),
            np.full(len(model.several("weather.rain_days")), model.number("prior.rain")),
            np.full(int(amplified), model.number("prior.amplitude")),
            np.full(2, model.number("prior.annual")),
        ]
    )
    shares = (stand_in & weight).sum(axis=2) / np.maximum(count, 1)
    # rain that nobody told leaves its response out of that day, which widens it
    shares = np.where(dry, 1.0, shares)
    return Covariates(design, shares, lost, prior)


def thermometer(read: Floats, model: Model) -> Floats:
    """Leave out what no thermometer in weather reads, and what stands still all day."""
    low, high = model.several("range.temperature")
    with np.errstate(invalid="ignore"):
        good = np.where((read >= low) & (read <= high), read, np.nan)
    flat = good.reshape(len(good), -1)
    held = np.ones(flat.shape, np.bool_)
    run = round(model.number("weather.stuck_bins"))
    for back in range(1, run):
        held[:, back:] &= flat[:, back:] == flat[:, :-back]
        held[:, :back] = False
    return np.where(held.reshape(good.shape), np.nan, good)


def merged(given: list[Floats]) -> tuple[Floats, NDArray[np.int8]]:
    """Take the first thermometer that is known, the others on its scale as far as is known.

    Parameters
    ----------
    given
        (n, days, bins) each, best first.

    Returns
    -------
    tuple
        The merged temperature, and which one it came from: 0 the first; their number: none.

    """
    air = given[0].copy()
    source = np.where(np.isfinite(air), 0, len(given)).astype(np.int8)
    for place, other in enumerate(given[1:], 1):
        both = np.isfinite(air) & np.isfinite(other)
        gap = np.where(both, air - other, 0.0).sum(axis=2)
        count = both.sum(axis=2)
        shift = np.zeros(count.shape)
        # of the days before: what is said today may not change tomorrow
        total = np.cumsum(count, axis=1)[:, :-1]
        shift[:, 1:] = np.cumsum(gap, axis=1)[:, :-1] / np.maximum(total, 1)
        use = ~np.isfinite(air) & np.isfinite(other)
        air = np.where(use, other + shift[:, :, None], air)
        source[use] = place
    return air, source


def behind(values: Floats, lag: float, share: float) -> Floats:
    """Put rows behind a first-order lag; NaN where less than a share of its weight is known."""
    keep = float(np.exp(-1.0 / lag))
    known = np.isfinite(values)
    whole = bool(known.all())
    total = lfilter([1.0 - keep], [1.0, -keep], values if whole else np.nan_to_num(values), axis=1)
    if whole:
        weight = 1.0 - keep ** np.arange(1.0, values.shape[1] + 1.0)
        return np.asarray(total / weight)
    weight = lfilter([1.0 - keep], [1.0, -keep], known.astype(np.float64), axis=1)
    # weight before the first bin is not missing, it never was
    ever = 1.0 - keep ** np.arange(1.0, values.shape[1] + 1.0)
    enough = weight >= share * ever
    return np.where(enough, total / np.where(enough, weight, 1.0), np.nan)


def _daily_means(weight: Bools, count: NDArray[np.int64]) -> Callable[[Floats], Floats]:
    divide = np.where(count > 0, count, 1)

    def mean(values: Floats) -> Floats:
        by_day = np.where(weight, values.reshape(weight.shape), 0.0).sum(axis=2)
        return np.where(count > 0, by_day / divide, np.nan)

    return mean


def _swing(air: Floats, model: Model) -> Floats:
    """Tell how far the day's air went, against the usual: sun and cloud, where nobody tells."""
    known = np.isfinite(air)
    high = np.where(known, air, -np.inf).max(axis=2)
    low = np.where(known, air, np.inf).min(axis=2)
    enough = known.mean(axis=2) >= model.number("weather.swing_share")
    with np.errstate(invalid="ignore"):
        swing = high - low - model.number("weather.swing_usual_c")
    return np.where(enough, swing, np.nan)


def _lost(own: Bools, present: Bools, model: Model) -> Bools:
    """Tell days on which a thermometer that used to read is away though the sensor is there."""
    read = (own & present).sum(axis=2)
    away = (~own & present).sum(axis=2) >= model.number("weather.lost_bins")
    before = np.zeros(read.shape, np.int64)
    before[:, 1:] = np.cumsum(read, axis=1)[:, :-1]
    again = away.copy()
    again[:, 1:] &= away[:, :-1]
    again[:, 0] = False
    return np.asarray(again & (before >= model.number("weather.lost_after_bins")))
