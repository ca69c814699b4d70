"""The push test on a sensor's page: push in a known direction, and see which axis answers."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from domain.buildings import Building
from domain.errors import InvalidInput
from domain.ids import new_id
from domain.push_test import azimuth_of
from domain.readings import Floats, Int64s
from domain.sensors import Sensor
from domain.upkeep_desk import UpkeepDesk
from web.formats import quantity
from web.guard import PageRoute, building_for, services_of
from web.render import page, words_of
from web.upkeep_view import COMPASS, direction

router = APIRouter(
    prefix="/buildings/{building_id}/sensors/{sensor_id}/push", route_class=PageRoute
)

#: the readings of so many minutes are shown
MINUTES = 10
#: size of the small picture of the newest readings
WIDTH, HEIGHT = 280, 60
Degrees = Annotated[float, Query(ge=0, le=360, allow_inf_nan=False)]


@router.get("")
def ask(
    request: Request,
    building_id: str,
    sensor_id: str,
    earlier: Annotated[float | None, Query(ge=0, le=360, allow_inf_nan=False)] = None,
    pushed: Degrees = 90.0,
) -> Response:
    """Ask for the direction of the push."""
    building, _, sensor = _for_work(request, building_id, sensor_id)
    words = words_of(request)
    return page(
        request,
        "_push_dialog.html",
        building=building,
        sensor=sensor,
        compass=[(45 * n, words(f"compass.{name}")) for n, name in enumerate(COMPASS)],
        earlier=earlier,
        pushed=(pushed + 90.0) % 360.0 if earlier is not None else pushed,
    )


@router.get("/live")
def live(
    request: Request,
    building_id: str,
    sensor_id: str,
    pushed: Degrees,
    began: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    earlier: Annotated[float | None, Query(ge=0, le=360, allow_inf_nan=False)] = None,
) -> Response:
    """Show the newest readings of both axes, and what they tell so far."""
    building, desk, sensor = _for_work(request, building_id, sensor_id)
    services, words = services_of(request), words_of(request)
    now_ns = services.clock.now_ns()
    began_ns = began or now_ns
    answer = desk.push(sensor, began_ns, pushed, MINUTES, earlier)
    columns = desk.live(sensor, MINUTES)
    return page(
        request,
        "_push_live.html",
        building=building,
        sensor=sensor,
        pushed=pushed,
        began=began_ns,
        earlier=earlier,
        answer=answer,
        lines={axis: _line(*column, now_ns) for axis, column in columns.items()},
        newest={axis: _newest(sensor, column[1]) for axis, column in columns.items()},
        moved={
            one.axis: quantity(one.moved, "‰", sensor.resolution, signed=True)
            for one in answer.axes
        },
        mark=_place(began_ns, now_ns),
        size=(WIDTH, HEIGHT),
        where=lambda degrees: direction(degrees, words),
        act_id=new_id(now_ns),
        minutes=MINUTES,
    )


@router.post("/told")
def told(
    request: Request,
    building_id: str,
    sensor_id: str,
    pushed: Annotated[str, Form(max_length=10)],
    axis: Annotated[str, Form(max_length=2)],
) -> Response:
    """Work the direction out of what somebody saw on the instrument itself: `+x`, `-y`."""
    building, _, sensor = _for_work(request, building_id, sensor_id)
    words = words_of(request)
    try:
        degrees = float(pushed)
    except ValueError:
        degrees = -1.0
    if not 0 <= degrees <= 360 or axis not in {"+x", "-x", "+y", "-y"}:
        raise InvalidInput("pushed must be 0 to 360 and axis one of +x -x +y -y", "pushed")
    azimuth = azimuth_of(degrees, axis[1], 1 if axis[0] == "+" else -1)
    return page(
        request,
        "_push_save.html",
        building=building,
        sensor=sensor,
        azimuth=azimuth,
        axis=axis[1],
        sign=axis[0],
        pushed=degrees,
        where=lambda degrees: direction(degrees, words),
        act_id=new_id(services_of(request).clock.now_ns()),
    )


def _for_work(
    request: Request, building_id: str, sensor_id: str
) -> tuple[Building, UpkeepDesk, Sensor]:
    building = building_for(request, building_id, "instruments:work")
    desk = UpkeepDesk(services_of(request), building.id)
    return building, desk, desk.sensor(sensor_id)


def _newest(sensor: Sensor, values: Floats) -> str:
    return quantity(float(values[-1]), "‰", sensor.resolution, signed=True) if len(values) else "—"


def _place(at_ns: int, now_ns: int) -> float:
    share = 1.0 - (now_ns - at_ns) / (MINUTES * 60e9)
    return round(min(1.0, max(0.0, share)) * WIDTH, 1)


def _line(at: Int64s, values: Floats, now_ns: int) -> str:
    """Lay the newest readings out as the points of a line."""
    if not len(values):
        return ""
    low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    return " ".join(
        f"{_place(int(a), now_ns)},{round(HEIGHT - 6 - (v - low) / span * (HEIGHT - 12), 1)}"
        for a, v in zip(at.tolist(), values.tolist(), strict=True)
    )
