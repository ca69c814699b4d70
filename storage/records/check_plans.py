"""Cycle profiles, forms, who is due, and annual plans in the records database."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, case, func, select, tuple_

from domain.check_cycles import AnnualPlan, CycleProfile, Due, PlanItem
from domain.check_ports import DueFilter
from domain.checkups import CheckClass
from domain.errors import Conflict, InvalidInput
from domain.ports import Page
from domain.templates import Template
from storage.records import tables_checks as tables
from storage.records.audit import AuditLine, line_of, write_audit
from storage.records.checks import day_of
from storage.records.engine import Database
from storage.records.revisions import put_versioned
from storage.records.rows import Rows, among, check_text, count

DUE = Rows(Due, tables.checks_due, ("building_id", "check_class"))
PLANS = Rows(AnnualPlan, tables.annual_plans)
ITEMS = Rows(PlanItem, tables.plan_items, ("plan_id", "building_id", "check_class"))
#: rows written at a time
PIECE = 2_000
#: buildings of a plan that a line of the audit names
AUDITED = 50
SOON_DAYS = 30
_PROFILE = msgspec.json.Decoder(CycleProfile)
_TEMPLATE = msgspec.json.Decoder(Template)


class RecordsCheckPlans:
    """What is due by which rules; a `domain.check_ports.PlanStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_profile(self, profile: CycleProfile, by: str) -> None:
        """Keep a new version of a cycle profile."""
        table, body = tables.cycle_profiles, msgspec.json.encode(profile).decode()
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            c = table.c
            mine = select(c.body).where(c.id == profile.id, c.version == profile.version)
            kept = connection.execute(mine).scalar()
            if kept == body:
                return
            if kept is not None:
                raise Conflict(f"version {profile.version} of {profile.id!r} is there already")
            values = {"id": profile.id, "version": profile.version, "body": body}
            connection.execute(table.insert(), values | {"made_at_ns": profile.made_at_ns})
            why = f": {profile.note}" if profile.note else ""
            detail = f"version {profile.version}{why}"
            line = AuditLine(by, "cycle profile added", profile.id, detail)
            write_audit(self._database, connection, [line])

    def profiles(self) -> list[CycleProfile]:
        """List all versions, the newest first."""
        c = tables.cycle_profiles.c
        question = select(c.body).order_by(c.made_at_ns.desc(), c.version.desc(), c.id)
        with self._database.reading() as connection:
            return [_PROFILE.decode(body) for body in connection.execute(question).scalars()]

    def put_template(self, template: Template, by: str) -> None:
        """Keep a new version of a form; one that is there may only be retired."""
        table, body = tables.check_templates, msgspec.json.encode(template).decode()
        values = {
            "id": template.id,
            "version": template.version,
            "check_class": template.check_class,
            "made_at_ns": template.made_at_ns,
            "retired": template.retired,
            "body": body,
        }
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            kept = _template(connection, template.id, template.version)
            if kept == template:
                return
            c, detail = table.c, f"version {template.version}"
            if kept is None:
                connection.execute(table.insert(), values)
                line = AuditLine(by, "form added", template.id, detail)
            elif replace(template, retired=kept.retired) == kept:
                mine = (c.id == template.id, c.version == template.version)
                connection.execute(table.update().where(*mine).values(values))
                line = AuditLine(by, "form retired", template.id, detail)
            else:
                raise Conflict(f"version {template.version} of {template.id!r} is there already")
            write_audit(self._database, connection, [line])

    def template(self, template_id: str, version: int) -> Template | None:
        """Read one version of a form."""
        with self._database.reading() as connection:
            return _template(connection, template_id, version)

    def templates(self) -> list[Template]:
        """List all versions of all forms by id, the newest first."""
        c = tables.check_templates.c
        question = select(c.body).order_by(c.id, c.version.desc())
        with self._database.reading() as connection:
            return [_TEMPLATE.decode(body) for body in connection.execute(question).scalars()]

    def replace_due(self, rows: Iterable[Due], made_at_ns: int) -> int:
        """Bring the list of who is due up to these rows; tell how many rows changed."""
        with self._database.reading() as connection:
            kept = {_key(one): one for one in DUE.many(connection, DUE.select())}
        changed: list[Due] = []
        for row in rows:
            before = kept.pop(_key(row), None)
            # when it was made does not make it another row
            if before is None or replace(before, made_at_ns=row.made_at_ns) != row:
                changed.append(replace(row, made_at_ns=made_at_ns))
        c = tables.checks_due.c
        gone = list(kept)
        # a transaction each: a warning that has to be written waits for none of them for long
        for start in range(0, len(changed), PIECE):
            with self._database.writing() as connection:
                DUE.upsert(connection, changed[start : start + PIECE])
        for start in range(0, len(gone), PIECE):
            with self._database.writing() as connection:
                for building_id, check_class in gone[start : start + PIECE]:
                    mine = (c.building_id == building_id, c.check_class == check_class)
                    connection.execute(tables.checks_due.delete().where(*mine))
        return len(changed) + len(gone)

    def due(self, wanted: DueFilter, page: Page) -> list[Due]:
        """List by due day, then building."""
        c = tables.checks_due.c
        with self._database.reading() as connection:
            question = _wanted(connection, DUE.select(), wanted)
            if page.after:
                day, building_id, check_class = (*page.after.split(" "), "", "")[:3]
                after = (day_of(day), building_id, check_class)
                question = question.where(tuple_(c.due_on, c.building_id, c.check_class) > after)
            question = question.order_by(c.due_on, c.building_id, c.check_class)
            return DUE.many(connection, question.limit(page.limit))

    def due_days(self, wanted: DueFilter) -> dict[date, int]:
        """Count by due day."""
        day = tables.checks_due.c.due_on
        with self._database.reading() as connection:
            question = _wanted(connection, select(day, func.count()), wanted).group_by(day)
            return {due_on: int(number) for due_on, number in connection.execute(question)}

    def count_due(self, wanted: DueFilter, today: date) -> dict[str, int]:
        """Count by `overdue`, `soon` (30 days), `later`, `opened`."""
        c = tables.checks_due.c
        kind = case(
            (c.check_up_id != "", "opened"),
            (c.due_on < today, "overdue"),
            (c.due_on <= today + timedelta(days=SOON_DAYS), "soon"),
            else_="later",
        ).label("kind")
        with self._database.reading() as connection:
            question = _wanted(connection, select(kind, func.count()), wanted).group_by(kind)
            found = {str(name): int(number) for name, number in connection.execute(question)}
        return {name: found.get(name, 0) for name in ("overdue", "soon", "later", "opened")}

    def put_plan(self, plan: AnnualPlan, items: Sequence[PlanItem] | None, by: str) -> None:
        """Keep an annual plan; with `items` its list is replaced."""
        check_text(plan)
        for item in items or ():
            if item.plan_id != plan.id:
                raise InvalidInput(f"plan_id must be {plan.id!r}, got {item.plan_id!r}", "plan_id")
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            old = put_versioned(connection, PLANS, "plan", plan)
            if items is not None:
                mine = tables.plan_items.c.plan_id == plan.id
                before = ITEMS.many(connection, ITEMS.select().where(mine))
                connection.execute(tables.plan_items.delete().where(mine))
                for start in range(0, len(items), PIECE):
                    ITEMS.insert(connection, items[start : start + PIECE])
            lines = [line_of(by, "plan", old, plan)] if old != plan else []
            if items is not None and old is not None:
                lines += _items_line(by, plan.id, before, items)
            write_audit(self._database, connection, lines)

    def plans(self, year: int | None = None) -> list[AnnualPlan]:
        """List annual plans, the newest year first, then by district."""
        c = tables.annual_plans.c
        question = PLANS.select().order_by(c.year.desc(), c.district, c.id)
        if year is not None:
            question = question.where(c.year == year)
        with self._database.reading() as connection:
            return PLANS.many(connection, question)

    def plan(self, plan_id: str) -> AnnualPlan | None:
        """Read an annual plan."""
        with self._database.reading() as connection:
            return PLANS.one(connection, plan_id)

    def plan_items(self, plan_id: str, page: Page | None = None) -> list[PlanItem]:
        """List a plan's buildings by month, then building."""
        c = tables.plan_items.c
        order = (c.month, c.building_id, c.check_class)
        question = ITEMS.select().where(c.plan_id == plan_id).order_by(*order)
        if page is not None:
            if page.after:
                month, building_id, check_class = (*page.after.split(" "), "", "")[:3]
                if not month.isdecimal():
                    raise InvalidInput(f"cursor must begin with a month, got {month!r}", "cursor")
                after = (int(month), building_id, check_class)
                question = question.where(tuple_(*order) > after)
            question = question.limit(page.limit)
        with self._database.reading() as connection:
            return ITEMS.many(connection, question)


def _key(row: Due) -> tuple[str, CheckClass]:
    return row.building_id, row.check_class


def _items_line(
    by: str, plan_id: str, before: Sequence[PlanItem], after: Sequence[PlanItem]
) -> list[AuditLine]:
    """Describe which buildings of a plan were moved or given to others, the first of them."""
    kept = {(item.building_id, item.check_class): item for item in before}
    told = []
    for item in after:
        old = kept.get((item.building_id, item.check_class))
        was, now = (_hands(one) if one else "-" for one in (old, item))
        if was != now:
            told.append(f"{item.building_id} {item.check_class.value}: {was} > {now}")
    gone = kept.keys() - {(item.building_id, item.check_class) for item in after}
    told += [f"{building_id} {check_class.value}: out" for building_id, check_class in sorted(gone)]
    if not told:
        return []
    more = f"; {len(told) - AUDITED} more" if len(told) > AUDITED else ""
    return [AuditLine(by, "plan items changed", plan_id, "; ".join(told[:AUDITED]) + more)]


def _hands(item: PlanItem) -> str:
    return f"{item.month} {item.firm_id or '-'}/{item.inspector_id or '-'}"


def _template(connection: Connection, template_id: str, version: int) -> Template | None:
    c = tables.check_templates.c
    mine = select(c.body).where(c.id == template_id, c.version == version)
    body = connection.execute(mine).scalar()
    return None if body is None else _TEMPLATE.decode(body)


def _wanted(connection: Connection, question: Select[Any], wanted: DueFilter) -> Select[Any]:
    c = tables.checks_due.c
    if wanted.building_ids is not None:
        question = question.where(among(connection, c.building_id, wanted.building_ids))
    if wanted.districts is not None:
        question = question.where(c.district.in_(wanted.districts))
    if wanted.street:
        question = question.where(c.street == wanted.street)
    if wanted.classes:
        question = question.where(c.check_class.in_(wanted.classes))
    if wanted.causes:
        question = question.where(c.cause.in_(wanted.causes))
    if wanted.due_from is not None:
        question = question.where(c.due_on >= wanted.due_from)
    if wanted.due_until is not None:
        question = question.where(c.due_on <= wanted.due_until)
    if wanted.opened is not None:
        question = question.where((c.check_up_id != "") == wanted.opened)
    if wanted.never:
        question = question.where(c.last_on.is_(None))
    return question
