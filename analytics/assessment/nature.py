"""How restless each channel is when nothing happens: its noise and its benign wander.

A few filters that differ in how much and how long a channel wanders are run side by side; at
fixed days the likeliest are believed, each as far as its likelihood goes. A channel that is being
suspected is not learnt from.

Source: R. K. Mehra, "On the identification of variances and adaptive Kalman filtering", IEEE
Trans. Automat. Contr. 15 (1970) 175-184; multiple models after D. T. Magill (1965).
"""

from dataclasses import dataclass

import numpy as np

from analytics.assessment.kalman import Filter, widened
from analytics.assessment.model import Model
from analytics.assessment.stack import Bools
from domain.readings import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What a day gives to the filters.

    Parameters
    ----------
    value
        (n, days) float64, mean of the bins that count, less the channel's first level; U, NaN
        where there is none.
    noise_share
        (n, days) float64, variance of such a mean against that of a full day.
    design
        (n, days, k) float64.
    stand_in
        (n, days) float64, 0-1.
    zero
        (n, days) bool, the zero may be another from this day on.
    anew
        (n, days) bool, the zero is another from this day on.
    doubtful
        (n, days) bool, part of the day's bins is missing or was left out.

    """

    value: Floats
    noise_share: Floats
    design: Floats
    stand_in: Floats
    zero: Bools
    anew: Bools
    doubtful: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Nature:
    """What is believed of each channel from some day on, each (n,) float64.

    Parameters
    ----------
    noise_sd
        Of a full day's mean, U.
    wander_sd
        Of the benign wander, U.
    keep
        What a day leaves of it.

    """

    noise_sd: Floats
    wander_sd: Floats
    keep: Floats


def unknown_nature(n: int, model: Model) -> Nature:
    """Tell what is believed before anything is learnt."""
    doubt = model.number("nature.unknown_factor")
    return Nature(
        np.full(n, doubt * model.number("nature.noise_sd")),
        np.full(n, doubt * model.number("nature.wander_sd")),
        np.full(n, np.exp(-1.0 / model.number("nature.wander_days"))),
    )


def learn_natures(day: Day, prior: Floats, model: Model) -> dict[int, Nature]:
    """Learn all channels' natures.

    Returns
    -------
    dict
        Nature by the day at whose beginning it is taken over; each from earlier days only.

    """
    n, days = day.value.shape
    at = refit_days(days, model)
    natures = {0: unknown_nature(n, model)}
    if not at:
        return natures
    noise_sd = model.number("nature.noise_sd")
    sizes = model.several("nature.grid_push")  # sd of a day's push against that of the noise
    lengths = model.several("nature.grid_days")
    push = np.repeat(np.array(sizes) * noise_sd, len(lengths))
    keep = np.tile(np.exp(-1.0 / np.array(lengths)), len(sizes))
    wander = push / np.sqrt(1.0 - keep**2)
    g = len(keep)
    # channels side by side for each of the natures: (m, g * n)
    keeps, wanders = np.repeat(keep, n), np.repeat(wander, n)
    noise = np.full(g * n, noise_sd**2)
    filters = Filter.new(model.number("filter.datum_sd"), wanders, prior)
    count, squares, logs = np.zeros((g, n)), np.zeros((g, n)), np.zeros((g, n))
    waiting = np.zeros(g * n, np.int64)
    last, again = np.zeros(g * n), model.number("filter.again")
    ready = ready_days(day)
    h = np.ones((len(prior) + 2, g, n))
    clip2 = model.number("nature.clip") ** 2
    datum_sd, huber = model.number("filter.datum_sd"), model.number("filter.huber")
    stand_in_sd, step = model.number("filter.stand_in_sd"), model.number("filter.datum_step")
    least, settle_days = (
        model.number("filter.reset_least"),
        round(model.number("filter.settle_days")),
    )
    reset_z, strength = model.number("filter.reset_z"), model.number("nature.prior_days")
    for today in range(max(at) + 1):
        if today in at:
            natures[today] = _believed(count, squares, logs, wander, keep, model)
        if today == max(at):
            break
        filters.pass_day(keeps, wanders, step)
        seen = ready[:, today]
        h[2:] = np.nan_to_num(day.design[:, today]).T[:, None]
        all_h = h.reshape(len(h), -1)
        expected, variance, along = filters.expect(all_h)
        known = np.tile(seen, g)
        extra = (stand_in_sd * day.stand_in[:, today]) ** 2
        noises = noise * np.tile(day.noise_share[:, today], g) + np.tile(extra, g)
        value = np.tile(np.nan_to_num(day.value[:, today]), g)
        surprise = np.where(known, value - expected, 0.0)
        waiting = np.where(np.tile(day.zero[:, today], g), settle_days, waiting)
        jumps = np.maximum(reset_z * np.sqrt(variance + noises), least)
        moved = known & (waiting > 0) & (np.abs(surprise) > jumps)
        moved |= np.tile(day.anew[:, today], g)
        waiting -= known & (waiting > 0)
        if moved.any():
            filters.loosen_datum(moved, datum_sd)
            expected, variance, along = filters.expect(all_h)
        counted = widened(variance, noises, surprise, last, huber, again)
        weight = np.where(known, 1.0 / counted, 0.0)
        score = surprise / np.sqrt(variance + noises)
        last = np.where(moved, 0.0, np.where(known, score, last))
        if today >= model.number("nature.burn_days"):
            total = variance + noises
            counts = (known & ~moved).reshape(g, n)
            # what lies far out of what this nature has seen so far counts for less
            usual = (squares + strength) / (count + strength)
            z2 = np.minimum((surprise**2 / total).reshape(g, n), clip2 * usual)
            count += counts
            squares += np.where(counts, z2, 0.0)
            logs += np.where(counts, np.log(total).reshape(g, n), 0.0)
        filters.learn(along, weight, surprise)
    return natures


def refit_days(days: int, model: Model) -> set[int]:
    """Tell the days at whose beginning is learnt anew: a fixed schedule, then every year."""
    first = [round(day) for day in model.several("nature.refit_days")]
    every = round(model.number("nature.refit_every_days"))
    at = {day for day in first if day < days}
    at |= set(range(first[-1] + every, days, every))
    return at


def ready_days(day: Day) -> Bools:
    """Tell which days can be taken in."""
    return np.asarray(np.isfinite(day.value) & np.isfinite(day.design).all(axis=2))


def _believed(
    count: Floats, squares: Floats, logs: Floats, wander: Floats, keep: Floats, model: Model
) -> Nature:
    # the scale of all variances is taken out of the likelihood, held by some days of prior
    strength = model.number("nature.prior_days")
    scale = (squares + strength) / (count + strength)
    likelihood = -0.5 * (count * np.log(scale) + logs)
    push = wander * np.sqrt(1.0 - keep**2)
    away = np.log(push[:, None] * np.sqrt(scale) / model.number("nature.push_sd"))
    likelihood = likelihood - 0.5 * (away / model.number("nature.push_log_sd")) ** 2
    trust = np.exp(likelihood - likelihood.max(axis=0))
    trust /= trust.sum(axis=0)
    log_scale = 0.5 * np.log(scale)
    noise = (trust * log_scale).sum(axis=0) + np.log(model.number("nature.noise_sd"))
    size = (trust * (log_scale + np.log(wander)[:, None])).sum(axis=0)
    days = (trust * np.log(-1.0 / np.log(keep))[:, None]).sum(axis=0)
    return Nature(np.exp(noise), np.exp(size), np.exp(-1.0 / np.exp(days)))
