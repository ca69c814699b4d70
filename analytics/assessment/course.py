"""What a channel's history says at the end of each of its days: quality, weather, trend, faults.

Every column is as it was known then: what is said of a day does not change when later days come.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.assessment.covariates import Covariates, covariates
from analytics.assessment.model import Model
from analytics.assessment.nature import Day, learn_natures
from analytics.assessment.quality import Checked, check
from analytics.assessment.series import ChannelSeries, alike
from analytics.assessment.shared import name_drifting, outages
from analytics.assessment.stack import Bools, Stack, stack
from analytics.assessment.symptoms import battery_fade, clock_skew, unit_mixup
from analytics.assessment.trend import Trend, follow
from domain.assessments import FaultBit, Health
from domain.clock import DAY_NS
from domain.readings import Floats

HEALTHS = tuple(Health)
Masks = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class ChannelCourse:
    """One channel, day by day, each column (days,).

    Parameters
    ----------
    score
        0 and more: 1 is where the model's data put the usual price of a false alarm; NaN on days
        on which nothing can be said, because nothing came or the weather is not known.
    drift_z, step_z
        Signed statistics of the likeliest steady drift and step.
    drifting
        The drift, not the step, is what the figures below speak of.
    effect, effect_sd
        Movement beyond the weather since `since`; channel's unit.
    rate, rate_sd
        Rate since then, a day; of the last weeks where nothing stands out.
    since
        int32, day on which it would have begun; -1 where none is tried yet.
    value, level, level_sd, weather
        Day's mean; what is left of it without the weather; what the weather did. Channel's unit.
    surprise
        In standard deviations, NaN where no day was taken in.
    weather_share
        0-1, share of the variance so far that the weather explains; NaN while unknown.
    known
        0-1, share of the day's bins that count.
    learned
        int32, days that were taken in so far.
    faults
        uint16, `FaultBit`s.
    health
        int8, index into `HEALTHS`.
    skew_hours
        Of the clock, NaN where nobody can tell.

    """

    series: ChannelSeries
    concern: float
    score: Floats
    drift_z: Floats
    step_z: Floats
    drifting: Bools
    effect: Floats
    effect_sd: Floats
    rate: Floats
    rate_sd: Floats
    since: NDArray[np.int32]
    value: Floats
    level: Floats
    level_sd: Floats
    weather: Floats
    surprise: Floats
    weather_share: Floats
    known: Floats
    learned: NDArray[np.int32]
    faults: Masks
    health: NDArray[np.int8]
    skew_hours: Floats

    @property
    def days(self) -> int:
        """Tell the days it covers."""
        return len(self.score)

    def day_end_ns(self, day: int) -> int:
        """Tell the end of a day; -1 is the last."""
        return self.series.start_ns + DAY_NS * (day % self.days + 1)


def assess_channels(series: Sequence[ChannelSeries], model: Model) -> list[ChannelCourse]:
    """Judge channels day by day; neighbours that are given together are compared.

    Parameters
    ----------
    series
        In any order; those of one building and one gateway belong into one call.

    Returns
    -------
    list
        One course a series, in their order.

    """
    found: list[ChannelCourse | None] = [None] * len(series)
    chunk = round(model.number("chunk.channels"))
    for group in alike(series):
        if not series[group[0]].days:
            for index in group:
                found[index] = _empty(series[index])
            continue
        for part in _parts(group, series, chunk):
            courses = _judged([series[index] for index in part], model)
            for index, course in zip(part, courses, strict=True):
                found[index] = course
    return [course for course in found if course is not None]


def _parts(group: list[int], series: Sequence[ChannelSeries], chunk: int) -> list[list[int]]:
    """Part a group so that a building stays whole and a part stays small enough for the cache."""
    homes: dict[str, list[int]] = defaultdict(list)
    for index in group:
        one = series[index]
        homes[one.building_id or one.channel_id].append(index)
    parts: list[list[int]] = [[]]
    for home in homes.values():
        if parts[-1] and len(parts[-1]) + len(home) > chunk:
            parts.append([])
        parts[-1].extend(home)
    return parts


def _judged(series: Sequence[ChannelSeries], model: Model) -> list[ChannelCourse]:
    """Run the stages, top to bottom."""
    stacked = stack(series, model)
    mixed = unit_mixup(stacked, model)
    checked = check(stacked, model, mixed)
    wrong_clock, skew = clock_skew(stacked, checked.value, model)
    counted = np.isfinite(checked.near) & ~_before_last_start(stacked.start)
    weather = covariates(stacked, counted, model)
    day, first = daily(stacked, checked, counted, weather, model)
    trend = follow(day, weather.prior, learn_natures(day, weather.prior, model), model)
    faults = checked.faults
    moved = np.isfinite(trend.jump)
    # a zero that is found in the days after people's work is that work's
    _note(faults, moved & ~_after_remount(day), FaultBit.RESTART_OFFSET)
    _note(faults, stacked.remount, FaultBit.REMOUNT)
    _note(faults, mixed, FaultBit.UNIT_MIXUP)
    _note(faults, wrong_clock, FaultBit.CLOCK_SKEW)
    _note(faults, weather.lost, FaultBit.THERMOMETER_LOST)
    _note(faults, battery_fade(stacked, model), FaultBit.BATTERY_FADE)
    dark = outages(stacked, checked.missing, model)
    _note(faults, dark, FaultBit.GATEWAY_OUTAGE)
    faults[dark] &= ~np.uint16(FaultBit.GAP)
    score, drifting = scores(trend, model)
    blind = _blind(checked, model)
    # a season that was not yet seen is the commonest false alarm
    learning = 1.0 - np.minimum(_learned(day) / model.number("health.learning_days"), 1.0)
    score = score / (1.0 + model.number("score.learning_share") * learning)
    score = np.where(blind, np.nan, score)
    name_drifting(stacked.series, score, drifting, faults, model)
    return _courses(stacked, day, first, trend, score, drifting, counted, faults, skew, model)


def daily(
    stacked: Stack, checked: Checked, counted: Bools, weather: Covariates, model: Model
) -> tuple[Day, Floats]:
    """Make the means that the filters take in, in U, and tell the level they begin at."""
    count = counted.sum(axis=2)
    enough = count >= model.number("day.bins_least")
    total = np.where(counted, checked.near, 0.0).sum(axis=2)
    mean = np.where(enough, total / np.maximum(count, 1), np.nan) / stacked.concern[:, None]
    first = np.zeros(len(mean))
    for row, values in enumerate(mean):
        known = values[np.isfinite(values)]
        first[row] = known[0] if len(known) else 0.0
    day = Day(
        value=mean - first[:, None],
        noise_share=counted.shape[2] / np.maximum(count, 1),
        design=weather.design,
        stand_in=weather.stand_in,
        zero=np.asarray(stacked.start.any(axis=2)),
        anew=stacked.remount,
        doubtful=(count < model.number("day.bins_sure_share") * counted.shape[2]) | checked.halting,
    )
    return day, first


def scores(trend: Trend, model: Model) -> tuple[Floats, Bools]:
    """Put drift and step on one scale, and tell which of them it is.

    A drift must last: its least statistic of the last days counts. A step need not.
    """
    drift, step = np.abs(trend.drift_z), np.abs(trend.step_z)
    lasting = drift.copy()
    for back in range(1, round(model.number("score.persist_days"))):
        lasting[:, back:] = np.minimum(lasting[:, back:], drift[:, :-back])
        lasting[:, :back] = 0.0
    of_drift = lasting / model.number("score.drift_z")
    of_step = step / model.number("score.step_z")
    return np.maximum(of_drift, of_step), trend.drift_likelihood >= trend.step_likelihood


def _before_last_start(start: Bools) -> Bools:
    """Find bins of a day whose zero was left behind before the day ended."""
    ahead = np.logical_or.accumulate(start[:, :, ::-1], axis=2)[:, :, ::-1]
    left = np.zeros(start.shape, np.bool_)
    left[:, :, :-1] = ahead[:, :, 1:]
    return left


def _after_remount(day: Day) -> Bools:
    """Tell days whose newest start was people's work on the instrument."""
    place = np.arange(day.zero.shape[1])
    last = np.maximum.accumulate(np.where(day.zero | day.anew, place, -1), axis=1)
    return np.asarray(np.take_along_axis(day.anew, np.maximum(last, 0), axis=1) & (last >= 0))


def _blind(checked: Checked, model: Model) -> Bools:
    """Tell days at whose end nothing usable had come for some days."""
    usable = np.asarray(np.isfinite(checked.value).any(axis=2))
    since = _days_since(usable)
    return np.asarray(since >= model.number("health.blind_days"))


def _learned(day: Day) -> NDArray[np.int32]:
    """Count the days with a value so far."""
    return np.cumsum(np.isfinite(day.value), axis=1).astype(np.int32)


def _days_since(happened: Bools) -> NDArray[np.int64]:
    place = np.arange(happened.shape[1])
    last = np.maximum.accumulate(np.where(happened, place, -(10**6)), axis=1)
    return np.asarray(place - last, np.int64)


def _healths(
    known: Floats, learned: NDArray[np.int32], faults: Masks, model: Model
) -> NDArray[np.int8]:
    """Tell each day's health, the worst that holds."""
    ailing = np.uint16(
        FaultBit.STUCK
        | FaultBit.OUT_OF_RANGE
        | FaultBit.CLOCK_SKEW
        | FaultBit.UNIT_MIXUP
        | FaultBit.THERMOMETER_LOST
        | FaultBit.BATTERY_FADE
        | FaultBit.SENSOR_DRIFT
        | FaultBit.GAP
        | FaultBit.GATEWAY_OUTAGE
    )
    recent = _days_since((faults & ailing) > 0) < model.number("health.degraded_days")
    blind = _days_since(known > 0) >= model.number("health.blind_days")
    health = np.full(known.shape, HEALTHS.index(Health.OK), np.int8)
    health[learned < model.number("health.learning_days")] = HEALTHS.index(Health.LEARNING)
    health[recent] = HEALTHS.index(Health.DEGRADED)
    health[blind] = HEALTHS.index(Health.BLIND)
    return health


def _weather_shares(day: Day, trend: Trend, model: Model) -> Floats:
    """Tell what share of the variance so far the weather explains; moved zeros left out."""
    zeros = np.cumsum(np.nan_to_num(trend.jump), axis=1)
    rest = day.value - zeros - trend.weather
    known = np.isfinite(rest)
    count = np.cumsum(known, axis=1)

    def variance(column: Floats) -> Floats:
        clean = np.where(known, column, 0.0)
        total, squares = np.cumsum(clean, axis=1), np.cumsum(clean * clean, axis=1)
        many = np.maximum(count, 1)
        return np.asarray(np.maximum(squares / many - (total / many) ** 2, 0.0))

    of_weather, of_rest = variance(trend.weather), variance(rest)
    both = of_weather + of_rest
    enough = (count >= model.number("weather.share_days")) & (both > 0.0)
    return np.where(enough, of_weather / np.where(both > 0.0, both, 1.0), np.nan)


def _courses(
    stacked: Stack,
    day: Day,
    first: Floats,
    trend: Trend,
    score: Floats,
    drifting: Bools,
    counted: Bools,
    faults: Masks,
    skew: Floats,
    model: Model,
) -> list[ChannelCourse]:
    """Turn U into the channels' units and part the rows."""
    unit = stacked.concern[:, None]
    effect, effect_sd = trend.effect * unit, trend.effect_sd * unit
    stands_out = drifting & (score >= model.number("score.said"))
    rate = np.where(stands_out, trend.rate, trend.recent) * unit
    rate_sd = np.where(stands_out, trend.rate_sd, trend.recent_sd) * unit
    since = np.where(drifting, trend.drift_day, trend.step_day).astype(np.int32)
    known = counted.mean(axis=2)
    learned = _learned(day)
    health = _healths(known, learned, faults, model)
    shares = _weather_shares(day, trend, model)
    value, level = (day.value + first[:, None]) * unit, (trend.level + first[:, None]) * unit
    level_sd, weather = trend.level_sd * unit, trend.weather * unit
    surprise = trend.surprise / trend.surprise_sd
    return [
        ChannelCourse(
            series=one,
            concern=float(stacked.concern[row]),
            score=score[row],
            drift_z=trend.drift_z[row],
            step_z=trend.step_z[row],
            drifting=drifting[row],
            effect=effect[row],
            effect_sd=effect_sd[row],
            rate=rate[row],
            rate_sd=rate_sd[row],
            since=since[row],
            value=value[row],
            level=level[row],
            level_sd=level_sd[row],
            weather=weather[row],
            surprise=surprise[row],
            weather_share=shares[row],
            known=known[row],
            learned=learned[row],
            faults=faults[row],
            health=health[row],
            skew_hours=skew[row],
        )
        for row, one in enumerate(stacked.series)
    ]


def _empty(one: ChannelSeries) -> ChannelCourse:
    columns: dict[str, NDArray[np.float64]] = {
        name: np.empty(0)
        for name, field in ChannelCourse.__dataclass_fields__.items()
        if name not in {"series", "concern"} and field
    }
    return ChannelCourse(series=one, concern=1.0, **columns)  # type: ignore[arg-type]


def _note(faults: Masks, days: Bools, bit: FaultBit) -> None:
    faults[days] |= np.uint16(bit)
