"""The columns of a table of buildings: their Chinese and English names and how to read a cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.buildings import HeritageClass


class WrongCell(ValueError):
    """A cell that cannot be understood; carries what was wanted, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def _number(cell: str) -> float:
    try:
        return float(cell.replace("，", "").replace(",", ""))
    except ValueError:
        raise WrongCell(f"应为数字，得到“{cell}”", f"must be a number, got {cell!r}") from None


def _whole(cell: str) -> int:
    number = _number(cell.rstrip("年层户"))
    if not (abs(number) < 1e9 and number.is_integer()):
        raise WrongCell(f"应为整数，得到“{cell}”", f"must be a whole number, got {cell!r}")
    return int(number)


def _word(words: Mapping[str, str]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        key = cell.strip().lower()
        if key in words:
            return words[key]
        if key in words.values():
            return key
        zh, en = "、".join(words), ", ".join(dict.fromkeys(words.values()))
        raise WrongCell(f"应为 {zh} 之一，得到“{cell}”", f"must be one of {en}, got {cell!r}")

    return read


_STRUCTURE = _word(
    {
        "砖混": "masonry",
        "砖混结构": "masonry",
        "砌体": "masonry",
        "砌体结构": "masonry",
        "砖木": "mixed",
        "砖木结构": "mixed",
        "混合": "mixed",
        "混合结构": "mixed",
        "钢筋混凝土": "concrete",
        "钢筋混凝土结构": "concrete",
        "混凝土": "concrete",
        "钢混": "concrete",
        "框架": "concrete",
        "框架结构": "concrete",
        "木": "timber",
        "木结构": "timber",
        "钢": "steel",
        "钢结构": "steel",
        "其他": "unknown",
        "未知": "unknown",
        "不详": "unknown",
    }
)
_USE = _word(
    {
        "住宅": "residential",
        "居住": "residential",
        "公共": "public",
        "公共建筑": "public",
        "商业": "public",
        "办公": "public",
        "学校": "public",
        "医院": "public",
        "工业": "industrial",
        "厂房": "industrial",
        "其他": "other",
    }
)
_HERITAGE = _word(
    {
        "无": "none",
        "否": "none",
        "县级": "county",
        "市县级": "county",
        "省级": "provincial",
        "国家级": "national",
        "全国重点": "national",
    }
)
_SYSTEM = _word({"wgs84": "EPSG:4326", "wgs-84": "EPSG:4326", "cgcs2000": "EPSG:4490"})
_YES = {"是", "有", "y", "yes", "true", "1"}
_NO = {"否", "无", "n", "no", "false", "0"}


def _flag(cell: str) -> bool:
    if cell.lower() in _YES | _NO:
        return cell.lower() in _YES
    raise WrongCell(f"应为 是 或 否，得到“{cell}”", f"must be yes or no, got {cell!r}")


def _crs(cell: str) -> str:
    return cell.upper() if cell.upper().startswith("EPSG:") else _SYSTEM(cell)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that an import understands; `names` begins with the template's name."""

    field: str
    names: tuple[str, ...]
    read: Callable[[str], Any] = str
    needed: bool = False
    example: str = ""


COLUMNS: tuple[Column, ...] = (
    Column(
        "code", ("房屋编码", "编码", "房屋编号", "统一编码"), needed=True, example="360102001001"
    ),
    Column("name", ("名称", "房屋名称", "楼栋名称"), needed=True, example="示例小区 1 号楼"),
    Column("address", ("地址", "详细地址", "房屋地址", "坐落"), needed=True, example="示例路 1 号"),
    Column("district", ("区划代码", "行政区划代码", "行政区划"), needed=True, example="360102"),
    Column("street", ("街道", "乡镇街道", "街道（乡镇）"), example="示例街道"),
    Column("community", ("社区", "村（社区）", "社区（村）"), example="示例社区"),
    Column("longitude", ("经度", "lon", "lng"), _number, needed=True, example="115.8921"),
    Column("latitude", ("纬度", "lat"), _number, needed=True, example="28.6765"),
    Column("crs", ("坐标系",), _crs, example="CGCS2000"),
    Column("use", ("用途", "房屋用途"), _USE, example="住宅"),
    Column("ownership", ("产权", "产权性质"), example="私有"),
    Column("build_year", ("建成年份", "建成年代", "竣工年份", "建造年份"), _whole, example="1985"),
    Column("design_life_years", ("设计使用年限", "设计年限"), _whole, example="50"),
    Column("structure", ("结构", "结构类型"), _STRUCTURE, needed=True, example="砖混"),
    Column("storeys_above", ("地上层数", "层数"), _whole, needed=True, example="6"),
    Column("storeys_below", ("地下层数",), _whole, example="0"),
    Column("height_m", ("高度", "高度（米）", "高度(m)", "房屋高度"), _number, True, "18.6"),
    Column("area_m2", ("建筑面积", "面积", "建筑面积（平方米）"), _number, example="2400"),
    Column("households", ("户数",), _whole, example="36"),
    Column(
        "heritage",
        ("文物保护级别", "保护级别"),
        lambda c: HeritageClass(_HERITAGE(c)),
        example="无",
    ),
    Column("substandard", ("低于抗震标准或自建", "自建"), _flag, example="否"),
    Column("works_nearby", ("周边施工",), _flag, example="否"),
)
