"""Waveforms of events: lists, features with their limits, samples, and files to take away."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from analytics.vibration_tables import table_for
from api.fields import DIGITS, At, Bound, Out, PathId
from api.permission import Given, may
from api.problem import problems
from api.visibility import building_for, channel_for
from api.wave_files import UNITS, csv_of, parquet_of, thinned
from domain.access import Caller
from domain.buildings import Building
from domain.clock import SECOND_NS, to_datetime, to_ns
from domain.errors import NotFound
from domain.sensors import Channel, Sensor
from domain.services import Services
from domain.waves import WAVE_KINDS, WaveEvent, Waveform

router = APIRouter(tags=["waveforms"])

_EVER_NS = 2**63 - 1


class WavePeakOut(Out):
    """What one axis came to, held against the limit at its own frequency."""

    axis: str
    peak_mm_s: float = Field(description="largest velocity, high-passed")
    frequency_hz: float = Field(description="dominant frequency around the peak")
    rms_mm_s: float
    kurtosis: float
    at: At
    limit_mm_s: float | None = Field(description="of the table at this frequency")
    share_percent: float | None


class WaveEventOut(Out):
    """An event of a waveform."""

    id: str = Field(description="within its channel")
    channel_id: str
    building_id: str
    sensor_code: str
    triggered_at: At
    start: At
    end: At
    rate_hz: float
    kind: str
    unit: str = Field(description="of the samples as sent")
    table: str | None = Field(description="the one table that it is held against")
    table_factor: float
    peaks: list[WavePeakOut]
    bytes: int


class WaveSamplesOut(BaseModel):
    """Samples, thinned to the lowest and highest of equal stretches; a gap is null."""

    unit: str
    axes: str
    at_s: list[float] = Field(description="seconds from the trigger")
    low: list[list[float | None]] = Field(description="one list an axis")
    high: list[list[float | None]]
    thinned: bool


def event_out(
    services: Services, event: WaveEvent, sensor: Sensor, building: Building
) -> WaveEventOut:
    """Show an event with the limits that it is held against."""
    table, factor = table_for(services.profile, building, sensor.storey)
    peaks = []
    for peak in event.peaks:
        limit = table.limit_at(peak.frequency_hz) * factor if table else None
        peaks.append(
            WavePeakOut(
                axis=peak.axis,
                peak_mm_s=peak.peak_mm_s,
                frequency_hz=peak.frequency_hz,
                rms_mm_s=peak.rms_mm_s,
                kurtosis=peak.kurtosis,
                at=peak.at_ns,
                limit_mm_s=limit,
                share_percent=100.0 * peak.peak_mm_s / limit if limit else None,
            )
        )
    return WaveEventOut(
        id=str(event.event_ns),
        channel_id=event.channel_id,
        building_id=building.id,
        sensor_code=sensor.code,
        triggered_at=event.event_ns,
        start=event.start_ns,
        end=event.end_ns,
        rate_hz=event.rate_hz,
        kind=event.kind,
        unit=UNITS[event.kind],
        table=table.id if table else None,
        table_factor=factor,
        peaks=peaks,
        bytes=event.bytes,
    )


def waveform_of(services: Services, channel: Channel, event_id: str) -> Waveform:
    """Read an event of a channel.

    Raises
    ------
    NotFound
        When there is none.

    """
    if services.waves is None or not event_id.isdigit() or len(event_id) > 19:
        raise NotFound(f"no event {event_id[:40]!r} of channel {channel.id!r}")
    return services.waves.waveform(channel.id, int(event_id))


Since = Annotated[Bound | None, Query(description="first instant, included")]
Until = Annotated[Bound | None, Query(description="last instant, left out")]
Count = Annotated[int, Query(ge=1, le=500), DIGITS]


@router.get("/buildings/{building_id}/waves", responses=problems(401, 403, 404, 422, 503))
def read_waves_of_building(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:read"))],
    start: Since = None,
    end: Until = None,
    limit: Count = 50,
) -> list[WaveEventOut]:
    """List the events of a building, newest first."""
    building = building_for(services, who, "readings:read", building_id)
    site = services.register.site(building.id)
    sensors = {sensor.id: sensor for sensor in site.sensors}
    channels = {c.id: sensors[c.sensor_id] for c in site.channels if c.kind in WAVE_KINDS}
    return _list(services, building, channels, start, end, limit)


@router.get("/channels/{channel_id}/waves", responses=problems(401, 403, 404, 422, 503))
def read_waves(
    channel_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:read"))],
    start: Since = None,
    end: Until = None,
    limit: Count = 50,
) -> list[WaveEventOut]:
    """List the events of a channel, newest first."""
    channel, sensor, building = channel_for(services, who, "readings:read", channel_id)
    return _list(services, building, {channel.id: sensor}, start, end, limit)


@router.get("/channels/{channel_id}/waves/{event_id}", responses=problems(401, 403, 404, 422, 503))
def read_wave(
    channel_id: PathId,
    event_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:read"))],
) -> WaveEventOut:
    """Read one event with what its axes came to."""
    channel, sensor, building = channel_for(services, who, "readings:read", channel_id)
    event = waveform_of(services, channel, event_id).event
    return event_out(services, event, sensor, building)


@router.get(
    "/channels/{channel_id}/waves/{event_id}/samples",
    responses=problems(401, 403, 404, 422, 503),
)
def read_wave_samples(
    channel_id: PathId,
    event_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:read"))],
    signal: Annotated[
        Literal["velocity", "raw"], Query(description="what was judged, or as sent")
    ] = "velocity",
    points: Annotated[int, Query(ge=10, le=200_000), DIGITS] = 2_000,
) -> WaveSamplesOut:
    """Read the samples of one event, in at most `points` equal stretches."""
    channel, _, _ = channel_for(services, who, "readings:read", channel_id)
    wave = waveform_of(services, channel, event_id)
    values = wave.velocity if signal == "velocity" else wave.raw
    at_ns, low, high = thinned(wave.at_ns, values, points)
    return WaveSamplesOut(
        unit="mm/s" if signal == "velocity" else UNITS[wave.event.kind],
        axes=wave.axes,
        at_s=((at_ns - wave.event.event_ns) / SECOND_NS).round(6).tolist(),
        low=[_plain(row) for row in low.tolist()],
        high=[_plain(row) for row in high.tolist()],
        thinned=len(at_ns) < len(wave.at_ns),
    )


@router.get(
    "/channels/{channel_id}/waves/{event_id}/file",
    response_class=Response,
    responses={
        200: {
            "description": "the file",
            "content": {"application/vnd.apache.parquet": {}, "text/csv": {}},
        },
        **problems(401, 403, 404, 422, 503),
    },
)
def download_wave(
    channel_id: PathId,
    event_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:read"))],
    form: Annotated[Literal["parquet", "csv"], Query(alias="format")] = "parquet",
) -> Response:
    """Download the samples of one event, as sent and as velocity."""
    channel, sensor, _ = channel_for(services, who, "readings:read", channel_id)
    wave = waveform_of(services, channel, event_id)
    code = "".join(c for c in sensor.code if c.isascii() and c.isalnum()) or "sensor"
    moment = to_datetime(wave.event.event_ns).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "Content-Disposition": f'attachment; filename="anju-{code}-{moment}.{form}"',
        "Cache-Control": "no-store",
    }
    if form == "csv":
        return StreamingResponse(
            csv_of(wave), media_type="text/csv; charset=utf-8", headers=headers
        )
    kind = "application/vnd.apache.parquet"
    return Response(parquet_of(wave), media_type=kind, headers=headers)


def _list(
    services: Services,
    building: Building,
    channels: dict[str, Sensor],
    start: Bound | None,
    end: Bound | None,
    limit: int,
) -> list[WaveEventOut]:
    if services.waves is None:
        return []
    start_ns = 0 if start is None else to_ns(start)
    end_ns = _EVER_NS if end is None else to_ns(end)
    events = services.waves.events(list(channels), start_ns, end_ns, limit)
    return [event_out(services, event, channels[event.channel_id], building) for event in events]


def _plain(values: list[float]) -> list[float | None]:
    return [None if value != value else round(value, 6) for value in values]  # noqa: PLR0124
