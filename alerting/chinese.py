"""The phrases of alerts in Chinese."""

from alerting.saying import Saying, figures, lasting, placed, what
from alerting.sources import source_word
from alerting.words import span
from domain.findings import Cause, Compensation

_NOUN = {
    Cause.TILT: "倾斜测点",
    Cause.SETTLEMENT: "沉降测点",
    Cause.CRACK: "裂缝",
    Cause.VIBRATION: "振动测点",
    Cause.WATCH: "",
    Cause.RESTART: "",
    Cause.ASSESSMENT: "",
    Cause.CHECK_UP: "",
}


#: causes that speak of no point of the house
_NO_POINT = frozenset({Cause.WATCH, Cause.RESTART, Cause.ASSESSMENT, Cause.CHECK_UP})


def subject(name: str, said: Saying, *, whole: bool) -> str:
    """Name house, place, kind and code of a point: `3 号楼东墙裂缝 C-03 `."""
    if whole or not said.subject_name:
        return f"{name}整体" if said.cause not in _NO_POINT else name
    code, place = placed(said.subject_name)
    return f"{name}{place}{_NOUN[said.cause]} {code} "


def holds(said: Saying) -> str:
    """Say what was reached, and against which limit."""
    value, limit = figures(said, "zh")
    basis = f"，依据{_spaced(said.source)}" if said.source else ""
    bound = f"（限值 {limit}{basis}）"
    match said.compensation:
        case Compensation.MATURE:
            taken = "在扣除温度影响后"
        case Compensation.IMMATURE:
            taken = "在初步扣除温度影响后"
        case Compensation.ABSENT:
            taken = "在未扣除温度影响的情况下"
        case _:
            taken = ""
    within = f"{span(said.window_ns)}内" if said.window_ns else ""
    since = f"{taken} {within}" if taken and within else taken + within
    match said.cause, what(said):
        case Cause.CRACK, "growth":
            verb = "扩展" if said.value >= 0 else "变化"
            body = f"{since}{verb} {value}{bound}"
        case Cause.CRACK, "rate":
            body = f"{since}扩展速率达到 {value}{bound}"
        case Cause.CRACK, _:
            body = f"宽度达到 {value}{bound}"
        case Cause.TILT, "growth":
            body = f"{since}倾斜增加 {value}{bound}"
        case Cause.TILT, "rate":
            body = f"{since}倾斜速率达到 {value}{bound}"
        case Cause.TILT, _:
            body = f"总倾斜达到 {value}{bound}"
        case Cause.SETTLEMENT, "rate":
            body = f"{since}沉降速率达到 {value}{bound}"
        case Cause.SETTLEMENT, _:
            body = f"{since}沉降 {value}{bound}"
        case Cause.VIBRATION, _:
            share = "容许值的 " if said.unit == "%" else ""
            body = f"振动速度峰值达到{share or ' '}{value}{bound}"
        case Cause.WATCH, _:
            body = _silence(said, value, limit, basis)
        case Cause.ASSESSMENT, _:
            body = _score(said, value, limit, basis)
        case Cause.CHECK_UP, _:
            body = _found(said)
        case _:
            body = f"重新启动，前后相差 {value}（阈值 {limit}{basis}），零点须由人确认"
    return body + ("，温度补偿尚未成熟，级别暂限于黄色" if said.capped else "")


def _spaced(source: str) -> str:
    """Write the source behind a Chinese word: a space parts it from a letter or digit only."""
    word = source_word(source)
    return f" {word}" if word[:1].isascii() else word


def _silence(said: Saying, value: str, limit: str, basis: str) -> str:
    lasts = lasting(said, "zh")
    if lasts is not None:
        return f"已 {lasts[0]}没有数据（限值 {lasts[1]}{basis}），监测中断"
    return f"监测中断：{value}（限值 {limit}{basis}）"


def _score(said: Saying, value: str, limit: str, basis: str) -> str:
    """Say what a model thinks; it is a suspicion, never a grade."""
    word = {"suspected C": "，疑似 C 级", "suspected D": "，疑似 D 级"}
    low, high = said.detail("low"), said.detail("high")
    span_ = ""
    if isinstance(low, float | int) and isinstance(high, float | int):
        span_ = f"，区间 {low:.0f}–{high:.0f}"
    suspected = word.get(str(said.detail("suspected")), "")
    reason = said.detail("reason_1_zh")
    because = f"，主要依据：{reason}" if reason else ""
    return f"综合评估得分达到 {value}{span_}（界限 {limit}{basis}）{suspected}{because}"


def _found(said: Saying) -> str:
    """Say what an inspector found; it is no grade, and no model's word."""
    conclusion = str(said.detail("conclusion") or "").rstrip("。")
    because = f"：{conclusion}" if conclusion else ""
    return f"经现场体检，险情紧迫（{said.value:.0f} 类结果），应立即停止使用并组织人员撤离{because}"


def over(said: Saying) -> str:
    """Say that it is over."""
    if said.cause is Cause.WATCH:
        return "已恢复监测"
    if said.cause is Cause.RESTART:
        return "重启已确认"
    if said.cause is Cause.CHECK_UP:
        return "经现场体检，险情已解除"
    value, limit = figures(said, "zh")
    if said.cause is Cause.ASSESSMENT:
        return f"综合评估得分已回落至 {value}（界限 {limit}）"
    return f"已回落至 {value}（限值 {limit}）"
