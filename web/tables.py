"""Tables that people take away, as CSV that spreadsheets open without harm."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import xlsxwriter
from fastapi.responses import Response, StreamingResponse

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


def xlsx_answer(
    name: str, sheet: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> Response:
    """Answer with a workbook of one sheet; what looks like a formula or an address stays text."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        page = book.add_worksheet(sheet)
        bold = book.add_format({"bold": True})
        page.write_row(0, 0, header, bold)
        for number, row in enumerate(rows, 1):
            page.write_row(number, 0, ["" if value is None else value for value in row])
        page.freeze_panes(1, 0)
        page.set_column(0, max(len(header) - 1, 0), 16)
    return Response(
        buffer.getvalue(),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
