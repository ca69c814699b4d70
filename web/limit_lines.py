"""Which limits a sensor's charts draw as lines, each in the panel whose axis it is a height of."""

from dataclasses import dataclass, field

from domain.buildings import Building, Grade
from domain.limits import Limit, LimitProfile
from domain.sensors import Segment, Sensor

#: kind of sensor -> how the quantities of its limits begin
QUANTITIES = {
    "tilt": "tilt_",
    "crack": "crack_",
    "settlement": "settlement_",
    "vibration": "ppv_",
}
VALUE, GROWTH, SHARE = "value", "growth", "share"


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A limit at a height of a panel's axis, in the panel's unit."""

    limit: Limit
    at: float


@dataclass(frozen=True, slots=True)
class PlacedLimits:
    """The limits of a sensor by panel, mildest first.

    Parameters
    ----------
    lines
        By panel: `value`, `growth`, `share`, or the unit of a rate.
    others
        Limits that do not hold here now: a total limit without a survey, a width that the survey
        already found, a rate of a point that nobody has judged yet.

    """

    lines: dict[str, list[LimitLine]] = field(default_factory=dict)
    others: list[Limit] = field(default_factory=list)


def limits_of(
    sensor: Sensor,
    segments: list[Segment],
    profile: LimitProfile,
    building: Building,
    grade: Grade | None = None,
    *,
    base: float | None = None,
    rates: frozenset[str] = frozenset(),
    growth: bool = False,
) -> PlacedLimits:
    """Place the limits of a sensor that speak of its building.

    Parameters
    ----------
    segments
        Those of the sensor's channels.
    base
        Series value from which judging counts growth; `None`: the survey's value, or zero.
    rates
        Units of the rates that can be drawn.
    growth
        There is a panel of growth.

    """
    placed = PlacedLimits()
    start = QUANTITIES.get(sensor.kind)
    if start is None:
        return placed
    absolute = any(s.absolute for s in segments)
    surveyed = [s.survey for s in sorted(segments, key=lambda s: s.opened_at_ns) if s.survey]
    survey = surveyed[0] if absolute and surveyed else None
    rows = [
        row
        for row in profile.rows
        if row.quantity.startswith(start)
        and row.applies_to(building, grade)
        and (sensor.load_bearing or not row.condition("load_bearing"))
    ]
    for row in sorted(rows, key=lambda r: (r.level, r.value)):
        panel, at = _place(row, absolute=absolute, survey=survey, base=base, growth=growth)
        if panel == "rate":
            panel = row.unit if row.unit in rates else ""
        if panel:
            placed.lines.setdefault(panel, []).append(LimitLine(row, at))
        else:
            placed.others.append(row)
    return placed


def _place(
    row: Limit, *, absolute: bool, survey: float | None, base: float | None, growth: bool
) -> tuple[str, float]:
    """Tell panel and height of a limit; no panel when it does not hold."""
    match row.quantity:
        case "tilt_growth" if growth:
            # growth of a lean is the length of a difference of two vectors: an axis of its own
            return GROWTH, row.value
        case "tilt_growth":
            return ("", 0.0) if absolute else (VALUE, row.value)
        case "crack_growth":
            return VALUE, row.value + (base if base is not None else survey or 0.0)
        case "crack_width":
            # a width that the survey already found is the appraiser's to judge
            found = survey is not None and row.reached_by(survey)
            return (VALUE, row.value) if absolute and not found else ("", 0.0)
        case "ppv_share":
            return SHARE, row.value
        case quantity if quantity.endswith("_rate"):
            return "rate", row.value
        case _:
            return (VALUE, row.value) if absolute else ("", 0.0)
