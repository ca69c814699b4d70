"""Context events from a table that somebody uploads or a weather service answers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from domain.building_columns import WrongCell
from domain.building_import import RowProblem
from domain.clock import to_ns
from domain.contexts import ContextEvent, ContextKind, checked
from domain.errors import InvalidInput
from domain.ids import same_id

#: times without an offset are China's
CHINA = timezone(timedelta(hours=8))
ROWS_MAX = 50_000
#: columns that become figures
FIGURES = ("temperature_c", "rain_mm", "wind_m_s", "magnitude", "charge_kg")

_KINDS = {
    "天气": ContextKind.WEATHER,
    "气象": ContextKind.WEATHER,
    "施工": ContextKind.WORKS,
    "爆破": ContextKind.BLAST,
    "地震": ContextKind.EARTHQUAKE,
}
_TITLES = {
    "kind": ("kind", "类别"),
    "name": ("name", "名称"),
    "started_at": ("started_at", "开始时间"),
    "ended_at": ("ended_at", "结束时间"),
    "longitude": ("longitude", "经度"),
    "latitude": ("latitude", "纬度"),
    "radius_m": ("radius_m", "影响半径（米）"),
    "temperature_c": ("temperature_c", "气温（°C）"),
    "rain_mm": ("rain_mm", "降雨量（毫米）"),
    "wind_m_s": ("wind_m_s", "风速（米/秒）"),
    "magnitude": ("magnitude", "震级"),
    "charge_kg": ("charge_kg", "装药量（千克）"),
    "source": ("source", "来源"),
    "note": ("note", "备注"),
}
_NEEDED = ("kind", "started_at")

TEMPLATE_HEADER = tuple(names[1] for names in _TITLES.values())
TEMPLATE_EXAMPLE = (
    *("施工", "地铁 5 号线基坑开挖", "2026-11-01 08:00", "2027-02-28 18:00", "115.9021"),
    *("28.6801", "300", "", "", "", "", "", "施工许可证", ""),
)


@dataclass(frozen=True, slots=True)
class ContextPreview:
    """What an import would do; with any problem nothing is imported."""

    events: tuple[ContextEvent, ...]
    problems: tuple[RowProblem, ...]
    rows: int = 0

    @property
    def ok(self) -> bool:
        """Whether it can be imported."""
        return bool(self.events) and not self.problems


def preview(rows: Sequence[Mapping[str, str]], source: str = "") -> ContextPreview:
    """Tell what importing a table would do; nothing is written.

    The id of an event follows from its kind, name, place and start, so that the same table again
    gives the same events.

    Parameters
    ----------
    rows
        One mapping a row; entry `i` is row `i + 2` of the sheet.
    source
        Who says so, where the table has no column for it.

    Raises
    ------
    InvalidInput
        When a needed column is missing or there are too many rows.

    """
    if len(rows) > ROWS_MAX:
        raise InvalidInput(f"a table must have at most {ROWS_MAX} rows, got {len(rows)}", "file")
    titles = _titles(rows[0] if rows else {})
    events: dict[str, ContextEvent] = {}
    problems: list[RowProblem] = []
    filled = 0
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row.values()):
            continue
        filled += 1
        wrong: list[RowProblem] = []
        event = _event(number, row, titles, source, wrong)
        problems += wrong
        if event is None or wrong:
            continue
        if event.id in events:
            title = titles["started_at"]
            problems.append(
                RowProblem(
                    number, title, "与前面某行是同一事件", "is the same event as a row before"
                )
            )
        events[event.id] = event
    return ContextPreview(tuple(events.values()), tuple(problems), filled)


def read_moment(cell: str) -> int:
    """Read a moment: RFC 3339, or a date and time of China.

    Raises
    ------
    WrongCell
        When it is neither.

    Examples
    --------
    >>> read_moment("1970-01-01 08:00"), read_moment("1970-01-01T00:00:01Z")
    (0, 1000000000)

    """
    text = cell.strip().replace("/", "-")
    if not re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}([ T].*)?", text):
        raise _no_moment(cell)
    try:
        head, _, rest = text.replace("T", " ", 1).partition(" ")
        year, month, day = (int(part) for part in head.split("-"))
        at = datetime.fromisoformat(f"{year:04}-{month:02}-{day:02} {rest or '00:00'}")
    except ValueError:
        raise _no_moment(cell) from None
    if not 1900 <= at.year < 2200:
        raise _no_moment(cell)
    return to_ns(at if at.tzinfo else at.replace(tzinfo=CHINA))


def _no_moment(cell: str) -> WrongCell:
    return WrongCell(
        f"应为时间，如 2026-11-23 06:00，得到“{cell}”",
        f"must be a time such as 2026-11-23 06:00, got {cell!r}",
    )


def _titles(row: Mapping[str, str]) -> dict[str, str]:
    meant = {_plain(name): field for field, names in _TITLES.items() for name in names}
    titles = {meant[_plain(title)]: title for title in row if _plain(title) in meant}
    missing = [field for field in _NEEDED if field not in titles]
    if missing:
        names = "、".join(f"{_TITLES[field][1]} ({field})" for field in missing)
        raise InvalidInput(f"缺少列 the table must have the columns {names}", "file")
    return titles


def _plain(title: str) -> str:
    return re.sub(r"[\s*＊_]", "", title).lower().replace("(", "（").replace(")", "）")


def _event(
    number: int,
    row: Mapping[str, str],
    titles: Mapping[str, str],
    source: str,
    wrong: list[RowProblem],
) -> ContextEvent | None:
    def read(field: str, how: Callable[[str], object]) -> object:
        title = titles.get(field)
        cell = row.get(title, "").strip() if title else ""
        if not cell:
            if field in _NEEDED:
                wrong.append(RowProblem(number, str(title), "不能为空", "must not be empty"))
            return None
        try:
            return how(cell)
        except WrongCell as error:
            wrong.append(RowProblem(number, str(title), error.zh, error.en))
            return None

    kind = read("kind", _kind)
    started_ns = read("started_at", read_moment)
    ended_ns = read("ended_at", read_moment)
    name = read("name", str) or ""
    longitude, latitude = read("longitude", _number), read("latitude", _number)
    radius_m = read("radius_m", _number) or 0.0
    figures = tuple(
        (field, value) for field in FIGURES if isinstance(value := read(field, _number), float)
    )
    if not isinstance(kind, ContextKind) or not isinstance(started_ns, int):
        return None
    event = ContextEvent(
        same_id("context", kind.value, name, started_ns, longitude, latitude),
        kind,
        str(name),
        started_ns,
        ended_ns if isinstance(ended_ns, int) else started_ns,
        longitude if isinstance(longitude, float) else None,
        latitude if isinstance(latitude, float) else None,
        radius_m if isinstance(radius_m, float) else 0.0,
        figures,
        str(read("source", str) or source),
        str(read("note", str) or ""),
    )
    try:
        return checked(event)
    except InvalidInput as error:
        title = titles.get(error.field or "", error.field or "")
        wrong.append(RowProblem(number, title, f"不合理：{error}", str(error)))
        return None


def _kind(cell: str) -> ContextKind:
    if cell in _KINDS:
        return _KINDS[cell]
    try:
        return ContextKind(cell.lower())
    except ValueError:
        known = "、".join(_KINDS)
        raise WrongCell(
            f"应为下列之一：{known}，得到“{cell}”",
            f"must be one of {', '.join(ContextKind)}, got {cell!r}",
        ) from None


def _number(cell: str) -> float:
    try:
        return float(cell.replace("，", "").replace(",", ""))
    except ValueError:
        raise WrongCell(f"应为数字，得到“{cell}”", f"must be a number, got {cell!r}") from None
