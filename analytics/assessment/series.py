"""History of one channel in equal bins: what the slow analysis works on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from domain.clock import DAY_NS, HOUR_NS
from domain.errors import InvalidInput
from domain.readings import Flags, Floats, Int64s

STEP_NS = 2 * HOUR_NS

#: covariates in the order in which a channel falls back on them; rain stands beside
TEMPERATURES = ("own", "site", "city")
#: covariate of a building's own frequencies: how much it swings, in powers of ten of the usual
AMPLITUDE = "amplitude"


@dataclass(frozen=True, slots=True, eq=False)
class ChannelSeries:
    """One channel in equal bins of time, oldest first.

    Parameters
    ----------
    channel_id, kind, unit
        The measured quantity; `kind` is `tilt`, `crack`, `settlement`, `frequency` or `strain`.
    resolution
        Smallest change that the instrument can tell, in `unit`; `None` when unknown.
    start_ns, step_ns
        First instant of the first bin, which is the beginning of a day, and length of a bin;
        a day is a whole number of bins.
    value
        (n,) float64, median of each bin's readings with the segments' offsets, as they were read
        otherwise: nothing is left out. NaN where nothing came.
    flags
        (n,) uint16, `QualityFlag` bits of the bin's readings, or-ed.
    starts
        Bins in which the gateway's boot counter rose or a segment was opened: the zero may be
        another from there on.
    remounts
        Those of `starts` at which people re-mounted, re-glued or swapped the instrument.
    covariates
        (n,) float64 each: `own`, `site`, `city` temperature in °C, `rain` in mm, `amplitude` in
        powers of ten; NaN where missing, never filled.
    battery
        (n,) float64, percent as the gateway's status told, NaN where it did not; `None`: never.
    building_id, gateway_id, sensor_id
        For what is compared with neighbours; empty when unknown.

    """

    channel_id: str
    kind: str
    unit: str
    resolution: float | None
    start_ns: int
    step_ns: int
    value: Floats
    flags: Flags
    starts: tuple[int, ...] = ()
    covariates: Mapping[str, Floats] = field(default_factory=dict)
    remounts: tuple[int, ...] = ()
    battery: Floats | None = None
    building_id: str = ""
    gateway_id: str = ""
    sensor_id: str = ""

    def __post_init__(self) -> None:
        """Check the columns.

        Raises
        ------
        InvalidInput
            When a column is of another length, or a day is not a whole number of bins.

        """
        n = len(self.value)
        sizes = {"flags": len(self.flags)}
        sizes |= {name: len(column) for name, column in self.covariates.items()}
        if self.battery is not None:
            sizes["battery"] = len(self.battery)
        for name, size in sizes.items():
            if size != n:
                raise InvalidInput(f"{name} of {self.channel_id!r} must have {n} bins, got {size}")
        if self.step_ns <= 0 or DAY_NS % self.step_ns:
            raise InvalidInput(
                f"step_ns of {self.channel_id!r} must divide a day, got {self.step_ns}"
            )

    @property
    def per_day(self) -> int:
        """Tell the bins of a day."""
        return DAY_NS // self.step_ns

    @property
    def days(self) -> int:
        """Tell the whole days it covers; a last, partial day is left out."""
        return len(self.value) // self.per_day

    def day_ends(self) -> Int64s:
        """Tell the end of each day, (days,) int64, ns."""
        return self.start_ns + DAY_NS * np.arange(1, self.days + 1, dtype=np.int64)

    def upto(self, days: int) -> "ChannelSeries":
        """Cut off all that came after the first days."""
        n = days * self.per_day
        return ChannelSeries(
            self.channel_id,
            self.kind,
            self.unit,
            self.resolution,
            self.start_ns,
            self.step_ns,
            self.value[:n],
            self.flags[:n],
            tuple(bin_ for bin_ in self.starts if bin_ < n),
            {name: column[:n] for name, column in self.covariates.items()},
            tuple(bin_ for bin_ in self.remounts if bin_ < n),
            None if self.battery is None else self.battery[:n],
            self.building_id,
            self.gateway_id,
            self.sensor_id,
        )


def alike(series: Sequence[ChannelSeries]) -> list[list[int]]:
    """Group series that start together and have the same bins, so that they stack into arrays.

    Returns
    -------
    list
        Indices into `series`, in their order.

    """
    groups: dict[tuple[int, int, int], list[int]] = {}
    for index, one in enumerate(series):
        groups.setdefault((one.start_ns, one.step_ns, one.days), []).append(index)
    return list(groups.values())
