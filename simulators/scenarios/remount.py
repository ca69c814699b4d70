"""People take an instrument down, glue it on again and say so: the zero is quite another."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.noise import draw
from simulators.scenario import Mask, Scenario, Spot
from simulators.world_ranges import world_ranges


@dataclass(frozen=True, slots=True)
class Remount(Scenario):
    """Some hours without readings, then another zero.

    Parameters
    ----------
    jump
        In U of the kind, either way.
    hours
        How long it is off the wall.

    """

    target: str = "crack 1"
    jump: float = 6.0
    hours: float = 4.0

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: another zero since."""
        if spot.name != self.target:
            return values
        way = 1.0 if draw(spot.key + 37, 0.0, 1.0) < 0.5 else -1.0
        size = way * self.jump * world_ranges().kinds[spot.kind].concern
        return np.where(days >= 0.0, values + size, values)

    def lost(self, spot: Spot, days: Floats) -> Mask:
        """Tell which readings are never taken."""
        off = spot.name == self.target
        return (days >= 0.0) & (days < self.hours / 24) & off

    def remounts(self, spot: Spot) -> tuple[float, ...]:
        """Tell the days on which people re-mount the instrument, and say so."""
        return (self.hours / 24,) if spot.name == self.target else ()


SCENARIO = Remount("remount", "fault", fault="remount")
