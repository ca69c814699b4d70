"""A building's own frequencies: which channels hold them, and the records they come from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from domain.sensors import Channel
from domain.views import WatchedChannel
from domain.waves import WAVE_AXIS, WAVE_KINDS, WaveBlock

#: axis of the channel that holds the frequency of a mode -> number of the mode
MODE_AXES = {"modal.1": 1, "modal.2": 2}
#: axis of the channel (kind `velocity_rms`) that holds how much the first mode swings
SWING_AXIS = "modal.rms"
#: a building with fewer accelerometers tells no shapes, and so no modes
SENSORS_LEAST = 3

_Any = TypeVar("_Any", Channel, WatchedChannel)


def is_modal(channel: Channel | WatchedChannel) -> bool:
    """Tell whether a channel holds a building's own frequency."""
    return channel.kind == "frequency" and channel.axis in MODE_AXES


def is_swing(channel: Channel | WatchedChannel) -> bool:
    """Tell whether a channel holds how much a building swings."""
    return channel.kind == "velocity_rms" and channel.axis == SWING_AXIS


def shaken_together(channels: Iterable[_Any]) -> list[_Any]:
    """List the waveforms that a building's modes are found from, by id.

    None without a channel to put a frequency into, or with too few accelerometers.
    """
    held = list(channels)
    waves = [c for c in held if c.kind in WAVE_KINDS and c.axis == WAVE_AXIS]
    if not any(is_modal(c) for c in held) or len(waves) < SENSORS_LEAST:
        return []
    return sorted(waves, key=lambda c: c.id)


@dataclass(frozen=True, slots=True, order=True)
class HourKey:
    """One record: the beginning of an hour, as a building's accelerometers saw it."""

    hour_ns: int
    building_id: str


class HourStore(Protocol):
    """Keeps the beginning of each hour until its modes are found, and what is known of modes."""

    def keep(self, blocks: Mapping[HourKey, Sequence[WaveBlock]]) -> None:
        """Keep blocks; one that is kept twice may be read twice.

        Raises
        ------
        StoreUnavailable
            When the disk refuses or is too full; blocks before may be kept.

        """
        ...

    def hours(self) -> list[HourKey]:
        """List what is kept, oldest first."""
        ...

    def blocks(self, key: HourKey) -> dict[str, list[WaveBlock]]:
        """Read a record by channel; what was torn by a kill is left out."""
        ...

    def drop(self, key: HourKey) -> None:
        """Delete a record."""
        ...

    def known(self, building_id: str) -> bytes:
        """Read what is known of a building's modes; empty: nothing."""
        ...

    def learn(self, building_id: str, known: bytes) -> None:
        """Keep what is known of a building's modes."""
        ...
