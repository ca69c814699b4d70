"""Air, sun and rain over one building for years, at equal steps: the world's weather in columns."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from domain.clock import HOUR_NS
from domain.readings import Floats, Int64s
from simulators.weather import LOCAL_OFFSET_NS
from simulators.world_ranges import SkyRanges

_DAYS_OF_YEAR = 365.2425


@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """Weather at the middle of each bin.

    Parameters
    ----------
    air
        (n,) float64, °C.
    sun
        (n,) float64, 0 to 1: what reaches a wall of what a clear midsummer noon gives.
    rain
        (n,) float64, mm in the bin.
    step_hours
        Length of a bin.

    """

    air: Floats
    sun: Floats
    rain: Floats
    step_hours: float


def make_sky(
    ranges: SkyRanges, random: np.random.Generator, start_ns: int, steps: int, step_hours: float
) -> Sky:
    """Draw a weather; `random` decides everything that the calendar does not."""
    at = start_ns + (np.arange(steps) + 0.5) * step_hours * HOUR_NS
    hour = (at + LOCAL_OFFSET_NS) / HOUR_NS
    day: Int64s = np.floor(hour / 24).astype(np.int64)
    hour_of_day, day_of_all = hour % 24, day - day[0]
    days = int(day_of_all[-1]) + 1
    # 1970-01-01 was day 1 of its year
    of_year = np.asarray((day[0] + np.arange(days) + 1) % _DAYS_OF_YEAR, np.float64)
    rain_daily = _rain(ranges, random, of_year)
    cloud = np.where(rain_daily > 0.0, 1.0, 0.6 * random.random(days))[day_of_all]
    swing = random.uniform(*ranges.diurnal_c, days)[day_of_all] * (1.0 - 0.5 * cloud)
    air = ranges.mean_c + swing * np.cos(2 * np.pi * (hour_of_day - ranges.warmest_hour) / 24)
    air += (ranges.annual_c * _yearly(of_year, ranges.warmest_day))[day_of_all]
    air += ranges.fronts_sd_c * red_noise(random, steps, ranges.fronts_hours / step_hours)
    anomaly_steps = ranges.anomaly_days * 24 / step_hours
    air += ranges.anomaly_sd_c * red_noise(random, steps, anomaly_steps)
    height = (0.75 + 0.25 * _yearly(of_year, ranges.warmest_day - 33))[day_of_all]
    noon = np.clip(np.cos(2 * np.pi * (hour_of_day - 12.5) / 24), 0.0, None)
    return Sky(
        np.asarray(air),
        np.asarray(height * noon * (1.0 - ranges.cloud_share * cloud)),
        np.asarray(rain_daily[day_of_all] * step_hours / 24),
        step_hours,
    )


def red_noise(random: np.random.Generator, steps: int, memory_steps: float) -> Floats:
    """Draw a first-order autoregression of standard deviation 1, stationary from the first step."""
    keep = float(np.exp(-1.0 / memory_steps))
    shocks = random.standard_normal(steps) * np.sqrt(1.0 - keep**2)
    shocks[0] /= np.sqrt(1.0 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], shocks))


def lagged(values: Floats, lag_hours: float, step_hours: float) -> Floats:
    """Put values behind a first-order lag that has forgotten how it began."""
    keep = float(np.exp(-step_hours / lag_hours))
    # it begins at the mean of its first memory: nearer than the first value alone
    head = float(values[: max(1, round(2 * lag_hours / step_hours))].mean())
    behind, _ = lfilter([1.0 - keep], [1.0, -keep], values, zi=[keep * head])
    return np.asarray(behind)


def _yearly(of_year: Floats, top_day: float) -> Floats:
    return np.asarray(np.cos(2 * np.pi * (of_year - top_day) / _DAYS_OF_YEAR))


def _rain(ranges: SkyRanges, random: np.random.Generator, of_year: Floats) -> Floats:
    low, high = ranges.wet_share
    season = 0.5 + 0.5 * _yearly(of_year, ranges.wettest_day)
    wet = low + (high - low) * season**2
    # spells: a day is likelier wet after a wet one, with the same share in the long run
    chance = random.random(len(of_year))
    falls = np.zeros(len(of_year), bool)
    for day, share in enumerate(wet.tolist()):
        before = falls[day - 1] if day else False
        falls[day] = chance[day] < (share + 0.35 * (1.0 - share) if before else 0.65 * share)
    return np.where(falls, random.gamma(0.8, ranges.rain_mm / 0.8, len(of_year)), 0.0)
