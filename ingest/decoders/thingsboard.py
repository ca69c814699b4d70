"""ThingsBoard's telemetry, topics `thingsboard` and `v1/…`: what off-the-shelf gateways send.

Of a gateway: `{"Device A": [{"ts": 1795413600000, "values": {"temperature": 42}}]}`; of a device
itself: `{"ts": …, "values": {…}}`, `{"temperature": 42}`, or a list of either. The readings have
no numbers. What the format says beside telemetry (devices that connect, attributes) is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from domain.accounts import Fate
from domain.errors import InvalidInput
from ingest.columns import Columns
from ingest.decoders import Decoder
from ingest.decoders.foreign import FIELDS_WITHOUT_CHANNEL, unknown_point
from ingest.decoders.items import Bad, Unreadable, why
from ingest.decoders.keys import count_keys, refuse_double_keys
from ingest.directory import Addresses
from ingest.sender import Sender
from ingest.times import read_time

TELEMETRY = ("thingsboard", "v1/gateway/telemetry", "v1/devices/me/telemetry")
#: topic -> what comes on it, for the count
BESIDE = {
    "v1/gateway/connect": "connects of ThingsBoard devices",
    "v1/gateway/disconnect": "disconnects of ThingsBoard devices",
    "v1/gateway/attributes": "attributes of ThingsBoard devices",
    "v1/devices/me/attributes": "attributes of ThingsBoard devices",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What one device told of one moment.

    Parameters
    ----------
    device
        Empty when the gateway is the device.
    ts
        Epoch in ms; `None`: now.

    """

    device: str
    ts: int | None
    values: dict[str, Any]

    def as_sent(self) -> bytes:
        """Write it down again, for a refusal."""
        entry = (
            {"values": self.values} if self.ts is None else {"ts": self.ts, "values": self.values}
        )
        return msgspec.json.encode({self.device: [entry]} if self.device else entry)


@dataclass(slots=True)
class Telemetry:
    """A payload taken apart."""

    told: list[Told] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)


_decode = msgspec.json.Decoder().decode


def decode(payload: bytes) -> Telemetry:
    """Read a payload.

    Raises
    ------
    Unreadable
        When nothing of it can be used.

    Examples
    --------
    >>> decode(b'{"Device A":[{"ts":1795413600000,"values":{"temperature":42}}]}').told
    [Told(device='Device A', ts=1795413600000, values={'temperature': 42})]

    """
    message = _read(payload)
    found = Telemetry()
    for device, entry in _entries(message, found):
        one = _told(device, entry)
        if isinstance(one, Told):
            found.told.append(one)
        else:
            found.bad.append(one)
    if not found.told and not found.bad:
        raise Unreadable("empty", "payload must hold values, got none")
    return found


def _read(payload: bytes) -> Any:
    try:
        message = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise why(error, payload) from None
    if payload.count(b'":') != count_keys(message):
        refuse_double_keys(payload)
    return message


def _entries(message: Any, found: Telemetry) -> Iterator[tuple[str, Any]]:
    """Give each entry with its device; what cannot be one is noted."""
    if isinstance(message, list):
        for entry in message:
            yield "", entry
    elif not isinstance(message, dict):
        raise Unreadable("wrong shape", "payload must be an object of devices or values")
    elif isinstance(message.get("values"), dict) or not any(
        isinstance(entries, list) for entries in message.values()
    ):
        if message:
            yield "", message
    else:
        for device, entries in message.items():
            if not isinstance(entries, list):
                found.bad.append(Bad("wrong shape", "device must hold a list", device[:200], b""))
                continue
            for entry in entries:
                yield device, entry


def _told(device: str, entry: Any) -> Told | Bad:
    if not isinstance(entry, dict):
        return Bad("wrong shape", "entry must be an object of values", device[:200], b"")
    if "values" not in entry:
        return Told(device, None, entry)
    ts, values = entry.get("ts"), entry["values"]
    if not isinstance(values, dict):
        return Bad("wrong shape", "values must be an object", device[:200], b"")
    if ts is not None and type(ts) is not int:
        return Bad("wrong type", "ts must be a whole number of ms", device[:200], b"")
    return Told(device, ts, values)


def take(payload: bytes, received_ns: int, sender: Sender, into: Columns) -> None:
    """Take a payload in."""
    if beside := BESIDE.get(sender.topic):
        _read(payload)
        into.ignored[beside] += 1
        return
    telemetry = decode(payload)
    if sender.addresses is None:
        n = sum(max(1, len(told.values)) for told in telemetry.told) + len(telemetry.bad)
        into.refuse_stranger(sender.gateway_id, received_ns, payload, n)
        return
    for bad in telemetry.bad:
        into.refuse(sender.gateway_id, received_ns, Fate.REJECTED, bad, 1)
    for told in telemetry.told:
        _take_told(told, received_ns, sender, sender.addresses, into)


def _take_told(
    told: Told, received_ns: int, sender: Sender, addresses: Addresses, into: Columns
) -> None:
    known: list[tuple[str, int, Any]] = []
    for name, value in told.values.items():
        code = addresses.nested(told.device, name) if told.device else addresses.named(name)
        if code is not None:
            known.append((name, code, value))
    lost = len(told.values) - len(known)
    if lost and not known and told.device.lower() not in addresses.points:
        device = told.device or next(iter(told.values))
        bad = unknown_point(device, device, told.as_sent(), sender, into)
        into.refuse(sender.gateway_id, received_ns, Fate.QUARANTINED, bad, lost)
        return
    if lost:
        into.ignored[FIELDS_WITHOUT_CHANNEL] += lost
    try:
        taken = received_ns if told.ts is None else read_time(told.ts)
    except InvalidInput as error:
        bad = Bad("time", str(error), told.device[:200], told.as_sent())
        into.refuse(sender.gateway_id, received_ns, Fate.REJECTED, bad, max(1, len(known)))
        return
    for name, code, value in known:
        if type(value) in {int, float} and -1e308 <= value <= 1e308:
            into.add(code, taken, float(value), sender.code, received_ns)
            continue
        address = f"{told.device}.{name}" if told.device else name
        sample = msgspec.json.encode({name: value})
        detail = "value must be a number that a float holds"
        bad = Bad("wrong type", detail, address[:200], sample)
        into.refuse(sender.gateway_id, received_ns, Fate.REJECTED, bad, 1)


DECODER = Decoder(
    name="thingsboard",
    topics=(*TELEMETRY, *BESIDE),
    example=b'{"T1":[{"ts":1795413600000,"values":{"x":1.25,"y":-0.4}}]}',
    take=take,
)
