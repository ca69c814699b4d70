"""What was not stored, to be looked through and released; in the records database."""

from collections.abc import Sequence

from sqlalchemy import and_, or_

from domain.accounts import Fate, Refusal
from domain.errors import Conflict, InvalidInput, NotFound
from domain.fleet_ports import Release
from domain.ports import Page
from storage.records import tables, tables_fleet
from storage.records.engine import Database
from storage.records.judgement import REFUSALS
from storage.records.rows import Rows, among

RELEASES = Rows(Release, tables_fleet.releases, ("refusal_id",))
RELEASED = "released"


class RecordsQuarantine:
    """What was not stored; a `domain.fleet_ports.QuarantineStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def refusal(self, refusal_id: str) -> Refusal | None:
        """Read one; `None` when there is none."""
        with self._database.reading() as connection:
            return REFUSALS.one(connection, refusal_id)

    def search(
        self,
        page: Page,
        *,
        gateway_ids: Sequence[str] | None = None,
        fate: Fate | None = None,
        reason: str = "",
        text: str = "",
    ) -> list[Refusal]:
        """List newest first; `text` is looked for in gateway, address and detail.

        Raises
        ------
        InvalidInput
            When the page goes on after a refusal that is not there.

        """
        c = tables.refusals.c
        question = REFUSALS.select()
        if fate is not None:
            question = question.where(c.fate == fate)
        if reason:
            question = question.where(c.reason == reason)
        if text:
            parts = (c.gateway_id, c.address, c.detail)
            question = question.where(or_(*(p.icontains(text, autoescape=True) for p in parts)))
        with self._database.reading() as connection:
            if gateway_ids is not None:
                question = question.where(among(connection, c.gateway_id, gateway_ids))
            if page.after:
                last = REFUSALS.one(connection, page.after)
                if last is None:
                    raise InvalidInput(f"after must be a refusal's id, got {page.after!r}", "after")
                older = c.received_at_ns < last.received_at_ns
                same = and_(c.received_at_ns == last.received_at_ns, c.id < last.id)
                question = question.where(or_(older, same))
            question = question.order_by(c.received_at_ns.desc(), c.id.desc())
            return REFUSALS.many(connection, question.limit(page.limit))

    def releases(self, refusal_ids: Sequence[str]) -> dict[str, Release]:
        """Read what was decided about some."""
        c = tables_fleet.releases.c
        with self._database.reading() as connection:
            question = RELEASES.select().where(among(connection, c.refusal_id, refusal_ids))
            return {one.refusal_id: one for one in RELEASES.many(connection, question)}

    def ask_release(self, release: Release) -> None:
        """Ask that a refusal be released; one that failed before may be asked for again.

        Raises
        ------
        Conflict
            When it was released already.
        NotFound
            When there is no such quarantined refusal.

        """
        with self._database.writing() as connection:
            refusal = REFUSALS.one(connection, release.refusal_id)
            if refusal is None or refusal.fate is not Fate.QUARANTINED:
                raise NotFound(f"no quarantined refusal {release.refusal_id!r}")
            known = RELEASES.one(connection, release.refusal_id)
            if known is not None and known.outcome == RELEASED:
                raise Conflict(f"refusal {release.refusal_id!r} was released by {known.by}")
            RELEASES.upsert(connection, [release])

    def due(self, limit: int) -> list[tuple[Refusal, Release]]:
        """List what was asked for and not done, oldest first."""
        c = tables_fleet.releases.c
        question = RELEASES.select().where(c.done_at_ns.is_(None))
        question = question.order_by(c.asked_at_ns, c.refusal_id).limit(limit)
        with self._database.reading() as connection:
            waiting = RELEASES.many(connection, question)
            pairs = [(REFUSALS.one(connection, one.refusal_id), one) for one in waiting]
        return [(refusal, one) for refusal, one in pairs if refusal is not None]

    def finish(self, release: Release) -> None:
        """Write what came of it."""
        with self._database.writing() as connection:
            RELEASES.upsert(connection, [release])
