"""Alerts in the records database, for those who act on them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from domain.alerts import INSTALLATION, Alert, AlertEvent, AlertState, Notice, Recipient
from domain.errors import Conflict, InvalidInput
from domain.findings import Finding
from domain.limits import Level
from domain.ports import Change, Page
from storage.records import tables
from storage.records.audit import line_of, write_audit
from storage.records.engine import Database
from storage.records.rows import Rows, among, check_text, count, count_on

ALERTS = Rows(Alert, tables.alerts)
EVENTS = Rows(AlertEvent, tables.alert_events)
NOTICES = Rows(Notice, tables.notices)
FINDINGS = Rows(Finding, tables.findings)
RECIPIENTS = Rows(Recipient, tables.recipients)
CHANGES = Rows(Change, tables.changes)


class RecordsAlerts:
    """Alerts and their history; a `domain.ports.AlertStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def alert(self, alert_id: str) -> Alert | None:
        """Read an alert; `None` when there is none."""
        with self._database.reading() as connection:
            return ALERTS.one(connection, alert_id)

    def alerts(
        self,
        page: Page,
        *,
        building_ids: Sequence[str] | None = None,
        states: Sequence[AlertState] = (),
        level_min: Level = Level.NONE,
        installation: bool = False,
    ) -> list[Alert]:
        """List worst level first, then newest opened; a page goes on after the last one's id.

        Those about the installation are there only when they are asked for.

        Raises
        ------
        InvalidInput
            When the page goes on after an alert that is not there.

        """
        c = tables.alerts.c
        question = ALERTS.select().where(c.level >= level_min)
        if states:
            question = question.where(c.state.in_(states))
        with self._database.reading() as connection:
            here = c.building_id != INSTALLATION
            if building_ids is not None:
                here = and_(here, among(connection, c.building_id, building_ids))
            if installation:
                here = or_(here, c.building_id == INSTALLATION)
            question = question.where(here)
            if page.after:
                last = ALERTS.one(connection, page.after)
                if last is None:
                    raise InvalidInput(f"after must be an alert's id, got {page.after!r}", "after")
                older = or_(
                    c.opened_at_ns < last.opened_at_ns,
                    and_(c.opened_at_ns == last.opened_at_ns, c.id < last.id),
                )
                milder = c.level < last.level
                question = question.where(or_(milder, and_(c.level == last.level, older)))
            order = (c.level.desc(), c.opened_at_ns.desc(), c.id.desc())
            return ALERTS.many(connection, question.order_by(*order).limit(page.limit))

    def events(self, alert_id: str) -> list[AlertEvent]:
        """List what happened to an alert, oldest first."""
        c = tables.alert_events.c
        question = EVENTS.select().where(c.alert_id == alert_id).order_by(c.at_ns, c.number)
        with self._database.reading() as connection:
            return EVENTS.many(connection, question)

    def findings(
        self, page: Page, *, building_ids: Sequence[str] | None = None, ids: Sequence[str] = ()
    ) -> list[Finding]:
        """List newest first; with `ids`, those only. A page goes on after the last one's id.

        Those about the installation are found by their ids only.

        Raises
        ------
        InvalidInput
            When the page goes on after a finding that is not there.

        """
        c = tables.findings.c
        question = FINDINGS.select()
        with self._database.reading() as connection:
            if building_ids is not None:
                question = question.where(among(connection, c.building_id, building_ids))
            if ids:
                question = question.where(among(connection, c.id, ids))
            else:
                question = question.where(c.building_id != INSTALLATION)
            if page.after:
                last = FINDINGS.one(connection, page.after)
                if last is None:
                    raise InvalidInput(f"after must be a finding's id, got {page.after!r}", "after")
                same = and_(c.at_ns == last.at_ns, c.id < last.id)
                question = question.where(or_(c.at_ns < last.at_ns, same))
            question = question.order_by(c.at_ns.desc(), c.id.desc()).limit(page.limit)
            return FINDINGS.many(connection, question)

    def notices(self, alert_id: str) -> list[Notice]:
        """List the notices of an alert, oldest first."""
        c = tables.notices.c
        question = NOTICES.select().where(c.alert_id == alert_id).order_by(c.created_at_ns, c.id)
        with self._database.reading() as connection:
            return NOTICES.many(connection, question)

    def save(
        self,
        alert: Alert,
        events: Sequence[AlertEvent],
        notices: Sequence[Notice] = (),
        findings: Sequence[Finding] = (),
    ) -> None:
        """Write what was done to one alert in one transaction with its change-log line.

        Raises
        ------
        Conflict
            When the alert's version is stale.
        InvalidInput
            When a text cannot be kept.

        """
        for record in (alert, *events, *notices, *findings):
            check_text(record)
        with self._database.writing() as connection:
            write_alerts(connection, [alert])
            FINDINGS.insert_missing(connection, findings)
            EVENTS.insert_missing(connection, events)
            NOTICES.insert_missing(connection, notices)
            write_changes(connection, [alert_change(alert)])

    def overdue(
        self, level: Level, opened_before_ns: int, *, installation: bool = False
    ) -> list[Alert]:
        """List open, unacknowledged, not yet escalated alerts at a level or above.

        Of buildings, or with `installation` of the installation.
        """
        c = tables.alerts.c
        question = ALERTS.select().where(
            c.building_id == INSTALLATION if installation else c.building_id != INSTALLATION,
            c.state == AlertState.OPEN,
            c.level >= level,
            c.opened_at_ns < opened_before_ns,
            c.escalated_at_ns.is_(None),
        )
        with self._database.reading() as connection:
            return ALERTS.many(connection, question.order_by(c.level.desc(), c.opened_at_ns, c.id))

    def put_recipient(self, recipient: Recipient, by: str) -> None:
        """Keep a recipient.

        Raises
        ------
        InvalidInput
            When it has no name or no way, or a text cannot be kept.

        """
        check_text(recipient)
        if not recipient.id or not recipient.name.strip():
            raise InvalidInput("name must be some text, got none", "name")
        if not recipient.ways:
            raise InvalidInput("ways must be at least one way to tell, got none", "ways")
        with self._database.writing() as connection:
            # one writer of recipients after the other: the audit's counter is the lock
            count(connection, "audit", lock=True)
            old = RECIPIENTS.one(connection, recipient.id)
            if old != recipient:
                RECIPIENTS.upsert(connection, [recipient])
                write_audit(self._database, connection, [line_of(by, "recipient", old, recipient)])

    def recipients(self) -> list[Recipient]:
        """List all recipients by name."""
        return recipients(self._database)

    def changes(self, after_id: int, limit: int = 500) -> list[Change]:
        """Read the change log after a line, oldest first.

        `kind` is `alert` with the alert's id, `notice` with the id of the notice's alert,
        `model` with a revision's id, or `place` with that of an anchor, tie, defect or building.
        """
        c = tables.changes.c
        question = CHANGES.select().where(c.id > after_id).order_by(c.id).limit(limit)
        with self._database.reading() as connection:
            return CHANGES.many(connection, question)

    def last_change(self) -> int:
        """Tell the number of the newest line of the change log; 0 when there is none."""
        with self._database.reading() as connection:
            return count(connection, "changes")


def recipients(database: Database, *, active: bool = False) -> list[Recipient]:
    """List recipients by name, all or only those that are told."""
    c = tables.recipients.c
    question: Select[Any] = RECIPIENTS.select().order_by(c.name, c.id)
    with database.reading() as connection:
        return RECIPIENTS.many(connection, question.where(c.active) if active else question)


def write_alerts(connection: Connection, alerts: Sequence[Alert]) -> None:
    """Write new alerts (version 1) and changed ones (one above what is there).

    Raises
    ------
    Conflict
        When somebody else changed one first, or one is open already for its building and cause.

    """
    c = tables.alerts.c
    # those that close go first: another may open for the same building and cause in their place
    closed = AlertState.CLOSED
    for alert in sorted(alerts, key=lambda a: (a.state is not closed, a.version == 1, a.id)):
        if alert.version > 1:
            if ALERTS.replace(connection, alert, c.version == alert.version - 1):
                continue
            kept = connection.execute(select(c.version).where(c.id == alert.id)).scalar()
            raise Conflict(
                f"alert {alert.id!r} must come with version {(kept or 0) + 1}, "
                f"got {alert.version}: somebody has changed it since"
            )
        if alert.version < 1 or ALERTS.one(connection, alert.id) is not None:
            raise Conflict(f"alert {alert.id!r} is new with version 1 only, got {alert.version}")
        one_open = select(c.id).where(
            c.building_id == alert.building_id, c.cause == alert.cause, c.state != closed
        )
        if alert.state is not closed and (other := connection.execute(one_open).scalar()):
            raise Conflict(
                f"building {alert.building_id!r} has an open alert for {alert.cause} "
                f"already: {other!r}"
            )
        ALERTS.insert(connection, [alert])


def alert_change(alert: Alert) -> Change:
    """Make the change-log line of an alert; its number is given when it is written."""
    return Change(0, alert.updated_at_ns, "alert", alert.building_id, alert.id)


def write_changes(connection: Connection, lines: Sequence[Change]) -> None:
    """Write lines of the change log, numbered in the order of their commits.

    The last thing of a transaction: the counter is held until its commit.
    """
    if not lines:
        return
    number = count_on(connection, "changes", len(lines)) - len(lines)
    connection.execute(
        tables.changes.insert(),
        [CHANGES.values(line) | {"id": number + step} for step, line in enumerate(lines, 1)],
    )
