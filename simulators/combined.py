"""Two scenarios at one building at once: something structural during a fault."""

from dataclasses import dataclass

from domain.readings import Floats
from simulators.scenario import Knock, Mask, Scenario, Spot
from simulators.scenarios.healthy import SCENARIO as HEALTHY


@dataclass(frozen=True, slots=True)
class Combined(Scenario):
    """What moves and what spoils the readings of it.

    Parameters
    ----------
    event, trouble
        The structural scenario and the fault.
    later_days
        How long after the event the fault begins; negative is before.

    """

    event: Scenario = HEALTHY
    trouble: Scenario = HEALTHY
    later_days: float = 0.0

    def air(self, days: Floats) -> Floats:
        """Tell what it adds to the air temperature, °C."""
        return self.event.air(days) + self.trouble.air(days - self.later_days)

    def rain(self, days: Floats) -> Floats:
        """Tell what it adds to the rain, mm a day."""
        return self.event.rain(days) + self.trouble.rain(days - self.later_days)

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        return self.event.moved(spot, days) + self.trouble.moved(spot, days - self.later_days)

    def measured(self, spot: Spot, days: Floats) -> Floats:
        """Tell when, in days, the instrument really measured what it sends at `days`."""
        then = self.trouble.measured(spot, days - self.later_days) + self.later_days
        return self.event.measured(spot, then)

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: its faults."""
        seen = self.event.read(spot, days, values)
        return self.trouble.read(spot, days - self.later_days, seen)

    def lost(self, spot: Spot, days: Floats) -> Mask:
        """Tell which readings are never taken."""
        return self.event.lost(spot, days) | self.trouble.lost(spot, days - self.later_days)

    def remounts(self, spot: Spot) -> tuple[float, ...]:
        """Tell the days on which people re-mount the instrument, and say so."""
        later = tuple(day + self.later_days for day in self.trouble.remounts(spot))
        return (*self.event.remounts(spot), *later)

    def battery(self, spot: Spot, days: Floats) -> Floats:
        """Tell the battery, percent, as the device reports it."""
        return self.trouble.battery(spot, days - self.later_days)

    def knocks(self, key: int, start: float, end: float) -> tuple[Knock, ...]:
        """Tell the shakes of the ground between two days."""
        return self.event.knocks(key, start, end)

    def triggers(self) -> tuple[float, ...]:
        """Tell the days at which an instrument that sends waveforms sends more than by plan."""
        return self.event.triggers()


def combined(event: Scenario, trouble: Scenario, later_days: float = 0.0) -> Combined:
    """Put a fault over an event; what must be alerted is what the event asks for."""
    return Combined(
        f"{event.name}+{trouble.name}",
        "structural",
        expected=event.expected,
        restarts=tuple(day + later_days for day in trouble.restarts),
        works_nearby=event.works_nearby,
        fault=trouble.fault,
        event=event,
        trouble=trouble,
        later_days=later_days,
    )
