"""Gateways, sensors, their channels, mounts and segments (calibration epochs)."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Gateway:
    """A box that reads sensors and publishes their readings.

    Parameters
    ----------
    shard
        Which shard of the pipeline serves it.
    secret_sha256
        Hash of its secret, hex; empty when it has none yet.
    numbered
        It numbers its readings (`seq`): the account can then say what was sent.
    by_hand
        No box at all: it stands for the people who measure a building by hand.

    """

    id: str
    name: str
    shard: int = 0
    secret_sha256: str = ""
    numbered: bool = True
    active: bool = True
    version: int = 1
    by_hand: bool = False


class Method(StrEnum):
    """How people measure a point by hand."""

    LEVELLING = "levelling"
    TOTAL_STATION = "total station"
    CRACK_CARD = "crack card"


@dataclass(frozen=True, slots=True)
class Sensor:
    """One instrument at one place of a building.

    Parameters
    ----------
    code
        Name of the point as people say it: `T1`, `C-03`.
    place
        Where it hangs, in words: `东墙 2 层`.
    certificate_until
        Last day on which its calibration certificate is valid, `2027-03-31`; empty: not known.
    resolution
        Smallest change it can tell, in the unit of its kind; shown digits follow it.
    by_hand
        How people measure it; `None`: an instrument does.

    """

    id: str
    building_id: str
    gateway_id: str
    code: str
    kind: str
    place: str = ""
    storey: int | None = None
    model: str = ""
    serial: str = ""
    certificate: str = ""
    certificate_until: str = ""
    resolution: float | None = None
    load_bearing: bool = True
    active: bool = True
    version: int = 1
    by_hand: Method | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """One measured quantity of a sensor; readings belong to channels.

    Parameters
    ----------
    address
        What the gateway calls it: `T1.x`, or device, point and field of a DZ/T payload,
        `SK01.L1_QJ_1.X`. Unique within the gateway.
    axis
        `x` or `y` of a tilt sensor; `ppv` or `frequency` of a vibration sensor, or `wave`,
        `ppv.x`, … of one that sends waveforms; else empty.
    kind
        `tilt`, `crack`, `settlement`, `peak_velocity`, `frequency`, `temperature`; `acceleration`
        or `velocity` for a waveform, `velocity_rms` and `kurtosis` for what it comes to.
    unit
        Unit in which the gateway sends; stored is the kind's unit.
    interval_s
        Seconds between readings by plan.
    low, high
        Physical range in the kind's unit, where narrower than the kind's own.

    """

    id: str
    sensor_id: str
    gateway_id: str
    address: str
    kind: str
    unit: str
    axis: str = ""
    interval_s: int = 3600
    low: float | None = None
    high: float | None = None
    active: bool = True


class SegmentReason(StrEnum):
    """Why a segment was opened."""

    INSTALL = "install"
    SURVEY = "survey"
    REZERO = "re-zero"
    REMOUNT = "re-mount"
    SWAP = "swap"
    RESTART = "restart"
    CALIBRATION = "calibration"
    TURN = "re-orientation"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a channel's life with one zero: series value = reading * scale + offset.

    A segment is never changed once its offset is fixed. One that was opened in error is
    withdrawn: it stays readable, and nothing counts by it any more.

    Parameters
    ----------
    opened_at_ns
        First instant that belongs to it.
    offset
        Added to a reading to give the series value, kind's unit; `None` until the first
        reading of the segment fixes it.
    survey
        What a survey measured when the segment was opened (initial tilt ‰ of this axis, initial
        crack width mm); then series values are absolute. `None`: growth only.
    absolute
        Series values of this segment are absolute: it was surveyed, or it continues one that was.
    scale
        Calibration factor by which readings are multiplied; below 0 it also turns the sign.
    start
        Series value with which it begins, where the act that opened it has said so.
    made_at_ns
        When it was entered; 0 where that is not known.
    withdrawn_at_ns
        When it was taken back; `None` while it holds.

    """

    id: str
    channel_id: str
    opened_at_ns: int
    reason: SegmentReason
    offset: float | None = None
    survey: float | None = None
    absolute: bool = False
    note: str = ""
    by: str = ""
    scale: float = 1.0
    start: float | None = None
    made_at_ns: int = 0
    withdrawn_at_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """How a sensor sits on its building from a moment on.

    Parameters
    ----------
    x_azimuth_deg
        Direction on the plan into which a positive x points, degrees from north, clockwise;
        y is 90° further. `None`: not known.
    height_m
        Height above outdoor grade.

    """

    id: str
    sensor_id: str
    mounted_at_ns: int
    x_azimuth_deg: float | None = None
    height_m: float | None = None
    longitude: float | None = None
    latitude: float | None = None
    note: str = ""
    withdrawn_at_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """All that is mounted on one building.

    Parameters
    ----------
    segments, mounts
        Those that hold.
    withdrawn
        Segments that were taken back.

    """

    building_id: str
    sensors: tuple[Sensor, ...] = ()
    channels: tuple[Channel, ...] = ()
    segments: tuple[Segment, ...] = ()
    mounts: tuple[Mount, ...] = ()
    withdrawn: tuple[Segment, ...] = ()
