"""Tables that people take away, as CSV that spreadsheets open without harm."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from fastapi.responses import StreamingResponse

#: a cell that begins so would be taken for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_ROWS_AT_ONCE = 200


def cell(value: object) -> object:
    """Write a cell; a text that a spreadsheet would run gets a quote before it.

    Examples
    --------
    >>> cell("=1+1"), cell(-0.5), cell(None), cell("东湖区")
    ("'=1+1", -0.5, '', '东湖区')

    """
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Write a table piece by piece, never all of it at once."""
    yield "\ufeff"  # spreadsheets take it for GBK otherwise
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    for number, row in enumerate(rows, 1):
        writer.writerow([cell(value) for value in row])
        if number % _ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def csv_answer(
    name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingResponse:
    """Answer with a table to be saved under a name of ASCII letters."""
    return StreamingResponse(
        lines(header, rows),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
