"""Joins what judging has learnt with stored readings: series as they are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from analytics import weather
from analytics.detectors.movement import DETECTOR as MOVEMENT
from analytics.detectors.movement import STRUCTURAL
from analytics.rates import DAYS_OF_MONTH
from domain.adjusted import Adjusted, Movement, Rate, Trend
from domain.clock import DAY_NS, HOUR_NS, SECOND_NS
from domain.datum import added_to, scales_at
from domain.errors import NotFound
from domain.findings import Compensation
from domain.limits import LimitProfile
from domain.ports import JudgementStore, ReadingStore, RegisterStore
from domain.readings import UNFIT, Floats
from domain.sensors import Channel, Site

#: more readings than this are read as hourly spans
READINGS_MAX = 50_000


class StoredAdjuster:
    """Series with datum and weather put right, out of the stores.

    The response to the weather and the baseline are those that judging keeps in its saved
    state; they are applied to the stored readings of the channel and of the thermometer. So the
    newest response speaks for all of a stretch, and nothing is fitted when people look.
    """

    def __init__(
        self,
        readings: ReadingStore,
        register: RegisterStore,
        judgements: JudgementStore,
        profile: LimitProfile,
    ) -> None:
        self._readings, self._register, self._judgements = readings, register, judgements
        self._profile = profile
        self.numbers = dict(profile.numbers)
        self.bin_ns = int(self.numbers["compensation.bin_h"] * HOUR_NS)

    def channel(self, channel_id: str, start_ns: int, end_ns: int) -> Adjusted:
        """Read one channel, `start_ns` included and `end_ns` left out.

        Raises
        ------
        NotFound
            When there is no such channel.

        """
        found = self._register.channel(channel_id)
        if found is None:
            raise NotFound(f"no channel {channel_id!r}")
        channel, _, building = found
        site = self._register.site(building.id)
        rows = self.read(site, channel, start_ns, end_ns, single=True)
        if channel.kind not in STRUCTURAL:
            return rows
        look = _Look(self, site, channel.gateway_id, start_ns, end_ns)
        known = weather.learnt(look.state, channel.id, self.numbers)
        return look.without_weather(rows, known)

    def point(self, site: Site, channels: Sequence[Channel], start_ns: int, end_ns: int) -> Trend:
        """Read channels of one point of a site, and what its growth and rate rules see.

        A stretch with very many readings comes as hourly spans.
        """
        if not any(c.kind in STRUCTURAL for c in channels):
            return Trend({c.id: self.read(site, c, start_ns, end_ns) for c in channels})
        kind = next(c.kind for c in channels if c.kind in STRUCTURAL)
        windows = self._windows(kind)
        before_ns = int(max((days for days, _ in windows.values()), default=0.0) * DAY_NS)
        look = _Look(self, site, channels[0].gateway_id, start_ns - before_ns, end_ns)
        shown: dict[str, Adjusted] = {}
        axes: list[tuple[weather.Learnt, Floats]] = []
        for channel in sorted(channels, key=lambda c: c.axis):
            rows = self.read(site, channel, start_ns - before_ns, end_ns)
            known = weather.learnt(look.state, channel.id, self.numbers)
            rows = look.without_weather(rows, known)
            shown[channel.id] = _since(rows, start_ns)
            if channel.kind == kind:
                axes.append((known, look.in_bins(rows, known)))
        return Trend(shown, self._movement(axes, windows, look, start_ns))

    def state_of(self, building_id: str, gateway_id: str) -> Any:
        """Read what judging keeps of a building for the shard of a gateway; `None`: nothing."""
        gateway = self._register.gateway(gateway_id)
        if gateway is None:
            return None
        blob = self._judgements.state(gateway.shard, building_id, MOVEMENT.name)
        return None if blob is None else msgspec.msgpack.decode(blob)

    def _windows(self, kind: str) -> dict[str, tuple[float, float]]:
        """Tell window and days of the unit of each rate that the profile has a limit for."""
        return {
            row.unit: (
                float(str(row.condition("window_days"))),
                DAYS_OF_MONTH if row.unit.endswith("/month") else 1.0,
            )
            for row in self._profile.of(f"{kind}_rate")
        }

    def _movement(
        self,
        axes: list[tuple[weather.Learnt, Floats]],
        windows: Mapping[str, tuple[float, float]],
        look: "_Look",
        start_ns: int,
    ) -> Movement | None:
        if not axes or any(known.level is None for known, _ in axes):
            return None
        grown = [values - (known.level or 0.0) for known, values in axes]
        growth = grown[0] if len(grown) == 1 else np.sqrt(sum(g * g for g in grown))
        per_day = DAY_NS / self.bin_ns
        rates = {}
        for unit, (days, unit_days) in windows.items():
            slopes = [
                weather.rolling_slope(
                    values,
                    round(days * per_day),
                    self.numbers["compensation.share"],
                    self.numbers["rate.span"],
                )
                for _, values in axes
            ]
            rate = slopes[0] if len(slopes) == 1 else np.sqrt(sum(s * s for s in slopes))
            rates[unit] = Rate(days, np.asarray(rate * per_day * unit_days))
        at = (look.first + np.arange(look.count, dtype=np.int64)) * self.bin_ns
        keep = at + self.bin_ns > start_ns
        order = (Compensation.ABSENT, Compensation.IMMATURE, Compensation.MATURE)
        return Movement(
            at[keep] + self.bin_ns // 2,
            np.asarray(growth)[keep],
            axes[0][0].level if len(axes) == 1 else None,
            {unit: replace(rate, values=rate.values[keep]) for unit, rate in rates.items()},
            min((known.compensation for known, _ in axes), key=order.index),
        )

    def read(
        self, site: Site, channel: Channel, start_ns: int, end_ns: int, *, single: bool = False
    ) -> Adjusted:
        """Read a channel with its datum put right, the weather still in.

        Parameters
        ----------
        single
            Single readings, however many they are.

        """
        segments = [s for s in site.segments if s.channel_id == channel.id]
        structural = channel.kind in STRUCTURAL
        status = Compensation.ABSENT if structural else Compensation.NOT_NEEDED
        step_ns = max(1, channel.interval_s) * SECOND_NS
        if single or (end_ns - start_ns) // step_ns <= READINGS_MAX:
            raw = self._readings.between(channel.id, start_ns, end_ns)
            n = len(raw)
            return Adjusted(
                raw.taken_at,
                raw.value,
                added_to(raw.taken_at, raw.value, segments, channel.kind),
                np.zeros(n),
                np.zeros(n),
                np.zeros(n),
                raw.flag,
                np.ones(n, np.int64),
                compensation=status,
            )
        hours = self._readings.rollups(channel.id, start_ns, end_ns, "hour")
        n = len(hours)
        scale = scales_at(hours.start, segments)
        # a factor below 0 turns the span over: its highest reading is the lowest value
        ends = (hours.low - hours.mean) * scale, (hours.high - hours.mean) * scale
        return Adjusted(
            hours.start + HOUR_NS // 2,
            hours.mean,
            added_to(hours.start, hours.mean, segments, channel.kind),
            np.zeros(n),
            np.minimum(*ends),
            np.maximum(*ends),
            np.zeros(n, np.uint16),
            hours.count,
            spans=True,
            compensation=status,
        )


class _Look:
    """One look at a building: its saved state, and each thermometer read once."""

    def __init__(
        self, adjuster: StoredAdjuster, site: Site, gateway_id: str, start_ns: int, end_ns: int
    ) -> None:
        self._adjuster, self._site, self._end_ns = adjuster, site, end_ns
        self.bin_ns = adjuster.bin_ns
        self.state = adjuster.state_of(site.building_id, gateway_id)
        self.first = start_ns // self.bin_ns
        self.count = max(0, -(-end_ns // self.bin_ns) - self.first)
        self._before = weather.memory_ns(adjuster.numbers, self.bin_ns) // self.bin_ns
        self._temperatures: dict[str, Floats | None] = {}

    def without_weather(self, rows: Adjusted, known: weather.Learnt) -> Adjusted:
        """Take the weather out of a channel's rows; where nothing is learnt they stay."""
        in_bins = self._effect(known)
        if in_bins is None or known.fit is None:
            return rows
        return replace(
            rows,
            weather=weather.at_moments(in_bins, self.bin_ns, self.first, rows.taken_at),
            compensation=known.compensation,
            thermometer=known.fit.thermometer,
        )

    def in_bins(self, rows: Adjusted, known: weather.Learnt) -> Floats:
        """Give the compensated bins of a channel: median of the series values, less the weather."""
        fit = (rows.flag & np.uint16(UNFIT)) == 0
        medians = weather.binned(
            rows.taken_at[fit], rows.series[fit], self.bin_ns, self.first, self.count
        )
        in_bins = self._effect(known)
        return medians if in_bins is None else np.asarray(medians - in_bins)

    def _effect(self, known: weather.Learnt) -> Floats | None:
        if known.fit is None:
            return None
        temperature = self._temperature(known.fit.thermometer)
        if temperature is None:
            return None
        return weather.effect(known, temperature, self._adjuster.numbers)[self._before :]

    def _temperature(self, channel_id: str) -> Floats | None:
        if channel_id not in self._temperatures:
            channel = next((c for c in self._site.channels if c.id == channel_id), None)
            values = None
            if channel is not None:
                first = self.first - self._before
                rows = self._adjuster.read(self._site, channel, first * self.bin_ns, self._end_ns)
                fit = (rows.flag & np.uint16(UNFIT)) == 0
                values = weather.binned(
                    rows.taken_at[fit],
                    rows.series[fit],
                    self.bin_ns,
                    first,
                    self.count + self._before,
                )
            self._temperatures[channel_id] = values
        return self._temperatures[channel_id]


def _since(rows: Adjusted, start_ns: int) -> Adjusted:
    """Leave out what was read only for the windows."""
    keep = rows.taken_at >= start_ns
    return replace(
        rows,
        **{
            name: getattr(rows, name)[keep]
            for name in (
                "taken_at",
                "reading",
                "offset",
                "weather",
                "spread_low",
                "spread_high",
                "flag",
                "count",
            )
        },
    )
