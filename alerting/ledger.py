"""One building and cause while its findings are taken in: what they make of its alert."""

from collections.abc import Set as AbstractSet
from dataclasses import replace

from alerting.acts import SYSTEM
from alerting.agreement import NEVER_RED, Showing, level_of
from alerting.context import JoinContext
from alerting.notices import TELLING
from domain.alerts import Alert, AlertEvent, AlertState, Contribution, EventKind
from domain.clock import DAY_NS
from domain.findings import Compensation, Finding
from domain.ids import same_id
from domain.limits import Level


class Ledger:
    """Takes in the findings of one building and cause, in order.

    Parameters
    ----------
    alert
        The open alert, else the one closed last, else none.

    """

    def __init__(
        self,
        alert: Alert | None,
        context: JoinContext,
        showing: Showing,
        now_ns: int,
        quiet: AbstractSet[str] = frozenset(),
    ) -> None:
        self._alert = alert
        self._version = alert.version if alert else 0
        self._context, self._showing, self._now_ns = context, showing, now_ns
        self._quiet = quiet
        self.events: list[AlertEvent] = []
        self.telling: tuple[Alert, AlertEvent] | None = None
        self.touched = False

    def take(self, finding: Finding) -> None:
        """Take in one finding."""
        alert = self._alert
        if alert is not None and _taken(alert, finding):
            return
        if alert is None or alert.state is AlertState.CLOSED:
            if alert is not None and _eases(alert, finding):
                self._alert = replace(alert, contributions=_with(alert.contributions, finding))
                self.touched = True
                return
            if finding.level == Level.NONE:
                return
            if alert is not None and self._may_reopen(alert):
                self._reopen(alert, finding)
            else:
                self._open(finding)
            return
        self._change(alert, finding)

    def catch_up(self) -> None:
        """Tell of an open alert that nobody has acknowledged, if something of it holds now."""
        alert = self._alert
        if alert is None or alert.state is not AlertState.OPEN or self.telling is not None:
            return
        worst = max(alert.contributions, key=lambda c: (c.level, c.at_ns))
        if worst.level > Level.NONE:
            event = AlertEvent(
                id=same_id("event", alert.id, "caught up", worst.finding_id),
                alert_id=alert.id,
                at_ns=self._now_ns,
                kind=EventKind.RAISED,
                level=alert.level,
                by=SYSTEM,
                finding_id=worst.finding_id,
            )
            self.events.append(event)
            self.telling = alert, event

    def result(self) -> Alert:
        """Give the alert as it is to be written."""
        assert self._alert is not None  # noqa: S101 - only asked of a ledger that changed
        return replace(self._alert, version=self._version + 1)

    def _may_reopen(self, alert: Alert) -> bool:
        """Tell whether a closed alert goes on: only one that nobody but time has closed."""
        window_ns = self._context.profile.number("alert.reopen_days") * DAY_NS
        return (
            alert.closed_by == SYSTEM
            and alert.closed_at_ns is not None
            and self._now_ns - alert.closed_at_ns <= window_ns
        )

    def _open(self, finding: Finding) -> None:
        self._version = 0
        held = (_contribution(finding),)
        level = self._level(held, finding)
        self._alert = Alert(
            id=same_id("alert", finding.building_id, finding.cause, finding.id),
            building_id=finding.building_id,
            cause=finding.cause,
            level=level,
            level_max=level,
            state=AlertState.OPEN,
            opened_at_ns=self._now_ns,
            updated_at_ns=self._now_ns,
            event_started_at_ns=finding.started_ns,
            contributions=held,
        )
        self._note(EventKind.OPENED, finding)

    def _reopen(self, alert: Alert, finding: Finding) -> None:
        held = _with(alert.contributions, finding)
        level = self._level(held, finding)
        self._alert = replace(
            alert,
            level=level,
            # people who were told of the first time are told of the levels of this time, too
            level_max=level,
            state=AlertState.OPEN,
            updated_at_ns=self._now_ns,
            event_started_at_ns=finding.started_ns,
            contributions=held,
            acknowledged_by="",
            acknowledged_at_ns=None,
            escalated_at_ns=None,
            cleared_at_ns=None,
            close_proposed_by="",
            close_reason="",
            closed_by="",
            closed_at_ns=None,
        )
        self._note(EventKind.REOPENED, finding)

    def _change(self, alert: Alert, finding: Finding) -> None:
        if finding.level == Level.NONE and _held(alert, finding) is None:
            return
        held = _with(alert.contributions, finding)
        now = self._level(held, finding)
        # a machine can tell that its own fault is over; whether a house stands, people tell
        stays_red = alert.level == Level.RED and not alert.of_installation
        shown = Level.RED if stays_red else now
        worst_before = max((c.level for c in alert.contributions), default=Level.NONE)
        over = all(c.level == Level.NONE for c in held)
        # an alert tells one event, from its first sign on, even when it paused on the way
        started_ns = (
            min(alert.event_started_at_ns, finding.started_ns)
            if finding.level > Level.NONE
            else alert.event_started_at_ns
        )
        changed = replace(
            alert,
            level=shown,
            level_max=max(alert.level_max, shown),
            updated_at_ns=self._now_ns,
            event_started_at_ns=started_ns,
            contributions=held,
            cleared_at_ns=(alert.cleared_at_ns or self._now_ns) if over else None,
        )
        worse = changed.level_max > alert.level_max
        if worse:
            # what was acknowledged was something milder
            changed = replace(
                changed, state=AlertState.OPEN, acknowledged_by="", acknowledged_at_ns=None
            )
        before = _held(alert, finding)
        if finding.level > (before.level if before else Level.NONE):
            # what was to be closed has got worse since somebody wanted it closed
            changed = replace(changed, close_proposed_by="", close_reason="")
        self._alert = changed
        self.touched = True
        if shown > alert.level or (
            shown == Level.RED == alert.level and worst_before == Level.NONE and not over
        ):
            self._note(EventKind.RAISED, finding, tell=worse)
        elif over and worst_before > Level.NONE:
            self._note(EventKind.CLEARED, finding)
        elif shown < alert.level:
            self._note(EventKind.LOWERED, finding)

    def _level(self, held: tuple[Contribution, ...], finding: Finding) -> Level:
        level = level_of(held, finding.cause, finding.building_id, self._context, self._showing)
        return _capped(level, finding)

    def _note(self, kind: EventKind, finding: Finding, *, tell: bool = True) -> None:
        alert = self._alert
        assert alert is not None  # noqa: S101 - noted after it was set
        event = AlertEvent(
            id=same_id("event", alert.id, kind, finding.id),
            alert_id=alert.id,
            at_ns=self._now_ns,
            kind=kind,
            level=alert.level,
            by=SYSTEM,
            finding_id=finding.id,
        )
        self.events.append(event)
        if tell and kind in TELLING and finding.id not in self._quiet:
            self.telling = alert, event


def _eases(alert: Alert, finding: Finding) -> bool:
    """Tell whether a finding eases what a closed alert about the installation still held.

    The closed alert is where it stands how the installation was last found; without this a fault
    that people closed while it lasted would be silent when it comes back.
    """
    held = _held(alert, finding)
    return alert.of_installation and held is not None and finding.level < held.level


def _held(alert: Alert, finding: Finding) -> Contribution | None:
    wanted = finding.rule, finding.subject
    return next((c for c in alert.contributions if (c.rule, c.subject) == wanted), None)


def _taken(alert: Alert, finding: Finding) -> bool:
    """Tell whether an alert has taken in a finding, or a later one of the same rule and point.

    A level that the alert has never had cannot have been taken in: a worse finding is never
    left out for its clock's sake.
    """
    held = _held(alert, finding)
    if held is None:
        return False
    if held.finding_id == finding.id:
        return True
    return finding.at_ns < held.at_ns and _capped(finding.level, finding) <= alert.level_max


def _capped(level: Level, finding: Finding) -> Level:
    """Tell how far a finding can bring an alert: silence is a loss of watch, never a collapse."""
    return min(level, Level.ORANGE) if finding.cause in NEVER_RED else level


def _contribution(finding: Finding) -> Contribution:
    return Contribution(
        rule=finding.rule,
        subject=finding.subject,
        subject_name=finding.subject_name,
        level=finding.level,
        finding_id=finding.id,
        at_ns=finding.at_ns,
        value=finding.value,
        limit=finding.limit,
        unit=finding.unit,
        capped=finding.capped,
        immature=finding.compensation in {Compensation.IMMATURE, Compensation.ABSENT},
    )


def _with(held: tuple[Contribution, ...], finding: Finding) -> tuple[Contribution, ...]:
    """Put a finding in its place among the contributions, which stand in a fixed order."""
    new = _contribution(finding)
    kept = [c for c in held if (c.rule, c.subject) != (new.rule, new.subject)]
    return tuple(sorted([*kept, new], key=lambda c: (c.rule, c.subject)))
