"""Faults that show over days: a wrong clock, another unit, an empty battery, a lost thermometer.

Each is told at the end of a day from that day and earlier ones only.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.assessment.covariates import thermometer
from analytics.assessment.model import Model
from analytics.assessment.stack import Bools, Stack, middle
from domain.readings import Floats, QualityFlag


def battery_fade(stack: Stack, model: Model) -> Bools:
    """Tell days on which the battery is low, or falls so that it will be soon, (n, days).

    A flag of the gateway that power fails counts as low.
    """
    told = stack.battery()
    n, days = told.shape
    last = _carried(told)
    back = round(model.number("battery.slope_days"))
    slope = np.zeros((n, days))
    slope[:, back:] = (last[:, back:] - last[:, :-back]) / back
    with np.errstate(invalid="ignore"):
        soon = last + model.number("battery.ahead_days") * slope <= 0.0
        low = (last <= model.number("battery.low_percent")) | (
            soon & (last <= model.number("battery.watch_percent"))
        )
    power = ((stack.flags & np.uint16(QualityFlag.POWER)) > 0).mean(axis=2)
    return np.asarray(low | (power >= model.number("battery.flag_share")))


def unit_mixup(stack: Stack, model: Model) -> Bools:
    """Tell days whose values are the usual ones times the factor between two units, (n, days).

    A level of many U tells the factor by itself. Near zero, where every factor leaves the value
    what it was, the scatter of the day must have grown by the same factor.
    """
    centre, count = middle(stack.value)
    spread, _ = middle(np.abs(stack.value - centre[:, :, None]))
    n, days = centre.shape
    level = centre / stack.concern[:, None]
    floor = stack.resolution / 2.0 / stack.concern
    scatter = np.maximum(spread / stack.concern[:, None], floor[:, None])
    factors = np.array(model.several("unit.factors"))
    factors = np.concatenate([factors, 1.0 / factors])
    least, near = model.number("unit.least"), model.number("unit.near")
    loose, room = model.number("unit.scatter_near"), model.number("unit.room")
    usual, quiet = np.full(n, np.nan), np.full(n, np.nan)
    found = np.zeros((n, days), np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):
        for day in range(days):
            now, wide = level[:, day], scatter[:, day]
            ratio = (now / usual)[:, None] / factors
            by_level = (np.abs(ratio - 1.0) < near).any(axis=1)
            by_level &= (np.abs(now - usual) > least) & (np.abs(usual) > least)
            grown = np.abs(np.log((wide / quiet)[:, None] / factors)) < loose
            there = np.abs(now[:, None] - factors * usual[:, None]) < factors * room
            by_scatter = (grown & there & (factors > 1.0)).any(axis=1)
            # a smaller unit leaves the day's scatter under what the instrument can tell
            calm = (wide <= floor) & (quiet > _COLLAPSE * floor)
            near_zero = np.abs(now[:, None] - factors * usual[:, None])
            small = (factors < 1.0) & (near_zero < factors * room / 3.0 + 2.0 * floor[:, None])
            by_scatter |= calm & small.any(axis=1)
            # a few bins tell no scatter
            by_scatter &= 2 * count[:, day] >= stack.value.shape[2]
            found[:, day] = (by_level | by_scatter) & (count[:, day] > 0)
            take = ~found[:, day] & np.isfinite(now)
            first = take & np.isnan(usual)
            usual = np.where(first, now, np.where(take, 0.8 * usual + 0.2 * now, usual))
            quiet = np.where(first, wide, np.where(take, 0.9 * quiet + 0.1 * wide, quiet))
    return found


def clock_skew(stack: Stack, value: Floats, model: Model) -> tuple[Bools, Floats]:
    """Tell days on which the day's course has moved against the weather's, (n, days).

    The sensor's own thermometer is compared with one that has another clock; where there is
    none, the measured quantity itself. The phase of the last days is compared with that of the
    channel's first weeks.

    Returns
    -------
    tuple
        Days of a wrong clock, and by how many hours, -12 to 12; NaN where nobody can tell.

    """
    own = thermometer(stack.covariate("own"), model)
    city = thermometer(stack.covariate("city"), model)
    site = thermometer(stack.covariate("site"), model)
    other = _wave(np.where(np.isfinite(city), city, site), model)
    by_air, by_value = _wave(own, model) * np.conj(other), _wave(value, model) * np.conj(other)
    # what swings with the air tells most; the own thermometer swings most
    air = _skew(by_air, model)
    house = _skew(by_value, model)
    hours = np.where(np.isfinite(air), air, house)
    with np.errstate(invalid="ignore"):
        wrong = np.abs(hours) >= model.number("clock.hours")
    return wrong, hours


#: so many times less scatter than usual is a collapse
_COLLAPSE = 3.0
Waves = NDArray[np.complex128]


def _wave(values: Floats, model: Model) -> Waves:
    """Tell the day's first harmonic, (n, days) complex; NaN where too little is known."""
    bins = values.shape[2]
    known = np.isfinite(values)
    count = known.sum(axis=2)
    mean = np.where(known, values, 0.0).sum(axis=2) / np.maximum(count, 1)
    turn = 2 * np.pi * np.arange(bins) / bins
    about = np.where(known, values - mean[:, :, None], 0.0)
    # sums, not products of matrices, whose last digit hangs on how many rows there are
    east, north = ((about * part).sum(axis=2) for part in (np.cos(turn), np.sin(turn)))
    wave = (east - 1j * north) / np.maximum(count, 1)
    enough = count >= model.number("clock.share") * bins
    return np.where(enough, wave, np.nan + 0j)


def _skew(cross: Waves, model: Model) -> Floats:
    """Tell by how many hours the phase of the last days is off the first weeks'."""
    days = cross.shape[1]
    known = np.isfinite(cross)
    product = np.where(known, cross, 0.0)
    size = np.abs(product)
    span = round(model.number("clock.days"))

    def window(column: Waves) -> Waves:
        total = np.cumsum(column, axis=1)
        total[:, span:] -= total[:, :-span].copy()
        return total

    # a few loud days may not speak for all of them
    unit = np.where(known, product / np.maximum(size, 1e-300), 0.0)
    recent = window(unit)
    count = window(known.astype(np.complex128)).real
    first = round(model.number("clock.first_days"))
    so_far = np.cumsum(unit, axis=1)
    many = np.cumsum(known, axis=1)
    # the first weeks' sum stays what it was
    reached = np.maximum.accumulate(np.where(many <= first, np.arange(days), 0), axis=1)
    usual = np.take_along_axis(so_far, reached, axis=1)
    steady = model.number("clock.coherence")
    good = (
        (count >= model.number("clock.least_days"))
        & (np.abs(recent) >= steady * np.maximum(count, 1))
        & (many >= first)
        & (np.abs(usual) >= steady * first)
    )
    hours = np.angle(recent * np.conj(usual)) * -24.0 / (2.0 * np.pi)
    return np.where(good, hours, np.nan)


def _carried(told: Floats) -> Floats:
    """Carry the last known on."""
    place = np.where(np.isfinite(told), np.arange(told.shape[1]), -1)
    last = np.maximum.accumulate(place, axis=1)
    return np.where(last >= 0, np.take_along_axis(told, np.maximum(last, 0), axis=1), np.nan)
