"""What people do about alerts, and what time does: acknowledge, note, close, settle."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.alerts import Alert, AlertEvent, AlertState, EventKind, Notice
from domain.clock import HOUR_NS
from domain.errors import Conflict, InvalidInput
from domain.ids import same_id
from domain.limits import Level, LimitProfile

#: who did it when nobody but time or a rule did
SYSTEM = "system"

REASON_CHARACTERS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Settled:
    """Alerts that were changed, with their events and notices."""

    alerts: tuple[Alert, ...] = ()
    events: tuple[AlertEvent, ...] = ()
    notices: tuple[Notice, ...] = ()


def acknowledge(
    alert: Alert, by: str, at_ns: int, text: str = ""
) -> tuple[Alert, tuple[AlertEvent, ...]]:
    """Take an alert over: somebody has seen it and answers for it.

    Raises
    ------
    Conflict
        When it is closed, or somebody has taken it over already.
    InvalidInput
        When the text is too long.

    """
    _open(alert, "acknowledged")
    _short(text, "text")
    if alert.state is AlertState.ACKNOWLEDGED:
        raise Conflict(f"an alert is acknowledged once; {alert.acknowledged_by!r} has done it")
    return _changed(
        alert,
        EventKind.ACKNOWLEDGED,
        by,
        at_ns,
        text,
        state=AlertState.ACKNOWLEDGED,
        acknowledged_by=by,
        acknowledged_at_ns=at_ns,
    )


def note(alert: Alert, by: str, at_ns: int, text: str) -> tuple[Alert, tuple[AlertEvent, ...]]:
    """Write something down in an alert's history, closed or not.

    Raises
    ------
    InvalidInput
        When there is no text, or it is too long.

    """
    return _changed(alert, EventKind.NOTE, by, at_ns, _given(text, "text"))


def close(alert: Alert, by: str, at_ns: int, reason: str) -> tuple[Alert, tuple[AlertEvent, ...]]:
    """Close an alert, or propose it when the alert was ever red: that takes two people.

    The first person's reason stands until a second one confirms it with their own; both are in
    the history. An alert that gets worse meanwhile forgets the proposal.

    Raises
    ------
    Conflict
        When it is closed, or the same person confirms their own proposal.
    InvalidInput
        When no reason is given, or it is too long.

    """
    _open(alert, "closed")
    reason = _given(reason, "reason")
    if not by or by == SYSTEM:
        raise InvalidInput(f"an alert is closed by a person, got {by!r}", "by")
    if needs_second(alert):
        if not alert.close_proposed_by:
            return _changed(
                alert,
                EventKind.CLOSE_PROPOSED,
                by,
                at_ns,
                reason,
                close_proposed_by=by,
                close_reason=reason,
            )
        if alert.close_proposed_by == by:
            raise Conflict(
                "a red alert is closed by two people: "
                f"{by!r} has proposed it, somebody else must confirm it"
            )
    return _changed(
        alert,
        EventKind.CLOSED,
        by,
        at_ns,
        reason,
        state=AlertState.CLOSED,
        close_reason=reason,
        closed_by=by,
        closed_at_ns=at_ns,
    )


def needs_second(alert: Alert) -> bool:
    """Tell whether closing an alert takes two people: it is or was red, and about a building."""
    return not alert.of_installation and max(alert.level, alert.level_max) >= Level.RED


def settle(
    alerts: Iterable[Alert], profile: LimitProfile, now_ns: int, hold_ns: int | None = None
) -> Settled:
    """Close the alerts that need no second person and have been over for long.

    Parameters
    ----------
    hold_ns
        How long they must have been over; left out: `alert.clear_hold_hours`.

    """
    if hold_ns is None:
        hold_ns = int(profile.number("alert.clear_hold_hours") * HOUR_NS)
    closed: list[Alert] = []
    events: list[AlertEvent] = []
    for alert in alerts:
        over_ns = alert.cleared_at_ns
        if alert.state is AlertState.CLOSED or needs_second(alert) or over_ns is None:
            continue
        if now_ns - over_ns < hold_ns or any(c.level > Level.NONE for c in alert.contributions):
            continue
        done, lines = _changed(
            alert,
            EventKind.CLOSED,
            SYSTEM,
            now_ns,
            "",
            state=AlertState.CLOSED,
            closed_by=SYSTEM,
            closed_at_ns=now_ns,
        )
        closed.append(done)
        events += lines
    return Settled(tuple(closed), tuple(events))


def _changed(
    alert: Alert, kind: EventKind, by: str, at_ns: int, text: str, **changes: object
) -> tuple[Alert, tuple[AlertEvent, ...]]:
    after = replace(
        alert,
        updated_at_ns=max(at_ns, alert.updated_at_ns),
        version=alert.version + 1,
        **changes,  # type: ignore[arg-type]
    )
    event = AlertEvent(
        # the version is never used twice, so that the same act written twice is one line
        id=same_id("event", alert.id, kind, after.version),
        alert_id=alert.id,
        at_ns=at_ns,
        kind=kind,
        level=after.level,
        by=by,
        text=text.strip(),
    )
    return after, (event,)


def _open(alert: Alert, done: str) -> None:
    if alert.state is AlertState.CLOSED:
        raise Conflict(f"an open alert can be {done}; this one was closed by {alert.closed_by!r}")


def _given(text: str, field: str) -> str:
    if not text.strip():
        raise InvalidInput(f"{field} must say why, got nothing", field)
    return _short(text.strip(), field)


def _short(text: str, field: str) -> str:
    if len(text) > REASON_CHARACTERS_MAX:
        raise InvalidInput(
            f"{field} must have at most {REASON_CHARACTERS_MAX} characters, got {len(text)}", field
        )
    return text
