"""The part of `ranges.toml` that the columnar world lives by."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class SkyRanges:
    """Weather of a Nanchang-like city, °C, hours and mm."""

    mean_c: float
    annual_c: float
    warmest_day: float
    diurnal_c: Span
    warmest_hour: float
    fronts_sd_c: float
    fronts_hours: float
    anomaly_sd_c: float
    anomaly_days: float
    sun_c: float
    cloud_share: float
    wet_share: Span
    wettest_day: float
    rain_mm: float


@dataclass(frozen=True, slots=True)
class KindRanges:
    """One kind of channel; `concern` is U, the change that matters, in `unit`."""

    unit: str
    concern: float
    per_c: Span
    noise_sd: Span
    resolution: float
    datum: Span


@dataclass(frozen=True, slots=True)
class NatureRanges:
    """How channels of every kind answer weather and time; shares are of U."""

    lag_hours: Span
    fast_lag_hours: Span
    fast_share: Span
    sun_share: Span
    curve_per_c: Span
    swell_share: Span
    swell_days: Span
    wander_share: Span
    wander_days: Span
    noise_freedom: float


@dataclass(frozen=True, slots=True)
class ThermometerRanges:
    """What thermometers make of the air."""

    own_bias_c: Span
    own_gain: Span
    own_sun_share: Span
    own_noise_c: float
    site_bias_c: Span
    site_noise_c: float
    city_sd_c: float
    city_hours: float
    resolution_c: float


@dataclass(frozen=True, slots=True)
class UsualRanges:
    """Faults that every sensor has now and then: counts a sensor-year, sizes in U."""

    spikes: float
    spike_size: Span
    stuck: float
    stuck_days: Span
    gaps: float
    gap_days: Span
    restarts: float
    restart_size: Span
    boots: float


@dataclass(frozen=True, slots=True)
class EventRanges:
    """Events that a benchmark puts on single sensors."""

    drift_days: float
    slow_days: float
    failure_days: float
    reached: float
    stop: float
    watched_days: int


@dataclass(frozen=True, slots=True)
class WorldRanges:
    """Everything."""

    sky: SkyRanges
    kinds: dict[str, KindRanges]
    nature: NatureRanges
    thermometers: ThermometerRanges
    usual: UsualRanges
    events: EventRanges
    step_hours: float
    learning_days: int
    days: int


def with_spans(row: dict[str, Any]) -> dict[str, Any]:
    """Make pairs of numbers of the lists of a table."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in row.items()}


@cache
def world_ranges() -> WorldRanges:
    """Read the data file that lies beside this module."""
    data = tomllib.loads((Path(__file__).parent / "ranges.toml").read_text("utf-8"))
    world = data["world"]
    return WorldRanges(
        SkyRanges(**with_spans(data["sky"])),
        {kind: KindRanges(**with_spans(row)) for kind, row in world["kinds"].items()},
        NatureRanges(**with_spans(world["nature"])),
        ThermometerRanges(**with_spans(world["thermometers"])),
        UsualRanges(**with_spans(world["usual"])),
        EventRanges(**with_spans(world["events"])),
        float(world["step_hours"]),
        int(world["learning_days"]),
        int(world["days"]),
    )
