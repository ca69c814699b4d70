"""The panels of one sensor's chart: values, growth, rates, shaking; each with its own limits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from analytics.vibration_tables import table_for
from domain.adjusted import Adjusted, Trend
from domain.buildings import Building
from domain.clock import HOUR_NS, SECOND_NS
from domain.findings import Compensation
from domain.limits import Limit
from domain.sensors import Channel, Sensor, Site
from domain.services import Services
from web.formats import digits_of, local
from web.limit_lines import GROWTH, SHARE, VALUE, LimitLine, PlacedLimits, limits_of
from web.sensor_rows import UNITS, segments_of, shown_channels
from web.series import Line, Points, bins_of, lean_of, points_of, thin
from web.shaking import Shaking, curve_of, joined, shaking_of

#: what a line is to its panel
MAIN, PART, RAW = "main", "part", "raw"


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One small chart with an axis of its own.

    Parameters
    ----------
    name
        `value`, `growth`, `share`, `weather`, or the unit of a rate.
    lines
        Each with its role: `main`, `part` (an axis of a tilt), `raw` (the weather still in).
    window_days
        Of a rate; 0 for the others.

    """

    name: str
    unit: str
    digits: int
    lines: list[tuple[Line, str]]
    limits: list[LimitLine] = field(default_factory=list)
    window_days: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Diagram:
    """Peaks by frequency with the curves of their limits.

    Parameters
    ----------
    curves
        Each row of `ppv_share` with its points, Hz and mm/s.
    source, certainty
        Of the table.

    """

    shaking: Shaking
    curves: list[tuple[Limit, list[tuple[float, float]]]]
    low_hz: float
    high_hz: float
    source: str
    certainty: str
    factor: float


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """Everything that one sensor's chart draws."""

    panels: list[Panel]
    others: list[Limit]
    compensation: Compensation
    main: Adjusted | None
    step_ns: int = SECOND_NS
    diagram: Diagram | None = None


def channels_of(site: Site, sensor: Sensor) -> list[Channel]:
    """List a sensor's channels, a vibration's frequency last."""
    own = [c for c in site.channels if c.sensor_id == sensor.id]
    return sorted(own, key=lambda c: (c.kind == "frequency", c.axis, c.id))


def drawing_of(
    services: Services, site: Site, building: Building, sensor: Sensor, start_ns: int, end_ns: int
) -> Drawing:
    """Read a sensor's trend and lay its panels out."""
    channels = _charted(shown_channels(channels_of(site, sensor)))
    trend = services.adjuster.point(site, channels, start_ns, end_ns)
    movement = trend.movement
    today = services.register.grades([building.id], _today(services)).get(building.id)
    segments = [s for c in channels for s in segments_of(site, c)]
    placed = limits_of(
        sensor,
        segments,
        services.profile,
        building,
        today,
        base=movement.base if movement else None,
        rates=frozenset(movement.rates) if movement else frozenset(),
        growth=movement is not None,
    )
    main = next((c for c in channels if c.kind != "frequency"), None)
    if main is None:
        return Drawing([], placed.others, Compensation.NOT_NEEDED, None)
    unit = UNITS.get(main.kind, main.unit)
    digits = digits_of(unit, sensor.resolution)
    lines = list(_value_lines(channels, trend, start_ns, end_ns))
    panels = [Panel(VALUE, unit, digits, lines, placed.lines.get(VALUE, []))]
    diagram = None
    if sensor.kind == "vibration":
        diagram = _shaken(services, building, sensor, channels, trend, placed, panels,
                          start_ns, end_ns)  # fmt: skip
    # what was taken out stands right below what is left
    panels += _weather(channels, trend, unit, digits, start_ns, end_ns)
    panels += _moved(trend, placed, unit, digits, start_ns, end_ns)
    drawn = {panel.name for panel in panels}
    others = placed.others + [
        line.limit for name, held in placed.lines.items() if name not in drawn for line in held
    ]
    status = movement.compensation if movement else trend.channels[main.id].compensation
    step_ns = max(1, main.interval_s) * SECOND_NS
    return Drawing(panels, others, status, trend.channels[main.id], step_ns, diagram)


def _charted(channels: list[Channel]) -> list[Channel]:
    """Keep the peaks and their frequencies of a shaking point that has further features."""
    if any(c.kind == "peak_velocity" for c in channels):
        return [c for c in channels if c.kind in {"peak_velocity", "frequency"}]
    return channels


def _today(services: Services) -> date:
    return local(services.clock.now_ns()).date()


def _value_lines(
    channels: list[Channel], trend: Trend, start_ns: int, end_ns: int
) -> Iterator[tuple[Line, str]]:
    """Read the lines: a tilt point's lean is the strong one, its axes are thin."""
    axes = {c.axis: c for c in channels if c.kind == "tilt"}
    pairs = [(MAIN, False)]
    if any(trend.channels[c.id].thermometer for c in channels):
        pairs.append((RAW, True))
    if {"x", "y"} <= set(axes):
        for role, weather in pairs:
            x, y = (_points(axes[axis], trend, weather=weather) for axis in ("x", "y"))
            yield thin("lean", lean_of(x, y), start_ns, end_ns), role
            if role == MAIN:
                yield thin("x", x, start_ns, end_ns), PART
                yield thin("y", y, start_ns, end_ns), PART
        return
    values = [c for c in channels if c.kind == channels[0].kind]
    for channel in values:
        for role, weather in pairs:
            points = _points(channel, trend, weather=weather)
            # of several axes of a shaking point the first is the strong line
            drawn = PART if role == MAIN and channel is not values[0] else role
            yield thin(channel.axis or channel.kind, points, start_ns, end_ns), drawn


def _points(channel: Channel, trend: Trend, *, weather: bool) -> Points:
    rows = trend.channels[channel.id]
    return points_of(rows, max(1, channel.interval_s) * SECOND_NS, weather=weather)


def _moved(
    trend: Trend, placed: PlacedLimits, unit: str, digits: int, start_ns: int, end_ns: int
) -> Iterator[Panel]:
    """Lay out growth and rates, each where a limit asks for it."""
    movement = trend.movement
    if movement is None:
        return
    step_ns = int(movement.at[1] - movement.at[0]) if len(movement.at) > 1 else 2 * HOUR_NS
    if limits := placed.lines.get(GROWTH):
        line = thin("growth", bins_of(movement.at, movement.growth, step_ns), start_ns, end_ns)
        yield Panel(GROWTH, unit, digits, [(line, MAIN)], limits)
    for name, rate in movement.rates.items():
        if limits := placed.lines.get(name):
            line = thin("rate", bins_of(movement.at, rate.values, step_ns), start_ns, end_ns)
            yield Panel(name, name, digits + 1, [(line, MAIN)], limits, rate.window_days)


def _weather(
    channels: list[Channel], trend: Trend, unit: str, digits: int, start_ns: int, end_ns: int
) -> Iterator[Panel]:
    """Lay out what was taken out as the weather's share."""
    lines: list[tuple[Line, str]] = []
    for channel in channels:
        rows = trend.channels[channel.id]
        if rows.thermometer:
            points = bins_of(rows.taken_at, rows.weather, max(1, channel.interval_s) * SECOND_NS)
            role = MAIN if not lines else PART
            lines.append((thin(channel.axis or channel.kind, points, start_ns, end_ns), role))
    if lines:
        yield Panel("weather", unit, digits, lines)


def _shaken(
    services: Services,
    building: Building,
    sensor: Sensor,
    channels: list[Channel],
    trend: Trend,
    placed: PlacedLimits,
    panels: list[Panel],
    start_ns: int,
    end_ns: int,
) -> Diagram | None:
    """Hold the peaks against the table of the building; spans of an hour have no frequency."""
    table, factor = table_for(services.profile, building, sensor.storey)
    peaks = [c for c in channels if c.kind == "peak_velocity"]
    if table is None or not peaks or any(trend.channels[c.id].spans for c in peaks):
        return None
    hertz = {
        c.axis.partition(".")[2]: trend.channels[c.id] for c in channels if c.kind == "frequency"
    }
    found = joined(
        [
            shaking_of(
                trend.channels[c.id],
                hertz.get(c.axis.partition(".")[2]),
                table,
                factor,
                max(1, c.interval_s) * SECOND_NS,
            )
            for c in peaks
        ]
    )
    limits = placed.lines.get(SHARE, [])
    line = thin("share", found.share, start_ns, end_ns)
    panels.append(Panel(SHARE, "%", 0, [(line, MAIN)], limits))
    known = [hz for hz, _ in table.points]
    seen = found.frequency_hz
    low = float(max(0.5, min([*known, *([seen.min()] if len(seen) else [])])))
    high = float(max([low * 2, *known, *([seen.max()] if len(seen) else [])]))
    curves = [(line.limit, curve_of(line.limit, table, factor, low, high)) for line in limits]
    return Diagram(found, curves, low, high, table.source, table.certainty.value, factor)
