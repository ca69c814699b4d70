"""What an import of buildings understands, and what it says of a row that is wrong."""

import pytest

from domain.building_columns import COLUMNS
from domain.building_import import TEMPLATE_EXAMPLE, TEMPLATE_HEADER, RowProblem, preview
from domain.buildings import HeritageClass
from domain.errors import InvalidInput

#: 2026-11-23 in ns
NOW_NS = 1_795_392_000_000_000_000
GOOD = {
    "房屋编码": "360102001", "名称": "三号楼", "地址": "示例路 1 号", "区划代码": "360102",
    "街道": "示例街道", "社区": "示例社区", "经度": "115.89", "纬度": "28.68", "结构": "砖混",
    "地上层数": "6", "高度": "18.6", "建成年份": "1985",
}  # fmt: skip


def row(**changes: str) -> dict[str, str]:
    return GOOD | changes


def only_problem(changed: dict[str, str]) -> RowProblem:
    found = preview([changed], {}, NOW_NS)
    assert found.buildings == ()
    assert not found.ok
    assert len(found.problems) == 1
    return found.problems[0]


def test_a_row_with_chinese_names_becomes_a_building() -> None:
    found = preview([row(坐标系="CGCS2000", 保护级别="省级", 周边施工="是")], {}, NOW_NS)
    assert found.ok
    (building,) = found.buildings
    assert (building.code, building.name, building.address) == (
        "360102001", "三号楼", "示例路 1 号",
    )  # fmt: skip
    assert (building.district, building.street, building.community) == (
        "360102", "示例街道", "示例社区",
    )  # fmt: skip
    assert (building.longitude, building.latitude, building.crs) == (115.89, 28.68, "EPSG:4490")
    assert (building.structure, building.storeys_above, building.height_m) == ("masonry", 6, 18.6)
    assert (building.build_year, building.heritage) == (1985, HeritageClass.PROVINCIAL)
    assert (building.works_nearby, building.substandard, building.version) == (True, False, 1)


def test_a_row_with_english_names_is_the_same() -> None:
    names = {name: column.field for column in COLUMNS for name in column.names}
    english = {names[title]: cell for title, cell in GOOD.items()} | {"structure": "masonry"}
    (there,) = preview([GOOD], {}, NOW_NS).buildings
    (here,) = preview([english], {}, NOW_NS).buildings
    assert {f: getattr(here, f) for f in names.values()} == {
        f: getattr(there, f) for f in names.values()
    }


def test_names_may_be_written_loosely() -> None:
    loose = {
        " *房屋编码 ": "1", "Name": "甲", "ADDRESS": "路", "行政区划代码": "360102", "Lng": "115.9",
        "LAT": "28.7", "结构类型": "框架", "层数": "3层", "高度(M)": "9", "建成年代": "1990年",
        "备注": "不认识的列不碍事",
    }  # fmt: skip
    found = preview([loose], {}, NOW_NS)
    assert found.problems == ()
    assert (found.buildings[0].storeys_above, found.buildings[0].build_year) == (3, 1990)


def test_the_templates_own_example_can_be_imported() -> None:
    found = preview([dict(zip(TEMPLATE_HEADER, TEMPLATE_EXAMPLE, strict=True))], {}, NOW_NS)
    assert found.problems == ()
    assert found.ok


def test_cells_that_may_be_empty_take_their_usual_value() -> None:
    (building,) = preview([row(建成年份="", 街道="", 社区="")], {}, NOW_NS).buildings
    assert (building.build_year, building.street, building.crs) == (None, "", "EPSG:4326")


@pytest.mark.parametrize(
    ("column", "cell", "zh", "en"),
    [
        ("房屋编码", " ", "不能为空", "must not be empty"),
        ("经度", "", "不能为空", "must not be empty"),
        ("经度", "东经", "应为数字", "must be a number, got '东经'"),
        ("经度", "28.68", "73 至 136", "swapped"),
        ("纬度", "115.89", "3 至 54", "swapped"),
        ("经度", "nan", "73 至 136", "73 to 136, got nan"),
        ("纬度", "54.0001", "3 至 54", "3 to 54, got 54.0001"),
        ("结构", "泥巴", "砖混", "must be one of masonry"),
        ("高度", "0", "0.5 至 1000", "0.5 to 1000"),
        ("高度", "inf", "0.5 至 1000", "0.5 to 1000"),
        ("建成年份", "1985.5", "应为整数", "must be a whole number"),
        ("建成年份", "2027", "600 至 2026", "600 to 2026"),
        ("建成年份", "八五", "应为数字", "must be a number"),
        ("地上层数", "-1", "0 至 200", "0 to 200"),
        ("地上层数", "1e300", "应为整数", "whole number"),
        ("区划代码", "36010", "六位行政区划代码", "six digits"),
        ("区划代码", "360102.0", "六位行政区划代码", "six digits"),
        ("名称", "楼" * 501, "不超过 500", "at most 500 characters"),
    ],
)
def test_a_wrong_cell_is_named_in_both_languages(column: str, cell: str, zh: str, en: str) -> None:
    problem = only_problem(row(**{column: cell}))
    assert (problem.row, problem.column) == (2, column)
    assert zh in problem.message_zh
    assert en in problem.message_en


def test_edges_are_understood() -> None:
    edge = row(经度="73", 纬度="54", 建成年份="2026", 地上层数="200", 高度="1000")
    assert preview([edge], {}, NOW_NS).ok


def test_every_wrong_cell_of_a_row_is_told() -> None:
    found = preview([row(经度="x", 结构="y", 高度="")], {}, NOW_NS)
    assert {p.column for p in found.problems} == {"经度", "结构", "高度"}


def test_a_code_may_stand_once_in_the_table_and_not_in_the_register() -> None:
    rows = [row(), row(房屋编码="2"), row(名称="再来"), row(房屋编码="旧")]
    found = preview(rows, {"旧": "b-1"}, NOW_NS)
    assert [(p.row, p.column) for p in found.problems] == [(4, "房屋编码"), (5, "房屋编码")]
    assert "第 2 行" in found.problems[0].message_zh
    assert "row 2" in found.problems[0].message_en
    assert (found.duplicates, found.existing) == (("360102001",), ("旧",))
    assert [b.code for b in found.buildings] == ["360102001", "2"]
    assert not found.ok


def test_empty_rows_are_left_out_but_counted_for_row_numbers() -> None:
    empty = dict.fromkeys(GOOD, " ")
    found = preview([row(), empty, row(房屋编码="2", 经度="x")], {}, NOW_NS)
    assert [p.row for p in found.problems] == [4]
    assert found.rows == 2


def test_a_table_without_rows_imports_nothing() -> None:
    found = preview([dict.fromkeys(GOOD, "")], {}, NOW_NS)
    assert (found.ok, found.rows, found.problems) == (False, 0, ())


def test_missing_and_double_columns_are_refused_at_once() -> None:
    lacking = {title: cell for title, cell in GOOD.items() if title not in {"经度", "结构"}}
    with pytest.raises(InvalidInput, match=r"经度 \(longitude\)、结构 \(structure\)"):
        preview([lacking], {}, NOW_NS)
    with pytest.raises(InvalidInput, match="'经度' and 'longitude' mean the same"):
        preview([row(longitude="115.9")], {}, NOW_NS)
    with pytest.raises(InvalidInput, match="must have the columns"):
        preview([], {}, NOW_NS)


def test_every_building_gets_an_id_of_its_own() -> None:
    rows = [row(房屋编码=str(n)) for n in range(500)]
    found = preview(rows, {}, NOW_NS)
    assert len({b.id for b in found.buildings}) == 500
