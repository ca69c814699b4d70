"""Own frequencies of buildings: gathers the beginning of each hour, and the job `modes`.

What is found stands in the readings store like what blocks come to: in channels that are
registered for it, at the moment at which the record begins. The same record comes to the same
readings, so a run may be killed anywhere and done again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import structlog

from analytics.assessment.model import Model, load_model
from analytics.assessment.modes import Mode, Modes, modes_of
from analytics.assessment.modes_record import joined
from analytics.assessment.modes_track import Track, Tracks, tracked
from analytics.assessment.subspace import subspace_known
from app.compute import Compute
from app.jobs import Under
from app.watch import WatchList
from domain.clock import HOUR_NS, MINUTE_NS, SECOND_NS, Clock
from domain.errors import NotFound
from domain.jobs import CatchUp, Timetable
from domain.modal import (
    MODE_AXES,
    HourKey,
    HourStore,
    is_modal,
    is_swing,
    shaken_together,
)
from domain.ports import ReadingStore, RegisterStore
from domain.readings import ReadingBatch
from domain.sensors import Channel
from domain.waves import WaveBlock

log = structlog.get_logger()

JOB = "modes"
#: blocks that come late may still be on their way so long after the record's end
SETTLED_NS = 10 * MINUTE_NS
#: an hour is looked at when its record has settled, whatever its length
TIMES = Timetable(HOUR_NS, 30 * MINUTE_NS, CatchUp.LATEST)


class Gatherer:
    """Puts blocks of the beginning of each hour aside, of buildings whose modes are wanted.

    Parameters
    ----------
    seconds
        Length of a record; 0: nothing is put aside.

    """

    def __init__(self, store: HourStore, seconds: float) -> None:
        self._store, self._span_ns = store, int(seconds * SECOND_NS)

    def take(self, blocks: Sequence[WaveBlock], watch: WatchList) -> int:
        """Keep what belongs to a record; tell how many blocks that were.

        Raises
        ------
        StoreUnavailable
            When the disk refuses.

        """
        kept: dict[HourKey, list[WaveBlock]] = {}
        wanted: dict[str, frozenset[str]] = {}
        for block in blocks:
            hour_ns = block.start_ns // HOUR_NS * HOUR_NS
            building_id = watch.building_of.get(block.channel_id)
            if building_id is None or block.start_ns - hour_ns >= self._span_ns:
                continue
            if building_id not in wanted:
                channels = watch.buildings[building_id].channels.values()
                wanted[building_id] = frozenset(c.id for c in shaken_together(channels))
            if block.channel_id in wanted[building_id]:
                key = HourKey(hour_ns, building_id)
                kept.setdefault(key, []).append(replace(block, lead=b""))
        if kept:
            self._store.keep(kept)
        return sum(map(len, kept.values()))


@dataclass(frozen=True, slots=True)
class HourTask:
    """One record to be looked at, by itself enough for a computing process."""

    key: HourKey
    channels: tuple[str, ...]
    blocks: dict[str, list[WaveBlock]]


@dataclass(frozen=True, slots=True)
class HourFound:
    """What it came to, and the channels and kind that it was found from."""

    found: Modes
    channels: tuple[str, ...]
    kind: str


def found_in(task: HourTask) -> HourFound:
    """Find the modes of one record."""
    numbers = _numbers()
    record = joined(task.blocks, task.channels, numbers)
    if isinstance(record, tuple):
        way = "subspace" if subspace_known() else "spectrum"
        return HourFound(Modes((), way, *record), (), "")
    kind = task.blocks[task.channels[0]][0].kind
    return HourFound(modes_of(record, numbers), record.channels, kind)


class ModeFinder:
    """Finds and tracks the modes of every record that has settled.

    Parameters
    ----------
    seconds
        Length of a record.
    hours_max
        Records older than so many hours are deleted unseen: a backlog must not pile up.

    """

    def __init__(
        self,
        store: HourStore,
        readings: ReadingStore,
        register: RegisterStore,
        clock: Clock,
        compute: Compute,
        *,
        seconds: float,
        hours_max: float,
    ) -> None:
        self._store, self._readings, self._register = store, readings, register
        self._clock, self._compute = clock, compute
        self._settled_ns = int(seconds * SECOND_NS) + SETTLED_NS
        self._hours_max_ns = int(hours_max * HOUR_NS)

    def work(self, under: Under) -> str:
        """Do one run; tells what came of it, and why records told nothing."""
        now_ns = self._clock.now_ns()
        ready, old = [], 0
        for key in self._store.hours():
            if key.hour_ns < now_ns - self._hours_max_ns:
                self._store.drop(key)
                old += 1
            elif key.hour_ns + self._settled_ns <= now_ns:
                ready.append(key)
        under.note(0, len(ready))
        told, reasons = 0, Counter[str]()
        for done, (task, made) in enumerate(
            self._compute.map(found_in, self._tasks(ready, under)), 1
        ):
            if made.found.reason is not None:
                reasons[made.found.reason.value] += 1
                log.info(
                    "no mode is told",
                    building=task.key.building_id,
                    hour_ns=task.key.hour_ns,
                    reason=made.found.reason.value,
                    channel=made.found.about,
                )
            told += self._keep(task.key, made, now_ns)
            self._store.drop(task.key)
            under.note(done, len(ready))
        self._compute.rest()
        text = f"{len(ready)} records, {told} with a known mode"
        if not subspace_known():
            text += ", by the spectrum alone: the extra `modes` is not installed"
        if old:
            text += f"; {old} too old"
        return "; ".join([text, *(f"{reason}: {n}" for reason, n in sorted(reasons.items()))])

    def _tasks(self, ready: Sequence[HourKey], under: Under) -> Iterator[HourTask]:
        for key in ready:
            under.check()
            channels = tuple(c.id for c in shaken_together(self._channels(key.building_id)))
            if channels:
                yield HourTask(key, channels, self._store.blocks(key))
            else:
                self._store.drop(key)  # taken down since

    def _channels(self, building_id: str) -> list[Channel]:
        try:
            site = self._register.site(building_id)
        except NotFound:
            return []
        hanging = {sensor.id for sensor in site.sensors if sensor.active}
        return [c for c in site.channels if c.active and c.sensor_id in hanging]

    def _keep(self, key: HourKey, made: HourFound, now_ns: int) -> bool:
        """Track what was found, and store what has a number; the state goes last."""
        before = unpacked(self._store.known(key.building_id))
        told, after = tracked(made.found, made.channels, before, _numbers())
        channels: list[str] = []
        values: list[float] = []
        for channel in self._channels(key.building_id):
            mode = told.get(MODE_AXES[channel.axis] if is_modal(channel) else 1)
            if mode is None or not (is_modal(channel) or is_swing(channel)):
                continue
            channels.append(channel.id)
            swing = swing_mm_s(mode, made.kind)
            values.append(mode.frequency_hz if is_modal(channel) else swing)
        if channels:
            at_ns = [key.hour_ns] * len(channels)
            self._readings.append(ReadingBatch.of(channels, at_ns, values, received_at=now_ns))
        if after is not before:
            self._store.learn(key.building_id, packed(after))
        return bool(channels)


def swing_mm_s(mode: Mode, kind: str) -> float:
    """Tell the velocity with which a mode swings, root mean square of a channel, mm/s."""
    each = mode.rms / np.sqrt(len(mode.shape))
    if kind == "acceleration":  # m/s²
        each *= 1000.0 / (2.0 * np.pi * mode.frequency_hz)
    return float(each)


class _Track(msgspec.Struct):
    hz: float
    real: list[float]
    imag: list[float]
    found: int
    of: int
    silent: int
    number: int


class _Tracks(msgspec.Struct):
    channels: list[str]
    records: int
    tracks: list[_Track]


def packed(tracks: Tracks) -> bytes:
    """Write down what is known of a building's modes."""
    rows = [
        _Track(
            t.frequency_hz, t.shape.real.tolist(), t.shape.imag.tolist(),
            t.found, t.of, t.silent, t.number,
        )
        for t in tracks.tracks
    ]  # fmt: skip
    return msgspec.msgpack.encode(_Tracks(list(tracks.channels), tracks.records, rows))


def unpacked(data: bytes) -> Tracks:
    """Read it; what cannot be read is learnt anew."""
    if not data:
        return Tracks()
    try:
        held = msgspec.msgpack.decode(data, type=_Tracks)
    except msgspec.DecodeError:
        log.warning("what was known of modes cannot be read; it is learnt anew")
        return Tracks()
    tracks = tuple(
        Track(t.hz, np.array(t.real) + 1j * np.array(t.imag), t.found, t.of, t.silent, t.number)
        for t in held.tracks
    )
    return Tracks(tuple(held.channels), held.records, tracks)


def _numbers() -> Model:
    return load_model("modes-2026")
