"""What the pipeline does with blocks of waveforms: features to readings, events to files."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import structlog

from analytics.vibration import BlockFeatures, VibrationSettings, features_of, velocities_of
from analytics.vibration_events import EventWatch
from app.modes import Gatherer
from app.watch import Watched, WatchList
from domain.errors import StoreUnavailable
from domain.limits import LimitProfile
from domain.ports import SpoolEntry
from domain.readings import ReadingBatch, concat
from domain.services import Health
from domain.waves import FEATURE_AXES, KeptBlock, WaveBlock, WavePeak, WaveStore

log = structlog.get_logger()

#: under this name the events' state of a building is saved beside its detectors' states
STATE = "waves"
#: kinds of the figures that `_of` gives
_FIGURES = ("peak_velocity", "frequency", "velocity_rms", "kurtosis")
_LAYOUTS_MAX = 10_000
_peak_mm_s = attrgetter("peak_mm_s")
#: newest blocks held, so that an event is kept with the block before it
_BYTES_BEFORE = 64_000_000


class WaveDesk:
    """Turns blocks into readings and keeps those that belong to an event.

    Both cursors of the spool ask for the readings of a row; they depend on the row alone, so
    it does not matter whether they are worked out once or twice.

    Parameters
    ----------
    store
        `None`: nothing is kept, the readings are made all the same.
    gatherer
        Puts the beginning of each hour aside; `None`: nobody looks for buildings' modes.
    held_bytes_max
        Samples whose features are held until the second cursor comes by; what is no longer held
        is worked out again.

    """

    def __init__(
        self,
        profile: LimitProfile,
        store: WaveStore | None,
        gatherer: Gatherer | None = None,
        *,
        held_bytes_max: int = 32_000_000,
    ) -> None:
        self._settings = VibrationSettings.from_profile(profile)
        self._events = EventWatch.from_profile(profile)
        self._store, self._gatherer = store, gatherer
        self._held: OrderedDict[int, list[BlockFeatures]] = OrderedDict()
        self._held_bytes, self._held_bytes_max = 0, held_bytes_max
        self._features_lock = threading.Lock()
        self._layouts: dict[tuple[str, str], tuple[Watched, list[str], list[int]]] = {}
        self._before: OrderedDict[str, BlockFeatures] = OrderedDict()
        self._before_bytes = 0
        self._trouble = self._hour_trouble = ""
        self._figures = dict.fromkeys(("blocks", "samples", "kept", "not kept", "put aside"), 0)

    def batch(self, entries: Sequence[SpoolEntry], watch: WatchList) -> ReadingBatch:
        """Join the readings of rows with those that their blocks come to."""
        batches = [entry.batch for entry in entries]
        if any(entry.waves for entry in entries):
            batches += [self._readings(entry, watch) for entry in entries if entry.waves]
        return concat(batches)

    def look(
        self,
        entries: Sequence[SpoolEntry],
        watch: WatchList,
        states: Mapping[tuple[str, str], Any],
    ) -> dict[str, Any]:
        """Look for events and keep their blocks; tell the new state by building.

        It is called again with the same rows and states when judging them did not come to its
        end: what is kept then has the same names as before.
        """
        changed: dict[str, Any] = {}
        kept: list[KeptBlock] = []
        for entry in entries:
            ordered = sorted(self._features(entry), key=lambda f: f.block.start_ns)
            for features in ordered:
                block = features.block
                building_id = watch.building_of.get(block.channel_id)
                if building_id is None:
                    continue
                state = changed.setdefault(
                    building_id, dict(states.get((building_id, STATE)) or {})
                )
                seen, state[block.channel_id] = self._events.look(
                    features, state.get(block.channel_id)
                )
                before = self._before.get(block.channel_id)
                if seen.begins and before is not None and block.follows(before.block):
                    kept.append(self._kept(before, seen.event_ns, "before"))
                if seen.event_ns:
                    kept.append(self._kept(features, seen.event_ns, seen.role))
                self._remember(features)
        self._keep(kept)
        self._put_aside([block for entry in entries for block in entry.waves], watch)
        return changed

    def retain(self, now_ns: int, spared: Sequence[tuple[str, int, int]]) -> None:
        """Delete what is past the retention policy."""
        if self._store is None:
            return
        try:
            deleted = self._store.retain(now_ns, spared)
        except StoreUnavailable as error:
            self._trouble = str(error)
            return
        if deleted:
            log.info("waveforms past their time deleted", files=deleted)

    def health(self) -> Health:
        """Tell how much came and whether events are kept."""
        figures = tuple((name, float(n)) for name, n in self._figures.items())
        if trouble := self._trouble or self._hour_trouble:
            return Health("waveforms", "degraded", trouble, figures, "not kept")
        return Health("waveforms", "ok", "", figures, "kept")

    def _features(self, entry: SpoolEntry) -> list[BlockFeatures]:
        with self._features_lock:  # the cursors come by on two threads
            return self._features_held(entry)

    def _features_held(self, entry: SpoolEntry) -> list[BlockFeatures]:
        held = self._held.get(entry.offset)
        if held is None:
            held = self._held[entry.offset] = features_of(entry.waves, self._settings)
            self._figures["blocks"] += len(held)
            self._figures["samples"] += sum(f.block.count * len(f.peaks) for f in held)
            self._held_bytes += sum(map(_size, held))
            while self._held_bytes > self._held_bytes_max and len(self._held) > 1:
                _, oldest = self._held.popitem(last=False)
                self._held_bytes -= sum(map(_size, oldest))
        return held

    def _readings(self, entry: SpoolEntry, watch: WatchList) -> ReadingBatch:
        channels: list[str] = []
        values: list[float] = []
        blocks: list[tuple[int, int, int]] = []
        counts = []
        for features in self._features(entry):
            block = features.block
            building_id = watch.building_of.get(block.channel_id)
            if building_id is None:
                continue
            axes = "".join(peak.axis for peak in features.peaks)
            ids, places = self._layout(watch.buildings[building_id], block.channel_id, axes)
            worst = max(features.peaks, key=_peak_mm_s)
            every = [figure for peak in (worst, *features.peaks) for figure in _of(peak)]
            channels += ids
            values += [every[place] for place in places]
            blocks.append((block.start_ns, block.flag, block.received_at_ns))
            counts.append(len(ids))
        taken, flags, received = np.array(blocks, np.int64).reshape(-1, 3).T
        return ReadingBatch.of(
            channels,
            np.repeat(taken, counts),
            values,
            received_at=np.repeat(received, counts),
            flag=np.repeat(flags, counts).astype(np.uint16),
        )

    def _layout(self, watched: Watched, channel_id: str, axes: str) -> tuple[list[str], list[int]]:
        """Tell the channels that a block's features go to, with the place of each figure.

        The figures are those of the largest peak and of each axis, as `_of` gives them.
        """
        known = self._layouts.get((channel_id, axes))
        if known is not None and known[0] is watched:
            return known[1], known[2]
        if len(self._layouts) > _LAYOUTS_MAX:
            self._layouts.clear()
        there = watched.points[watched.channels[channel_id].sensor_id].axes
        ids, places = [], []
        for number, letter in enumerate(["", *(f".{axis}" for axis in axes)]):
            for place, kind in enumerate(_FIGURES):
                channel = there.get(FEATURE_AXES[kind] + letter)
                if channel is not None and channel.kind == kind:
                    ids.append(channel.id)
                    places.append(number * len(_FIGURES) + place)
        self._layouts[channel_id, axes] = watched, ids, places
        return ids, places

    def _kept(self, features: BlockFeatures, event_ns: int, role: str) -> KeptBlock:
        (velocity,) = velocities_of([features.block], self._settings)
        return KeptBlock(event_ns, role, features.block, velocity, features.peaks)

    def _remember(self, features: BlockFeatures) -> None:
        key = features.block.channel_id
        gone = self._before.pop(key, None)
        self._before[key] = features
        self._before_bytes += _size(features) - (_size(gone) if gone else 0)
        while self._before_bytes > _BYTES_BEFORE and len(self._before) > 1:
            _, oldest = self._before.popitem(last=False)
            self._before_bytes -= _size(oldest)

    def _keep(self, kept: list[KeptBlock]) -> None:
        """Keep blocks; a disk that refuses must not hold up the judgement: it is told."""
        if not kept or self._store is None:
            return
        try:
            self._store.keep(kept)
        except StoreUnavailable as error:
            if not self._trouble:
                log.error("waveforms are not kept", reason=str(error), blocks=len(kept))
            self._trouble = str(error)
            self._figures["not kept"] += len(kept)
            return
        self._trouble = ""
        self._figures["kept"] += len(kept)

    def _put_aside(self, blocks: Sequence[WaveBlock], watch: WatchList) -> None:
        """Keep the beginnings of hours; a disk that refuses costs an hour's frequency, no more."""
        if self._gatherer is None:
            return
        try:
            self._figures["put aside"] += self._gatherer.take(blocks, watch)
        except StoreUnavailable as error:
            if not self._hour_trouble:
                log.error("beginnings of hours are not kept", reason=str(error))
            self._hour_trouble = str(error)
            return
        self._hour_trouble = ""


def _of(peak: WavePeak) -> tuple[float, float, float, float]:
    """Give the figures of a peak in the order of `_FIGURES`."""
    return peak.peak_mm_s, peak.frequency_hz, peak.rms_mm_s, peak.kurtosis


def _size(features: BlockFeatures) -> int:
    return len(features.block.data) + len(features.block.lead)
