"""Tiers of evidence that contradict each other (层级矛盾), and who has looked at it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from domain.alerts import Alert
from domain.assessed import Assessed
from domain.buildings import Appraisal, Grade
from domain.checkups import CheckClass, CheckUp, ResultClass
from domain.findings import Cause, SuspectedGrade
from domain.ids import same_id
from domain.labels import Label, Outcome
from domain.limits import Level
from domain.submissions import Submission


class SideKind(StrEnum):
    """Which tier speaks; each has a saying of its own type."""

    CHECK_UP = "check-up"
    SUBMISSION = "submission"
    ALERT = "alert"
    APPRAISAL = "appraisal"
    ASSESSMENT = "assessment"
    LABEL = "label"


#: a grade, a suspected grade, a level and a result are four types and stay four
Saying = Grade | SuspectedGrade | Level | ResultClass | Outcome


class Settler(StrEnum):
    """Who must see to a contradiction."""

    SAFETY_OFFICE = "safety office"
    BUREAU = "bureau"
    PLANNER = "planner"


@dataclass(frozen=True, slots=True)
class TierRule:
    """When two tiers contradict each other; what is 0 or empty does not count.

    Parameters
    ----------
    days, days_before, days_near
        How far apart in time the two may lie; see the comments in the data file.
    level_min, causes
        Mildest level of an alert that counts, and of which causes.
    quality_percent_min, score_low_min
        From where on an assessment counts as sure.
    others_min
        Sensors that agree, beside the one that is called faulty.

    """

    id: str
    settler: Settler
    source: str
    certainty: str
    days: int = 0
    days_before: int = 0
    days_near: int = 0
    level_min: Level = Level.NONE
    causes: tuple[Cause, ...] = ()
    quality_percent_min: float = 0.0
    score_low_min: float = 0.0
    others_min: int = 0


@dataclass(frozen=True, slots=True)
class TierRules:
    """One version of the rules, in the order in which contradictions are listed."""

    version: int
    rules: tuple[TierRule, ...]

    def rule(self, rule_id: str) -> TierRule:
        """Find a rule."""
        return next(rule for rule in self.rules if rule.id == rule_id)


@dataclass(frozen=True, slots=True)
class Side:
    """What one tier says.

    Parameters
    ----------
    ref
        Id of what says it.
    by
        User's name or id, firm of the appraisal, or version of the model.
    check_class
        Of a check-up or submission.
    number
        Of the report of an appraisal, or of sensors that agree with an alert; a score; empty: none.
    owner
        Id of the check-up that a submission belongs to, or of the alert that a label is for.

    """

    kind: SideKind
    ref: str
    says: Saying
    at_ns: int
    by: str = ""
    check_class: CheckClass | None = None
    number: str = ""
    owner: str = ""

    @property
    def mark(self) -> str:
        """Tell what makes it another side: what says it, and what it says.

        An assessment is made anew every night: only what it suspects counts.
        """
        ref = "" if self.kind is SideKind.ASSESSMENT else self.ref
        agreeing = self.number if self.kind is SideKind.ALERT else ""
        return f"{self.kind} {ref} {self.says!s} {agreeing}"


@dataclass(frozen=True, slots=True)
class TierConflict:
    """Two tiers that contradict each other over one building.

    Parameters
    ----------
    id
        Follows from the rest: another one as soon as either side says otherwise.

    """

    rule: TierRule
    building_id: str
    sides: tuple[Side, Side]
    id: str = field(init=False)

    def __post_init__(self) -> None:
        """Make the id once: lists sort and look up by it."""
        marks = [side.mark for side in self.sides]
        made = same_id("tier conflict", self.rule.id, self.building_id, *marks)
        object.__setattr__(self, "id", made)

    @property
    def at_ns(self) -> int:
        """Tell since when both are said."""
        return max(side.at_ns for side in self.sides)


@dataclass(frozen=True, slots=True)
class TierLook:
    """Somebody has looked at a contradiction, or has listed it again; rows are only added.

    Parameters
    ----------
    looked
        `False`: it is listed again.

    """

    conflict_id: str
    at_ns: int
    building_id: str
    rule: str
    by: str
    reason: str
    looked: bool = True


@dataclass(frozen=True, slots=True)
class TierEvidence:
    """All that tiers say of one building, as far as the rules need it.

    Parameters
    ----------
    check_ups
        The newest done one of each class.
    assessment
        The newest; `None`: there is none, or no appraisal to hold it against.
    alerts
        Orange or red at their worst; live, closed lately, or with a label.
    labels
        The newest of each of these alerts.
    submissions
        Of check-ups that have one in conflict: that one, and the one that counts.
    classes
        Id and class of each of these check-ups.

    """

    building_id: str
    check_ups: tuple[CheckUp, ...] = ()
    appraisal: Appraisal | None = None
    assessment: Assessed | None = None
    alerts: tuple[Alert, ...] = ()
    labels: tuple[Label, ...] = ()
    submissions: tuple[Submission, ...] = ()
    classes: tuple[tuple[str, CheckClass], ...] = ()


@dataclass(frozen=True, slots=True)
class TierScope:
    """Whose evidence is wanted; `None`: whichever, an empty tuple: none."""

    building_ids: tuple[str, ...] | None = None
    districts: tuple[str, ...] | None = None


class TierStore(Protocol):
    """Reads what tiers say of buildings, and keeps who has looked at contradictions."""

    def evidence(self, scope: TierScope, now_ns: int, since_ns: int) -> Iterable[TierEvidence]:
        """Read the evidence of every building of which two tiers may contradict each other.

        Parameters
        ----------
        since_ns
            Closed alerts, labels and results of danger from before this are left out.

        """
        ...

    def look(self, look: TierLook) -> None:
        """Keep that somebody has looked, with an audit line."""
        ...

    def looks(self, conflict_ids: Sequence[str]) -> dict[str, TierLook]:
        """Tell the newest look at each of some contradictions."""
        ...
