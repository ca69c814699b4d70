"""Readings in plain dictionaries: the reference that the other stores are held against."""

import threading
from collections.abc import Sequence

import numpy as np

from domain.errors import InvalidInput
from domain.readings import UNFIT, QualityFlag, Reading, ReadingBatch, Rollup, Series
from domain.retention import Window
from storage.readings.aside import downsampled
from storage.readings.columns import NEVER, SUMMED_BELOW, checked
from storage.readings.spans import LENGTH_NS, Every


class MemoryReadingStore:
    """Keeps readings until the process ends; for tests and for trying things out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, dict[int, Reading]] = {}
        self._forgotten_before: dict[str, int] = {}
        self._aside: dict[str, dict[int, Reading]] = {}
        # (channel, every) -> start -> (count, total, low, high)
        self._rollups: dict[tuple[str, Every], dict[int, tuple[int, float, float, float]]] = {}

    def append(self, batch: ReadingBatch) -> None:
        """Keep a batch; see `domain.ports.ReadingStore.append`."""
        batch = checked(batch)
        with self._lock:
            before: dict[tuple[str, int], Reading | None] = {}
            for code, taken_at, value, flag, received_at in zip(
                batch.channel.tolist(),
                batch.taken_at.tolist(),
                batch.value.tolist(),
                batch.flag.tolist(),
                batch.received_at.tolist(),
                strict=True,
            ):
                channel_id = batch.channels[code]
                kept = self._kept.setdefault(channel_id, {})
                before.setdefault((channel_id, taken_at), kept.get(taken_at))
                kept[taken_at] = Reading(
                    channel_id, taken_at, value, QualityFlag(flag), received_at
                )
            every: Every
            for every in ("hour", "day"):
                self._follow(before, every)

    def _follow(self, before: dict[tuple[str, int], Reading | None], every: Every) -> None:
        """Bring the spans that a batch touched up to date."""
        length = LENGTH_NS[every]
        touched: dict[tuple[str, int], list[int]] = {}
        for channel_id, taken_at in before:
            touched.setdefault((channel_id, taken_at // length * length), []).append(taken_at)
        for (channel_id, start), moments in touched.items():
            rollups = self._rollups.setdefault((channel_id, every), {})
            kept = self._kept[channel_id]
            if start < self._forgotten_before.get(channel_id, NEVER):
                # part of the span's readings are gone: only what is new can be added
                chosen = [kept[t].value for t in moments if _is_fit(kept[t])]
                was = [before[channel_id, t] for t in moments]
                old = [r.value for r in was if r is not None and _is_fit(r)]
                count, total, low, high = rollups.get(start, (0, 0.0, np.inf, -np.inf))
                count += len(chosen) - len(old)
                total += sum(chosen) - sum(old)
            else:
                chosen = [
                    r.value for t, r in kept.items() if start <= t < start + length and _is_fit(r)
                ]
                count, total, low, high = len(chosen), sum(chosen), np.inf, -np.inf
            if count:
                rollups[start] = (count, total, min([low, *chosen]), max([high, *chosen]))
            else:
                rollups.pop(start, None)

    def between(self, channel_id: str, start_ns: int, end_ns: int) -> Series:
        """Read one channel; see `domain.ports.ReadingStore.between`."""
        with self._lock:
            all_of_it = self._aside.get(channel_id, {}) | self._kept.get(channel_id, {})
            kept = sorted(
                (r for t, r in all_of_it.items() if start_ns <= t < end_ns),
                key=lambda reading: reading.taken_at_ns,
            )
        return Series(
            np.array([r.taken_at_ns for r in kept], np.int64),
            np.array([r.value for r in kept], np.float64),
            np.array([r.flag for r in kept], np.uint16),
            np.array([r.received_at_ns for r in kept], np.int64),
        )

    def latest(self, channel_ids: Sequence[str]) -> dict[str, Reading]:
        """Read the newest; see `domain.ports.ReadingStore.latest`."""
        with self._lock:
            return {
                channel_id: kept[max(kept)]
                for channel_id in channel_ids
                if (kept := self._kept.get(channel_id))
            }

    def downsample(self, channel_id: str, start_ns: int, end_ns: int, points: int) -> Rollup:
        """Read in equal spans; see `domain.ports.ReadingStore.downsample`."""
        if points < 1:
            raise InvalidInput(f"points must be at least 1, got {points}", field="points")
        return downsampled(self.between(channel_id, start_ns, end_ns), start_ns, end_ns, points)

    def rollups(self, channel_id: str, start_ns: int, end_ns: int, every: Every) -> Rollup:
        """Read kept spans; see `domain.ports.ReadingStore.rollups`."""
        with self._lock:
            kept = sorted(
                (start, span)
                for start, span in self._rollups.get((channel_id, every), {}).items()
                if start_ns <= start < end_ns
            )
        return Rollup(
            np.array([start for start, _ in kept], np.int64),
            np.array([span[0] for _, span in kept], np.int64),
            np.array([span[1] / span[0] for _, span in kept], np.float64),
            np.array([span[2] for _, span in kept], np.float64),
            np.array([span[3] for _, span in kept], np.float64),
        )

    def rollups_of(
        self, channel_ids: Sequence[str], start_ns: int, end_ns: int, every: Every
    ) -> dict[str, Rollup]:
        """Read kept spans of many channels; see `domain.ports.ReadingStore.rollups_of`."""
        found = {c: self.rollups(c, start_ns, end_ns, every) for c in channel_ids}
        return {channel_id: rollup for channel_id, rollup in found.items() if len(rollup)}

    def delete_before(self, end_ns: int, channel_ids: Sequence[str] | None = None) -> None:
        """Forget old readings; see `domain.ports.ReadingStore.delete_before`."""
        with self._lock:
            for channel_id in self._kept if channel_ids is None else channel_ids:
                kept = self._kept.get(channel_id)
                if kept is None:
                    continue
                self._kept[channel_id] = {t: r for t, r in kept.items() if t >= end_ns}
                self._forgotten_before[channel_id] = max(
                    end_ns, self._forgotten_before.get(channel_id, NEVER)
                )

    def keep(self, windows: Sequence[Window], before_ns: int) -> None:
        """Put readings aside; see `domain.ports.ReadingStore.keep`."""
        with self._lock:
            for window in windows:
                end_ns = min(window.end_ns, before_ns)
                for taken_at, reading in self._kept.get(window.channel_id, {}).items():
                    if window.start_ns <= taken_at < end_ns:
                        self._aside.setdefault(window.channel_id, {})[taken_at] = reading

    def keep_only(self, windows: Sequence[Window]) -> None:
        """Forget what is in no window; see `domain.ports.ReadingStore.keep_only`."""
        with self._lock:
            self._aside = {
                channel_id: {
                    taken_at: reading
                    for taken_at, reading in aside.items()
                    if any(
                        w.channel_id == channel_id and w.start_ns <= taken_at < w.end_ns
                        for w in windows
                    )
                }
                for channel_id, aside in self._aside.items()
            }

    def delete_rollups_before(self, every: Every, end_ns: int) -> None:
        """Forget spans; see `domain.ports.ReadingStore.delete_rollups_before`."""
        with self._lock:
            for (_, kind), spans in self._rollups.items():
                if kind == every:
                    for start in [start for start in spans if start < end_ns]:
                        del spans[start]

    def close(self) -> None:
        """Keep everything: closing a memory store lets go of nothing."""


def _is_fit(reading: Reading) -> bool:
    return not reading.flag & UNFIT and abs(reading.value) < SUMMED_BELOW
