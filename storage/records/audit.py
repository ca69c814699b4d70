"""Who changed what, in a chain of hashes that shows when a line was changed later."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import Enum
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from domain.errors import InvalidInput
from domain.ports import Page
from storage.records import tables
from storage.records.engine import Database
from storage.records.rows import check_text, count, count_on

_SECRET = frozenset({"secret_sha256", "password_hash", "sha256"})
#: lines of one transaction get moments 1 ns apart; so far ahead a moment may already be taken
_TAKEN_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that somebody did."""

    by: str
    action: str
    object_id: str
    detail: str = ""


def line_of(by: str, noun: str, old: Any, new: Any) -> AuditLine:
    """Describe a put: which fields it changed, from what to what; never a secret's value."""
    action = f"{noun} added" if old is None else f"{noun} changed"
    changed: dict[str, object] = {}
    for field in fields(new):
        after = _plain(getattr(new, field.name))
        before = None if old is None else _plain(getattr(old, field.name))
        if field.name == "id" or before == after:
            continue
        if field.name in _SECRET:
            changed[field.name] = "changed"
        else:
            changed[field.name] = after if old is None else [before, after]
    return AuditLine(by, action, new.id, json.dumps(changed, ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return str(value.value) if isinstance(value.value, str) else value.value
    if isinstance(value, date):
        return value.isoformat()
    return msgspec.to_builtins(value) if isinstance(value, tuple) else value


def write_audit(database: Database, connection: Connection, lines: Sequence[AuditLine]) -> None:
    """Add lines to the chain in the caller's transaction."""
    if not lines:
        return
    t = tables.audit
    for line in lines:
        check_text(line)
    number = count_on(connection, "audit", len(lines)) - len(lines)
    chain = connection.execute(select(t.c.chain).where(t.c.id == number)).scalar() or ""
    now_ns = database.clock.now_ns()
    # a moment belongs to one line only, because lists go on after a moment
    taken = select(t.c.at_ns).where(t.c.at_ns >= now_ns).order_by(t.c.at_ns.desc()).limit(1)
    last = connection.execute(taken.where(t.c.at_ns < now_ns + _TAKEN_NS)).scalar()
    first_ns = now_ns if last is None else last + 1
    rows = []
    for step, line in enumerate(lines):
        chain = _link(chain, first_ns + step, line)
        rows.append(
            {
                "id": number + 1 + step,
                "at_ns": first_ns + step,
                "by": line.by,
                "action": line.action,
                "object_id": line.object_id,
                "detail": line.detail,
                "chain": chain,
            }
        )
    connection.execute(t.insert(), rows)


def _link(before: str, at_ns: int, line: AuditLine) -> str:
    row = [before, at_ns, line.by, line.action, line.object_id, line.detail]
    return hashlib.sha256(json.dumps(row).encode()).hexdigest()


class RecordsAudit:
    """The audit in the records database; a `domain.ports.AuditStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def audit(self, page: Page, *, object_id: str = "") -> list[tuple[int, str, str, str, str]]:
        """List newest first: (at_ns, by, action, object id, detail).

        A page goes on after `str(at_ns)` of the last line.

        Raises
        ------
        InvalidInput
            When the page does not go on after a moment.

        """
        t = tables.audit
        question = select(t.c.at_ns, t.c.by, t.c.action, t.c.object_id, t.c.detail)
        if object_id:
            question = question.where(t.c.object_id == object_id)
        if page.after:
            try:
                question = question.where(t.c.at_ns < int(page.after))
            except ValueError:
                raise InvalidInput(
                    f"after must be a moment in ns, got {page.after[:80]!r}", "after"
                ) from None
        question = question.order_by(t.c.at_ns.desc()).limit(page.limit)
        with self._database.reading() as connection:
            return [
                (row.at_ns, row.by, row.action, row.object_id, row.detail)
                for row in connection.execute(question)
            ]

    def first_broken(self) -> int | None:
        """Follow the chain; tell the number of the first line that was changed or is missing."""
        t = tables.audit
        with self._database.reading() as connection:
            expected, before = 1, ""
            for row in connection.execute(select(t).order_by(t.c.id)):
                line = AuditLine(row.by, row.action, row.object_id, row.detail)
                if row.id != expected or row.chain != _link(before, row.at_ns, line):
                    return expected
                expected, before = expected + 1, row.chain
            return None if count(connection, "audit") == expected - 1 else expected
