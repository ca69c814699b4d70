"""Secrets of gateways in the records database."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import select, update

from domain.credentials import GatewayCredential
from domain.errors import Conflict, InvalidInput
from storage.records import tables
from storage.records.audit import AuditLine, write_audit
from storage.records.engine import Database
from storage.records.rows import Rows, check_text, count, count_on
from storage.records.tables_credentials import gateway_credentials

CREDENTIALS = Rows(GatewayCredential, gateway_credentials)
_COUNTER = "credentials"


class RecordsCredentials:
    """Secrets of gateways; a `domain.credentials.CredentialStore`.

    Whether a secret is valid is the caller's to judge: it has the clock.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def credentials(self, gateway_id: str | None = None) -> list[GatewayCredential]:
        """List one gateway's secrets, or everybody's, oldest first."""
        c = gateway_credentials.c
        question = CREDENTIALS.select().order_by(c.made_at_ns, c.id)
        if gateway_id is not None:
            question = question.where(c.gateway_id == gateway_id)
        with self._database.reading() as connection:
            return CREDENTIALS.many(connection, question)

    def put_credentials(
        self,
        gateway_id: str,
        known: Sequence[GatewayCredential],
        wanted: Sequence[GatewayCredential],
        by: str,
        action: str,
    ) -> None:
        """Write what a gateway's secrets shall be, all or none, with one line of the audit.

        Raises
        ------
        Conflict
            When somebody else changed them since they were read.
        InvalidInput
            When there is no such gateway.

        """
        for one in wanted:
            check_text(one)
        c = gateway_credentials.c
        with self._database.writing() as connection:
            # one writer after the other: the counter is the lock
            count(connection, _COUNTER, lock=True)
            gateway = select(tables.gateways.c.id).where(tables.gateways.c.id == gateway_id)
            if connection.execute(gateway).first() is None:
                raise InvalidInput(f"no gateway {gateway_id!r}", "gateway_id")
            question = CREDENTIALS.select().where(c.gateway_id == gateway_id)
            kept = {one.id: one for one in CREDENTIALS.many(connection, question)}
            if _unused(kept.values()) != _unused(known):
                raise Conflict(f"somebody else changed the secrets of gateway {gateway_id!r}")
            before = {one.id: one for one in known}
            changed = [one for one in wanted if before.get(one.id) != one]
            if not changed:
                return
            # a use that was noted meanwhile stays noted
            CREDENTIALS.upsert(
                connection,
                [
                    replace(one, last_used_at_ns=kept[one.id].last_used_at_ns)
                    if one.id in kept
                    else one
                    for one in changed
                ],
            )
            detail = [
                {
                    "secret": f"{one.prefix}…",
                    "ends_at_ns": one.ends_at_ns,
                    "revoked": one.revoked_at_ns is not None,
                    "reason": one.reason,
                }
                for one in changed
            ]
            line = AuditLine(by, action, gateway_id, json.dumps(detail, ensure_ascii=False))
            write_audit(self._database, connection, [line])
            count_on(connection, _COUNTER)

    def note_uses(self, uses: Sequence[tuple[str, int]]) -> None:
        """Note by credential id when each was last used (ns); an older moment changes nothing."""
        if not uses:
            return
        c = gateway_credentials.c
        with self._database.writing() as connection:
            first = False
            for credential_id, at_ns in sorted(uses):
                mine = update(gateway_credentials).where(c.id == credential_id)
                first |= (
                    connection.execute(
                        mine.where(c.last_used_at_ns.is_(None)).values(last_used_at_ns=at_ns)
                    ).rowcount
                    == 1
                )
                connection.execute(
                    mine.where(c.last_used_at_ns < at_ns).values(last_used_at_ns=at_ns)
                )
            if first:
                count_on(connection, _COUNTER)

    def credentials_revision(self) -> int:
        """Tell a number that rises whenever a secret is made, ended, revoked or first used."""
        with self._database.reading() as connection:
            return count(connection, _COUNTER)


def _unused(credentials: Iterable[GatewayCredential]) -> list[GatewayCredential]:
    """Put secrets in order, without when they were used."""
    found = [replace(one, last_used_at_ns=None) for one in credentials]
    return sorted(found, key=lambda one: one.id)
