"""Years of many sensors in columns: histories as the slow analysis reads them, and their truth.

The broker's story (`simulators/story.py`) is made for a few buildings in full; this world is made
for statistics: five hundred sensors of three years in some seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from analytics.assessment.series import ChannelSeries
from domain.clock import HOUR_NS, to_ns
from domain.readings import Floats
from simulators.labels import Label
from simulators.sky import Sky, lagged, make_sky, red_noise
from simulators.world_events import EVENTS
from simulators.world_faults import log_even, restart_bins, spoil, usual_faults, zero_moved
from simulators.world_ranges import KindRanges, WorldRanges, world_ranges

#: kinds of the single sensors, in turn
KINDS = ("crack", "tilt", "settlement")
#: local midnight in Nanchang
START_NS = to_ns(datetime(2023, 2, 28, 16, tzinfo=UTC))


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Histories, and apart from them what is true."""

    series: tuple[ChannelSeries, ...]
    labels: tuple[Label, ...]

    def events(self) -> dict[str, Label]:
        """Find each channel's own event, by channel id."""
        return {label.channel_id: label for label in self.labels if label.nature == "structural"}


def sensors(
    seed: int,
    count: int,
    *,
    event: str | None = None,
    size: float = 1.0,
    usual: bool = True,
    ranges: WorldRanges | None = None,
) -> World:
    """Make single sensors, each under a sky of its own.

    Parameters
    ----------
    event
        One of `EVENTS`; it begins after the year of learning, early enough to be watched.
    size
        Of the event, in U.
    usual
        With the faults that every sensor has now and then.

    """
    ranges = ranges or world_ranges()
    made = [_sensor(seed, n, event, size, usual, ranges) for n in range(count)]
    return World(
        tuple(series for series, _ in made), tuple(label for _, labels in made for label in labels)
    )


def still(kind: KindRanges, ranges: WorldRanges, sky: Sky, random: np.random.Generator) -> Floats:
    """Tell what a channel of a building that stands still really does, without its datum."""
    nature, concern, step_hours = ranges.nature, kind.concern, sky.step_hours
    per_c = random.uniform(*kind.per_c) * random.choice((-1.0, 1.0))
    wall = sky.air + ranges.sky.sun_c * random.uniform(*nature.sun_share) * sky.sun
    core = lagged(wall, log_even(random, nature.lag_hours), step_hours)
    fast_lag, share = random.uniform(*nature.fast_lag_hours), random.uniform(*nature.fast_share)
    surface = lagged(wall, fast_lag, step_hours)
    warmth = (1.0 - share) * core + share * surface - ranges.sky.mean_c
    moved = per_c * warmth * (1.0 + random.uniform(*nature.curve_per_c) * warmth)
    swell_hours = 24.0 * random.uniform(*nature.swell_days)
    soaked = lagged(sky.rain, swell_hours, step_hours)
    swell = concern * random.uniform(*nature.swell_share) * random.choice((-1.0, 1.0))
    # a wet month, three times the mean, swells by the whole share
    moved += swell * soaked / (3.0 * float(sky.rain.mean()) + 1e-9)
    wander_steps = 24.0 * log_even(random, nature.wander_days) / step_hours
    wander = concern * random.uniform(*nature.wander_share)
    return np.asarray(moved + wander * red_noise(random, len(sky.air), wander_steps))


def as_read(
    values: Floats, kind: KindRanges, ranges: WorldRanges, random: np.random.Generator
) -> Floats:
    """Add datum and noise."""
    noise = random.standard_t(ranges.nature.noise_freedom, len(values))
    # to a standard deviation of 1
    noise /= np.sqrt(ranges.nature.noise_freedom / (ranges.nature.noise_freedom - 2.0))
    return np.asarray(values + random.uniform(*kind.datum) + random.uniform(*kind.noise_sd) * noise)


def rounded(values: Floats, resolution: float) -> Floats:
    """Round to what the instrument can tell."""
    return np.asarray(np.round(values / resolution) * resolution)


def thermometers(ranges: WorldRanges, sky: Sky, random: np.random.Generator) -> dict[str, Floats]:
    """Read the covariates: the sensor's own thermometer, the site's, the city's, and the rain."""
    by, n = ranges.thermometers, len(sky.air)
    sun = ranges.sky.sun_c * random.uniform(*by.own_sun_share) * sky.sun
    own = random.uniform(*by.own_gain) * (sky.air + sun - ranges.sky.mean_c) + ranges.sky.mean_c
    own += random.uniform(*by.own_bias_c) + by.own_noise_c * random.standard_normal(n)
    site = sky.air + random.uniform(*by.site_bias_c) + by.site_noise_c * random.standard_normal(n)
    street = red_noise(random, n, by.city_hours / sky.step_hours)
    return {
        "own": rounded(own, by.resolution_c),
        "site": rounded(site, by.resolution_c),
        "city": rounded(sky.air + by.city_sd_c * street, by.resolution_c),
        "rain": np.round(sky.rain, 2),
    }


def bins_of_day(ranges: WorldRanges) -> int:
    """Tell the bins of a day."""
    return round(24 / ranges.step_hours)


def channel(
    name: str,
    kind: str,
    values: Floats,
    starts: Sequence[int],
    covariates: Mapping[str, Floats],
    ranges: WorldRanges,
    building_id: str = "",
) -> ChannelSeries:
    """Put one channel's columns together."""
    row = ranges.kinds[kind]
    return ChannelSeries(
        channel_id=name,
        kind=kind,
        unit=row.unit,
        resolution=row.resolution,
        start_ns=START_NS,
        step_ns=round(ranges.step_hours * HOUR_NS),
        value=values,
        flags=np.zeros(len(values), np.uint16),
        starts=tuple(starts),
        covariates=covariates,
        building_id=building_id,
        gateway_id=f"G-{building_id}",
        sensor_id=name,
    )


def _sensor(
    seed: int, number: int, event: str | None, size: float, usual: bool, ranges: WorldRanges
) -> tuple[ChannelSeries, list[Label]]:
    kind_name = KINDS[number % len(KINDS)]
    kind, per_day = ranges.kinds[kind_name], bins_of_day(ranges)
    steps = ranges.days * per_day
    random = np.random.default_rng([seed, number])
    sky = make_sky(ranges.sky, random, START_NS, steps, ranges.step_hours)
    values = still(kind, ranges, sky, random)
    name, home = f"{seed}-{number}", f"B{seed}-{number}"
    labels = []
    if event is not None:
        latest = ranges.days - ranges.events.watched_days
        start = int(random.integers(ranges.learning_days * per_day, latest * per_day))
        way = size * kind.concern * random.choice((-1.0, 1.0))
        moved = way * EVENTS[event]((np.arange(steps) - start) / per_day, ranges.events)
        values = values + moved
        labels.append(
            Label(name, home, "structural", event, start, steps, float(moved[-1]), "alarm")
        )
    faults = usual_faults(ranges.usual, random, steps, per_day, kind.concern) if usual else []
    values = as_read(values + zero_moved(faults, steps), kind, ranges, random)
    values = spoil(rounded(values, kind.resolution), faults)
    covariates = thermometers(ranges, sky, random)
    # the thermometer sits in the sensor: it is away when the sensor is
    covariates["own"] = np.where(np.isnan(values), np.nan, covariates["own"])
    labels += [fault.label(name, home) for fault in faults if fault.name != "boot"]
    made = channel(name, kind_name, values, restart_bins(faults), covariates, ranges, home)
    return made, labels
