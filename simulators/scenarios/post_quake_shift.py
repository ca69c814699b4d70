"""An earthquake shakes the house once; it stands a little crooked and swings more slowly after."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.noise import draw
from simulators.scenario import Knock, Scenario, Spot


@dataclass(frozen=True, slots=True)
class PostQuakeShift(Scenario):
    """Every crack and tilt point keeps a share of the largest shift.

    Parameters
    ----------
    crack_mm, tilt_permille, settlement_mm
        Largest shift of any point of the kind; each keeps a quarter of it or more.
    softer
        Share by which the main frequency falls.
    peak_mm_s
        Of the shaking at the foundation.

    """

    crack_mm: float = 0.6
    tilt_permille: float = 1.2
    settlement_mm: float = 2.0
    softer: float = 0.03
    peak_mm_s: float = 24.0

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        sizes = {
            "crack": self.crack_mm,
            "tilt": self.tilt_permille,
            "settlement": self.settlement_mm,
        }
        kept = sizes.get(spot.kind, 0.0) * draw(spot.key + 31, 0.25, 1.0)
        return np.where(days >= 0.0, kept, 0.0)

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: the house swings more slowly."""
        if spot.kind != "frequency":
            return values
        return np.where(days >= 0.0, values * (1.0 - self.softer), values)

    def knocks(self, key: int, start: float, end: float) -> tuple[Knock, ...]:
        """Tell the main shock."""
        if not start <= 0.0 < end:
            return ()
        peak = self.peak_mm_s
        return (Knock(0.0, (peak, 0.9 * peak, 0.5 * peak), (3.5, 4.0, 7.0)),)

    def triggers(self) -> tuple[float, ...]:
        """Tell the day of the shock."""
        return (0.0,)


SCENARIO = PostQuakeShift("post_quake_shift", "structural")
