"""Findings of readings that came late ring only if they still hold at the newest reading.

A buffer that a gateway sends after an outage tells of hours, or a month, that are over. All of it
is judged and its findings are kept as evidence; but whether somebody is called is decided once
the gateway has caught up, by what then stands.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from domain.clock import MINUTE_NS
from domain.findings import Cause, Finding
from domain.limits import LimitProfile
from domain.readings import QualityFlag, ReadingBatch
from domain.views import Latest

#: plain data: `[[finding, since when it is held back], …]`; `None` when none is
State = list[Any] | None
_Key = tuple[str, str]


class BackFill:
    """Holds back findings of late readings until their channels have caught up.

    Parameters
    ----------
    profile
        `backfill.late_min`: a reading that came so long after it was taken is one of a buffer.
        `backfill.wait_min`: nobody waits longer for a gateway to catch up; a clock that is
        behind looks like a buffer that never ends, and no house goes blind because of a clock.

    """

    def __init__(self, profile: LimitProfile) -> None:
        self._late_ns = round(profile.number("backfill.late_min") * MINUTE_NS)
        self._wait_ns = round(profile.number("backfill.wait_min") * MINUTE_NS)

    def sift(
        self,
        found: Sequence[Finding],
        state: State,
        batch: ReadingBatch,
        latest: Mapping[str, Latest],
        now_ns: int,
    ) -> tuple[list[Finding], State]:
        """Part what may ring now from what has to wait.

        Parameters
        ----------
        found
            One building's findings of a batch, as they were made.
        batch
            Its fit readings, sorted by `taken_at`.
        latest
            Newest reading of each of its channels, this batch included.

        Returns
        -------
        tuple
            Findings to be joined to alerts, those that have waited among them, and the new state.

        """
        if not found and not state:
            return [], state
        held: dict[_Key, tuple[Finding, int]] = {}
        for plain, since_ns in state or ():
            waiting = msgspec.convert(plain, Finding)
            held[waiting.rule, waiting.subject] = waiting, since_ns
        ringing: list[Finding] = []
        for finding in found:
            key = finding.rule, finding.subject
            if self._came_late(finding, batch, latest):
                # only how it stood last counts
                held[key] = finding, held[key][1] if key in held else now_ns
            else:
                held.pop(key, None)
                ringing.append(finding)
        for key, (finding, since_ns) in list(held.items()):
            if not self._behind(finding, latest) or now_ns - since_ns >= self._wait_ns:
                ringing.append(finding)
                del held[key]
        plain = [[msgspec.to_builtins(finding), since] for finding, since in held.values()]
        return ringing, plain or None

    def _came_late(
        self, finding: Finding, batch: ReadingBatch, latest: Mapping[str, Latest]
    ) -> bool:
        """Tell whether the reading that decided was one of a buffer."""
        if finding.cause is Cause.WATCH:
            return False  # silence is judged by arrivals
        codes = [n for n, channel_id in enumerate(batch.channels) if channel_id in finding.channels]
        own = np.isin(batch.channel, codes) & (batch.taken_at <= finding.at_ns)
        rows = np.flatnonzero(own)
        if not len(rows):
            return self._behind(finding, latest)
        last = rows[-1]
        if batch.flag[last] & QualityFlag.MANUAL:
            return False  # who entered it knows that it is old
        return bool(batch.received_at[last] - batch.taken_at[last] > self._late_ns)

    def _behind(self, finding: Finding, latest: Mapping[str, Latest]) -> bool:
        """Tell whether even the newest reading of a finding's channels came late."""
        known = [latest[channel_id] for channel_id in finding.channels if channel_id in latest]
        if not known:
            return False
        newest = max(known, key=lambda one: one.taken_at_ns)
        return newest.received_at_ns - newest.taken_at_ns > self._late_ns
