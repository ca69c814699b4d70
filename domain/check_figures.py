"""Figures of check-ups: how many buildings were checked, are due and never were."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from domain.buildings import Building
from domain.checkups import CheckClass
from domain.clock import to_ns
from domain.labels import CHINA

#: classes of check-up that count for a class: a basic one is a daily one as well
COUNTS: dict[CheckClass, tuple[CheckClass, ...]] = {
    CheckClass.DAILY: (CheckClass.DAILY, CheckClass.BASIC),
    CheckClass.BASIC: (CheckClass.BASIC,),
    CheckClass.SPECIAL: (CheckClass.SPECIAL,),
}
UNKNOWN = "unknown"


class CoverageBy(StrEnum):
    """By what buildings are grouped."""

    DISTRICT = "district"
    AGE = "age"
    STRUCTURE = "structure"
    CLASS = "class"


@dataclass(frozen=True, slots=True)
class BuildYears:
    """Build years in bands.

    Parameters
    ----------
    starts
        First year of each band but the oldest, rising.

    """

    version: int
    starts: tuple[int, ...]
    source: str = ""
    certainty: str = ""

    @property
    def bands(self) -> tuple[tuple[str, int | None, int | None], ...]:
        """Tell key, first year and last year of each band, the oldest first.

        Examples
        --------
        >>> BuildYears(1, (1981, 1991)).bands
        (('-1980', None, 1980), ('1981-1990', 1981, 1990), ('1991-', 1991, None))

        """
        firsts = (None, *self.starts)
        lasts = (*(year - 1 for year in self.starts), None)
        return tuple(
            (f"{'' if first is None else first}-{'' if last is None else last}", first, last)
            for first, last in zip(firsts, lasts, strict=True)
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """Tell the keys of all bands, and of those whose build year is not known."""
        return (*(key for key, _, _ in self.bands), UNKNOWN)

    def key_of(self, year: int | None) -> str:
        """Tell the band of a build year."""
        if year is None:
            return UNKNOWN
        return next(key for key, _, last in self.bands if last is None or year <= last)


@dataclass(frozen=True, slots=True)
class CoverageFilter:
    """Of which buildings, class and year the figures are wanted.

    Parameters
    ----------
    building_ids, districts
        `None`: whichever; an empty tuple: none.
    year
        Of China's calendar.
    today
        What was due before this day is overdue.

    """

    by: CoverageBy
    check_class: CheckClass
    year: int
    today: date
    build_years: BuildYears
    building_ids: tuple[str, ...] | None = None
    districts: tuple[str, ...] | None = None

    @property
    def last_day(self) -> date:
        """Tell the last day of the year."""
        return date(self.year, 12, 31)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the buildings of one group are checked, for one class of check-up.

    Parameters
    ----------
    key
        Division code, band of build years, structure or class.
    buildings
        All that are registered.
    done
        Of these, those with a check-up done in the year.
    check_ups
        How many check-ups that were.
    late
        Not done in the year, but due by its end and done after it.
    missing
        Not done in the year nor after it, and due by its end.
    due
        In the list of who is due by the end of the year; with `done` where the next one is due.
    overdue
        Of these, those whose day is past, whether or not a check-up is opened.
    never
        In the list of who is due, whatever the day, without any check-up known.

    """

    key: str
    buildings: int = 0
    done: int = 0
    check_ups: int = 0
    late: int = 0
    missing: int = 0
    due: int = 0
    overdue: int = 0
    never: int = 0

    @property
    def wanted(self) -> int:
        """Tell how many buildings had to be done in the year, or were."""
        return self.done + self.late + self.missing

    @property
    def percent(self) -> float | None:
        """Tell how many of those were done in it, 0 to 100; `None`: none had to be.

        Examples
        --------
        >>> Coverage("360102", 10, done=3, missing=1).percent, Coverage("360103").percent
        (75.0, None)

        """
        return 100 * self.done / self.wanted if self.wanted else None


def total(rows: list[Coverage]) -> Coverage:
    """Add groups up; right for groups that share no building, so not for classes."""
    numbers = [field.name for field in fields(Coverage) if field.name != "key"]
    return Coverage("", *(sum(getattr(row, name) for row in rows) for name in numbers))


def key_of(building: Building, by: CoverageBy, build_years: BuildYears) -> str:
    """Tell the group of a building."""
    match by:
        case CoverageBy.AGE:
            return build_years.key_of(building.build_year)
        case CoverageBy.STRUCTURE:
            return building.structure
        case _:
            return building.district


def year_ns(year: int) -> tuple[int, int]:
    """Tell the first moment of a year of China's calendar, and that of the next."""
    first, after = (datetime(one, 1, 1, tzinfo=CHINA) for one in (year, year + 1))
    return to_ns(first), to_ns(after)


class CheckFigureStore(Protocol):
    """Counts check-ups where they are kept, in a few grouped questions."""

    def coverage(self, wanted: CoverageFilter) -> list[Coverage]:
        """Count by group; without a building there is no group.

        Groups are sorted by key, classes in their own order.
        """
        ...
