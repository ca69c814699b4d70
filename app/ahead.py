"""What may be judged ahead of its turn: within which readings of a building nothing changes now."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import msgspec

from analytics.segments import datum_of
from app.roster import Bands
from app.watch import Watched
from domain.ports import Detector, JudgementStore
from domain.views import BuildingView

#: under this name the offset is saved up to which a building is judged when the cursor stands
#: further back; rows that it has passed are left out of the building's next turn
AHEAD = "ahead"


def furthest(judgements: JudgementStore, shard: int) -> int:
    """Tell the offset up to which anything of a shard is judged.

    A spool that is begun anew must not use such an offset a second time.
    """
    ahead = judgements.states(shard, AHEAD).values()
    return max([judgements.judged(shard), *(msgspec.msgpack.decode(at, type=int) for at in ahead)])


def bands_of(
    detectors: Sequence[Detector],
    states: Mapping[tuple[str, str], Any],
    watched: Watched,
    view: BuildingView,
) -> Bands:
    """Tell between which raw values no detector has anything to say of a reading at once.

    A channel whose zero is not known yet, or in question after a restart, is left out: each of its
    readings counts.
    """
    building_id = watched.building.id
    series: dict[str, tuple[float, float]] = {}
    for detector in detectors:
        for key, (low, high) in detector.calm(
            states.get((building_id, detector.name)), view
        ).items():
            least, most = series.get(key, (-inf, inf))
            series[key] = max(low, least), min(high, most)
    bands = {}
    datums = states.get((building_id, "segments"))
    for channel in watched.channels.values():
        datum = datum_of(channel, datums, watched)
        if datum is None or not datum[0] > 0.0:
            continue
        scale, offset, boot = datum
        low, high = series.get(channel.id, (-inf, inf))
        bands[channel.id] = (low - offset) / scale, (high - offset) / scale, boot
    return bands
