"""All readings of a building in a span of time, on columns; a function of seed and moment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from domain.clock import DAY_NS, SECOND_NS
from domain.readings import Floats, Int32s, Int64s
from simulators.neighbourhood import Instrument
from simulators.noise import draw, normal, uniform
from simulators.ranges import Response, ranges
from simulators.scenario import Scenario, Spot
from simulators.scenarios.healthy import SCENARIO as HEALTHY
from simulators.weather import LOCAL_OFFSET_NS, Weather, days_since

_WANDER_DAYS = 20.0  # time constant of the slow benign wander


@dataclass(frozen=True, slots=True, eq=False)
class GatewayReadings:
    """Readings as a gateway takes them, in order; `value` is in the unit that it sends.

    Parameters
    ----------
    addresses
        What the gateway calls its channels, each once.
    address
        (n,) int32, index into `addresses`.
    taken_at
        (n,) int64, ns since 1970 UTC, never falling.
    value
        (n,) float64.

    """

    addresses: tuple[str, ...]
    address: Int32s
    taken_at: Int64s
    value: Floats

    def __len__(self) -> int:
        """Count the readings."""
        return len(self.taken_at)

    def rows(self) -> Iterator[tuple[str, int, float]]:
        """Go through them one by one: address, ns, value."""
        names = self.addresses
        for code, at, value in zip(
            self.address.tolist(), self.taken_at.tolist(), self.value.tolist(), strict=True
        ):
            yield names[code], at, value

    def cut(self, start: int, end: int) -> "GatewayReadings":
        """Keep the rows from `start` up to, not including, `end`."""
        rows = slice(start, end)
        return GatewayReadings(
            self.addresses, self.address[rows], self.taken_at[rows], self.value[rows]
        )

    def before(self, at_ns: int) -> tuple["GatewayReadings", "GatewayReadings"]:
        """Split into what was taken before a moment and the rest."""
        row = int(np.searchsorted(self.taken_at, at_ns))
        return self.cut(0, row), self.cut(row, len(self))


@dataclass(frozen=True, slots=True)
class Play:
    """A scenario and when it begins at a building."""

    scenario: Scenario = HEALTHY
    start_ns: int = 0


def readings_between(
    instruments: Sequence[Instrument], weather: Weather, play: Play, start_ns: int, end_ns: int
) -> GatewayReadings:
    """Take all readings of one building from a moment up to, not including, another.

    However a span is cut into parts, the readings are the same.
    """
    local = Weather(
        weather.seed,
        (*weather.changes, lambda at: play.scenario.air(days_since(play.start_ns, at))),
        weather.settings,
    )
    times, values = [], []
    for instrument in instruments:
        at = _moments(instrument, start_ns, end_ns)
        at = at[~play.scenario.lost(instrument.spot, days_since(play.start_ns, at))]
        times.append(at)
        values.append(_values(instrument, local, play, at))
    sizes = [len(at) for at in times]
    code = np.repeat(np.arange(len(times), dtype=np.int32), sizes)
    taken_at = np.concatenate(times) if times else np.empty(0, np.int64)
    order = np.lexsort((code, taken_at))
    return GatewayReadings(
        tuple(i.channel.address for i in instruments),
        code[order],
        taken_at[order],
        (np.concatenate(values) if values else np.empty(0))[order],
    )


def joined(parts: Sequence[GatewayReadings]) -> GatewayReadings:
    """Join the readings of several buildings of one gateway, in the order of time."""
    if len(parts) == 1:
        return parts[0]
    shift = 0
    codes: list[Int32s] = []
    addresses: list[str] = []
    for part in parts:
        codes.append(part.address + np.int32(shift))
        addresses += part.addresses
        shift += len(part.addresses)
    code = np.concatenate(codes) if codes else np.empty(0, np.int32)
    taken_at = np.concatenate([p.taken_at for p in parts]) if parts else np.empty(0, np.int64)
    value = np.concatenate([p.value for p in parts]) if parts else np.empty(0)
    order = np.lexsort((code, taken_at))
    return GatewayReadings(tuple(addresses), code[order], taken_at[order], value[order])


class Tape:
    """All readings of one gateway, made in stretches of some days and handed out in parts.

    Making a stretch costs hardly more than making an hour: the weather's memory is long.

    Parameters
    ----------
    buildings
        Instruments and play of each building that the gateway serves.

    """

    def __init__(
        self,
        weather: Weather,
        buildings: Sequence[tuple[Sequence[Instrument], Play]],
        stretch_ns: int = 4 * DAY_NS,
    ) -> None:
        self._weather, self._buildings, self._stretch_ns = weather, buildings, stretch_ns
        self._made: tuple[int, GatewayReadings] | None = None

    def between(
        self, start_ns: int, end_ns: int, asked: Mapping[str, int] | None = None
    ) -> GatewayReadings:
        """Take the readings from a moment up to, not including, another.

        `asked` gives seconds between readings by address, where they differ from the registered.
        """
        if asked and self._differs(asked):
            return joined(
                [
                    readings_between(_asked(own, asked), self._weather, play, start_ns, end_ns)
                    for own, play in self._buildings
                ]
            )
        parts = []
        for number in range(start_ns // self._stretch_ns, -(-end_ns // self._stretch_ns)):
            _, rest = self._stretch(number).before(start_ns)
            wanted, _ = rest.before(end_ns)
            parts.append(wanted)
        if len(parts) == 1:
            return parts[0]
        # every stretch has the same addresses
        return GatewayReadings(
            parts[0].addresses if parts else (),
            np.concatenate([p.address for p in parts]) if parts else np.empty(0, np.int32),
            np.concatenate([p.taken_at for p in parts]) if parts else np.empty(0, np.int64),
            np.concatenate([p.value for p in parts]) if parts else np.empty(0),
        )

    def _differs(self, asked: Mapping[str, int]) -> bool:
        return any(
            asked.get(i.channel.address, i.channel.interval_s) != i.channel.interval_s
            for own, _ in self._buildings
            for i in own
        )

    def _stretch(self, number: int) -> GatewayReadings:
        if self._made is None or self._made[0] != number:
            start_ns = number * self._stretch_ns
            made = [
                readings_between(
                    instruments, self._weather, play, start_ns, start_ns + self._stretch_ns
                )
                for instruments, play in self._buildings
            ]
            self._made = number, joined(made)
        return self._made[1]


def _asked(instruments: Sequence[Instrument], asked: Mapping[str, int]) -> list[Instrument]:
    """Let instruments read as often as they are asked to."""
    return [
        replace(i, channel=replace(i.channel, interval_s=asked[i.channel.address]))
        if i.channel.address in asked
        else i
        for i in instruments
    ]


def _moments(instrument: Instrument, start_ns: int, end_ns: int) -> Int64s:
    every = instrument.channel.interval_s * SECOND_NS
    phase = instrument.phase_s * SECOND_NS
    first = -(-(start_ns - phase) // every)
    last = -(-(end_ns - phase) // every)
    return np.arange(first, last, dtype=np.int64) * every + phase


def _values(instrument: Instrument, weather: Weather, play: Play, at: Int64s) -> Floats:
    spot, scenario = instrument.spot, play.scenario
    elapsed = days_since(play.start_ns, at)
    measured = scenario.measured(spot, elapsed)
    # the moment itself where it is not another one: days as floats are good to microseconds only
    then = np.where(measured == elapsed, at, play.start_ns + np.rint(measured * DAY_NS))
    then = then.astype(np.int64)
    if spot.kind == "peak_velocity":
        values = _street(spot, then)
        step = ranges().background.velocity_resolution
    elif spot.kind == "frequency":
        low, high = ranges().background.frequency
        values = low + (high - low) * uniform(spot.key, then // SECOND_NS)
        step = ranges().background.frequency_resolution
    else:
        response = ranges().responses[spot.kind]
        values = _response(spot, response, weather, then)
        step = response.resolution
        values = values + scenario.moved(spot, days_since(play.start_ns, then))
    values = scenario.read(spot, elapsed, values)
    if instrument.channel.unit == "°" and spot.kind == "tilt":
        values, step = np.degrees(np.arctan(values / 1000.0)), 0.001
    digits = max(0, -int(np.floor(np.log10(step))))
    return np.asarray(np.round(np.round(values / step) * step, digits))


def _response(spot: Spot, response: Response, weather: Weather, at: Int64s) -> Floats:
    factor = draw(spot.key + 1, *response.factor)
    reference = 0.0 if spot.kind == "temperature" else ranges().climate.reference_c
    values = np.full(len(at), draw(spot.key + 2, *response.datum))
    if response.air_per_c:
        values += factor * response.air_per_c * (weather.air(at) - reference)
    if response.wall_per_c:
        values += factor * response.wall_per_c * (weather.wall(at) - reference)
    if response.wander_sd:
        values += response.wander_sd * _wander(spot, at)
    return values + response.noise_sd * normal(spot.key + 3, at // SECOND_NS)


def _wander(spot: Spot, at: Int64s) -> Floats:
    if not len(at):
        return np.empty(0)
    first, last = int(at.min()) // DAY_NS, int(at.max()) // DAY_NS + 2
    taps = round(6 * _WANDER_DAYS)
    weights = np.exp(-np.arange(taps + 1) / _WANDER_DAYS)
    weights /= np.sqrt((weights**2).sum())
    shocks = normal(spot.key + 4, np.arange(first - taps, last, dtype=np.int64))
    daily = np.convolve(shocks, weights, "valid")
    return np.asarray(np.interp(at / DAY_NS - first, np.arange(len(daily)), daily))


def _street(spot: Spot, at: Int64s) -> Floats:
    settings = ranges().background
    hour = (at + LOCAL_OFFSET_NS) % DAY_NS / 3.6e12
    by_day = (hour >= 6.0) & (hour < 22.0)
    chance = uniform(spot.key, at // SECOND_NS)
    day = settings.day[0] + (settings.day[1] - settings.day[0]) * chance
    night = settings.night[0] + (settings.night[1] - settings.night[0]) * chance
    return np.where(by_day, day, night)
