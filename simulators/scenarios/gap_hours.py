"""Two sensors take no readings for nine hours."""

from simulators.scenarios.gap import Gap

SCENARIO = Gap("gap_hours", "fault", quiet=True, fault="gap", length_days=9 / 24)
