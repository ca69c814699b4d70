"""Series values out of raw readings, by the segments (calibration epochs) of each channel.

A series value is the reading, times the calibration factor, plus the offset of the segment that
holds at its own time. A segment without an offset gets it from its first fit reading. When a
gateway's boot counter changes, the values before and after are compared: what is noise leaves the
datum as it is; a jump opens a restart segment, so that the series goes on, and is reported, because
a sensor that was re-zeroed and a building that moved in the dark look alike from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt
from statistics import median
from typing import Any, Protocol

import numpy as np

from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS
from domain.datum import DATUM_KINDS
from domain.findings import Cause, Finding
from domain.ids import same_id
from domain.limits import Level, Limit, LimitProfile
from domain.readings import UNFIT, Floats, Int64s, ReadingBatch
from domain.sensors import Segment, SegmentReason
from domain.views import WatchedChannel, WatchedPoint

_BY_PEOPLE = frozenset(SegmentReason) - {SegmentReason.RESTART}
_UNFIT = int(UNFIT)
_KEPT = 24  # newest values of a channel, from which its scatter is known


class Site(Protocol):
    """What is mounted on one building, as judging knows it."""

    @property
    def building(self) -> Building: ...  # noqa: D102
    @property
    def channels(self) -> Mapping[str, WatchedChannel]: ...  # noqa: D102
    @property
    def points(self) -> Mapping[str, WatchedPoint]: ...  # noqa: D102
    @property
    def segments(self) -> Mapping[str, Sequence[Segment]]:
        """Segments by channel id, oldest first."""
        ...

    @property
    def withdrawn(self) -> frozenset[str]:
        """Ids of segments that were taken back."""
        ...


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What became of a batch.

    Parameters
    ----------
    batch
        The same rows, sorted by `taken_at`, with series values.
    state
        Hand it in again with the building's next batch; plain data.
    opened
        Segments that are new or whose offset is now fixed; they are to be kept.
    findings
        Jumps at a restart, yellow at most.

    """

    batch: ReadingBatch
    state: Any
    opened: list[Segment]
    findings: list[Finding]


def adjust(batch: ReadingBatch, state: Any, site: Site, profile: LimitProfile) -> Adjusted:
    """Turn raw readings of one building into series values.

    Parameters
    ----------
    batch
        Raw readings in the unit of their channel's kind, of this building only.
    state
        What the last call returned for this building; `None` at first.

    """
    kept: dict[str, Any] = state or {"channels": {}, "jumps": {}}
    if not len(batch):
        findings, standing = _report([], kept["jumps"], site, profile)
        return Adjusted(batch, {**kept, "jumps": standing}, [], findings)
    rows = _in_order(batch)
    by_channel = np.argsort(rows.channel, kind="stable")
    taken_at, boots = rows.taken_at[by_channel], rows.boot
    series = rows.value[by_channel]
    edges = np.searchsorted(rows.channel[by_channel], np.arange(len(rows.channels) + 1))
    firsts = taken_at[np.minimum(edges[:-1], len(rows) - 1)].tolist()
    lasts, first_boot = taken_at[np.maximum(edges[1:] - 1, 0)].tolist(), int(boots[0])
    # restarts and unfit readings are rare: without any, most channels have but an offset to add
    plain = bool((boots == first_boot).all() and not (rows.flag & _UNFIT).any())
    channels = dict(kept["channels"])
    jumps: list[_Jump] = []
    opened: list[Segment] = []
    spans = list(pairwise(edges.tolist()))
    offsets: list[float | None] = [None] * len(spans)
    if plain:
        for place, (channel_id, first_ns) in enumerate(zip(rows.channels, firsts, strict=True)):
            channel = site.channels.get(channel_id)
            if channel is not None and channel.kind in DATUM_KINDS:
                held, known = channels.get(channel_id), site.segments.get(channel_id, ())
                offsets[place] = _offset_of(held, known, first_ns, first_boot)
        series += np.repeat([offset or 0.0 for offset in offsets], np.diff(edges))
    values = series.tolist() if plain else []
    for place, (channel_id, (low, high)) in enumerate(zip(rows.channels, spans, strict=True)):
        channel = site.channels.get(channel_id)
        if channel is None or low == high:
            continue
        held = channels.get(channel_id)
        if offsets[place] is not None:
            assert held is not None  # noqa: S101 - it was looked at
            tail = values[max(low, high - _KEPT) : high]
            channels[channel_id] = {
                "recent": [*held["recent"], *tail][-_KEPT:],
                "last": lasts[place],
                "boot": first_boot,
                "calm": min(held["calm"] + high - low, _KEPT),
                "after": None,
                "own": [],
            }
            continue
        mine = by_channel[low:high]
        line = _Line(channel, held, site.segments.get(channel_id, ()), site.withdrawn, profile)
        series[low:high] = line.take(
            taken_at[low:high], series[low:high], rows.flag[mine], boots[mine], mine
        )
        channels[channel_id] = line.saved()
        opened += line.opened
        jumps += line.jumps
    value = np.empty_like(series)
    value[by_channel] = series
    findings, standing = _report(jumps, kept["jumps"], site, profile)
    return Adjusted(
        replace(rows, value=value), {"channels": channels, "jumps": standing}, opened, findings
    )


def datum_of(
    channel: WatchedChannel, state: Any, site: Site
) -> tuple[float, float, int | None] | None:
    """Tell what makes a channel's next calm reading a series value: factor, offset and boot.

    `None` for the boot: a restart means nothing to this kind. `None` for all: the next reading
    changes more than its own value, or what becomes of it hangs on its moment.
    """
    known = site.segments.get(channel.id, ())
    if channel.kind not in DATUM_KINDS:
        newest = known[-1] if known else None
        return (newest.scale, newest.offset or 0.0, None) if newest else (1.0, 0.0, None)
    held = (state or {"channels": {}})["channels"].get(channel.id)
    offset = known[-1].offset if known else None
    if offset is None or (held and (held["own"] or held["after"] is not None)):
        return None
    # of its first reading the register knows the zero
    return known[-1].scale, offset, held["boot"] if held else None


def _in_order(batch: ReadingBatch) -> ReadingBatch:
    """Sort a batch by the instruments' time."""
    if (np.diff(batch.taken_at) >= 0).all():
        return batch
    order = np.argsort(batch.taken_at, kind="stable")
    return ReadingBatch(
        batch.channels,
        batch.channel[order],
        batch.taken_at[order],
        batch.value[order],
        batch.flag[order],
        batch.received_at[order],
        batch.seq[order],
        batch.boot[order],
    )


def _offset_of(
    held: Mapping[str, Any] | None, known: Sequence[Segment], first_ns: int, boot: int
) -> float | None:
    """Tell the offset of readings of one boot to which nothing else can happen, else `None`."""
    if held is None or held["own"] or held["after"] is not None or not known:
        return None
    newest = known[-1]
    calm = first_ns > max(held["last"], newest.opened_at_ns) and held["boot"] in {-1, boot}
    return newest.offset if calm and newest.scale == 1.0 else None


@dataclass(frozen=True, slots=True)
class _Jump:
    """A channel came back from a restart with another value; `row` of the batch showed it."""

    row: int
    channel: WatchedChannel
    at_ns: int
    size: float
    threshold: float
    limit: Limit
    silent_ns: int


class _Line:
    """One channel's way through a batch."""

    def __init__(
        self,
        channel: WatchedChannel,
        saved: Mapping[str, Any] | None,
        known: Sequence[Segment],
        withdrawn: frozenset[str],
        profile: LimitProfile,
    ) -> None:
        held = saved or {"recent": [], "last": 0, "boot": -1, "calm": 0, "after": None, "own": []}
        self.channel, self.profile = channel, profile
        self.recent: list[float] = held["recent"]
        self.last_ns: int = held["last"]
        self.boot: int = held["boot"]
        self.calm: int = held["calm"]  # readings since it was started
        # values since a restart: [first moment, silence before it, raw values]
        self.after: list[Any] | None = held["after"]
        # segments that judging opened or fixed and that the register may not show yet
        self.own: list[Segment] = []
        self.segments = known
        if held["own"]:
            fixed = {s.id for s in known if s.offset is not None} | withdrawn
            self.own = [_unpacked(channel.id, row) for row in held["own"] if row[0] not in fixed]
            ids = {s.id for s in self.own}
            self.segments = sorted(
                [*(s for s in known if s.id not in ids), *self.own],
                key=lambda s: (s.opened_at_ns, s.id),
            )
        self.opened: list[Segment] = []
        self.jumps: list[_Jump] = []
        self._row = 0  # of the batch, which is looked at

    def saved(self) -> dict[str, Any]:
        """Tell what must be known when the next batch comes."""
        return {
            "recent": self.recent,
            "last": self.last_ns,
            "boot": self.boot,
            "calm": min(self.calm, _KEPT),
            "after": self.after,
            "own": [_packed(s) for s in self.own],
        }

    def take(self, taken_at: Int64s, raw: Floats, flag: Any, boot: Any, rows: Any) -> Floats:
        """Turn raw values into series values, oldest first; `rows` tells their places."""
        datum = self.channel.kind in DATUM_KINDS
        if not datum and not self.segments:
            return raw
        offset = self._calm_offset(taken_at, boot) if datum else None
        if offset is not None:
            series = raw * self.segments[-1].scale + offset
            fit = (flag & _UNFIT) == 0
            self.recent = [*self.recent, *series[fit].tolist()][-_KEPT:]
            self.calm += int(fit.sum())
            self.last_ns = int(taken_at[-1])
            self.boot = int(boot[-1])
            return series
        series = np.empty(len(raw))
        columns = (taken_at, raw, flag, boot, rows)
        for place, (at_ns, value, bits, count, self._row) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            series[place] = self._one(at_ns, value, not bits & _UNFIT, count, datum=datum)
        return series

    def _calm_offset(self, taken_at: Int64s, boot: Any) -> float | None:
        """Tell the offset when nothing can happen: in order, one boot, newest segment, known."""
        if self.after is not None or not self.segments:
            return None
        newest = self.segments[-1]
        calm = (
            int(taken_at[0]) > max(self.last_ns, newest.opened_at_ns)
            and int(boot.min()) == int(boot.max())
            and self.boot in {-1, int(boot[0])}
        )
        return newest.offset if calm else None

    def _one(self, at_ns: int, raw: float, fit: bool, boot: int, *, datum: bool) -> float:
        segment = self._holding(at_ns)
        if segment is not None:
            raw = raw * segment.scale
        if not datum:
            # an offset is a calibration here; nothing is ever measured against its first value
            return raw + ((segment.offset if segment else None) or 0.0)
        if not fit:
            return raw + ((segment.offset if segment else None) or 0.0)
        if segment is None:  # nobody registered one: growth only, from the first reading on
            segment = self._keep(
                Segment(
                    same_id("segment", self.channel.id, at_ns),
                    self.channel.id,
                    at_ns,
                    SegmentReason.INSTALL,
                )
            )
        if segment.offset is None:
            segment = self._fix(segment, at_ns, raw)
        assert segment.offset is not None  # noqa: S101 - fixed just now
        if at_ns <= self.last_ns:
            return raw + segment.offset  # late: judged by the segment of its own time
        if boot >= 0 and self.boot >= 0 and boot != self.boot:
            # an instrument that starts anew with every reading has no restart worth the name
            if self.calm >= self.profile.number("restart.before") and self.after is None:
                self.after = [at_ns, at_ns - self.last_ns, []]
            self.calm = 0
        self.calm += 1
        if boot >= 0:
            self.boot = boot
        if self.after is not None and segment.opened_at_ns > self.after[0]:
            self.after = None  # people have set a new datum meanwhile
        value = raw + segment.offset
        if self.after is not None:
            value = self._after_restart(raw, segment)
        self.recent = [*self.recent, value][-_KEPT:]
        self.last_ns = at_ns
        return value

    def _holding(self, at_ns: int) -> Segment | None:
        holding = [s for s in self.segments if s.opened_at_ns <= at_ns]
        if holding:
            return holding[-1]
        # older than the first segment: its zero is the nearest that is known
        return self.segments[0] if self.segments else None

    def _fix(self, segment: Segment, at_ns: int, raw: float) -> Segment:
        """Give a segment its offset: the survey, or where the series stood, or zero."""
        earlier = [
            s
            for s in self.segments
            if s.opened_at_ns < segment.opened_at_ns and s.offset is not None
        ]
        start, absolute = 0.0, segment.absolute
        if segment.survey is not None:
            start, absolute = segment.survey, True
        elif segment.start is not None:
            start = segment.start
        elif earlier and self.recent and at_ns > self.last_ns:
            start = median(self.recent[-int(self.profile.number("restart.before")) :])
            absolute = earlier[-1].absolute
        if segment.survey is not None or earlier:
            # the scatter is known from series values: move them to the new zero
            shift = start - (median(self.recent[-5:]) if self.recent else start)
            self.recent = [value + shift for value in self.recent]
        return self._keep(replace(segment, offset=start - raw, absolute=absolute))

    def _keep(self, segment: Segment) -> Segment:
        self.own = [*(s for s in self.own if s.id != segment.id), segment]
        self.opened = [*(s for s in self.opened if s.id != segment.id), segment]
        kept = [s for s in self.segments if s.id != segment.id]
        self.segments = sorted([*kept, segment], key=lambda s: (s.opened_at_ns, s.id))
        return segment

    def _after_restart(self, raw: float, segment: Segment) -> float:
        """Weigh the first values after a restart; until they are enough the series stands still."""
        assert self.after is not None  # noqa: S101 - the caller looked
        assert segment.offset is not None  # noqa: S101 - fixed by the caller
        first_ns, silent_ns, values = self.after
        values = [*values, raw]
        settled = self.recent[: len(self.recent) - len(values) + 1]
        before = median(settled[-int(self.profile.number("restart.before")) :])
        needed = int(self.profile.number("restart.after"))
        jump: float = median(values) + segment.offset - before
        if len(values) < needed:
            self.after = [first_ns, silent_ns, values]
            return raw + segment.offset - jump
        self.after = None
        limit, threshold = self._noise(silent_ns, needed)
        if abs(jump) <= threshold:
            return raw + segment.offset
        self.jumps.append(
            _Jump(self._row, self.channel, first_ns, jump, threshold, limit, silent_ns)
        )
        restarted = self._keep(
            Segment(
                same_id("segment", self.channel.id, "restart", first_ns),
                self.channel.id,
                first_ns,
                SegmentReason.RESTART,
                offset=segment.offset - jump,
                absolute=segment.absolute,
                scale=segment.scale,
                note=f"jump of {jump:+.3f} {limit.unit} taken out",
            )
        )
        assert restarted.offset is not None  # noqa: S101 - given above
        return raw + restarted.offset

    def _noise(self, silent_ns: int, needed: int) -> tuple[Limit, float]:
        """Tell the size below which a jump is noise: scatter of the medians and the day's play."""
        profile, recent = self.profile, self.recent
        (row,) = (r for r in profile.of("restart_jump") if r.condition("kind") == self.channel.kind)
        bends = [a - 2 * b + c for (a, b), (_, c) in pairwise(pairwise(recent))]
        scatter = 1.4826 * median([abs(bend) for bend in bends]) / sqrt(6.0) if bends else 0.0
        of = min(int(profile.number("restart.before")), len(recent))
        # a median scatters 1.25 times as much as a mean
        error = 1.2533 * scatter * sqrt(1 / max(of, 1) + 1 / needed)
        span = sorted(recent)
        play = span[-1 - len(span) // 10] - span[len(span) // 10] - 2.56 * scatter
        in_full_ns = profile.number("restart.day_h") * HOUR_NS
        share = min(1.0, silent_ns / in_full_ns) * sqrt(max(1.0, silent_ns / DAY_NS))
        noise = profile.number("restart.scatter") * error + max(0.0, play) * share
        return row, max(row.value, noise)


def _report(
    jumps: Sequence[_Jump], before: Mapping[str, Any], site: Site, profile: LimitProfile
) -> tuple[list[Finding], dict[str, Any]]:
    """Report jumps, one finding a point, and that they are over once people set a new datum."""
    standing = dict(before)
    found: list[Finding] = []
    if not jumps and not before:
        return found, standing
    cap = Level(int(profile.number("cap.restart")))
    for point_id, held in before.items():
        point = site.points.get(point_id)
        ended_ns = held["at"] if point is None else _datum_set_ns(point, site, held["at"])
        if ended_ns is not None:
            found.append(_finding(site, profile, point, point_id, held, Level.NONE, ended_ns))
            del standing[point_id]
    # in the order in which readings came, as if they had come one by one
    for jump in sorted(jumps, key=lambda jump: jump.row):
        point = site.points[jump.channel.sensor_id]
        held = {
            "at": jump.at_ns,
            "size": jump.size,
            "threshold": jump.threshold,
            "unit": jump.limit.unit,
            "rule": jump.limit.id,
            "source": jump.limit.source,
            "certainty": jump.limit.certainty.value,
            "channel": jump.channel.id,
            "silent_h": jump.silent_ns / HOUR_NS,
            "axis": jump.channel.axis,
        }
        if point.sensor_id not in standing:
            level = min(jump.limit.level, cap)
            found.append(_finding(site, profile, point, point.sensor_id, held, level, jump.at_ns))
        standing[point.sensor_id] = held
    return found, standing


def _datum_set_ns(point: WatchedPoint, site: Site, since_ns: int) -> int | None:
    """Tell when people gave a point a new datum after a jump."""
    opened = [
        segment.opened_at_ns
        for channel in point.axes.values()
        for segment in site.segments.get(channel.id, ())
        if segment.opened_at_ns > since_ns and segment.reason in _BY_PEOPLE
    ]
    return min(opened, default=None)


def _finding(
    site: Site,
    profile: LimitProfile,
    point: WatchedPoint | None,
    subject: str,
    held: Mapping[str, Any],
    level: Level,
    at_ns: int,
) -> Finding:
    return Finding(
        id=same_id(site.building.id, held["rule"], subject, level.word, at_ns),
        building_id=site.building.id,
        cause=Cause.RESTART,
        rule=held["rule"],
        subject=subject,
        subject_name=point.name if point else subject,
        channels=(held["channel"],),
        level=level,
        at_ns=at_ns,
        value=held["size"],
        limit=held["threshold"],
        unit=held["unit"],
        window_ns=0,
        started_ns=held["at"],
        source=held["source"],
        certainty=held["certainty"],
        profile=profile.label,
        details=(("axis", held["axis"]), ("silent_h", held["silent_h"])),
    )


def _packed(segment: Segment) -> list[Any]:
    return [
        segment.id,
        segment.opened_at_ns,
        segment.reason.value,
        segment.offset,
        segment.survey,
        segment.absolute,
        segment.note,
        segment.by,
        segment.scale,
        segment.start,
        segment.made_at_ns,
    ]


def _unpacked(channel_id: str, row: Sequence[Any]) -> Segment:
    segment_id, opened_at_ns, reason, offset, survey, absolute, note, by, *rest = row
    # states that were saved before there were factors end here
    scale, start, made_at_ns = rest or (1.0, None, 0)
    return Segment(
        segment_id,
        channel_id,
        opened_at_ns,
        SegmentReason(reason),
        offset,
        survey,
        absolute,
        note,
        by,
        scale,
        start,
        made_at_ns,
    )
