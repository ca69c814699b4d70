"""How often who is checked (体检周期): a versioned profile, and what it makes due."""

from dataclasses import dataclass
from datetime import date

from domain.checkups import CheckCause, CheckClass


@dataclass(frozen=True, slots=True)
class CycleRow:
    """One rule of the cycle table; of those that fit a building the strictest counts.

    Parameters
    ----------
    uses
        Uses of a building (`residential`, …) that it is for; empty: all.
    grades
        Appraised grades (`A` to `D`, `none` for not appraised); empty: all.
    age_from, age_to
        Years since it was built, from included, to left out; `None`: without bound.
    life
        `before` or `past` the design life; empty: either.
    every_months, every_days
        Cycle; both 0: none of this class is due (exempt).

    """

    id: str
    check_class: CheckClass
    every_months: int = 0
    every_days: int = 0
    uses: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    age_from: float | None = None
    age_to: float | None = None
    life: str = ""
    source: str = ""
    certainty: str = ""


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """The year in which buildings of some build years have their first basic check-up."""

    year: int
    built_from: int | None = None
    built_to: int | None = None


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """What an event makes due.

    Parameters
    ----------
    within_days
        Days after the event by which it should be done.

    """

    cause: CheckCause
    check_class: CheckClass
    within_days: int
    source: str = ""
    certainty: str = ""


@dataclass(frozen=True, slots=True)
class CycleProfile:
    """One version of the cycle table.

    Parameters
    ----------
    design_life_years
        Taken where a building's own is not known.
    appraise_within_days, recheck_within_days
        After results 3 and 2 where the inspector names no day.
    conflict_days
        Findings of two tiers this close together that differ ask for a special check-up.

    """

    id: str
    version: int
    effective_on: date
    cycles: tuple[CycleRow, ...]
    rollout: tuple[RolloutRow, ...] = ()
    triggers: tuple[TriggerRow, ...] = ()
    design_life_years: int = 50
    appraise_within_days: int = 30
    recheck_within_days: int = 180
    conflict_days: int = 90
    note: str = ""
    made_at_ns: int = 0
    by: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """A building is due for a check-up of a class; one row a building and class.

    Parameters
    ----------
    rule
        Id of the row of the profile that made it so.
    last_on
        Day of the last check-up of this class (or a stricter one); `None`: none is known.
    check_up_id
        The check-up that was opened for it; empty: none yet.
    made_at_ns
        When the row came to be as it is.
    district, street, use
        Of the building, for lists.

    """

    building_id: str
    check_class: CheckClass
    due_on: date
    cause: CheckCause
    rule: str
    profile: str
    made_at_ns: int
    district: str
    street: str
    use: str
    cause_ref: str = ""
    last_on: date | None = None
    check_up_id: str = ""


@dataclass(frozen=True, slots=True)
class AnnualPlan:
    """The check-ups of one district in one year.

    Parameters
    ----------
    state
        `draft` or `adopted`.

    """

    id: str
    year: int
    district: str
    profile: str
    made_at_ns: int
    by: str
    state: str = "draft"
    adopted_by: str = ""
    adopted_at_ns: int | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One building of an annual plan, with the month it is meant for and who goes."""

    plan_id: str
    building_id: str
    check_class: CheckClass
    month: int
    due_on: date
    firm_id: str = ""
    inspector_id: str = ""
    check_up_id: str = ""
