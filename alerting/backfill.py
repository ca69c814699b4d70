"""What late readings show rings only if it still holds at the newest reading.

A buffer that a gateway sends after an outage tells of hours, or a month, that are over. All of it
is judged and joined to alerts like any other, so that the same readings make the same alerts
whenever they come; but whether somebody is called is decided once the gateway has caught up, by
what then stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from domain.clock import MINUTE_NS
from domain.findings import Cause, Finding
from domain.limits import LimitProfile
from domain.readings import QualityFlag, ReadingBatch
from domain.views import Latest

#: plain data: `{cause: [since when it waits, channels]}`; `None` when nothing does
State = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Sifted:
    """What of a building's findings is quiet for now, and what has waited long enough.

    Parameters
    ----------
    quiet
        Ids of findings that call nobody by themselves.
    due
        Causes whose alert is to be told of if it holds.

    """

    state: State = None
    quiet: frozenset[str] = field(default_factory=frozenset)
    due: tuple[Cause, ...] = ()


class BackFill:
    """Keeps findings of late readings quiet until their channels have caught up.

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
    ) -> Sifted:
        """Tell what has to wait and what is due.

        Parameters
        ----------
        found
            One building's findings of a batch.
        batch
            Its fit readings, sorted by `taken_at`.
        latest
            Newest reading of each of its channels, this batch included.

        """
        if not found and not state:
            return Sifted()
        waiting = {
            cause: (since, set(channels)) for cause, (since, channels) in (state or {}).items()
        }
        quiet = []
        for finding in found:
            if self._came_late(finding, batch, latest):
                quiet.append(finding.id)
                _, channels = waiting.setdefault(finding.cause.value, (now_ns, set()))
                channels.update(finding.channels)
        due = [
            cause
            for cause, (since, channels) in waiting.items()
            if now_ns - since >= self._wait_ns or not self._behind(channels, latest)
        ]
        left = {
            cause: [since, sorted(channels)]
            for cause, (since, channels) in waiting.items()
            if cause not in due
        }
        return Sifted(left or None, frozenset(quiet), tuple(Cause(cause) for cause in due))

    def _came_late(
        self, finding: Finding, batch: ReadingBatch, latest: Mapping[str, Latest]
    ) -> bool:
        """Tell whether the reading that decided was one of a buffer."""
        if finding.cause is Cause.WATCH:
            return False  # silence is judged by arrivals
        codes = [n for n, channel_id in enumerate(batch.channels) if channel_id in finding.channels]
        rows = np.flatnonzero(np.isin(batch.channel, codes) & (batch.taken_at <= finding.at_ns))
        if not len(rows):
            return self._behind(finding.channels, latest)
        last = rows[-1]
        if batch.flag[last] & QualityFlag.MANUAL:
            return False  # who entered it knows that it is old
        return bool(batch.received_at[last] - batch.taken_at[last] > self._late_ns)

    def _behind(self, channels: Sequence[str] | set[str], latest: Mapping[str, Latest]) -> bool:
        """Tell whether even the newest reading of some channels came late."""
        known = [latest[channel_id] for channel_id in channels if channel_id in latest]
        if not known:
            return False
        newest = max(known, key=lambda one: one.taken_at_ns)
        return newest.received_at_ns - newest.taken_at_ns > self._late_ns
