"""Seals of check-ups' reports in the records database: rows are added, never changed."""

import json

from domain.check_reports import Seal
from storage.records import tables_seals
from storage.records.audit import AuditLine, write_audit
from storage.records.engine import Database
from storage.records.rows import Rows, count

SEALS = Rows(Seal, tables_seals.report_seals, ("code",))


class RecordsSeals:
    """Seals; a `domain.check_reports.SealStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_seal(self, seal: Seal) -> Seal:
        """Keep a seal, or find the one that bears its code already."""
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            kept = SEALS.one(connection, seal.code)
            if kept is not None:
                return kept
            SEALS.insert(connection, [seal])
            figures = json.dumps({"code": seal.code, "sha256": seal.sha256})
            line = AuditLine("report", "report sealed", seal.submission_id, figures)
            write_audit(self._database, connection, [line])
        return seal

    def seal(self, code: str) -> Seal | None:
        """Read a seal."""
        with self._database.reading() as connection:
            return SEALS.one(connection, code)

    def seals(self, submission_id: str) -> list[Seal]:
        """List the seals of a submission, the newest first."""
        c = tables_seals.report_seals.c
        question = SEALS.select().where(c.submission_id == submission_id)
        with self._database.reading() as connection:
            return SEALS.many(connection, question.order_by(c.made_at_ns.desc(), c.code))
