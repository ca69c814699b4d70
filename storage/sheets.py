"""Tables that people upload (CSV, XLSX), and the template they begin with."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence

import fastexcel
import xlsxwriter

from domain.building_import import TEMPLATE_EXAMPLE, TEMPLATE_HEADER
from domain.errors import InvalidInput

BYTES_MAX = 20 * 1024 * 1024
ROWS_MAX = 100_000
COLUMNS_MAX = 200
CELL_LENGTH_MAX = 10_000
#: a reader makes room for the whole rectangle around all cells
CELLS_MAX = 5_000_000
#: a workbook is a zip file: a small one can unpack to anything
UNPACKED_BYTES_MAX = 200 * 1024 * 1024
PARTS_MAX = 1_000

#: a cell with its attributes and, when it holds a value without a formula, that value
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(?:<(?:\w+:)?v>([^<]*)<)?)")
#: where a row or cell says it stands; looked for anywhere, so that no odd spelling hides one
_PLACE = re.compile(rb"""(?<![:\w])r\s*=\s*["']\s*([A-Za-z]*)(\d*)""")
#: a spreadsheet's numbers have 15 digits; of a longer code the last ones are lost
_LOST_FROM = 1e15

#: what reading a damaged or encrypted zip file raises
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)


def read_sheet(name: str, content: bytes) -> list[dict[str, str]]:
    """Read CSV (UTF-8 or GB 18030) or XLSX: one dict a row, keys from the first row.

    Rows keep their places: entry `i` is row `i + 2` of the sheet, also when rows between are
    empty. Of a workbook the first sheet is read.

    Parameters
    ----------
    name
        Name of the file, for messages; the content decides what it is.
    content
        The file.

    Raises
    ------
    InvalidInput
        When it is neither, too large, or has no header.

    """
    shown = name[-80:] or "the file"
    if len(content) > BYTES_MAX:
        raise _refused(f"{shown} must be at most {BYTES_MAX >> 20} MB, got {len(content):,} bytes")
    if not content.strip():
        raise _refused(f"{shown} is empty")
    rows = _workbook(shown, content) if content[:2] == b"PK" else _text(shown, content)
    return _named(shown, rows)


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a CSV file that spreadsheets open with the right characters (UTF-8 with a mark)."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([header, *rows])
    return text.getvalue().encode("utf-8-sig")


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a workbook with one sheet whose cells are text, so that long codes keep digits."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    ) as book:
        sheet = book.add_worksheet()
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"num_format": "@", "bold": True})
        sheet.set_column(0, max(len(header) - 1, 0), 16, text)
        sheet.freeze_panes(1, 0)
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                sheet.write_string(number, column, value, text)
    return file.getvalue()


def template_csv() -> bytes:
    """Write the table that an import of buildings begins with: the header and an example."""
    return write_csv(TEMPLATE_HEADER, [TEMPLATE_EXAMPLE])


def template_xlsx() -> bytes:
    """Write the same as a workbook."""
    return write_xlsx(TEMPLATE_HEADER, [TEMPLATE_EXAMPLE])


def _refused(text: str) -> InvalidInput:
    return InvalidInput(text, "file")


def _text(shown: str, content: bytes) -> list[list[str]]:
    if content[:4] == b"\xd0\xcf\x11\xe0":
        raise _refused(f"{shown} is an old .xls workbook; save it as .xlsx or CSV")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise _refused(
                f"{shown} must be CSV in UTF-8 or GB 18030, or XLSX; "
                f"byte {error.start:,} is neither"
            ) from None
    if "\x00" in text:
        raise _refused(f"{shown} must be CSV or XLSX, got binary data")
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            if len(rows) > ROWS_MAX:
                raise _refused(f"{shown} must have at most {ROWS_MAX:,} rows, got more")
            if len(row) > COLUMNS_MAX:
                raise _refused(
                    f"{shown} must have at most {COLUMNS_MAX} columns, "
                    f"got {len(row)} in row {len(rows) + 1}"
                )
            rows.append(row)
    except csv.Error as error:
        raise _refused(f"{shown}: row {len(rows) + 1} is not CSV: {error}") from None
    return rows


def _workbook(shown: str, content: bytes) -> list[list[str]]:
    _check_workbook(shown, content)
    try:
        book = fastexcel.read_excel(content)
        table = book.load_sheet(0, header_row=None, skip_rows=0, dtypes="string").to_arrow()
        columns = [column.to_pylist() for column in table.columns]
    except (fastexcel.FastExcelError, ValueError) as error:
        cause = " ".join(str(error).split("Context:")[0].split())
        raise _refused(f"{shown} is not a workbook that can be read: {cause}") from None
    if columns and len(columns[0]) > ROWS_MAX + 1:
        raise _refused(f"{shown} must have at most {ROWS_MAX:,} rows, got {len(columns[0]) - 1:,}")
    return [[value or "" for value in row] for row in zip(*columns, strict=True)]


def _check_workbook(shown: str, content: bytes) -> None:
    """Look into a workbook before it is opened: how large it is, how far its cells reach."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = book.infolist()
            if "xl/workbook.xml" not in {part.filename for part in parts}:
                raise _refused(f"{shown} must be CSV or XLSX, got another kind of zip file")
            if len(parts) > PARTS_MAX:
                raise _refused(f"{shown} must have at most {PARTS_MAX} parts, got {len(parts)}")
            left = UNPACKED_BYTES_MAX
            for part in parts:
                # the sizes that a zip file states may be wrong: count what comes out
                with book.open(part) as file:
                    unpacked = file.read(left + 1)
                left -= len(unpacked)
                if left < 0:
                    raise _refused(
                        f"{shown} must unpack to at most {UNPACKED_BYTES_MAX >> 20} MB, got more"
                    )
                if part.filename.startswith("xl/worksheets/"):
                    _check_cells(shown, unpacked)
    except _DAMAGE as error:
        raise _refused(f"{shown} is not a whole XLSX file: {error}") from None


def _check_cells(shown: str, sheet: bytes) -> None:
    rows = columns = 0
    for place in _PLACE.finditer(sheet):
        at = (place[1] + place[2]).decode()[:20]
        rows = max(rows, int(place[2][:9] or 0))
        columns = max(columns, _column(place[1][:9]))
        if rows > ROWS_MAX + 1:
            raise _refused(f"{shown} must have at most {ROWS_MAX:,} rows, got a cell at {at}")
        if columns > COLUMNS_MAX:
            raise _refused(f"{shown} must have at most {COLUMNS_MAX} columns, got a cell at {at}")
    if rows * columns > CELLS_MAX:
        raise _refused(
            f"{shown} must have at most {CELLS_MAX:,} cells, got {rows:,} rows of {columns}"
        )
    for cell in _CELL.finditer(sheet):
        if cell[2] and b"t=" not in cell[1] and _is_long(cell[2]):
            found = _PLACE.search(cell[1])
            at = (found[1] + found[2]).decode() if found else "?"
            raise _refused(
                f"{shown}: cell {at} is a number of more than 15 digits, of which the last are "
                "lost; format the column as text and enter it again"
            )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _is_long(value: bytes) -> bool:
    try:
        return abs(float(value)) >= _LOST_FROM
    except ValueError:
        return False


def _named(shown: str, rows: list[list[str]]) -> list[dict[str, str]]:
    header = [title.strip().lstrip("\ufeff") for title in rows[0]] if rows else []
    while header and not header[-1]:
        header.pop()
    if not header:
        raise _refused(f"{shown} must have the names of its columns in the first row, got none")
    seen: set[str] = set()
    for number, title in enumerate(header, 1):
        if not title:
            raise _refused(f"{shown}: column {number} has no name in the first row")
        if title in seen:
            raise _refused(f"{shown}: two columns are named {title!r}")
        seen.add(title)
    named = []
    for number, row in enumerate(rows[1:], 2):
        for value in row:
            if len(value) > CELL_LENGTH_MAX:
                raise _refused(
                    f"{shown}: row {number} has a cell of {len(value):,} characters, "
                    f"at most {CELL_LENGTH_MAX:,} may stand in one"
                )
        if any(value.strip() for value in row[len(header) :]):
            raise _refused(
                f"{shown}: row {number} has {len(row)} cells, "
                f"but the first row names {len(header)} columns"
            )
        cells = [*row, *[""] * (len(header) - len(row))]
        named.append({title: cells[i].strip() for i, title in enumerate(header)})
    while named and not any(named[-1].values()):
        named.pop()
    return named
