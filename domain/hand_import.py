"""Readings by hand out of a table that somebody uploads: what is wrong, row by row."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low
from zoneinfo import ZoneInfo

from domain.building_import import RowProblem
from domain.clock import to_ns
from domain.errors import InvalidInput
from domain.hand_readings import READINGS_MAX, UNITS, HandReading, check_reading
from domain.sensors import Channel, Sensor

#: moments without an offset are the city's
ZONE = ZoneInfo("Asia/Shanghai")
#: field -> names of its column, the first one stands in the template
TITLES: Mapping[str, tuple[str, ...]] = {
    "point": ("测点", "point", "code"),
    "axis": ("方向", "axis"),
    "taken_at": ("测量时间", "taken_at", "time", "时间"),
    "value": ("数值", "value"),
    "measured_by": ("测量人", "measured_by", "who"),
    "instrument": ("仪器", "instrument"),
    "note": ("备注", "note"),
}
NEEDED = ("point", "taken_at", "value", "measured_by")
TEMPLATE_HEADER = tuple(names[0] for names in TITLES.values())
TEMPLATE_EXAMPLE = (
    "S-01",
    "",
    "2026-11-23 14:05",
    "3.2",
    "示例测量员",
    "DS05 水准仪",
    "基准点 BM1",
)

_FIELD_ZH = {field: names[0] for field, names in TITLES.items()}


@dataclass(frozen=True, slots=True)
class HandPreview:
    """What an import would do; with any problem nothing is taken in.

    Parameters
    ----------
    readings
        The rows without problems.
    problems
        What is wrong.
    doubts
        What is strange, but may be: it does not hinder.
    known
        Rows that are there already with the same value; they are left out.
    rows
        How many rows have anything in them.

    """

    readings: tuple[HandReading, ...]
    problems: tuple[RowProblem, ...] = ()
    doubts: tuple[RowProblem, ...] = ()
    known: int = 0
    rows: int = 0

    @property
    def ok(self) -> bool:
        """Whether it can be taken in."""
        return bool(self.readings) and not self.problems


@dataclass(frozen=True, slots=True)
class HandRules:
    """What a table's rows are held against.

    Parameters
    ----------
    points
        (sensor, its channels) of every series by hand of the building.
    spans
        Physical range by kind, in its unit.
    known
        Value by channel id and moment, of all that was entered before.
    jump_times, jump_least
        A change is strange when it is so many times the usual one, or the smallest that can be
        told, whichever is more.

    """

    points: tuple[tuple[Sensor, tuple[Channel, ...]], ...]
    spans: Mapping[str, tuple[float, float]]
    known: Mapping[tuple[str, int], float]
    now_ns: int
    jump_times: float
    jump_least: float


def preview(rows: Sequence[Mapping[str, str]], rules: HandRules) -> HandPreview:
    """Tell what importing a table would do; nothing is written.

    Parameters
    ----------
    rows
        One mapping a row, keys from the header in Chinese or English; entry `i` is row `i + 2`.

    Raises
    ------
    InvalidInput
        When a column that is needed is missing, two mean the same, or there are too many rows.

    """
    titles = _titles(rows[0] if rows else {})
    if len(rows) > READINGS_MAX:
        raise InvalidInput(f"file must have at most {READINGS_MAX} rows, got {len(rows)}", "file")
    problems: list[RowProblem] = []
    readings: list[HandReading] = []
    numbers: list[int] = []
    first_row: dict[tuple[str, int], int] = {}
    filled = again = 0
    for number, row in enumerate(rows, 2):
        cells = {f: row.get(title, "").strip() for f, title in titles.items()}
        if not any(cells.values()):
            continue
        filled += 1
        wrong: list[RowProblem] = []
        reading = _reading(number, cells, titles, rules, wrong)
        if reading is not None:
            key = reading.channel_id, reading.taken_at_ns
            if key in first_row:
                at = first_row[key]
                wrong.append(_told(number, titles["taken_at"], f"与第 {at} 行是同一时刻",
                                   f"is the moment of row {at}"))  # fmt: skip
            elif key in rules.known:
                if rules.known[key] == reading.value:
                    again += 1
                    continue
                wrong.append(
                    _told(
                        number,
                        titles["value"],
                        f"该时刻已有数值 {rules.known[key]:g}",
                        f"there is the value {rules.known[key]:g} at this moment already",
                    )
                )
            first_row.setdefault(key, number)
            if not wrong:
                readings.append(reading)
                numbers.append(number)
        problems += wrong
    strange = doubts(readings, numbers, titles, rules)
    return HandPreview(tuple(readings), tuple(problems), tuple(strange), again, filled)


def read_moment(text: str) -> int:
    """Read a moment as people write it; without an offset it is the city's time.

    Raises
    ------
    ValueError
        When it is none.

    Examples
    --------
    >>> read_moment("2026-11-23 14:05") == read_moment("2026-11-23T06:05:00Z")
    True

    """
    try:
        at = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        at = None
    if at is None or (len(text) <= len("2026-11-23")):
        raise ValueError(text)
    return to_ns(at if at.tzinfo is not None else at.replace(tzinfo=ZONE))


def find_channel(
    points: Sequence[tuple[Sensor, Sequence[Channel]]], code: str, axis: str
) -> Channel | None:
    """Find the channel of a point by its name; a point with one axis needs none."""
    for sensor, channels in points:
        if sensor.code.casefold() == code.casefold() or sensor.id == code:
            fitting = [c for c in channels if c.axis == axis.lower()]
            if not axis and len(channels) == 1:
                fitting = list(channels)
            return fitting[0] if fitting else None
    return None


def _titles(row: Mapping[str, str]) -> dict[str, str]:
    meant = {_plain(name): field for field, names in TITLES.items() for name in (field, *names)}
    titles: dict[str, str] = {}
    for title in row:
        field = meant.get(_plain(title))
        if field is None:
            continue
        if field in titles:
            raise InvalidInput(f"columns {titles[field]!r} and {title!r} mean the same", "file")
        titles[field] = title
    missing = [field for field in NEEDED if field not in titles]
    if missing:
        names = "、".join(f"{TITLES[field][0]} ({field})" for field in missing)
        raise InvalidInput(f"缺少列 the table must have the columns {names}", "file")
    return titles


def _plain(title: str) -> str:
    return re.sub(r"[\s*＊_]|[(（].*[)）]", "", title).lower()


def _told(number: int, column: str, zh: str, en: str) -> RowProblem:
    return RowProblem(number, column, zh, en)


def _reading(
    number: int,
    cells: Mapping[str, str],
    titles: Mapping[str, str],
    rules: HandRules,
    wrong: list[RowProblem],
) -> HandReading | None:
    """Read one row; what is wrong goes to `wrong`."""
    wrong += [
        _told(number, titles[field], "不能为空", "must not be empty")
        for field in NEEDED
        if not cells.get(field)
    ]
    channel = None
    if code := cells.get("point", ""):
        axis = cells.get("axis", "")
        channel = find_channel(rules.points, code, axis)
        if channel is None:
            known = [s.code for s, _ in rules.points]
            if code.casefold() in {name.casefold() for name in known}:
                column = titles.get("axis", titles["point"])
                wrong.append(
                    _told(number, column, "该测点的方向应为 x 或 y", "axis must be x or y")
                )
            else:
                wrong.append(
                    _told(
                        number,
                        titles["point"],
                        f"没有人工测点“{code}”，现有：{'、'.join(known) or '无'}",
                        f"no point {code!r} that is measured by hand; there are: "
                        + (", ".join(known) or "none"),
                    )
                )
    taken_ns = value = None
    if text := cells.get("taken_at", ""):
        try:
            taken_ns = read_moment(text)
        except (ValueError, OverflowError):
            wrong.append(
                _told(
                    number,
                    titles["taken_at"],
                    f"时间应写作 2026-11-23 14:05，得到“{text[:40]}”",
                    f"must be a moment such as 2026-11-23 14:05, got {text[:40]!r}",
                )
            )
    if text := cells.get("value", ""):
        try:
            value = float(text.replace("−", "-").replace("，", ".").replace(",", "."))
        except ValueError:
            wrong.append(
                _told(
                    number,
                    titles["value"],
                    f"应为数字，得到“{text[:40]}”",
                    f"must be a number, got {text[:40]!r}",
                )
            )
    if channel is None or taken_ns is None or value is None or wrong:
        return None
    reading = HandReading(
        channel.id,
        taken_ns,
        value,
        cells["measured_by"][:200],
        cells.get("instrument", "")[:200],
        cells.get("note", "")[:500],
    )
    try:
        check_reading(reading, channel, rules.spans[channel.kind], rules.now_ns)
    except InvalidInput as error:
        wrong.append(_impossible(number, error, titles, UNITS[channel.kind]))
        return None
    return reading


def _impossible(
    number: int, error: InvalidInput, titles: Mapping[str, str], unit: str
) -> RowProblem:
    field = error.field or "value"
    text = str(error)
    if span := re.search(r"must be (\S+) to (\S+), got (\S+)", text):
        zh = f"应为 {span[1]} 至 {span[2]} {unit}，得到 {span[3]}"
    elif "future" in text:
        zh = "不能晚于现在"
    elif earliest := re.search(r"must be (\S+) or later", text):
        zh = f"不能早于 {earliest[1]}"
    else:
        zh = f"{_FIELD_ZH.get(field, field)}无效"
    return _told(number, titles.get(field, field), zh, text)


def doubts(
    readings: Sequence[HandReading],
    numbers: Sequence[int],
    titles: Mapping[str, str],
    rules: HandRules,
) -> list[RowProblem]:
    """Tell which values are strange beside their neighbours."""
    found: list[RowProblem] = []
    for sensor, channels in rules.points:
        for channel in channels:
            mine = {(r.taken_at_ns): (r.value, n) for r, n in zip(readings, numbers, strict=True)
                    if r.channel_id == channel.id}  # fmt: skip
            before = {at: v for (c, at), v in rules.known.items() if c == channel.id}
            merged = sorted([*((at, v, 0) for at, v in before.items()),
                             *((at, v, n) for at, (v, n) in mine.items())])  # fmt: skip
            steps = [abs(b[1] - a[1]) for a, b in itertools.pairwise(merged)]
            if not steps:
                continue
            usual = rules.jump_times * median_low(steps)
            strange = max(usual, rules.jump_least * (sensor.resolution or 0.0))
            unit = UNITS[channel.kind]
            for (_, was, _), (_, value, number) in itertools.pairwise(merged):
                if number and abs(value - was) > strange:
                    found.append(
                        _told(
                            number,
                            titles["value"],
                            f"与前一次（{was:g} {unit}）相差 {value - was:+g} {unit}，请核对",
                            f"differs by {value - was:+g} {unit} from the one before, {was:g}",
                        )
                    )
    return sorted(found, key=lambda one: one.row)
