"""The work of firms and inspectors out of the records database, in a few grouped questions."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    select,
)

from domain.attachments import AttachmentKind
from domain.buildings import Grade
from domain.check_figures import year_ns
from domain.check_work import Work, WorkBy, WorkFilter
from domain.checkups import CheckState, OrderState, ResultClass
from domain.clock import DAY_NS, EPOCH, HOUR_NS
from domain.submissions import Standing
from storage.records import tables, tables_checks, tables_models
from storage.records.engine import Database
from storage.records.rows import among

_C = tables_checks.check_ups.c
#: how far China's calendar is ahead of UTC
_AHEAD_NS = 8 * HOUR_NS
_STANDINGS = {
    "disputed": Standing.CONFLICT,
    "rejected": Standing.SET_ASIDE,
    "corrected": Standing.REPLACED,
}


class RecordsCheckWork:
    """Sums over the work of many; a `domain.check_work.CheckWorkStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def work(self, wanted: WorkFilter) -> list[Work]:
        """Count by firm or inspector, sorted by key."""
        with self._database.reading() as connection:
            made = _done(connection, wanted)
            for question in (
                _opened(connection, wanted),
                _joined(connection, wanted, "photos"),
                _joined(connection, wanted, "defects"),
                _appraised(connection, wanted),
            ):
                names = [column.name for column in question.selected_columns][1:]
                for key, *counts in connection.execute(question):
                    told = dict(zip(names, map(int, counts), strict=True))
                    old = made.get(key, Work(key))
                    made[key] = replace(old, **told)
        return [made[key] for key in sorted(made)]


def _done(connection: Connection, wanted: WorkFilter) -> dict[str, Work]:
    """Count what was done, by result and days that it took."""
    key, done_day, others = _key(wanted), _day(_C.done_at_ns), _others()
    join = tables_checks.check_ups.outerjoin(others, others.c.check_up_id == _C.id)
    question = _counting(
        key,
        _C.result.label("result"),
        (done_day - _day(_C.opened_at_ns)).label("days"),
        _one(done_day <= _day_of_date(connection, _C.due_on)).label("on_time"),
        *(func.coalesce(others.c[name], 0).label(name) for name in _STANDINGS),
    ).select_from(join)
    each = _in_year(connection, question, wanted).subquery("each")
    e = each.c
    grouped = select(
        e.key, e.result, e.days, func.count(), *(func.sum(e[n]) for n in ("on_time", *_STANDINGS))
    ).group_by(e.key, e.result, e.days)
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    days: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for of, result, length, done, *counts in connection.execute(grouped):
        days[of][int(length)] += done
        sums[of][f"result_{int(result)}"] += done
        for name, count in zip(("done", "on_time", *_STANDINGS), (done, *counts), strict=True):
            sums[of][name] += int(count)
    made = {}
    for of, told in sums.items():
        one, two, three, four = (told.pop(f"result_{n}", 0) for n in range(1, 5))
        took = tuple(sorted(days[of].items()))
        made[of] = Work(of, **told, results=(one, two, three, four), days=took)
    return made


def _opened(connection: Connection, wanted: WorkFilter) -> Select[Any]:
    start_ns, end_ns = year_ns(wanted.year)
    key = _key(wanted)
    question = _counting(key, func.count().label("opened"))
    question = question.where(_C.opened_at_ns >= start_ns, _C.opened_at_ns < end_ns)
    return _within(connection, question, wanted).group_by(key)


def _joined(connection: Connection, wanted: WorkFilter, name: str) -> Select[Any]:
    """Count what hangs on the check-ups: photos, or defects."""
    key = _key(wanted)
    a, d = tables_checks.attachments.c, tables_models.defects.c
    question = _counting(key, func.count().label(name))
    if name == "photos":
        on = and_(a.check_up_id == _C.id, a.kind == AttachmentKind.PHOTO)
        question = question.select_from(tables_checks.check_ups.join(tables_checks.attachments, on))
    else:
        question = question.select_from(
            tables_checks.check_ups.join(tables_models.defects, d.check_up_id == _C.id)
        )
    return _in_year(connection, question, wanted).group_by(key)


def _appraised(connection: Connection, wanted: WorkFilter) -> Select[Any]:
    """Count results of danger whose appraisal has come, and those that it confirms."""
    key = _key(wanted)
    o, a = tables_checks.appraisal_orders.c, tables.appraisals.c
    danger = a.grade.in_((Grade.C, Grade.D))
    report = (
        select(o.check_up_id, func.max(_one(danger)).label("confirmed"))
        .join(tables.appraisals, a.id == o.appraisal_id)
        .where(o.state == OrderState.REPORTED)
        .group_by(o.check_up_id)
        .subquery("report")
    )
    question = _counting(
        key,
        func.count().label("appraised"),
        func.sum(report.c.confirmed).label("confirmed"),
    ).select_from(tables_checks.check_ups.join(report, report.c.check_up_id == _C.id))
    question = question.where(_C.result.in_((ResultClass.DANGER, ResultClass.IMMINENT)))
    return _in_year(connection, question, wanted).group_by(key)


def _in_year(connection: Connection, question: Select[Any], wanted: WorkFilter) -> Select[Any]:
    """Keep to what was done in the year."""
    start_ns, end_ns = year_ns(wanted.year)
    question = question.where(
        _C.state == CheckState.DONE,
        _C.result.is_not(None),
        _C.done_at_ns >= start_ns,
        _C.done_at_ns < end_ns,
    )
    return _within(connection, question, wanted)


def _within(connection: Connection, question: Select[Any], wanted: WorkFilter) -> Select[Any]:
    if wanted.check_class is not None:
        question = question.where(_C.check_class == wanted.check_class)
    if wanted.building_ids is not None:
        question = question.where(among(connection, _C.building_id, wanted.building_ids))
    if wanted.districts is not None:
        b = tables.buildings.c
        inside = select(b.id).where(among(connection, b.district, wanted.districts))
        question = question.where(_C.building_id.in_(inside))
    return question


def _counting(key: Column[str], *counts: ColumnElement[Any]) -> Select[Any]:
    return select(key.label("key"), *counts)


def _key(wanted: WorkFilter) -> Column[str]:
    return _C.firm_id if wanted.by is WorkBy.FIRM else _C.inspector_id


def _others() -> Subquery:
    """Tell of each check-up with more than the submission that counts what the others are."""
    s = tables_checks.submissions.c
    told = [
        func.max(_one(s.standing == standing)).label(name) for name, standing in _STANDINGS.items()
    ]
    question = select(s.check_up_id, *told).where(s.standing.in_(list(_STANDINGS.values())))
    return question.group_by(s.check_up_id).subquery("others")


def _day(at_ns: ColumnElement[int]) -> ColumnElement[int]:
    """Tell the number of a moment's day of China's calendar, from 1970-01-01 on."""
    return (at_ns + _AHEAD_NS) // DAY_NS


def _day_of_date(connection: Connection, day: ColumnElement[Any]) -> ColumnElement[int]:
    """Tell the number of a day likewise."""
    if connection.dialect.name == "postgresql":
        return cast(day - literal(EPOCH.date(), Date), Integer)
    return cast(func.julianday(day) - func.julianday("1970-01-01"), Integer)


def _one(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=literal(0, Integer))
