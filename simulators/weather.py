"""Air and wall temperature of a Nanchang-like city: a function of the moment for a seed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from domain.clock import DAY_NS, HOUR_NS
from domain.readings import Floats, Int64s
from simulators.noise import key_of, normal, uniform
from simulators.ranges import Ranges, ranges

LOCAL_OFFSET_NS = 8 * HOUR_NS  # Asia/Shanghai has had no summer time since 1991
_DAYS_OF_YEAR = 365.2425

#: °C added to the air at moments (n,) int64, ns
AirChange = Callable[[Int64s], Floats]


@dataclass(frozen=True, slots=True)
class Weather:
    """Temperature at any moment.

    Parameters
    ----------
    seed
        Two weathers of one seed are the same.
    changes
        What scenarios add to the air: a cold snap.

    """

    seed: int
    changes: tuple[AirChange, ...] = ()
    settings: Ranges | None = None

    def air(self, at: Int64s) -> Floats:
        """Tell the air temperature, °C, linear between whole hours.

        Parameters
        ----------
        at
            (n,) int64, ns since 1970 UTC, in any order.

        """
        return self._between_hours(at, 0)

    def wall(self, at: Int64s) -> Floats:
        """Tell the wall temperature, °C: the air behind a first-order lag."""
        lag = self._settings().wall_lag_hours
        return self._between_hours(at, round(10 * lag))

    def _settings(self) -> Ranges:
        return self.settings or ranges()

    def _between_hours(self, at: Int64s, memory: int) -> Floats:
        if not len(at):
            return np.empty(0)
        first = int(at.min()) // HOUR_NS
        hours = np.arange(first - memory, int(at.max()) // HOUR_NS + 2, dtype=np.int64)
        values = self._hourly_air(hours)
        if memory:
            weights = np.exp(-np.arange(memory + 1) / self._settings().wall_lag_hours)
            values = np.convolve(values, weights / weights.sum(), "valid")
        at_hours = at / HOUR_NS - first
        return np.interp(at_hours, np.arange(len(values)), values)

    def _hourly_air(self, hours: Int64s) -> Floats:
        climate = self._settings().climate
        local = hours + LOCAL_OFFSET_NS // HOUR_NS
        day = local // 24
        # 1970-01-01 was day 1 of its year
        of_year = 2 * np.pi * (day + 1 - climate.warmest_day) / _DAYS_OF_YEAR
        low, high = climate.diurnal_c
        swing = low + (high - low) * uniform(key_of(self.seed, "swing"), day)
        of_day = 2 * np.pi * (local % 24 - climate.warmest_hour) / 24
        air = climate.mean_c + climate.annual_c * np.cos(of_year) + swing * np.cos(of_day)
        air += climate.fronts_sd_c * self._fronts(hours)
        for change in self.changes:
            air = air + change(hours * HOUR_NS)
        return np.asarray(air)

    def _fronts(self, hours: Int64s) -> Floats:
        # AR(1) written as a long weighted sum of hourly shocks, so that it has no beginning
        climate = self._settings().climate
        taps = round(8 * climate.fronts_hours)
        weights = np.exp(-np.arange(taps + 1) / climate.fronts_hours)
        weights /= np.sqrt((weights**2).sum())
        shocks = np.arange(hours[0] - taps, hours[-1] + 1, dtype=np.int64)
        return np.convolve(normal(key_of(self.seed, "fronts"), shocks), weights, "valid")


def days_since(start_ns: int, at: Int64s) -> Floats:
    """Tell the days from a start to each moment; negative before it."""
    return np.asarray((at - start_ns) / DAY_NS)
