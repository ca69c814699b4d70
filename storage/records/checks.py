"""Check-ups, submissions, pictures, firms and ordered appraisals in the records database."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select, tuple_, union_all

from domain.alerts import Alert
from domain.attachments import Attachment
from domain.check_ports import CheckFilter, Consequences
from domain.checkups import AppraisalOrder, CheckState, CheckUp, Firm, OrderState
from domain.clock import DAY_NS, HOUR_NS
from domain.errors import Conflict, InvalidInput
from domain.ports import Change, Page
from domain.submissions import Standing, Submission
from storage.records import tables, tables_checks
from storage.records.alerts import (
    EVENTS,
    FINDINGS,
    NOTICES,
    alert_change,
    write_alerts,
    write_changes,
)
from storage.records.audit import AuditLine, line_of, write_audit
from storage.records.engine import Database
from storage.records.labels import LABELS
from storage.records.places import write_anchor, write_defect
from storage.records.revisions import put_versioned
from storage.records.rows import Rows, among, check_text, count

CHECK_UPS = Rows(CheckUp, tables_checks.check_ups)
SUBMISSIONS = Rows(Submission, tables_checks.submissions)
ATTACHMENTS = Rows(Attachment, tables_checks.attachments)
ORDERS = Rows(AppraisalOrder, tables_checks.appraisal_orders)
FIRMS = Rows(Firm, tables_checks.firms)
#: how far China's calendar is ahead of UTC, and the number of the day on which moments begin
CHINA_AHEAD_NS = 8 * HOUR_NS
FIRST_DAY = date(1970, 1, 1).toordinal()


class RecordsChecks:
    """Check-ups and what belongs to them; a `domain.check_ports.CheckStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_check_up(self, check_up: CheckUp, by: str) -> None:
        """Keep a check-up."""
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            line = _write_check_up(connection, check_up, by)
            self._end(connection, line, [check_up])

    def add_check_ups(self, check_ups: Sequence[CheckUp], by: str) -> int:
        """Keep those that are not there yet, all or none; tell how many they were."""
        if not check_ups:
            return 0
        for check_up in check_ups:
            check_text(check_up)
        c, b = tables_checks.check_ups.c, tables.buildings.c
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            known = set(
                connection.execute(
                    select(c.id).where(among(connection, c.id, [one.id for one in check_ups]))
                ).scalars()
            )
            wanted = {one.building_id for one in check_ups}
            there = set(
                connection.execute(select(b.id).where(among(connection, b.id, wanted))).scalars()
            )
            if missing := wanted - there:
                raise _no_building(min(missing))
            new = [one for one in check_ups if one.id not in known]
            CHECK_UPS.insert(connection, new)
            figures = json.dumps({"check_ups": len(new)})
            lines = [AuditLine(by, "check-ups opened", new[0].id, figures)] if new else []
            self._end(connection, lines, new)
        return len(new)

    def check_up(self, check_up_id: str) -> CheckUp | None:
        """Read a check-up."""
        with self._database.reading() as connection:
            return CHECK_UPS.one(connection, check_up_id)

    def check_ups(self, wanted: CheckFilter, page: Page) -> list[CheckUp]:
        """List by due day, then id."""
        c = tables_checks.check_ups.c
        with self._database.reading() as connection:
            question = _wanted(connection, CHECK_UPS.select(), wanted)
            if page.after:
                day, _, last_id = page.after.partition(" ")
                question = question.where(tuple_(c.due_on, c.id) > (day_of(day), last_id))
            question = question.order_by(c.due_on, c.id).limit(page.limit)
            return CHECK_UPS.many(connection, question)

    def due_days(self, wanted: CheckFilter) -> dict[date, int]:
        """Count by the day on which they are due."""
        day = tables_checks.check_ups.c.due_on
        with self._database.reading() as connection:
            question = _wanted(connection, select(day, func.count()), wanted).group_by(day)
            return {due_on: int(number) for due_on, number in connection.execute(question)}

    def done_days(self, wanted: CheckFilter) -> dict[date, int]:
        """Count by the day of China's calendar on which they were done."""
        done = tables_checks.check_ups.c.done_at_ns
        number = ((done + CHINA_AHEAD_NS) // DAY_NS).label("day")
        with self._database.reading() as connection:
            question = select(number, func.count()).where(done.is_not(None))
            question = _wanted(connection, question, wanted).group_by(number)
            return {
                date.fromordinal(FIRST_DAY + int(day)): int(count)
                for day, count in connection.execute(question)
            }

    def count_check_ups(self, wanted: CheckFilter) -> int:
        """Count check-ups."""
        table = tables_checks.check_ups
        with self._database.reading() as connection:
            question = _wanted(connection, select(func.count()).select_from(table), wanted)
            return int(connection.execute(question).scalar_one())

    def last_done(self) -> list[CheckUp]:
        """List the newest done check-up of each building and class."""
        c = tables_checks.check_ups.c
        newest = (
            select(c.building_id, c.check_class, func.max(c.done_at_ns).label("done"))
            .where(c.state == CheckState.DONE)
            .group_by(c.building_id, c.check_class)
            .subquery()
        )
        question = CHECK_UPS.select().join(
            newest,
            and_(
                c.building_id == newest.c.building_id,
                c.check_class == newest.c.check_class,
                c.done_at_ns == newest.c.done,
            ),
        )
        with self._database.reading() as connection:
            found = CHECK_UPS.many(connection, question.order_by(c.building_id, c.id))
        return list({(one.building_id, one.check_class): one for one in found}.values())

    def take(self, what: Consequences, by: str) -> None:
        """Keep a submission with all that follows from it, all or none."""
        new, *others = what.submissions
        check_text(new)
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            lines: list[AuditLine] = []
            for anchor in what.anchors:
                lines += write_anchor(connection, anchor, by)
            for defect in what.defects:
                lines += write_defect(connection, defect, by)
            if SUBMISSIONS.one(connection, new.id) is not None:
                raise Conflict(f"submission {new.id!r} is there already")
            SUBMISSIONS.insert(connection, [new])
            figures = {"sha256": new.sha256, "standing": new.standing, "result": int(new.result)}
            lines.append(AuditLine(by, "submission taken", new.id, json.dumps(figures)))
            lines += _restand(connection, others, "submission changed", by)
            lines += self._follow(connection, what, by)
            self._end(connection, lines, _changed(what), what.alerts)

    def settle(self, what: Consequences, by: str) -> None:
        """Write new standings of kept submissions and what follows, all or none.

        Raises
        ------
        Conflict
            When the check-up, or an alert, has another version by now.

        """
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            lines = _restand(connection, what.submissions, "submission settled", by)
            lines += self._follow(connection, what, by)
            self._end(connection, lines, _changed(what), what.alerts)

    def submission(self, submission_id: str) -> Submission | None:
        """Read a submission."""
        with self._database.reading() as connection:
            return SUBMISSIONS.one(connection, submission_id)

    def submissions(self, check_up_id: str) -> list[Submission]:
        """List what was sent in for a check-up, oldest first."""
        c = tables_checks.submissions.c
        question = SUBMISSIONS.select().where(c.check_up_id == check_up_id)
        with self._database.reading() as connection:
            return SUBMISSIONS.many(connection, question.order_by(c.received_at_ns, c.id))

    def conflicts(self, building_ids: Sequence[str] | None, page: Page) -> list[Submission]:
        """List submissions in conflict, newest first; `Page.after` is the last one's id."""
        c = tables_checks.submissions.c
        question = SUBMISSIONS.select().where(c.standing == Standing.CONFLICT)
        with self._database.reading() as connection:
            if building_ids is not None:
                question = question.where(among(connection, c.building_id, building_ids))
            if page.after:
                last = SUBMISSIONS.one(connection, page.after)
                if last is not None:
                    at_ns = last.received_at_ns
                    later = and_(c.received_at_ns == at_ns, c.id > last.id)
                    question = question.where(or_(c.received_at_ns < at_ns, later))
            question = question.order_by(c.received_at_ns.desc(), c.id).limit(page.limit)
            return SUBMISSIONS.many(connection, question)

    def put_attachment(self, attachment: Attachment) -> None:
        """Keep what is known of a picture."""
        check_text(attachment)
        with self._database.writing() as connection:
            if CHECK_UPS.one(connection, attachment.check_up_id) is None:
                raise InvalidInput(
                    f"check_up_id must name a check-up, got {attachment.check_up_id!r}",
                    "check_up_id",
                )
            put_versioned(connection, ATTACHMENTS, "attachment", attachment)

    def attachment(self, attachment_id: str) -> Attachment | None:
        """Read what is known of a picture."""
        with self._database.reading() as connection:
            return ATTACHMENTS.one(connection, attachment_id)

    def attachments(
        self, *, check_up_id: str = "", building_id: str = "", defect_id: str = ""
    ) -> list[Attachment]:
        """List pictures by the moment they were declared; at least one id must be given."""
        c = tables_checks.attachments.c
        question = ATTACHMENTS.select()
        given = {"check_up_id": check_up_id, "building_id": building_id, "defect_id": defect_id}
        for name, value in given.items():
            if value:
                question = question.where(c[name] == value)
        if not any(given.values()):
            return []
        with self._database.reading() as connection:
            return ATTACHMENTS.many(connection, question.order_by(c.made_at_ns, c.id))

    def put_order(self, order: AppraisalOrder, by: str) -> None:
        """Keep an ordered appraisal."""
        check_text(order)
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            _building_there(connection, order.building_id)
            old = put_versioned(connection, ORDERS, "appraisal order", order)
            lines = [line_of(by, "appraisal order", old, order)] if old != order else []
            write_audit(self._database, connection, lines)

    def order(self, order_id: str) -> AppraisalOrder | None:
        """Read an ordered appraisal."""
        with self._database.reading() as connection:
            return ORDERS.one(connection, order_id)

    def orders(
        self, building_ids: Sequence[str] | None, states: Sequence[OrderState] = ()
    ) -> list[AppraisalOrder]:
        """List ordered appraisals by due day."""
        c = tables_checks.appraisal_orders.c
        question = ORDERS.select()
        if states:
            question = question.where(c.state.in_(states))
        with self._database.reading() as connection:
            if building_ids is not None:
                question = question.where(among(connection, c.building_id, building_ids))
            return ORDERS.many(connection, question.order_by(c.due_on, c.id))

    def put_firm(self, firm: Firm, by: str) -> None:
        """Keep a firm."""
        check_text(firm)
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            users = tables.users.c.id
            there = select(users).where(among(connection, users, firm.member_ids))
            if unknown := set(firm.member_ids) - set(connection.execute(there).scalars()):
                raise InvalidInput(
                    f"member_ids must name users, got {min(unknown)!r}", "member_ids"
                )
            old = put_versioned(connection, FIRMS, "firm", firm)
            lines = [line_of(by, "firm", old, firm)] if old != firm else []
            write_audit(self._database, connection, lines)

    def firm(self, firm_id: str) -> Firm | None:
        """Read a firm."""
        with self._database.reading() as connection:
            return FIRMS.one(connection, firm_id)

    def firms(self) -> list[Firm]:
        """List firms by name."""
        c = tables_checks.firms.c
        with self._database.reading() as connection:
            return FIRMS.many(connection, FIRMS.select().order_by(c.name, c.id))

    def firms_of(self, user_id: str) -> list[Firm]:
        """List the firms that a user works for."""
        return [firm for firm in self.firms() if user_id in firm.member_ids]

    def building_of(self, object_id: str) -> str | None:
        """Tell the building of a check-up, submission, attachment or order; `None`: no such."""
        every = (
            tables_checks.check_ups,
            tables_checks.submissions,
            tables_checks.attachments,
            tables_checks.appraisal_orders,
        )
        question = union_all(*(select(t.c.building_id).where(t.c.id == object_id) for t in every))
        with self._database.reading() as connection:
            found = connection.execute(question).scalar()
        return None if found is None else str(found)

    def _follow(self, connection: Connection, what: Consequences, by: str) -> list[AuditLine]:
        """Write the check-up as it is afterwards, and what it leads to."""
        for record in (*what.opened, *what.orders, *what.labels, *what.alerts, *what.events):
            check_text(record)
        lines: list[AuditLine] = []
        if what.check_up is not None:
            lines += _write_check_up(connection, what.check_up, by)
        CHECK_UPS.insert_missing(connection, what.opened)
        lines += [line_of(by, "check-up", None, check_up) for check_up in what.opened]
        ORDERS.insert_missing(connection, what.orders)
        lines += [line_of(by, "appraisal order", None, order) for order in what.orders]
        LABELS.insert_missing(connection, what.labels)
        write_alerts(connection, what.alerts)
        FINDINGS.insert_missing(connection, what.findings)
        EVENTS.insert_missing(connection, what.events)
        NOTICES.insert_missing(connection, what.notices)
        return lines

    def _end(
        self,
        connection: Connection,
        lines: Sequence[AuditLine],
        changed: Sequence[CheckUp],
        alerts: Sequence[Alert] = (),
    ) -> None:
        """Write the audit and let live pages know; the last thing of a transaction."""
        write_audit(self._database, connection, lines)
        if lines:
            now_ns = self._database.clock.now_ns()
            told = [Change(0, now_ns, "check-up", one.building_id, one.id) for one in changed]
            write_changes(connection, [*told, *(alert_change(alert) for alert in alerts)])


def _changed(what: Consequences) -> list[CheckUp]:
    return [*([] if what.check_up is None else [what.check_up]), *what.opened]


def _restand(
    connection: Connection, submissions: Sequence[Submission], action: str, by: str
) -> list[AuditLine]:
    """Write other standings of submissions that are kept; nothing else of them ever changes."""
    lines = []
    for one in submissions:
        if not SUBMISSIONS.replace(connection, one):
            raise InvalidInput(f"there is no submission {one.id!r}", "submission_id")
        lines.append(AuditLine(by, action, one.id, json.dumps({"standing": one.standing})))
    return lines


def _write_check_up(connection: Connection, check_up: CheckUp, by: str) -> list[AuditLine]:
    check_text(check_up)
    _building_there(connection, check_up.building_id)
    if check_up.firm_id and FIRMS.one(connection, check_up.firm_id) is None:
        raise InvalidInput(f"firm_id must name a firm, got {check_up.firm_id!r}", "firm_id")
    old = put_versioned(connection, CHECK_UPS, "check-up", check_up)
    if old is not None and old.building_id != check_up.building_id:
        raise InvalidInput("a check-up stays with its building", "building_id")
    return [line_of(by, "check-up", old, check_up)] if old != check_up else []


def _building_there(connection: Connection, building_id: str) -> None:
    b = tables.buildings.c.id
    if connection.execute(select(b).where(b == building_id)).first() is None:
        raise _no_building(building_id)


def _no_building(building_id: str) -> InvalidInput:
    return InvalidInput(f"building_id must name a building, got {building_id!r}", "building_id")


def _wanted(connection: Connection, question: Select[Any], wanted: CheckFilter) -> Select[Any]:
    c = tables_checks.check_ups.c
    if wanted.building_ids is not None:
        question = question.where(among(connection, c.building_id, wanted.building_ids))
    if wanted.districts is not None:
        b = tables.buildings.c
        inside = select(b.id).where(among(connection, b.district, wanted.districts))
        question = question.where(c.building_id.in_(inside))
    for column, values in (
        (c.state, wanted.states),
        (c.check_class, wanted.classes),
        (c.cause, wanted.causes),
        (c.result, wanted.results),
    ):
        if values:
            question = question.where(column.in_(values))
    for column, value in (
        (c.firm_id, wanted.firm_id),
        (c.inspector_id, wanted.inspector_id),
        (c.alert_id, wanted.alert_id),
    ):
        if value:
            question = question.where(column == value)
    if wanted.worker is not None:
        user_id, firm_ids = wanted.worker
        theirs = and_(c.inspector_id == "", c.firm_id != "", c.firm_id.in_(firm_ids))
        question = question.where(or_(c.inspector_id == user_id, theirs))
    if wanted.due_from is not None:
        question = question.where(c.due_on >= wanted.due_from)
    if wanted.due_until is not None:
        question = question.where(c.due_on <= wanted.due_until)
    if wanted.done_ns is not None:
        first_ns, after_ns = wanted.done_ns
        question = question.where(c.done_at_ns >= first_ns, c.done_at_ns < after_ns)
    return question


def day_of(text: str) -> date:
    """Read the day that a cursor begins with.

    Raises
    ------
    InvalidInput
        When it is none.

    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"cursor must begin with a day such as 2026-11-23, got {text[:40]!r}", "cursor"
        ) from None
