"""Buildings of the columnar world: several sensors under one sky and one scenario, with truth."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from analytics.assessment.series import ChannelSeries
from domain.clock import DAY_NS, HOUR_NS
from domain.readings import Floats
from simulators.labels import Label
from simulators.noise import key_of
from simulators.scenario import Mask, Scenario, Spot
from simulators.sky import Sky, make_sky
from simulators.world import START_NS, as_read, bins_of_day, rounded, still, thermometers
from simulators.world_faults import restart_bins, spoil, usual_faults, zero_moved
from simulators.world_ranges import WorldRanges, world_ranges


@dataclass(frozen=True, slots=True, eq=False)
class WorldBuilding:
    """One building's histories, and apart from them what is true.

    Parameters
    ----------
    start
        Bin in which its scenario begins.
    spots
        The channels as the scenario sees them, in the order of `series`.

    """

    building_id: str
    scenario: Scenario
    series: tuple[ChannelSeries, ...]
    labels: tuple[Label, ...]
    start: int
    spots: tuple[Spot, ...] = ()

    def reach(self, days_after: int) -> float:
        """Tell how far some channel has truly gone by the end of a day after the beginning, in U.

        The greatest way out counts, whatever came back since. Only what is structural moves.
        """
        if self.scenario.nature != "structural":
            return 0.0
        per_day, whole = self.series[0].per_day, len(self.series[0].value)
        steps = min(self.start + (days_after + 1) * per_day, whole)
        days = (np.arange(steps) - self.start) / per_day
        found = 0.0
        for spot, one in zip(self.spots, self.series, strict=True):
            moved = self.scenario.moved(spot, days)
            if spot.axis == "modal":
                # a building's own frequency falls by a share of what it was
                usual = np.full(steps, np.nanmedian(one.value[: self.start]))
                moved = moved + self.scenario.read(spot, days, usual) - usual
            concern = world_ranges().kinds[one.kind].concern
            found = max(found, float(np.abs(moved).max()) / concern)
        return found


#: `modal` is the house's own frequency, not that of whatever shakes it
_AXES = {"tilt": "x", "frequency": "modal"}


@cache
def _plan() -> dict[str, int]:
    text = (Path(__file__).parent / "ranges.toml").read_text("utf-8")
    return dict(tomllib.loads(text)["building"])


def buildings(
    seed: int, plays: Sequence[Scenario], *, usual: bool = True, ranges: WorldRanges | None = None
) -> Iterator[WorldBuilding]:
    """Make one building a scenario, one by one.

    Parameters
    ----------
    usual
        With the faults that every sensor has now and then.

    """
    for number, scenario in enumerate(plays):
        yield _building(seed, number, scenario, usual, ranges or world_ranges())


def _building(
    seed: int, number: int, scenario: Scenario, usual: bool, ranges: WorldRanges
) -> WorldBuilding:
    plan, per_day = _plan(), bins_of_day(ranges)
    steps = (scenario.history_days + plan["watched_days"]) * per_day
    start = scenario.history_days * per_day
    random = np.random.default_rng([seed, 7, number])
    start_ns = _start_ns(scenario, random)
    days = (np.arange(steps) - start) / per_day
    sky = make_sky(ranges.sky, random, start_ns, steps, ranges.step_hours)
    sky = Sky(
        sky.air + scenario.air(days), sky.sun, sky.rain + scenario.rain(days) / per_day,
        sky.step_hours,
    )  # fmt: skip
    home = f"{seed}-{number}"
    covariates = thermometers(ranges, sky, random)
    kinds = [(k, n + 1) for k in ranges.kinds for n in range(plan[k])]
    key = key_of(seed, "building", number)
    spot = Spot("temperature", "", 1, len(kinds), len(kinds) + 1, key)
    restarts = {start + round(day * per_day) for day in scenario.restarts}
    labels, warm = _spoilt(scenario, spot, days, covariates["own"], f"{home}.H1", home)
    covariates["own"] = warm
    series, spots = [], []
    for seat, (kind, n) in enumerate(kinds):
        row = ranges.kinds[kind]
        axis = _AXES.get(kind, "")
        spot = Spot(kind, axis, n, seat, len(kinds) + 1, key_of(seed, home, kind, n))
        spots.append(spot)
        name = f"{home}.{kind}-{n}"
        moved = scenario.moved(spot, days)
        if moved.any():
            labels.append(_label(scenario, name, home, moved != 0.0, moved))
        faults = usual_faults(ranges.usual, random, steps, per_day, row.concern) if usual else []
        values = still(row, ranges, sky, random) + moved + zero_moved(faults, steps)
        values = spoil(rounded(as_read(values, row, ranges, random), row.resolution), faults)
        found, values = _spoilt(scenario, spot, days, values, name, home)
        labels += found
        labels += [fault.label(name, home) for fault in faults if fault.name != "boot"]
        remounts = [start + round(day * per_day) for day in scenario.remounts(spot)]
        starts = sorted({*restart_bins(faults), *remounts, *restarts})
        series.append(
            ChannelSeries(
                channel_id=name,
                kind=kind,
                unit=row.unit,
                resolution=row.resolution,
                start_ns=start_ns,
                step_ns=round(ranges.step_hours * HOUR_NS),
                value=np.where(np.isnan(values), np.nan, rounded(values, row.resolution)),
                flags=np.zeros(steps, np.uint16),
                starts=tuple(starts),
                covariates=covariates,
                remounts=tuple(remounts),
                battery=scenario.battery(spot, days),
                building_id=home,
                gateway_id=f"G-{home}",
                sensor_id=name,
            )
        )
    return WorldBuilding(home, scenario, tuple(series), tuple(labels), start, tuple(spots))


def _start_ns(scenario: Scenario, random: np.random.Generator) -> int:
    """Choose the first day so that the scenario begins in its season, or on any day."""
    of_year = scenario.season or int(random.integers(1, 366))
    # START_NS is the beginning of the 60th day of 2023; the scenario begins in 2025 or 2026
    return START_NS + (2 * 365 + of_year - 60 - scenario.history_days + 365) * DAY_NS


def _spoilt(
    scenario: Scenario, spot: Spot, days: Floats, values: Floats, name: str, home: str
) -> tuple[list[Label], Floats]:
    """Let the scenario's faults at the values; whatever they changed is labelled."""
    per_day = round(1.0 / (days[1] - days[0]))
    then = np.rint((scenario.measured(spot, days) - days[0]) * per_day).astype(np.int64)
    seen = scenario.read(spot, days, values[np.clip(then, 0, len(values) - 1)])
    lost = scenario.lost(spot, days)
    spoilt = np.where(lost, np.nan, seen)
    off = ~np.isclose(spoilt, values, rtol=0.0, atol=1e-9, equal_nan=True)
    told = scenario.battery(spot, days) < 100.0
    # stuck and late values that happen to equal the true ones are wrong all the same
    wrong = off | told | (then != np.arange(len(then)))
    if not wrong.any():
        return [], spoilt
    change = np.nan_to_num(np.where(np.isfinite(spoilt) & np.isfinite(values), spoilt - values, 0))
    return [_label(scenario, name, home, wrong, change, spoilt=True)], spoilt


def _label(
    scenario: Scenario,
    name: str,
    home: str,
    where: Mask,
    change: Floats,
    *,
    spoilt: bool = False,
) -> Label:
    bins = np.flatnonzero(where)
    largest = float(change[np.abs(change).argmax()])
    faulty = spoilt and bool(scenario.fault)
    return Label(
        name,
        home,
        "fault" if faulty else scenario.nature,
        scenario.name,
        int(bins[0]),
        int(bins[-1]) + 1,
        largest,
        scenario.fault if faulty else {"structural": "alarm"}.get(scenario.nature, "quiet"),
    )
