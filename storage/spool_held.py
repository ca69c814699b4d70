"""Readings in quarantine and clocks that are not right, in the spool's file."""

import sqlite3
from array import array
from collections.abc import Iterable, Mapping

from domain.gateway_clocks import ClockNote, GatewayClock
from domain.timing import Counting, Held
from storage.spool_rows import decode_row, encode_row


def put_held(writer: sqlite3.Connection, held: Iterable[Held]) -> None:
    """Keep readings that wait; part of the caller's transaction."""
    writer.executemany(
        "INSERT INTO held (gateway, boot, day, readings, body) VALUES (?, ?, ?, ?, ?)",
        [
            (one.gateway_id, one.boot, one.day, len(one.batch), encode_row(one.batch, (), (), ()))
            for one in held
        ],
    )


def take_held(reader: sqlite3.Connection, limit_rows: int) -> list[Held]:
    """Read readings that wait, those that came first before the others."""
    rows = reader.execute(
        "SELECT gateway, boot, day, body, key FROM held ORDER BY key LIMIT ?", (limit_rows,)
    ).fetchall()
    return [
        Held(gateway, boot, day, decode_row(0, body).batch, key)
        for gateway, boot, day, body, key in rows
    ]


def put_left(writer: sqlite3.Connection, left: Iterable[Held]) -> None:
    """Keep what still waits of each row and drop the rows of which nothing does."""
    for one in left:
        if len(one.batch):
            writer.execute(
                "UPDATE held SET readings = ?, body = ? WHERE key = ?",
                (len(one.batch), encode_row(one.batch, (), (), ()), one.key),
            )
        else:
            writer.execute("DELETE FROM held WHERE key = ?", (one.key,))


def waiting_by_gateway(reader: sqlite3.Connection) -> dict[str, int]:
    """Count the waiting readings of each gateway that has any."""
    rows = reader.execute("SELECT gateway, sum(readings) FROM held GROUP BY gateway")
    return {gateway: int(count) for gateway, count in rows}


def put_clocks(writer: sqlite3.Connection, clocks: Mapping[Counting, GatewayClock]) -> None:
    """Keep clocks that are not right and forget those that are."""
    for (gateway, boot), clock in clocks.items():
        if clock.suspected:
            writer.execute(
                "INSERT OR REPLACE INTO clocks VALUES (?, ?, ?)",
                (gateway, boot, array("q", clock.numbers()).tobytes()),
            )
        else:
            writer.execute("DELETE FROM clocks WHERE gateway = ? AND boot = ?", (gateway, boot))


def take_clocks(reader: sqlite3.Connection) -> dict[Counting, GatewayClock]:
    """Read the clocks that are not right."""
    found = {}
    for gateway, boot, blob in reader.execute("SELECT gateway, boot, numbers FROM clocks"):
        numbers = array("q")
        numbers.frombytes(blob)
        found[gateway, boot] = GatewayClock.of(numbers)
    return found


def notes(
    clocks: Mapping[Counting, GatewayClock], waiting: Mapping[str, int]
) -> tuple[ClockNote, ...]:
    """Tell people about clocks, of each gateway that of its newest boot."""
    newest: dict[str, tuple[int, GatewayClock]] = {}
    for (gateway, boot), clock in clocks.items():
        if gateway not in newest or boot > newest[gateway][0]:
            newest[gateway] = (boot, clock)
    return tuple(
        clock.note(gateway, waiting.get(gateway, 0)) for gateway, (_, clock) in newest.items()
    )
