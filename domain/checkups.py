"""Check-ups of buildings (房屋体检): why one is due, who goes, and what came of it."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum


class CheckClass(StrEnum):
    """The three classes of the periodic regime (日常, 基础, 专项)."""

    DAILY = "daily"
    BASIC = "basic"
    SPECIAL = "special"


class CheckCause(StrEnum):
    """Why a check-up is due; all but the cycle are events."""

    CYCLE = "cycle"
    STORM = "storm"
    WORKS = "works"
    ALERT = "alert"
    FIRE = "fire"
    DISASTER = "disaster"
    CHANGE_OF_USE = "change of use"
    DEMOLITION = "illegal demolition"
    DESIGN_LIFE = "design life reached"
    DANGER_FOUND = "danger found"
    CONFLICT = "conflicting findings"
    INSURER = "insurer"
    RECHECK = "re-check"
    REQUEST = "request"


class CheckState(StrEnum):
    """Where a check-up stands; a cancelled one says why in its note."""

    PLANNED = "planned"
    ASSIGNED = "assigned"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def waits(self) -> bool:
        """Tell whether somebody still has to go."""
        return self in {CheckState.PLANNED, CheckState.ASSIGNED}


class ResultClass(IntEnum):
    """What a check-up came to; it is no grade: 3 and 4 only lead to an appraisal.

    Source: project's proposal, see docs/check-ups.md.
    """

    SOUND = 1
    MINOR = 2
    DANGER = 3
    IMMINENT = 4


class Tier(StrEnum):
    """Who sends people: property firm, community, department (三级巡查), or a check-up body."""

    PROPERTY = "property"
    COMMUNITY = "community"
    DEPARTMENT = "department"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Firm:
    """Somebody who sends inspectors.

    Parameters
    ----------
    districts
        Division codes that it works in; empty: all.
    member_ids
        Ids of its users.
    qualification
        Number of its certificate, as it stands there; empty: not told.
    monthly_max, monthly_max_each
        Check-ups a month that it can do, and that each of its inspectors can; 0: not told.

    """

    id: str
    name: str
    tier: Tier
    districts: tuple[str, ...] = ()
    member_ids: tuple[str, ...] = ()
    qualification: str = ""
    contact: str = ""
    active: bool = True
    version: int = 1
    monthly_max: int = 0
    monthly_max_each: int = 0


@dataclass(frozen=True, slots=True)
class CheckUp:
    """One check-up of one building, from the plan to its result.

    Parameters
    ----------
    due_on
        Last day by which it should be done, China's calendar.
    by
        Who opened it: a user's name, or the name of the rule or job.
    cause_ref
        Id of what caused it: an alert, a context event, an earlier check-up; empty: none.
    cause_text
        The cause in words, for the inspector.
    firm_id, inspector_id
        Who goes; empty while nobody is named.
    template_id, template_version
        The form; kept from the moment it is opened, so that an old check-up keeps its form.
    submission_id
        What was sent in and counts; empty until then.
    result
        Of that submission.
    alert_id
        The alert that it answers, or that its result raised; empty: none.

    """

    id: str
    building_id: str
    check_class: CheckClass
    cause: CheckCause
    due_on: date
    opened_at_ns: int
    by: str
    cause_ref: str = ""
    cause_text: str = ""
    state: CheckState = CheckState.PLANNED
    tier: Tier = Tier.BODY
    firm_id: str = ""
    inspector_id: str = ""
    template_id: str = ""
    template_version: int = 0
    submission_id: str = ""
    result: ResultClass | None = None
    done_at_ns: int | None = None
    alert_id: str = ""
    note: str = ""
    version: int = 1


class OrderState(StrEnum):
    """Where an ordered appraisal stands."""

    OPEN = "open"
    REPORTED = "reported"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class AppraisalOrder:
    """An appraisal (鉴定) that a check-up calls for; only its report sets a grade.

    Parameters
    ----------
    appraisal_id
        The report that answers it; empty until then.

    """

    id: str
    building_id: str
    check_up_id: str
    cause_text: str
    opened_at_ns: int
    due_on: date
    by: str
    state: OrderState = OrderState.OPEN
    appraisal_id: str = ""
    closed_at_ns: int | None = None
    note: str = ""
    version: int = 1
