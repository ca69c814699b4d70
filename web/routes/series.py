"""What a sensor's chart draws, as JSON, and its readings as CSV."""

import csv
import io
import math
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from alerting.words import unit_word
from domain.alerts import AlertState
from domain.buildings import Building
from domain.clock import DAY_NS, to_datetime
from domain.errors import InvalidInput, NotFound
from domain.limits import Limit
from domain.ports import Page
from domain.readings import QualityFlag
from domain.sensors import Channel, Sensor, Site
from domain.services import Services
from web.formats import digits_of
from web.guard import PageRoute, building_for, services_of
from web.limit_lines import lines_of
from web.render import words_of
from web.sensor_rows import UNITS, segments_of, shown_channels
from web.series import RANGES, Line, lean_of, offsets_at, points_of, thin
from web.words import Words

router = APIRouter(route_class=PageRoute)

#: alerts that a chart marks at most
ALERT_TICKS = 100
#: sensor kinds by the alert's cause that is drawn on their charts
CAUSES = {"tilt": "tilt", "crack": "crack", "settlement": "settlement", "vibration": "vibration"}


@router.get("/buildings/{building_id}/series")
def series(
    request: Request,
    building_id: str,
    sensor: Annotated[str, Query(max_length=100)],
    span: Annotated[str, Query(alias="range", max_length=10)] = "7d",
) -> Response:
    """Give the lines, limits and ticks of one sensor's chart."""
    building = building_for(request, building_id, "readings:read")
    services, words = services_of(request), words_of(request)
    site = services.register.site(building.id)
    one = _sensor(site, sensor)
    start_ns, end_ns = _range(services, site, one, span)
    channels = shown_channels(_channels(site, one))
    main = next((c for c in channels if c.kind != "frequency"), None)
    unit = UNITS.get(main.kind, main.unit) if main else ""
    lines = [
        _line_out(line, role, words)
        for line, role in _lines(services, site, channels, start_ns, end_ns)
    ]
    segments = [s for c in channels for s in segments_of(site, c)]
    limits, others = lines_of(one, segments, services.profile, building)
    resolution = one.resolution
    body: dict[str, Any] = {
        "sensor": one.id,
        "code": one.code,
        "kind": one.kind,
        "unit": unit,
        "digits": digits_of(unit, resolution),
        "now": services.clock.now_ns() / 1e9,
        "start": start_ns / 1e9,
        "end": end_ns / 1e9,
        "absolute": any(s.absolute for s in segments),
        "lines": lines,
        "limits": [_limit_out(line.limit, words) | {"at": line.at} for line in limits],
        "others": [_limit_out(limit, words) for limit in others],
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
        _csv(services, site, _channels(site, one), start_ns, end_ns),
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


def _channels(site: Site, sensor: Sensor) -> list[Channel]:
    own = [c for c in site.channels if c.sensor_id == sensor.id]
    return sorted(own, key=lambda c: (c.axis == "frequency", c.axis, c.id))


def _range(services: Services, site: Site, sensor: Sensor, span: str) -> tuple[int, int]:
    """Tell first and last instant of a range button; the end is now."""
    end_ns = services.clock.now_ns()
    if span in RANGES:
        return end_ns - RANGES[span], end_ns
    if span != "all":
        raise InvalidInput(f"range must be {', '.join(RANGES)} or all, got {span!r}", "range")
    starts = []
    for channel in _channels(site, sensor):
        days = services.readings.rollups(channel.id, 0, end_ns, "day")
        if len(days):
            starts.append(int(days.start[0]))
    return min(starts, default=end_ns - DAY_NS), end_ns


def _lines(
    services: Services, site: Site, channels: list[Channel], start_ns: int, end_ns: int
) -> Iterator[tuple[Line, str]]:
    """Read the lines: a tilt point's lean is the strong one, its axes are thin."""
    points = {
        c.id: points_of(services.readings, c, segments_of(site, c), start_ns, end_ns)
        for c in channels
    }
    axes = {c.axis: c for c in channels if c.kind == "tilt"}
    if {"x", "y"} <= set(axes):
        lean = lean_of(points[axes["x"].id], points[axes["y"].id])
        yield thin("lean", lean, start_ns, end_ns), "main"
        for axis in ("x", "y"):
            yield thin(axis, points[axes[axis].id], start_ns, end_ns), "part"
        return
    for channel in channels:
        role = "beside" if channel.kind == "frequency" else "main"
        yield thin(channel.axis or channel.kind, points[channel.id], start_ns, end_ns), role


def _line_out(line: Line, role: str, words: Words) -> dict[str, Any]:
    return {
        "axis": line.axis,
        "label": words.of("axis", line.axis),
        "role": role,
        "at": (line.at_ns / 1e9).tolist(),
        "mean": _plain(line.mean.tolist()),
        "low": _plain(line.low.tolist()),
        "high": _plain(line.high.tolist()),
        "readings": line.readings,
        "unfit": line.unfit,
        "thinned": line.thinned,
    }


def _plain(values: list[float]) -> list[float | None]:
    return [round(v, 6) if math.isfinite(v) else None for v in values]


def _limit_out(limit: Limit, words: Words) -> dict[str, Any]:
    return {
        "level": limit.level.word,
        "label": _limit_label(limit, words),
        "source": words.of("source", limit.source),
        "certainty": words.of("certainty", limit.certainty.value),
        "rule": limit.id,
    }


def _limit_label(limit: Limit, words: Words) -> str:
    level = words(f"level.{limit.level.word}")
    sign = ">" if limit.op == ">" else "≥"
    what = words.of("quantity", limit.quantity)
    unit = unit_word(limit.unit, words.language)
    text = f"{what} {sign} {limit.value:g} {unit}"
    for name in ("months", "days"):
        if (n := limit.condition(name)) and isinstance(n, int | float) and n > 1:
            text += " " + words(f"chart.lasting_{name}", n=int(n))
    return f"{level} {text}"


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
    channels = {c.id for c in _channels(site, sensor)}
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
    return ticks


def _csv(
    services: Services, site: Site, channels: list[Channel], start_ns: int, end_ns: int
) -> Iterator[str]:
    yield "\ufeff"  # spreadsheets take it for GBK otherwise
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["taken_at", "channel", "axis", "reading", "series_value", "unit", "flags"])
    for channel in channels:
        segments = segments_of(site, channel)
        at_ns = start_ns
        while at_ns < end_ns:
            until_ns = min(end_ns, at_ns + 30 * DAY_NS)
            part = services.readings.between(channel.id, at_ns, until_ns)
            offsets = offsets_at(part.taken_at, segments)
            unit = UNITS.get(channel.kind, channel.unit)
            for taken, value, offset, flag in zip(
                part.taken_at.tolist(),
                part.value.tolist(),
                offsets.tolist(),
                part.flag.tolist(),
                strict=True,
            ):
                shown = f"{value + offset:.6g}" if math.isfinite(offset) else ""
                flags = "|".join(f.name.lower() for f in QualityFlag(flag) if f.name) or "ok"
                writer.writerow(
                    [
                        to_datetime(taken).isoformat(),
                        channel.address,
                        channel.axis,
                        f"{value:.6g}",
                        shown,
                        unit,
                        flags,
                    ]
                )
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
            at_ns = until_ns
