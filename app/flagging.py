"""Flags readings on their way into the store: stuck, spike, step, after a gap, still learning."""

import time
from dataclasses import replace

import numpy as np

from analytics.quality import Quality, QualityRules
from domain.clock import DAY_NS
from domain.errors import StoreUnavailable
from domain.fleet import COMPENSATED, hung_up_ns
from domain.limits import LimitProfile
from domain.ports import RegisterStore
from domain.readings import QualityFlag, ReadingBatch, concat
from domain.sensors import Segment, Site

_LEARNING = np.uint16(QualityFlag.IMMATURE_COMPENSATION)
#: the register is looked at again so often, s: a sensor may have been hung up anew
_LOOK_S = 1.0


class Flagging:
    """Flags what is stored, with what the register knows of each channel.

    Flags are advice: while the register is away readings are stored without what hangs on it.
    A reading is of a channel whose compensation is immature while the instrument has been up for
    less than `compensation.days`, as the fleet calls its sensor learning.
    """

    def __init__(self, register: RegisterStore, profile: LimitProfile, shard: int) -> None:
        self._register, self._shard = register, shard
        self._revision, self._looked_s = -1, -_LOOK_S
        self._known: dict[str, tuple[float, float]] = {}
        self._learns_ns = round(profile.number("compensation.days") * DAY_NS)
        #: by channel that learns at all: when it was hung up; `None`: not known yet
        self._hung_up: dict[str, int | None] = {}
        self._quality = Quality(
            QualityRules.from_profile(profile), self._interval_s, self._smallest
        )

    def flag(self, batch: ReadingBatch) -> ReadingBatch:
        """Flag readings; earlier ones that turn out to be otherwise are written again."""
        by_hand = (batch.flag & QualityFlag.MANUAL) != 0
        if by_hand.any():
            # a crack card may well say 0.3 mm for a year: no instrument is stuck
            rest = self.flag(batch.take(~by_hand)) if not by_hand.all() else ReadingBatch.empty()
            return concat([rest, batch.take(by_hand)])
        flagged = self._quality.flag(self._learning(batch))
        return concat([flagged.batch, flagged.earlier]) if len(flagged.earlier) else flagged.batch

    def prepare(self) -> None:
        """Read the register for the first time, while there is nothing to flag yet."""
        if self._revision < 0:
            self._look_up(())

    def _learning(self, batch: ReadingBatch) -> ReadingBatch:
        if not len(batch):
            return batch
        self._look_up(batch.channels)
        until = np.zeros(len(batch.channels), np.int64)
        since = np.zeros(len(batch.channels), np.int64)
        for code, channel_id in enumerate(batch.channels):
            if channel_id in self._hung_up:
                began_ns = self._hung_up[channel_id]
                if began_ns is None:  # its very first readings: judging will open the segment
                    began_ns = int(batch.taken_at[batch.channel == code].min(initial=2**62))
                    self._hung_up[channel_id] = began_ns
                since[code], until[code] = began_ns, began_ns + self._learns_ns
        taken = batch.taken_at
        young = (taken >= since[batch.channel]) & (taken < until[batch.channel])
        if not young.any():
            return batch
        return replace(batch, flag=batch.flag | np.where(young, _LEARNING, np.uint16(0)))

    def _interval_s(self, channel_id: str) -> float | None:
        known = self._known.get(channel_id)
        return known[0] if known else None

    def _smallest(self, channel_id: str) -> float:
        known = self._known.get(channel_id)
        return known[1] if known else 0.0

    def _look_up(self, channels: tuple[str, ...]) -> None:
        """Read the register when it has changed; at once for a channel that is not known."""
        now_s = time.monotonic()
        if now_s - self._looked_s < _LOOK_S and all(c in self._known for c in channels):
            return
        try:
            revision = self._register.revision()
            if revision != self._revision:
                for _, _, site in self._register.sites(self._shard):
                    self._take_in(site)
                self._revision = revision
        except StoreUnavailable:
            return
        self._looked_s = now_s

    def _take_in(self, site: Site) -> None:
        resolution = {sensor.id: sensor.resolution or 0.0 for sensor in site.sensors}
        segments: dict[str, list[Segment]] = {}
        for segment in site.segments:
            segments.setdefault(segment.channel_id, []).append(segment)
        for channel in site.channels:
            smallest = resolution.get(channel.sensor_id, 0.0)
            self._known[channel.id] = (float(channel.interval_s), smallest)
            if channel.kind in COMPENSATED:
                began_ns = hung_up_ns(segments.get(channel.id, []))
                if began_ns is not None or channel.id not in self._hung_up:
                    self._hung_up[channel.id] = began_ns
