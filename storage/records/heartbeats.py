"""The last heart-beat of every role in the records database."""

from collections.abc import Sequence
from dataclasses import replace

from domain.installation import Heartbeat
from storage.records import tables
from storage.records.engine import Database
from storage.records.rows import Rows, clean

HEARTBEATS = Rows(Heartbeat, tables.heartbeats, ("role", "shard", "host"))


class RecordsHeartbeats:
    """Heart-beats by role, shard and host; a `domain.installation.HeartbeatStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, beats: Sequence[Heartbeat]) -> None:
        """Write heart-beats over those before them."""
        # errors' own words stand in the parts: anything may be in them
        fit = [
            replace(beat, parts=tuple(replace(p, text=clean(p.text)) for p in beat.parts))
            for beat in beats
        ]
        with self._database.writing() as connection:
            HEARTBEATS.upsert(connection, fit)

    def all(self) -> list[Heartbeat]:
        """Read the last heart-beat of every role, by role, shard and host."""
        c = tables.heartbeats.c
        with self._database.reading() as connection:
            question = HEARTBEATS.select().order_by(c.role, c.shard, c.host)
            return HEARTBEATS.many(connection, question)

    def forget_before(self, at_ns: int) -> None:
        """Drop the rows of roles that have not beaten since a moment."""
        t = tables.heartbeats
        with self._database.writing() as connection:
            connection.execute(t.delete().where(t.c.beat_at_ns < at_ns))
