"""One tilt and one crack sensor take no readings for two and a half days."""

from dataclasses import dataclass

import numpy as np

from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats
from simulators.scenario import Mask, Scenario, Spot

_SILENT = {("tilt", 2), ("crack", 1)}


@dataclass(frozen=True, slots=True)
class Gap(Scenario):
    """Readings that were never taken."""

    length_days: float = 2.5

    def lost(self, spot: Spot, days: Floats) -> Mask:
        """Tell which readings are never taken."""
        if (spot.kind, spot.number) not in _SILENT:
            return np.zeros(len(days), bool)
        return (days >= 0.0) & (days < self.length_days)


SCENARIO = Gap("gap", "fault", expected=((Cause.WATCH, Level.YELLOW),), fault="gap")
