"""Histories for the slow analysis, out of the stores: bins, flags, new zeros, and the weather."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from analytics.assessment.model import load_model
from analytics.assessment.modes_series import UNIT, amplitude, as_percent
from analytics.assessment.series import AMPLITUDE, STEP_NS, ChannelSeries
from analytics.weather import binned
from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS
from domain.contexts import RAIN, TEMPERATURE, ContextEvent, ContextStore
from domain.datum import offsets_at
from domain.modal import is_modal, is_swing
from domain.ports import Page, ReadingStore, RegisterStore
from domain.readings import UNFIT, Flags, Floats
from domain.sensors import Channel, Segment, SegmentReason, Sensor, Site

#: kinds of channels that the slow analysis judges; the frequency of single peaks is no mode of the
#: building; that one has channels of its own (`domain/modal.py`)
KINDS = frozenset({"tilt", "crack", "settlement"})
#: raw readings that are read at once
_CHUNK_NS = 120 * DAY_NS
#: starts of series are this many days apart, so that buildings of about one age stack
_STEP_DAYS = 28
#: thermometers that the city's temperature is taken from, one a building
_THERMOMETERS_MAX = 50
_REMOUNTED = frozenset({SegmentReason.REMOUNT, SegmentReason.SWAP})
_NO_NEW_ZERO = frozenset({SegmentReason.INSTALL, SegmentReason.SURVEY})


class Histories:
    """Reads what the slow analysis works on, as it was known at one moment.

    Parameters
    ----------
    boots
        Tells when each of some gateways was first heard with each boot counter.
    end_ns
        End of the last bin.
    known_by_ns
        Readings that arrived later are left out, so that a decision can be made again.
    days_max
        Longest history that is read.

    """

    def __init__(
        self,
        readings: ReadingStore,
        register: RegisterStore,
        contexts: ContextStore,
        boots: Callable[[Sequence[str]], Mapping[str, Sequence[int]]],
        end_ns: int,
        known_by_ns: int,
        *,
        days_max: int = 3 * 365,
        step_ns: int = STEP_NS,
    ) -> None:
        self._readings, self._register, self._contexts = readings, register, contexts
        self._boots = boots
        self._end_ns, self._known_by_ns = end_ns, known_by_ns
        self._days_max, self._step_ns = days_max, step_ns
        self._city: dict[int, Mapping[str, Floats]] = {}
        self._kept: dict[tuple[str, int], Floats] = {}

    def series(self, building: Building, site: Site) -> list[ChannelSeries]:
        """Read the judged channels of a building; those that never read are among them."""
        judged = [c for c in site.channels if c.active and (c.kind in KINDS or is_modal(c))]
        sensors = {s.id: s for s in site.sensors if s.active}
        judged = [c for c in judged if c.sensor_id in sensors]
        if not judged:
            return []
        days = self._days(judged)
        start_ns = self._end_ns - days * DAY_NS
        count = days * DAY_NS // self._step_ns
        around = self._around(start_ns, count)
        warm = {
            c.id: self._warmth(c, site.segments, start_ns, count)
            for c in site.channels
            if c.active and c.kind == "temperature"
        }
        of_sensor = {c.sensor_id: c.id for c in site.channels if c.id in warm}
        site_wide = _median(list(warm.values()), count)
        restarts = self._restarts(judged, site.segments)
        numbers = load_model("modes-2026")
        swinging = next((c for c in site.channels if c.active and is_swing(c)), None)
        swing = None
        if swinging is not None:
            mm_s, _ = self._bins(swinging, site.segments, start_ns, count)
            swing = amplitude(mm_s, numbers)
        found = []
        for channel in judged:
            own = of_sensor.get(channel.sensor_id)
            covariates = {"own": warm[own]} if own else {}
            if warm:
                covariates["site"] = site_wide
            values, flags = self._bins(channel, site.segments, start_ns, count)
            starts, remounts = self._zeros(channel, restarts, site.segments, start_ns, count)
            resolution = sensors[channel.sensor_id].resolution
            if is_modal(channel):
                # a frequency has no zero that a restart could move, and its sensor's resolution
                # is one of acceleration
                values, starts, remounts, resolution = as_percent(values, numbers), (), (), None
                if swing is not None:
                    covariates[AMPLITUDE] = swing
            found.append(
                ChannelSeries(
                    channel.id,
                    channel.kind,
                    _unit(channel),
                    resolution,
                    start_ns,
                    self._step_ns,
                    values,
                    flags,
                    starts,
                    covariates | dict(around),
                    remounts,
                    building_id=building.id,
                    gateway_id=channel.gateway_id,
                    sensor_id=channel.sensor_id,
                )
            )
        return found

    def sensors(self, site: Site) -> dict[str, Sensor]:
        """Tell the sensor of each judged channel."""
        by_id = {s.id: s for s in site.sensors}
        return {c.id: by_id[c.sensor_id] for c in site.channels if c.sensor_id in by_id}

    def _days(self, channels: Sequence[Channel]) -> int:
        """Tell how many days back the eldest reading lies, in steps, at most the longest."""
        firsts = []
        for channel in channels:
            spans = self._readings.rollups(
                channel.id, self._end_ns - self._days_max * DAY_NS, self._end_ns, "day"
            )
            if len(spans):
                firsts.append(int(spans.start[0]))
        if not firsts:
            return _STEP_DAYS
        days = -(-(self._end_ns - min(firsts)) // DAY_NS)
        return int(min(self._days_max, -(-days // _STEP_DAYS) * _STEP_DAYS))

    def _bins(
        self,
        channel: Channel,
        segments: Sequence[Segment],
        start_ns: int,
        count: int,
        *,
        fit_only: bool = False,
    ) -> tuple[Floats, Flags]:
        """Give the medians and the flags of the bins; hourly means where readings are gone."""
        mine = [s for s in segments if s.channel_id == channel.id and s.opened_at_ns < self._end_ns]
        values = np.full(count, np.nan)
        flags = np.zeros(count, np.uint16)
        first_raw_ns = self._end_ns
        for low_ns in range(start_ns, self._end_ns, _CHUNK_NS):
            high_ns = min(low_ns + _CHUNK_NS, self._end_ns)
            rows = self._readings.between(channel.id, low_ns, high_ns)
            known = rows.received_at <= self._known_by_ns
            if fit_only:
                known &= (rows.flag & np.uint16(UNFIT)) == 0
            taken_at, flag = rows.taken_at[known], rows.flag[known]
            if not len(taken_at):
                continue
            first_raw_ns = min(first_raw_ns, int(taken_at[0]))
            at = (low_ns - start_ns) // self._step_ns
            bins = (high_ns - low_ns) // self._step_ns
            series = rows.value[known] + offsets_at(taken_at, mine, channel.kind)
            # numbered from the stretch's own start: a stretch begins with a bin
            values[at : at + bins] = binned(taken_at - low_ns, series, self._step_ns, 0, bins)
            np.bitwise_or.at(flags, (taken_at - start_ns) // self._step_ns, flag)
        if first_raw_ns > start_ns:
            self._fill_old(channel, mine, values, start_ns, first_raw_ns)
        return values, flags

    def _warmth(
        self, channel: Channel, segments: Sequence[Segment], start_ns: int, count: int
    ) -> Floats:
        """Read a thermometer; those of the city's temperature are read once."""
        kept = self._kept.get((channel.id, start_ns))
        if kept is not None:
            return kept
        return self._bins(channel, segments, start_ns, count, fit_only=True)[0]

    def _fill_old(
        self,
        channel: Channel,
        segments: Sequence[Segment],
        values: Floats,
        start_ns: int,
        raw_ns: int,
    ) -> None:
        """Take hourly means where the readings themselves have been forgotten."""
        hours = self._readings.rollups(channel.id, start_ns, raw_ns - HOUR_NS, "hour")
        if not len(hours):
            return
        means = hours.mean + offsets_at(hours.start, segments, channel.kind)
        old = binned(hours.start - start_ns, means, self._step_ns, 0, len(values))
        missing = np.isnan(values)
        values[missing] = old[missing]

    def _restarts(
        self, channels: Sequence[Channel], segments: Sequence[Segment]
    ) -> dict[str, set[int]]:
        """Tell when each gateway started anew, known by its boot counter or by a jump it left.

        The first counter that was ever heard is no restart.
        """
        gateways = sorted({channel.gateway_id for channel in channels})
        found = {
            gateway_id: set(list(moments)[1:])
            for gateway_id, moments in self._boots(gateways).items()
        }
        gateway_of = {channel.id: channel.gateway_id for channel in channels}
        for segment in segments:
            # one instrument that jumped at a restart tells that its neighbours restarted, too
            if segment.reason is SegmentReason.RESTART and segment.channel_id in gateway_of:
                gateway_id = gateway_of[segment.channel_id]
                found.setdefault(gateway_id, set()).add(segment.opened_at_ns)
        return found

    def _zeros(
        self,
        channel: Channel,
        restarts: Mapping[str, set[int]],
        segments: Sequence[Segment],
        start_ns: int,
        count: int,
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Tell the bins in which a new zero begins, and those after a re-mount or swap."""
        starts, remounts = set(), set()
        for at_ns in restarts.get(channel.gateway_id, ()):
            bin_ = (at_ns - start_ns) // self._step_ns
            if 0 < bin_ < count:
                starts.add(int(bin_))
        for segment in segments:
            bin_ = (segment.opened_at_ns - start_ns) // self._step_ns
            if segment.channel_id != channel.id or segment.reason in _NO_NEW_ZERO:
                continue
            if 0 < bin_ < count:
                starts.add(int(bin_))
                if segment.reason in _REMOUNTED:
                    remounts.add(int(bin_))
        return tuple(sorted(starts)), tuple(sorted(remounts))

    def _around(self, start_ns: int, count: int) -> Mapping[str, Floats]:
        """Give the city's temperature and rain, read once for all buildings of one age."""
        if start_ns not in self._city:
            weather = self._contexts.weather(start_ns - DAY_NS, self._end_ns)
            temperature, rain = spread(weather, start_ns, self._step_ns, count)
            measured = self._thermometers(start_ns, count)
            if np.isfinite(measured).sum() > np.isfinite(temperature).sum():
                # one source for all of it: another one's bias would be a step
                temperature = measured
            found = {}
            if np.isfinite(temperature).any():
                found["city"] = temperature
            if np.isfinite(rain).any():
                found["rain"] = rain
            self._city[start_ns] = found
        return self._city[start_ns]

    def _thermometers(self, start_ns: int, count: int) -> Floats:
        """Take the median of the city's own thermometers, one a building."""
        rows: list[Floats] = []
        after = ""
        while len(rows) < _THERMOMETERS_MAX:
            page = self._register.buildings(Page(100, after))
            for building in page:
                site = self._register.site(building.id)
                channel = next(
                    (c for c in site.channels if c.active and c.kind == "temperature"), None
                )
                if channel is not None and len(rows) < _THERMOMETERS_MAX:
                    column = self._warmth(channel, site.segments, start_ns, count)
                    self._kept[channel.id, start_ns] = column
                    rows.append(column)
            if len(page) < 100:
                break
            after = page[-1].id
        return _median(rows, count)


def spread(
    weather: Sequence[ContextEvent], start_ns: int, step_ns: int, count: int
) -> tuple[Floats, Floats]:
    """Spread rows of weather over the bins in which they lie.

    Returns
    -------
    temperature, rain
        (count,) float64 each, °C (mean of the rows) and mm (each row's rain in equal parts); NaN
        where no row says anything.

    """
    warm, warm_n = np.zeros(count), np.zeros(count)
    rain, rain_n = np.zeros(count), np.zeros(count)
    for row in weather:
        first = (row.started_at_ns - start_ns) // step_ns
        last = (max(row.started_at_ns, row.ended_at_ns - 1) - start_ns) // step_ns
        low, high = max(0, int(first)), min(count, int(last) + 1)
        if low >= high:
            continue
        temperature, fallen = row.figure(TEMPERATURE), row.figure(RAIN)
        if temperature is not None:
            warm[low:high] += temperature
            warm_n[low:high] += 1
        if fallen is not None:
            rain[low:high] += fallen / (last + 1 - first)
            rain_n[low:high] += 1
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(warm_n > 0, warm / warm_n, np.nan)
    return mean, np.where(rain_n > 0, rain, np.nan)


def _median(columns: Sequence[Floats], count: int) -> Floats:
    """Take the median of columns where any is known."""
    if not columns:
        return np.full(count, np.nan)
    stacked = np.vstack(columns)
    some = np.isfinite(stacked).any(axis=0)
    found = np.full(count, np.nan)
    found[some] = np.nanmedian(stacked[:, some], axis=0)
    return found


def _unit(channel: Channel) -> str:
    if is_modal(channel):
        return UNIT
    return "‰" if channel.kind == "tilt" else "mm"
