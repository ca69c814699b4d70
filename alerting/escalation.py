"""Red alerts that nobody acknowledges in time are told to the next people, once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from alerting.acts import SYSTEM, Settled
from alerting.context import JoinContext
from alerting.notices import notices_for
from domain.alerts import Alert, AlertEvent, AlertState, EventKind, Notice, Recipient
from domain.clock import MINUTE_NS
from domain.ids import same_id
from domain.limits import Level


def escalate(
    overdue: Iterable[Alert],
    recipients: Sequence[Recipient],
    context: JoinContext,
    now_ns: int,
    history: Callable[[str], Sequence[AlertEvent]] | None = None,
) -> Settled:
    """Call the escalation recipients for red alerts that nobody has acknowledged in time.

    Once per alert: the escalation is written on it. Where a district has nobody to escalate to,
    the event is written all the same, and its text says so.

    Parameters
    ----------
    recipients
        Everybody who may be told; only those for escalation are.
    history
        Reads an alert's events: the time runs from when it became red, not from when it opened.
        Without it, it runs from the opening.

    """
    limit_ns = int(context.profile.number("escalation.minutes") * MINUTE_NS)
    alerts: list[Alert] = []
    events: list[AlertEvent] = []
    notices: list[Notice] = []
    for alert in overdue:
        if (
            alert.state is not AlertState.OPEN
            or alert.level < Level.RED
            or alert.escalated_at_ns is not None
        ):
            continue
        red_ns = _red_since(alert, history(alert.id) if history else ())
        if now_ns - red_ns < limit_ns:
            continue
        after = replace(
            alert, escalated_at_ns=now_ns, updated_at_ns=now_ns, version=alert.version + 1
        )
        event = AlertEvent(
            id=same_id("event", alert.id, EventKind.ESCALATED, after.version),
            alert_id=alert.id,
            at_ns=now_ns,
            kind=EventKind.ESCALATED,
            level=alert.level,
            by=SYSTEM,
        )
        told = notices_for(after, event, replace(context, recipients=recipients), now_ns)
        if not told:
            event = replace(event, text="no recipient for escalation covers this building")
        alerts.append(after)
        events.append(event)
        notices += told
    return Settled(tuple(alerts), tuple(events), tuple(notices))


def _red_since(alert: Alert, events: Sequence[AlertEvent]) -> int:
    """Find since when an alert has been red: red is only left by closing."""
    reds = [
        e.at_ns
        for e in events
        if e.level == Level.RED
        and e.kind in {EventKind.OPENED, EventKind.RAISED, EventKind.REOPENED}
    ]
    return min(reds, default=alert.opened_at_ns)
