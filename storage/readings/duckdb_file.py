"""The DuckDB file of readings: its tables, its statements, its errors in plain words."""
# ruff: noqa: S608 - names of tables and columns are our own; values go as parameters

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.clock import MS_NS
from domain.errors import StoreUnavailable
from domain.readings import Int32s, Int64s
from storage.readings.columns import FIT, Rows
from storage.readings.heads import HEAD, HeadArray
from storage.readings.spans import LENGTH_NS, Every, Spans

Database = duckdb.DuckDBPyConnection
Columns = dict[str, NDArray[Any]]

SCHEMA = 2
SPAN = "channel INTEGER, start BIGINT, count BIGINT, total DOUBLE, low DOUBLE, high DOUBLE"
#: measured on 1.5 M rows: blocks of 256 KB leave a sixth of the file empty, those of 32 KB pack
#: badly; and a group of rows that is not full is written anew at each checkpoint
PACKING = {"default_block_size": 65_536, "checkpoint_threshold": "64MB"}
#: a moment lies in two columns, whole ms and the ns beyond, and arrival counts from the reading's
#: own time: instruments tell ms at the best, and such columns pack into a third of the space
RAW = """
CREATE TABLE raw (
    channel INTEGER, taken_ms BIGINT, taken_rest INTEGER, value DOUBLE, flag USMALLINT,
    delay_ms BIGINT, received_rest INTEGER);
CREATE VIEW reading AS SELECT
    channel, taken_ms, taken_ms * 1000000 + taken_rest AS taken_at, value, flag,
    (taken_ms + delay_ms) * 1000000 + received_rest AS received_at FROM raw;
"""
TABLES = f"""
CREATE TABLE schema_version (version INTEGER);
INSERT INTO schema_version VALUES ({SCHEMA});
CREATE TABLE channel (code INTEGER, id VARCHAR);
{RAW}
CREATE TABLE head (channel INTEGER, packed BLOB);
CREATE TABLE hour ({SPAN});
CREATE TABLE day ({SPAN});
"""


#: from schema 1, which kept moments whole; DuckDB's remainder has the sign of the moment
TO_SCHEMA_2 = f"""
ALTER TABLE reading RENAME TO whole;
{RAW}
INSERT INTO raw WITH parted AS (
    SELECT *, (taken_at % 1000000 + 1000000) % 1000000 AS taken_rest,
    (received_at % 1000000 + 1000000) % 1000000 AS received_rest FROM whole)
SELECT channel, (taken_at - taken_rest) // 1000000, taken_rest, value, flag,
    (received_at - received_rest) // 1000000 - (taken_at - taken_rest) // 1000000, received_rest
FROM parted;
DROP TABLE whole;
UPDATE schema_version SET version = {SCHEMA};
"""
#: readings put aside as evidence; made in files that had no such table yet
ASIDE = """
CREATE TABLE IF NOT EXISTS aside (
    channel INTEGER, taken_at BIGINT, value DOUBLE, flag USMALLINT, received_at BIGINT)
"""


def connect(path: Path | None, memory_mb: int) -> Database:
    """Open a file, made when missing, and check that it is ours.

    Raises
    ------
    duckdb.Error
        See `reason_of`.
    StoreUnavailable
        When the file is DuckDB's but not of this schema.

    """
    options: dict[str, Any] = {"memory_limit": f"{memory_mb}MB", **PACKING} if path else {}
    database = duckdb.connect(str(path or ":memory:"), config=options)
    try:
        tables = {name for (name,) in database.execute("SHOW TABLES").fetchall()}
        if not tables:
            with transaction(database):
                database.execute(TABLES)
        elif "schema_version" not in tables:
            raise StoreUnavailable(f"{path} is a DuckDB file, but not one of Anju's readings")
        else:
            (version,) = database.execute("SELECT version FROM schema_version").fetchall()[0]
            if version == 1:
                with transaction(database):
                    database.execute(TO_SCHEMA_2)
            elif version != SCHEMA:
                raise StoreUnavailable(
                    f"readings file {path} has schema {version}, this Anju reads {SCHEMA}"
                )
        database.execute(ASIDE)
        # what it loads when it is first shown columns takes a quarter of a second: now, and not
        # with the first readings
        with given(database, {"code": np.empty(0, np.int32)}):
            pass
    except BaseException:
        database.close()
        raise
    return database


@contextlib.contextmanager
def transaction(database: Database) -> Iterator[None]:
    """Commit what the block does, or nothing of it."""
    database.execute("BEGIN")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        # a commit that failed has been rolled back by DuckDB itself
        with contextlib.suppress(duckdb.Error):
            database.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def given(database: Database, columns: Mapping[str, Any]) -> Iterator[None]:
    """Let statements of the block see columns of ours as the table `given`."""
    database.register("given", pa.table(dict(columns)))
    try:
        yield
    finally:
        database.unregister("given")


def fetched(database: Database, query: str, parameters: Any) -> Columns:
    """Run a query and return its columns, none of which may hold NULL."""
    found = database.execute(query, parameters).fetchnumpy()
    return {name: np.ma.getdata(column) for name, column in found.items()}


def insert(database: Database, table: str, columns: Mapping[str, Any]) -> None:
    """Add rows."""
    with given(database, columns):
        database.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")


def insert_readings(database: Database, rows: Rows) -> None:
    """Add readings."""
    taken_ms = rows.taken_at // MS_NS
    received_ms = rows.received_at // MS_NS
    columns = {
        "channel": rows.channel,
        "taken_ms": taken_ms,
        "taken_rest": (rows.taken_at - taken_ms * MS_NS).astype(np.int32),
        "value": rows.value,
        "flag": rows.flag,
        "delay_ms": received_ms - taken_ms,
        "received_rest": (rows.received_at - received_ms * MS_NS).astype(np.int32),
    }
    insert(database, "raw", columns)


def delete_readings(database: Database, channel: Int32s, taken_at: Int64s) -> None:
    """Delete readings by channel and moment."""
    taken_ms = taken_at // MS_NS
    taken_rest = (taken_at - taken_ms * MS_NS).astype(np.int32)
    keys = {"channel": channel, "taken_ms": taken_ms, "taken_rest": taken_rest}
    delete(database, "raw", "taken_ms", keys)


def delete_readings_before(database: Database, end_ns: int, channel: Int32s | None) -> None:
    """Delete the readings before a moment, of some channels or of all."""
    ms, rest = divmod(end_ns, MS_NS)
    before = "DELETE FROM raw WHERE (taken_ms < ? OR (taken_ms = ? AND taken_rest < ?))"
    if channel is None:
        database.execute(before, [ms, ms, rest])
        return
    with given(database, {"code": channel}):
        database.execute(f"{before} AND channel IN (SELECT code FROM given)", [ms, ms, rest])


def delete(database: Database, table: str, moment: str, keys: Mapping[str, Any]) -> None:
    """Delete rows by the columns given, bounded by the range of the moments."""
    same = " AND ".join(f"{table}.{name} = given.{name}" for name in keys)
    with given(database, keys):
        database.execute(
            f"DELETE FROM {table} USING given WHERE {same} AND {table}.{moment} BETWEEN ? AND ?",
            [int(keys[moment].min()), int(keys[moment].max())],
        )


def stored(database: Database, rows: Rows) -> Columns:
    """Find which rows are there already: `row` and what is stored of it, in order."""
    wanted = {
        "row": np.arange(len(rows)),
        "channel": rows.channel,
        "taken_at": rows.taken_at,
    }
    with given(database, wanted):
        return fetched(
            database,
            "SELECT row, reading.value, reading.flag, reading.received_at FROM reading"
            " JOIN given USING (channel, taken_at)"
            " WHERE reading.taken_ms BETWEEN $low AND $high ORDER BY row",
            {"low": int(rows.taken_at.min()) // MS_NS, "high": int(rows.taken_at.max()) // MS_NS},
        )


def recomputed(database: Database, every: Every, channel: Int32s, start: Int64s) -> Spans:
    """Sum up the stored readings of some spans; one without fit readings has count 0."""
    length = LENGTH_NS[every]
    with given(database, {"channel": channel, "start": start}):
        found = fetched(
            database,
            "SELECT given.channel AS channel, given.start AS start, count(value) AS count,"
            " coalesce(sum(value), 0) AS total, coalesce(min(value), 0) AS low,"
            " coalesce(max(value), 0) AS high FROM given LEFT JOIN ("
            # DuckDB's remainder has the sign of the moment, which may lie before 1970
            "  SELECT channel, value,"
            "  taken_at - (taken_at % $length + $length) % $length AS start FROM reading"
            "  WHERE taken_ms BETWEEN $low AND $high"
            f" AND channel IN (SELECT channel FROM given) AND {FIT}"
            ") AS fit ON fit.channel = given.channel AND fit.start = given.start"
            " GROUP BY given.channel, given.start",
            {
                "length": length,  # whole ms
                "low": int(start.min()) // MS_NS,
                "high": (int(start.max()) + length - 1) // MS_NS,
            },
        )
    return _spans(found)


def put_aside(database: Database, windows: Columns, before_ns: int) -> None:
    """Copy the readings of some windows that are older than a moment; in one transaction.

    Parameters
    ----------
    windows
        Columns `channel`, `first`, `past`: the moment left out.

    """
    inside = (
        "reading.channel = given.channel AND reading.taken_at >= given.first"
        " AND reading.taken_at < given.past AND reading.taken_at < ?"
    )
    with given(database, windows), transaction(database):
        database.execute(
            "CREATE OR REPLACE TEMP TABLE moving AS SELECT DISTINCT reading.channel,"
            " reading.taken_at, reading.value, reading.flag, reading.received_at FROM reading"
            f" JOIN given ON {inside}",
            [before_ns],
        )
        database.execute(
            "DELETE FROM aside USING moving WHERE aside.channel = moving.channel"
            " AND aside.taken_at = moving.taken_at"
        )
        database.execute("INSERT INTO aside SELECT * FROM moving")
    database.execute("DROP TABLE moving")


def keep_aside_only(database: Database, windows: Columns) -> None:
    """Delete what was put aside and lies in no window; columns as in `put_aside`."""
    with given(database, windows):
        database.execute(
            "DELETE FROM aside WHERE NOT EXISTS (SELECT 1 FROM given WHERE"
            " aside.channel = given.channel AND aside.taken_at >= given.first"
            " AND aside.taken_at < given.past)"
        )


def full_spans(database: Database, every: Every, channel: Int32s, start: Int64s) -> Spans:
    """Read some of the spans that no longer fill."""
    with given(database, {"channel": channel, "start": start}):
        found = fetched(
            database,
            f"SELECT channel, start, count, total, low, high FROM {every}"
            f" JOIN given USING (channel, start) WHERE {every}.start BETWEEN $low AND $high",
            {"low": int(start.min()), "high": int(start.max())},
        )
    return _spans(found)


def insert_spans(database: Database, every: Every, spans: Spans) -> None:
    """Add spans that no longer fill."""
    if len(spans):
        names = ("channel", "start", "count", "total", "low", "high")
        insert(database, every, {name: getattr(spans, name) for name in names})


def spans_between(
    database: Database, every: Every, channel: Int32s, start_ns: int, end_ns: int
) -> Spans:
    """Read the spans of some channels that no longer fill, sorted."""
    asked = (
        f"SELECT channel, start, count, total, low, high FROM {every}"
        " WHERE start >= ? AND start < ?"
    )
    bounds = [start_ns, end_ns]
    if len(channel) == 1:
        one = f"{asked} AND channel = ? ORDER BY start"
        return _spans(fetched(database, one, [*bounds, int(channel[0])]))
    with given(database, {"channel": channel}):
        found = fetched(database, f"{asked} AND channel IN (SELECT channel FROM given)", bounds)
    return _spans(found).in_order()


def _spans(found: Columns) -> Spans:
    return Spans(*(found[n] for n in ("channel", "start", "count", "total", "low", "high")))


def write_heads(database: Database, channel: Int32s, heads: HeadArray, written: int) -> None:
    """Write heads; those of channels from `written` on are new.

    They are packed: one column of bytes is rewritten in a quarter of the time of fifteen.
    """
    packed = np.ascontiguousarray(heads)
    columns = {
        "channel": channel,
        "packed": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(HEAD.itemsize), len(packed), [None, pa.py_buffer(packed.view(np.uint8))]
        ),
    }
    with given(database, columns):
        if channel.min() < written:
            database.execute(
                "UPDATE head SET packed = given.packed FROM given"
                " WHERE head.channel = given.channel"
            )
        if channel.max() >= written:
            database.execute("INSERT INTO head SELECT * FROM given WHERE channel >= ?", [written])


def read_heads(database: Database) -> tuple[dict[str, int], HeadArray]:
    """Read the channels' numbers and their heads, in order of the number."""
    codes = {
        channel_id: code
        for code, channel_id in database.execute("SELECT code, id FROM channel").fetchall()
    }
    rows = database.execute("SELECT packed FROM head ORDER BY channel").fetchall()
    heads: HeadArray = np.frombuffer(b"".join(packed for (packed,) in rows), HEAD).copy()
    if len(heads) != len(codes):
        raise StoreUnavailable(f"the readings file has {len(codes)} channels, {len(heads)} heads")
    return codes, heads


def reason_of(error: duckdb.Error, path: Path | None) -> str:
    """Say in one line what is wrong with the file."""
    text = " ".join(str(error).split())
    if "lock on file" in text:
        holder = re.search(r"PID (\d+)", text)
        by = f" (process {holder[1]})" if holder else ""
        return (
            f"readings file {path} is used by another process{by}: a second instance?"
            " A DuckDB file has one process"
        )
    if any(sign in text for sign in ("No space left", "File too large", "Disk quota")):
        return f"the disk is full: {text} (readings file {path})"
    if "Permission denied" in text or "Read-only file system" in text:
        return f"no permission to write readings file {path}"
    if path and not path.parent.is_dir():
        return f"the folder of readings file {path} is missing"
    if "not a valid DuckDB database file" in text or isinstance(
        error, duckdb.SerializationException
    ):
        return f"{path} is no DuckDB file, or it is damaged: {text}"
    return f"{text} (readings file {path or 'in memory'})"
