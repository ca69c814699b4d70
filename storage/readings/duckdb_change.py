"""What one batch changes in a DuckDB file of readings."""

import numpy as np

from domain.readings import Int32s, Int64s
from storage.readings import duckdb_file as file
from storage.readings.columns import Rows
from storage.readings.heads import HeadArray, Heads
from storage.readings.rolling import Rolling
from storage.readings.spans import Every, Spans


class Change:
    """One batch's change: found first, then written in one transaction.

    Parameters
    ----------
    rows
        The whole batch; the attribute of this name holds only what is not stored yet.

    """

    def __init__(self, database: file.Database, heads: Heads, rows: Rows) -> None:
        self._database = database
        self._heads = heads
        self._replaced: Rows | None = None
        newer = rows.taken_at > heads.taken_at[rows.channel]
        if newer.all():
            self.rows, self._late = rows, np.zeros(len(rows), np.bool_)
            return
        late = np.flatnonzero(~newer)
        there = file.stored(database, rows.take(late))
        row = late[there["row"]]
        same = (rows.value[row] == there["value"]) & (rows.flag[row] == there["flag"])
        keep = np.ones(len(rows), np.bool_)
        keep[row[same]] = False
        other = ~same
        if other.any():
            self._replaced = Rows(
                rows.channel[row[other]],
                rows.taken_at[row[other]],
                there["value"][other],
                there["flag"][other],
                there["received_at"][other],
            )
        self.rows, self._late = rows.take(keep), ~newer[keep]

    def write(self) -> tuple[Int32s, HeadArray]:
        """Write all tables and return the channels touched with their new heads."""
        database, rows = self._database, self.rows
        if self._replaced is not None:
            file.delete_readings(database, self._replaced.channel, self._replaced.taken_at)
        file.insert_readings(database, rows)
        touched, heads = self._heads.with_newest(rows)
        rolling = Rolling(_Spans(database), rows, self._late, self._replaced)
        every: Every
        for every in ("hour", "day"):
            rolling.roll_up(every, touched, heads)
        file.write_heads(database, touched, heads, self._heads.written)
        return touched, heads


class _Spans:
    """The tables `hour` and `day`; see `storage.readings.rolling.SpanTable`."""

    def __init__(self, database: file.Database) -> None:
        self._database = database

    def recomputed(self, every: Every, channel: Int32s, start: Int64s) -> Spans:
        return file.recomputed(self._database, every, channel, start)

    def full(self, every: Every, channel: Int32s, start: Int64s) -> Spans:
        return file.full_spans(self._database, every, channel, start)

    def add(self, every: Every, spans: Spans) -> None:
        file.insert_spans(self._database, every, spans)

    def replace(self, every: Every, spans: Spans) -> None:
        keys = {"channel": spans.channel, "start": spans.start}
        file.delete(self._database, every, "start", keys)
        file.insert_spans(self._database, every, spans.take(spans.count > 0))
