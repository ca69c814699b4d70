"""What one shard watches: the register in the form that judging needs, kept up to date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from domain.buildings import Building, Grade
from domain.limits import LimitProfile
from domain.ports import RegisterStore
from domain.sensors import Segment, SegmentReason, Site
from domain.views import BuildingView, Latest, WatchedChannel, WatchedPoint


@dataclass(frozen=True)
class Watched:
    """One building with its points, channels and segments."""

    building: Building
    grade: Grade | None
    channels: Mapping[str, WatchedChannel]
    points: Mapping[str, WatchedPoint]
    segments: Mapping[str, tuple[Segment, ...]]
    withdrawn: frozenset[str] = frozenset()

    @classmethod
    def of(cls, building: Building, grade: Grade | None, site: Site) -> "Watched":
        """Put a building's site into the form that judging needs."""
        segments: dict[str, list[Segment]] = {}
        for segment in sorted(site.segments, key=lambda s: (s.opened_at_ns, s.id)):
            segments.setdefault(segment.channel_id, []).append(segment)
        channels: dict[str, WatchedChannel] = {}
        axes: dict[str, dict[str, WatchedChannel]] = {}
        for channel in site.channels:
            if not channel.active:
                continue
            held = segments.get(channel.id, [])
            channels[channel.id] = watched = WatchedChannel(
                channel.id,
                channel.sensor_id,
                channel.gateway_id,
                channel.kind,
                channel.axis,
                channel.interval_s,
                absolute=bool(held) and held[-1].absolute,
                segment_at_ns=held[-1].opened_at_ns if held else 0,
                turned_at_ns=_turned_at_ns(held),
                address=channel.address,
            )
            axes.setdefault(channel.sensor_id, {})[channel.axis] = watched
        points = {
            sensor.id: WatchedPoint(
                sensor.id,
                sensor.gateway_id,
                f"{sensor.code} {sensor.place}".strip(),
                sensor.kind,
                sensor.load_bearing,
                sensor.storey,
                axes[sensor.id],
                by_hand=sensor.by_hand is not None,
            )
            for sensor in site.sensors
            if sensor.active and sensor.id in axes
        }
        return cls(
            building,
            grade,
            {k: c for k, c in channels.items() if c.sensor_id in points},
            points,
            {key: tuple(rows) for key, rows in segments.items()},
            frozenset(segment.id for segment in site.withdrawn),
        )

    def with_segments(self, opened: list[Segment]) -> "Watched":
        """Take in segments that judging has just opened or fixed."""
        if not opened:
            return self
        segments = dict(self.segments)
        channels = dict(self.channels)
        for segment in opened:
            kept = [s for s in segments.get(segment.channel_id, ()) if s.id != segment.id]
            rows = sorted([*kept, segment], key=lambda s: (s.opened_at_ns, s.id))
            segments[segment.channel_id] = tuple(rows)
            if watched := channels.get(segment.channel_id):
                channels[segment.channel_id] = replace(
                    watched,
                    absolute=rows[-1].absolute,
                    segment_at_ns=rows[-1].opened_at_ns,
                    turned_at_ns=_turned_at_ns(rows),
                )
        points = {
            key: replace(p, axes={axis: channels[c.id] for axis, c in p.axes.items()})
            for key, p in self.points.items()
        }
        return replace(self, channels=channels, points=points, segments=segments)

    def view(
        self,
        profile: LimitProfile,
        latest: Mapping[str, Latest],
        heard_at_ns: Mapping[str, int],
        now_ns: int,
    ) -> BuildingView:
        """Show the building to its detectors at a moment."""
        return BuildingView(
            self.building,
            self.grade,
            profile,
            self.points,
            latest,
            heard_at_ns,
            now_ns,
            self.by_channel,
        )

    @cached_property
    def by_channel(self) -> dict[str, tuple[WatchedPoint, WatchedChannel]]:
        """Map each channel's id to its point and itself; kept, as every batch asks for it."""
        return {c.id: (point, c) for point in self.points.values() for c in point.axes.values()}

    @cached_property
    def gateways(self) -> frozenset[str]:
        """Ids of the gateways that send for the building."""
        return frozenset(c.gateway_id for c in self.channels.values())


def _turned_at_ns(segments: Sequence[Segment]) -> int:
    turned = [s.opened_at_ns for s in segments if s.reason is SegmentReason.TURN]
    return max(turned, default=0)


class WatchList:
    """All buildings of one shard; read again when the register has changed."""

    def __init__(self, register: RegisterStore, shard: int) -> None:
        self._register = register
        self._shard = shard
        self._revision = -1
        self.buildings: dict[str, Watched] = {}
        self.building_of: dict[str, str] = {}
        self.served_by: dict[str, set[str]] = {}

    def refresh(self) -> bool:
        """Read the register when it has changed; tell whether it had."""
        revision = self._register.revision()
        if revision == self._revision:
            return False
        # the number is read first: a change while the rows are read is seen again next time
        self.buildings = {
            building.id: Watched.of(building, grade, site)
            for building, grade, site in self._register.sites(self._shard)
        }
        self.building_of = {
            channel: key for key, watched in self.buildings.items() for channel in watched.channels
        }
        self.served_by = {}
        for key, watched in self.buildings.items():
            for channel in watched.channels.values():
                self.served_by.setdefault(channel.gateway_id, set()).add(key)
        self._revision = revision
        return True

    def take_in(self, opened: Mapping[str, list[Segment]]) -> None:
        """Take in committed segments by building, without reading the register again."""
        for building_id, segments in opened.items():
            self.buildings[building_id] = self.buildings[building_id].with_segments(segments)
        if opened:
            # the commit raised the number by one; if others wrote too, it no longer fits
            self._revision += 1
