"""The account of readings in the records database."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from domain.accounts import DayAccount, Refusal
from domain.errors import InvalidInput
from domain.gateway_clocks import ClockNote
from domain.ports import GatewayStatus, Page
from storage.records import tables
from storage.records.engine import Database
from storage.records.judgement import ACCOUNTS, CLOCKS, REFUSALS, STATUSES
from storage.records.rows import among


class RecordsAccounts:
    """The account of readings; a `domain.ports.AccountStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accounts(self, gateway_ids: Sequence[str] | None = None) -> list[DayAccount]:
        """List by gateway and day."""
        c = tables.accounts.c
        question = ACCOUNTS.select().order_by(c.gateway_id, c.day)
        with self._database.reading() as connection:
            if gateway_ids is not None:
                question = question.where(among(connection, c.gateway_id, gateway_ids))
            return ACCOUNTS.many(connection, question)

    def refusals(self, page: Page, *, gateway_id: str = "") -> list[Refusal]:
        """List newest first; a page goes on after the last one's id.

        Raises
        ------
        InvalidInput
            When the page goes on after a refusal that is not there.

        """
        c = tables.refusals.c
        question = REFUSALS.select()
        if gateway_id:
            question = question.where(c.gateway_id == gateway_id)
        with self._database.reading() as connection:
            if page.after:
                last = REFUSALS.one(connection, page.after)
                if last is None:
                    raise InvalidInput(f"after must be a refusal's id, got {page.after!r}", "after")
                older = c.received_at_ns < last.received_at_ns
                same = and_(c.received_at_ns == last.received_at_ns, c.id < last.id)
                question = question.where(or_(older, same))
            question = question.order_by(c.received_at_ns.desc(), c.id.desc())
            return REFUSALS.many(connection, question.limit(page.limit))

    def refusal_counts(self) -> list[tuple[str, str, str, str, int]]:
        """Count readings by (gateway, fate, reason, address); an unreadable payload is one."""
        t = tables.refusal_counts
        question = select(t).order_by(t.c.gateway_id, t.c.fate, t.c.reason, t.c.address)
        with self._database.reading() as connection:
            return [
                (row.gateway_id, row.fate, row.reason, row.address, row.readings)
                for row in connection.execute(question)
            ]

    def statuses(self) -> list[GatewayStatus]:
        """List what each gateway last said of itself."""
        question = STATUSES.select().order_by(tables.gateway_statuses.c.gateway_id)
        with self._database.reading() as connection:
            return STATUSES.many(connection, question)

    def clocks(self) -> list[ClockNote]:
        """List the gateways whose clock is or was not right."""
        question = CLOCKS.select().order_by(tables.gateway_clocks.c.gateway_id)
        with self._database.reading() as connection:
            return CLOCKS.many(connection, question)
