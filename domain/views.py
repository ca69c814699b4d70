"""What a detector sees of one building: its points, limits, newest values and the time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from domain.buildings import Building, Grade
from domain.limits import LimitProfile

#: least and greatest series value between which a reading of a channel changes no level at once
Band = tuple[float, float]
#: the band of a channel of which every reading counts
NEVER_CALM: Band = (inf, -inf)


@dataclass(frozen=True, slots=True)
class WatchedChannel:
    """A channel as the judgement needs it.

    Parameters
    ----------
    absolute
        Series values are absolute (surveyed), not growth only.
    segment_at_ns
        When the segment now in force was opened; 0 when unknown.
    address
        What its gateway calls it.
    turned_at_ns
        When the instrument was last turned on its wall: earlier values lie in other axes. 0: never.

    """

    id: str
    sensor_id: str
    gateway_id: str
    kind: str
    axis: str
    interval_s: int
    absolute: bool = False
    segment_at_ns: int = 0
    turned_at_ns: int = 0
    address: str = ""


@dataclass(frozen=True, slots=True)
class WatchedPoint:
    """A sensor as the judgement needs it, with its channels by axis.

    Parameters
    ----------
    by_hand
        People measure it: its silence is no fault of an instrument.

    """

    sensor_id: str
    gateway_id: str
    name: str
    kind: str
    load_bearing: bool
    storey: int | None
    axes: Mapping[str, WatchedChannel]
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Latest:
    """Newest fit value of a channel by its own time; `value` is the series value."""

    taken_at_ns: int
    value: float
    received_at_ns: int


@dataclass(frozen=True, slots=True)
class BuildingView:
    """One building as its detectors see it.

    Parameters
    ----------
    points
        Active points by sensor id.
    latest
        Newest fit series value by channel id, this batch included.
    heard_at_ns
        Newest arrival of any reading, fit or not, by gateway id, over all buildings.
    now_ns
        The injected clock's moment of the judgement.
    by_channel
        What `channels` gives, when it is known already.

    """

    building: Building
    grade: Grade | None
    profile: LimitProfile
    points: Mapping[str, WatchedPoint]
    latest: Mapping[str, Latest]
    heard_at_ns: Mapping[str, int] = field(default_factory=dict)
    now_ns: int = 0
    by_channel: Mapping[str, tuple[WatchedPoint, WatchedChannel]] | None = None

    def points_of(self, kind: str) -> list[WatchedPoint]:
        """List the points of one kind, in a fixed order."""
        return sorted(
            (p for p in self.points.values() if p.kind == kind), key=lambda p: p.sensor_id
        )

    def channels(self) -> Mapping[str, tuple[WatchedPoint, WatchedChannel]]:
        """Map each channel's id to its point and itself."""
        if self.by_channel is not None:
            return self.by_channel
        return {
            channel.id: (point, channel)
            for point in self.points.values()
            for channel in point.axes.values()
        }
