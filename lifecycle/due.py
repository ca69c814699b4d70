"""Who is due for which check-up when: the plan engine (体检计划).

A pure function of what is known: the same facts give the same rows, whoever asks and how often.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from domain.buildings import Building
from domain.check_cycles import CycleProfile, CycleRow, Due, TriggerRow
from domain.checkups import CheckCause, CheckClass, CheckUp

#: classes that have a cycle; a special check-up only ever comes from an event
CYCLIC = (CheckClass.DAILY, CheckClass.BASIC)
DAYS_OF_MONTH = 30.4375


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that makes a check-up due.

    Parameters
    ----------
    ref
        Id of the event or alert.
    on
        The day from which the days of the trigger count.

    """

    cause: CheckCause
    ref: str
    on: date


@dataclass(frozen=True, slots=True)
class Facts:
    """What the engine knows beside the buildings.

    Parameters
    ----------
    grades
        Appraised grade in force, by building.
    last
        Day of the newest done check-up, by building and class.
    waiting
        Check-ups that somebody still has to do, by building.
    happened
        Events by building.

    """

    today: date
    made_at_ns: int
    grades: Mapping[str, str] = field(default_factory=dict)
    last: Mapping[tuple[str, CheckClass], date] = field(default_factory=dict)
    waiting: Mapping[str, Sequence[CheckUp]] = field(default_factory=dict)
    happened: Mapping[str, Sequence[Happened]] = field(default_factory=dict)


def due_rows(buildings: Iterable[Building], profile: CycleProfile, facts: Facts) -> Iterator[Due]:
    """Tell who is due for what; at most one row a building and class."""
    triggers = {row.cause: row for row in profile.triggers}
    for building in buildings:
        for check_class in CheckClass:
            due = _of_class(building, check_class, profile, triggers, facts)
            if due is not None:
                yield due


def _of_class(
    building: Building,
    check_class: CheckClass,
    profile: CycleProfile,
    triggers: Mapping[CheckCause, TriggerRow],
    facts: Facts,
) -> Due | None:
    last_on = _last(building.id, check_class, facts)
    found: list[tuple[date, CheckCause, str, str]] = []
    if check_class in CYCLIC:
        row = rule_of(building, check_class, profile, facts)
        if row is not None:
            on = _on_cycle(building, row, profile, last_on)
            found.append((on, CheckCause.CYCLE, row.id, ""))
    events = [*facts.happened.get(building.id, ()), *_life_reached(building, profile)]
    for one in events:
        trigger = triggers.get(one.cause)
        if trigger is None or trigger.check_class is not check_class:
            continue
        if last_on is None or last_on < one.on:
            on = one.on + timedelta(days=trigger.within_days)
            found.append((on, one.cause, f"trigger.{one.cause}", one.ref))
    waits = [c for c in facts.waiting.get(building.id, ()) if c.check_class is check_class]
    first = min(waits, key=lambda one: (one.due_on, one.id), default=None)
    if first is not None:
        found.append((first.due_on, first.cause, "opened", first.cause_ref))
    if not found:
        return None
    on, cause, rule, ref = min(found)
    return Due(
        building.id, check_class, on, cause, rule, f"{profile.id} {profile.version}",
        facts.made_at_ns, building.district, building.street, building.use, ref, last_on,
        first.id if first is not None else "",
    )  # fmt: skip


def rule_of(
    building: Building, check_class: CheckClass, profile: CycleProfile, facts: Facts
) -> CycleRow | None:
    """Find the strictest row that fits a building; `None`: none does, or it is exempt.

    Of a building whose build year nobody knows, rows with an age or life fit as if it were past
    its design life: what is unknown is looked at sooner, not later.
    """
    grade = facts.grades.get(building.id, "none")
    fits = [
        row
        for row in profile.cycles
        if row.check_class is check_class and _fits(row, building, grade, profile, facts.today)
    ]
    asked = [row for row in fits if row.every_months or row.every_days]
    return min(asked, key=lambda row: (_days(row), row.id), default=None)


def _fits(
    row: CycleRow, building: Building, grade: str, profile: CycleProfile, today: date
) -> bool:
    if row.uses and building.use not in row.uses:
        return False
    if row.grades and grade not in row.grades:
        return False
    life = building.design_life_years or profile.design_life_years
    age = life if building.build_year is None else today.year - building.build_year
    if row.age_from is not None and age < row.age_from:
        return False
    if row.age_to is not None and age >= row.age_to:
        return False
    return not row.life or (row.life == "past") == (age >= life)


def _on_cycle(
    building: Building, row: CycleRow, profile: CycleProfile, last_on: date | None
) -> date:
    """Tell the day of the next check-up on its cycle.

    One that never had any is due at the end of its rollout year; without one, a cycle of a year
    or less after the profile took effect, or at the end of the year in which the rule began to
    fit. A day that moved with today's would never come.
    """
    if last_on is not None:
        return after(last_on, row)
    if row.check_class is CheckClass.BASIC:
        year = rollout_year(building, profile)
        if year is None:
            begins = profile.effective_on.year
            if building.build_year is not None and row.age_from is not None:
                begins = max(begins, building.build_year + int(row.age_from))
            year = begins
        return date(year, 12, 31)
    return after(profile.effective_on, row)


def after(day: date, row: CycleRow) -> date:
    """Add a row's cycle to a day; the last of a month stays within the month.

    Examples
    --------
    >>> after(date(2024, 2, 29), CycleRow("r", CheckClass.DAILY, 12))
    datetime.date(2025, 2, 28)

    """
    month = day.month - 1 + row.every_months
    year, month = day.year + month // 12, month % 12 + 1
    moved = date(year, month, min(day.day, monthrange(year, month)[1]))
    return moved + timedelta(days=row.every_days)


def rollout_year(building: Building, profile: CycleProfile) -> int | None:
    """Tell the year of a building's first basic check-up; `None`: the rollout leaves it out."""
    built = building.build_year
    if built is None:
        return min((row.year for row in profile.rollout), default=None)
    for row in profile.rollout:
        early = row.built_from is None or built >= row.built_from
        if early and (row.built_to is None or built <= row.built_to):
            return row.year
    return None


def _life_reached(building: Building, profile: CycleProfile) -> list[Happened]:
    """Tell of the year in which a building comes to its design life, once the rules hold."""
    if building.build_year is None:
        return []
    year = building.build_year + (building.design_life_years or profile.design_life_years)
    if year < profile.effective_on.year:
        return []
    return [Happened(CheckCause.DESIGN_LIFE, str(year), date(year, 1, 1))]


def _last(building_id: str, check_class: CheckClass, facts: Facts) -> date | None:
    """Tell the day of the newest check-up; a basic one is a daily one as well."""
    classes = [check_class] + [CheckClass.BASIC] * (check_class is CheckClass.DAILY)
    days = [facts.last.get((building_id, one)) for one in classes]
    return max((day for day in days if day is not None), default=None)


def _days(row: CycleRow) -> float:
    return row.every_months * DAYS_OF_MONTH + row.every_days
