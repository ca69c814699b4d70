"""A gateway of two buildings loses the bus to ten of its sensors for five days."""

from dataclasses import dataclass

import numpy as np

from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats
from simulators.scenario import Mask, Scenario, Spot


@dataclass(frozen=True, slots=True)
class GatewayLoses10Sensors(Scenario):
    """All but the last sensors of each building fall silent together.

    Parameters
    ----------
    each
        How many sensors of each of the two buildings are lost.

    """

    each: int = 5
    length_days: float = 5.0

    def lost(self, spot: Spot, days: Floats) -> Mask:
        """Tell which readings are never taken."""
        if spot.seat >= self.each:
            return np.zeros(len(days), bool)
        return (days >= 0.0) & (days < self.length_days)


SCENARIO = GatewayLoses10Sensors(
    "gateway_loses_10_sensors",
    "fault",
    expected=((Cause.WATCH, Level.YELLOW),),
    fault="gateway_outage",
)
