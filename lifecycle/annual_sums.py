"""How an annual plan stands: planned, opened, done, overdue; and how much everybody has."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.buildings import Building
from domain.check_cycles import CycleProfile, Due, PlanItem
from domain.checkups import CheckClass, CheckState, CheckUp
from lifecycle.annual import FIRM, INSPECTOR, Hands
from lifecycle.due import rollout_year


class Step(StrEnum):
    """Where one building of a plan stands."""

    PLANNED = "planned"
    OPENED = "opened"
    OVERDUE = "overdue"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Sums:
    """How many buildings of a plan have come how far.

    Parameters
    ----------
    opened
        With a check-up, whatever became of it.
    overdue
        Not done although their day is over, opened or not.

    """

    planned: int
    opened: int
    done: int
    overdue: int
    unassigned: int


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout year in a district: how many buildings, and how many were checked already."""

    year: int
    buildings: int
    checked: int


def step_of(item: PlanItem, check_up: CheckUp | None, today: date) -> Step:
    """Tell where a building of a plan stands."""
    if check_up is not None and check_up.state is CheckState.DONE:
        return Step.DONE
    if check_up is not None and check_up.state is CheckState.CANCELLED:
        return Step.CANCELLED
    if (check_up.due_on if check_up else item.due_on) < today:
        return Step.OVERDUE
    return Step.OPENED if check_up else Step.PLANNED


def sums(items: Sequence[PlanItem], check_ups: Mapping[str, CheckUp], today: date) -> Sums:
    """Sum a plan up."""
    steps = Counter(step_of(item, check_ups.get(item.check_up_id), today) for item in items)
    return Sums(
        len(items),
        sum(item.check_up_id in check_ups for item in items),
        steps[Step.DONE],
        steps[Step.OVERDUE],
        sum(not item.firm_id and not item.inspector_id for item in items),
    )


def loads(items: Iterable[PlanItem]) -> dict[Hands, tuple[int, ...]]:
    """Count by month what each firm and each inspector has."""
    found: dict[Hands, list[int]] = {}
    for item in items:
        for who in ((FIRM, item.firm_id), (INSPECTOR, item.inspector_id)):
            if who[1]:
                found.setdefault(who, [0] * 12)[item.month - 1] += 1
    return {who: tuple(counts) for who, counts in found.items()}


def rollout_of(
    rows: Iterable[Due], buildings: Mapping[str, Building], profile: CycleProfile
) -> list[Rollout]:
    """Count the buildings that have a rollout year, and those that were checked.

    Parameters
    ----------
    rows
        Who is due for a basic check-up, whenever: the exempt are not among them.

    """
    every: Counter[int] = Counter()
    checked: Counter[int] = Counter()
    for row in rows:
        building = buildings.get(row.building_id)
        if building is None or row.check_class is not CheckClass.BASIC:
            continue
        year = rollout_year(building, profile)
        if year is not None:
            every[year] += 1
            checked[year] += row.last_on is not None
    return [Rollout(year, every[year], checked[year]) for year in sorted(every)]
