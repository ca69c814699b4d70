"""Nothing happens: the building breathes with the weather."""

from simulators.scenario import Scenario

SCENARIO = Scenario("healthy", "benign", quiet=True)
