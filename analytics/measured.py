"""How good the slow analysis was measured to be, and what a threshold costs.

The benchmark writes a data file of what it measured on its judging seeds. Until that is there,
the curve is the model's own, from the seeds that it was tuned on; without one nothing was measured.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from analytics.assessment.budget import EVENTS
from analytics.assessment.model import Model, load_model
from domain.budget import Curve, CurvePoint
from domain.errors import SettingsInvalid
from domain.labels import ReliabilityBin
from domain.measured import Measured

FILE = "measured-2026.json"
#: stands where the day of a measurement stands: the seeds were those of the tuning
TUNED = "tuned"


@cache
def load_measured() -> Measured:
    """Read what is shipped."""
    file = files(__package__).joinpath(FILE)
    if file.is_file():
        return parse_measured(file.read_text("utf-8"))
    return Measured(curve_of(load_model()))


def curve_of(model: Model) -> Curve:
    """Read the curve that a model carries; empty where it carries none."""
    if "budget.threshold" not in model.lists:
        return Curve()
    thresholds, rates = model.several("budget.threshold"), model.several("budget.false_alarms")
    days = {event: model.several(f"budget.days.{event}") for event in EVENTS}
    points = tuple(
        CurvePoint(threshold, rates[place], tuple((event, days[event][place]) for event in EVENTS))
        for place, threshold in enumerate(thresholds)
    )
    return Curve(points, model.label, TUNED)


def parse_measured(text: str) -> Measured:
    """Read the benchmark's own words.

    Raises
    ------
    SettingsInvalid
        When it is not what `docs/jobs.md` says.

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
