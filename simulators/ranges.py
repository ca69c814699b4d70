"""The data file of what instruments and the weather do: `ranges.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Response:
    """How one kind of instrument answers while the building stands still; units of its kind.

    Parameters
    ----------
    air_per_c, wall_per_c
        Change per °C of air and of wall temperature.
    factor
        Range of the factor on both that each channel draws for itself.
    datum
        Range of the reading at installation.
    noise_sd, wander_sd
        Standard deviations of a reading's noise and of the slow benign wander.
    resolution
        Step to which readings are rounded.

    """

    air_per_c: float
    wall_per_c: float
    factor: Span
    datum: Span
    noise_sd: float
    wander_sd: float
    resolution: float


@dataclass(frozen=True, slots=True)
class Climate:
    """The yearly and daily course of the air temperature, °C and hours."""

    mean_c: float
    annual_c: float
    warmest_day: float
    diurnal_c: Span
    warmest_hour: float
    fronts_sd_c: float
    fronts_hours: float
    reference_c: float


@dataclass(frozen=True, slots=True)
class Background:
    """Vibration of an ordinary street: peak velocity mm/s by night and day, frequency Hz."""

    night: Span
    day: Span
    frequency: Span
    velocity_resolution: float
    frequency_resolution: float


@dataclass(frozen=True, slots=True)
class Ranges:
    """Everything in the data file."""

    climate: Climate
    wall_lag_hours: float
    responses: dict[str, Response]
    background: Background


def _span(pair: list[float]) -> Span:
    low, high = pair
    return float(low), float(high)


@cache
def ranges() -> Ranges:
    """Read the data file that lies beside this module."""
    data = tomllib.loads((Path(__file__).parent / "ranges.toml").read_text("utf-8"))
    climate = dict(data["climate"])
    climate["diurnal_c"] = _span(climate["diurnal_c"])
    responses = {}
    for kind in ("tilt", "crack", "settlement", "temperature"):
        row = data[kind]
        responses[kind] = Response(
            float(row["air_per_c"]),
            float(row["wall_per_c"]),
            _span(row["factor"]),
            _span(row["datum"]),
            float(row["noise_sd"]),
            float(row["wander_sd"]),
            float(row["resolution"]),
        )
    velocity, frequency = data["peak_velocity"], data["frequency"]
    return Ranges(
        Climate(**climate),
        float(data["wall"]["lag_hours"]),
        responses,
        Background(
            _span(velocity["night"]),
            _span(velocity["day"]),
            _span(frequency["background"]),
            float(velocity["resolution"]),
            float(frequency["resolution"]),
        ),
    )
