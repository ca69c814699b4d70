"""Figures of check-ups out of the records database, in a few grouped questions."""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
)

from domain.check_figures import (
    COUNTS,
    UNKNOWN,
    BuildYears,
    Coverage,
    CoverageBy,
    CoverageFilter,
    year_ns,
)
from domain.checkups import CheckClass, CheckState
from storage.records import tables, tables_checks
from storage.records.engine import Database
from storage.records.rows import among

#: figures of one class, in the order of `Coverage`
_SUMS = 8


class RecordsCheckFigures:
    """Sums over many check-ups; a `domain.check_figures.CheckFigureStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def coverage(self, wanted: CoverageFilter) -> list[Coverage]:
        """Count buildings that were checked, are due and never were, by group."""
        by_class = wanted.by is CoverageBy.CLASS
        classes = tuple(CheckClass) if by_class else (wanted.check_class,)
        with self._database.reading() as connection:
            found = connection.execute(_coverage(connection, wanted, classes)).all()
        rows = []
        for key, *sums in found:
            for number, one in enumerate(classes):
                numbers = map(int, sums[number * _SUMS : (number + 1) * _SUMS])
                rows.append(Coverage(one.value if by_class else str(key), *numbers))
        return rows if by_class else sorted(rows, key=lambda row: row.key)


def _coverage(
    connection: Connection, wanted: CoverageFilter, classes: tuple[CheckClass, ...]
) -> Select[Any]:
    """Ask for the sums of each class: one pass over buildings with what was done and is due."""
    b, done = tables.buildings.c, _done(wanted, classes)
    join: FromClause = tables.buildings.outerjoin(done, done.c.building_id == b.id)
    counts: list[ColumnElement[int]] = []
    for number, one in enumerate(classes):
        due = tables_checks.checks_due.alias(f"due_{one}")
        join = join.outerjoin(due, and_(due.c.building_id == b.id, due.c.check_class == one))
        in_year = func.coalesce(done.c[f"in_year_{one}"], 0)
        after = func.coalesce(done.c[f"late_{one}"], 0)
        by_then = due.c.due_on <= wanted.last_day
        told = (
            literal(1, Integer),
            _one(in_year > 0),
            in_year,
            _one(and_(in_year == 0, after > 0)),
            _one(and_(in_year == 0, after == 0, by_then)),
            _one(by_then),
            _one(and_(by_then, due.c.due_on < wanted.today)),
            _one(and_(due.c.building_id.is_not(None), due.c.last_on.is_(None))),
        )
        counts += [count.label(f"n_{number}_{place}") for place, count in enumerate(told)]
    question = select(_key(wanted).label("key"), *counts).select_from(join)
    if wanted.building_ids is not None:
        question = question.where(among(connection, b.id, wanted.building_ids))
    if wanted.districts is not None:
        question = question.where(among(connection, b.district, wanted.districts))
    each = question.subquery("each")
    key, *columns = each.c
    return select(key, *(func.sum(column) for column in columns)).group_by(key)


def _done(wanted: CoverageFilter, classes: tuple[CheckClass, ...]) -> Subquery:
    """Tell of each building how many were done in the year, and after it though due by its end."""
    c = tables_checks.check_ups.c
    start_ns, end_ns = year_ns(wanted.year)
    after = and_(c.done_at_ns >= end_ns, c.due_on <= wanted.last_day)
    sums: list[ColumnElement[int]] = []
    for one in classes:
        counts = c.check_class.in_(COUNTS[one])
        sums += [
            func.sum(_one(and_(counts, c.done_at_ns < end_ns))).label(f"in_year_{one}"),
            func.sum(_one(and_(counts, after))).label(f"late_{one}"),
        ]
    every = {counted for one in classes for counted in COUNTS[one]}
    return (
        select(c.building_id, *sums)
        .where(
            c.state == CheckState.DONE,
            c.check_class.in_(sorted(every)),
            c.done_at_ns >= start_ns,
        )
        .group_by(c.building_id)
        .subquery("done")
    )


def _key(wanted: CoverageFilter) -> ColumnElement[Any]:
    b = tables.buildings.c
    match wanted.by:
        case CoverageBy.AGE:
            return _band(b.build_year, wanted.build_years)
        case CoverageBy.STRUCTURE:
            return b.structure
        case CoverageBy.CLASS:
            return literal("")
        case CoverageBy.DISTRICT:
            return b.district


def _band(year: Column[Any], build_years: BuildYears) -> ColumnElement[str]:
    *older, newest = build_years.bands
    lines = [(year <= last, key) for key, _, last in older]
    return case((year.is_(None), UNKNOWN), *lines, else_=newest[0])


def _one(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=literal(0, Integer))
