"""Which limits a sensor's chart draws as lines, and which it can only name beside the chart."""

from dataclasses import dataclass

from domain.buildings import Building
from domain.limits import Limit, LimitProfile
from domain.sensors import Segment, Sensor

#: kind of sensor -> how the quantities of its limits begin
QUANTITIES = {
    "tilt": "tilt",
    "crack": "crack",
    "settlement": "settlement",
    "vibration": "ppv",
}
#: conditions that the building or the sensor decides
_FIXED = frozenset(
    {
        "height_m_max",
        "height_m_above",
        "storeys_max",
        "storeys_min",
        "works_nearby",
        "structure",
        "load_bearing",
    }
)
#: quantities with these in their name speak of a change over time, not of a value
_RATES = ("_rate", "_share")


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A limit at a height of the chart's axis, in the unit of the series."""

    limit: Limit
    at: float


def applies_to(limit: Limit, building: Building, sensor: Sensor) -> bool:
    """Tell whether a row's conditions on building and sensor hold; others are left aside."""
    for name, wanted in limit.applies:
        match name:
            case "height_m_max":
                holds = building.height_m <= float(wanted)
            case "height_m_above":
                holds = building.height_m > float(wanted)
            case "storeys_max":
                holds = building.storeys_above <= float(wanted)
            case "storeys_min":
                holds = building.storeys_above >= float(wanted)
            case "works_nearby":
                holds = building.works_nearby == bool(wanted)
            case "structure":
                holds = building.structure in str(wanted).split()
            case "load_bearing":
                holds = sensor.load_bearing == bool(wanted)
            case _:
                holds = True
        if not holds:
            return False
    return True


def lines_of(
    sensor: Sensor,
    segments: list[Segment],
    profile: LimitProfile,
    building: Building,
) -> tuple[list[LimitLine], list[Limit]]:
    """Choose the limits of a sensor's chart.

    Parameters
    ----------
    segments
        Those of the sensor's channels.

    Returns
    -------
    lines
        Limits on the value that is drawn, mildest first. Total limits for surveyed series;
        growth limits above the survey's value, or above zero where there was no survey.
    others
        Limits that are no height of the axis: rates, durations, frequency tables.

    """
    start = QUANTITIES.get(sensor.kind)
    if start is None:
        return [], []
    rows = [
        row
        for row in profile.rows
        if row.quantity.startswith(start) and applies_to(row, building, sensor)
    ]
    absolute = any(s.absolute for s in segments)
    surveys = [s.survey for s in sorted(segments, key=lambda s: s.opened_at_ns) if s.survey]
    lines: list[LimitLine] = []
    others: list[Limit] = []
    for row in sorted(rows, key=lambda r: (r.level, r.value)):
        on_value = not any(part in row.quantity for part in _RATES) and all(
            name in _FIXED for name, _ in row.applies
        )
        growth = row.quantity.endswith("growth")
        if not on_value or start == "vibration":
            others.append(row)
        elif growth and sensor.kind == "tilt":
            # growth of a lean is the length of a difference of two vectors: a height of this
            # axis only where the series begins at zero
            (others.append(row) if absolute else lines.append(LimitLine(row, row.value)))
        elif growth:
            base = surveys[0] if absolute and surveys else 0.0
            lines.append(LimitLine(row, base + row.value))
        elif absolute:
            lines.append(LimitLine(row, row.value))
        else:
            others.append(row)
    return lines, others
