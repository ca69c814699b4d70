"""Context events: weather, works, blasts and earthquakes, with place and time.

They explain readings, they never excuse them: what is said of one is "coincides with".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import asin, cos, isfinite, radians, sin, sqrt
from typing import Protocol

from domain.errors import InvalidInput
from domain.ports import Page

EARTH_M = 6_371_000.0
#: figures of a weather row that the analysis reads
TEMPERATURE = "temperature_c"
RAIN = "rain_mm"
#: read by the sampling plans
WIND = "wind_m_s"


class ContextKind(StrEnum):
    """What happened around buildings."""

    WEATHER = "weather"
    WORKS = "works"
    BLAST = "blast"
    EARTHQUAKE = "earthquake"


@dataclass(frozen=True, slots=True)
class ContextEvent:
    """Something that happened somewhere for some time.

    Parameters
    ----------
    started_at_ns, ended_at_ns
        Equal for a moment; `ended_at_ns` is included.
    longitude, latitude
        WGS-84, degrees; `None`: the whole city.
    radius_m
        How far it reaches from there.
    figures
        By name with the unit last: `temperature_c`, `rain_mm`, `wind_m_s`, `magnitude`, …
    source
        Who says so: a file, a service, a person.

    """

    id: str
    kind: ContextKind
    name: str
    started_at_ns: int
    ended_at_ns: int
    longitude: float | None = None
    latitude: float | None = None
    radius_m: float = 0.0
    figures: tuple[tuple[str, float], ...] = ()
    source: str = ""
    note: str = ""
    version: int = 1

    def figure(self, name: str) -> float | None:
        """Tell one figure."""
        return next((value for known, value in self.figures if known == name), None)

    def reaches(self, longitude: float, latitude: float) -> bool:
        """Tell whether a place lies within its radius.

        Examples
        --------
        >>> blast = ContextEvent("b", ContextKind.BLAST, "", 0, 0, 115.9, 28.7, 500.0)
        >>> blast.reaches(115.9, 28.704), blast.reaches(115.9, 28.705)
        (True, False)

        """
        if self.longitude is None or self.latitude is None:
            return True
        away_m = distance_m(self.longitude, self.latitude, longitude, latitude)
        return away_m <= self.radius_m

    def during(self, start_ns: int, end_ns: int) -> bool:
        """Tell whether some of it lies between two moments, both included."""
        return self.started_at_ns <= end_ns and self.ended_at_ns >= start_ns


def checked(event: ContextEvent) -> ContextEvent:
    """Refuse an event that cannot be.

    Raises
    ------
    InvalidInput
        With the field, what was wanted and what came.

    """
    if event.ended_at_ns < event.started_at_ns:
        raise InvalidInput("ended_at must not lie before started_at", "ended_at")
    if (event.longitude is None) != (event.latitude is None):
        raise InvalidInput("longitude and latitude belong together", "longitude")
    if event.longitude is not None and not -180 <= event.longitude <= 180:
        raise InvalidInput(f"longitude must be -180 to 180, got {event.longitude}", "longitude")
    if event.latitude is not None and not -90 <= event.latitude <= 90:
        raise InvalidInput(f"latitude must be -90 to 90, got {event.latitude}", "latitude")
    if not 0 <= event.radius_m <= 2_000_000:
        raise InvalidInput(f"radius_m must be 0 to 2,000,000, got {event.radius_m}", "radius_m")
    for name, value in event.figures:
        if not isfinite(value):
            raise InvalidInput(f"{name} must be a finite number, got {value}", name)
    return event


def distance_m(lon_1: float, lat_1: float, lon_2: float, lat_2: float) -> float:
    """Tell the distance between two places on the ground, in metres (haversine)."""
    half_lat = sin(radians(lat_2 - lat_1) / 2) ** 2
    half_lon = sin(radians(lon_2 - lon_1) / 2) ** 2
    share = half_lat + cos(radians(lat_1)) * cos(radians(lat_2)) * half_lon
    return 2 * EARTH_M * asin(sqrt(min(1.0, share)))


def coinciding(
    events: Sequence[ContextEvent], longitude: float, latitude: float, since_ns: int, before_ns: int
) -> list[ContextEvent]:
    """List the works, blasts and earthquakes near a place that a movement coincides with.

    Parameters
    ----------
    since_ns
        When the movement began.
    before_ns
        How long before that an event may have ended.

    """
    return [
        event
        for event in events
        if event.kind is not ContextKind.WEATHER
        and event.during(since_ns - before_ns, since_ns + before_ns)
        and event.reaches(longitude, latitude)
    ]


class ContextStore(Protocol):
    """Keeps context events."""

    def put(self, events: Sequence[ContextEvent], by: str) -> None:
        """Keep events, all or none; one that is there is replaced by its next version.

        Raises
        ------
        Conflict
            When a version is stale.

        """
        ...

    def add(self, events: Sequence[ContextEvent], by: str) -> int:
        """Keep those events that are not there yet, all or none; tell how many are new."""
        ...

    def event(self, event_id: str) -> ContextEvent | None:
        """Read one event."""
        ...

    def events(
        self,
        page: Page,
        *,
        kinds: Sequence[ContextKind] = (),
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> list[ContextEvent]:
        """List by start, newest first; with moments, those that lie between them in part."""
        ...

    def weather(self, start_ns: int, end_ns: int) -> list[ContextEvent]:
        """List the weather that begins between two moments, oldest first, the end left out."""
        ...
