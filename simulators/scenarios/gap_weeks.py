"""Two sensors take no readings for three weeks."""

from domain.findings import Cause
from domain.limits import Level
from simulators.scenarios.gap import Gap

SCENARIO = Gap(
    "gap_weeks",
    "fault",
    expected=((Cause.WATCH, Level.YELLOW),),
    fault="gap",
    length_days=21.0,
)
