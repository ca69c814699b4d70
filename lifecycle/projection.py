"""What a cycle profile asks for in years to come: "what if we change the cycle"."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from domain.buildings import Building
from domain.check_cycles import CycleProfile, CycleRow, Due
from domain.check_ports import CheckStore
from domain.checkups import CheckClass
from domain.ports import Page, RegisterStore
from lifecycle.due import Facts, due_rows
from lifecycle.results import day_of

#: year, district, class
Key = tuple[int, str, CheckClass]
#: first day of a month, class
MonthKey = tuple[date, CheckClass]
_PIECE = 5_000
K = TypeVar("K")


class Shift(StrEnum):
    """How the next check-up of a building and class moves."""

    EARLIER = "earlier"
    LATER = "later"
    ADDED = "added"
    DROPPED = "dropped"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Moved:
    """The next check-up of a building under the rules in force and under others.

    Parameters
    ----------
    before, after
        `None`: none is due at all.

    """

    building_id: str
    check_class: CheckClass
    before: date | None
    after: date | None

    @property
    def shift(self) -> Shift:
        """Tell which way it moves."""
        if self.before == self.after:
            return Shift.SAME
        if self.before is None:
            return Shift.ADDED
        if self.after is None:
            return Shift.DROPPED
        return Shift.EARLIER if self.after < self.before else Shift.LATER

    @property
    def days(self) -> int:
        """Tell by how many days it comes later; negative: earlier, 0 where one is missing."""
        return (self.after - self.before).days if self.after and self.before else 0


@dataclass(frozen=True, slots=True)
class Effect:
    """What changes under other rules; pairs are before and after.

    Parameters
    ----------
    shifts
        How many buildings move which way, by class.
    moved
        All that move.

    """

    years: dict[Key, tuple[int, int]]
    months: dict[MonthKey, tuple[int, int]]
    shifts: dict[tuple[CheckClass, Shift], int]
    moved: tuple[Moved, ...]


def compared(
    buildings: Sequence[Building],
    before: CycleProfile,
    after: CycleProfile,
    facts: Facts,
    years: Sequence[int],
    months: Sequence[date],
) -> Effect:
    """Hold the rules in force against others, building by building, year by year, month by month.

    What is overdue counts now; each check-up is taken to be done when it is due, and its rule to go
    on as it is today. Patrols more often than monthly count by their days.

    Parameters
    ----------
    months
        First days of months, one after the other.

    """
    then, now = (list(_asked(buildings, one, facts)) for one in (before, after))
    shifts: Counter[tuple[CheckClass, Shift]] = Counter()
    moved: list[Moved] = []
    for (building, old), (_, new) in zip(then, now, strict=True):
        was, will = ({row.check_class: row.due_on for row in rows} for rows in (old, new))
        for check_class in sorted({*was, *will}):
            one = Moved(building.id, check_class, was.get(check_class), will.get(check_class))
            shifts[check_class, one.shift] += 1
            if one.shift is not Shift.SAME:
                moved.append(one)
    return Effect(
        _paired(_by_year(then, before, facts, years), _by_year(now, after, facts, years)),
        _paired(_by_month(then, before, facts, months), _by_month(now, after, facts, months)),
        dict(shifts),
        tuple(moved),
    )


def plain_facts(
    register: RegisterStore, checks: CheckStore, now_ns: int, districts: Sequence[str] | None
) -> tuple[list[Building], Facts]:
    """Read the buildings with grades and last check-ups; events play no part in a preview."""
    buildings: list[Building] = []
    after = ""
    while piece := register.buildings(Page(_PIECE, after), districts=districts):
        buildings += piece
        after = piece[-1].id
    today = day_of(now_ns)
    grades = register.grades([building.id for building in buildings], today)
    last = {
        (one.building_id, one.check_class): day_of(one.done_at_ns)
        for one in checks.last_done()
        if one.done_at_ns is not None
    }
    words = {building_id: grade.value for building_id, grade in grades.items()}
    return buildings, Facts(today, now_ns, words, last)


def _asked(
    buildings: Iterable[Building], profile: CycleProfile, facts: Facts
) -> Iterator[tuple[Building, tuple[Due, ...]]]:
    """Tell what is due of each building, working out only once what holds for many alike."""
    known: dict[tuple[object, ...], tuple[Due, ...]] = {}
    for building in buildings:
        id_ = building.id
        alike: tuple[object, ...] = (
            building.use, building.build_year, building.design_life_years, facts.grades.get(id_),
            *(facts.last.get((id_, check_class)) for check_class in CheckClass),
        )  # fmt: skip
        if id_ in facts.waiting or id_ in facts.happened:
            alike = (id_,)
        rows = known.get(alike)
        if rows is None:
            rows = known[alike] = tuple(due_rows([building], profile, facts))
        yield building, rows


def _by_year(
    asked: Iterable[tuple[Building, tuple[Due, ...]]],
    profile: CycleProfile,
    facts: Facts,
    years: Sequence[int],
) -> dict[Key, int]:
    rules = {row.id: row for row in profile.cycles}
    found: Counter[Key] = Counter()
    # many buildings share what is due: each is counted on once
    alike = Counter((building.district, rows) for building, rows in asked)
    for (district, rows), number in alike.items():
        for row in rows:
            first = max(row.due_on, facts.today)
            for year in years:
                if count := _times(first, rules.get(row.rule), year):
                    found[year, district, row.check_class] += count * number
    return dict(found)


def _by_month(
    asked: Iterable[tuple[Building, tuple[Due, ...]]],
    profile: CycleProfile,
    facts: Facts,
    months: Sequence[date],
) -> dict[MonthKey, int]:
    rules = {row.id: row for row in profile.cycles}
    found: Counter[MonthKey] = Counter()
    for rows, number in Counter(rows for _, rows in asked).items():
        for row in rows:
            first = max(row.due_on, facts.today)
            for month in months:
                if count := _within(first, rules.get(row.rule), month, next_month(month)):
                    found[month, row.check_class] += count * number
    return dict(found)


def next_month(day: date, number: int = 1) -> date:
    """Tell the first day of the month that comes some months after a day's.

    Examples
    --------
    >>> next_month(date(2026, 11, 23)), next_month(date(2026, 11, 23), 0)
    (datetime.date(2026, 12, 1), datetime.date(2026, 11, 1))

    """
    month = day.month - 1 + number
    return date(day.year + month // 12, month % 12 + 1, 1)


def _paired(before: dict[K, int], after: dict[K, int]) -> dict[K, tuple[int, int]]:
    return {key: (before.get(key, 0), after.get(key, 0)) for key in {*before, *after}}


def _times(first: date, rule: CycleRow | None, year: int) -> int:
    """Count how often a rule asks in a year, from its first day on."""
    return _within(first, rule, date(year, 1, 1), date(year + 1, 1, 1))


def _within(first: date, rule: CycleRow | None, begin: date, end: date) -> int:
    """Count how often a rule asks from the first day of a month up to that of another."""
    if rule is None:
        return int(begin <= first < end)
    if rule.every_days and not rule.every_months:
        begun, over = (day.toordinal() - first.toordinal() for day in (begin, end))
        return max(0, -(-over // rule.every_days)) - max(0, -(-begun // rule.every_days))
    months = max(1, rule.every_months)
    begun, over = ((day.year - first.year) * 12 + day.month - first.month for day in (begin, end))
    return max(0, -(-over // months)) - max(0, -(-begun // months))
