"""What ingest knows of the register: which address of which gateway is which channel."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import structlog
from numpy.typing import NDArray

from domain.errors import InvalidInput
from domain.sensors import Channel, Gateway
from domain.units import Values, converter
from domain.waves import WAVE_KINDS
from ingest.kinds import kinds

log = structlog.get_logger()


@dataclass(slots=True)
class Addresses:
    """What one gateway calls its channels; a channel is given by its code in the directory.

    Parameters
    ----------
    folded
        The same in small letters, for payloads whose makers do not agree on capitals.
    points
        Addresses without their last part, in small letters: points of which a field is known.

    """

    gateway_id: str
    codes: dict[str, int] = field(default_factory=dict)
    folded: dict[str, int] = field(default_factory=dict)
    points: set[str] = field(default_factory=set)

    def add(self, address: str, code: int) -> None:
        """Take one channel in."""
        self.codes[address] = code
        folded = address.lower()
        self.folded[folded] = code
        self.points.add(folded)
        if "." in folded:
            self.points.add(folded.rsplit(".", 1)[0])

    def named(self, name: str) -> int | None:
        """Find the channel of an address in a format that knows no points."""
        code = self.codes.get(name)
        return self.folded.get(name.lower()) if code is None else code

    def nested(self, point: str, field: str) -> int | None:
        """Find the channel of a field at a point, `""` for a lone value; capitals do not matter."""
        if field:
            return self.folded.get(f"{point}.{field}".lower())
        folded = point.lower()
        return self.folded.get(folded, self.folded.get(f"{folded}.value"))


class Directory:
    """One state of the register, as ingest needs it; it never changes.

    Parameters
    ----------
    pairs
        Every active gateway with each of its active channels. A gateway without channels does
        not occur in it and is taken as unknown.
    shard
        Gateways of other shards are left out.

    Attributes
    ----------
    unusable
        (channel id, why) of channels whose kind or unit is not known; their readings are
        quarantined, the others' are taken in.

    """

    def __init__(self, pairs: Iterable[tuple[Gateway, Channel]], shard: int) -> None:
        self.shard = shard
        self.gateways: dict[str, Addresses] = {}
        self.devices: dict[str, set[str]] = {}
        self.unusable: list[tuple[str, str]] = []
        channels: list[Channel] = []
        for gateway, channel in pairs:
            if gateway.shard != shard:
                continue
            entry = self.gateways.setdefault(gateway.id, Addresses(gateway.id))
            if wrong := _wrong(channel):
                self.unusable.append((channel.id, wrong))
                log.warning("channel left out", channel=channel.id, reason=wrong)
                continue
            entry.add(channel.address, len(channels))
            device = channel.address.split(".", 1)[0].lower()
            self.devices.setdefault(device, set()).add(gateway.id)
            channels.append(channel)
        self.channel_ids: tuple[str, ...] = tuple(channel.id for channel in channels)
        self._conversions: list[Callable[[Values], Values] | None] = [None]
        self._conversion = np.zeros(len(channels), np.int16)
        self._low = np.empty(len(channels))
        self._high = np.empty(len(channels))
        self._addresses = tuple(channel.address for channel in channels)
        self._channels = tuple(channels)
        self._units = tuple((channel.unit, kinds()[channel.kind].unit) for channel in channels)
        self._fill(channels)

    def _fill(self, channels: list[Channel]) -> None:
        codes: dict[tuple[str, str], int] = {}
        for code, channel in enumerate(channels):
            kind = kinds()[channel.kind]
            self._low[code] = kind.low if channel.low is None else max(kind.low, channel.low)
            self._high[code] = kind.high if channel.high is None else min(kind.high, channel.high)
            convert = converter(channel.unit, kind.unit)
            if convert is not None:
                units = (channel.unit, kind.unit)
                if units not in codes:
                    codes[units] = len(self._conversions)
                    self._conversions.append(convert)
                self._conversion[code] = codes[units]

    def address(self, code: int) -> str:
        """Tell what its gateway calls a channel."""
        return self._addresses[code]

    def wave_kind(self, code: int, unit: str) -> tuple[str, float]:
        """Tell a waveform channel's kind, and what turns a sample into its unit.

        Parameters
        ----------
        unit
            As the block's header says; empty: the registered one.

        Raises
        ------
        InvalidInput
            When the channel is of no such kind, or registered with another unit.

        """
        channel = self._channels[code]
        if channel.kind not in WAVE_KINDS:
            wanted = ", ".join(sorted(WAVE_KINDS))
            raise InvalidInput(
                f"channel {channel.address!r} must be of kind {wanted} to take a waveform,"
                f" is of {channel.kind!r}",
                "kind",
            )
        if unit not in {"", channel.unit}:
            raise InvalidInput(f"unit must be {channel.unit!r}, got {unit[:20]!r}", "unit")
        return channel.kind, float(self.convert(np.array([code]), np.array([1.0]))[0])

    def units_of(self, code: int) -> tuple[str, str]:
        """Tell the unit in which a channel's gateway sends, and the one that is stored."""
        return self._units[code]

    def convert(self, code: NDArray[np.int64], value: Values) -> Values:
        """Turn values as sent into the units that Anju stores.

        Parameters
        ----------
        code
            (n,) int64, channel of each value.
        value
            (n,) float64, in the unit in which the gateway sends.

        """
        conversion = self._conversion[code]
        if not conversion.any():
            return value
        value = value.copy()
        for which in np.unique(conversion).tolist():
            convert = self._conversions[which]
            if convert is not None:
                rows = conversion == which
                value[rows] = convert(value[rows])
        return value

    def outside(self, code: NDArray[np.int64], value: Values) -> NDArray[np.bool_]:
        """Tell which stored values lie outside the physical range of their channel."""
        return (value < self._low[code]) | (value > self._high[code])


def _wrong(channel: Channel) -> str:
    if channel.kind not in kinds():
        return f"kind must be one of {', '.join(sorted(kinds()))}, got {channel.kind!r}"
    try:
        converter(channel.unit, kinds()[channel.kind].unit)
    except InvalidInput as error:
        return str(error)
    return ""
