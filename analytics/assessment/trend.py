"""The main detector: what a movement would have done to the surprises of the structural filter.

For every possible beginning of the last months two movements are tried, a step and a steady
drift. What each would have left in the day-to-day surprises is known exactly: the filter is
linear, so its answer to the movement is run along beside it, with what the weather's regressors
and the wander would have taken up of it. The likelihood ratio of each then is a plain
regression, which also gives size, rate and their intervals.

Source: A. S. Willsky and H. L. Jones, "A generalized likelihood ratio approach to the detection
and estimation of jumps in linear systems", IEEE Trans. Automat. Contr. 21 (1976) 108-112.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.assessment.kalman import Filter, widened
from analytics.assessment.model import Model
from analytics.assessment.nature import Day, Nature, ready_days
from analytics.assessment.stack import Bools
from domain.readings import Floats

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """What each day showed, (n, days) each, in U; as it was known at the end of that day.

    Parameters
    ----------
    drift_z, step_z
        Signed statistics of drift and step, in which no day counts for more than so much.
    drift_plain, step_plain
        The same for the likeliest drift and step, every day as it was: which of them it is.
    drift_day, step_day
        Day on which it would have begun.
    rate, rate_sd
        Of that drift, a day.
    step, step_sd
        Size of that step.
    recent, recent_sd
        Rate of the last weeks, whatever else happened.
    level, level_sd
        Datum and wander together: the series without the weather.
    weather
        What the weather did, with the responses as they were known.
    surprise, surprise_sd
        Of the day; NaN where nothing was taken in.
    jump, jump_sd
        By how much the zero moved, where it was let go; NaN elsewhere.

    """

    drift_z: Floats
    drift_day: Ints
    rate: Floats
    rate_sd: Floats
    drift_plain: Floats
    step_z: Floats
    step_day: Ints
    step: Floats
    step_sd: Floats
    step_plain: Floats
    recent: Floats
    recent_sd: Floats
    level: Floats
    level_sd: Floats
    weather: Floats
    surprise: Floats
    surprise_sd: Floats
    jump: Floats
    jump_sd: Floats


_DRIFT = ("drift_z", "drift_day", "rate", "rate_sd", "drift_plain")
_STEP = ("step_z", "step_day", "step", "step_sd", "step_plain")


class _Scan:
    """Movements that began on each of the last days, and what they would have left."""

    def __init__(self, m: int, n: int, model: Model) -> None:
        self.stride, self.slots = (
            round(model.number("scan.stride_days")),
            round(model.number("scan.slots")),
        )
        self.least = model.number("scan.drift_days_least")
        size = 2 * self.slots  # drifts, then steps
        self.answer = np.zeros((size, m, n))
        self.number = np.zeros((size, n))  # of surprises drawn in: one day proves only so much
        self.raw = np.zeros((size, n))  # of surprises as they were: how large it is
        self.weight = np.zeros((size, n))
        self.born = np.full(self.slots, -1)
        self.price = model.number("scan.price")
        self.long_days = model.number("scan.long_days")
        self.fine_days = model.number("scan.fine_days")

    def begin(self, today: int) -> None:
        """Try a movement that begins today, in place of the one that is needed least."""
        age = today - self.born
        # every day of the last weeks is tried, of the months before only every so many
        spare = (self.born >= 0) & (age > self.fine_days) & (self.born % self.stride != 0)
        slot = int(spare.argmax()) if spare.any() else int(self.born.argmin())
        self.born[slot] = today
        for place in (slot, slot + self.slots):
            self.answer[place] = 0.0
            self.number[place] = 0.0
            self.raw[place] = 0.0
            self.weight[place] = 0.0

    def expect(self, today: int, h: Floats) -> Floats:
        """Tell what each movement of size one would add to today's surprise, (slots, n)."""
        alive = self.born >= 0
        moved = np.concatenate([np.where(alive, today - self.born + 1.0, 0.0), alive * 1.0])
        return np.asarray(moved[:, None] - np.einsum("smn,mn->sn", self.answer, h))

    def take(
        self, left: Floats, gain: Floats, surprise: Floats, near: Floats, weight: Floats
    ) -> None:
        self.number += left * (near * weight)
        self.raw += left * (surprise * weight)
        self.weight += left * left * weight
        self.answer += gain[None] * left[:, None, :]

    def best(self, family: int, today: int) -> tuple[Floats, Ints, Floats, Floats, Floats]:
        """Tell the likeliest drift (0) or step (1).

        Returns
        -------
        tuple
            Largest statistic; and of the likeliest movement its first day, size, standard error,
            and its own statistic with the surprises as they were.

        """
        part = slice(family * self.slots, (family + 1) * self.slots)
        weight = self.weight[part]
        tried = (weight > 1e-9) & (self.born >= 0)[:, None]
        if family == 0:
            tried &= (today - self.born + 1 >= self.least)[:, None]
        sd = np.sqrt(np.maximum(weight, 1e-12))
        z = np.where(tried, self.number[part] / sd, 0.0)
        if family == 0:
            z = self._dearer(z, today)
        raw = np.where(tried, self.raw[part] / sd, 0.0)
        column = np.arange(z.shape[1])
        largest = z[np.abs(z).argmax(axis=0), column]
        place = np.abs(raw).argmax(axis=0)
        one = 1.0 / sd[place, column]
        plain = raw[place, column]
        return largest, np.asarray(self.born[place], np.int32), plain * one, one, plain

    def _dearer(self, z: Floats, today: int) -> Floats:
        """Ask more of short drifts: a year has room for many more of them."""
        age = np.maximum(today - self.born + 1.0, 1.0)
        price = self.price * 2.0 * np.log(np.maximum(self.long_days / age, 1.0))
        return np.sign(z) * np.sqrt(np.maximum(z * z - price[:, None], 0.0))

    def since(self, day: int) -> tuple[Floats, Floats]:
        """Tell the rate, and its standard error, of the drift that began nearest to a day."""
        alive = np.where(self.born >= 0, np.abs(self.born - day), np.inf)
        place = int(alive.argmin())
        weight = self.weight[place]
        known = weight > 1e-9
        return (
            np.where(known, self.raw[place] / np.where(known, weight, 1.0), np.nan),
            np.where(known, 1.0 / np.sqrt(np.where(known, weight, 1.0)), np.nan),
        )


def follow(day: Day, prior: Floats, natures: dict[int, Nature], model: Model) -> Trend:
    """Run filter and scan over all days."""
    n, days = day.value.shape
    out = _columns(n, days)
    nature = natures[0]
    datum_sd, huber = model.number("filter.datum_sd"), model.number("filter.huber")
    stand_in_sd, step = model.number("filter.stand_in_sd"), model.number("filter.datum_step")
    least, settle_days = (
        model.number("filter.reset_least"),
        round(model.number("filter.settle_days")),
    )
    doubtful_clip = model.number("scan.doubtful_clip")
    reset_z, clip = model.number("filter.reset_z"), model.number("scan.clip")
    recent_days = round(model.number("scan.recent_days"))
    suspected = model.number("nature.suspect_z")
    year = model.several("nature.refit_days")[-1]
    suspect_days = round(model.number("nature.suspect_days"))
    state = Filter.new(datum_sd, nature.wander_sd, prior)
    scan = _Scan(len(prior) + 2, n, model)
    ready = ready_days(day)
    h = np.ones((len(prior) + 2, n))
    waiting = np.zeros(n, np.int64)
    last_suspect = np.full(n, -(10**6))
    for today in range(days):
        if today in natures and today:
            # in the first year everything is new, and a restless channel looks suspect
            calm = (today - last_suspect > suspect_days) | (today <= year)
            nature = _taken_over(nature, natures[today], calm)
        state.pass_day(nature.keep, nature.wander_sd, step)
        scan.answer[:, 1] *= nature.keep
        scan.begin(today)
        seen = ready[:, today]
        h[2:] = np.nan_to_num(day.design[:, today]).T
        noise = nature.noise_sd**2 * day.noise_share[:, today]
        noise = noise + (stand_in_sd * day.stand_in[:, today]) ** 2
        expected, variance, along = state.expect(h)
        surprise = np.where(seen, np.nan_to_num(day.value[:, today]) - expected, 0.0)
        waiting = np.where(day.zero[:, today], settle_days, waiting)
        total = np.sqrt(variance + noise)
        # for a few days after a start: its own day may have had too few bins to tell, or a spike
        moved = seen & (waiting > 0) & (np.abs(surprise) > np.maximum(reset_z * total, least))
        moved |= day.anew[:, today]
        waiting -= seen & (waiting > 0)
        if moved.any():
            out["jump"][moved & seen, today] = surprise[moved & seen]
            out["jump_sd"][moved & seen, today] = total[moved & seen]
            state.loosen_datum(moved, datum_sd)
            expected, variance, along = state.expect(h)
            total = np.sqrt(variance + noise)
        weight = np.where(seen, 1.0 / widened(variance, noise, surprise, huber), 0.0)
        left = scan.expect(today, h)
        gain = state.learn(along, weight, surprise)
        most = np.where(day.doubtful[:, today], doubtful_clip, clip) * total
        near = np.clip(surprise, -most, most)
        scan.take(left, gain, surprise, near, np.where(seen, 1.0 / total**2, 0.0))
        out["surprise"][:, today] = np.where(seen & ~moved, surprise, np.nan)
        out["surprise_sd"][:, today] = total
        drift, step_ = scan.best(0, today), scan.best(1, today)
        for name, column in zip(_DRIFT, drift, strict=True):
            out[name][:, today] = column
        for name, column in zip(_STEP, step_, strict=True):
            out[name][:, today] = column
        out["recent"][:, today], out["recent_sd"][:, today] = scan.since(today - recent_days)
        out["level"][:, today] = state.at[0] + state.at[1]
        both = state.spread[0, 0] + state.spread[1, 1] + 2.0 * state.spread[0, 1]
        out["level_sd"][:, today] = np.sqrt(np.maximum(both, 0.0))
        out["weather"][:, today] = np.where(seen, (h[2:] * state.at[2:]).sum(axis=0), np.nan)
        hot = np.maximum(np.abs(drift[0]), np.abs(step_[0])) > suspected
        last_suspect[hot] = today
    return Trend(**out)


def _taken_over(old: Nature, new: Nature, calm: Bools) -> Nature:
    """Take over what was learnt, but for channels that are being suspected."""
    return Nature(
        np.where(calm, new.noise_sd, old.noise_sd),
        np.where(calm, new.wander_sd, old.wander_sd),
        np.where(calm, new.keep, old.keep),
    )


def _columns(n: int, days: int) -> dict[str, NDArray[Any]]:
    whole = {"drift_day", "step_day"}
    return {
        name: np.full((n, days), -1, np.int32) if name in whole else np.full((n, days), np.nan)
        for name in Trend.__dataclass_fields__
    }
