"""Keep the list of who is due: every night, and soon after something has happened."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

import structlog

from alerting.texts import sentence
from app.jobs import Under
from domain.alerts import Alert, AlertState
from domain.buildings import Building
from domain.check_cycles import Due
from domain.check_ports import CheckFilter, CheckStore, PlanStore
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, Clock
from domain.contexts import ContextEvent, ContextKind, ContextStore
from domain.findings import Cause, Finding
from domain.jobs import CatchUp, JobRun, RunState, Timetable
from domain.limits import Level, LimitProfile
from domain.ports import AlertStore, Page, RegisterStore
from domain.stirring import StirringRules, stormy_days
from lifecycle.due import Facts, Happened, due_rows
from lifecycle.opening import alert_check_id, for_alert
from lifecycle.results import day_of, due_after, in_force

log = structlog.get_logger()

JOB = "check-plan"
#: every night at 3 in China
TIMES = Timetable(DAY_NS, 19 * HOUR_NS, CatchUp.LATEST)
#: events that ended longer ago have been looked at, or will not be any more
LOOK_BACK_NS = 60 * DAY_NS
#: the list is made anew so soon after an alert, and after a check-up was opened or done
_AFTER_ALERT_NS, _AFTER_CHECK_NS = MINUTE_NS, 10 * MINUTE_NS
_PIECE = 5_000
_ALERTS_MAX, _FINDINGS_MAX = 1_000, 200
_CAUSES = {ContextKind.WORKS: CheckCause.WORKS, ContextKind.EARTHQUAKE: CheckCause.DISASTER}


class ChecksDue:
    """Makes the list of who is due, and opens what alerts call for.

    Parameters
    ----------
    limits
        Tells from when on rain or wind is a storm.

    """

    def __init__(
        self,
        register: RegisterStore,
        checks: CheckStore,
        plans: PlanStore,
        contexts: ContextStore,
        alerts: AlertStore,
        limits: LimitProfile,
        clock: Clock,
    ) -> None:
        self._register, self._checks, self._plans = register, checks, plans
        self._contexts, self._alerts, self._clock = contexts, alerts, clock
        self._storms = StirringRules.of(limits)
        self._seen_change = -1
        # at the start alerts may wait that were raised while nobody looked
        self._alert_at: int | None = 0
        self._check_at: int | None = None

    def work(self, under: Under) -> str:
        """Do one run; done again it comes to the same."""
        now_ns = self._clock.now_ns()
        opened = self._open_for_alerts(now_ns)
        buildings = list(self._buildings())
        under.note(0, len(buildings))
        facts = self._facts(buildings, now_ns)
        profile = in_force(self._plans.profiles(), facts.today)
        rows: list[Due] = []
        for start in range(0, len(buildings), _PIECE):
            rows += due_rows(buildings[start : start + _PIECE], profile, facts)
            under.note(min(start + _PIECE, len(buildings)), len(buildings))
        changed = self._plans.replace_due(rows, now_ns)
        return (
            f"{len(buildings)} buildings, {len(rows)} due, {changed} rows changed, "
            f"{opened} check-ups opened for alerts"
        )

    def asked(self, now_ns: int) -> Iterator[JobRun]:
        """Ask for a run soon after a serious alert or a change of a check-up."""
        newest = self._alerts.last_change()
        if self._seen_change < 0:
            self._seen_change = newest
        for change in self._alerts.changes(self._seen_change, 500):
            self._seen_change = change.id
            if change.kind == "alert" and self._alert_at is None:
                self._alert_at = now_ns + _AFTER_ALERT_NS // 2
            if change.kind == "check-up" and self._check_at is None:
                self._check_at = now_ns + _AFTER_CHECK_NS
        due = [at for at in (self._alert_at, self._check_at) if at is not None and now_ns >= at]
        if self._alert_at is not None and self._alert_at in due and not self._unanswered():
            self._alert_at = None
            due = [at for at in due if at == self._check_at]
        if due:
            self._alert_at = self._check_at = None
            yield JobRun(JOB, now_ns, RunState.ASKED, "change")

    def _open_for_alerts(self, now_ns: int) -> int:
        """Open a special check-up for each serious alert that has none."""
        wanted = self._unanswered()
        if not wanted:
            return 0
        profile = in_force(self._plans.profiles(), day_of(now_ns))
        if not any(row.cause is CheckCause.ALERT for row in profile.triggers):
            return 0
        templates = self._plans.templates()
        opened = [
            for_alert(
                alert_check_id(alert.id),
                alert,
                sentence(alert, self._register.building(alert.building_id), "zh", self._of(alert)),
                JOB,
                now_ns,
                profile,
                templates,
                due_on=due_after(profile, CheckClass.SPECIAL, CheckCause.ALERT, alert.opened_at_ns),
            )
            for alert in wanted
        ]
        return self._checks.add_check_ups(opened, JOB)

    def _of(self, alert: Alert) -> dict[str, Finding]:
        ids = [held.finding_id for held in alert.contributions]
        found = self._alerts.findings(Page(_FINDINGS_MAX), ids=ids) if ids else []
        return {one.id: one for one in found}

    def _unanswered(self) -> list[Alert]:
        """List serious alerts of movement that no check-up was opened for."""
        serious = self._alerts.alerts(
            Page(_ALERTS_MAX),
            states=(AlertState.OPEN, AlertState.ACKNOWLEDGED),
            level_min=Level.ORANGE,
        )
        found = []
        for alert in serious:
            if alert.cause in {Cause.WATCH, Cause.RESTART, Cause.CHECK_UP}:
                continue  # a silent gateway is for a technician, and 4 came from an inspector
            if not self._checks.count_check_ups(CheckFilter(alert_id=alert.id)):
                found.append(alert)
        return found

    def _buildings(self) -> Iterator[Building]:
        after = ""
        while piece := self._register.buildings(Page(_PIECE, after)):
            yield from piece
            after = piece[-1].id

    def _facts(self, buildings: list[Building], now_ns: int) -> Facts:
        today = day_of(now_ns)
        ids = [building.id for building in buildings]
        grades = {k: grade.value for k, grade in self._register.grades(ids, today).items()}
        last = {
            (one.building_id, one.check_class): day_of(one.done_at_ns)
            for one in self._checks.last_done()
            if one.done_at_ns is not None
        }
        waiting: dict[str, list[CheckUp]] = defaultdict(list)
        for one in self._waiting():
            waiting[one.building_id].append(one)
        return Facts(today, now_ns, grades, last, waiting, self._happened(buildings, now_ns))

    def _waiting(self) -> Iterator[CheckUp]:
        wanted = CheckFilter(states=(CheckState.PLANNED, CheckState.ASSIGNED))
        after = ""
        while piece := self._checks.check_ups(wanted, Page(_PIECE, after)):
            yield from piece
            after = f"{piece[-1].due_on} {piece[-1].id}"

    def _happened(self, buildings: list[Building], now_ns: int) -> dict[str, list[Happened]]:
        """Tell which events reached which building: of storms the last at each gauge."""
        events = list(self._events(now_ns))
        told: list[tuple[ContextEvent, Happened]] = []
        for event in events:
            cause = _CAUSES.get(event.kind)
            if cause is not None:
                # works are looked at once they have begun, everything else when it is over
                begins = cause is CheckCause.WORKS
                day = day_of(event.started_at_ns if begins else event.ended_at_ns)
                told.append((event, Happened(cause, event.id, day)))
        for row, at_ns in stormy_days(events, self._storms):
            day = day_of(at_ns)
            told.append((row, Happened(CheckCause.STORM, f"storm {day}", day)))
        found: dict[str, list[Happened]] = defaultdict(list)
        for event, happened in told:
            for building in buildings:
                if event.reaches(building.longitude, building.latitude):
                    found[building.id].append(happened)
        return found

    def _events(self, now_ns: int) -> Iterable[ContextEvent]:
        after = ""
        pages = []
        while piece := self._contexts.events(
            Page(1_000, after), start_ns=now_ns - LOOK_BACK_NS, end_ns=now_ns
        ):
            pages.append(piece)
            after = piece[-1].id
        return chain.from_iterable(pages)
