"""Puts a finding together from a rule's row and what was measured."""

from domain.findings import Cause, Compensation, Finding
from domain.ids import same_id
from domain.limits import Level, Limit
from domain.views import BuildingView, WatchedPoint


def finding(
    view: BuildingView,
    row: Limit,
    cause: Cause,
    point: WatchedPoint,
    level: Level,
    *,
    at_ns: int,
    value: float,
    started_ns: int,
    window_ns: int = 0,
    limit: float | None = None,
    unit: str | None = None,
    source: str | None = None,
    compensation: Compensation = Compensation.NOT_NEEDED,
    capped: bool = False,
    details: tuple[tuple[str, float | str], ...] = (),
) -> Finding:
    """Report that a rule's level at a point changed.

    Parameters
    ----------
    row
        Row that decided; at `NONE` the one that is no longer reached.
    limit, unit, source
        In place of the row's own, where the limit comes out of a table.

    """
    return Finding(
        id=same_id(view.building.id, row.id, point.sensor_id, level.word, at_ns),
        building_id=view.building.id,
        cause=cause,
        rule=row.id,
        subject=point.sensor_id,
        subject_name=point.name,
        channels=tuple(channel.id for _, channel in sorted(point.axes.items())),
        level=level,
        at_ns=at_ns,
        value=value,
        limit=row.value if limit is None else limit,
        unit=row.unit if unit is None else unit,
        window_ns=window_ns,
        started_ns=started_ns,
        source=row.source if source is None else source,
        certainty=row.certainty.value,
        profile=view.profile.label,
        compensation=compensation,
        capped=capped,
        details=details,
    )


def deciding_row(by_level: dict[Level, tuple[Limit, float]], level: Level) -> tuple[Limit, float]:
    """Pick the row to show: of the new level, or at `NONE` the mildest, which was left."""
    wanted = max(level, Level.BLUE)
    return by_level[min(by_level, key=lambda known: (abs(known - wanted), known))]
