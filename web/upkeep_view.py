"""A sensor's page: the instrument, how it sits, its segments and its log book, as people read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from domain.certificates import Validity, standing
from domain.sensors import Channel, Mount, Segment, SegmentReason, Sensor, Site
from domain.services import Services
from domain.upkeep import Act, ActKind, Line, Work, newest_mount, opened_by_itself
from domain.upkeep_desk import undone
from web.formats import digits_of, local, quantity
from web.sensor_rows import UNITS
from web.words import Words

#: the eight directions of a compass, degrees from north
COMPASS = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
#: the picture of a mount: middle and length of an arrow
_MIDDLE, _LENGTH = 60.0, 38.0


@dataclass(frozen=True, slots=True)
class Arrow:
    """One axis on the plan: where its arrow ends and where its letter stands."""

    axis: str
    x: float
    y: float
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One stretch with one zero, of all axes that began it together."""

    opened_at_ns: int
    reason: SegmentReason
    by: str
    note: str
    axes: tuple[tuple[str, str], ...]
    absolute: bool
    withdrawn_at_ns: int | None
    automatic: str = ""


@dataclass(frozen=True, slots=True)
class ActRow:
    """One entry of the log book; `undoable` where it may be taken back."""

    act: Act
    values: tuple[tuple[str, str], ...]
    undone: bool
    undoable: bool


def arrows(mount: Mount | None, axes: Sequence[str]) -> list[Arrow]:
    """Draw where the axes point; nothing when that is not known."""
    if mount is None or mount.x_azimuth_deg is None:
        return []
    made = []
    for axis, ahead in (("x", 0.0), ("y", 90.0)):
        if axis in axes:
            angle = math.radians(mount.x_azimuth_deg + ahead)
            east, south = math.sin(angle), -math.cos(angle)
            made.append(
                Arrow(
                    axis,
                    round(_MIDDLE + _LENGTH * east, 1),
                    round(_MIDDLE + _LENGTH * south, 1),
                    round(_MIDDLE + (_LENGTH - 14) * east - 9 * south, 1),
                    round(_MIDDLE + (_LENGTH - 14) * south + 9 * east + 4, 1),
                )
            )
    return made


def direction(degrees: float, words: Words) -> str:
    """Write a direction: `90°（东）`."""
    name = COMPASS[round(degrees / 45.0) % 8]
    return words("upkeep.direction", degrees=f"{degrees:g}", name=words(f"compass.{name}"))


def certificate_of(services: Services, sensor: Sensor) -> tuple[Validity, int | None]:
    """Tell how a sensor's certificate stands today, in the city."""
    today = local(services.clock.now_ns()).date()
    return standing(sensor, today, int(services.profile.number("certificate.warn_days")))


def value_text(
    sensor: Sensor, channel: Channel, value: float | None, *, signed: bool = True
) -> str:
    """Write a value of a channel with as many digits as its instrument can tell."""
    if value is None:
        return "—"
    unit = UNITS.get(channel.kind, channel.unit)
    resolution = sensor.resolution if channel.kind == sensor.kind else None
    return quantity(value, unit, resolution, signed=signed)


def axis_name(channel: Channel, words: Words) -> str:
    """Write a channel's axis; its quantity where it has none."""
    return words.of("axis", channel.axis or channel.kind, channel.axis or channel.kind)


def segment_rows(
    site: Site, sensor: Sensor, channels: Sequence[Channel], words: Words
) -> list[SegmentRow]:
    """List a sensor's segments, those that were taken back too, the newest first."""
    own = {c.id: c for c in channels}
    found: dict[tuple[int, str, int | None], list[Segment]] = {}
    for segment in (*site.segments, *site.withdrawn):
        if segment.channel_id in own:
            key = segment.opened_at_ns, segment.reason.value, segment.withdrawn_at_ns
            found.setdefault(key, []).append(segment)
    rows = []
    for together in found.values():
        first = together[0]
        rows.append(
            SegmentRow(
                first.opened_at_ns,
                first.reason,
                first.by,
                first.note,
                tuple(
                    (
                        axis_name(own[s.channel_id], words),
                        _zero(sensor, own[s.channel_id], s, words),
                    )
                    for s in sorted(together, key=lambda s: own[s.channel_id].axis)
                ),
                any(s.absolute for s in together),
                first.withdrawn_at_ns,
                first.id if opened_by_itself(first) and first.withdrawn_at_ns is None else "",
            )
        )
    return sorted(rows, key=lambda r: (r.opened_at_ns, r.withdrawn_at_ns is None), reverse=True)


def _zero(sensor: Sensor, channel: Channel, segment: Segment, words: Words) -> str:
    parts = []
    if segment.survey is not None:
        measured = value_text(sensor, channel, segment.survey, signed=False)
        parts.append(words("upkeep.measured", value=measured))
    if segment.scale != 1.0:
        parts.append(words("upkeep.factor_of", value=f"{segment.scale:g}"))
    if segment.offset is None:
        parts.append(words("upkeep.zero_waits"))
    else:
        parts.append(words("upkeep.offset", value=value_text(sensor, channel, segment.offset)))
    return " · ".join(parts)


def act_rows(acts: Sequence[Act], sensor: Sensor, words: Words) -> list[ActRow]:
    """List a log book; only the newest act that still holds may be taken back."""
    gone = undone(acts)
    rows, free = [], True
    for act in acts:
        holds = act.kind is not ActKind.UNDO and act.id not in gone
        values = tuple(
            (name_of(name, words), _written(name, value, sensor, words))
            for name, value in act.values
            if not name.startswith("was ")
        )
        rows.append(ActRow(act, values, act.id in gone, holds and free))
        free = free and not holds
    return rows


def name_of(name: str, words: Words) -> str:
    """Write the name of what an act set."""
    what, _, axis = name.partition(" ")
    axis_word = f" {axis}" if axis else ""
    return words.of("upkeep_value", what, what) + axis_word


def _written(name: str, value: float | str, sensor: Sensor, words: Words) -> str:
    if isinstance(value, str):
        return value or "—"
    if name == "azimuth":
        return direction(value, words)
    if name.startswith("survey"):
        return quantity(value, UNITS.get(sensor.kind, ""), sensor.resolution)
    return f"{value:g}"


def told(work: Work, sensor: Sensor, words: Words) -> list[str]:
    """Say in sentences what an act would come to."""
    if work.act.kind is ActKind.UNDO:
        said = [words("upkeep.told_undo", n=len(work.withdrawn))]
        if work.mount_withdrawn:
            said.append(words("upkeep.told_undo_mount"))
        return said
    said = [_told_line(line, work, sensor, words) for line in work.lines]
    turned = any(s.reason is SegmentReason.TURN for s in work.opened)
    if turned:
        said.append(words("upkeep.told_turn"))
    if work.lines:
        absolute = any(line.absolute for line in work.lines)
        fresh = work.act.kind is ActKind.SURVEY
        at = local(work.act.at_ns).strftime("%Y-%m-%d %H:%M")
        said.append(
            words("upkeep.told_absolute_from", at=at)
            if fresh
            else words("upkeep.told_absolute" if absolute else "upkeep.told_growth")
        )
        if any(line.pending for line in work.lines):
            said.append(words("upkeep.told_pending"))
    if work.mount is not None and work.mount.x_azimuth_deg is not None:
        said.append(words("upkeep.told_mount", where=direction(work.mount.x_azimuth_deg, words)))
    if work.sensor is not None:
        changed = [
            name_of(n, words)
            for n, _ in work.act.values
            if not n.startswith(("was ", "factor", "survey"))
        ]
        said.append(words("upkeep.told_facts", names=words("upkeep.comma").join(changed)))
    return said


def _told_line(line: Line, work: Work, sensor: Sensor, words: Words) -> str:
    axis = axis_name(line.channel, words)
    start = value_text(sensor, line.channel, line.start)
    before = value_text(sensor, line.channel, line.before)
    if line.start is None:
        return words("upkeep.told_zero", axis=axis)
    if work.act.kind is ActKind.CALIBRATION:
        return words("upkeep.told_factor", axis=axis, value=f"{line.scale:g}", start=start)
    if line.before is None or _same(sensor, line):
        return words("upkeep.told_on", axis=axis, start=start)
    return words("upkeep.told_becomes", axis=axis, before=before, start=start)


def _same(sensor: Sensor, line: Line) -> bool:
    digits = digits_of(UNITS.get(line.channel.kind, ""), sensor.resolution)
    return round(line.start or 0.0, digits) == round(line.before or 0.0, digits)


def mount_of(site: Site, sensor: Sensor) -> Mount | None:
    """Find how a sensor sits now."""
    return newest_mount(site, sensor)
