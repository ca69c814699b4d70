"""How good the slow analysis was measured to be: a data file that the benchmark writes.

Without the file nothing was measured, and pages say so.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from domain.budget import Curve, CurvePoint
from domain.errors import SettingsInvalid
from domain.labels import ReliabilityBin
from domain.measured import Measured

FILE = "measured-2026.json"


@cache
def load_measured() -> Measured:
    """Read what is shipped."""
    file = files(__package__).joinpath(FILE)
    return parse_measured(file.read_text("utf-8")) if file.is_file() else Measured()


def parse_measured(text: str) -> Measured:
    """Read the benchmark's own words.

    Raises
    ------
    SettingsInvalid
        When it is not what `docs/assessments.md` says.

    """
    try:
        data = json.loads(text)
        points = [_point(row) for row in data.get("curve", [])]
        return Measured(
            Curve(
                tuple(sorted(points, key=lambda point: point.threshold)),
                str(data.get("model", "")),
                str(data.get("measured_on", "")),
                float(data.get("sensor_years", 0.0)),
            ),
            tuple(_bin(row) for row in data.get("reliability", [])),
            tuple((str(name), float(value)) for name, value in data.get("figures", {}).items()),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsInvalid(f"{FILE} is not as the benchmark writes it: {error!r}") from error


def _point(row: Mapping[str, Any]) -> CurvePoint:
    delays = tuple(
        (str(kind), None if days is None else float(days)) for kind, days in row["delays"].items()
    )
    return CurvePoint(float(row["threshold"]), float(row["false_alarms"]), delays)


def _bin(row: Mapping[str, Any]) -> ReliabilityBin:
    names = ("low", "high", "said", "was", "was_low", "was_high")
    low, high, said, was, below, above = (float(row[name]) for name in names)
    return ReliabilityBin(low, high, int(row["count"]), said, was, below, above)
