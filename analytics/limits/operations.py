"""The rows of a profile that steer the instruments, not the judgement: sampling and care."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from domain.errors import SettingsInvalid
from domain.limits import CareRow, Certainty, SamplingRow

STATES = ("D", "C", "watched", "alert")
FIGURES = (
    "battery_percent",
    "signal_dbm",
    "silence_intervals",
    "online_percent",
    "transmission_percent",
    "blind_sensors",
    "degraded_sensors",
    "clock_seconds",
    "plan_hours",
)


def sampling_rows(data: Mapping[str, Any]) -> tuple[SamplingRow, ...]:
    """Read the rows of `[[sampling]]`.

    Raises
    ------
    SettingsInvalid
        When a row is wrong, or two speak of one state and kind; the text names it.

    """
    rows = []
    for row in data.get("sampling", []):
        label = f"sampling row {row.get('id', '?')!r}"
        interval_s = row.get("interval_s")
        if isinstance(interval_s, bool) or not isinstance(interval_s, int) or interval_s < 1:
            raise SettingsInvalid(
                f"{label}: interval_s must be a whole number of seconds, got {interval_s!r}"
            )
        report_s = row.get("report_s", 0)
        if isinstance(report_s, bool) or not isinstance(report_s, int) or report_s < 0:
            raise SettingsInvalid(
                f"{label}: report_s must be a whole number of seconds, got {report_s!r}"
            )
        rows.append(
            SamplingRow(
                id=_text(row, "id", label),
                state=_one_of(row, "state", STATES, label),
                kinds=tuple(str(kind) for kind in row.get("kinds", [])),
                interval_s=interval_s,
                trigger=row.get("trigger") is True,
                report_s=report_s,
                source=_text(row, "source", label),
                certainty=Certainty(_one_of(row, "certainty", tuple(Certainty), label)),
            )
        )
    counted = Counter((row.state, kind) for row in rows for kind in row.kinds)
    for (state, kind), count in counted.items():
        if count > 1:
            raise SettingsInvalid(
                f"sampling of {kind} at state {state} must stand once, got {count} rows"
            )
    return tuple(rows)


def care_rows(data: Mapping[str, Any]) -> tuple[CareRow, ...]:
    """Read the rows of `[[care]]`.

    Raises
    ------
    SettingsInvalid
        When a row is wrong; the text names it.

    """
    rows = []
    for row in data.get("care", []):
        label = f"care row {row.get('id', '?')!r}"
        for field in ("value", "weight"):
            value = row.get(field)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise SettingsInvalid(f"{label}: {field} must be a number, got {value!r}")
        rows.append(
            CareRow(
                id=_text(row, "id", label),
                figure=_one_of(row, "figure", FIGURES, label),
                op=_one_of(row, "op", ("<", ">"), label),
                value=float(row["value"]),
                unit=_text(row, "unit", label),
                weight=float(row["weight"]),
                consequence=_text(row, "consequence", label),
                source=_text(row, "source", label),
                certainty=Certainty(_one_of(row, "certainty", tuple(Certainty), label)),
            )
        )
    return tuple(rows)


def _text(row: Mapping[str, Any], field: str, label: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value:
        raise SettingsInvalid(f"{label}: {field} must be text, got {value!r}")
    return value


def _one_of(row: Mapping[str, Any], field: str, known: tuple[str, ...], label: str) -> str:
    value = row.get(field)
    if value not in known:
        raise SettingsInvalid(f"{label}: {field} must be one of {', '.join(known)}, got {value!r}")
    return str(value)
