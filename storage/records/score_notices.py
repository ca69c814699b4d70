"""Webhooks for changes of bands, and the messages on their way to them."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select

from domain.access import User
from domain.alerts import Notice, Way
from domain.errors import Conflict, NotFound
from domain.limits import Level
from domain.score_notices import WEBHOOKS_MAX, BandNotice, ScoreWebhook
from storage.records import tables
from storage.records import tables_scores as scores
from storage.records.access import USERS
from storage.records.audit import AuditLine, write_audit
from storage.records.engine import Database
from storage.records.rows import Rows, among, check_text, clean, count

WEBHOOKS = Rows(ScoreWebhook, scores.score_webhooks)
BAND_NOTICES = Rows(BandNotice, scores.score_notices)


def add_notices(connection: Connection, notices: Sequence[BandNotice]) -> None:
    """Write messages in the caller's transaction; those whose webhook has gone are left out."""
    if not notices:
        return
    w = scores.score_webhooks.c
    wanted = sorted({notice.webhook_id for notice in notices})
    # a webhook that is deleted meanwhile waits for our commit, and takes the message with it
    there = select(w.id).where(among(connection, w.id, wanted)).with_for_update()
    known = set(connection.execute(there).scalars())
    BAND_NOTICES.insert_missing(connection, [n for n in notices if n.webhook_id in known])


class RecordsScoreNotices:
    """Webhooks and messages; a `ScoreWebhookStore`, and what a dispatcher needs of an outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_webhook(self, webhook: ScoreWebhook, by: str) -> None:
        """Keep a webhook, or another state of it.

        Raises
        ------
        Conflict
            When the user has as many as are allowed, or the id is another user's.

        """
        check_text(webhook)
        c = scores.score_webhooks.c
        with self._database.writing() as connection:
            # one writer after the other: the audit's counter is the lock
            count(connection, "audit", lock=True)
            old = WEBHOOKS.one(connection, webhook.id)
            if old == webhook:
                return
            if old is not None and old.user_id != webhook.user_id:
                raise Conflict(f"webhook {webhook.id!r} is another user's")
            own = select(func.count()).where(c.user_id == webhook.user_id, c.id != webhook.id)
            if int(connection.execute(own).scalar_one()) >= WEBHOOKS_MAX:
                raise Conflict(f"a user may have {WEBHOOKS_MAX} webhooks; delete one first")
            WEBHOOKS.upsert(connection, [webhook])
            done = "score webhook changed" if old else "score webhook added"
            write_audit(self._database, connection, [AuditLine(by, done, webhook.id, webhook.name)])

    def webhook(self, webhook_id: str) -> ScoreWebhook | None:
        """Read a webhook; `None` when there is none."""
        with self._database.reading() as connection:
            return WEBHOOKS.one(connection, webhook_id)

    def webhooks(self, user_ids: Sequence[str] | None = None) -> list[ScoreWebhook]:
        """List by name; `user_ids` `None` means everybody's."""
        c = scores.score_webhooks.c
        question = WEBHOOKS.select().order_by(c.name, c.id)
        with self._database.reading() as connection:
            if user_ids is not None:
                question = question.where(among(connection, c.user_id, user_ids))
            return WEBHOOKS.many(connection, question)

    def delete_webhook(self, webhook_id: str, by: str) -> None:
        """Remove a webhook with its messages; what is not there is no error."""
        w, n = scores.score_webhooks, scores.score_notices
        with self._database.writing() as connection:
            held = select(w.c.name).where(w.c.id == webhook_id).with_for_update()
            name = connection.execute(held).scalar()
            if name is None:
                return
            connection.execute(delete(n).where(n.c.webhook_id == webhook_id))
            connection.execute(delete(w).where(w.c.id == webhook_id))
            line = AuditLine(by, "score webhook deleted", webhook_id, name)
            write_audit(self._database, connection, [line])

    def subscribers(self) -> list[tuple[ScoreWebhook, User]]:
        """List every webhook with its user, by id."""
        w, u = scores.score_webhooks, tables.users
        question = (
            select(*WEBHOOKS.columns, *USERS.columns)
            .join(u, u.c.id == w.c.user_id)
            .order_by(w.c.id)
        )
        width = len(WEBHOOKS.columns)
        with self._database.reading() as connection:
            return [
                (ScoreWebhook(*row[:width]), User(*row[width:]))
                for row in connection.execute(question)
            ]

    def add_notice(self, notice: BandNotice) -> bool:
        """Keep one message; tells whether it is new."""
        with self._database.writing() as connection:
            if BAND_NOTICES.one(connection, notice.id) is not None:
                return False
            add_notices(connection, [notice])
            return True

    def notices(self, webhook_id: str, limit: int = 50) -> list[BandNotice]:
        """List the messages to a webhook, newest first."""
        c = scores.score_notices.c
        question = BAND_NOTICES.select().where(c.webhook_id == webhook_id)
        question = question.order_by(c.created_at_ns.desc(), c.id).limit(limit)
        with self._database.reading() as connection:
            return BAND_NOTICES.many(connection, question)

    def due(self, now_ns: int, limit: int) -> list[Notice]:
        """Read the messages whose `next_at_ns` has come, as a dispatcher takes them, oldest first.

        The way names the webhook, so that each has a lane of its own.
        """
        c = scores.score_notices.c
        question = BAND_NOTICES.select().where(c.next_at_ns <= now_ns)
        question = question.order_by(c.created_at_ns, c.id).limit(limit)
        with self._database.reading() as connection:
            return [_as_notice(row) for row in BAND_NOTICES.many(connection, question)]

    def mark(self, notice: Notice) -> None:
        """Write what became of a try.

        Raises
        ------
        NotFound
            When there is no such message: its webhook was deleted.

        """
        t = scores.score_notices
        values = {
            "state": notice.state,
            "attempts": notice.attempts,
            "next_at_ns": notice.next_at_ns,
            "answer": clean(notice.answer),
            "updated_at_ns": notice.updated_at_ns,
        }
        with self._database.writing() as connection:
            written = connection.execute(t.update().where(t.c.id == notice.id).values(values))
            if written.rowcount != 1:
                raise NotFound(f"no message {notice.id!r}")


def _as_notice(row: BandNotice) -> Notice:
    return Notice(
        id=row.id,
        alert_id="",
        event_id=row.assessment_id,
        recipient_id=row.webhook_id,
        recipient_name="",
        ways=(Way(row.webhook_id, row.building_id),),
        level=Level.NONE,
        title=row.kind.value,
        text=row.body,
        link="",
        created_at_ns=row.created_at_ns,
        state=row.state,
        attempts=row.attempts,
        next_at_ns=row.next_at_ns,
        answer=row.answer,
        updated_at_ns=row.updated_at_ns,
    )
