"""Context events as drawings: where on the plan, and when on the line of time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, radians

from domain.buildings import Building
from domain.clock import DAY_NS
from domain.contexts import ContextEvent, ContextKind
from web.formats import local

WIDTH, ROW, LEFT = 720.0, 26.0, 64.0
PLAN_WIDTH, PLAN_HEIGHT = 480.0, 300.0
METRES_A_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One event on the line of time."""

    x: float
    width: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class TimeLine:
    """Events of some kinds from left to right; `rows` gives each kind its height."""

    height: float
    rows: tuple[tuple[float, ContextKind], ...]
    bars: tuple[Bar, ...]
    months: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Buildings and the places of events, to one scale."""

    buildings: tuple[tuple[float, float], ...]
    events: tuple[tuple[float, float, float, str], ...]
    scale_px: float
    scale_m: int


def time_line(events: Sequence[ContextEvent], start_ns: int, end_ns: int) -> TimeLine:
    """Draw events between two moments, one row a kind."""
    kinds = [kind for kind in ContextKind if any(e.kind is kind for e in events)]
    span_ns = max(1, end_ns - start_ns)

    def x(at_ns: int) -> float:
        part = min(1.0, max(0.0, (at_ns - start_ns) / span_ns))
        return round(LEFT + (WIDTH - LEFT - 4) * part, 1)

    bars = []
    for event in events:
        if event.during(start_ns, end_ns):
            left = x(event.started_at_ns)
            bars.append(
                Bar(
                    left,
                    max(3.0, round(x(event.ended_at_ns) - left, 1)),
                    kinds.index(event.kind) * ROW + 6,
                    f"{event.name} {local(event.started_at_ns):%Y-%m-%d %H:%M}",
                )
            )
    months = []
    seen = ""
    for at_ns in range(start_ns, end_ns, DAY_NS):
        name = f"{local(at_ns):%Y-%m}"
        if name != seen and seen:
            months.append((x(at_ns), name))
        seen = name
    step = max(1, len(months) // 6)
    rows = tuple((number * ROW, kind) for number, kind in enumerate(kinds))
    return TimeLine(len(kinds) * ROW + 18, rows, tuple(bars), tuple(months[::step]))


def plan_of(buildings: Iterable[Building], events: Sequence[ContextEvent]) -> Plan | None:
    """Draw where events are among the buildings; `None` when nothing has a place."""
    placed = [e for e in events if e.longitude is not None and e.latitude is not None]
    houses = list(buildings)
    points = [(b.longitude, b.latitude) for b in houses]
    points += [(e.longitude or 0.0, e.latitude or 0.0) for e in placed]
    if not placed or not points:
        return None
    middle = sum(lat for _, lat in points) / len(points)
    wide = METRES_A_DEGREE * cos(radians(middle))
    xs = [lon * wide for lon, _ in points]
    ys = [lat * METRES_A_DEGREE for _, lat in points]
    reach = max((min(e.radius_m, 3000.0) for e in placed), default=0.0)
    west, east = min(xs) - reach - 50, max(xs) + reach + 50
    south, north = min(ys) - reach - 50, max(ys) + reach + 50
    scale = min(PLAN_WIDTH / (east - west), PLAN_HEIGHT / (north - south))

    def at(lon: float, lat: float) -> tuple[float, float]:
        x = (lon * wide - west) * scale
        return round(x, 1), round((north - lat * METRES_A_DEGREE) * scale, 1)

    marks = []
    for event in placed:
        x, y = at(event.longitude or 0.0, event.latitude or 0.0)
        marks.append((x, y, round(max(4.0, event.radius_m * scale), 1), event.name))
    metres = next((m for m in (5000, 2000, 1000, 500, 200, 100) if m * scale <= 160), 50)
    return Plan(
        tuple(at(b.longitude, b.latitude) for b in houses),
        tuple(marks),
        round(metres * scale, 1),
        metres,
    )
