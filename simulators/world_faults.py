"""Faults that every sensor of the world has now and then, and what they do to its columns."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.labels import Label
from simulators.world_ranges import Span, UsualRanges


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: bins from `start` up to, not including, `end`; `size` in the channel's unit."""

    name: str
    start: int
    end: int
    size: float = 0.0

    def label(self, channel_id: str, building_id: str) -> Label:
        """Tell it as truth."""
        return Label(
            channel_id, building_id, "fault", self.name, self.start, self.end, self.size, self.name
        )


def usual_faults(
    ranges: UsualRanges, random: np.random.Generator, steps: int, per_day: float, concern: float
) -> list[Fault]:
    """Draw what befalls one sensor in so many steps."""
    years = steps / per_day / 365.0
    found: list[Fault] = []

    def draw(name: str, a_year: float, days: Span | None, size: Span | None) -> None:
        for _ in range(int(random.poisson(a_year * years))):
            start = int(random.integers(1, steps))
            length = 1 if days is None else round(log_even(random, days) * per_day)
            worth = 0.0 if size is None else concern * random.uniform(*size)
            worth *= random.choice((-1.0, 1.0))
            found.append(Fault(name, start, min(steps, start + max(1, length)), float(worth)))

    draw("spikes", ranges.spikes, None, ranges.spike_size)
    draw("stuck", ranges.stuck, ranges.stuck_days, None)
    draw("gap", ranges.gaps, ranges.gap_days, None)
    draw("restart_offset", ranges.restarts, None, ranges.restart_size)
    draw("boot", ranges.boots, None, None)
    return found


def log_even(random: np.random.Generator, span: Span) -> float:
    """Draw a number whose logarithm is even between those of the ends."""
    return float(np.exp(random.uniform(np.log(span[0]), np.log(span[1]))))


def zero_moved(faults: list[Fault], steps: int) -> Floats:
    """Tell how far restarts have moved the zero, (steps,) float64, in the channel's unit."""
    moved = np.zeros(steps)
    for fault in faults:
        if fault.name == "restart_offset":
            moved[fault.start :] += fault.size
    return moved


def spoil(values: Floats, faults: list[Fault]) -> Floats:
    """Freeze, throw and take away; the zero is moved before, with `zero_moved`."""
    spoilt = values.copy()
    for fault in faults:
        if fault.name == "stuck":
            spoilt[fault.start : fault.end] = spoilt[fault.start - 1]
    for fault in faults:
        if fault.name == "spikes":
            spoilt[fault.start] += fault.size
    for fault in faults:
        if fault.name == "gap":
            spoilt[fault.start : fault.end] = np.nan
    return spoilt


def restart_bins(faults: list[Fault]) -> tuple[int, ...]:
    """Tell the bins in which the boot counter rises."""
    bins = {f.start for f in faults if f.name in {"restart_offset", "boot"}}
    return tuple(sorted(bins))
