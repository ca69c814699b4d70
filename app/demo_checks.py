"""The demo's check-ups: two of earlier years at one house, and visits for the inspector.

They go the way that an inspector's phone goes: photos and forms through the desks, with all that
follows; what is due comes from the plan, what alerts call for from the job that watches them.
"""

import contextlib
from dataclasses import replace

from app.check_rules import keep_shipped
from app.demo_past import PastChecks
from app.house import House
from domain.access import Caller, User
from domain.attachments import AttachmentState
from domain.buildings import Building
from domain.check_ports import CheckFilter, DueFilter
from domain.checkups import (
    CheckCause,
    CheckClass,
    CheckState,
    CheckUp,
    Firm,
    Tier,
)
from domain.clock import DAY_NS
from domain.errors import Conflict
from domain.ids import same_id
from domain.ports import Page
from domain.templates import form_for
from lifecycle.opening import for_due
from lifecycle.results import day_of

BY = "demo"
#: number of the house that was looked at before, in the inspector's districts
CHECKED = 2
#: days before the story, width of the crack then, day by which to come again
_PAST = ((760, 0.2, 395), (380, 0.3, 470))
#: visits that the inspector has at least, where so many are due
_VISITS = 4


class DemoChecks:
    """Puts check-ups into a demo.

    Parameters
    ----------
    inspector
        Who goes, and did before.

    """

    def __init__(self, house: House, building: Building, inspector: User, start_ns: int) -> None:
        self._house, self._building, self._inspector = house, building, inspector
        self._start_ns = start_ns
        self._firm = Firm(
            same_id("demo firm"), "演示体检机构（虚构）", Tier.BODY,
            member_ids=(inspector.id,), qualification="演示-0000", contact="演示联系人",
        )  # fmt: skip
        self._who = Caller(
            inspector.id, inspector.display_name, inspector.role, inspector.scopes,
            inspector.language,
        )  # fmt: skip

    def start(self) -> None:
        """Write the firm and what was done in earlier years; the re-check of it is yet to come."""
        house = self._house
        keep_shipped(house.records.check_plans)
        house.records.checks.put_firm(self._firm, BY)
        past, before = PastChecks(house, self._building, self._who), ""
        first = self._start_ns - _PAST[0][0] * DAY_NS
        check_up = CheckUp(
            same_id("demo check-up", self._building.id), self._building.id, CheckClass.BASIC,
            CheckCause.CYCLE, day_of(first), first, BY, cause_text="演示：到期体检",
        )  # fmt: skip
        house.records.checks.add_check_ups([self._given(check_up)], BY)
        for days, width_mm, again in _PAST:
            at_ns = self._start_ns - days * DAY_NS
            before = past.send(self._given(check_up), at_ns, width_mm, again, before)
            check_up = self._again()
        self.give()

    def give(self) -> None:
        """Give the inspector what waits in their districts: alerts' visits, and a few due ones."""
        checks, plans = self._house.records.checks, self._house.records.check_plans
        districts = tuple(scope.value for scope in self._inspector.scopes)
        given = CheckFilter(districts=districts, states=(CheckState.ASSIGNED,))
        due = DueFilter(districts=districts, classes=(CheckClass.DAILY,), opened=False)
        free = _VISITS - checks.count_check_ups(given)
        rows = plans.due(due, Page(free)) if free > 0 else []
        now_ns, templates = self._house.clock.now_ns(), plans.templates()
        checks.add_check_ups([for_due(row, BY, now_ns, templates) for row in rows], BY)
        waiting = CheckFilter(districts=districts, states=(CheckState.PLANNED,))
        for check_up in checks.check_ups(waiting, Page(100)):
            given_out = replace(self._given(check_up), version=check_up.version + 1)
            with contextlib.suppress(Conflict):  # somebody at the demo was faster
                checks.put_check_up(given_out, BY)

    def faults(self) -> list[str]:
        """Tell what does not hold of the past, and whether the story's alerts called for visits."""
        checks = self._house.records.checks
        ours = CheckFilter(building_ids=(self._building.id,), states=(CheckState.DONE,))
        done = checks.check_ups(ours, Page(10))
        found = (
            [] if len(done) == len(_PAST) else [f"{len(done)} of {len(_PAST)} check-ups are done"]
        )
        pictures = checks.attachments(building_id=self._building.id)
        found += [
            f"picture {one.id} of a check-up is {one.state}: {one.reason}"
            for one in pictures
            if one.state is not AttachmentState.READY
        ]
        for_alerts = CheckFilter(causes=(CheckCause.ALERT,))
        if not checks.count_check_ups(for_alerts):
            found.append("no alert has called for a visit")
        return found

    def _given(self, check_up: CheckUp) -> CheckUp:
        form = form_for(
            self._house.records.check_plans.templates(), check_up.check_class, check_up.cause
        )
        return replace(
            check_up,
            state=CheckState.ASSIGNED,
            firm_id=self._firm.id,
            inspector_id=self._inspector.id,
            template_id=check_up.template_id or (form.id if form else ""),
            template_version=check_up.template_version or (form.version if form else 0),
        )

    def _again(self) -> CheckUp:
        """Find the re-check that the last result has opened."""
        wanted = CheckFilter(building_ids=(self._building.id,), causes=(CheckCause.RECHECK,))
        return max(self._house.records.checks.check_ups(wanted, Page(10)), key=lambda c: c.due_on)
