"""The page of one building: is it moving, why do we think so, what is being done."""

from typing import Any

from fastapi import APIRouter, Request, Response

from domain.access import may, sees_residents
from domain.alerts import AlertState
from domain.buildings import Building
from domain.clock import DAY_NS
from domain.limits import Level
from domain.ports import Page
from web.alert_rows import LIVE, ROWS, rows_of
from web.check_rows import checks_of_building
from web.formats import local
from web.guard import PageRoute, building_for, caller_of, services_of
from web.render import page, words_of
from web.routes.assessments import assessment_of
from web.routes.reports import appraisals_of
from web.sensor_rows import SensorRow, sensor_rows
from web.words import Words

router = APIRouter(route_class=PageRoute)

RANGES = ("24h", "7d", "30d", "1y", "all")
FIRST_RANGE = "7d"
#: kinds that have a chart, in its order
CHART_KINDS = ("tilt", "crack", "settlement", "vibration", "temperature")


@router.get("/buildings/{building_id}")
def building_page(request: Request, building_id: str) -> Response:
    """Show one building."""
    building = building_for(request, building_id)
    services, words = services_of(request), words_of(request)
    caller = caller_of(request)
    today = local(services.clock.now_ns()).date()
    table = appraisals_of(request, building)
    made = [a for a in table["appraisals"] if a.appraised_on <= today]
    appraisal = made[0] if made else None
    site = services.register.site(building.id)
    may_chart = may(caller, "readings:read", building)
    charts = [s for s in site.sensors if s.active and s.kind in CHART_KINDS] if may_chart else []
    return page(
        request,
        "building.html",
        active="buildings",
        appraisal=appraisal,
        expired=appraisal is not None
        and appraisal.valid_until is not None
        and appraisal.valid_until < today,
        **table,
        told_of="",
        charts=sorted(charts, key=lambda s: (CHART_KINDS.index(s.kind), s.code)),
        ranges=RANGES,
        range=FIRST_RANGE,
        chart_words=words.group("chart")
        | {f"level.{value.word}": words(f"level.{value.word}") for value in Level}
        | {f"axis.{name}": text for name, text in words.group("axis").items()},
        facts=_facts(building, words, residents=sees_residents(caller)),
        checks=checks_of_building(services, caller, building),
        **(_state(request, building) | assessment_of(request, building)),
    )


@router.get("/buildings/{building_id}/state")
def building_state(request: Request, building_id: str) -> Response:
    """Show what changes from minute to minute by itself."""
    building = building_for(request, building_id)
    return page(request, "_building_state.html", **_state(request, building))


@router.get("/buildings/{building_id}/checks-part")
def building_checks(request: Request, building_id: str) -> Response:
    """Show the check-ups by themselves."""
    building = building_for(request, building_id, "checks:read")
    checks = checks_of_building(services_of(request), caller_of(request), building)
    return page(request, "_building_checks.html", building=building, checks=checks)


@router.get("/buildings/{building_id}/sensors")
def building_sensors(request: Request, building_id: str) -> Response:
    """Show the table of sensors, and the closed alerts, by themselves."""
    building = building_for(request, building_id)
    return page(request, "_building_sensors.html", **_state(request, building))


def _state(request: Request, building: Building) -> dict[str, Any]:
    services, words = services_of(request), words_of(request)
    caller = caller_of(request)
    live, closed = [], []
    if may(caller, "alerts:read", building):
        store = services.alerts
        live = store.alerts(Page(ROWS), building_ids=[building.id], states=LIVE)
        closed = store.alerts(Page(20), building_ids=[building.id], states=(AlertState.CLOSED,))
    sensors = (
        sensor_rows(services, services.register.site(building.id), words)
        if may(caller, "readings:read", building)
        else []
    )
    worst = max((alert.level for alert in live), default=Level.NONE)
    waiting = sum(alert.state is AlertState.OPEN for alert in live)
    return {
        "building": building,
        "worst": worst,
        "answer": _answer(worst, sensors, services.clock.now_ns(), words),
        "done": words("building.done_none")
        if not live
        else words("building.done_waiting", n=waiting)
        if waiting
        else words("building.done_owned", n=len(live)),
        "rows": rows_of(services, [(alert, building) for alert in live], words.language),
        "closed": rows_of(services, [(alert, building) for alert in closed], words.language),
        "sensors": sensors,
        "chart_kinds": CHART_KINDS,
    }


def _answer(worst: Level, sensors: list[SensorRow], now_ns: int, words: Words) -> str:
    """Say whether it moves; silence is never told as calm."""
    if worst > Level.NONE:
        return words(f"building.answer_{worst.word}")
    watching = [s for s in sensors if s.sensor.kind != "temperature"]
    if not watching:
        return words("building.answer_unwatched")
    heard = [s for s in watching if s.at_ns is not None]
    if not heard:
        return words("building.answer_never")
    stale = sum(s.stale for s in watching) + len(watching) - len(heard)
    if stale == len(watching):
        days = (now_ns - max(s.at_ns or 0 for s in heard)) // DAY_NS
        return words("building.answer_silent", n=days)
    if stale:
        return words("building.answer_calm_partly", n=len(watching) - stale, of=len(watching))
    return words("building.answer_calm", n=len(watching))


def _facts(building: Building, words: Words, *, residents: bool) -> list[tuple[str, str]]:
    """List what is known of a building; what concerns those who live there only when asked for."""
    storeys = str(building.storeys_above)
    if building.storeys_below:
        storeys += f" / −{building.storeys_below}"
    pairs: list[tuple[str, object]] = [
        ("code", building.code),
        ("use", words.of("use", building.use)),
        ("structure", words.of("structure", building.structure)),
        ("build_year", building.build_year),
        ("storeys", storeys),
        ("height_m", f"{building.height_m:g} m"),
        ("area_m2", f"{building.area_m2:,.0f} m²" if building.area_m2 else None),
        ("households", building.households if residents else None),
        ("heritage", words.of("heritage", building.heritage.value)),
        ("street", building.street),
        ("community", building.community),
        ("position", f"{building.longitude:.5f}, {building.latitude:.5f} ({building.crs})"),
    ]
    if building.works_nearby:
        pairs.insert(0, ("works_nearby", words("building.yes")))
    return [(name, str(value)) for name, value in pairs if value not in {None, ""}]
