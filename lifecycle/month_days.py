"""A month of check-ups, day by day (体检日历): what is due, what waits, what was done."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.check_ports import CheckFilter, DueFilter
from domain.checkups import CheckClass, CheckState
from domain.clock import to_ns
from domain.labels import CHINA
from domain.services import Services

WAITING = (CheckState.PLANNED, CheckState.ASSIGNED)
DAYS_OF_WEEK = 7


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose check-ups are shown; what is empty does not count.

    Parameters
    ----------
    building_ids
        `None`: whichever.
    inspector_id
        Only that inspector's: what nobody was sent to is left out.

    """

    building_ids: tuple[str, ...] | None = None
    district: str = ""
    inspector_id: str = ""
    classes: tuple[CheckClass, ...] = ()

    def due(self, first: date, last: date) -> DueFilter:
        """Ask for what is due and was not opened."""
        return DueFilter(
            self.building_ids, (self.district,) if self.district else None, classes=self.classes,
            due_from=first, due_until=last, opened=False,
        )  # fmt: skip

    def waiting(self, first: date, last: date) -> CheckFilter:
        """Ask for what somebody still has to do, by its last day."""
        return CheckFilter(
            self.building_ids, (self.district,) if self.district else None, states=WAITING,
            classes=self.classes, inspector_id=self.inspector_id, due_from=first, due_until=last,
        )  # fmt: skip

    def done(self, first: date, last: date) -> CheckFilter:
        """Ask for what was done, by the day on which it came in."""
        return CheckFilter(
            self.building_ids, (self.district,) if self.district else None,
            states=(CheckState.DONE,), classes=self.classes, inspector_id=self.inspector_id,
            done_ns=(begin_ns(first), begin_ns(last + timedelta(days=1))),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the month.

    Parameters
    ----------
    due
        Due, and nothing was opened.
    waiting
        Opened, to be done by that day.

    """

    day: date
    due: int
    waiting: int
    done: int

    @property
    def any(self) -> bool:
        """Tell whether there is anything on that day."""
        return bool(self.due or self.waiting or self.done)


def days_of(services: Services, month: date, wanted: Wanted) -> list[Day]:
    """Count a month day by day.

    Parameters
    ----------
    month
        Its first day.

    """
    last = last_of(month)
    due: Mapping[date, int] = {}
    if not wanted.inspector_id:
        due = services.check_plans.due_days(wanted.due(month, last))
    waiting = services.checks.due_days(wanted.waiting(month, last))
    done = services.checks.done_days(wanted.done(month, last))
    return [
        Day(day, due.get(day, 0), waiting.get(day, 0), done.get(day, 0))
        for day in _between(month, last)
    ]


def weeks(days: list[Day]) -> list[list[Day | None]]:
    """Put a month into weeks from Monday to Sunday; days of other months are empty.

    Examples
    --------
    >>> days = [Day(date(2026, 11, n), 0, 0, 0) for n in range(1, 31)]
    >>> [sum(one is not None for one in week) for week in weeks(days)]
    [1, 7, 7, 7, 7, 1]

    """
    before: list[Day | None] = [None] * days[0].day.weekday()
    after: list[Day | None] = [None] * (DAYS_OF_WEEK - 1 - days[-1].day.weekday())
    every = [*before, *days, *after]
    return [every[at : at + DAYS_OF_WEEK] for at in range(0, len(every), DAYS_OF_WEEK)]


def last_of(month: date) -> date:
    """Tell the last day of a month."""
    return month.replace(day=monthrange(month.year, month.month)[1])


def begin_ns(day: date) -> int:
    """Tell the moment at which a day of China's calendar begins."""
    return to_ns(datetime(day.year, day.month, day.day, tzinfo=CHINA))


def _between(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
