"""The Chinese words of reports, and how moments and figures are written."""

from datetime import timedelta, timezone

from domain.buildings import Building
from domain.checkups import CheckCause, CheckClass, ResultClass, Tier
from domain.clock import to_datetime
from domain.labels import Outcome
from domain.submissions import Standing

CHINA = timezone(timedelta(hours=8))

CLASSES = {
    CheckClass.DAILY: "日常检查",
    CheckClass.BASIC: "基础体检",
    CheckClass.SPECIAL: "专项体检",
}
CAUSES = {
    CheckCause.CYCLE: "到期定期体检",
    CheckCause.STORM: "暴雨、大风等天气之后",
    CheckCause.WORKS: "邻近施工",
    CheckCause.ALERT: "监测预警核查",
    CheckCause.FIRE: "火灾之后",
    CheckCause.DISASTER: "灾害之后",
    CheckCause.CHANGE_OF_USE: "改变用途",
    CheckCause.DEMOLITION: "违规拆改",
    CheckCause.DESIGN_LIFE: "达到设计使用年限",
    CheckCause.DANGER_FOUND: "发现险情",
    CheckCause.CONFLICT: "不同单位结论不一致",
    CheckCause.INSURER: "保险人要求",
    CheckCause.RECHECK: "复查",
    CheckCause.REQUEST: "申请",
}
RESULTS = {
    ResultClass.SOUND: "一类：未发现问题",
    ResultClass.MINOR: "二类：轻微问题，维修保养",
    ResultClass.DANGER: "三类：存在隐患，须鉴定",
    ResultClass.IMMINENT: "四类：险情紧迫，停止使用",
}
TIERS = {
    Tier.PROPERTY: "物业服务企业",
    Tier.COMMUNITY: "社区",
    Tier.DEPARTMENT: "主管部门",
    Tier.BODY: "体检机构",
}
OUTCOMES = {
    Outcome.CONFIRMED: "预警属实",
    Outcome.BENIGN: "变化属实，无危险",
    Outcome.SENSOR_FAULT: "监测设备故障",
}
STANDINGS = {
    Standing.COUNTS: "",
    Standing.CONFLICT: "本次提交与另一次提交不一致，待裁定",
    Standing.REPLACED: "本次提交已被后来的提交更正",
    Standing.SET_ASIDE: "本次提交未被采纳",
}
STRUCTURES = {
    "masonry": "砌体",
    "concrete": "混凝土",
    "timber": "木",
    "steel": "钢",
    "mixed": "混合",
    "unknown": "不详",
}
USES = {"residential": "住宅", "public": "公共", "industrial": "工业", "other": "其他"}
DEFECTS = {
    "crack": "裂缝",
    "lean": "倾斜",
    "settlement": "沉降",
    "spalling": "剥落",
    "rebar": "露筋",
    "leak": "渗漏",
    "bulge": "鼓胀",
    "other": "其他",
}
DIRECTIONS = {
    "vertical": "竖向",
    "horizontal": "水平",
    "diagonal": "斜向",
    "stepped": "阶梯形",
    "along": "沿构件方向",
    "net": "网状",
}
SEVERITIES = {1: "轻微", 2: "明显", 3: "严重"}
MEMBERS = {
    "foundation": "基础",
    "bearing_wall": "承重墙",
    "column": "柱",
    "corner_column": "角柱",
    "edge_column": "边柱",
    "middle_column": "中柱",
    "beam": "梁",
    "main_beam": "主梁",
    "secondary_beam": "次梁",
    "slab": "板",
    "truss": "屋架",
    "enclosure": "围护构件",
    "self_bearing_wall": "自承重墙",
}
ROLES = {"inspector": "体检人员", "owner": "业主或使用人"}


def day(at_ns: int) -> str:
    """Write a day, China's calendar."""
    return to_datetime(at_ns).astimezone(CHINA).strftime("%Y-%m-%d")


def moment(at_ns: int) -> str:
    """Write a moment, China's time.

    Examples
    --------
    >>> moment(1_795_413_900_000_000_000)
    '2026-11-23 14:05'

    """
    return to_datetime(at_ns).astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def figure(value: float, unit: str = "") -> str:
    """Write a figure as it was entered, with its unit.

    Examples
    --------
    >>> figure(0.4, "mm"), figure(12.0), figure(-0.25, "‰")
    ('0.4 mm', '12', '−0.25 ‰')

    """
    return f"{value:.6g} {unit}".strip().replace("-", "−")


def house_lines(building: Building) -> list[tuple[str, str]]:
    """Tell what a building is."""
    storeys = f"地上 {building.storeys_above} 层"
    if building.storeys_below:
        storeys += f"，地下 {building.storeys_below} 层"
    lines = [
        ("房屋名称", building.name),
        ("房屋编码", building.code),
        ("坐落", building.address),
        ("建成年份", f"{building.build_year} 年" if building.build_year else "不详"),
        ("结构类型", STRUCTURES.get(building.structure, building.structure)),
        ("用途", USES.get(building.use, building.use)),
        ("层数、高度", f"{storeys}，{figure(building.height_m, 'm')}"),
    ]
    if building.area_m2:
        lines.append(("建筑面积", figure(building.area_m2, "m²")))
    return lines


def storey_word(storey: int) -> str:
    """Name a storey of the counter.

    Examples
    --------
    >>> storey_word(0), storey_word(2), storey_word(-1)
    ('基础', '2 层', '地下 1 层')

    """
    if storey == 0:
        return "基础"
    return f"{storey} 层" if storey > 0 else f"地下 {-storey} 层"
