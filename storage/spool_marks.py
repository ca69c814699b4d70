"""What came without numbers, and what was let in after all, in the spool's file."""

import sqlite3

from domain.recent import MARK_BYTES, RecentMarks


def take_marks(reader: sqlite3.Connection) -> RecentMarks:
    """Read the marks of what came without numbers lately."""
    recent = RecentMarks()
    rows = reader.execute("SELECT half, marks FROM marks ORDER BY half, rowid").fetchall()
    for half, marks in rows:
        keys = (marks[i : i + MARK_BYTES] for i in range(0, len(marks), MARK_BYTES))
        recent.remember(keys, half)
    return recent


def put_marks(writer: sqlite3.Connection, marks: tuple[bytes, ...], half: int) -> None:
    """Keep marks in the newer half and drop what is older than both."""
    if marks:
        writer.execute("INSERT INTO marks VALUES (?, ?)", (half, b"".join(marks)))
        writer.execute("DELETE FROM marks WHERE half < ?", (half - 1,))


def was_let_in(reader: sqlite3.Connection, refusal_id: str) -> bool:
    """Tell whether a refusal's readings came in after all."""
    rows = reader.execute("SELECT 1 FROM released WHERE refusal = ?", (refusal_id,))
    return rows.fetchone() is not None


def note_let_in(writer: sqlite3.Connection, refusal_id: str) -> None:
    """Note that a refusal's readings come in; in the caller's transaction."""
    writer.execute("INSERT INTO released VALUES (?)", (refusal_id,))
