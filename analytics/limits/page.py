"""Prints docs/limits.md from a profile, so that page and data cannot part."""

from collections.abc import Iterable

from domain.limits import CareRow, Limit, LimitProfile, SamplingRow, VibrationTable

_HEADINGS = {
    "tilt_total": "整体倾斜 · Total tilt (survey and change since)",
    "tilt_growth": "倾斜增量 · Tilt growth since the baseline (compensated)",
    "tilt_rate": "倾斜速率 · Tilt rate (compensated, lower confidence bound)",
    "settlement_rate": "沉降速率 · Settlement rate (compensated, lower confidence bound)",
    "crack_growth": "裂缝扩展 · Crack growth since the baseline (compensated)",
    "crack_rate": "裂缝扩展速率 · Crack rate (compensated, lower confidence bound)",
    "crack_width": "裂缝宽度 · Crack width (surveyed cracks)",
    "ppv_share": "振动速度峰值 · Peak velocity, share of the table's limit",
    "silence": "失联 · Loss of watch",
    "restart_jump": "重启跳变 · Jump at a restart",
    "score": "综合评估得分 · Score of a building (slow analysis)",
}
_LEVELS = {
    "blue": "● 蓝 blue",
    "yellow": "▲ 黄 yellow",
    "orange": "◆ 橙 orange",
    "red": "■ 红 red",
}
_INTRODUCTION = (
    "Printed from the limits data; do not edit. The level of a rule is its worst row that"
    " holds. Certainty says how sure we are of a number: what is from memory must be"
    " confirmed against the printed standard. A level triggers inspection and appraisal; it"
    " is never a grade, which only an appraisal under JGJ 125 gives."
)
_TABLES = (
    "Peak velocity in mm/s by frequency in Hz, linear between the points, flat outside."
    " One table is picked for a point; tables are never mixed."
)


_SAMPLING = (
    "How often a gateway is asked to read a channel, by the grade of its house and while an"
    " alert is orange or red. A plan never asks for fewer readings than the channel is"
    " registered for."
)
_CARE = "What makes a gateway worth a visit; the list is sorted by the sum of the weights."


def render(profile: LimitProfile) -> str:
    """Write the page for a profile, Markdown."""
    parts = [
        f"# 限值 · Limits: `{profile.name}`, version {profile.version}",
        _INTRODUCTION,
    ]
    for quantity in dict.fromkeys(row.quantity for row in profile.rows):
        rows = [row for row in profile.rows if row.quantity == quantity]
        parts += [f"## {_HEADINGS.get(quantity, quantity)}", _rows(rows)]
    parts += [
        "## 采样计划 · Sampling plans",
        _SAMPLING,
        _sampling(profile.sampling),
        "## 设备巡修 · What is worth a visit",
        _CARE,
        _care(profile.care),
        "## 控制参数 · Steering numbers",
        _table(("name", "value"), ((f"`{k}`", _number(v)) for k, v in profile.numbers)),
        "## 选用 · Choices",
        _table(("name", "choice"), ((f"`{k}`", f"`{v}`") for k, v in profile.choices)),
        "## 振动限值表 · Vibration tables",
        _TABLES,
        _vibration(profile.tables),
    ]
    return "\n\n".join(parts) + "\n"


def _rows(rows: Iterable[Limit]) -> str:
    header = ("rule", "level", "limit", "applies", "consequence", "source", "certainty", "from")
    return _table(
        header,
        (
            (
                f"`{row.id}`",
                _LEVELS[row.level.word],
                f"{'≥' if row.op == '>=' else '>'} {_number(row.value)} {row.unit}",
                _applies(row),
                row.consequence,
                row.source,
                row.certainty.value,
                row.effective_from,
            )
            for row in rows
        ),
    )


def _applies(row: Limit) -> str:
    if not row.applies:
        return "always"
    return "; ".join(
        name if value is True else f"{name} = {_number(value)}" for name, value in row.applies
    )


def _vibration(tables: Iterable[VibrationTable]) -> str:
    header = ("table", "cause", "use", "position", "Hz: mm/s", "source", "certainty")
    return _table(
        header,
        (
            (
                f"`{table.id}`",
                table.source_kind,
                table.use,
                table.position,
                ", ".join(f"{_number(hz)}: {_number(limit)}" for hz, limit in table.points),
                table.source,
                table.certainty.value,
            )
            for table in tables
        ),
    )


def _sampling(rows: Iterable[SamplingRow]) -> str:
    header = ("row", "state", "kinds", "every", "sent every", "waves", "source", "certainty")
    return _table(
        header,
        (
            (
                f"`{row.id}`",
                row.state,
                ", ".join(row.kinds),
                f"{row.interval_s} s",
                f"{row.report_s} s" if row.report_s else "as read",
                "when shaking begins" if row.trigger else "–",
                row.source,
                row.certainty.value,
            )
            for row in rows
        ),
    )


def _care(rows: Iterable[CareRow]) -> str:
    header = ("row", "figure", "worth a visit", "weight", "consequence", "source", "certainty")
    return _table(
        header,
        (
            (
                f"`{row.id}`",
                row.figure,
                f"{row.op} {_number(row.value)} {row.unit}",
                _number(row.weight),
                row.consequence,
                row.source,
                row.certainty.value,
            )
            for row in rows
        ),
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
