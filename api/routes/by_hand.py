"""Series that people measure by hand: levelling, total station, crack card."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, UploadFile
from pydantic import BaseModel, Field

from api.fields import (
    DIGITS,
    WHOLE,
    At,
    Flag,
    Id,
    In,
    Moment,
    Name,
    Number,
    Out,
    PathId,
    ShortText,
    Text,
)
from api.permission import Given, may
from api.problem import problems
from api.routes.building_import import PROBLEMS_TOLD, UPLOAD_PROBLEMS, RowProblemOut
from api.sheet import CSV, csv_response
from api.visibility import building_for, must_belong
from domain.access import Caller
from domain.clock import to_ns
from domain.errors import InvalidInput
from domain.hand_desk import HandDesk
from domain.hand_import import TEMPLATE_EXAMPLE, TEMPLATE_HEADER, HandPreview
from domain.hand_readings import READINGS_MAX, HandReading, HandSheet
from domain.ids import new_id
from domain.sensors import Method
from domain.services import Services
from ingest.kinds import kinds

router = APIRouter(prefix="/buildings/{building_id}/by-hand", tags=["by hand"])


class SeriesIn(In):
    """A point that people measure."""

    code: Name = Field(description="what people call the point: S-01")
    method: Method
    place: ShortText = ""
    storey: Annotated[int, Field(ge=-20, le=200), WHOLE] | None = None
    load_bearing: Flag = True
    interval_days: Annotated[int, Field(ge=1, le=366), WHOLE] = 30


class SeriesChannelOut(Out):
    """One measured quantity of a point."""

    id: str
    kind: str
    unit: str
    axis: str


class SeriesOut(Out):
    """A point that people measure."""

    sensor_id: str
    code: str
    method: Method
    place: str
    channels: list[SeriesChannelOut]


class HandReadingIn(In):
    """One value that somebody measured."""

    channel_id: Id
    taken_at: Moment
    value: Number = Field(description="in the unit of the channel's kind")
    measured_by: Name
    instrument: ShortText = ""
    note: Text = ""


class SheetIn(In):
    """Readings that are entered in one go."""

    readings: Annotated[list[HandReadingIn], Field(min_length=1, max_length=READINGS_MAX)]


class SheetOut(Out):
    """Readings that were entered in one go, and what came of them."""

    id: str
    building_id: str
    gateway_id: str
    entered_by: str
    entered_at: At = Field(validation_alias="entered_at_ns")
    done_at: At | None = Field(validation_alias="done_at_ns", description="when they were taken in")
    stored: int
    outcome: str = Field(description="empty while they wait")


class HandReadingOut(Out):
    """One value that somebody measured, with the sheet that brought it."""

    channel_id: str
    taken_at: At
    value: float
    measured_by: str
    instrument: str
    note: str
    sheet: SheetOut


class HandPreviewed(BaseModel):
    """What an import would do; with any problem nothing is taken in."""

    ok: bool
    rows: int = Field(description="rows with anything in them")
    readings: int = Field(description="rows without problems")
    known: int = Field(description="rows that are there already with the same value")
    problems: list[RowProblemOut] = Field(description=f"the first {PROBLEMS_TOLD}")
    problem_count: int
    doubts: list[RowProblemOut] = Field(description="what is strange; it does not hinder")


@cache
def spans() -> Mapping[str, tuple[float, float]]:
    """Tell the physical range of each kind, in its unit."""
    return {kind.name: (kind.low, kind.high) for kind in kinds().values()}


@router.get("/series", responses=problems(401, 403, 404, 422, 503))
def read_series(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> list[SeriesOut]:
    """List the points of a building that people measure."""
    building = building_for(services, who, "buildings:read", building_id)
    desk = HandDesk(services, building.id, spans())
    return [
        SeriesOut(
            sensor_id=sensor.id,
            code=sensor.code,
            method=sensor.by_hand or Method.LEVELLING,
            place=sensor.place,
            channels=[SeriesChannelOut.model_validate(channel) for channel in channels],
        )
        for sensor, channels in desk.points
    ]


@router.put(
    "/series/{sensor_id}",
    responses={201: {"model": SeriesOut}, **problems(400, 401, 403, 404, 409, 413, 422, 503)},
)
def put_series(
    building_id: PathId,
    sensor_id: PathId,
    body: SeriesIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("instruments:work"))],
) -> SeriesOut:
    """Begin a series under an id that the client made; the same again changes nothing."""
    building = building_for(services, who, "instruments:work", building_id)
    must_belong(services, building, sensor_id, "sensor")
    desk = HandDesk(services, building.id, spans())
    facts = body.model_dump()
    code, method = facts.pop("code"), facts.pop("method")
    series, new = desk.begin(sensor_id, code, method, who.name, building.name, **facts)
    response.status_code = 201 if new else 200
    return SeriesOut(
        sensor_id=sensor_id,
        code=series.sensor.code,
        method=method,
        place=series.sensor.place,
        channels=[SeriesChannelOut.model_validate(channel) for channel in series.channels],
    )


@router.get("/readings", responses=problems(401, 403, 404, 422, 503))
def read_hand_readings(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:read"))],
    limit: Annotated[int, Query(ge=1, le=1000), DIGITS] = 200,
) -> list[HandReadingOut]:
    """List what was measured by hand at a building, newest moment first."""
    building = building_for(services, who, "readings:read", building_id)
    return [
        HandReadingOut(
            channel_id=one.channel_id,
            taken_at=one.taken_at_ns,
            value=one.value,
            measured_by=one.measured_by,
            instrument=one.instrument,
            note=one.note,
            sheet=SheetOut.model_validate(sheet),
        )
        for sheet, one in services.hand.readings(building.id, limit)
    ]


@router.put(
    "/sheets/{sheet_id}",
    responses={201: {"model": SheetOut}, **problems(400, 401, 403, 404, 409, 413, 422, 503)},
)
def put_sheet(
    building_id: PathId,
    sheet_id: PathId,
    body: SheetIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("readings:enter"))],
) -> SheetOut:
    """Enter readings, all or none; the same sheet again changes nothing."""
    building = building_for(services, who, "readings:enter", building_id)
    desk = HandDesk(services, building.id, spans())
    new = services.hand.sheet(sheet_id) is None
    readings = [
        HandReading(
            one.channel_id,
            to_ns(one.taken_at),
            one.value,
            one.measured_by,
            one.instrument,
            one.note,
        )
        for one in body.readings
    ]
    sheet = desk.enter(sheet_id, readings, who.name)
    response.status_code = 201 if new else 200
    return SheetOut.model_validate(sheet)


@router.get(
    "/template.csv", response_class=Response, responses={**CSV, **problems(401, 403, 404, 422, 503)}
)
def read_template(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:enter"))],
) -> Response:
    """Give a table with the right header and one example."""
    building_for(services, who, "readings:enter", building_id)
    return csv_response("anju-by-hand.csv", TEMPLATE_HEADER, [TEMPLATE_EXAMPLE])


@router.post("/import/preview", responses=UPLOAD_PROBLEMS)
def preview_import(
    building_id: PathId,
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:enter"))],
) -> HandPreviewed:
    """Tell row by row what importing a CSV or XLSX would do; nothing is written."""
    found = _preview(services, who, building_id, file)[1]
    return HandPreviewed(
        ok=found.ok,
        rows=found.rows,
        readings=len(found.readings),
        known=found.known,
        problems=[RowProblemOut.model_validate(each) for each in found.problems[:PROBLEMS_TOLD]],
        problem_count=len(found.problems),
        doubts=[RowProblemOut.model_validate(each) for each in found.doubts[:PROBLEMS_TOLD]],
    )


@router.post("/import", status_code=201, responses=UPLOAD_PROBLEMS)
def import_readings(
    building_id: PathId,
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:enter"))],
) -> SheetOut:
    """Import a CSV or XLSX: all its rows, or none when anything is wrong with one."""
    desk, found = _preview(services, who, building_id, file)
    if found.problems:
        first = found.problems[0]
        raise InvalidInput(
            f"nothing was taken in: {len(found.problems)} problems, "
            f"first in row {first.row}, column {first.column!r}: {first.message_en}",
            "file",
        )
    if not found.readings:
        raise InvalidInput("nothing was taken in: the table has no new rows", "file")
    sheet_id = new_id(services.clock.now_ns())
    sheet: HandSheet = desk.enter(sheet_id, found.readings, who.name)
    return SheetOut.model_validate(sheet)


def _preview(
    services: Services, caller: Caller, building_id: str, file: UploadFile
) -> tuple[HandDesk, HandPreview]:
    building = building_for(services, caller, "readings:enter", building_id)
    desk = HandDesk(services, building.id, spans())
    return desk, desk.preview(services.read_sheet(file.filename or "", file.file.read()))
