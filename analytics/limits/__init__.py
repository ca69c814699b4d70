"""The limit profiles that Anju ships, read from their data files and checked."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import combinations, pairwise
from typing import Any

from analytics.limits.operations import care_rows, sampling_rows
from domain.errors import SettingsInvalid
from domain.limits import Certainty, Level, Limit, LimitProfile, VibrationTable

OPS = (">=", ">")
QUANTITIES = (
    "tilt_total",
    "tilt_growth",
    "tilt_rate",
    "settlement_rate",
    "crack_growth",
    "crack_rate",
    "crack_width",
    "ppv_share",
    "silence",
    "restart_jump",
    "score",
)
CONDITIONS = (
    "height_m_max",
    "height_m_above",
    "storeys_max",
    "storeys_min",
    "structure",
    "works_nearby",
    "grade",
    "load_bearing",
    "kind",
    "whole_building",
    "window_days",
    "months",
    "days",
    "crack_width_mm_above",
    "cracks_min",
    "growth_mm_min",
)


@cache
def load_profile(name: str = "default-2026") -> LimitProfile:
    """Read a shipped limit profile.

    Raises
    ------
    SettingsInvalid
        When there is no such profile or a row of it is wrong; the text names the row.

    """
    file = files(__package__).joinpath(f"{name}.toml")
    if not file.is_file():
        known = sorted(
            entry.name.removesuffix(".toml")
            for entry in files(__package__).iterdir()
            if entry.name.endswith(".toml")
        )
        raise SettingsInvalid(f"limit profile must be one of {', '.join(known)}, got {name!r}")
    return parse_profile(file.read_text("utf-8"))


def parse_profile(text: str) -> LimitProfile:
    """Build a profile from its TOML text, and check it.

    Raises
    ------
    SettingsInvalid
        When a row is wrong, doubled, or milder than a row of a lower level; the text names it.

    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(f"limit profile must be TOML: {error}") from error
    effective_from = str(data.get("effective_from", ""))
    rows = tuple(_row(row, effective_from) for row in data.get("rows", []))
    _refuse_doubles(rows)
    _refuse_falling(rows)
    return LimitProfile(
        name=str(data["name"]),
        version=str(data["version"]),
        rows=rows,
        numbers=tuple((key, float(value)) for key, value in data.get("numbers", {}).items()),
        tables=tuple(_table(table) for table in data.get("tables", [])),
        choices=tuple((key, str(value)) for key, value in data.get("choices", {}).items()),
        sampling=sampling_rows(data),
        care=care_rows(data),
    )


def _row(row: Mapping[str, Any], effective_from: str) -> Limit:
    label = f"limit row {row.get('id', '?')!r} {row.get('level', '?')}"

    def one_of(field: str, known: tuple[str, ...]) -> str:
        value = row.get(field)
        if value not in known:
            raise SettingsInvalid(
                f"{label}: {field} must be one of {', '.join(known)}, got {value!r}"
            )
        return str(value)

    for field in ("id", "unit", "consequence", "source"):
        if not isinstance(row.get(field), str) or not row[field]:
            raise SettingsInvalid(f"{label}: {field} must be text, got {row.get(field)!r}")
    value = row.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise SettingsInvalid(f"{label}: value must be a number above 0, got {value!r}")
    since = str(row.get("effective_from", effective_from))
    try:
        date.fromisoformat(since)
    except ValueError:
        raise SettingsInvalid(f"{label}: effective_from must be a date, got {since!r}") from None
    applies = row.get("applies", {})
    for condition in applies:
        if condition not in CONDITIONS:
            known = ", ".join(CONDITIONS)
            raise SettingsInvalid(f"{label}: condition must be one of {known}, got {condition!r}")
    return Limit(
        id=row["id"],
        quantity=one_of("quantity", QUANTITIES),
        level=Level.named(one_of("level", tuple(level.word for level in Level if level))),
        op=one_of("op", OPS),
        value=float(value),
        unit=row["unit"],
        applies=tuple(sorted(applies.items())),
        consequence=row["consequence"],
        source=row["source"],
        certainty=Certainty(one_of("certainty", tuple(Certainty))),
        effective_from=since,
    )


def _refuse_doubles(rows: tuple[Limit, ...]) -> None:
    counted = Counter((row.id, row.level, row.unit, row.applies) for row in rows)
    for (row_id, level, _, applies), count in counted.items():
        if count > 1:
            raise SettingsInvalid(
                f"limit row {row_id!r} {level.word} must stand once for {dict(applies)},"
                f" got {count} times"
            )


def _refuse_falling(rows: tuple[Limit, ...]) -> None:
    """Refuse a row that is reached before a milder one of the same rule, unit and conditions."""
    for a, b in combinations(sorted(rows, key=lambda row: row.level), 2):
        if (a.id, a.unit) != (b.id, b.unit) or a.level == b.level:
            continue
        wanted, other = dict(a.applies), dict(b.applies)
        if any(wanted[name] != other[name] for name in wanted.keys() & other.keys()):
            continue  # they never speak of the same case
        if b.value < a.value:
            raise SettingsInvalid(
                f"limit row {b.id!r} {b.level.word} must be at least {a.value} {a.unit}"
                f" ({a.level.word}), got {b.value}"
            )


def _table(table: Mapping[str, Any]) -> VibrationTable:
    points = tuple((float(hz), float(limit)) for hz, limit in table.get("points", []))
    rising = all(low[0] < high[0] for low, high in pairwise(points))
    if not points or not rising or min(limit for _, limit in points) <= 0:
        raise SettingsInvalid(
            f"vibration table {table.get('id', '?')!r}: points must rise in frequency and have"
            f" limits above 0, got {list(points)}"
        )
    return VibrationTable(
        id=table["id"],
        source_kind=table["source_kind"],
        use=table["use"],
        position=table["position"],
        points=points,
        source=table["source"],
        certainty=Certainty(table["certainty"]),
    )
