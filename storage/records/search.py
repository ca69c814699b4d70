"""Search over everything in the records database, by plain LIKE over what things are called."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, exists, func, or_, select

from domain.search import Group, Hit, Reach, SearchKind
from storage.records import tables, tables_checks, tables_models
from storage.records.engine import Database
from storage.records.rows import among

#: houses whose name fits: what belongs to them is found through them
HOUSES_MAX = 200
_B = tables.buildings.c


class RecordsSearch:
    """What things are called; a `domain.search.SearchStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(
        self, terms: tuple[str, ...], kinds: tuple[SearchKind, ...], reach: Reach, limit: int
    ) -> list[Group]:
        """Find what has all the words, at most `limit` of each kind."""
        if not terms or not kinds:
            return []
        with self._database.reading() as connection:
            asked = _Asked(connection, terms, reach, limit + 1)
            found = [(kind, _FINDERS[kind](asked)) for kind in kinds]
        return [Group(kind, tuple(hits[:limit]), len(hits) > limit) for kind, hits in found if hits]


class _Asked:
    """One search under way: the houses that fit are looked up once, when they are wanted."""

    def __init__(
        self, connection: Connection, terms: tuple[str, ...], reach: Reach, rows: int
    ) -> None:
        self.connection, self.terms, self.reach, self.rows = connection, terms, reach, rows

    @cached_property
    def houses(self) -> list[tuple[str, str, str, str]]:
        """Find houses: those called just so, then those that begin so, then the others.

        Each is asked for by itself, so that a word that half the city bears ends early.
        """
        plain = tables.building_names.c.plain
        house = (
            select(_B.id, _B.name, _B.code, _B.address)
            .join_from(tables.building_names, tables.buildings)
            .where(*(plain.contains(term, autoescape=True) for term in self.terms))
            .where(*self.inside(_B.id))
            .order_by(tables.building_names.c.building_id)
            .limit(HOUSES_MAX)
        )
        found: dict[str, tuple[str, str, str, str]] = {}
        for nearer in (f"\n{''.join(self.terms)}\n", f"\n{self.terms[0]}", ""):
            asked = house.where(plain.contains(nearer, autoescape=True)) if nearer else house
            rows = [(a, b, c, d) for a, b, c, d in self.connection.execute(asked)]
            for row in sorted(rows, key=lambda one: (len(one[1]), one[0])):
                found.setdefault(row[0], row)
            if len(found) >= HOUSES_MAX:
                break
        return list(found.values())[:HOUSES_MAX]

    def has(self, *columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """Ask for rows that have every word in one of the columns, whatever case or spaces."""
        whole = columns[0]
        for column in columns[1:]:
            whole = whole + "\n" + column
        plain = func.replace(func.replace(whole, " ", ""), "-", "")
        if self.connection.dialect.name == "sqlite":  # there LIKE minds no case of plain letters
            return [plain.contains(term, autoescape=True) for term in self.terms]
        return [plain.icontains(term, autoescape=True) for term in self.terms]

    def rank(self, *columns: ColumnElement[Any]) -> ColumnElement[int]:
        """Order what is called just so first, then what begins so."""
        term = self.terms[0]
        names = [func.lower(func.replace(func.replace(c, " ", ""), "-", "")) for c in columns]
        just = or_(*(name == "".join(self.terms) for name in names))
        begins = or_(*(name.startswith(term, autoescape=True) for name in names))
        return case((just, 0), (begins, 1), else_=2)

    def inside(self, building_id: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """Keep to the part of the city; `buildings` must be joined."""
        if self.reach.districts is not None:
            return [among(self.connection, _B.district, self.reach.districts)]
        if self.reach.building_ids is not None:
            return [among(self.connection, building_id, self.reach.building_ids)]
        return []

    def of_houses(
        self,
        question: Select[Any],
        building_id: ColumnElement[Any],
        *columns: ColumnElement[Any],
        order: Iterable[Any],
    ) -> list[Any]:
        """Find by own words first, then what belongs to the houses that fit."""
        joined = question.join_from(building_id.table, tables.buildings, _B.id == building_id)
        joined = joined.where(*self.inside(building_id)).order_by(*order).limit(self.rows)
        rows = self.connection.execute(joined.where(*self.has(*columns))).all()
        if self.houses and len(rows) < self.rows:
            ids = [house[0] for house in self.houses]
            more = joined.where(among(self.connection, building_id, ids))
            rows = [*rows, *self.connection.execute(more)]
        return list({row[0]: row for row in rows}.values())[: self.rows]


def _buildings(asked: _Asked) -> list[Hit]:
    return [
        Hit(SearchKind.BUILDING, id_, name, f"{code} · {address}", "", id_, name)
        for id_, name, code, address in asked.houses[: asked.rows]
    ]


def _alerts(asked: _Asked) -> list[Hit]:
    c = tables.alerts.c
    rows = asked.of_houses(
        select(c.id, c.cause, c.level, c.state, _B.id, _B.name), c.building_id, c.id,
        order=(c.closed_at_ns.is_not(None), c.level.desc(), c.opened_at_ns.desc(), c.id),
    )  # fmt: skip
    return [
        Hit(SearchKind.ALERT, id_, cause.value, state.value, level.word, house, name)
        for id_, cause, level, state, house, name in rows
    ]


def _check_ups(asked: _Asked) -> list[Hit]:
    c = tables_checks.check_ups.c
    rows = asked.of_houses(
        select(c.id, c.check_class, c.due_on, c.cause_text, c.state, _B.id, _B.name),
        c.building_id, c.id, c.cause_text,
        order=(c.due_on.desc(), c.id),
    )  # fmt: skip
    return [
        Hit(
            SearchKind.CHECK_UP, id_, class_.value, f"{due} {why}".strip(), state.value, house, name
        )
        for id_, class_, due, why, state, house, name in rows
    ]


def _defects(asked: _Asked) -> list[Hit]:
    c = tables_models.defects.c
    rows = asked.of_houses(
        select(c.id, c.title, c.code, c.status, _B.id, _B.name),
        c.building_id, c.id, c.title, c.note,
        order=(c.severity.desc(), c.found_at_ns.desc(), c.id),
    )  # fmt: skip
    return [
        Hit(SearchKind.DEFECT, id_, title, code, status.value, house, name)
        for id_, title, code, status, house, name in rows
    ]


def _appraisals(asked: _Asked) -> list[Hit]:
    c = tables.appraisals.c
    rows = asked.of_houses(
        select(c.id, c.report_number, c.appraiser, c.appraised_on, c.grade, _B.id, _B.name),
        c.building_id, c.report_number,
        order=(c.appraised_on.desc(), c.id),
    )  # fmt: skip
    return [
        Hit(SearchKind.APPRAISAL, id_, number, f"{who} · {day}", grade.value, house, name)
        for id_, number, who, day, grade, house, name in rows
    ]


def _sensors(asked: _Asked) -> list[Hit]:
    c = tables.sensors.c
    rows = asked.of_houses(
        select(c.id, c.code, c.place, c.kind, _B.id, _B.name),
        c.building_id, c.id, c.code, c.place, c.serial,
        order=(c.active.desc(), asked.rank(c.code, c.id), c.code, c.id),
    )  # fmt: skip
    return [
        Hit(SearchKind.SENSOR, id_, code, place, kind, house, name)
        for id_, code, place, kind, house, name in rows
    ]


def _gateways(asked: _Asked) -> list[Hit]:
    c, s, reach = tables.gateways.c, tables.sensors.c, asked.reach
    question = select(c.id, c.name).where(*asked.has(c.id, c.name))
    if not reach.whole:
        serves = exists().where(s.gateway_id == c.id)
        ours = serves.where(_B.id == s.building_id, *asked.inside(s.building_id))
        allowed = [ours, c.id.in_(reach.gateway_ids)]
        allowed += [~serves] if reach.idle_gateways else []
        question = question.where(or_(*allowed))
    question = question.order_by(asked.rank(c.id, c.name), c.name, c.id).limit(asked.rows)
    return [Hit(SearchKind.GATEWAY, id_, name, id_) for id_, name in _rows(asked, question)]


def _models(asked: _Asked) -> list[Hit]:
    c = tables_models.bim_models.c
    rows = asked.of_houses(
        select(c.id, c.name, c.discipline, _B.id, _B.name), c.building_id, c.id, c.name,
        order=(c.made_at_ns.desc(), c.id),
    )  # fmt: skip
    return [
        Hit(SearchKind.MODEL, id_, name, discipline, "", house, title)
        for id_, name, discipline, house, title in rows
    ]


def _firms(asked: _Asked) -> list[Hit]:
    c = tables_checks.firms.c
    question = select(c.id, c.name, c.qualification, c.tier).where(
        *asked.has(c.name, c.qualification)
    )
    question = question.order_by(asked.rank(c.name), c.name, c.id).limit(asked.rows)
    return [
        Hit(SearchKind.FIRM, id_, name, number, tier.value)
        for id_, name, number, tier in _rows(asked, question)
    ]


def _people(asked: _Asked) -> list[Hit]:
    c = tables.users.c
    question = select(c.id, c.display_name, c.name, c.role).where(
        *asked.has(c.name, c.display_name)
    )
    question = question.order_by(asked.rank(c.name, c.display_name), c.name).limit(asked.rows)
    return [
        Hit(SearchKind.PERSON, id_, shown, name, role.value)
        for id_, shown, name, role in _rows(asked, question)
    ]


def _rows(asked: _Asked, question: Select[Any]) -> list[Any]:
    return list(asked.connection.execute(question))


_FINDERS: dict[SearchKind, Callable[[_Asked], list[Hit]]] = {
    SearchKind.BUILDING: _buildings,
    SearchKind.ALERT: _alerts,
    SearchKind.CHECK_UP: _check_ups,
    SearchKind.DEFECT: _defects,
    SearchKind.APPRAISAL: _appraisals,
    SearchKind.SENSOR: _sensors,
    SearchKind.GATEWAY: _gateways,
    SearchKind.MODEL: _models,
    SearchKind.FIRM: _firms,
    SearchKind.PERSON: _people,
}
