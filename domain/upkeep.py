"""What technicians do to instruments: dated acts with a reason, each with its undoing.

Nothing is overwritten. An act opens segments and mounts; undoing it is an act of its own that
withdraws them. What the act comes to is worked out before it is saved, so that it can be shown.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from domain.datum import DATUM_KINDS
from domain.errors import Conflict, InvalidInput
from domain.ids import same_id
from domain.sensors import Channel, Mount, Segment, SegmentReason, Sensor, Site

#: facts of an instrument that change when it is swapped or calibrated anew
INSTRUMENT = ("model", "serial", "certificate", "certificate_until", "resolution")


class ActKind(StrEnum):
    """What a technician did."""

    SURVEY = "survey"
    REZERO = "re-zero"
    SWAP = "swap"
    REMOUNT = "re-mount"
    CALIBRATION = "calibration"
    ORIENTATION = "orientation"
    CERTIFICATE = "certificate"
    UNDO = "undo"


_REASONS = {
    ActKind.SURVEY: SegmentReason.SURVEY,
    ActKind.REZERO: SegmentReason.REZERO,
    ActKind.SWAP: SegmentReason.SWAP,
    ActKind.REMOUNT: SegmentReason.REMOUNT,
    ActKind.CALIBRATION: SegmentReason.CALIBRATION,
}


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of a sensor's log book; never changed.

    Parameters
    ----------
    at_ns
        From when on it holds.
    made_at_ns
        When it was entered.
    segments, mount
        What it opened.
    undoes
        The act, or the segment that opened by itself, which it takes back.
    values
        (name, value) of what was set, and with `was ` before the name what was there.

    """

    id: str
    building_id: str
    sensor_id: str
    kind: ActKind
    at_ns: int
    made_at_ns: int
    by: str
    reason: str
    segments: tuple[str, ...] = ()
    mount: str = ""
    undoes: str = ""
    values: tuple[tuple[str, float | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to do to a sensor.

    Parameters
    ----------
    surveys
        By channel id: initial tilt of the axis ‰, initial crack width mm, benchmark mm.
    scales
        By channel id: calibration factor.
    facts
        New facts of the instrument, by name out of `INSTRUMENT`.
    x_azimuth_deg
        Where a positive x points, degrees from north, clockwise.
    benchmark
        Name of the benchmark to which a survey was tied.
    undoes
        Id of the act, or of the segment that opened by itself.

    """

    id: str
    kind: ActKind
    at_ns: int
    reason: str
    surveys: Mapping[str, float] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float | str | None] = field(default_factory=dict)
    x_azimuth_deg: float | None = None
    height_m: float | None = None
    benchmark: str = ""
    undoes: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What a channel read around a moment.

    Parameters
    ----------
    before, after
        Medians of the nearest fit readings, as the instrument read; `None`: there are none.

    """

    before: float | None = None
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What an act comes to on one channel.

    Parameters
    ----------
    before
        Series value just before it; `None`: nothing was read.
    start
        Series value with which it goes on; `None`: the next reading is zero.
    absolute
        Absolute limits count from here on.
    pending
        The next reading fixes the zero.

    """

    channel: Channel
    before: float | None
    start: float | None
    absolute: bool
    scale: float = 1.0
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that one act writes, all or nothing."""

    act: Act
    opened: tuple[Segment, ...] = ()
    withdrawn: tuple[str, ...] = ()
    mount: Mount | None = None
    mount_withdrawn: str = ""
    sensor: Sensor | None = None
    lines: tuple[Line, ...] = ()


def newest(segments: Sequence[Segment], at_ns: int | None = None) -> Segment | None:
    """Find the segment that holds at a moment, by default now; `None` before the first."""
    held = [s for s in segments if at_ns is None or s.opened_at_ns <= at_ns]
    return max(held, key=lambda s: (s.opened_at_ns, s.id), default=None)


def series_value(segments: Sequence[Segment], reading: float | None, at_ns: int) -> float | None:
    """Turn one reading into its series value; `None` when nothing is known."""
    held = newest(segments, at_ns) or min(segments, key=lambda s: s.opened_at_ns, default=None)
    if reading is None or held is None or held.offset is None:
        return None
    return reading * held.scale + held.offset


def turned(x: float, y: float, from_deg: float, to_deg: float) -> tuple[float, float]:
    """Write a lean in the axes of an instrument that was turned on its wall.

    Examples
    --------
    >>> x, y = turned(3.0, 0.0, from_deg=0.0, to_deg=90.0)
    >>> round(x, 9), round(y, 9)
    (0.0, -3.0)

    """
    angle = math.radians(from_deg - to_deg)
    return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)


def plan(
    wish: Wish,
    sensor: Sensor,
    site: Site,
    around: Mapping[str, Around],
    done: Sequence[Act],
    now_ns: int,
    by: str,
) -> Work:
    """Work out what an act comes to; nothing is written.

    Parameters
    ----------
    site
        All that is mounted on the sensor's building.
    around
        What the sensor's channels read around the act's moment, by channel id.
    done
        The sensor's log book.

    Raises
    ------
    InvalidInput
        When something that the act needs is missing or cannot be; the field is named.
    Conflict
        When it cannot be undone because something else builds upon it.

    """
    if not wish.reason.strip():
        raise InvalidInput("reason must be some text, got ''", "reason")
    if wish.at_ns > now_ns:
        raise InvalidInput("at must not lie in the future", "at")
    if wish.kind is ActKind.UNDO:
        return _undo(wish, sensor, site, done, now_ns, by)
    act = Act(
        wish.id, sensor.building_id, sensor.id, wish.kind, wish.at_ns, now_ns, by, wish.reason
    )
    values: list[tuple[str, float | str]] = []
    lines, opened = _segments(wish, sensor, site, around, now_ns, by)
    mount = _mount(wish, sensor, site, values)
    changed = _instrument(wish, sensor, values)
    for line in lines:
        if line.channel.id in wish.surveys:
            values.append((f"survey {line.channel.axis}".strip(), wish.surveys[line.channel.id]))
        if line.channel.id in wish.scales:
            values.append((f"factor {line.channel.axis}".strip(), wish.scales[line.channel.id]))
    if wish.benchmark:
        values.append(("benchmark", wish.benchmark))
    act = replace(
        act,
        segments=tuple(s.id for s in opened),
        mount=mount.id if mount else "",
        values=tuple(values),
    )
    return Work(act, tuple(opened), mount=mount, sensor=changed, lines=tuple(lines))


def _segments(
    wish: Wish,
    sensor: Sensor,
    site: Site,
    around: Mapping[str, Around],
    now_ns: int,
    by: str,
) -> tuple[list[Line], list[Segment]]:
    reason = _REASONS.get(wish.kind)
    if reason is None:
        return [], []
    channels = [c for c in site.channels if c.sensor_id == sensor.id and c.active]
    held = {c.id: [s for s in site.segments if s.channel_id == c.id] for c in channels}
    before = {
        c.id: series_value(held[c.id], around.get(c.id, Around()).before, wish.at_ns)
        for c in channels
    }
    chosen = _chosen(wish, channels, held)
    starts = dict(before)
    if wish.kind is ActKind.REMOUNT and (vector := _turned(wish, sensor, site, channels, before)):
        reason = SegmentReason.TURN
        starts |= vector
    lines, opened = [], []
    for channel in chosen:
        last = newest(held[channel.id])
        if last is not None and last.opened_at_ns >= wish.at_ns:
            raise InvalidInput(
                "at must be later than the channel's newest segment: undo that one first", "at"
            )
        segment = Segment(
            same_id("segment", wish.id, channel.id),
            channel.id,
            wish.at_ns,
            reason,
            note=wish.reason,
            by=by,
            scale=last.scale if last is not None and wish.kind is not ActKind.SWAP else 1.0,
            absolute=last.absolute if last is not None else False,
            made_at_ns=now_ns,
        )
        segment = _with_zero(
            wish, channel, segment, starts[channel.id], around.get(channel.id, Around())
        )
        opened.append(segment)
        start = segment.survey if segment.survey is not None else starts[channel.id]
        lines.append(
            Line(
                channel,
                before[channel.id],
                start,
                segment.absolute,
                segment.scale,
                pending=segment.offset is None,
            )
        )
    return lines, opened


def _chosen(
    wish: Wish, channels: Sequence[Channel], held: Mapping[str, Sequence[Segment]]
) -> list[Channel]:
    """Tell the channels of a sensor that an act concerns."""
    ids = {channel.id for channel in channels}
    for name, values in (("surveys", wish.surveys), ("scales", wish.scales)):
        if unknown := sorted(set(values) - ids):
            raise InvalidInput(f"{name} must name channels of the sensor, got {unknown}", name)
    datum = [c for c in channels if c.kind in DATUM_KINDS]
    match wish.kind:
        case ActKind.SURVEY:
            chosen = [c for c in datum if c.id in wish.surveys]
            if not chosen:
                raise InvalidInput("surveys must hold what was measured, got nothing", "surveys")
        case ActKind.CALIBRATION:
            chosen = [c for c in channels if c.id in wish.scales]
            if not chosen:
                raise InvalidInput("scales must hold a factor, got nothing", "scales")
        case ActKind.SWAP:
            # a new instrument has no factor yet, whatever it measures
            chosen = [c for c in channels if c in datum or any(s.scale != 1.0 for s in held[c.id])]
        case _:
            chosen = datum
            if not chosen:
                raise InvalidInput(
                    f"kind must be one for sensors with a zero, got {wish.kind.value!r}", "kind"
                )
    return chosen


def _with_zero(
    wish: Wish, channel: Channel, segment: Segment, start: float | None, near: Around
) -> Segment:
    """Give a segment its zero, where the readings that are there can tell it."""
    if wish.kind is ActKind.CALIBRATION:
        scale = wish.scales[channel.id]
        if channel.kind not in DATUM_KINDS:
            return replace(segment, scale=scale, offset=0.0)
        reading = near.before if near.before is not None else near.after
        if reading is None or start is None:
            return replace(segment, scale=scale, start=start)
        return replace(segment, scale=scale, offset=start - reading * scale, start=start)
    if channel.kind not in DATUM_KINDS:
        return replace(segment, offset=0.0)
    if wish.kind is ActKind.SURVEY:
        survey = wish.surveys[channel.id]
        # the instrument itself was not touched: what it read before goes with what was measured
        reading = near.before if near.before is not None else near.after
        offset = None if reading is None else survey - reading * segment.scale
        return replace(segment, survey=survey, absolute=True, offset=offset)
    if near.after is not None:
        # entered afterwards: what was read since tells the new zero
        return replace(segment, start=start, offset=(start or 0.0) - near.after * segment.scale)
    return replace(segment, start=start)


def _turned(
    wish: Wish,
    sensor: Sensor,
    site: Site,
    channels: Sequence[Channel],
    before: Mapping[str, float | None],
) -> dict[str, float | None] | None:
    """Write the lean in the new axes, when both are known and differ."""
    last = newest_mount(site, sensor, wish.at_ns)
    axes = {c.axis: c for c in channels if c.kind == "tilt"}
    if wish.x_azimuth_deg is None or last is None or last.x_azimuth_deg is None:
        return None
    if (wish.x_azimuth_deg - last.x_azimuth_deg) % 360 == 0 or not {"x", "y"} <= set(axes):
        return None
    x, y = before[axes["x"].id], before[axes["y"].id]
    if x is None or y is None:
        return None
    new_x, new_y = turned(x, y, last.x_azimuth_deg, wish.x_azimuth_deg)
    return {axes["x"].id: new_x, axes["y"].id: new_y}


def newest_mount(site: Site, sensor: Sensor, at_ns: int | None = None) -> Mount | None:
    """Find how a sensor sits at a moment, by default now."""
    mounts = [
        m
        for m in site.mounts
        if m.sensor_id == sensor.id and (at_ns is None or m.mounted_at_ns <= at_ns)
    ]
    return max(mounts, key=lambda m: (m.mounted_at_ns, m.id), default=None)


def _mount(
    wish: Wish, sensor: Sensor, site: Site, values: list[tuple[str, float | str]]
) -> Mount | None:
    if wish.kind is ActKind.ORIENTATION and wish.x_azimuth_deg is None:
        raise InvalidInput("x_azimuth_deg must be 0 to 360, got nothing", "x_azimuth_deg")
    if wish.kind not in {ActKind.ORIENTATION, ActKind.REMOUNT}:
        return None
    last = newest_mount(site, sensor, wish.at_ns)
    # re-glued just as it was, unless something else is said
    azimuth = wish.x_azimuth_deg
    if azimuth is None and last is not None:
        azimuth = last.x_azimuth_deg
    height = wish.height_m
    if height is None and last is not None:
        height = last.height_m
    if azimuth is not None:
        values.append(("azimuth", azimuth))
        if last is not None and last.x_azimuth_deg is not None:
            values.append(("was azimuth", last.x_azimuth_deg))
    return Mount(
        same_id("mount", wish.id),
        sensor.id,
        wish.at_ns,
        azimuth,
        height,
        last.longitude if last else None,
        last.latitude if last else None,
        wish.reason,
    )


def _instrument(wish: Wish, sensor: Sensor, values: list[tuple[str, float | str]]) -> Sensor | None:
    facts = {name: value for name, value in wish.facts.items() if name in INSTRUMENT}
    if wish.kind in {ActKind.SWAP, ActKind.CERTIFICATE} and not facts:
        raise InvalidInput("facts must tell the instrument, got nothing", "facts")
    if wish.kind not in {ActKind.SWAP, ActKind.CERTIFICATE, ActKind.CALIBRATION}:
        return None
    changed = {n: v for n, v in facts.items() if v != getattr(sensor, n)}
    for name, value in changed.items():
        was = getattr(sensor, name)
        values.append((name, "" if value is None else value))
        values.append((f"was {name}", "" if was is None else was))
    if not changed:
        return None
    return _changed(sensor, changed)


def _changed(sensor: Sensor, facts: Mapping[str, float | str | None]) -> Sensor:
    words = {name: str(value or "") for name, value in facts.items() if name != "resolution"}
    resolution = sensor.resolution
    if "resolution" in facts:
        smallest = facts["resolution"]
        resolution = None if smallest is None else float(smallest)
    version = sensor.version + 1
    return replace(sensor, version=version, resolution=resolution, **words)  # type: ignore[arg-type]


def _undo(
    wish: Wish, sensor: Sensor, site: Site, done: Sequence[Act], now_ns: int, by: str
) -> Work:
    """Take an act back, or segments that opened by themselves; the newest first."""
    target = next((act for act in done if act.id == wish.undoes), None)
    own = {c.id for c in site.channels if c.sensor_id == sensor.id}
    mine = [s for s in site.segments if s.channel_id in own]
    if target is not None:
        if target.kind is ActKind.UNDO:
            raise Conflict("an undoing cannot be undone: do the act again")
        if any(act.undoes == target.id for act in done):
            raise Conflict("it has been undone already")
        gone = {s.id for s in mine if s.id in target.segments}
    else:
        first = next((s for s in mine if s.id == wish.undoes and opened_by_itself(s)), None)
        if first is None:
            raise InvalidInput("undoes must name an act of the log book", "undoes")
        # the axes of a point started anew together
        gone = {
            s.id
            for s in mine
            if opened_by_itself(s)
            and s.reason is first.reason
            and s.opened_at_ns == first.opened_at_ns
        }
    later = [s for s in mine if s.id in gone and (n := newest_of(mine, s)) and n.id not in gone]
    if later:
        raise Conflict("something later builds upon it: undo that first")
    values: list[tuple[str, float | str]] = []
    changed: Sensor | None = None
    mount = ""
    if target is not None:
        last = newest_mount(site, sensor)
        if target.mount and (last is None or last.id != target.mount):
            raise Conflict("the sensor was mounted anew since: undo that first")
        mount = target.mount
        was = {n.removeprefix("was "): v for n, v in target.values if n.startswith("was ")}
        now = dict(target.values)
        facts = {n: v for n, v in was.items() if n in INSTRUMENT}
        if any((getattr(sensor, n) or "") != now[n] for n in facts):
            raise Conflict("the instrument's facts were changed since: undo that first")
        back = {n: (v if v != "" or n != "resolution" else None) for n, v in facts.items()}
        if back:
            changed = _changed(sensor, back)
            values += list(facts.items())
    act = Act(
        wish.id,
        sensor.building_id,
        sensor.id,
        ActKind.UNDO,
        target.at_ns if target else max(s.opened_at_ns for s in mine if s.id in gone),
        now_ns,
        by,
        wish.reason,
        undoes=wish.undoes,
        values=tuple(values),
    )
    return Work(act, withdrawn=tuple(sorted(gone)), mount_withdrawn=mount, sensor=changed)


def opened_by_itself(segment: Segment) -> bool:
    """Tell whether a restart or a gateway's flag opened a segment, and no person."""
    return not segment.by and segment.reason in {SegmentReason.RESTART, SegmentReason.REMOUNT}


def newest_of(segments: Sequence[Segment], like: Segment) -> Segment | None:
    """Find the newest segment of a segment's channel."""
    return newest([s for s in segments if s.channel_id == like.channel_id])
