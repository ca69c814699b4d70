"""Notices on their way to their readers."""

from sqlalchemy import func, select

from domain.alerts import Notice, NoticeState
from domain.errors import NotFound
from domain.ports import Backlog, Change
from storage.records import tables
from storage.records.alerts import NOTICES, write_changes
from storage.records.engine import Database
from storage.records.rows import clean

#: what a try can change
_CHANGING = ("state", "way", "attempts", "next_at_ns", "answer", "updated_at_ns")


class RecordsOutbox:
    """Notices until each is accepted or given up; a `domain.ports.Outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now_ns: int, limit: int) -> list[Notice]:
        """Read the notices whose `next_at_ns` has come, worst level first, oldest first."""
        c = tables.notices.c
        question = NOTICES.select().where(c.next_at_ns <= now_ns)
        question = question.order_by(c.level.desc(), c.created_at_ns, c.id).limit(limit)
        with self._database.reading() as connection:
            return NOTICES.many(connection, question)

    def mark(self, notice: Notice) -> None:
        """Write what became of a try, with a change-log line.

        Raises
        ------
        NotFound
            When there is no such notice.

        """
        t, a = tables.notices, tables.alerts
        values = {name: getattr(notice, name) for name in _CHANGING}
        # a channel's own words: anything may stand in them
        values["answer"] = clean(notice.answer)
        with self._database.writing() as connection:
            written = connection.execute(t.update().where(t.c.id == notice.id).values(values))
            if written.rowcount != 1:
                raise NotFound(f"no notice {notice.id!r}")
            question = select(a.c.building_id).where(a.c.id == notice.alert_id)
            building_id = connection.execute(question).scalar() or ""
            line = Change(0, notice.updated_at_ns, "notice", building_id, notice.alert_id)
            write_changes(connection, [line])

    def backlog(self, now_ns: int) -> Backlog:
        """Tell what has been due for longest, and how old the eldest is that every way refuses."""
        c = tables.notices.c
        front = NOTICES.select().where(c.next_at_ns <= now_ns)
        front = front.order_by(c.next_at_ns, c.id).limit(1)
        refused = select(func.min(c.created_at_ns)).where(
            c.next_at_ns.is_not(None), c.state == NoticeState.REFUSED
        )
        with self._database.reading() as connection:
            first = next(iter(NOTICES.many(connection, front)), None)
            since_ns = connection.execute(refused).scalar()
        return Backlog(
            f"{first.id}/{first.way}/{first.attempts}" if first else "",
            None if since_ns is None else int(since_ns),
        )

    def unfinished(self) -> int:
        """Count notices that still have a `next_at_ns`."""
        c = tables.notices.c
        question = select(func.count()).where(c.next_at_ns.is_not(None))
        with self._database.reading() as connection:
            return int(connection.execute(question).scalar_one())
