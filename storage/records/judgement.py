"""What the pipeline decides, written in one transaction with its cursor."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from domain.accounts import DayAccount, Refusal
from domain.alerts import Alert, Recipient
from domain.errors import Conflict, InvalidInput
from domain.gateway_clocks import ClockNote
from domain.ports import GatewayStatus, Judgement
from storage.records import tables
from storage.records.alerts import (
    EVENTS,
    FINDINGS,
    NOTICES,
    alert_change,
    recipients,
    write_alerts,
    write_changes,
)
from storage.records.engine import Database
from storage.records.fleet import write_boots, write_gaps, write_presence
from storage.records.open_alerts import OpenAlerts
from storage.records.register import write_judged_segments
from storage.records.rows import Rows, among, clean, count_on, insert_into, upserting

REFUSALS = Rows(Refusal, tables.refusals)
ACCOUNTS = Rows(DayAccount, tables.accounts, ("gateway_id", "day"))
CLOCKS = Rows(ClockNote, tables.gateway_clocks, ("gateway_id",))
STATUSES = Rows(GatewayStatus, tables.gateway_statuses, ("gateway_id",))

#: a refusal's address is part of a key, and PostgreSQL's keys end at 2.7 kB
_ADDRESS_LENGTH = 200
_SAMPLE_BYTES = 2_000
_SQLITE_STATES = """
INSERT INTO detector_states (shard, building_id, detector, state) VALUES (?, ?, ?, ?)
ON CONFLICT (shard, building_id, detector) DO UPDATE SET state = excluded.state
"""


class RecordsJudgement:
    """What the pipeline decides; a `domain.ports.JudgementStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = OpenAlerts()

    def judged(self, shard: int) -> int:
        """Tell the judged cursor; 0 at first."""
        c = tables.cursors.c
        with self._database.reading() as connection:
            question = select(c.judged).where(c.shard == shard)
            return int(connection.execute(question).scalar() or 0)

    def take_over(self, shard: int) -> int:
        """Become the one pipeline of a shard; commits with an older fence are refused from now.

        Returns
        -------
        int
            The fence that this pipeline's judgements must bear.

        """
        with self._database.writing() as connection:
            _, fence = _lock_cursor(connection, shard)
            t = tables.cursors
            connection.execute(t.update().where(t.c.shard == shard).values(fence=fence + 1))
            return fence + 1

    def states(self, shard: int, detector: str = "") -> dict[tuple[str, str], bytes]:
        """Read all saved detector states, or those of one detector."""
        c = tables.detector_states.c
        question = select(c.building_id, c.detector, c.state).where(c.shard == shard)
        if detector:
            question = question.where(c.detector == detector)
        with self._database.reading() as connection:
            return {
                (building_id, detector): bytes(state)
                for building_id, detector, state in connection.execute(question)
            }

    def state(self, shard: int, building_id: str, detector: str) -> bytes | None:
        """Read one saved detector state; `None` when there is none."""
        c = tables.detector_states.c
        question = select(c.state).where(
            c.shard == shard, c.building_id == building_id, c.detector == detector
        )
        with self._database.reading() as connection:
            found = connection.execute(question).scalar()
            return None if found is None else bytes(found)

    def open_alerts(self, building_ids: Iterable[str]) -> list[Alert]:
        """Read alerts that are not closed, and the newest closed one of each building and cause.

        Asked again, it reads only those that have changed since.
        """
        with self._database.reading() as connection:
            return self._open.read(connection, list(building_ids))

    def active_recipients(self) -> list[Recipient]:
        """List those who are told."""
        return recipients(self._database, active=True)

    def commit(self, judgement: Judgement) -> None:
        """Write a judgement in one transaction, with a change-log line for each alert.

        Findings, events, notices and refusals that are there already stay as they are; of segments
        only the zero is written over;
        states and accounts are written over; of two statuses of a gateway the newer stays.

        Raises
        ------
        Conflict
            When the cursor would go back, the fence is an older one, or an alert's version is
            stale: another pipeline has judged. Nothing is written.
        InvalidInput
            When a figure is not finite, or something refers to what is not there.
        StoreUnavailable
            When the database cannot be reached; nothing is written.

        """
        _check_finite(judgement)
        with self._database.writing() as connection:
            _move_cursor(connection, judgement)
            if judgement.segments:
                # before the rest, in the order in which the register's writers lock
                count_on(connection, "register")
                write_judged_segments(connection, judgement.segments)
            write_alerts(connection, judgement.alerts)
            FINDINGS.insert_missing(connection, judgement.findings)
            EVENTS.insert_missing(connection, judgement.events)
            NOTICES.insert_missing(connection, judgement.notices)
            _write_states(connection, judgement)
            _write_refusals(connection, judgement.refusals)
            ACCOUNTS.upsert(connection, judgement.accounts)
            write_gaps(connection, judgement.gaps)
            _write_statuses(connection, judgement.statuses)
            CLOCKS.upsert(connection, judgement.clocks)
            write_changes(connection, [alert_change(alert) for alert in judgement.alerts])


def _check_finite(judgement: Judgement) -> None:
    for finding in judgement.findings:
        figures = [finding.value, finding.limit]
        figures += [figure for _, figure in finding.details if isinstance(figure, float)]
        for figure in figures:
            if not math.isfinite(figure):
                raise InvalidInput(
                    f"a finding's figures must be finite, got {figure} "
                    f"({finding.rule}, {finding.subject!r})",
                    "findings",
                )
    for alert in judgement.alerts:
        for part in alert.contributions:
            if not (math.isfinite(part.value) and math.isfinite(part.limit)):
                raise InvalidInput(
                    f"a contribution's figures must be finite, got {part.value} and {part.limit} "
                    f"({part.rule}, {part.subject!r})",
                    "alerts",
                )


def _lock_cursor(connection: Connection, shard: int) -> tuple[int, int]:
    """Read a shard's cursor and fence; nobody else moves them before our commit."""
    t = tables.cursors
    question = select(t.c.judged, t.c.fence).where(t.c.shard == shard).with_for_update()
    row = connection.execute(question).first()
    if row is None:
        new = insert_into(connection, t).on_conflict_do_nothing(index_elements=["shard"])
        connection.execute(new, {"shard": shard, "judged": 0, "fence": 0})
        row = connection.execute(question).one()
    return row.judged, row.fence


def _move_cursor(connection: Connection, judgement: Judgement) -> None:
    shard = judgement.shard
    judged, fence = _lock_cursor(connection, shard)
    if judgement.fence and judgement.fence != fence:
        raise Conflict(
            f"shard {shard} is judged by another pipeline now: fence must be {fence}, "
            f"got {judgement.fence}"
        )
    # an equal cursor is a tick: time passed, and no reading came
    if judgement.cursor < judged:
        raise Conflict(
            f"shard {shard} is judged up to {judged} already, got a judgement up to "
            f"{judgement.cursor}: another pipeline runs"
        )
    if judgement.cursor > judged:
        t = tables.cursors
        connection.execute(t.update().where(t.c.shard == shard).values(judged=judgement.cursor))


def _write_states(connection: Connection, judgement: Judgement) -> None:
    if not judgement.states:
        return
    states = {(building_id, name): state for building_id, name, state in judgement.states}
    if connection.dialect.name == "sqlite":
        # bytes and texts need no conversion, and there are several of each building at each commit
        connection.exec_driver_sql(
            _SQLITE_STATES, [(judgement.shard, *key, state) for key, state in states.items()]
        )
        return
    statement = upserting(
        tables.detector_states,
        ("shard", "building_id", "detector"),
        ("state",),
        connection.dialect.name,
    )
    rows = [
        {"shard": judgement.shard, "building_id": key[0], "detector": key[1], "state": state}
        for key, state in states.items()
    ]
    connection.execute(statement, rows)


def _write_statuses(connection: Connection, statuses: Sequence[GatewayStatus]) -> None:
    """Keep what gateways say of themselves; what one leaves out stays as it last said it."""
    if not statuses:
        return
    c = tables.gateway_statuses.c
    ids = sorted({status.gateway_id for status in statuses})
    question = STATUSES.select().where(among(connection, c.gateway_id, ids))
    known = {status.gateway_id: status for status in STATUSES.many(connection, question)}
    now = dict(known)
    new = []
    for told in statuses:
        status = replace(told, firmware=clean(told.firmware, 200))
        before = now.get(status.gateway_id)
        if before is not None and before.at_ns > status.at_ns:
            continue
        new.append(status)
        now[status.gateway_id] = status if before is None else _filled(status, before)
    write_presence(connection, known, new)
    write_boots(connection, new)
    STATUSES.upsert(connection, [now[key] for key in ids], newer="at_ns")


def _filled(status: GatewayStatus, before: GatewayStatus) -> GatewayStatus:
    names = ("boot", "battery_percent", "signal_dbm", "config")
    kept = {name: getattr(before, name) for name in names if getattr(status, name) is None}
    return replace(status, firmware=status.firmware or before.firmware, **kept)


def _write_refusals(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """Keep refusals, and count those that were not there yet."""
    if not refusals:
        return
    # they speak of what came from outside, so anything may stand in them
    fit = {
        r.id: replace(
            r,
            reason=clean(r.reason, _ADDRESS_LENGTH),
            detail=clean(r.detail),
            address=clean(r.address, _ADDRESS_LENGTH),
            gateway_id=clean(r.gateway_id, _ADDRESS_LENGTH),
            sample=r.sample[:_SAMPLE_BYTES],
        )
        for r in refusals
    }
    t = tables.refusals
    there = set(connection.execute(select(t.c.id).where(among(connection, t.c.id, fit))).scalars())
    new = [refusal for refusal in fit.values() if refusal.id not in there]
    REFUSALS.insert_missing(connection, new)
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for r in new:
        # a payload that cannot be read counts as one
        counts[r.gateway_id, str(r.fate), r.reason, r.address] += max(r.readings, 1)
    if counts:
        c = tables.refusal_counts
        insert = insert_into(connection, c)
        keys = ["gateway_id", "fate", "reason", "address"]
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=keys, set_={"readings": c.c.readings + insert.excluded.readings}
            ),
            [
                dict(zip(keys, key, strict=True)) | {"readings": readings}
                for key, readings in sorted(counts.items())
            ],
        )
