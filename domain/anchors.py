"""Places on a building, with or without a model: where a sensor sits, a defect is, one looked."""

from dataclasses import dataclass
from enum import StrEnum

Point = tuple[float, float, float]


class PickedBy(StrEnum):
    """How a place was told."""

    MODEL = "3d"
    LIST = "list"
    PLAN = "plan"
    TEXT = "text"
    QR = "qr"
    GPS = "gps"


class Hold(StrEnum):
    """How a place holds on to the newest revision."""

    LINKED = "linked"
    RELINKED = "relinked"
    REVIEW = "needs review"
    SPATIAL = "spatial only"


@dataclass(frozen=True, slots=True)
class Anchor:
    """One place; the first of what is told that still holds is what counts.

    Element, then its place within the element's box, then the point, then storey and room in
    words, then the point on the map. A building without a model has anchors without an element.

    Parameters
    ----------
    element_id
        Ours, lasting; empty without one.
    revision_seen
        Revision that was looked at when the place was told.
    point, normal
        Metres in building axes, and the direction out of the surface.
    local_uvw
        Place within the element's box, each 0 to 1.
    storey, elevation_m, room, side
        In words as people say it (`2 层`, `东侧`), and the height of the storey's floor in m.
    room_id
        Room of the building's schema, where it has one; empty otherwise.
    wgs84
        Longitude, latitude in degrees.
    accuracy_m
        How well the point is known; `None`: not told.
    withdrawn_at_ns
        When it was taken back; `None` while it holds.

    """

    id: str
    building_id: str
    picked_by: PickedBy
    made_at_ns: int
    by: str
    element_id: str = ""
    revision_seen: str = ""
    point: Point | None = None
    normal: Point | None = None
    local_uvw: Point | None = None
    storey: str = ""
    elevation_m: float | None = None
    room: str = ""
    room_id: str = ""
    side: str = ""
    note: str = ""
    wgs84: tuple[float, float] | None = None
    accuracy_m: float | None = None
    hold: Hold = Hold.SPATIAL
    withdrawn_at_ns: int | None = None
    version: int = 1


class MonitorRole(StrEnum):
    """What a sensor has to do with a place."""

    MOUNTED = "mounted on"
    MONITORS = "monitors"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class SensorMonitors:
    """A sensor's tie to a place, from a moment to another: gauges are moved.

    A crack gauge spans two elements, a tilt meter on a column speaks for the building: a sensor
    may have several ties at once.

    Parameters
    ----------
    orientation
        Quaternion (w, x, y, z) that turns the sensor's axes into the building's; `None`: not told.
    valid_to_ns
        First instant at which it no longer holds; `None`: it holds.

    """

    id: str
    sensor_id: str
    anchor_id: str
    role: MonitorRole
    valid_from_ns: int
    valid_to_ns: int | None = None
    orientation: tuple[float, float, float, float] | None = None
    by: str = ""
    version: int = 1
