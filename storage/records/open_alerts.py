"""The alerts that are not over, kept at hand: each look reads only what has changed since."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from domain.alerts import Alert, AlertState
from storage.records import tables
from storage.records.alerts import ALERTS
from storage.records.rows import among, count

#: askers whose buildings differ, such as the pipeline and the planner of one shard
_ASKERS_MAX = 4
#: more lines of the change log than this are not gone through
_LINES_MAX = 2_000


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read when the change log had come to a number."""

    number: int
    wanted: list[str]
    within: frozenset[str]
    alerts: dict[str, Alert]


class OpenAlerts:
    """Alerts that are not closed, and the newest closed one of each building and cause.

    A city under a storm has thousands of them, and each warning asks for all: read anew every time
    they would hold up the very warnings that they are read for.
    """

    def __init__(self) -> None:
        self._known: list[_Known] = []

    def read(self, connection: Connection, building_ids: Sequence[str]) -> list[Alert]:
        """Read those of some buildings, by building, cause and id."""
        wanted = list(building_ids)
        # nobody writes an alert without a line in the change log
        number = count(connection, "changes")
        before = next((one for one in self._known if one.wanted == wanted), None)
        alerts = None if before is None else self._brought_up(connection, before, number)
        if alerts is None:
            alerts = {one.id: one for one in _read(connection, wanted)}
        within = frozenset(wanted) if before is None else before.within
        now = _Known(number, wanted, within, alerts)
        others = [one for one in self._known if one is not before and one.wanted != wanted]
        self._known = [now, *others][:_ASKERS_MAX]
        return sorted(alerts.values(), key=lambda one: (one.building_id, one.cause, one.id))

    def _brought_up(
        self, connection: Connection, before: _Known, number: int
    ) -> dict[str, Alert] | None:
        """Take in what has changed since; `None`: all has to be read."""
        if number == before.number:
            return before.alerts
        if not 0 < number - before.number <= _LINES_MAX:
            return None
        c = tables.changes.c
        lines = connection.execute(
            select(c.kind, c.object_id).where(c.id > before.number, c.id <= number)
        ).all()
        if len(lines) < number - before.number:  # old lines are deleted after a while
            return None
        changed = {object_id for kind, object_id in lines if kind == "alert"}
        if not changed:
            return before.alerts
        known = dict(before.alerts)
        question = ALERTS.select().where(among(connection, tables.alerts.c.id, changed))
        for alert in ALERTS.many(connection, question):
            if alert.building_id not in before.within:
                continue
            old = known.get(alert.id)
            if old is not None and old.state is AlertState.CLOSED:
                return None  # opened again: an older closed one is the newest now
            known[alert.id] = alert
        return _newest_closed(known)


def _newest_closed(alerts: dict[str, Alert]) -> dict[str, Alert]:
    """Leave out closed ones behind which a newer closed one of the same cause stands."""
    newest: dict[tuple[str, str], Alert] = {}
    for alert in alerts.values():
        if alert.state is AlertState.CLOSED:
            key = alert.building_id, alert.cause
            newest[key] = max(alert, newest.get(key, alert), key=_closed_rank)
    kept = {one.id for one in newest.values()}
    return {k: one for k, one in alerts.items() if one.state is not AlertState.CLOSED or k in kept}


def _closed_rank(alert: Alert) -> tuple[int, int, str]:
    return alert.closed_at_ns or 0, alert.opened_at_ns, alert.id


def _read(connection: Connection, wanted: Sequence[str]) -> list[Alert]:
    c = tables.alerts.c
    here = among(connection, c.building_id, wanted)
    order = (c.closed_at_ns.desc(), c.opened_at_ns.desc(), c.id.desc())
    rank = func.row_number().over(partition_by=(c.building_id, c.cause), order_by=order)
    closed = select(c.id, rank.label("rank")).where(here, c.state == AlertState.CLOSED).subquery()
    newest = select(closed.c.id).where(closed.c.rank == 1)
    question = ALERTS.select().where(here, (c.state != AlertState.CLOSED) | c.id.in_(newest))
    return ALERTS.many(connection, question)
