"""What people measure by hand at a building: begin a series, enter values, import a table."""

import csv
import hashlib
import io
import math
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from domain.access import may
from domain.buildings import Building
from domain.errors import Conflict, InvalidInput, NotFound, SafetyError
from domain.hand_desk import HandDesk, due_in_days
from domain.hand_import import TEMPLATE_EXAMPLE, TEMPLATE_HEADER, HandPreview, read_moment
from domain.hand_readings import HandReading
from domain.ids import new_id
from domain.sensors import Channel, Method, Sensor
from ingest.kinds import kinds
from web.formats import local
from web.guard import PageRoute, building_for, caller_of, services_of
from web.render import page, words_of
from web.sensor_rows import UNITS
from web.upkeep_view import axis_name, value_text

router = APIRouter(prefix="/buildings/{building_id}/by-hand", route_class=PageRoute)

SHOWN = 200
FILE_BYTES_MAX = 10_000_000

Line = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One point with its newest values; `due` in days, below 0 when it is late."""

    sensor: Sensor
    values: tuple[tuple[str, str], ...]
    at_ns: int | None
    due: int | None


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One value of the list; `refused`: it was not taken in, for its point is not in use."""

    reading: HandReading
    sensor: Sensor
    axis: str
    text: str
    entered_by: str
    entered_at_ns: int
    taken_in: bool
    refused: bool = False


@cache
def spans() -> dict[str, tuple[float, float]]:
    """Tell the physical range of each kind, in its unit."""
    return {kind.name: (kind.low, kind.high) for kind in kinds().values()}


@router.get("")
def by_hand(request: Request, building_id: str) -> Response:
    """Show the points that people measure, and what they measured."""
    building = building_for(request, building_id, "readings:read")
    return _page(request, building)


@router.get("/series")
def series_form(request: Request, building_id: str) -> Response:
    """Ask what is needed to begin a series."""
    building = building_for(request, building_id, "instruments:work")
    sensor_id = new_id(services_of(request).clock.now_ns())
    return page(
        request,
        "_hand_series.html",
        building=building,
        sensor_id=sensor_id,
        methods=[method.value for method in Method],
        fault="",
    )


@router.post("/series")
def begin_series(
    request: Request,
    building_id: str,
    sensor_id: Annotated[str, Form(max_length=64, pattern=r"^[0-9a-f-]{36}$")],
    code: Line = "",
    method: Annotated[str, Form(max_length=20)] = "",
    place: Line = "",
    interval_days: Annotated[str, Form(max_length=5)] = "30",
    load_bearing: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Begin a series."""
    building = building_for(request, building_id, "instruments:work")
    words = words_of(request)
    owner = services_of(request).register.building_of(sensor_id)
    if owner not in {None, building.id}:
        raise NotFound(f"no sensor {sensor_id!r}")
    fault = ""
    try:
        days = int(interval_days) if interval_days.strip().isdecimal() else 0
        HandDesk(services_of(request), building.id, spans()).begin(
            sensor_id,
            code,
            Method(method),
            caller_of(request).name,
            building.name,
            place=place.strip(),
            load_bearing=bool(load_bearing),
            interval_days=days,
        )
    except Conflict:
        fault = words("hand.fault_code")
    except (InvalidInput, ValueError) as error:
        fault = words.of("hand_fault", getattr(error, "field", "") or "", str(error))
    if not fault:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return page(
        request,
        "_hand_series.html",
        status=422,
        building=building,
        sensor_id=sensor_id,
        methods=[each.value for each in Method],
        fault=fault,
    )


@router.post("/readings")
def enter(
    request: Request,
    building_id: str,
    sheet_id: Annotated[str, Form(max_length=64, pattern=r"^[0-9a-f-]{36}$")],
    channel: Annotated[str, Form(max_length=100)] = "",
    taken_at: Annotated[str, Form(max_length=40)] = "",
    value: Annotated[str, Form(max_length=40)] = "",
    measured_by: Line = "",
    instrument: Line = "",
    note: Annotated[str, Form(max_length=500)] = "",
    sure: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Enter one value; a strange one is asked about first."""
    building = building_for(request, building_id, "readings:enter")
    services, words = services_of(request), words_of(request)
    desk = HandDesk(services, building.id, spans())
    fault = doubt = ""
    try:
        now_ns = services.clock.now_ns()
        taken_ns = read_moment(taken_at.strip()) if taken_at.strip() else now_ns
        number = float(value.strip().replace("−", "-").replace(",", "."))
        if not math.isfinite(number):
            raise ValueError(value)
        reading = HandReading(
            channel, taken_ns, number, measured_by, instrument.strip(), note.strip()
        )
        if not sure:
            doubt = _doubt(desk, reading, words.language)
        if not doubt:
            desk.enter(sheet_id, [reading], caller_of(request).name)
    except Conflict:
        fault = words("hand.fault_taken")
    except InvalidInput as error:
        fault = words.of("hand_fault", error.field or "", str(error))
    except NotFound:
        fault = words("hand_fault.channel")
    except ValueError:
        fault = words("hand_fault.value_or_time")
    if not fault and not doubt:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    status = 422 if fault else 200
    return page(request, "_hand_doubt.html", status=status, fault=fault, doubt=doubt)


@router.get("/template.csv")
def template(request: Request, building_id: str) -> Response:
    """Give a table with the right header and one example."""
    building_for(request, building_id, "readings:enter")
    buffer = io.StringIO()
    csv.writer(buffer).writerows([TEMPLATE_HEADER, TEMPLATE_EXAMPLE])
    return Response(
        "\ufeff" + buffer.getvalue(),  # spreadsheets take it for GBK otherwise
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="anju-by-hand.csv"'},
    )


@router.post("/import")
def import_look(
    request: Request,
    building_id: str,
    file: Annotated[UploadFile, File()],
    digest: Annotated[str, Form(max_length=64)] = "",
    sheet_id: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Tell row by row what is wrong; with the digest of what was looked at take it in."""
    building = building_for(request, building_id, "readings:enter")
    services = services_of(request)
    desk = HandDesk(services, building.id, spans())
    content = file.file.read(FILE_BYTES_MAX + 1)
    mark = hashlib.sha256(content).hexdigest()
    found: HandPreview | None = None
    written = None
    fault = ""
    try:
        if not content or len(content) > FILE_BYTES_MAX:
            raise InvalidInput("file must be a table of at most 10 MB", "file")
        found = desk.preview(services.read_sheet(file.filename or "", content))
        # what is written is what was looked at: another file, or a changed one, is shown first
        if digest == mark and found.ok and sheet_id:
            sheet = desk.enter(sheet_id[:64], found.readings, caller_of(request).name)
            written = len(sheet.readings)
    except SafetyError as error:
        fault = str(error)
    language = words_of(request).language
    return page(
        request,
        "_hand_preview.html",
        building=building,
        fault=fault,
        found=found,
        written=written,
        digest=mark,
        sheet_id=new_id(services.clock.now_ns()),
        texts=lambda each: each.message_en if language == "en" else each.message_zh,
    )


def _page(request: Request, building: Building) -> Response:
    services, words = services_of(request), words_of(request)
    desk = HandDesk(services, building.id, spans())
    by_channel = {c.id: (s, c) for s, own in desk.points for c in own}
    rows: list[ReadingRow] = []
    for sheet, one in services.hand.readings(building.id, SHOWN):
        if one.channel_id in by_channel:
            sensor, channel = by_channel[one.channel_id]
            rows.append(
                ReadingRow(
                    one,
                    sensor,
                    channel.axis,
                    value_text(sensor, channel, one.value, signed=channel.kind != "crack"),
                    sheet.entered_by,
                    sheet.entered_at_ns,
                    sheet.done_at_ns is not None,
                    sheet.outcome not in {"", "stored"},
                )
            )
    now_ns = services.clock.now_ns()
    return page(
        request,
        "by_hand.html",
        active="buildings",
        building=building,
        series=[_series(sensor, own, rows, now_ns) for sensor, own in desk.points],
        rows=rows,
        channels=[
            (c.id, f"{s.code} {axis_name(c, words)} ({UNITS.get(c.kind, c.unit)})")
            for s, own in desk.points
            for c in own
        ],
        sheet_id=new_id(now_ns),
        now_text=local(now_ns).strftime("%Y-%m-%dT%H:%M"),
        may_enter=may(caller_of(request), "readings:enter", building),
        may_begin=may(caller_of(request), "instruments:work", building),
    )


def _series(
    sensor: Sensor, channels: tuple[Channel, ...], rows: list[ReadingRow], now_ns: int
) -> SeriesRow:
    mine = [row for row in rows if row.sensor.id == sensor.id]
    newest_ns = max((row.reading.taken_at_ns for row in mine), default=None)
    values = tuple(
        (channel.axis, next(row.text for row in mine if row.reading.channel_id == channel.id))
        for channel in channels
        if any(row.reading.channel_id == channel.id for row in mine)
    )
    interval_s = min((c.interval_s for c in channels), default=0)
    return SeriesRow(sensor, values, newest_ns, due_in_days(newest_ns, interval_s, now_ns))


def _doubt(desk: HandDesk, reading: HandReading, language: str) -> str:
    """Say what is strange about one value beside its neighbours; empty when nothing is."""
    for doubt in desk.doubts([reading]):
        return doubt.message_en if language == "en" else doubt.message_zh
    return ""
