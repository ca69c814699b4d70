"""Readings that people take by hand: levelling, total station, crack card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from domain.clock import DAY_NS, to_datetime
from domain.errors import InvalidInput
from domain.gateway_clocks import EARLIEST_NS
from domain.ids import same_id
from domain.sensors import Channel, Gateway, Method, Segment, SegmentReason, Sensor

#: what each method measures -> (kind, axes, smallest change it can tell in the kind's unit)
#: Source: JGJ 8-2016 reads crack widths to 0.1 mm; the others are proposals of the project
METHODS: Mapping[Method, tuple[str, tuple[str, ...], float]] = {
    Method.LEVELLING: ("settlement", ("",), 0.1),
    Method.TOTAL_STATION: ("tilt", ("x", "y"), 0.1),
    Method.CRACK_CARD: ("crack", ("",), 0.1),
}
UNITS = {"settlement": "mm", "tilt": "‰", "crack": "mm"}
#: readings of one sheet
READINGS_MAX = 5_000
INTERVAL_DAYS = (1, 366)


@dataclass(frozen=True, slots=True)
class HandReading:
    """One value that somebody measured.

    Parameters
    ----------
    value
        In the unit of the channel's kind.
    measured_by, instrument, note
        Who took it, with what, and what else there is to say.

    """

    channel_id: str
    taken_at_ns: int
    value: float
    measured_by: str
    instrument: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class HandSheet:
    """Readings that were entered or imported in one go: taken in whole, once.

    Parameters
    ----------
    gateway_id, shard
        On whose account they stand.
    entered_by, entered_at_ns
        Who put them in, and when.
    done_at_ns
        When ingest took them in; `None` while they wait.
    stored
        How many of them were new.
    outcome
        Empty while it waits; `stored`, or why it could not be.

    """

    id: str
    building_id: str
    gateway_id: str
    shard: int
    entered_by: str
    entered_at_ns: int
    readings: tuple[HandReading, ...] = ()
    done_at_ns: int | None = None
    stored: int = 0
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class HandSeries:
    """A series in the making.

    Parameters
    ----------
    channels
        One, or with a total station one for each axis.

    """

    gateway: Gateway
    sensor: Sensor
    channels: tuple[Channel, ...]
    segments: tuple[Segment, ...]


def gateway_of(building_id: str, name: str, shard: int = 0) -> Gateway:
    """Make the gateway that stands for the people who measure one building."""
    return Gateway(same_id("by hand", building_id), name, shard, numbered=False, by_hand=True)


def new_series(
    sensor_id: str,
    building_id: str,
    gateway: Gateway,
    code: str,
    method: Method,
    *,
    place: str = "",
    storey: int | None = None,
    load_bearing: bool = True,
    interval_days: int = 30,
    now_ns: int = 0,
    by: str = "",
) -> HandSeries:
    """Make a series that people measure by hand.

    What a crack card or a total station tells is absolute from its first value on; a levelled
    settlement counts from its first value, which is zero.

    Raises
    ------
    InvalidInput
        When a value cannot be.

    """
    if not code.strip():
        raise InvalidInput("code must be some text, got ''", "code")
    low, high = INTERVAL_DAYS
    if not low <= interval_days <= high:
        raise InvalidInput(
            f"interval_days must be {low} to {high}, got {interval_days}", "interval_days"
        )
    kind, axes, smallest = METHODS[method]
    sensor = Sensor(
        sensor_id,
        building_id,
        gateway.id,
        code.strip(),
        kind,
        place=place,
        storey=storey,
        resolution=smallest,
        load_bearing=load_bearing,
        by_hand=method,
    )
    channels = tuple(
        Channel(
            same_id("by hand", sensor_id, axis),
            sensor_id,
            gateway.id,
            f"{sensor_id}.{axis}" if axis else sensor_id,
            kind,
            UNITS[kind],
            axis,
            interval_s=interval_days * (DAY_NS // 1_000_000_000),
        )
        for axis in axes
    )
    segments: tuple[Segment, ...] = ()
    if method is not Method.LEVELLING:
        # open from the beginning of time: values of years ago may be put in, too
        segments = tuple(
            Segment(
                same_id("segment", c.id, "by hand"),
                c.id,
                0,
                SegmentReason.INSTALL,
                offset=0.0,
                absolute=True,
                by=by,
                made_at_ns=now_ns,
            )
            for c in channels
        )
    return HandSeries(gateway, sensor, channels, segments)


def day_of(at_ns: int) -> str:
    """Write the day (UTC) of a moment."""
    return to_datetime(at_ns).date().isoformat()


def check_reading(
    reading: HandReading, channel: Channel, span: tuple[float, float], now_ns: int
) -> None:
    """Refuse a value that cannot be.

    Parameters
    ----------
    span
        Physical range of the channel's kind, in its unit.

    Raises
    ------
    InvalidInput
        With the field at fault.

    """
    if not reading.measured_by.strip():
        raise InvalidInput("measured_by must be some text, got ''", "measured_by")
    if reading.taken_at_ns > now_ns:
        raise InvalidInput("taken_at must not lie in the future", "taken_at")
    if reading.taken_at_ns < EARLIEST_NS:
        # the readings' way takes what is older for a clock that was never set
        raise InvalidInput(f"taken_at must be {day_of(EARLIEST_NS)} or later", "taken_at")
    low = span[0] if channel.low is None else max(span[0], channel.low)
    high = span[1] if channel.high is None else min(span[1], channel.high)
    # a width is never below 0; a lean and a settlement may be
    if channel.kind == "crack":
        low = max(low, 0.0)
    if not low <= reading.value <= high:
        raise InvalidInput(f"value must be {low:g} to {high:g}, got {reading.value:g}", "value")


def make_sheet(
    sheet_id: str,
    building_id: str,
    gateway: Gateway,
    readings: Sequence[HandReading],
    by: str,
    now_ns: int,
) -> HandSheet:
    """Put readings together to be taken in.

    Raises
    ------
    InvalidInput
        When there is none, too many, or one moment of a channel stands in it twice.

    """
    if not 0 < len(readings) <= READINGS_MAX:
        raise InvalidInput(f"readings must be 1 to {READINGS_MAX}, got {len(readings)}", "readings")
    seen: set[tuple[str, int]] = set()
    for reading in readings:
        key = reading.channel_id, reading.taken_at_ns
        if key in seen:
            raise InvalidInput("readings must hold each moment of a channel once", "readings")
        seen.add(key)
    ordered = sorted(readings, key=lambda r: (r.taken_at_ns, r.channel_id))
    plain = tuple(replace(r, measured_by=r.measured_by.strip()) for r in ordered)
    return HandSheet(sheet_id, building_id, gateway.id, gateway.shard, by, now_ns, plain)
