"""Restarts and re-mounts that gateways tell of in their `status`, beside the readings.

Payloads that number their readings carry the boot counter themselves. The others (SenML, DZ/T,
ThingsBoard, unnumbered readings) do not: their readings are given the counter that the gateway's
status told last before they arrived. An instrument that was mounted anew opens a segment; the
flag may be said again and again, its moment tells that it is the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from app.watch import Watched
from domain.datum import DATUM_KINDS
from domain.ids import same_id
from domain.ports import GatewayStatus
from domain.readings import ReadingBatch
from domain.sensors import Segment, SegmentReason
from domain.views import WatchedChannel

#: under this name a building's state holds the newest boot of each of its gateways
STATE = "boots"
#: `boot` of a reading that carries none
_NO_BOOT = -1


class Boots:
    """The boot counters that statuses told, as they change within one stretch of the spool.

    Parameters
    ----------
    statuses
        Of the stretch, in the order of arrival.

    """

    def __init__(self, statuses: Iterable[GatewayStatus]) -> None:
        self._told: dict[str, list[tuple[int, int]]] = {}
        for status in statuses:
            if status.boot is not None:
                self._told.setdefault(status.gateway_id, []).append((status.at_ns, status.boot))

    def after(
        self, held: Mapping[str, int] | None, gateways: Iterable[str]
    ) -> dict[str, int] | None:
        """Tell a building's state after the stretch; `None` when it stays as it is."""
        now = dict(held or {})
        now |= {g: max(self._told[g])[1] for g in gateways if g in self._told}
        return now if now != (held or {}) else None

    def fill(
        self, batch: ReadingBatch, watched: Watched, held: Mapping[str, int] | None
    ) -> ReadingBatch:
        """Give readings without a boot the one that their gateway's status told before them."""
        missing = batch.boot == _NO_BOOT
        if not missing.any() or not (held or self._told):
            return batch
        boot = batch.boot.copy()
        for code, channel_id in enumerate(batch.channels):
            gateway_id = watched.channels[channel_id].gateway_id
            before = (held or {}).get(gateway_id, _NO_BOOT)
            told = self._told.get(gateway_id, [])
            if before == _NO_BOOT and not told:
                continue
            rows = np.flatnonzero(missing & (batch.channel == code))
            since = np.array([at_ns for at_ns, _ in told], np.int64)
            boots = np.array([before, *(value for _, value in told)], np.int32)
            order = np.searchsorted(since, batch.received_at[rows], side="right")
            boot[rows] = boots[order]
        return replace(batch, boot=boot)


def remounted(statuses: Sequence[GatewayStatus], watched: Watched) -> list[Segment]:
    """Open the segments of instruments that were mounted anew; none is opened twice."""
    opened = {}
    for status in statuses:
        for name, at_ns in status.remounted:
            for channel in watched.channels.values():
                if channel.gateway_id != status.gateway_id or channel.kind not in DATUM_KINDS:
                    continue
                if not _means(name, channel.address):
                    continue
                segment = _segment(channel, at_ns, status.at_ns)
                known = watched.segments.get(channel.id, ())
                if segment.id in {s.id for s in known} | watched.withdrawn:
                    continue
                # what is older than the newest zero changes nothing: the zero came after it
                if all(s.opened_at_ns < segment.opened_at_ns for s in known):
                    opened[segment.id] = segment
    return list(opened.values())


def _segment(channel: WatchedChannel, at_ns: int, told_at_ns: int) -> Segment:
    segment_id = same_id("segment", channel.id, "re-mount", at_ns)
    note = "told by the gateway"
    # an instrument whose clock runs ahead was not mounted after it said so
    opened_ns = min(at_ns, told_at_ns)
    return Segment(segment_id, channel.id, opened_ns, SegmentReason.REMOUNT, note=note)


def _means(name: str, address: str) -> bool:
    """Tell whether a name is a channel's address, or the point or device before it."""
    return not name or address == name or address.startswith(f"{name}.")


def boots_of(states: Mapping[tuple[str, str], Any], building_id: str) -> Mapping[str, int] | None:
    """Read a building's state."""
    found: Mapping[str, int] | None = states.get((building_id, STATE))
    return found
