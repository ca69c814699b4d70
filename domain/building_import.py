"""Buildings from a table that somebody uploads: what would be imported, and what is wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.building_columns import COLUMNS, WrongCell
from domain.buildings import Building
from domain.errors import InvalidInput
from domain.ids import new_id
from domain.register_checks import check


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Something wrong in one cell.

    Parameters
    ----------
    row
        Number of the row in the sheet; the header is row 1.
    column
        Name of the column as it stands in the sheet.

    """

    row: int
    column: str
    message_zh: str
    message_en: str


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would do; with any problem nothing is imported.

    Parameters
    ----------
    buildings
        The rows without problems, as new buildings.
    duplicates
        Codes that stand in several rows of the sheet.
    existing
        Codes that the register has already.
    rows
        How many rows have anything in them.

    """

    buildings: tuple[Building, ...]
    problems: tuple[RowProblem, ...]
    duplicates: tuple[str, ...] = ()
    existing: tuple[str, ...] = ()
    rows: int = 0

    @property
    def ok(self) -> bool:
        """Whether it can be imported."""
        return bool(self.buildings) and not self.problems


TEMPLATE_HEADER = tuple(column.names[0] for column in COLUMNS)
TEMPLATE_EXAMPLE = tuple(column.example for column in COLUMNS)

_ZH = {column.field: column.names[0] for column in COLUMNS}


def preview(
    rows: Sequence[Mapping[str, str]], existing: Mapping[str, str], now_ns: int
) -> ImportPreview:
    """Tell what importing a table would do; nothing is written.

    Parameters
    ----------
    rows
        One mapping a row, keys from the header in Chinese or English; entry `i` is row `i + 2`.
    existing
        Id of every building of the register by its code.
    now_ns
        The moment, ns since 1970 UTC, for new ids; nothing was built after it.

    Raises
    ------
    InvalidInput
        When a column that is needed is missing, or two columns mean the same.

    """
    titles = _titles(rows[0] if rows else {})
    problems: list[RowProblem] = []
    buildings: list[Building] = []
    first_row: dict[str, int] = {}
    duplicates: dict[str, None] = {}
    known: dict[str, None] = {}
    filled = 0
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row.values()):
            continue
        filled += 1
        wrong: list[RowProblem] = []
        values = _values(number, row, titles, wrong)
        code = str(values.get("code", ""))
        title = titles["code"]
        if code in first_row:
            duplicates[code] = None
            at = first_row[code]
            wrong.append(
                RowProblem(
                    number,
                    title,
                    f"编码“{code}”与第 {at} 行重复",
                    f"{code!r} stands in row {at} too",
                )
            )
        elif code:
            first_row[code] = number
        if code in existing:
            known[code] = None
            wrong.append(
                RowProblem(
                    number,
                    title,
                    f"编码“{code}”已在房屋登记中",
                    f"{code!r} is in the register already",
                )
            )
        if not wrong:
            building = Building(id=new_id(now_ns), **{"street": "", "community": "", **values})
            try:
                check(building, now_ns)
                buildings.append(building)
            except InvalidInput as error:
                wrong.append(_impossible(number, error, titles))
        problems += wrong
    return ImportPreview(tuple(buildings), tuple(problems), tuple(duplicates), tuple(known), filled)


def _titles(row: Mapping[str, str]) -> dict[str, str]:
    """Find the sheet's name of each field."""
    meant = {_plain(name): c.field for c in COLUMNS for name in (c.field, *c.names)}
    titles: dict[str, str] = {}
    for title in row:
        field = meant.get(_plain(title))
        if field is None:
            continue
        if field in titles:
            raise InvalidInput(f"columns {titles[field]!r} and {title!r} mean the same", "file")
        titles[field] = title
    missing = [c for c in COLUMNS if c.needed and c.field not in titles]
    if missing:
        names = "、".join(f"{c.names[0]} ({c.field})" for c in missing)
        raise InvalidInput(f"缺少列 the table must have the columns {names}", "file")
    return titles


def _plain(title: str) -> str:
    return re.sub(r"[\s*＊_]", "", title).lower().replace("(", "（").replace(")", "）")


def _values(
    number: int, row: Mapping[str, str], titles: Mapping[str, str], wrong: list[RowProblem]
) -> dict[str, Any]:
    """Read the cells of a row; what is wrong goes to `wrong`."""
    values: dict[str, Any] = {}
    for column in COLUMNS:
        title = titles.get(column.field)
        cell = row.get(title, "").strip() if title else ""
        if not cell:
            if column.needed:
                wrong.append(RowProblem(number, str(title), "不能为空", "must not be empty"))
            continue
        try:
            values[column.field] = column.read(cell)
        except WrongCell as error:
            wrong.append(RowProblem(number, str(title), error.zh, error.en))
    return values


def _impossible(number: int, error: InvalidInput, titles: Mapping[str, str]) -> RowProblem:
    field = error.field or ""
    text = str(error)
    wanted, _, came = text.partition(" must be ")[2].rpartition(", got ")
    zh = f"{_ZH.get(field, field)}应为 {_in_chinese(wanted)}，得到 {came}"
    if field in {"longitude", "latitude"}:
        zh += "（经度、纬度是否填反？）"
        text += " (are longitude and latitude swapped?)"
    return RowProblem(number, titles.get(field, field), zh, text)


def _in_chinese(wanted: str) -> str:
    if span := re.fullmatch(r"(\S+) to (\S+)", wanted):
        return f"{span[1]} 至 {span[2]}"
    phrases = {
        "a division code of six digits": "六位行政区划代码",
        "some text": "非空文字",
    }
    if wanted.startswith("at most "):
        return "不超过 " + wanted.removeprefix("at most ").replace("characters", "个字符")
    if wanted.startswith("one of "):
        return "下列之一：" + wanted.removeprefix("one of ")
    return phrases.get(wanted, wanted)
