"""The work of those who carry out check-ups, counted for one year."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Protocol

from domain.checkups import CheckClass


class WorkBy(StrEnum):
    """Whose work is counted."""

    FIRM = "firm"
    INSPECTOR = "inspector"


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """Which work is wanted.

    Parameters
    ----------
    year
        Of China's calendar: what was opened, and what was done in it.
    check_class
        `None`: every class.
    building_ids, districts
        `None`: whichever; an empty tuple: none.

    """

    by: WorkBy
    year: int
    check_class: CheckClass | None = None
    building_ids: tuple[str, ...] | None = None
    districts: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What one firm or inspector did; all but `opened` is of check-ups done in the year.

    Parameters
    ----------
    key
        Id of the firm or user; empty: nobody was named.
    opened
        Check-ups that were opened in the year.
    on_time
        Done on the due day or before, China's calendar.
    days
        Days from opening to the hand-in, and how many took so long.
    results
        How many came to 1, 2, 3 and 4.
    disputed
        With a second submission that waits to be settled.
    rejected
        With a submission that was set aside.
    corrected
        With a submission that its author replaced.
    photos, defects
        All together.
    appraised
        Of results 3 and 4: those whose appraisal has been reported.
    confirmed
        Of these, appraised C or D.

    """

    key: str
    opened: int = 0
    done: int = 0
    on_time: int = 0
    results: tuple[int, int, int, int] = (0, 0, 0, 0)
    disputed: int = 0
    rejected: int = 0
    corrected: int = 0
    photos: int = 0
    defects: int = 0
    appraised: int = 0
    confirmed: int = 0
    days: tuple[tuple[int, int], ...] = ()

    @property
    def median_days(self) -> float | None:
        """Tell the median of the days from opening to hand-in; `None`: nothing was done.

        Examples
        --------
        >>> Work("f", days=((1, 1), (4, 2), (9, 1))).median_days
        4.0
        >>> Work("f", days=((1, 2), (4, 2))).median_days
        2.5

        """
        whole = sum(count for _, count in self.days)
        if not whole:
            return None
        low, high = _at(self.days, (whole - 1) // 2), _at(self.days, whole // 2)
        return (low + high) / 2

    @property
    def photos_each(self) -> float | None:
        """Tell how many photos a check-up has."""
        return self.photos / self.done if self.done else None

    @property
    def defects_each(self) -> float | None:
        """Tell how many defects a check-up finds."""
        return self.defects / self.done if self.done else None

    @property
    def shares(self) -> dict[str, tuple[int, int]]:
        """Tell of each share that is compared how many of how many."""
        told = {f"result_{n}": (count, self.done) for n, count in enumerate(self.results, 1)}
        for name in ("on_time", "disputed", "rejected", "corrected"):
            told[name] = (getattr(self, name), self.done)
        return told | {"confirmed": (self.confirmed, self.appraised)}


def together(rows: Iterable[Work]) -> Work:
    """Add the work of all up."""
    every = list(rows)
    apart = {"key", "results", "days"}
    sums = {
        field.name: sum(getattr(row, field.name) for row in every)
        for field in fields(Work)
        if field.name not in apart
    }
    one, two, three, four = (sum(row.results[n] for row in every) for n in range(4))
    days: dict[int, int] = {}
    for row in every:
        for length, count in row.days:
            days[length] = days.get(length, 0) + count
    return Work("", **sums, results=(one, two, three, four), days=tuple(sorted(days.items())))


def _at(days: tuple[tuple[int, int], ...], place: int) -> int:
    """Tell the length at a place of the sorted list that the counts stand for."""
    for length, count in days:
        if place < count:
            return length
        place -= count
    raise IndexError(place)


class CheckWorkStore(Protocol):
    """Counts work where it is kept, in a few grouped questions."""

    def work(self, wanted: WorkFilter) -> list[Work]:
        """Count by firm or inspector, sorted by key; who neither opened nor did any is left out."""
        ...
