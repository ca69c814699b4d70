"""Findings: what a rule saw, with all that is needed to check it; and what models suspect."""

from dataclasses import dataclass
from enum import StrEnum

from domain.limits import Level


class SuspectedGrade(StrEnum):
    """What the models suspect; never A or B, which would declare a house safe.

    It is a type of its own: no code path turns it into `Grade`.
    """

    NONE = "none"
    C = "suspected C"
    D = "suspected D"
    CANNOT_JUDGE = "cannot judge"


class Cause(StrEnum):
    """What moved or failed; a building, or the installation, has at most one open alert for each.

    From `SPOOL_NEAR_LIMIT` on they speak of the installation itself, never of a building.
    """

    TILT = "tilt"
    SETTLEMENT = "settlement"
    CRACK = "crack"
    VIBRATION = "vibration"
    WATCH = "watch"
    RESTART = "restart"
    ASSESSMENT = "assessment"
    CHECK_UP = "check_up"
    SPOOL_NEAR_LIMIT = "spool_near_limit"
    SPOOL_WRITE_FAILED = "spool_write_failed"
    READINGS_STORE_AWAY = "readings_store_away"
    BROKER_AWAY = "broker_away"
    ROLE_SILENT = "role_silent"
    DISK_LOW = "disk_low"
    NOTICES_STUCK = "notices_stuck"

    @property
    def of_installation(self) -> bool:
        """Tell whether it speaks of the installation."""
        return self in _OF_INSTALLATION


_OF_INSTALLATION = frozenset(
    {
        Cause.SPOOL_NEAR_LIMIT,
        Cause.SPOOL_WRITE_FAILED,
        Cause.READINGS_STORE_AWAY,
        Cause.BROKER_AWAY,
        Cause.ROLE_SILENT,
        Cause.DISK_LOW,
        Cause.NOTICES_STUCK,
    }
)


class Compensation(StrEnum):
    """How far the weather was taken out of a value."""

    NOT_NEEDED = "not needed"
    ABSENT = "absent"
    IMMATURE = "immature"
    MATURE = "mature"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's state changed at one point: it reached a level, moved to another, or is over.

    Parameters
    ----------
    id
        The same for the same evidence, so that judging twice is seen once.
    rule
        Id of the limit row, such as `tilt.total.h24`.
    subject
        Id of the sensor (point), gateway or building it is about.
    subject_name
        What people call the subject: `C-03 东墙 2 层`.
    level
        Level that now holds; `NONE` when the condition is over.
    at_ns
        Moment of the deciding reading, by the instrument's clock.
    value, limit
        In `unit`; at `NONE` the limit is the one that is no longer reached.
    window_ns
        Length of time that the value speaks of, 0 for a single reading.
    started_ns
        First reading of the run that led here: since when it holds.
    capped
        The level would have been higher, but the compensation is not mature.
    details
        Further figures by name: interval of a rate, readings used, both axes, …

    """

    id: str
    building_id: str
    cause: Cause
    rule: str
    subject: str
    subject_name: str
    channels: tuple[str, ...]
    level: Level
    at_ns: int
    value: float
    limit: float
    unit: str
    window_ns: int
    started_ns: int
    source: str
    certainty: str
    profile: str
    compensation: Compensation = Compensation.NOT_NEEDED
    capped: bool = False
    details: tuple[tuple[str, float | str], ...] = ()
