"""Sensors put up in autumn meet their first summer, a hot one, which nobody has learnt."""

from dataclasses import dataclass

from domain.readings import Floats
from simulators.scenario import Scenario, since


@dataclass(frozen=True, slots=True)
class FirstSummerUnseen(Scenario):
    """The air is warmer than usual for the summer; the history is too short to know any.

    Parameters
    ----------
    rise_c
        °C above an ordinary summer.

    """

    rise_c: float = 2.0
    length_days: float = 100.0

    def air(self, days: Floats) -> Floats:
        """Tell what it adds to the air temperature, °C."""
        return self.rise_c * since(days, 0.0, 20.0) * (1.0 - since(days, self.length_days, 20.0))


SCENARIO = FirstSummerUnseen(
    "first_summer_unseen",
    "benign",
    quiet=True,
    season=150,
    history_days=210,
)
