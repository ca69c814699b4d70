"""Findings become alerts: one open alert per building and cause, raised, lowered and cleared."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from alerting.agreement import Showing, holding
from alerting.context import JoinContext
from alerting.ledger import Ledger
from alerting.notices import notices_for
from domain.alerts import Alert, AlertEvent, AlertState, Notice
from domain.findings import Cause, Finding
from domain.limits import Level

__all__ = ["JoinContext", "Joined", "join"]


@dataclass(frozen=True, slots=True)
class Joined:
    """What joining changes: alerts that are new or changed, their events, and whom to tell."""

    alerts: tuple[Alert, ...]
    events: tuple[AlertEvent, ...]
    notices: tuple[Notice, ...]


def join(
    findings: Iterable[Finding],
    alerts: Iterable[Alert],
    context: JoinContext,
    now_ns: int,
    *,
    quiet: AbstractSet[str] = frozenset(),
    due: Iterable[tuple[str, Cause]] = (),
) -> Joined:
    """Join findings to the alerts they belong to.

    Findings are taken in the order of their own time, so that cutting a stretch into other
    batches gives the same alerts. A finding that an alert has already taken in changes nothing.
    Ids follow from the findings, so that a stretch judged twice gives the same rows.

    Parameters
    ----------
    alerts
        Alerts that are not closed and the newest closed one of each building and cause: at least
        those of the findings' buildings; those of every watched building, for a cause that many
        share to be known as such.
    now_ns
        Moment of the judgement.
    quiet
        Ids of findings of a buffer: they change alerts, but nobody is told yet.
    due
        Buildings and causes whose buffer has ended: told of now, if something of it still holds.

    Returns
    -------
    Joined
        Changed alerts carry a `version` one above the one that came in, new ones 1. At most one
        notice per alert and recipient, for the worst level that was newly reached.

    """
    # a stable sort: findings of one moment stay in the order in which they were made
    ordered = sorted(findings, key=lambda f: f.at_ns)
    current = _newest(alerts)
    showing = _showing(ordered, current.values())
    ledgers: dict[tuple[str, Cause], Ledger] = {}
    for finding in ordered:
        key = finding.building_id, finding.cause
        if key not in ledgers:
            ledgers[key] = Ledger(current.get(key), context, showing, now_ns, quiet)
        ledgers[key].take(finding)
    for key in due:
        ledger = ledgers.setdefault(key, Ledger(current.get(key), context, showing, now_ns))
        ledger.catch_up()
    known = {finding.id: finding for finding in ordered}
    changed = [ledger for ledger in ledgers.values() if ledger.events or ledger.touched]
    notices: list[Notice] = []
    for ledger in changed:
        if ledger.telling is not None:
            alert, event = ledger.telling
            notices += notices_for(alert, event, context, now_ns, known)
    return Joined(
        tuple(ledger.result() for ledger in changed),
        tuple(event for ledger in changed for event in ledger.events),
        tuple(notices),
    )


def _newest(alerts: Iterable[Alert]) -> dict[tuple[str, Cause], Alert]:
    """Pick for each building and cause the open alert, else the one closed last."""
    picked: dict[tuple[str, Cause], Alert] = {}

    def rank(alert: Alert) -> tuple[bool, int, str]:
        return alert.state is not AlertState.CLOSED, alert.closed_at_ns or 0, alert.id

    for alert in alerts:
        key = alert.building_id, alert.cause
        if key not in picked or rank(alert) > rank(picked[key]):
            picked[key] = alert
    return picked


def _showing(findings: Sequence[Finding], alerts: Iterable[Alert]) -> Showing:
    """Gather which buildings show a cause: by their alerts, or by a finding of this stretch.

    A stretch is looked at as a whole, or the first houses of a cold night would be lifted before
    it is seen that all the others show the same.
    """
    buildings: dict[Cause, set[str]] = {}
    for alert in alerts:
        if alert.state is not AlertState.CLOSED and holding(alert):
            buildings.setdefault(alert.cause, set()).add(alert.building_id)
    for finding in findings:
        if finding.level >= Level.YELLOW:
            buildings.setdefault(finding.cause, set()).add(finding.building_id)
    return Showing(buildings)
