"""The annual plan of a district: whose turn it is in which month, and who goes (年度体检计划)."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from domain.check_cycles import Due, PlanItem
from domain.checkups import CheckClass, CheckState, CheckUp, Firm
from domain.ids import same_id
from domain.templates import Template, form_for

#: patrols are no business of a year's plan: they come round by themselves
PLANNED = (CheckClass.BASIC, CheckClass.SPECIAL)
#: a firm or an inspector, and which
Hands = tuple[str, str]
FIRM, INSPECTOR = "firm", "inspector"


def item_key(item: PlanItem) -> tuple[str, CheckClass]:
    """Tell building and class, by which an item is found in its plan."""
    return item.building_id, item.check_class


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who can be sent: an inspector of a firm, or a firm that names nobody.

    Parameters
    ----------
    firm_max, each_max
        Check-ups a month that the firm, and the inspector, can do; 0: no limit.

    """

    firm_id: str
    inspector_id: str = ""
    firm_max: int = 0
    each_max: int = 0


def workers_of(firms: Iterable[Firm], district: str, inspectors: frozenset[str]) -> list[Worker]:
    """List who can be sent to a district, by firm, then inspector.

    Parameters
    ----------
    inspectors
        Ids of users who work as inspectors now.

    """
    found: list[Worker] = []
    for firm in sorted(firms, key=lambda one: one.id):
        if not firm.active or (firm.districts and district not in firm.districts):
            continue
        members = sorted(inspectors.intersection(firm.member_ids))
        most = firm.monthly_max, firm.monthly_max_each
        found += [Worker(firm.id, one, *most) for one in members] or [Worker(firm.id, "", *most)]
    return found


class _Room:
    """How much everybody has in each month, and whether there is room for more."""

    def __init__(self, taken: Mapping[Hands, Sequence[int]]) -> None:
        self._taken = {who: list(counts) for who, counts in taken.items()}

    def find(self, months: Iterable[int], workers: Sequence[Worker]) -> tuple[int, Worker] | None:
        """Find the first month with somebody who has room, of several the first in turn."""
        return next(
            ((month, one) for month in months for one in workers if self._has(month, one)), None
        )

    def take(self, month: int, worker: Worker) -> None:
        """Note that somebody has one more."""
        for who, _ in _limits(worker):
            self._taken.setdefault(who, [0] * 12)[month - 1] += 1

    def _has(self, month: int, worker: Worker) -> bool:
        return all(
            not most or self._taken.get(who, [0] * 12)[month - 1] < most
            for who, most in _limits(worker)
        )


def _limits(worker: Worker) -> list[tuple[Hands, int]]:
    firm, each = (FIRM, worker.firm_id), (INSPECTOR, worker.inspector_id)
    told = [(firm, worker.firm_max), (each, worker.each_max)]
    return [(who, most) for who, most in told if who[1]]


def drafted(
    plan_id: str,
    year: int,
    rows: Iterable[Due],
    workers: Sequence[Worker],
    first_month: int = 1,
    taken: Mapping[Hands, Sequence[int]] | None = None,
) -> list[PlanItem]:
    """Spread what is due by the end of a year over its months, and over those who go.

    What is due first comes first, the work is the same in every month, and each worker gets as
    much as the others. The same rows give the same plan. What has been opened is left out.
    Nobody gets more in a month than they can do: the next in turn goes, else it is done in
    another month that is not too late; what finds nobody is left for people to see.

    Parameters
    ----------
    first_month
        Month of the year from which on there is time; 1 for a year to come.
    taken
        What firms and inspectors have elsewhere, by month.

    """
    last = date(year, 12, 31)
    wanted = sorted(
        (
            row
            for row in rows
            if row.check_class in PLANNED and row.due_on <= last and not row.check_up_id
        ),
        key=lambda row: (row.due_on, row.building_id, row.check_class),
    )
    months = 13 - first_month
    room = _Room(taken or {})
    items = []
    for number, row in enumerate(wanted):
        month = first_month + number * months // len(wanted)
        if row.due_on.year == year:
            month = max(first_month, min(month, row.due_on.month))
        # what is overdue already may come in any month that is left
        last_month = row.due_on.month if row.due_on >= date(year, first_month, 1) else 12
        begin = number % len(workers) if workers else 0
        turn = [*workers[begin:], *workers[:begin]]
        others = (*range(month, last_month + 1), *range(month - 1, first_month - 1, -1))
        month, worker = room.find(others, turn) or (month, Worker(""))
        room.take(month, worker)
        due_on = day_in(year, month, row.due_on)
        items.append(
            PlanItem(
                plan_id, row.building_id, row.check_class, month, due_on,
                worker.firm_id, worker.inspector_id,
            )
        )  # fmt: skip
    return sorted(items, key=lambda item: (item.month, item.building_id, item.check_class))


def day_in(year: int, month: int, due_on: date) -> date:
    """Tell until when what was due on a day is to be done in a month of a plan.

    What is overdue was due on a day that is gone: the plan says until when now.

    Examples
    --------
    >>> day_in(2027, 3, date(2027, 3, 9)), day_in(2027, 3, date(2026, 12, 31))
    (datetime.date(2027, 3, 9), datetime.date(2027, 3, 31))

    """
    end = date(year, month, monthrange(year, month)[1])
    return min(end, due_on) if due_on >= date(year, month, 1) else end


def opened(
    items: Sequence[PlanItem],
    year: int,
    rows: Mapping[tuple[str, CheckClass], Due],
    templates: Iterable[Template],
    by: str,
    now_ns: int,
) -> tuple[list[CheckUp], list[PlanItem]]:
    """Make the check-ups of a plan; ids follow from building, class and year: twice is once.

    Parameters
    ----------
    rows
        Who is due, for the cause of each.

    """
    forms = tuple(templates)
    check_ups, after = [], []
    for item in items:
        row = rows.get((item.building_id, item.check_class))
        if row is None or (row.check_up_id and not item.check_up_id):
            # it is not due any more, or somebody has opened one meanwhile
            after.append(replace(item, check_up_id=row.check_up_id if row else ""))
            continue
        form = form_for(forms, item.check_class, row.cause)
        id_ = same_id("check-up", "plan", item.building_id, item.check_class, year)
        check_ups.append(
            CheckUp(
                id_, item.building_id, item.check_class, row.cause, item.due_on, now_ns, by,
                row.cause_ref, f"{year} 年度体检计划 / plan of {year}",
                CheckState.ASSIGNED if item.firm_id or item.inspector_id else CheckState.PLANNED,
                firm_id=item.firm_id, inspector_id=item.inspector_id,
                template_id=form.id if form else "",
                template_version=form.version if form else 0,
            )
        )  # fmt: skip
        after.append(replace(item, check_up_id=id_))
    return check_ups, after
