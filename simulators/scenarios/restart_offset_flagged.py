"""The gateway restarts and its tilt sensors come back with another zero; nothing moves."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.noise import draw
from simulators.scenario import Scenario, Spot


@dataclass(frozen=True, slots=True)
class RestartOffsetFlagged(Scenario):
    """Each restart moves the zero of every tilt axis; the boot counter tells of it.

    Parameters
    ----------
    jump_permille
        Size of a jump, either way.

    """

    jump_permille: tuple[float, float] = (0.3, 0.6)

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: another zero since each restart."""
        if spot.kind != "tilt":
            return values
        moved = values
        for number, day in enumerate(self.restarts):
            size = draw(spot.key + 2 * number, *self.jump_permille)
            way = 1.0 if draw(spot.key + 2 * number + 1, 0.0, 1.0) < 0.5 else -1.0
            moved = np.where(days >= day, moved + way * size, moved)
        return moved


SCENARIO = RestartOffsetFlagged(
    "restart_offset_flagged",
    "fault",
    quiet=True,
    restarts=(0.0, 13.0, 20.5),
    fault="restart_offset",
)
