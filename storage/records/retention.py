"""What is evidence, and the deletion of records that nobody needs any more."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Table, delete, func, select

from domain.alerts import Alert
from domain.findings import Finding
from domain.waves import WAVE_KINDS
from storage.records import tables, tables_fleet
from storage.records.alerts import ALERTS, FINDINGS
from storage.records.engine import Database
from storage.records.rows import among

#: rows deleted in one transaction: the pipeline writes in between
_AT_ONCE = 2_000


class RecordsRetention:
    """What must stay and what may go; a `domain.fleet_ports.RetentionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def alerts(self) -> list[Alert]:
        """List all alerts."""
        with self._database.reading() as connection:
            return ALERTS.many(connection, ALERTS.select().order_by(tables.alerts.c.id))

    def findings_of(self, alert: Alert) -> list[Finding]:
        """List the findings that an alert rests on, those of its history included."""
        c, e = tables.findings.c, tables.alert_events.c
        told = select(e.finding_id).where(e.alert_id == alert.id, e.finding_id != "")
        held = [part.finding_id for part in alert.contributions]
        with self._database.reading() as connection:
            question = FINDINGS.select().where(c.id.in_(told) | among(connection, c.id, held))
            return FINDINGS.many(connection, question.order_by(c.at_ns, c.id))

    def temperatures(self, building_id: str) -> list[str]:
        """List the channels that measure temperature at a building."""
        return self._of_kinds(building_id, ["temperature"])

    def waveforms(self, building_id: str) -> list[str]:
        """List the channels of a building whose waveforms are kept."""
        return self._of_kinds(building_id, sorted(WAVE_KINDS))

    def _of_kinds(self, building_id: str, kinds: list[str]) -> list[str]:
        s, c = tables.sensors.c, tables.channels.c
        question = (
            select(c.id)
            .join(tables.sensors, s.id == c.sensor_id)
            .where(s.building_id == building_id, c.kind.in_(kinds))
            .order_by(c.id)
        )
        with self._database.reading() as connection:
            return list(connection.execute(question).scalars())

    def delete_refusals(self, before_ns: int) -> int:
        """Delete what was not stored before a moment; what waits to be let in stays."""
        t, r = tables.refusals, tables_fleet.releases.c
        waits = select(r.refusal_id).where(r.done_at_ns.is_(None))
        old = select(t.c.id).where(t.c.received_at_ns < before_ns, t.c.id.not_in(waits))
        deleted = self._in_parts(t, old)
        gone = select(tables_fleet.releases.c.refusal_id).where(
            r.done_at_ns.is_not(None), r.refusal_id.not_in(select(t.c.id))
        )
        self._in_parts(tables_fleet.releases, gone, "refusal_id")
        return deleted

    def delete_changes(self, before_ns: int) -> int:
        """Delete lines of the change log; the newest one stays, for who asks what came last."""
        t = tables.changes
        newest = select(func.max(t.c.id)).scalar_subquery()
        return self._in_parts(t, select(t.c.id).where(t.c.at_ns < before_ns, t.c.id < newest))

    def delete_findings(self, before_ns: int, needed: Iterable[str]) -> int:
        """Delete findings that belong to no alert.

        Parameters
        ----------
        needed
            Ids that alerts' contributions name.

        """
        t, e = tables.findings, tables.alert_events.c
        told = select(e.finding_id).where(e.finding_id == t.c.id).exists()
        kept = sorted(set(needed))
        with self._database.reading() as connection:
            old = select(t.c.id).where(
                t.c.at_ns < before_ns, ~told, ~among(connection, t.c.id, kept)
            )
        return self._in_parts(t, old)

    def delete_presence(self, before_ns: int) -> int:
        """Delete moments at which gateways came and went; each one's last before stays."""
        t = tables_fleet.presence
        later = t.alias()
        followed = (
            select(later.c.at_ns)
            .where(
                later.c.gateway_id == t.c.gateway_id,
                later.c.at_ns > t.c.at_ns,
                later.c.at_ns <= before_ns,
            )
            .exists()
        )
        with self._database.writing() as connection:
            return connection.execute(delete(t).where(t.c.at_ns < before_ns, followed)).rowcount

    def _in_parts(self, table: Table, old: object, key: str = "id") -> int:
        """Delete rows by their key, some at a time."""
        total = 0
        while True:
            with self._database.writing() as connection:
                ids: Sequence[object] = list(
                    connection.execute(old.limit(_AT_ONCE)).scalars()  # type: ignore[attr-defined]
                )
                if not ids:
                    return total
                connection.execute(delete(table).where(table.c[key].in_(ids)))
                total += len(ids)
