"""The channels of a shard as columns: whose a reading is, and whether it can change anything now.

5,000 readings a second over 200 buildings touch every building in every stretch, and a building
costs much the same for one reading and for a hundred. Here all readings of a batch are held
against the bands of their channels at once; only buildings of which one lies outside have to be
judged before their turn.
"""

import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping

import numpy as np
from numpy.typing import NDArray

from app.watch import Watched
from domain.readings import UNFIT, Int32s, ReadingBatch

#: (low, high, boot) by channel id, raw values; `None` for the boot: it means nothing to the kind
Bands = Mapping[str, tuple[float, float, int | None]]
#: bands are worked out anew after this: what they hang on moves in hours
_FRESH_S = 10.0
_ANY_BOOT = -1
_UNFIT = np.uint16(UNFIT)


class Roster:
    """Channels by number, with their building, their gateway and the band in which they are calm.

    Parameters
    ----------
    buildings
        The shard's buildings by id; a new roster is made when the register has changed.
    bands_of
        Works out a building's bands; a channel that is left out is never calm.

    """

    def __init__(
        self, buildings: Mapping[str, Watched], bands_of: Callable[[Watched], Bands]
    ) -> None:
        self._buildings, self._bands_of = buildings, bands_of
        self.building_ids = list(buildings)
        self.code = {key: code for code, key in enumerate(self.building_ids)}
        self._number: dict[str, int] = {}
        gateways: dict[str, int] = {}
        building, gateway = [], []
        for code, watched in enumerate(buildings.values()):
            for channel in watched.channels.values():
                self._number[channel.id] = len(self._number)
                building.append(code)
                gateway.append(gateways.setdefault(channel.gateway_id, len(gateways)))
        # the last one stands for every channel that is not on the list: number -1
        self._building = np.array([*building, -1], np.int32)
        self._gateway = np.array([*gateway, -1], np.int32)
        self._gateway_ids = list(gateways)
        size = len(self._building)
        self._low, self._high = np.full(size, np.inf), np.full(size, -np.inf)
        self._low[-1], self._high[-1] = -np.inf, np.inf
        self._boot, self._any_boot = np.full(size, -2, np.int32), np.zeros(size, np.bool_)
        self._any_boot[-1] = True
        self._known_s = np.full(len(buildings), -np.inf)

    def numbers(self, batch: ReadingBatch) -> Int32s:
        """Tell the number of each of a batch's channels; -1: not on the list."""
        number = self._number.get
        return np.array([number(channel_id, -1) for channel_id in batch.channels], np.int32)

    def buildings_of(self, numbers: Int32s) -> Int32s:
        """Tell the code of the building of each channel; -1: none."""
        return self._building[numbers]

    def codes(self, building_ids: Iterable[str]) -> NDArray[np.bool_]:
        """Mark some buildings by code; the last place stands for none."""
        marks = np.zeros(len(self.building_ids) + 1, np.bool_)
        marks[[self.code[key] for key in building_ids]] = True
        return marks

    def hear(self, batch: ReadingBatch, numbers: Int32s, heard: MutableMapping[str, int]) -> None:
        """Note when each gateway was last heard, whatever its readings are worth."""
        newest = np.zeros(len(self._gateway_ids) + 1, np.int64)
        np.maximum.at(newest, self._gateway[numbers][batch.channel], batch.received_at)
        for code in np.flatnonzero(newest[:-1]).tolist():
            gateway_id = self._gateway_ids[code]
            heard[gateway_id] = max(int(newest[code]), heard.get(gateway_id, 0))

    def stirred(self, batch: ReadingBatch, numbers: Int32s) -> set[str]:
        """Tell the buildings of which some reading may change something now."""
        here = self._building[numbers]
        self._look_up(np.unique(here[here >= 0]))
        number = numbers[batch.channel]
        calm = (batch.value >= self._low[number]) & (batch.value <= self._high[number])
        calm &= (
            self._any_boot[number] | (batch.boot == _ANY_BOOT) | (batch.boot == self._boot[number])
        )
        calm |= (batch.flag & _UNFIT) != 0
        if calm.all():
            return set()
        codes = np.unique(self._building[number[~calm]])
        return {self.building_ids[code] for code in codes.tolist() if code >= 0}

    def forget(self, building_ids: Iterable[str]) -> None:
        """Have the bands of some buildings worked out anew: they were judged, and not as calm."""
        for building_id in building_ids:
            self._known_s[self.code[building_id]] = -np.inf

    def _look_up(self, codes: NDArray[np.int32]) -> None:
        now_s = time.monotonic()
        for code in codes[now_s - self._known_s[codes] > _FRESH_S].tolist():
            watched = self._buildings[self.building_ids[code]]
            bands = self._bands_of(watched)
            for channel_id in watched.channels:
                number = self._number[channel_id]
                low, high, boot = bands.get(channel_id, (np.inf, -np.inf, _ANY_BOOT))
                self._low[number], self._high[number] = low, high
                self._any_boot[number] = boot is None or boot == _ANY_BOOT
                self._boot[number] = _ANY_BOOT if boot is None else boot
            self._known_s[code] = now_s
