"""Records to rows and back: a table whose columns bear the names of a record's fields."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from domain.errors import InvalidInput
from storage.records.tables import counters

T = TypeVar("T")


@dataclass(frozen=True)
class Rows(Generic[T]):
    """The rows of one table as records of one class.

    Parameters
    ----------
    keys
        Columns that tell one record from another.

    """

    record: type[T]
    table: Table
    keys: tuple[str, ...] = ("id",)

    @cached_property
    def columns(self) -> list[Column[Any]]:
        """The columns in the order of the record's fields."""
        return [self.table.c[field.name] for field in fields(self.record)]  # type: ignore[arg-type]

    def select(self) -> Select[Any]:
        """Begin a question whose rows are records."""
        return select(*self.columns)

    def many(self, connection: Connection, question: Select[Any]) -> list[T]:
        """Read records."""
        return [self.record(*row) for row in connection.execute(question)]

    def one(self, connection: Connection, *key: object) -> T | None:
        """Read one record by its keys; `None` when there is none."""
        row = connection.execute(self.select().where(*self._is(key))).first()
        return None if row is None else self.record(*row)

    def values(self, record: T) -> dict[str, Any]:
        """Give a record's values by column."""
        return {name: getattr(record, name) for name in self._names}

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def insert(self, connection: Connection, records: Sequence[T]) -> None:
        """Write new records; one that is there already breaks the table's rule."""
        if records:
            connection.execute(self.table.insert(), [self.values(record) for record in records])

    def insert_missing(self, connection: Connection, records: Sequence[T]) -> None:
        """Write the records that are not there yet."""
        if records:
            statement = _inserting_missing(self.table, self.keys, connection.dialect.name)
            connection.execute(statement, [self.values(record) for record in records])

    def replace(self, connection: Connection, record: T, *where: ColumnElement[bool]) -> bool:
        """Write a record over its row; tells whether there was one."""
        values = self.values(record)
        key = [values.pop(name) for name in self.keys]
        statement = self.table.update().where(*self._is(key), *where).values(values)
        return connection.execute(statement).rowcount == 1

    def upsert(self, connection: Connection, records: Sequence[T], newer: str = "") -> None:
        """Write records over their rows; of several with one key the last counts.

        Parameters
        ----------
        newer
            A column: a row whose value is higher than the record's stays as it is.

        """
        if not records:
            return
        by_key: dict[tuple[object, ...], T] = {}
        for record in records:
            key = tuple(getattr(record, name) for name in self.keys)
            kept = by_key.get(key)
            if newer and kept is not None and getattr(kept, newer) > getattr(record, newer):
                continue
            by_key[key] = record
        others = tuple(column.name for column in self.columns if column.name not in self.keys)
        statement = upserting(self.table, self.keys, others, connection.dialect.name, newer)
        # in the order of their keys, so that two writers never wait for each other
        ordered = [by_key[key] for key in sorted(by_key, key=str)]
        connection.execute(statement, [self.values(record) for record in ordered])

    def _is(self, key: Sequence[object]) -> list[ColumnElement[bool]]:
        return [self.table.c[n] == value for n, value in zip(self.keys, key, strict=True)]


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Begin an insert that may say what to do with rows that are there already."""
    return _insert(table, connection.dialect.name)


def _insert(table: Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


# statements are kept: putting one together takes longer than SQLite takes to run it


@lru_cache(256)
def _inserting_missing(table: Table, keys: tuple[str, ...], dialect: str) -> Executable:
    return _insert(table, dialect).on_conflict_do_nothing(index_elements=list(keys))


@lru_cache(256)
def upserting(
    table: Table, keys: tuple[str, ...], others: tuple[str, ...], dialect: str, newer: str = ""
) -> Executable:
    """Write rows over those with the same keys; see `Rows.upsert` for `newer`."""
    insert = _insert(table, dialect)
    return insert.on_conflict_do_update(
        index_elements=list(keys),
        set_={name: insert.excluded[name] for name in others},
        where=(table.c[newer] <= insert.excluded[newer]) if newer else None,
    )


def among(
    connection: Connection, column: ColumnElement[str], values: Iterable[str]
) -> ColumnElement[bool]:
    """Ask whether a column has one of many values; there may be any number of them."""
    wanted = list(values)
    if connection.dialect.name == "postgresql":
        return column == any_(bindparam(None, wanted, ARRAY(Text)))
    listed = func.json_each(json.dumps(wanted)).table_valued("value")
    return column.in_(select(listed.c.value))


def count_on(connection: Connection, name: str, steps: int = 1) -> int:
    """Move a counter on and return its new value; others who want it wait for our commit."""
    statement = (
        counters.update()
        .where(counters.c.name == name)
        .values(value=counters.c.value + steps)
        .returning(counters.c.value)
    )
    return int(connection.execute(statement).scalar_one())


def count(connection: Connection, name: str, *, lock: bool = False) -> int:
    """Read a counter; with `lock` nobody else moves it before our commit."""
    question = select(counters.c.value).where(counters.c.name == name)
    if lock:
        question = question.with_for_update()
    return int(connection.execute(question).scalar_one())


def clean(text: str, length: int = 2_000) -> str:
    """Make text from outside fit to be kept: no NUL, no half surrogate pairs, not too long."""
    whole = text.replace("\x00", "\ufffd") if "\x00" in text else text
    if not whole.isascii():
        try:
            whole.encode()
        except UnicodeEncodeError:
            whole = whole.encode("utf-8", "replace").decode()
    return whole if len(whole) <= length else whole[: length - 1] + "…"


def check_text(record: object) -> None:
    """Refuse text that a database cannot keep.

    Raises
    ------
    InvalidInput
        When a text field has a NUL or half a surrogate pair.

    """
    for field in fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if isinstance(value, str) and ("\x00" in value or clean(value, len(value)) != value):
            raise InvalidInput(
                f"{field.name} must be text without control code 0, got {value[:80]!r}", field.name
            )
