"""A gateway's clock is hours off for some weeks: what it says of noon was measured in the night."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.scenario import Scenario, Spot


@dataclass(frozen=True, slots=True)
class ClockSkew(Scenario):
    """All channels of the building are stamped late.

    Parameters
    ----------
    hours
        How much older the measurement is than its stamp says.

    """

    hours: float = 6.0
    length_days: float = 30.0

    def measured(self, spot: Spot, days: Floats) -> Floats:
        """Tell when, in days, the instrument really measured what it sends at `days`."""
        wrong = (days >= 0.0) & (days < self.length_days)
        return np.where(wrong, days - self.hours / 24.0, days)


SCENARIO = ClockSkew("clock_skew", "fault", quiet=True, fault="clock_skew")
