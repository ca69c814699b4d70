"""Growth and rate of a point, of one axis or two, as a limit row asks for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import hypot, isfinite, sqrt

import numpy as np
from scipy.special import ndtri

from analytics.compensation import Slope, slope
from analytics.course import Course
from domain.clock import DAY_NS
from domain.limits import Limit
from domain.readings import Floats

DAYS_OF_MONTH = 30.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its confidence interval; `low` is what is held against the limit."""

    value: float
    low: float
    high: float
    window_ns: int


def growth(courses: Sequence[Course], bin_ns: int, confidence: float) -> Measured | None:
    """Measure the growth in the newest bin; two axes together as the root of squares."""
    grown = [course.newest for course in courses]
    if not all(map(isfinite, grown)):
        return None
    value = grown[0] if len(grown) == 1 else hypot(*grown)
    half = _normal_margin(confidence) * max(course.error for course in courses)
    return Measured(value, value - half, value + half, bin_ns)


@lru_cache(8)
def _normal_margin(confidence: float) -> float:
    return float(ndtri(0.5 + confidence / 2))


class Rates:
    """Measures the rates that limit rows ask for, each stretch once.

    Parameters
    ----------
    courses
        One a axis of the point.
    numbers
        Steering numbers of the profile.

    """

    def __init__(self, courses: Sequence[Course], numbers: Mapping[str, float]) -> None:
        self._courses, self._numbers = courses, numbers
        self._per_day = round(24 / numbers["compensation.bin_h"])
        self._known: dict[tuple[int, int], list[Slope] | None] = {}
        self._rough: dict[int, float] = {}

    def of(self, row: Limit) -> Measured | None:
        """Measure the rate of a row; `None` while its window is not covered.

        A row over several months must hold in each of them, going the same way; a row over
        several days must be shown by each of them and not by one alone.
        """
        conditions = dict(row.applies)
        window = round(float(conditions["window_days"]) * self._per_day)
        months = int(conditions.get("months", 1))
        days = int(conditions.get("days", 0))
        factor = self._per_day * (DAYS_OF_MONTH if row.unit.endswith("/month") else 1.0)
        spans = [self._slopes(window, back * window) for back in range(months)]
        stretches = [span for span in spans if span is not None]
        if len(stretches) < months:
            return None
        newest = stretches[0]
        for older in stretches[1:]:
            along = sum(a.per_bin * b.per_bin for a, b in zip(newest, older, strict=True))
            if along <= 0:
                return Measured(0.0, 0.0, 0.0, months * window * DAY_NS // self._per_day)
        intervals = [_interval(span, self._numbers["rate.confidence"]) for span in stretches]
        value, _, high = intervals[0]
        low = min(interval[1] for interval in intervals)
        if days and not self._each_day(days, low * self._numbers["rate.daily_share"], newest):
            low = 0.0
        window_ns = months * window * DAY_NS // self._per_day
        return Measured(value * factor, low * factor, high * factor, window_ns)

    def worth_a_look(self, row: Limit) -> bool:
        """Tell cheaply whether a row can be reached: last third against first third.

        The lower bound of a rate lies under its point estimate, and that close to this figure;
        rows that it misses by far need no regression.
        """
        conditions = dict(row.applies)
        window = round(float(conditions["window_days"]) * self._per_day)
        factor = self._per_day * (DAYS_OF_MONTH if row.unit.endswith("/month") else 1.0)
        if window not in self._rough:
            self._rough[window] = hypot(*(_rough(c.values, window) for c in self._courses))
        return self._rough[window] * factor >= self._numbers["rate.look_share"] * row.value

    def _each_day(self, days: int, wanted_per_bin: float, along: list[Slope]) -> bool:
        """Tell whether each of the last days moved the same way, at least so fast."""
        length = sqrt(sum(s.per_bin**2 for s in along)) or 1.0
        for back in range(days):
            day = self._slopes(self._per_day, back * self._per_day)
            if day is None:
                return False
            same_way = sum(a.per_bin * b.per_bin for a, b in zip(day, along, strict=True)) / length
            if same_way < wanted_per_bin:
                return False
        return True

    def _slopes(self, window: int, back: int) -> list[Slope] | None:
        if (window, back) not in self._known:
            self._known[window, back] = self._measured(window, back)
        return self._known[window, back]

    def _measured(self, window: int, back: int) -> list[Slope] | None:
        slopes = []
        for course in self._courses:
            end = len(course.values) - back
            if end < window:
                return None
            values = course.values[end - window : end]
            rows = np.flatnonzero(np.isfinite(values))
            if len(rows) < self._numbers["compensation.share"] * window:
                return None
            if rows[-1] - rows[0] + 1 < self._numbers["rate.span"] * window:
                return None
            regressors = (
                None if course.regressors is None else course.regressors[end - window : end]
            )
            starts = [start - (end - window) for start in course.starts]
            made = slope(values, regressors, course.covariance, starts)
            if made is None:
                return None
            slopes.append(made)
        return slopes


def _rough(values: Floats, window: int) -> float:
    """Tell a rough rate per bin of the last bins; 0 when they do not reach back."""
    third = max(window // 3, 2)
    early = values[-window : third - window]
    late = values[-third:]
    early, late = early[np.isfinite(early)], late[np.isfinite(late)]
    if len(values) < window or not len(early) or not len(late):
        return 0.0
    return float(late.mean() - early.mean()) / (window - third)


def _interval(slopes: Sequence[Slope], confidence: float) -> tuple[float, float, float]:
    """Tell rate and confidence interval of a point; two axes as the length of their vector."""
    if len(slopes) == 1:
        value, half = slopes[0].per_bin, slopes[0].margin(confidence)
        return value, value - half, value + half
    value = sqrt(sum(s.per_bin**2 for s in slopes))
    halves = [s.margin(confidence) for s in slopes]
    if value == 0.0:
        return 0.0, -max(halves), max(halves)
    half = sqrt(sum((s.per_bin * h) ** 2 for s, h in zip(slopes, halves, strict=True))) / value
    # the length of a noisy vector is never negative: what noise alone makes of it is no rate
    half = max(half, min(halves))
    return value, value - half, value + half
