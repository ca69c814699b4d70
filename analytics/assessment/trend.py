"""The main detector day by day: structural filter and scan run over a channel's history."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.assessment.kalman import Filter, widened
from analytics.assessment.model import Model
from analytics.assessment.nature import Day, Nature, ready_days
from analytics.assessment.scan import Ints, Scan
from analytics.assessment.stack import Bools
from domain.readings import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """What each day showed, (n, days) each, in U; as it was known at the end of that day.

    Parameters
    ----------
    drift_z, step_z
        Signed statistics of drift and step, in which no day counts for more than so much.
    drift_likelihood, step_likelihood
        Of the likeliest drift and step, every day as it was: which of them it is.
    drift_day, step_day
        Day on which it would have begun.
    rate, rate_sd
        Of that drift, a day.
    step, step_sd
        Size of that step.
    effect, effect_sd
        Movement since it began, whichever of the two it is and whenever that was.
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
    drift_likelihood: Floats
    step_z: Floats
    step_day: Ints
    step: Floats
    step_sd: Floats
    step_likelihood: Floats
    effect: Floats
    effect_sd: Floats
    recent: Floats
    recent_sd: Floats
    level: Floats
    level_sd: Floats
    weather: Floats
    surprise: Floats
    surprise_sd: Floats
    jump: Floats
    jump_sd: Floats


_DRIFT = ("drift_z", "drift_day", "rate", "rate_sd", "drift_likelihood")
_STEP = ("step_z", "step_day", "step", "step_sd", "step_likelihood")


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
    scan = Scan(len(prior) + 2, n, model)
    ready = ready_days(day)
    h = np.ones((len(prior) + 2, n))
    waiting = np.zeros(n, np.int64)
    last, again = np.zeros(n), model.number("filter.again")
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
        counted = widened(variance, noise, surprise, last, huber, again)
        weight = np.where(seen, 1.0 / counted, 0.0)
        last = np.where(moved, 0.0, np.where(seen, surprise / total, last))
        left = scan.expect(today, h)
        gain = state.learn(along, weight, surprise)
        most = np.where(day.doubtful[:, today], doubtful_clip, clip) * total
        near = np.clip(surprise, -most, most)
        scan.take(today, left, gain, surprise, near, np.where(seen, 1.0 / total**2, 0.0))
        out["surprise"][:, today] = np.where(seen & ~moved, surprise, np.nan)
        out["surprise_sd"][:, today] = total
        for family, names in enumerate((_DRIFT, _STEP)):
            found = (scan.statistic(family, today), *scan.likeliest(family, today))
            for name, column in zip(names, found, strict=True):
                out[name][:, today] = column
        out["effect"][:, today], out["effect_sd"][:, today] = scan.moved(today)
        out["recent"][:, today], out["recent_sd"][:, today] = scan.since(today - recent_days)
        out["level"][:, today] = state.at[0] + state.at[1]
        both = state.spread[0, 0] + state.spread[1, 1] + 2.0 * state.spread[0, 1]
        out["level_sd"][:, today] = np.sqrt(np.maximum(both, 0.0))
        out["weather"][:, today] = np.where(seen, (h[2:] * state.at[2:]).sum(axis=0), np.nan)
        drift_z, step_z = out["drift_z"][:, today], out["step_z"][:, today]
        hot = np.maximum(np.abs(drift_z), np.abs(step_z)) > suspected
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
