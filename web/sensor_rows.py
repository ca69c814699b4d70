"""The sensors of a building as its table shows them: newest value, age, zero, gateway."""

from dataclasses import dataclass

import numpy as np

from domain.clock import SECOND_NS
from domain.datum import series_of
from domain.ports import GatewayStatus
from domain.readings import UNFIT, Reading
from domain.sensors import Channel, Gateway, Segment, Sensor, Site
from domain.services import Services
from domain.waves import WAVE_KINDS
from web.formats import quantity
from web.words import Words

#: readings later than this many intervals make a value old
STALE_INTERVALS = 2
#: kinds whose values have a direction
SIGNED = frozenset({"tilt", "crack", "settlement"})
UNITS = {
    "tilt": "‰",
    "crack": "mm",
    "settlement": "mm",
    "peak_velocity": "mm/s",
    "frequency": "Hz",
    "temperature": "°C",
    "acceleration": "m/s²",
    "velocity": "mm/s",
    "velocity_rms": "mm/s",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One newest value, written; `label` names the axis."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class SensorRow:
    """One sensor of the table."""

    sensor: Sensor
    values: tuple[Value, ...]
    at_ns: int | None
    stale: bool
    unfit: bool
    absolute: bool | None
    gateway_name: str
    gateway_online: bool | None


def sensor_rows(services: Services, site: Site, words: Words) -> list[SensorRow]:
    """Make the rows, in the order of the points' names."""
    now_ns = services.clock.now_ns()
    latest = services.readings.latest([c.id for c in site.channels if c.active])
    gateways = {g.id: g for g in services.register.gateways()}
    statuses = {s.gateway_id: s for s in services.accounts.statuses()}
    rows = []
    for sensor in sorted(site.sensors, key=lambda s: (s.kind == "temperature", s.code)):
        if sensor.active:
            channels = [c for c in site.channels if c.sensor_id == sensor.id and c.active]
            rows.append(_row(sensor, channels, site, latest, gateways, statuses, now_ns, words))
    return rows


def shown_channels(channels: list[Channel]) -> list[Channel]:
    """Leave out what a waveform comes to beside its largest peak and that one's frequency."""
    hidden = WAVE_KINDS | {"velocity_rms", "kurtosis"}
    plain = [c for c in channels if "." not in c.axis and c.kind not in hidden]
    return plain or channels


def segments_of(site: Site, channel: Channel) -> list[Segment]:
    """List a channel's segments."""
    return [s for s in site.segments if s.channel_id == channel.id]


def _row(
    sensor: Sensor,
    channels: list[Channel],
    site: Site,
    latest: dict[str, Reading],
    gateways: dict[str, Gateway],
    statuses: dict[str, GatewayStatus],
    now_ns: int,
    words: Words,
) -> SensorRow:
    values = []
    newest: int | None = None
    unfit = False
    segments: list[Segment] = []
    for channel in sorted(shown_channels(channels), key=lambda c: (c.axis == "frequency", c.axis)):
        own = segments_of(site, channel)
        segments += own
        absolute = any(s.absolute for s in own)
        reading = latest.get(channel.id)
        if reading is None:
            continue
        newest = max(newest or 0, reading.taken_at_ns)
        unfit = unfit or bool(reading.flag & UNFIT)
        at, raw = np.array([reading.taken_at_ns]), np.array([reading.value])
        series = float(series_of(at, raw, own, channel.kind)[0])
        # a segment whose zero is not fixed yet has no series value: the reading itself is shown
        value = series if np.isfinite(series) else reading.value
        text = quantity(
            value,
            UNITS.get(channel.kind, channel.unit),
            sensor.resolution if channel.kind == sensor.kind else None,
            signed=channel.kind in SIGNED and not (channel.kind == "crack" and absolute),
        )
        values.append(
            Value(words.of("axis", channel.axis, channel.axis) if channel.axis else "", text)
        )
    interval_s = min((c.interval_s for c in channels), default=3600)
    status = statuses.get(sensor.gateway_id)
    gateway = gateways.get(sensor.gateway_id)
    return SensorRow(
        sensor,
        tuple(values),
        newest,
        newest is not None and now_ns - newest > STALE_INTERVALS * interval_s * SECOND_NS,
        unfit,
        any(s.absolute for s in segments) if sensor.kind in SIGNED else None,
        gateway.name if gateway else sensor.gateway_id,
        status.online if status else None,
    )
