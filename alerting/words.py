"""The words of alerts: levels, causes, units, numbers and times in Chinese and English."""

import math
from zoneinfo import ZoneInfo

from alerting.installation_words import INSTALLATION_CAUSES
from domain.alerts import EventKind
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, to_datetime
from domain.findings import Cause
from domain.limits import Level

#: times are shown in the time of the place where the houses stand
ZONE = ZoneInfo("Asia/Shanghai")

#: shape of each level, so that colour never stands alone
SHAPES: dict[Level, str] = {
    Level.NONE: "○",
    Level.BLUE: "●",
    Level.YELLOW: "▲",
    Level.ORANGE: "◆",
    Level.RED: "■",
}

LEVEL_WORDS: dict[str, dict[Level, str]] = {
    "zh": {
        Level.NONE: "已解除",
        Level.BLUE: "注意",
        Level.YELLOW: "黄色预警",
        Level.ORANGE: "橙色预警",
        Level.RED: "红色预警",
    },
    "en": {
        Level.NONE: "Cleared",
        Level.BLUE: "Notice",
        Level.YELLOW: "Yellow alert",
        Level.ORANGE: "Orange alert",
        Level.RED: "Red alert",
    },
}

CAUSE_WORDS: dict[str, dict[Cause, str]] = {
    "zh": {
        Cause.TILT: "倾斜",
        Cause.SETTLEMENT: "沉降",
        Cause.CRACK: "裂缝",
        Cause.VIBRATION: "振动",
        Cause.WATCH: "失去监测",
        Cause.RESTART: "仪器重启",
        Cause.ASSESSMENT: "综合评估",
        Cause.CHECK_UP: "现场体检",
    }
    | INSTALLATION_CAUSES["zh"],
    "en": {
        Cause.TILT: "tilt",
        Cause.SETTLEMENT: "settlement",
        Cause.CRACK: "crack",
        Cause.VIBRATION: "vibration",
        Cause.WATCH: "loss of watch",
        Cause.RESTART: "instrument restart",
        Cause.ASSESSMENT: "assessment",
        Cause.CHECK_UP: "check-up",
    }
    | INSTALLATION_CAUSES["en"],
}

EVENT_WORDS: dict[str, dict[EventKind, str]] = {
    "zh": {
        EventKind.RAISED: "升级",
        EventKind.REOPENED: "再次出现",
        EventKind.ESCALATED: "超时无人确认",
    },
    "en": {
        EventKind.RAISED: "raised",
        EventKind.REOPENED: "back again",
        EventKind.ESCALATED: "not acknowledged in time",
    },
}

#: decimals that instruments of a quantity can tell, by the unit's first part
_DECIMALS = {
    "‰": 2,
    "mm": 2,
    "mm/s": 2,
    "Hz": 1,
    "°C": 1,
    "h": 1,
    "d": 1,
    "%": 0,
    "intervals": 1,
    "points": 0,
    "class": 0,
}

_UNIT_WORDS_ZH = {
    "month": "月",
    "d": "天",
    "day": "天",
    "h": "小时",
    "min": "分钟",
    "year": "年",
    "intervals": "个采集周期",
    "points": "分",
    "class": "类",
}


def language_of(language: str) -> str:
    """Pick the catalogue for a language; everything but `en` reads Chinese."""
    return "en" if language == "en" else "zh"


def level_word(level: Level, language: str = "zh") -> str:
    """Name a level with its shape.

    Examples
    --------
    >>> level_word(Level.ORANGE)
    '◆ 橙色预警'
    >>> level_word(Level.BLUE, "en")
    '● Notice'

    """
    return f"{SHAPES[level]} {LEVEL_WORDS[language_of(language)][level]}"


def moment(at_ns: int, *, full: bool = False) -> str:
    """Write a moment in the time of China.

    Examples
    --------
    >>> moment(1_795_413_900_000_000_000)
    '11-23 14:05'
    >>> moment(1_795_413_900_000_000_000, full=True)
    '2026-11-23 14:05:00'

    """
    return (
        to_datetime(at_ns).astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S" if full else "%m-%d %H:%M")
    )


def span(length_ns: int, language: str = "zh") -> str:
    """Write a length of time in its largest fitting unit.

    Examples
    --------
    >>> span(12 * DAY_NS), span(90 * MINUTE_NS), span(30 * DAY_NS, "en")
    ('12 天', '1.5 小时', '30 days')

    """
    unit_ns, zh, en = (
        (DAY_NS, "天", "day")
        if length_ns >= 2 * DAY_NS
        else (HOUR_NS, "小时", "hour")
        if length_ns >= HOUR_NS
        else (MINUTE_NS, "分钟", "minute")
        if length_ns >= MINUTE_NS
        else (1_000_000_000, "秒", "second")
    )
    amount = f"{length_ns / unit_ns:.1f}".removesuffix(".0")
    if language_of(language) == "zh":
        return f"{amount} {zh}"
    return f"{amount} {en}" if amount == "1" else f"{amount} {en}s"


def unit_word(unit: str, language: str = "zh") -> str:
    """Write a unit; months and days in words of the language.

    Examples
    --------
    >>> unit_word("mm/month"), unit_word("mm/month", "en"), unit_word("mm/s")
    ('mm/月', 'mm/month', 'mm/s')

    """
    if language_of(language) == "en":
        return unit
    head, _, per = unit.partition("/")
    if not per:
        return _UNIT_WORDS_ZH.get(unit, unit)
    return f"{head}/{_UNIT_WORDS_ZH.get(per, per)}"


def number(value: float, unit: str, beside: float | None = None) -> str:
    """Write a value with no more digits than the instrument can tell.

    Parameters
    ----------
    beside
        The limit it is read against: both get the decimals that this one needs, at most three,
        so that a value over its limit never reads as equal to a rounded one.

    Examples
    --------
    >>> number(0.31415, "mm"), number(7.0, "‰"), number(0.1249, "mm", beside=0.125)
    ('0.31', '7.00', '0.125')

    """
    if not math.isfinite(value):
        return "—"
    decimals = _DECIMALS.get(unit, _DECIMALS.get(unit.partition("/")[0], 2))
    if beside is not None:
        while decimals < 3 and abs(round(beside, decimals) - beside) > 1e-9:
            decimals += 1
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text
