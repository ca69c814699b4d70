"""What a table that somebody uploads may be."""

import io
import struct
import zipfile

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.building_import import preview
from domain.errors import InvalidInput
from storage import sheets
from storage.sheets import read_sheet, template_csv, template_xlsx, write_csv, write_xlsx

TABLE = "编码,名称\n1,三号楼\n2,“四”号楼\n"
#: made once: a workbook holds the time it was made
SMALL_BOOK = write_xlsx(["编码", "名称"], [["1", "甲"], ["2", "乙"]])
READ = [{"编码": "1", "名称": "三号楼"}, {"编码": "2", "名称": "“四”号楼"}]


def workbook(*cells: tuple[int, int, object]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for row, column, value in cells:
            sheet.write(row, column, value)
    return file.getvalue()


def altered(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """Replace bytes inside one part of a workbook."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == part:
                assert old in data
                data = data.replace(old, new)
            target.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_csv_is_read_in_utf_8_and_gb_18030(encoding: str, ending: str) -> None:
    assert read_sheet("t.csv", TABLE.replace("\n", ending).encode(encoding)) == READ


@pytest.mark.parametrize("separator", [";", "\t"])
def test_csv_may_have_another_separator(separator: str) -> None:
    assert read_sheet("t.csv", TABLE.replace(",", separator).encode()) == READ


def test_quoted_cells_may_hold_commas_quotes_and_lines() -> None:
    content = '编码,地址\n1,"甲,""乙""\n丙"\n'
    assert read_sheet("t.csv", content.encode()) == [{"编码": "1", "地址": '甲,"乙"\n丙'}]


def test_rows_keep_their_places_when_some_are_empty() -> None:
    rows = read_sheet("t.csv", "编码,名称\n\n1,甲\n,,\n2\n\n\n".encode())
    assert [r["编码"] for r in rows] == ["", "1", "", "2"]
    assert rows[3]["名称"] == ""
    book = workbook((0, 0, "编码"), (2, 0, "1"), (4, 0, "2"))
    assert [r["编码"] for r in read_sheet("t.xlsx", book)] == ["", "1", "", "2"]


def test_a_workbook_is_read_as_text_that_people_see() -> None:
    book = workbook(
        (0, 0, "编码"), (0, 1, "经度"), (0, 2, "年份"), (0, 3, "是否"),
        (1, 0, 360102001001), (1, 1, 115.8921), (1, 2, 1985), (1, 3, True),
        (2, 0, "甲-1"), (2, 1, "115.9"), (2, 2, ""), (2, 3, "否"),
    )  # fmt: skip
    assert read_sheet("t.xlsx", book) == [
        {"编码": "360102001001", "经度": "115.8921", "年份": "1985", "是否": "true"},
        {"编码": "甲-1", "经度": "115.9", "年份": "", "是否": "否"},
    ]


def test_what_we_write_we_read() -> None:
    header = ["编码", "地址"]
    rows = [["360102001001001001001", "=1+1"], ["0012", "“甲”,\n乙"]]
    read = [dict(zip(header, row, strict=True)) for row in rows]
    assert read_sheet("t.csv", write_csv(header, rows)) == read
    assert read_sheet("t.xlsx", write_xlsx(header, rows)) == read


@pytest.mark.parametrize("content", [template_csv(), template_xlsx()], ids=["csv", "xlsx"])
def test_the_template_can_be_read_and_imported(content: bytes) -> None:
    assert preview(read_sheet("t", content), {}, 1_795_392_000_000_000_000).ok


def refused(content: bytes, words: str, name: str = "t.csv") -> None:
    with pytest.raises(InvalidInput, match=words) as error:
        read_sheet(name, content)
    assert error.value.field == "file"
    assert "\n" not in str(error.value)


def test_what_is_no_table_is_refused() -> None:
    refused(b"", "is empty")
    refused(b"  \r\n ", "is empty")
    refused(b"\xff\xfe\xff\xff\xff", "neither")
    refused(b"a,b\x00\n1,2", "binary")
    refused(b"\xd0\xcf\x11\xe0" + bytes(100), "old .xls")
    refused(b'a,b\n1,"2', "row 2 is not CSV")
    refused(b"\n1,2\n", "names of its columns")
    refused(b"a,,c\n1,2,3", "column 2 has no name")
    refused(b"a,b,a\n1,2,3", "two columns are named 'a'")
    refused(b"a,b\n1,2,3", "row 2 has 3 cells, but the first row names 2")


def test_what_is_too_large_is_refused() -> None:
    refused(b"a\n" + b"1" * (sheets.BYTES_MAX), "at most 20 MB")
    refused(b"a\n" + b"1\n" * (sheets.ROWS_MAX + 1), "at most 100,000 rows")
    refused(b",".join([b"a"] * 201), "at most 200 columns")
    refused(b"a\n" + b"x" * 10_001, "row 2 has a cell of 10,001 characters")


def test_as_many_rows_as_allowed_are_read() -> None:
    assert len(read_sheet("t.csv", b"a\n" + b"1\n" * sheets.ROWS_MAX)) == sheets.ROWS_MAX


def test_a_workbook_that_is_none_is_refused() -> None:
    good = workbook((0, 0, "a"), (1, 0, "b"))
    refused(good[:-100], "not a whole XLSX")
    refused(b"PK\x03\x04" + bytes(50), "not a whole XLSX")
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("word/document.xml", "<a/>")
    refused(other.getvalue(), "another kind of zip file")
    broken = altered(good, "xl/workbook.xml", b"<sheet ", b"<she")
    refused(broken, "cannot|can be read|names of its columns", "t.xlsx")
    refused(workbook(), "names of its columns", "t.xlsx")


def test_a_zip_bomb_is_refused_whatever_size_it_states() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", "<workbook/>")
        with book.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(220):
                part.write(bytes(1024 * 1024))
    bomb = file.getvalue()
    assert len(bomb) < 1024 * 1024
    refused(bomb, "unpack to at most 200 MB")
    # the same, but its directory claims 10 bytes: not read past that, and not believed
    size = struct.pack("<I", 220 * 1024 * 1024)
    assert bomb.count(size) >= 1
    refused(bomb.replace(size, struct.pack("<I", 10)), "not a whole XLSX|unpack to at most")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('r="A2"', 'r="XFD1048576"'),
        ('r="A2"', "r = 'A1048576'"),
        ('r="A2"', 'x=">" r="GS1"'),
        ('r="A2"', 'r="a200000"'),
        ('r="A2"', 'r="AAAAAA2"'),
        ('<row r="2"', '<row r="4000000000"'),
    ],
)
def test_a_cell_far_away_is_refused_before_room_is_made_for_it(old: str, new: str) -> None:
    near = workbook((0, 0, "a"), (1, 0, "b"))
    refused(altered(near, "xl/worksheets/sheet1.xml", old.encode(), new.encode()), "got a cell at")


def test_a_wide_and_long_empty_rectangle_is_refused() -> None:
    refused(workbook((0, 0, "a"), (99_999, 199, "b")), "at most 5,000,000 cells, got 100,000 rows")


def test_a_code_that_lost_its_digits_is_told() -> None:
    book = workbook((0, 0, "编码"), (1, 0, 360102001001001001))
    refused(book, "cell A2 is a number of more than 15 digits", "t.xlsx")
    text = workbook((0, 0, "编码"), (1, 0, "x"))
    assert read_sheet("t.xlsx", text)[0]["编码"] == "x"


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"a,b\n"):
        try:
            rows = read_sheet("t", start + content)
        except InvalidInput:
            continue
        assert all(isinstance(cell, str) for row in rows for cell in row.values())


@settings(derandomize=True, deadline=None)
@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(SMALL_BOOK)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_sheet("t.xlsx", bytes(content))
    except InvalidInput as error:
        assert "\n" not in str(error)  # noqa: PT017 - both outcomes are right
