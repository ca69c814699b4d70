"""Flags readings on their way into the store: stuck, spike, after a gap."""

from analytics.quality import Quality, QualityRules
from domain.errors import StoreUnavailable
from domain.limits import LimitProfile
from domain.ports import RegisterStore
from domain.readings import ReadingBatch, concat


class Flagging:
    """Flags what is stored, with what the register knows of each channel.

    Flags are advice: while the register is away readings are stored without what hangs on it.
    """

    def __init__(self, register: RegisterStore, profile: LimitProfile, shard: int) -> None:
        self._register, self._shard = register, shard
        self._revision = -1
        self._known: dict[str, tuple[float, float]] = {}
        self._quality = Quality(
            QualityRules.from_profile(profile), self._interval_s, self._smallest
        )

    def flag(self, batch: ReadingBatch) -> ReadingBatch:
        """Flag readings; earlier ones that turn out to be spikes are written again with them."""
        flagged = self._quality.flag(batch)
        return concat([flagged.batch, flagged.earlier]) if len(flagged.earlier) else flagged.batch

    def _interval_s(self, channel_id: str) -> float | None:
        self._look_up(channel_id)
        known = self._known.get(channel_id)
        return known[0] if known else None

    def _smallest(self, channel_id: str) -> float:
        known = self._known.get(channel_id)
        return known[1] if known else 0.0

    def _look_up(self, channel_id: str) -> None:
        if channel_id in self._known:
            return
        try:
            revision = self._register.revision()
            if revision == self._revision:
                return
            for _, _, site in self._register.sites(self._shard):
                resolution = {sensor.id: sensor.resolution or 0.0 for sensor in site.sensors}
                for channel in site.channels:
                    smallest = resolution.get(channel.sensor_id, 0.0)
                    self._known[channel.id] = (float(channel.interval_s), smallest)
            self._revision = revision
        except StoreUnavailable:
            return
