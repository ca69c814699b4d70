"""A battery runs down over weeks: readings grow noisy and are lost, then somebody changes it."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats, Int64s
from simulators.noise import normal, uniform
from simulators.scenario import Mask, Scenario, Spot, since
from simulators.world_ranges import world_ranges


@dataclass(frozen=True, slots=True)
class BatteryFade(Scenario):
    """The battery of one instrument falls from full to empty.

    Parameters
    ----------
    noise
        Noise that an empty battery adds, in U of the kind.
    loss
        Share of readings that an empty battery loses.

    """

    target: str = "tilt 1"
    length_days: float = 60.0
    noise: float = 0.5
    loss: float = 0.6

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: noise as the battery fades."""
        if spot.name != self.target:
            return values
        size = self.noise * world_ranges().kinds[spot.kind].concern
        minutes: Int64s = np.rint(days * 1440).astype(np.int64)
        return values + size * self._fade(days) * normal(spot.key + 39, minutes)

    def lost(self, spot: Spot, days: Floats) -> Mask:
        """Tell which readings are never taken."""
        if spot.name != self.target:
            return np.zeros(len(days), bool)
        minutes: Int64s = np.rint(days * 1440).astype(np.int64)
        return uniform(spot.key + 40, minutes) < self.loss * self._fade(days)

    def battery(self, spot: Spot, days: Floats) -> Floats:
        """Tell the battery, percent, as the device reports it."""
        if spot.name != self.target:
            return np.full(len(days), 100.0)
        fresh = days >= self.length_days
        return np.where(fresh, 100.0, 100.0 * (1.0 - since(days, 0.0, self.length_days)))

    def _fade(self, days: Floats) -> Floats:
        # the first half of the charge does no harm
        empty = np.clip(2.0 * since(days, 0.0, self.length_days) - 1.0, 0.0, 1.0)
        return np.where(days < self.length_days, empty, 0.0)


SCENARIO = BatteryFade("battery_fade", "fault", fault="battery_fade")
