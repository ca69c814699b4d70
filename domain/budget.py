"""The false-alarm budget: how many pages a month the safety office wants, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

DAYS_OF_MONTH = 30.4375
MONTHS_OF_YEAR = 12.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What somebody set from a moment on.

    Parameters
    ----------
    pages_a_month
        False alarms a month that the whole office is willing to answer.

    """

    set_at_ns: int
    pages_a_month: float
    by: str


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of the benchmark's curve: what a threshold costs.

    Parameters
    ----------
    threshold
        Of the main detector's calibrated statistic.
    false_alarms
        A sensor-year, measured on healthy series.
    delays
        Median days to alarm by kind of movement: `step`, `drift`, `slow`, `acceleration`;
        `None`: fewer than half were found.

    """

    threshold: float
    false_alarms: float
    delays: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """The measured curve with where it comes from; without points nothing was measured."""

    points: tuple[CurvePoint, ...] = ()
    model: str = ""
    measured_on: str = ""
    sensor_years: float = 0.0


@dataclass(frozen=True, slots=True)
class Price:
    """What a budget comes to.

    Parameters
    ----------
    false_alarms
        A sensor-year that the budget allows.
    point
        The most sensitive point of the curve that stays within it; `None`: not measured, or the
        budget is tighter than all that was measured.

    """

    sensors: int
    false_alarms: float | None
    point: CurvePoint | None


def price_of(budget: Budget | None, sensors: int, curve: Curve) -> Price:
    """Tell what a budget allows a sensor, and the threshold that follows from it.

    Examples
    --------
    >>> curve = Curve((CurvePoint(3, 0.5, ()), CurvePoint(4, 0.1, ())))
    >>> price = price_of(Budget(0, 2.0, "duty"), 120, curve)
    >>> price.false_alarms, price.point.threshold
    (0.2, 4)
    >>> price_of(Budget(0, 2.0, "duty"), 1200, curve).point is None
    True

    """
    if budget is None or sensors <= 0:
        return Price(sensors, None, None)
    allowed = budget.pages_a_month * MONTHS_OF_YEAR / sensors
    within = [point for point in curve.points if point.false_alarms <= allowed]
    point = min(within, key=lambda one: one.threshold, default=None)
    return Price(sensors, allowed, point)


class BudgetStore(Protocol):
    """Keeps budgets; rows are only ever added."""

    def set_budget(self, budget: Budget) -> None:
        """Keep a new budget; the older ones stay."""
        ...

    def budgets(self) -> Sequence[Budget]:
        """List every budget that was ever set, newest first."""
        ...
