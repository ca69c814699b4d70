"""A pit is dug next door: piling shakes the house, it sinks and leans towards the pit, then rests.

Piling 4.5-6.5 mm/s at 6-9 Hz in working hours for 18 days; 3 mm of settlement a day and 0.25 ‰
of lean a day while the pit goes down (days 5 to 10); 15 % of both comes back when it is filled.
One blast in rock, on day 7: 9 mm/s at 14 Hz.
"""

from dataclasses import dataclass

import numpy as np

from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats, Int64s
from simulators.noise import uniform
from simulators.scenario import Knock, Mask, Scenario, Spot, since


@dataclass(frozen=True, slots=True)
class ExcavationNextDoor(Scenario):
    """Vibration, settlement and tilt of one cause, partly recovering."""

    piling_days: float = 18.0
    velocity: tuple[float, float] = (4.5, 6.5)
    frequency: tuple[float, float] = (6.0, 9.0)
    pit: tuple[float, float] = (5.0, 5.0)
    down_mm: float = 15.0
    lean_permille: float = 1.25
    recovered: float = 0.15
    blow_s: float = 2.5
    blast_day: float = 7.0 + 15.1 / 24
    blast: tuple[float, float, float] = (6.0, 9.0, 7.0)
    blast_hz: tuple[float, float, float] = (12.0, 14.0, 21.0)

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        course = since(days, *self.pit) - self.recovered * since(days, 16.0, 10.0)
        if spot.kind == "settlement":
            return self.down_mm * course * (1.0 if spot.number == 1 else 0.8)
        if spot.kind == "tilt" and spot.axis == "x":
            return self.lean_permille * course * (1.0 if spot.number == 1 else 0.9)
        return np.zeros(len(days))

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: the piling outweighs the street."""
        # the house's own frequency is worked out without the piling
        if spot.kind not in {"peak_velocity", "frequency"} or spot.axis == "modal":
            return values
        low, high = self.velocity if spot.kind == "peak_velocity" else self.frequency
        minutes: Int64s = np.rint(days * 1440).astype(np.int64)
        piling = low + (high - low) * uniform(spot.key, minutes)
        return np.where(self._working(days), piling, values)

    def knocks(self, key: int, start: float, end: float) -> tuple[Knock, ...]:
        """Tell the blows of the piling, one every few seconds of work, and the blast."""
        every = self.blow_s / 86_400
        numbers = np.arange(np.floor(start / every), np.ceil(end / every), dtype=np.int64)
        days = np.asarray(numbers * every, np.float64)
        peaks = self.velocity[0] + (self.velocity[1] - self.velocity[0]) * uniform(key, numbers)
        hertz = self.frequency[0] + (self.frequency[1] - self.frequency[0]) * uniform(key, numbers)
        blows = [
            Knock(day, (peak, 0.6 * peak, 0.8 * peak), (hz, hz, 1.4 * hz))
            for day, peak, hz, at_work in zip(
                days.tolist(), peaks.tolist(), hertz.tolist(), self._working(days), strict=True
            )
            if at_work
        ]
        if start <= self.blast_day < end:
            blows.append(Knock(self.blast_day, self.blast, self.blast_hz))
        return tuple(blows)

    def triggers(self) -> tuple[float, ...]:
        """Tell the day of the blast."""
        return (self.blast_day,)

    def _working(self, days: Floats) -> Mask:
        # hours of the day as the scenario counts them: the story begins it at local midnight
        hour = (days % 1.0) * 24.0
        away = np.abs(days - self.blast_day) > 0.5 / 24  # before a blast everybody leaves the pit
        at_work = (hour >= 6.5) & (hour < 18.5) & away
        return (days >= 0.0) & (days < self.piling_days) & at_work


SCENARIO = ExcavationNextDoor(
    "excavation_next_door",
    "structural",
    expected=(
        (Cause.SETTLEMENT, Level.RED),
        (Cause.VIBRATION, Level.ORANGE),
        (Cause.TILT, Level.YELLOW),
    ),
    works_nearby=True,
)
