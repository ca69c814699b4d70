"""Seeded series of a house in Nanchang-like weather, and the house itself, for detector tests.

Response and noise are those of the published temperature study: tilt 0.035 ‰/°C of air and
0.010 ‰/°C of wall, crack -0.015 mm/°C of a wall that lags the air by 24 h; noise 0.087 ‰ and
0.01 mm; settlement noise 0.2 mm.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from domain.buildings import Building, Grade
from domain.clock import DAY_NS, HOUR_NS, SECOND_NS
from domain.findings import Finding
from domain.limits import Level, LimitProfile
from domain.ports import Detector
from domain.readings import Floats, ReadingBatch
from domain.views import BuildingView, Latest, WatchedChannel, WatchedPoint

START_NS = 1_787_184_000_000_000_000  # 2026-08-20 00:00 UTC
GATEWAY = "g-1"


def air_temperature(seed: int, days: int, snap_day: float | None = None) -> Floats:
    """Hourly air, °C: year, day, AR(1) fronts; a cold snap takes 15 °C off within 24 h."""
    rng = np.random.default_rng([seed, 1])
    hours = np.arange(days * 24)
    of_year = 2 * np.pi * (232 + hours / 24 - 205) / 365.25
    fronts = np.zeros(len(hours))
    for n, shock in enumerate(rng.normal(0, 2.5 * np.sqrt(1 - np.exp(-2 / 60)), len(hours))):
        fronts[n] = (fronts[n - 1] if n else 0.0) * np.exp(-1 / 60) + shock
    swing = np.repeat(rng.uniform(2.5, 4.5, days), 24)
    air = 18 + 11 * np.cos(of_year) + swing * np.cos(2 * np.pi * (hours % 24 - 6.5) / 24) + fronts
    if snap_day is not None:
        since = hours / 24 - snap_day
        back = np.exp(-np.clip(since - 2.5, 0, None) / 5)
        air = air - 15 * np.clip(since, 0, 1) * back
    return air


def wall_temperature(air: Floats, lag_h: float = 24.0) -> Floats:
    """First-order lag of the air."""
    wall = np.empty(len(air))
    wall[0] = air[0]
    memory = np.exp(-1 / lag_h)
    for n in range(1, len(air)):
        wall[n] = memory * wall[n - 1] + (1 - memory) * air[n]
    return wall


@dataclass
class Series:
    """Hourly values by channel id; NaN: never taken."""

    values: dict[str, Floats]
    hours: int
    boots: Floats | None = None

    def moved(self, channel_id: str, course: Callable[[Floats], Floats]) -> "Series":
        """Add a movement, a function of the days since the start."""
        days = np.arange(self.hours) / 24
        self.values[channel_id] = self.values[channel_id] + course(days)
        return self

    def lost(self, channel_ids: Iterable[str], start_day: float, days: float) -> "Series":
        """Take readings away."""
        low, high = round(start_day * 24), round((start_day + days) * 24)
        for channel_id in channel_ids:
            self.values[channel_id] = self.values[channel_id].copy()
            self.values[channel_id][low:high] = np.nan
        return self

    def batches(self, hours: int = 24) -> Iterator[ReadingBatch]:
        """Cut into batches of so many hours, sorted by time."""
        table = np.stack(list(self.values.values()), axis=1)
        channels = tuple(self.values)
        for low in range(0, self.hours, hours):
            part = table[low : low + hours]
            row, code = np.nonzero(np.isfinite(part))
            at = START_NS + (low + row).astype(np.int64) * HOUR_NS
            boot = -1 if self.boots is None else self.boots[low + row].astype(np.int32)
            batch = ReadingBatch.of(
                [channels[c] for c in code], at, part[row, code], received_at=at, boot=boot
            )
            if len(batch):
                yield batch


def healthy(
    seed: int, days: int, snap_day: float | None = None, noise: float = 1.0, cracks: int = 2
) -> Series:
    """Series of a house that only breathes: T1 (x, y), C1…, S1, S2, TEMP."""
    rng = np.random.default_rng([seed, 2])
    air = air_temperature(seed, days, snap_day)
    wall = wall_temperature(air)
    hours = len(air)

    def with_noise(values: Floats, sd: float, resolution: float) -> Floats:
        noisy = values + rng.normal(0, sd * noise, hours)
        return np.round(noisy / resolution) * resolution

    values = {"TEMP": with_noise(air, 0.15, 0.1)}
    for axis in ("x", "y"):
        factor = rng.uniform(0.6, 1.1)
        tilt = factor * (0.035 * air + 0.010 * wall)
        values[f"T1.{axis}"] = with_noise(tilt - tilt[0], 0.087, 0.01)
    for number in range(1, cracks + 1):
        crack = -0.015 * rng.uniform(0.6, 1.1) * wall
        values[f"C{number}"] = with_noise(crack - crack[0], 0.01, 0.01)
    for number in (1, 2):
        settlement = 0.006 * rng.uniform(-1, 1) * wall
        values[f"S{number}"] = with_noise(settlement - settlement[0], 0.2, 0.05)
    return Series(values, hours)


def building(**changes: Any) -> Building:
    """A six-storey masonry house of 18 m."""
    base = Building(
        "b-1", "DEMO-1", "演示 1 号楼", "", "360102", "", "", 115.9, 28.7,
        structure="masonry", storeys_above=6, height_m=18.0,
    )  # fmt: skip
    return replace(base, **changes)


_KINDS = {"T": "tilt", "C": "crack", "S": "settlement", "V": "vibration", "TEMP": "temperature"}
_AXES = {
    "tilt": {"x": "tilt", "y": "tilt"},
    "vibration": {"ppv": "peak_velocity", "frequency": "frequency"},
}


def point(
    name: str,
    *,
    absolute: bool = False,
    interval_s: int = 3600,
    gateway: str = GATEWAY,
    **more: Any,
) -> WatchedPoint:
    """A point by its name: T1, C2, S1, V1 or TEMP."""
    kind = _KINDS["TEMP" if name == "TEMP" else name[0]]
    axes = _AXES.get(kind, {"": kind})
    channels = {
        axis: WatchedChannel(
            f"{name}.{axis}" if axis else name, name, gateway, quantity, axis, interval_s, absolute
        )
        for axis, quantity in axes.items()
    }
    fields: dict[str, Any] = {"load_bearing": True, "storey": None, **more}
    return WatchedPoint(name, gateway, name, kind, axes=channels, **fields)


@dataclass
class House:
    """A building under one or more detectors, as the pipeline would run them."""

    profile: LimitProfile
    points: Mapping[str, WatchedPoint]
    building: Building = field(default_factory=building)
    grade: Grade | None = None
    states: dict[str, Any] = field(default_factory=dict)
    latest: dict[str, Latest] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)

    @classmethod
    def of(
        cls, profile: LimitProfile, names: str, *, absolute: bool = False, **more: Any
    ) -> "House":
        """Build a house with points by name: `T1 C1 TEMP`."""
        return cls(profile, {n: point(n, absolute=absolute) for n in names.split()}, **more)

    def view(self, now_ns: int) -> BuildingView:
        return BuildingView(
            self.building, self.grade, self.profile, self.points, self.latest, self.heard, now_ns
        )

    def run(
        self, detectors: Detector | list[Detector], batches: Iterable[ReadingBatch]
    ) -> list[Finding]:
        """Hand batches to the detectors, and return what they newly found."""
        before = len(self.found)
        for batch in batches:
            for row, code in enumerate(batch.channel.tolist()):
                channel_id = batch.channels[code]
                at_ns, came_ns = int(batch.taken_at[row]), int(batch.received_at[row])
                self.latest[channel_id] = Latest(at_ns, float(batch.value[row]), came_ns)
            now_ns = int(batch.taken_at.max()) + SECOND_NS
            self.look(detectors, batch, now_ns)
        return self.found[before:]

    def look(
        self, detectors: Detector | list[Detector], batch: ReadingBatch, now_ns: int
    ) -> list[Finding]:
        """Examine one batch, or with an empty one the time alone."""
        before = len(self.found)
        for detector in detectors if isinstance(detectors, list) else [detectors]:
            found, state = detector.examine(
                batch, self.states.get(detector.name), self.view(now_ns)
            )
            self.states[detector.name] = state
            self.found += found
        return self.found[before:]


def readings(channel_id: str, values: Iterable[float], start_h: float = 0.0) -> ReadingBatch:
    """Hourly readings of one channel."""
    held = list(values)
    at = START_NS + round(start_h * HOUR_NS) + np.arange(len(held), dtype=np.int64) * HOUR_NS
    return ReadingBatch.of([channel_id] * len(held), at, held, received_at=at)


def tell(text: str) -> None:
    """Print a measured delay; shown with `pytest -rP`."""
    sys.stdout.write(text + "\n")


def day_of(finding: Finding) -> float:
    """Days since the start of the series."""
    return (finding.at_ns - START_NS) / DAY_NS


def worst(found: Iterable[Finding]) -> Level:
    """Worst level of some findings."""
    return max((f.level for f in found), default=Level.NONE)
