"""Context events in the records database."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from domain.contexts import ContextEvent, ContextKind
from domain.errors import Conflict, InvalidInput
from domain.ports import Page
from storage.records import tables_assessments as tables
from storage.records.audit import AuditLine, line_of, write_audit
from storage.records.engine import Database
from storage.records.rows import Rows, among, check_text, count

EVENTS = Rows(ContextEvent, tables.context_events)


class RecordsContexts:
    """Context events; a `domain.contexts.ContextStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, events: Sequence[ContextEvent], by: str) -> None:
        """Keep events, all or none; one that is there is replaced by its next version."""
        for event in events:
            check_text(event)
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            here = among(connection, tables.context_events.c.id, [event.id for event in events])
            old = {e.id: e for e in EVENTS.many(connection, EVENTS.select().where(here))}
            changed = [event for event in events if old.get(event.id) != event]
            for event in changed:
                wanted = old[event.id].version + 1 if event.id in old else 1
                if event.version != wanted:
                    raise Conflict(f"version must be {wanted}, got {event.version}")
            EVENTS.upsert(connection, changed)
            if changed:
                lines = [line_of(by, "context event", old.get(e.id), e) for e in changed]
                write_audit(self._database, connection, lines)

    def add(self, events: Sequence[ContextEvent], by: str) -> int:
        """Keep those events that are not there yet, all or none; tell how many are new."""
        for event in events:
            check_text(event)
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            c = tables.context_events.c
            here = among(connection, c.id, [event.id for event in events])
            known = set(connection.execute(select(c.id).where(here)).scalars())
            new = [event for event in events if event.id not in known]
            EVENTS.insert(connection, new)
            if new:
                detail = f"{len(new)} events"
                lines = [AuditLine(by, "context events added", new[0].id, detail)]
                write_audit(self._database, connection, lines)
        return len(new)

    def event(self, event_id: str) -> ContextEvent | None:
        """Read one event."""
        with self._database.reading() as connection:
            return EVENTS.one(connection, event_id)

    def events(
        self,
        page: Page,
        *,
        kinds: Sequence[ContextKind] = (),
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> list[ContextEvent]:
        """List by start, newest first; with moments, those that lie between them in part."""
        c = tables.context_events.c
        question = EVENTS.select()
        if kinds:
            question = question.where(c.kind.in_(kinds))
        if start_ns is not None:
            question = question.where(c.ended_at_ns >= start_ns)
        if end_ns is not None:
            question = question.where(c.started_at_ns <= end_ns)
        with self._database.reading() as connection:
            if page.after:
                last = EVENTS.one(connection, page.after)
                if last is None:
                    raise InvalidInput(f"after must be an event's id, got {page.after!r}", "after")
                same = and_(c.started_at_ns == last.started_at_ns, c.id < last.id)
                question = question.where(or_(c.started_at_ns < last.started_at_ns, same))
            order = (c.started_at_ns.desc(), c.id.desc())
            return EVENTS.many(connection, question.order_by(*order).limit(page.limit))

    def weather(self, start_ns: int, end_ns: int) -> list[ContextEvent]:
        """List the weather that begins between two moments, oldest first, the end left out."""
        c = tables.context_events.c
        question = (
            EVENTS.select()
            .where(
                c.kind == ContextKind.WEATHER,
                c.started_at_ns >= start_ns,
                c.started_at_ns < end_ns,
            )
            .order_by(c.started_at_ns, c.id)
        )
        with self._database.reading() as connection:
            return EVENTS.many(connection, question)
