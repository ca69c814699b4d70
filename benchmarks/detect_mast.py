"""The guyed mast's own frequencies: what the correction leaves, injected falls, false alarms.

Three weeks are short: they tell whether the methods hold on a real structure's scatter, and of
false alarms next to nothing.
"""

from dataclasses import dataclass

import numpy as np

from analytics.assessment.series import AMPLITUDE, ChannelSeries
from benchmarks import ours
from benchmarks.alarms import Range, delays, episodes, median_days, share_found
from benchmarks.detect_delay import Score
from benchmarks.detect_real import injected, poisson_range
from benchmarks.real_series import Mast
from domain.readings import Floats

#: days that are learnt from before anything counts, about half of the record
LEARNING_DAYS = 10
#: days that an event is watched for at least
_LEFT_DAYS = 5
#: what is put on the series, by name: event and size in %
EVENTS = {"1 % step": ("step", 1.0), "2 % step": ("step", 2.0), "1 % in 30 d": ("drift", 1.0)}


@dataclass(frozen=True, slots=True)
class MastOutcome:
    """What a way of scoring did on the mast.

    Parameters
    ----------
    left_days
        Days for which the falls were watched, least and most.

    """

    alarms: int
    sensor_years: float
    rate: Range
    days: dict[str, Range]
    found: dict[str, Range]
    injected: int
    left_days: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Scatter:
    """Of one band on the half of the record that nothing was learnt from, in %.

    Parameters
    ----------
    raw, left
        Two-hour bins: from the mean of the first half, and from what regression on temperature and
        swing in the first half says.
    daily_raw, daily_left
        Standard deviation of days, as they came and without what the product calls the weather.

    """

    channel_id: str
    raw: float
    left: float
    daily_raw: float
    daily_left: float


def mast_outcome(score: Score, found: Mast, threshold: float) -> MastOutcome:
    """Count alarms after the learning, then let frequencies fall from each day on, in each band."""
    days = min(one.days for one in found.series)
    starts = range(LEARNING_DAYS, days - _LEFT_DAYS + 1)
    calm = np.stack([score([one])[0, LEARNING_DAYS:days] for one in found.series])
    alarms = int(episodes(calm, threshold).sum())
    years = float(np.isfinite(calm).sum() / 365.0)
    late: dict[str, Floats] = {}
    for name, (event, percent) in EVENTS.items():
        pairs = [(one, start) for one in found.series for start in starts]
        made = score([injected(one, event, start, -percent) for one, start in pairs])
        late[name] = delays(made, threshold, np.array([start for _, start in pairs]), days)
    return MastOutcome(
        alarms,
        years,
        poisson_range(alarms, years),
        {name: median_days(one) for name, one in late.items()},
        {name: share_found(one) for name, one in late.items()},
        len(starts) * len(found.series),
        (_LEFT_DAYS, days - LEARNING_DAYS),
    )


def scatters(found: Mast) -> list[Scatter]:
    """Tell what the correction leaves on the half that it has not seen."""
    return [_scatter(one) for one in found.series]


def _scatter(one: ChannelSeries) -> Scatter:
    half = one.days // 2
    place = half * one.per_day
    columns = (np.ones(len(one.value)), one.covariates["own"], one.covariates[AMPLITUDE])
    design = np.column_stack(columns)
    known = np.isfinite(one.value) & np.isfinite(design).all(axis=1)
    seen, unseen = known.copy(), known.copy()
    seen[place:], unseen[:place] = False, False
    response, *_ = np.linalg.lstsq(design[seen], one.value[seen])
    (course,) = ours.courses([one])
    value, weather = course.value[half:], course.weather[half:]
    return Scatter(
        one.channel_id,
        _rms(one.value[unseen] - one.value[seen].mean()),
        _rms(one.value[unseen] - design[unseen] @ response),
        float(np.nanstd(np.where(np.isfinite(weather), value, np.nan))),
        float(np.nanstd(value - weather)),
    )


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
