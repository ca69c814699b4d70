"""Assessments: what the slow analysis makes of a channel's and a building's history.

A verdict speaks of one channel, an assessment of one building. Neither is a grade: the suspected
grade is a type of its own (`domain.findings.SuspectedGrade`), and only an appraisal sets a grade.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag, StrEnum

from domain.findings import SuspectedGrade
from domain.fleet import SensorHealth as Health
from domain.ids import same_id

__all__ = [
    "Fault",
    "Health",
    "Reason",
    "RiskAssessment",
    "SharedCause",
    "SuspectedGrade",
    "Verdict",
    "assessment_id",
    "faults_of",
]


class Fault(StrEnum):
    """What ails an instrument, its clock, its power or its line, as far as its data show it."""

    SPIKES = "spikes"
    OUT_OF_RANGE = "out_of_range"
    STUCK = "stuck"
    GAP = "gap"
    RESTART_OFFSET = "restart_offset"
    REMOUNT = "remount"
    SENSOR_DRIFT = "sensor_drift"
    CLOCK_SKEW = "clock_skew"
    UNIT_MIXUP = "unit_mixup"
    THERMOMETER_LOST = "thermometer_lost"
    GATEWAY_OUTAGE = "gateway_outage"
    BATTERY_FADE = "battery_fade"

    @property
    def bit(self) -> "FaultBit":
        """Tell its bit in a mask of faults."""
        return FaultBit[self.name]


class FaultBit(IntFlag):
    """The same faults as bits, for columns of days."""

    SPIKES = 1
    OUT_OF_RANGE = 2
    STUCK = 4
    GAP = 8
    RESTART_OFFSET = 16
    REMOUNT = 32
    SENSOR_DRIFT = 64
    CLOCK_SKEW = 128
    UNIT_MIXUP = 256
    THERMOMETER_LOST = 512
    GATEWAY_OUTAGE = 1024
    BATTERY_FADE = 2048


def faults_of(mask: int) -> tuple[Fault, ...]:
    """Name the faults of a mask.

    Examples
    --------
    >>> [fault.value for fault in faults_of(5)]
    ['spikes', 'stuck']

    """
    return tuple(fault for fault in Fault if mask & fault.bit)


class SharedCause(StrEnum):
    """What moves many sensors at once without any one building moving."""

    GATEWAY = "gateway"
    DISTRICT = "district"
    WEATHER = "weather"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one channel's history says at the end of a day.

    Parameters
    ----------
    channel_id, kind, unit
        The measured quantity; `unit` is that of the figures below.
    at_ns
        End of the newest day that was used.
    effect, low, high
        Movement beyond the weather since `since_ns`, with its 95 % interval.
    rate_per_day, rate_low, rate_high
        Mean rate of the last weeks beyond the weather, with its 95 % interval.
    since_ns
        When the movement began; `None` when nothing stands out.
    z
        Statistic of the main detector, calibrated: 1 false alarm has the same price everywhere.
    evidence
        0-1, how strongly the channel speaks for movement.
    weather_share
        0-1, share of the variance that temperature and rain explain; `None` when unknown.
    health
        Of the instrument as the analysis sees it.
    learning_days
        Days with data that were learnt from, of a year.
    faults
        Faults that were named in the days that matter.
    confidence
        0-1, how much the data and the compensation allow to say at all.
    details
        Further figures by name.

    """

    channel_id: str
    kind: str
    unit: str
    at_ns: int
    effect: float
    low: float
    high: float
    rate_per_day: float
    rate_low: float
    rate_high: float
    since_ns: int | None
    z: float
    evidence: float
    weather_share: float | None
    health: Health
    learning_days: int
    faults: tuple[Fault, ...] = ()
    confidence: float = 1.0
    details: tuple[tuple[str, float | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a score, as a key of the words catalogue and figures.

    Parameters
    ----------
    key
        What is said, `reason.moving`; the words stand in a catalogue in both languages.
    subject
        Channel or sensor it is about; empty for the building.
    value, low, high
        Figure with its interval, in `unit`; `None` where the reason has none.
    weight
        Points of the score that it accounts for.

    """

    key: str
    subject: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    since_ns: int | None = None
    weight: float = 0.0
    details: tuple[tuple[str, float | str], ...] = ()


@dataclass(frozen=True, slots=True)
class RiskAssessment:
    """What the models think of a building at a moment.

    Parameters
    ----------
    id
        The same for the same building, moment and model: assessing twice is seen once.
    model
        Name and version of the model's data file.
    profile
        Name and version of the limit profile.
    score, low, high
        0-100, higher is worse, with its interval.
    suspected
        Never A or B.
    quality_percent
        0-100, how much of what should be known is known.
    reasons
        The three that weigh most, heaviest first.
    would_change
        What would narrow the interval or move the score, most telling first.
    novelty
        0-1, how unlike the healthy days the building's course is; no part of the score.

    """

    id: str
    building_id: str
    at_ns: int
    model: str
    profile: str
    score: float
    low: float
    high: float
    suspected: SuspectedGrade
    quality_percent: float
    reasons: tuple[Reason, ...] = ()
    would_change: tuple[Reason, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    novelty: float | None = None
    shared: tuple[SharedCause, ...] = ()
    details: tuple[tuple[str, float | str], ...] = ()


def assessment_id(building_id: str, at_ns: int, model: str, profile: str) -> str:
    """Make the id that the same building, moment and versions always give."""
    return same_id("assessment", building_id, at_ns, model, profile)


def worst_health(healths: Iterable[Health]) -> Health:
    """Tell the worst of some healths; `OK` for none."""
    order = list(Health)
    return max(healths, key=order.index, default=Health.OK)
