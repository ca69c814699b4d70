"""What tiers say of buildings, read in a few questions, and who has looked at contradictions."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from domain.alerts import INSTALLATION, Alert, AlertState
from domain.buildings import Appraisal, Grade, in_force
from domain.checkups import CheckClass, CheckState, CheckUp, ResultClass
from domain.clock import to_datetime
from domain.labels import CHINA, Label
from domain.limits import Level
from domain.submissions import Standing, Submission
from domain.tier_conflicts import TierEvidence, TierLook, TierScope
from storage.records import tables, tables_assessments, tables_checks, tables_tiers
from storage.records.alerts import ALERTS
from storage.records.assessments import RecordsAssessments
from storage.records.audit import AuditLine, write_audit
from storage.records.checks import CHECK_UPS, SUBMISSIONS
from storage.records.engine import Database
from storage.records.labels import LABELS
from storage.records.register import APPRAISALS
from storage.records.rows import Rows, among, check_text, count

LOOKS = Rows(TierLook, tables_tiers.tier_looks, ("conflict_id", "at_ns"))
T = TypeVar("T", Alert, Appraisal, CheckUp, Label, Submission)


class RecordsTiers:
    """Evidence of tiers, and looks at it; a `domain.tier_conflicts.TierStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def evidence(self, scope: TierScope, now_ns: int, since_ns: int) -> list[TierEvidence]:
        """Read the evidence of every building of which two tiers may contradict each other."""
        today = to_datetime(now_ns).astimezone(CHINA).date()
        with self._database.reading() as connection:
            read = _Reading(connection, scope)
            labels = read.labels(since_ns)
            alerts = read.alerts(since_ns, {label.building_id for label in labels})
            appraisals = {
                building_id: newest
                for building_id, made in _by_building(read.appraisals()).items()
                if (newest := in_force(list(made), today)) is not None
            }
            graded = {one.building_id for one in appraisals.values() if _dangerous(one)}
            graded |= {alert.building_id for alert in alerts} | read.dangers(since_ns)
            check_ups = _by_building(read.last_done(graded))
            sent = read.submissions()
            classes = read.classes({one.check_up_id for one in sent})
            submissions = _by_building(sent)
        safe = sorted(one.building_id for one in appraisals.values() if not _dangerous(one))
        assessed = RecordsAssessments(self._database).newest(safe, as_of_ns=now_ns) if safe else {}
        of_building, of_labels = _by_building(alerts), _by_building(labels)
        every = {*check_ups, *submissions, *of_building, *of_labels, *assessed}
        return [
            TierEvidence(
                one,
                check_ups.get(one, ()),
                appraisals.get(one),
                assessed.get(one),
                of_building.get(one, ()),
                of_labels.get(one, ()),
                submissions.get(one, ()),
                tuple((s.check_up_id, classes[s.check_up_id]) for s in submissions.get(one, ())),
            )
            for one in sorted(every)
        ]

    def look(self, look: TierLook) -> None:
        """Keep that somebody has looked, with an audit line."""
        check_text(look)
        action = "contradiction looked at" if look.looked else "contradiction listed again"
        detail = {"rule": look.rule, "building_id": look.building_id, "reason": look.reason}
        line = AuditLine(look.by, action, look.conflict_id, json.dumps(detail, ensure_ascii=False))
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            LOOKS.upsert(connection, [look])
            write_audit(self._database, connection, [line])

    def looks(self, conflict_ids: Sequence[str]) -> dict[str, TierLook]:
        """Tell the newest look at each of some contradictions."""
        c = tables_tiers.tier_looks.c
        with self._database.reading() as connection:
            question = LOOKS.select().where(among(connection, c.conflict_id, conflict_ids))
            found = LOOKS.many(connection, question.order_by(c.at_ns))
        return {look.conflict_id: look for look in found}


class _Reading:
    """The questions of one transaction, all cut to the buildings that are wanted."""

    def __init__(self, connection: Connection, scope: TierScope) -> None:
        self._connection = connection
        self._scope = scope

    def labels(self, since_ns: int) -> list[Label]:
        """Read the newest label of each alert that was labelled lately."""
        c = tables_assessments.labels.c
        question = self._within(LABELS.select().where(c.at_ns >= since_ns), c.building_id)
        found = LABELS.many(self._connection, question.order_by(c.at_ns, c.id))
        return list({label.alert_id: label for label in found}.values())

    def alerts(self, since_ns: int, labelled: set[str]) -> list[Alert]:
        """Read alerts that are live or were closed lately: serious ones, and all of `labelled`."""
        c = tables.alerts.c
        lately = or_(c.state != AlertState.CLOSED, c.closed_at_ns >= since_ns)
        serious = or_(c.level_max >= Level.ORANGE, among(self._connection, c.building_id, labelled))
        question = ALERTS.select().where(lately, serious, c.building_id != INSTALLATION)
        question = self._within(question, c.building_id).order_by(c.opened_at_ns, c.id)
        return ALERTS.many(self._connection, question)

    def appraisals(self) -> list[Appraisal]:
        """Read all appraisals."""
        c = tables.appraisals.c
        return APPRAISALS.many(self._connection, self._within(APPRAISALS.select(), c.building_id))

    def dangers(self, since_ns: int) -> set[str]:
        """Name the buildings where a check-up lately found danger, and a daily one ever nothing."""
        c, daily = tables_checks.check_ups.c, tables_checks.check_ups.alias("daily").c
        nothing = exists().where(
            daily.building_id == c.building_id,
            daily.check_class == CheckClass.DAILY,
            daily.result == ResultClass.SOUND,
        )
        question = select(c.building_id).where(
            c.result.in_((ResultClass.DANGER, ResultClass.IMMINENT)),
            c.check_class != CheckClass.DAILY,
            c.done_at_ns >= since_ns,
            nothing,
        )
        return set(self._connection.execute(self._within(question, c.building_id)).scalars())

    def last_done(self, building_ids: Iterable[str]) -> list[CheckUp]:
        """Read the newest done check-up of each class of some buildings."""
        c = tables_checks.check_ups.c
        inside = among(self._connection, c.building_id, building_ids)
        newest = (
            select(c.building_id, c.check_class, func.max(c.done_at_ns).label("done"))
            .where(inside, c.state == CheckState.DONE, c.result.is_not(None))
            .group_by(c.building_id, c.check_class)
            .subquery()
        )
        joined = and_(
            c.building_id == newest.c.building_id,
            c.check_class == newest.c.check_class,
            c.done_at_ns == newest.c.done,
        )
        question = CHECK_UPS.select().join(newest, joined).order_by(c.building_id, c.id)
        question = question.where(c.state == CheckState.DONE, c.result.is_not(None))
        found = CHECK_UPS.many(self._connection, question)
        return list({(one.building_id, one.check_class): one for one in found}.values())

    def submissions(self) -> list[Submission]:
        """Read submissions in conflict with those that count."""
        c, other = tables_checks.submissions.c, tables_checks.submissions.alias()
        disputed = select(other.c.check_up_id).where(other.c.standing == Standing.CONFLICT)
        question = SUBMISSIONS.select().where(
            c.check_up_id.in_(disputed), c.standing.in_((Standing.COUNTS, Standing.CONFLICT))
        )
        question = self._within(question, c.building_id).order_by(c.received_at_ns, c.id)
        return SUBMISSIONS.many(self._connection, question)

    def classes(self, check_up_ids: Iterable[str]) -> dict[str, CheckClass]:
        """Tell the class of some check-ups."""
        c = tables_checks.check_ups.c
        question = select(c.id, c.check_class).where(among(self._connection, c.id, check_up_ids))
        return {str(one): of for one, of in self._connection.execute(question)}

    def _within(self, question: Select[Any], column: ColumnElement[str]) -> Select[Any]:
        if self._scope.building_ids is not None:
            question = question.where(among(self._connection, column, self._scope.building_ids))
        if self._scope.districts is not None:
            b = tables.buildings.c
            inside = select(b.id).where(among(self._connection, b.district, self._scope.districts))
            question = question.where(column.in_(inside))
        return question


def _dangerous(appraisal: Appraisal) -> bool:
    return appraisal.grade in {Grade.C, Grade.D}


def _by_building(rows: Iterable[T]) -> dict[str, tuple[T, ...]]:
    found: dict[str, list[T]] = defaultdict(list)
    for row in rows:
        found[row.building_id].append(row)
    return {building_id: tuple(of) for building_id, of in found.items()}
