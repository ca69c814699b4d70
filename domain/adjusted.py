"""Series as they are judged: datum put right, weather taken out; for charts and exports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from domain.findings import Compensation
from domain.readings import Flags, Floats, Int64s
from domain.sensors import Channel, Site


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """One channel over a stretch, oldest first; arrays of one length.

    Parameters
    ----------
    taken_at
        (n,) int64, ns since 1970 UTC; of hourly spans the middle.
    reading
        (n,) float64, as the instrument read; of hourly spans the mean.
    offset
        (n,) float64: what the datum and the calibration factor of the moment's segment add;
        reading + offset is the series value; NaN where the zero is not known yet.
    weather
        (n,) float64: what the temperature makes of the series value; NaN where the temperature
        is not known, 0 where nothing is taken out.
    spread_low, spread_high
        (n,) float64, lowest and highest of a span less its mean; 0 for single readings.
    flag
        (n,) uint16, bits of `QualityFlag`; 0 for spans, which hold fit readings only.
    count
        (n,) int64, readings in the span; 1 for single readings.
    spans
        They are hourly spans, not readings.
    compensation
        How far the weather is taken out, as of now: the newest response is used for all of it.
    thermometer
        Channel id of the temperature that was used; empty when there was none.

    """

    taken_at: Int64s
    reading: Floats
    offset: Floats
    weather: Floats
    spread_low: Floats
    spread_high: Floats
    flag: Flags
    count: Int64s
    spans: bool = False
    compensation: Compensation = Compensation.NOT_NEEDED
    thermometer: str = ""

    def __len__(self) -> int:
        """Count the moments."""
        return len(self.taken_at)

    @property
    def series(self) -> Floats:
        """(n,) readings with the datum put right."""
        return np.asarray(self.reading + self.offset)

    @property
    def value(self) -> Floats:
        """(n,) series values without the weather."""
        return np.asarray(self.reading + self.offset - self.weather)


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """A rate over the window that a limit asks for; `values` is (m,), in the rate's own unit."""

    window_days: float
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """What a point's growth and rate rules look at: means of equal bins, weather out.

    Parameters
    ----------
    at
        (m,) int64, middle of each bin, ns since 1970 UTC.
    growth
        (m,) float64 since the baseline, the kind's unit; two axes as the length of their vector;
        NaN where nothing is known.
    base
        Compensated series value from which growth counts; `None` for two axes.
    rates
        By unit (`mm/month`, `‰/d`): the straight line's rate over the window ending at each bin.

    """

    at: Int64s
    growth: Floats
    base: float | None
    rates: Mapping[str, Rate]
    compensation: Compensation


@dataclass(frozen=True, slots=True)
class Trend:
    """One point over a stretch: its channels by id, and its movement where one is judged."""

    channels: Mapping[str, Adjusted] = field(default_factory=dict)
    movement: Movement | None = None


class Adjuster(Protocol):
    """Gives series as they are judged."""

    def channel(self, channel_id: str, start_ns: int, end_ns: int) -> Adjusted:
        """Read single readings of one channel, `start_ns` included and `end_ns` left out.

        Raises
        ------
        NotFound
            When there is no such channel.

        """
        ...

    def point(self, site: Site, channels: Sequence[Channel], start_ns: int, end_ns: int) -> Trend:
        """Read channels of one point of a site, and what its growth and rate rules see.

        A stretch with very many readings comes as hourly spans.
        """
        ...
