"""Alerts (预警), what happened to them, and the notices that tell people."""

from dataclasses import dataclass
from enum import StrEnum

from domain.findings import Cause
from domain.limits import Level

#: stands for the installation where an alert names its building; no building has an empty id
INSTALLATION = ""


class AlertState(StrEnum):
    """Where an alert stands with people."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class EventKind(StrEnum):
    """What happened to an alert."""

    OPENED = "opened"
    RAISED = "raised"
    LOWERED = "lowered"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    CLOSE_PROPOSED = "close proposed"
    CLOSED = "closed"
    REOPENED = "reopened"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Contribution:
    """One rule at one subject that holds an alert up; `level` may since be `NONE`.

    Parameters
    ----------
    immature
        The weather was not yet taken out of the value as it should be: no ground for more than
        yellow, however many points agree.

    """

    rule: str
    subject: str
    subject_name: str
    level: Level
    finding_id: str
    at_ns: int
    value: float
    limit: float
    unit: str
    capped: bool = False
    immature: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """One building, or the installation, and one cause: a durable state machine.

    Parameters
    ----------
    building_id
        The building; `INSTALLATION` when Anju itself is what fails.
    level
        Level that is shown; a building's red stays red until people close it.
    level_max
        Worst level that it had since it was opened or reopened.
    event_started_at_ns
        Since when it holds, by the instruments' clocks.
    cleared_at_ns
        Since when no contribution holds any more; `None` while one does.
    close_proposed_by
        First person who wants a red alert closed; a second one closes it.
    version
        Rises with each change; a writer with an older one is refused.

    """

    id: str
    building_id: str
    cause: Cause
    level: Level
    level_max: Level
    state: AlertState
    opened_at_ns: int
    updated_at_ns: int
    event_started_at_ns: int
    contributions: tuple[Contribution, ...] = ()
    acknowledged_by: str = ""
    acknowledged_at_ns: int | None = None
    escalated_at_ns: int | None = None
    cleared_at_ns: int | None = None
    close_proposed_by: str = ""
    close_reason: str = ""
    closed_by: str = ""
    closed_at_ns: int | None = None
    version: int = 0

    @property
    def of_installation(self) -> bool:
        """Tell whether it is about Anju itself and about no building."""
        return self.building_id == INSTALLATION


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One line of an alert's history, with who and when."""

    id: str
    alert_id: str
    at_ns: int
    kind: EventKind
    level: Level
    by: str
    text: str = ""
    finding_id: str = ""


class NoticeState(StrEnum):
    """What is truly known about a notice's way to its reader."""

    PENDING = "pending"
    QUEUED = "queued"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to tell a recipient: which notifier, and where to."""

    notifier: str
    address: str


class Concern(StrEnum):
    """What somebody wants to be told of."""

    BUILDINGS = "buildings"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is told; the first way is tried first, the next when it refuses.

    Parameters
    ----------
    districts
        Division codes; empty: the whole city.
    level_min
        Mildest level worth telling.
    escalation
        Told only when a red alert was not acknowledged in time.
    concerns
        Buildings, the installation itself (for whom districts do not count), or both.

    """

    id: str
    name: str
    ways: tuple[Way, ...]
    districts: tuple[str, ...] = ()
    level_min: Level = Level.YELLOW
    escalation: bool = False
    language: str = "zh"
    active: bool = True
    concerns: tuple[Concern, ...] = (Concern.BUILDINGS,)


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one recipient about one event of an alert.

    Parameters
    ----------
    id
        The same in every repeat, so that a receiver can tell a repeat.
    way
        Index into `ways`: the way that is being tried.
    next_at_ns
        When to try (again); `None` when nothing is left to do.
    answer
        The channel's own last words.

    """

    id: str
    alert_id: str
    event_id: str
    recipient_id: str
    recipient_name: str
    ways: tuple[Way, ...]
    level: Level
    title: str
    text: str
    link: str
    created_at_ns: int
    state: NoticeState = NoticeState.PENDING
    way: int = 0
    attempts: int = 0
    next_at_ns: int | None = None
    answer: str = ""
    updated_at_ns: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a channel answered.

    Parameters
    ----------
    state
        `ACCEPTED`, `QUEUED` or `REFUSED`, by the channel's own code, not by the HTTP status.
    retry
        The same way may work later (timeout, 429, 5xx); otherwise the next way is due at once.
    retry_after_s
        Seconds that the channel asked us to wait.

    """

    state: NoticeState
    answer: str
    retry: bool = False
    retry_after_s: float | None = None
