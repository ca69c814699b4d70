"""What is known of gateways over time, in the records database."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select

from domain.accounts import GapChange, NumberGap
from domain.ports import GatewayStatus
from domain.sampling import SamplingPlan
from storage.records import tables_fleet as tables
from storage.records.engine import Database
from storage.records.rows import Rows, among, insert_into
from storage.records.tables_assessments import gateway_boots

GAPS = Rows(NumberGap, tables.number_gaps, ("gateway_id", "boot", "count", "first"))
PLANS = Rows(SamplingPlan, tables.sampling_plans, ("gateway_id", "version"))


class RecordsFleet:
    """Missing numbers, presence, plans and timed jobs; a `domain.fleet_ports.FleetStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def gaps(
        self, gateway_ids: Sequence[str] | None = None, first: str = "", last: str = ""
    ) -> list[NumberGap]:
        """List missing numbers by gateway, boot and number, between two days, both included."""
        c = tables.number_gaps.c
        question = GAPS.select().order_by(c.gateway_id, c.boot, c.count, c.first)
        if first:
            question = question.where(c.day >= first)
        if last:
            question = question.where(c.day <= last)
        with self._database.reading() as connection:
            if gateway_ids is not None:
                question = question.where(among(connection, c.gateway_id, gateway_ids))
            return GAPS.many(connection, question)

    def presence(self, since_ns: int) -> list[tuple[str, int, bool]]:
        """List (gateway, moment, on line), oldest first, with each gateway's last one before."""
        t = tables.presence
        before = (
            select(t.c.gateway_id, func.max(t.c.at_ns).label("at_ns"))
            .where(t.c.at_ns < since_ns)
            .group_by(t.c.gateway_id)
            .subquery()
        )
        question = (
            select(t.c.gateway_id, t.c.at_ns, t.c.online)
            .outerjoin(
                before, and_(before.c.gateway_id == t.c.gateway_id, before.c.at_ns == t.c.at_ns)
            )
            .where(or_(t.c.at_ns >= since_ns, before.c.at_ns.is_not(None)))
            .order_by(t.c.gateway_id, t.c.at_ns)
        )
        with self._database.reading() as connection:
            return [(row.gateway_id, row.at_ns, row.online) for row in connection.execute(question)]

    def plans(self, gateway_ids: Sequence[str] | None = None) -> list[SamplingPlan]:
        """List all plans by gateway and version."""
        c = tables.sampling_plans.c
        question = PLANS.select().order_by(c.gateway_id, c.version)
        with self._database.reading() as connection:
            if gateway_ids is not None:
                question = question.where(among(connection, c.gateway_id, gateway_ids))
            return PLANS.many(connection, question)

    def newest_plans(self, shard: int) -> dict[str, SamplingPlan]:
        """Tell the newest plan of each gateway of a shard."""
        return {plan.gateway_id: plan for plan in self._newest(shard)}

    def waiting_plans(self, shard: int) -> list[SamplingPlan]:
        """List the newest plans that their gateways have not said to follow yet."""
        return self._newest(shard, tables.sampling_plans.c.acknowledged_at_ns.is_(None))

    def _newest(self, shard: int, *which: ColumnElement[bool]) -> list[SamplingPlan]:
        t = tables.sampling_plans
        newest = (
            select(t.c.gateway_id, func.max(t.c.version).label("version"))
            .group_by(t.c.gateway_id)
            .subquery()
        )
        question = PLANS.select().where(
            t.c.shard == shard,
            t.c.gateway_id == newest.c.gateway_id,
            t.c.version == newest.c.version,
            *which,
        )
        with self._database.reading() as connection:
            return PLANS.many(connection, question)

    def put_plans(self, plans: Sequence[SamplingPlan]) -> None:
        """Keep new plans; one whose version is there already is left as it is."""
        if plans:
            with self._database.writing() as connection:
                PLANS.insert_missing(connection, plans)

    def plans_sent(self, plans: Sequence[tuple[str, int]], at_ns: int) -> None:
        """Note when plans were last sent, by gateway and version."""
        if not plans:
            return
        t = tables.sampling_plans
        statement = t.update().where(
            t.c.gateway_id == bindparam("gateway"), t.c.version == bindparam("number")
        )
        rows = [{"gateway": gateway_id, "number": version} for gateway_id, version in plans]
        with self._database.writing() as connection:
            connection.execute(statement.values(sent_at_ns=at_ns), rows)

    def plan_acknowledged(self, gateway_id: str, version: int, at_ns: int) -> None:
        """Note the first moment at which a gateway said that it follows a plan."""
        t = tables.sampling_plans
        statement = t.update().where(
            t.c.gateway_id == gateway_id,
            t.c.version == version,
            t.c.acknowledged_at_ns.is_(None),
        )
        with self._database.writing() as connection:
            connection.execute(statement.values(acknowledged_at_ns=at_ns))

    def boots(self, gateway_ids: Sequence[str]) -> dict[str, list[int]]:
        """Tell when each gateway was first heard with each boot counter, oldest first."""
        c = gateway_boots.c
        question = select(c.gateway_id, c.at_ns).order_by(c.gateway_id, c.at_ns)
        found: dict[str, list[int]] = {}
        with self._database.reading() as connection:
            question = question.where(among(connection, c.gateway_id, gateway_ids))
            for gateway_id, at_ns in connection.execute(question):
                found.setdefault(gateway_id, []).append(at_ns)
        return found

    def last_done_ns(self, name: str) -> int | None:
        """Tell when a timed job was last done to its end."""
        t = tables.job_runs
        with self._database.reading() as connection:
            at_ns = connection.execute(select(t.c.done_at_ns).where(t.c.name == name)).scalar()
        return None if at_ns is None else int(at_ns)

    def done(self, name: str, at_ns: int) -> None:
        """Note that a timed job was done to its end."""
        with self._database.writing() as connection:
            insert = insert_into(connection, tables.job_runs)
            statement = insert.on_conflict_do_update(
                index_elements=["name"], set_={"done_at_ns": insert.excluded.done_at_ns}
            )
            connection.execute(statement, {"name": name, "done_at_ns": at_ns})


def write_gaps(connection: Connection, changes: Sequence[GapChange]) -> None:
    """Bring the missing numbers up to date, in the order in which they changed."""
    now: dict[tuple[str, int, int, int], NumberGap | None] = {}
    for change in changes:
        count = (change.gateway_id, change.boot, change.count)
        now |= {(*count, first): None for first in change.gone}
        now |= {(*count, gap.first): gap for gap in change.here}
    t = tables.number_gaps
    for (gateway_id, boot, count_, first), gap in now.items():
        if gap is None:
            connection.execute(
                t.delete().where(
                    t.c.gateway_id == gateway_id,
                    t.c.boot == boot,
                    t.c.count == count_,
                    t.c.first == first,
                )
            )
    GAPS.upsert(connection, [gap for gap in now.values() if gap is not None])


def write_boots(connection: Connection, statuses: Sequence[GatewayStatus]) -> None:
    """Note boot counters that were never heard before."""
    rows = {
        (status.gateway_id, status.boot): status.at_ns
        for status in reversed(statuses)
        if status.boot is not None
    }
    if rows:
        statement = insert_into(connection, gateway_boots).on_conflict_do_nothing(
            index_elements=["gateway_id", "boot"]
        )
        values = [
            {"gateway_id": gateway_id, "boot": boot, "at_ns": at_ns}
            for (gateway_id, boot), at_ns in sorted(rows.items())
        ]
        connection.execute(statement, values)


def write_presence(
    connection: Connection, known: dict[str, GatewayStatus], statuses: Sequence[GatewayStatus]
) -> None:
    """Note the moments at which gateways went on line or off.

    Parameters
    ----------
    known
        What each of them had last said before.
    statuses
        What they say now, in the order of arrival.

    """
    online = {gateway_id: status.online for gateway_id, status in known.items()}
    rows = []
    for status in statuses:
        if online.get(status.gateway_id) != status.online:
            online[status.gateway_id] = status.online
            rows.append(
                {
                    "gateway_id": status.gateway_id,
                    "at_ns": status.at_ns,
                    "online": status.online,
                }
            )
    if rows:
        # two at one moment: the later one holds
        last = {(row["gateway_id"], row["at_ns"]): row for row in rows}
        insert = insert_into(connection, tables.presence)
        statement = insert.on_conflict_do_update(
            index_elements=["gateway_id", "at_ns"], set_={"online": insert.excluded.online}
        )
        connection.execute(statement, list(last.values()))
