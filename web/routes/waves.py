"""The page of one vibration event, and the list of them on the building's page."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from analytics.vibration_tables import table_for
from domain.access import may
from domain.buildings import Building
from domain.clock import SECOND_NS
from domain.errors import NotFound
from domain.limits import Level, LimitProfile, VibrationTable
from domain.sensors import Sensor
from domain.services import Services
from domain.waves import WAVE_KINDS, WaveEvent, WavePeak
from web.formats import full_time, local
from web.guard import PageRoute, allowed, building_for, caller_of, services_of
from web.render import page, words_of
from web.words import Words

router = APIRouter(route_class=PageRoute)

#: events in the building's list
ROWS = 12
_EVER_NS = 2**63 - 1
#: frequencies that the curve of the limit is drawn over, Hz
_CURVE_HZ = (1.0, 100.0)


@dataclass(frozen=True, slots=True)
class PeakRow:
    """One axis of an event, held against the limit at its own frequency.

    Parameters
    ----------
    level
        That this share of the limit has by itself; whether it rang is the alert's matter.

    """

    peak: WavePeak
    limit_mm_s: float | None
    share: float | None
    level: Level


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event as the lists show it."""

    event: WaveEvent
    sensor: Sensor
    peaks: tuple[PeakRow, ...]
    worst: PeakRow
    moment: str
    full: str

    @property
    def href(self) -> str:
        """Address of its page."""
        return f"/waves/{self.event.channel_id}/{self.event.event_ns}"

    @property
    def seconds(self) -> float:
        """Length of what is kept."""
        return (self.event.end_ns - self.event.start_ns) / SECOND_NS


@router.get("/buildings/{building_id}/waves")
def building_waves(request: Request, building_id: str) -> Response:
    """Show the list of a building's events by itself; nothing where no sensor sends waveforms."""
    building = building_for(request, building_id, "readings:read")
    services = services_of(request)
    sensors = _wave_sensors(services, building)
    rows = []
    if services.waves is not None and sensors:
        events = services.waves.events(list(sensors), 0, _EVER_NS, ROWS)
        rows = [_row(services.profile, building, sensors[e.channel_id], e) for e in events]
    return page(request, "_building_waves.html", shown=bool(sensors), rows=rows)


@router.get("/waves/{channel_id}/{event_id}")
def wave_page(request: Request, channel_id: str, event_id: str) -> Response:
    """Show one event: its answer, three axes over time, and the peaks on the limit's curve."""
    caller = allowed(request, "readings:read")
    services, words = services_of(request), words_of(request)
    found = services.register.channel(channel_id)
    if found is None or services.waves is None or not may(caller, "readings:read", found[2]):
        raise NotFound(f"no channel {channel_id!r}")
    _, sensor, building = found
    if not event_id.isdigit() or len(event_id) > 19:
        raise NotFound(f"no event {event_id[:40]!r}")
    event = services.waves.waveform(channel_id, int(event_id)).event
    table, factor = table_for(services.profile, building, sensor.storey)
    row = _row(services.profile, building, sensor, event)
    sensors = _wave_sensors(services, building)
    earlier = services.waves.events(list(sensors), 0, event.event_ns, 1)
    later = services.waves.events(list(sensors), event.event_ns + 1, _EVER_NS, 1_000)
    return page(
        request,
        "wave.html",
        active="buildings",
        building=building,
        sensor=sensor,
        row=row,
        answer=_answer(row, words),
        table=table,
        source=words.of("source", table.source) if table else "",
        certainty=words.of("certainty", table.certainty.value) if table else "",
        factor=factor,
        earlier=_href(earlier[:1]),
        later=_href(later[-1:]),
        corner=services.profile.number("wave.corner_hz"),
        api=f"/api/v1/channels/{channel_id}/waves/{event.event_ns}",
        data=_data(row, table, factor, services.profile),
        wave_words=words.group("wave"),
        may_alerts=may(caller_of(request), "alerts:read", building),
    )


def _wave_sensors(services: Services, building: Building) -> dict[str, Sensor]:
    """Find the sensors that send waveforms, by their channel's id."""
    site = services.register.site(building.id)
    sensors = {sensor.id: sensor for sensor in site.sensors}
    return {c.id: sensors[c.sensor_id] for c in site.channels if c.kind in WAVE_KINDS}


def _row(profile: LimitProfile, building: Building, sensor: Sensor, event: WaveEvent) -> EventRow:
    table, factor = table_for(profile, building, sensor.storey)
    peaks = tuple(_peak(profile, peak, table, factor) for peak in event.peaks)
    worst = max(peaks, key=lambda row: (row.share or 0.0, row.peak.peak_mm_s))
    moment = local(event.event_ns).strftime("%m-%d %H:%M:%S")
    return EventRow(event, sensor, peaks, worst, moment, full_time(event.event_ns))


def _peak(
    profile: LimitProfile, peak: WavePeak, table: VibrationTable | None, factor: float
) -> PeakRow:
    if table is None:
        return PeakRow(peak, None, None, Level.NONE)
    limit = table.limit_at(peak.frequency_hz) * factor
    share = 100.0 * peak.peak_mm_s / limit
    reached = (row.level for row in profile.of("ppv_share") if row.reached_by(share))
    return PeakRow(peak, limit, share, max(reached, default=Level.NONE))


def _answer(row: EventRow, words: Words) -> str:
    worst = row.worst
    values = {
        "axis": worst.peak.axis,
        "peak": f"{worst.peak.peak_mm_s:.2f}",
        "frequency": f"{worst.peak.frequency_hz:.1f}",
    }
    if worst.share is None:
        return words("wave.answer_no_table", **values)
    limit = f"{worst.limit_mm_s:.2f}"
    return words("wave.answer", **values, share=f"{worst.share:.0f}", limit=limit)


def _href(events: list[WaveEvent]) -> str:
    return f"/waves/{events[0].channel_id}/{events[0].event_ns}" if events else ""


def _data(
    row: EventRow, table: VibrationTable | None, factor: float, profile: LimitProfile
) -> dict[str, Any]:
    """Tell what the drawings need: the peaks, and the limit's curve with its levels."""
    low, high = _CURVE_HZ
    hertz: list[float] = []
    if table is not None:
        corners = {hz for hz, _ in table.points if low < hz < high}
        hertz = sorted({low, high} | corners)
    levels = [(r.level.word, r.value / 100.0) for r in profile.of("ppv_share")]
    return {
        "event_s": row.event.event_ns / 1e9,
        "peaks": [
            {
                "axis": p.peak.axis,
                "peak": round(p.peak.peak_mm_s, 4),
                "hertz": round(p.peak.frequency_hz, 2),
                "at": (p.peak.at_ns - row.event.event_ns) / 1e9,
                "level": p.level.word,
            }
            for p in row.peaks
        ],
        "curve": {
            "hertz": hertz,
            "limit": [table.limit_at(hz) * factor for hz in hertz] if table else [],
            "levels": [{"level": word, "share": share} for word, share in levels],
        },
    }
