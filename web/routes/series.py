"""What a sensor's chart draws, as JSON, and its readings as CSV."""

import csv
import io
import math
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from alerting.sources import source_word
from alerting.words import unit_word
from domain.adjusted import Adjusted
from domain.alerts import AlertState
from domain.buildings import Building
from domain.clock import DAY_NS, SECOND_NS, to_datetime
from domain.contexts import ContextKind
from domain.errors import InvalidInput, NotFound
from domain.findings import Compensation
from domain.ports import Page
from domain.readings import UNFIT, QualityFlag
from domain.sensors import Channel, Sensor, Site
from domain.services import Services
from web.flag_marks import counts_of, runs_of
from web.guard import PageRoute, building_for, services_of
from web.limit_lines import VALUE
from web.limit_words import limit_out
from web.panels import MAIN, RAW, Diagram, Panel, channels_of, drawing_of
from web.render import words_of
from web.sensor_rows import UNITS, segments_of
from web.series import RANGES, Line
from web.words import Words

router = APIRouter(route_class=PageRoute)

#: alerts that a chart marks at most
ALERT_TICKS = 100
#: states in which the strong line is without the weather
TAKEN_OUT = frozenset({Compensation.MATURE, Compensation.IMMATURE})
#: readings of one stretch of the CSV
CSV_READINGS = 40_000
#: sensor kinds by the alert's cause that is drawn on their charts
CAUSES = {"tilt": "tilt", "crack": "crack", "settlement": "settlement", "vibration": "vibration"}


@router.get("/buildings/{building_id}/series")
def series(
    request: Request,
    building_id: str,
    sensor: Annotated[str, Query(max_length=100)],
    span: Annotated[str, Query(alias="range", max_length=10)] = "7d",
) -> Response:
    """Give the panels, limits, flags and ticks of one sensor's chart."""
    building = building_for(request, building_id, "readings:read")
    services, words = services_of(request), words_of(request)
    site = services.register.site(building.id)
    one = _sensor(site, sensor)
    start_ns, end_ns = _range(services, site, one, span)
    drawn = drawing_of(services, site, building, one, start_ns, end_ns)
    segments = [s for c in channels_of(site, one) for s in segments_of(site, c)]
    body: dict[str, Any] = {
        "sensor": one.id,
        "code": one.code,
        "kind": one.kind,
        "now": services.clock.now_ns() / 1e9,
        "start": start_ns / 1e9,
        "end": end_ns / 1e9,
        "absolute": any(s.absolute for s in segments),
        "compensation": drawn.compensation.value,
        "panels": [panel_out(panel, drawn.compensation, words) for panel in drawn.panels],
        "diagram": _diagram_out(drawn.diagram, words) if drawn.diagram else None,
        "others": [limit_out(limit, words) for limit in drawn.others],
        "flags": _flags_out(drawn.main, drawn.step_ns, words),
        "ticks": _ticks(services, building, site, one, start_ns, end_ns, words),
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


@router.get("/buildings/{building_id}/series.csv")
def series_csv(
    request: Request,
    building_id: str,
    sensor: Annotated[str, Query(max_length=100)],
    span: Annotated[str, Query(alias="range", max_length=10)] = "7d",
) -> Response:
    """Give every reading of one sensor, none thinned, as CSV."""
    building = building_for(request, building_id, "readings:read")
    services = services_of(request)
    site = services.register.site(building.id)
    one = _sensor(site, sensor)
    start_ns, end_ns = _range(services, site, one, span)
    name = (
        f"anju-{''.join(c for c in one.code if c.isascii() and c.isalnum()) or 'sensor'}-{span}.csv"
    )
    return StreamingResponse(
        _csv(services, channels_of(site, one), start_ns, end_ns),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _sensor(site: Site, sensor_id: str) -> Sensor:
    for sensor in site.sensors:
        if sensor.id == sensor_id:
            return sensor
    raise NotFound(f"no sensor {sensor_id!r}")


def _range(services: Services, site: Site, sensor: Sensor, span: str) -> tuple[int, int]:
    """Tell first and last instant of a range button; the end is now."""
    end_ns = services.clock.now_ns()
    if span in RANGES:
        return end_ns - RANGES[span], end_ns
    if span != "all":
        raise InvalidInput(f"range must be {', '.join(RANGES)} or all, got {span!r}", "range")
    starts = []
    for channel in channels_of(site, sensor):
        days = services.readings.rollups(channel.id, 0, end_ns, "day")
        if len(days):
            starts.append(int(days.start[0]))
    return min(starts, default=end_ns - DAY_NS), end_ns


def panel_out(panel: Panel, compensation: Compensation, words: Words) -> dict[str, Any]:
    """Give a panel as the script draws it."""
    unit = unit_word(panel.unit, words.language)
    name = "rate" if panel.window_days else panel.name
    days = f"{panel.window_days:g}"
    return {
        "name": panel.name,
        "title": words.of("panel", name).format(days=days) if name != VALUE else "",
        "unit": unit,
        "digits": panel.digits,
        "lines": [
            _line_out(line, role, words, adjusted=panel.name == VALUE and compensation in TAKEN_OUT)
            for line, role in panel.lines
        ],
        "limits": [limit_out(line.limit, words) | {"at": line.at} for line in panel.limits],
    }


def _line_out(line: Line, role: str, words: Words, *, adjusted: bool) -> dict[str, Any]:
    label = words.of("axis", line.axis)
    if role == RAW:
        label = words("chart.label_raw", what=label)
    elif role == MAIN and adjusted:
        label = words("chart.label_adjusted", what=label)
    return {
        "axis": line.axis,
        "label": label,
        "role": role,
        "at": (line.at_ns / 1e9).tolist(),
        "mean": _plain(line.mean.tolist()),
        "low": _plain(line.low.tolist()) if line.thinned else [],
        "high": _plain(line.high.tolist()) if line.thinned else [],
        "readings": line.readings,
        "thinned": line.thinned,
    }


def _plain(values: list[float]) -> list[float | None]:
    return [round(v, 6) if math.isfinite(v) else None for v in values]


def _diagram_out(diagram: Diagram, words: Words) -> dict[str, Any]:
    shaking = diagram.shaking
    return {
        "low": diagram.low_hz,
        "high": diagram.high_hz,
        "peaks": [
            [round(hz, 3), round(peak, 6)]
            for hz, peak in zip(
                shaking.frequency_hz.tolist(), shaking.peak_mm_s.tolist(), strict=True
            )
        ],
        "curves": [limit_out(row, words) | {"points": points} for row, points in diagram.curves],
        "source": source_word(diagram.source, words.language),
        "certainty": words.of("certainty", diagram.certainty),
        "factor": diagram.factor,
    }


def _flags_out(rows: Adjusted | None, step_ns: int, words: Words) -> dict[str, Any]:
    """List the runs of flagged readings, and how many readings bear each flag."""
    if rows is None:
        return {"known": True, "runs": [], "counts": []}
    return {
        "known": not rows.spans,
        "runs": [
            {
                "start": run.start_ns / 1e9,
                "end": run.end_ns / 1e9,
                "count": run.count,
                "unfit": run.unfit,
                "value": run.value if math.isfinite(run.value) else None,
                "label": " · ".join(_flag_words(run.flag, words)),
            }
            for run in runs_of(rows, step_ns)
        ],
        "counts": [
            {"label": _flag_words(flag, words)[0], "count": count, "unfit": bool(flag & UNFIT)}
            for flag, count in counts_of(rows).items()
        ],
    }


def _flag_words(flag: QualityFlag, words: Words) -> list[str]:
    return [words.of("flag", str(bit.name).lower()) for bit in flag]


def _ticks(
    services: Services,
    building: Building,
    site: Site,
    sensor: Sensor,
    start_ns: int,
    end_ns: int,
    words: Words,
) -> list[dict[str, Any]]:
    """List what happened in the range: new zeros of this sensor, alerts of this kind."""
    channels = {c.id for c in channels_of(site, sensor)}
    opened = {
        (s.opened_at_ns, s.reason)
        for s in site.segments
        if s.channel_id in channels and start_ns <= s.opened_at_ns < end_ns
    }
    ticks = [
        {
            "at": at_ns / 1e9,
            "kind": "segment",
            "label": words.of("segment", reason.value),
            "level": "",
        }
        for at_ns, reason in sorted(opened)
    ]
    alerts = services.alerts.alerts(
        Page(ALERT_TICKS), building_ids=[building.id], states=tuple(AlertState)
    )
    for alert in alerts:
        of_kind = alert.cause.value == CAUSES.get(sensor.kind)
        if of_kind and start_ns <= alert.event_started_at_ns < end_ns:
            ticks.append(
                {
                    "at": alert.event_started_at_ns / 1e9,
                    "kind": "alert",
                    "label": words(f"level.{alert.level_max.word}"),
                    "level": alert.level_max.word,
                }
            )
    ticks += _changes(services, building, channels, start_ns, end_ns, words)
    ticks += _contexts(services, building, start_ns, end_ns, words)
    return ticks


def _changes(
    services: Services,
    building: Building,
    channels: set[str],
    start_ns: int,
    end_ns: int,
    words: Words,
) -> list[dict[str, Any]]:
    """Mark since when the newest assessment sees a movement of these channels."""
    newest = services.assessments.newest([building.id]).get(building.id)
    whole = services.assessments.assessment(newest.assessment.id) if newest else None
    since = {
        verdict.since_ns
        for verdict in (whole.assessment.verdicts if whole else ())
        if verdict.channel_id in channels and verdict.since_ns is not None
    }
    return [
        {"at": at_ns / 1e9, "kind": "change", "label": words("chart.tick_change"), "level": ""}
        for at_ns in sorted(since)
        if start_ns <= at_ns < end_ns
    ]


def _contexts(
    services: Services, building: Building, start_ns: int, end_ns: int, words: Words
) -> list[dict[str, Any]]:
    """Mark the works, blasts and earthquakes that reached the building."""
    kinds = [kind for kind in ContextKind if kind is not ContextKind.WEATHER]
    events = services.contexts.events(
        Page(ALERT_TICKS), kinds=kinds, start_ns=start_ns, end_ns=end_ns
    )
    return [
        {
            "at": max(event.started_at_ns, start_ns) / 1e9,
            "kind": "context",
            "label": event.name or words.of("context", event.kind.value),
            "level": "",
        }
        for event in events
        if event.reaches(building.longitude, building.latitude)
    ]


def _csv(services: Services, channels: list[Channel], start_ns: int, end_ns: int) -> Iterator[str]:
    yield "\ufeff"  # spreadsheets take it for GBK otherwise
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(
        [
            "taken_at",
            "channel",
            "axis",
            "reading",
            "series_value",
            "adjusted_value",
            "unit",
            "flags",
        ]
    )
    for channel in channels:
        unit = UNITS.get(channel.kind, channel.unit)
        # in stretches, so that years of readings are never held at once
        length_ns = min(30 * DAY_NS, CSV_READINGS * max(1, channel.interval_s) * SECOND_NS)
        at_ns = start_ns
        while at_ns < end_ns:
            until_ns = min(end_ns, at_ns + length_ns)
            part = services.adjuster.channel(channel.id, at_ns, until_ns)
            for taken, reading, shown, adjusted, flag in zip(
                part.taken_at.tolist(),
                part.reading.tolist(),
                part.series.tolist(),
                part.value.tolist(),
                part.flag.tolist(),
                strict=True,
            ):
                flags = "|".join(f.name.lower() for f in QualityFlag(flag) if f.name) or "ok"
                writer.writerow(
                    [
                        to_datetime(taken).isoformat(),
                        channel.address,
                        channel.axis,
                        f"{reading:.6g}",
                        f"{shown:.6g}" if math.isfinite(shown) else "",
                        f"{adjusted:.6g}" if math.isfinite(adjusted) else "",
                        unit,
                        flags,
                    ]
                )
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
            at_ns = until_ns
