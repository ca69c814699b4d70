"""The page of one sensor: what it is, how it sits, what was done to it, and doing it."""

import math
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from domain.access import may
from domain.buildings import Building
from domain.clock import to_ns
from domain.datum import DATUM_KINDS
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import new_id
from domain.limits import Level
from domain.sensors import Channel, Sensor
from domain.upkeep import INSTRUMENT, ActKind, Wish
from domain.upkeep_desk import UpkeepDesk
from web.formats import ZONE
from web.guard import PageRoute, building_for, caller_of, services_of
from web.render import page, words_of
from web.routes.buildings import CHART_KINDS, FIRST_RANGE, RANGES
from web.sensor_rows import UNITS, sensor_rows
from web.upkeep_view import (
    COMPASS,
    act_rows,
    arrows,
    axis_name,
    certificate_of,
    direction,
    mount_of,
    segment_rows,
    told,
)
from web.words import Words

router = APIRouter(prefix="/buildings/{building_id}/sensors/{sensor_id}", route_class=PageRoute)

#: axes that a form has a field for
FORM_AXES = ("", "x", "y")

Number = Annotated[str, Form(max_length=40)]
Line = Annotated[str, Form(max_length=200)]


@router.get("")
def sensor_page(request: Request, building_id: str, sensor_id: str) -> Response:
    """Show one sensor."""
    building = building_for(request, building_id)
    services, words = services_of(request), words_of(request)
    desk = UpkeepDesk(services, building.id)
    sensor = desk.sensor(sensor_id)
    channels = desk.channels(sensor)
    mount = mount_of(desk.site, sensor)
    axes = sorted({c.axis for c in channels if c.kind == "tilt"})
    reads = may(caller_of(request), "readings:read", building)
    rows = [r for r in sensor_rows(services, desk.site, words) if r.sensor.id == sensor.id]
    return page(
        request,
        "sensor.html",
        active="buildings",
        building=building,
        sensor=sensor,
        row=rows[0] if rows and reads else None,
        certificate=certificate_of(services, sensor),
        unit=UNITS.get(sensor.kind, ""),
        mount=mount,
        arrows=arrows(mount, axes),
        axes=axes,
        where=lambda degrees: direction(degrees, words),
        segments=segment_rows(desk.site, sensor, channels, words),
        acts=act_rows(desk.acts(sensor), sensor, words),
        kinds=_kinds(sensor, channels) if _works(request, building) else [],
        charted=reads and sensor.kind in CHART_KINDS,
        ranges=RANGES,
        range="30d" if "30d" in RANGES else FIRST_RANGE,
        chart_words=words.group("chart")
        | {f"level.{value.word}": words(f"level.{value.word}") for value in Level}
        | {f"axis.{name}": text for name, text in words.group("axis").items()},
    )


@router.get("/act")
def act_form(
    request: Request,
    building_id: str,
    sensor_id: str,
    kind: Annotated[str, Query(max_length=20)],
    undoes: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Ask what is needed for one kind of act."""
    building, desk, sensor = _for_work(request, building_id, sensor_id)
    services, words = services_of(request), words_of(request)
    wanted = _kind(kind)
    return page(
        request,
        "_act_dialog.html",
        building=building,
        sensor=sensor,
        kind=wanted.value,
        undoes=undoes,
        act_id=new_id(services.clock.now_ns()),
        fields=[
            (c.axis, axis_name(c, words), UNITS.get(c.kind, c.unit))
            for c in _fielded(desk.channels(sensor), wanted)
        ],
        compass=[(45 * n, words(f"compass.{name}")) for n, name in enumerate(COMPASS)],
        mount=mount_of(desk.site, sensor),
        has_axes=any(c.kind == "tilt" for c in desk.channels(sensor)),
        unit=UNITS.get(sensor.kind, ""),
    )


@router.post("/act")
def act(
    request: Request,
    building_id: str,
    sensor_id: str,
    act_id: Annotated[str, Form(max_length=64, pattern=r"^[0-9a-f-]{36}$")],
    kind: Annotated[str, Form(max_length=20)],
    go: Annotated[str, Form(max_length=10)] = "",
    at: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
    undoes: Annotated[str, Form(max_length=100)] = "",
    survey: Number = "",
    survey_x: Number = "",
    survey_y: Number = "",
    scale: Number = "",
    scale_x: Number = "",
    scale_y: Number = "",
    azimuth: Number = "",
    height: Number = "",
    benchmark: Line = "",
    model: Line = "",
    serial: Line = "",
    certificate: Line = "",
    certificate_until: Line = "",
    resolution: Number = "",
) -> Response:
    """Show what an act would come to; with `go` do it."""
    _, desk, sensor = _for_work(request, building_id, sensor_id)
    services, words = services_of(request), words_of(request)
    caller = caller_of(request)
    wanted = _kind(kind)
    fault = ""
    said: list[str] = []
    at_text = at
    try:
        at_ns = services.clock.now_ns() if not at.strip() else _moment(at)
        by_axis = {c.axis: c.id for c in _fielded(desk.channels(sensor), wanted)}
        surveys = _by_channel(by_axis, {"": survey, "x": survey_x, "y": survey_y}, "survey")
        scales = _by_channel(by_axis, {"": scale, "x": scale_x, "y": scale_y}, "scale")
        texts = {
            "model": model,
            "serial": serial,
            "certificate": certificate,
            "certificate_until": certificate_until,
        }
        facts: dict[str, float | str | None] = {n: t.strip() for n, t in texts.items() if t.strip()}
        if resolution.strip():
            facts["resolution"] = _number(resolution, "resolution")
        wish = Wish(
            act_id,
            wanted,
            at_ns,
            reason.strip(),
            surveys=surveys,
            scales=scales,
            facts={name: facts[name] for name in INSTRUMENT if name in facts},
            x_azimuth_deg=_degrees(azimuth),
            height_m=_number(height, "height_m") if height.strip() else None,
            benchmark=benchmark.strip(),
            undoes=undoes,
        )
        if go:
            desk.carry_out(sensor, wish, caller.name)
            return Response(status_code=204, headers={"HX-Refresh": "true"})
        said = told(desk.plan(sensor, wish, caller.name), sensor, words)
    except (InvalidInput, Conflict) as error:
        fault = _fault(error, words)
    return page(
        request,
        "_act_preview.html",
        status=422 if fault else 200,
        fault=fault,
        said=said,
        at_text=at_text,
    )


def _kinds(sensor: Sensor, channels: list[Channel]) -> list[str]:
    """Tell which acts a sensor of this kind knows."""
    datum = any(c.kind in DATUM_KINDS for c in channels)
    if sensor.by_hand is not None:
        return ["survey"] if datum else []
    kinds = ["survey", "re-zero", "re-mount"] if datum else []
    return [*kinds, "swap", "calibration", "certificate"]


def _fielded(channels: list[Channel], kind: ActKind) -> list[Channel]:
    """Tell the channels that a form asks a value for."""
    if kind not in {ActKind.SURVEY, ActKind.CALIBRATION}:
        return []
    return [
        c
        for c in channels
        if c.axis in FORM_AXES and (kind is ActKind.CALIBRATION or c.kind in DATUM_KINDS)
    ]


def _works(request: Request, building: Building) -> bool:
    return may(caller_of(request), "instruments:work", building)


def _for_work(
    request: Request, building_id: str, sensor_id: str
) -> tuple[Building, UpkeepDesk, Sensor]:
    building = building_for(request, building_id, "instruments:work")
    desk = UpkeepDesk(services_of(request), building.id)
    return building, desk, desk.sensor(sensor_id)


def _kind(text: str) -> ActKind:
    try:
        return ActKind(text)
    except ValueError:
        raise NotFound(f"no act {text!r}") from None


def _moment(text: str) -> int:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(f"at must be a moment, got {text!r}", "at") from None
    return to_ns(at if at.tzinfo is not None else at.replace(tzinfo=ZONE))


def _number(text: str, field: str) -> float:
    try:
        value = float(text.strip().replace("−", "-"))
    except ValueError:
        raise InvalidInput(f"{field} must be a number, got {text!r}", field) from None
    if not math.isfinite(value):
        raise InvalidInput(f"{field} must be a number, got {text!r}", field)
    return value


def _degrees(text: str) -> float | None:
    if not text.strip():
        return None
    degrees = _number(text, "x_azimuth_deg")
    if not 0 <= degrees <= 360:
        raise InvalidInput(f"x_azimuth_deg must be 0 to 360, got {text!r}", "x_azimuth_deg")
    return degrees


def _by_channel(by_axis: dict[str, str], given: dict[str, str], field: str) -> dict[str, float]:
    return {
        by_axis[axis]: _number(text, field)
        for axis, text in given.items()
        if text.strip() and axis in by_axis
    }


def _fault(error: InvalidInput | Conflict, words: Words) -> str:
    """Say what is wrong in the reader's words, where there is a sentence for it."""
    if isinstance(error, Conflict):
        return words("upkeep.fault_conflict") if words.language == "zh" else str(error)
    return words.of("upkeep_fault", error.field or "", str(error))
