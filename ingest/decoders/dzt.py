"""The nested format of the geohazard gateways (DZ/T, 地质灾害监测数据通信技术要求), topic `dzt`.

`{"<device>": {"<point>": {"<time>": number | {fields}}}}`, point = `L<class>_<method>_<n>`; the
point `S1_ZT_<n>` tells the state of the device. The readings have no numbers.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import msgspec

from domain.accounts import Fate
from domain.errors import InvalidInput
from domain.ports import GatewayStatus
from domain.readings import QualityFlag
from ingest.columns import Columns, plain
from ingest.decoders import Decoder
from ingest.decoders.foreign import FIELDS_WITHOUT_CHANNEL, unknown_point
from ingest.decoders.items import Bad, Unreadable, why
from ingest.decoders.keys import count_keys, refuse_double_keys
from ingest.directory import Addresses
from ingest.sender import Sender
from ingest.times import read_time

STATUS_POINT = "S1_ZT"

#: field names as they are met (in small letters) -> the name that they stand for
ALIASES = {
    "trend": "AZI",
    "azimuth": "AZI",
    "singal_nb": "signal_NB",
    "singal_4g": "signal_4g",
    "signal_4g": "signal_4g",
    "signal_nb": "signal_NB",
}

#: sensor_state of a point -> what it says of the point's readings in the same message
_STATES = {
    -1: QualityFlag.POWER,
    -2: QualityFlag.SENSOR_FAULT,
    -3: QualityFlag.COMM_GAP,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What one point measured at one time.

    Parameters
    ----------
    fields
        Value by field name; `""` for a bare number or a lone `value`.

    """

    device: str
    point: str
    time: str
    fields: dict[str, float]

    def as_sent(self) -> bytes:
        """Write it down again, for a refusal."""
        fields = {name or "value": value for name, value in self.fields.items()}
        return msgspec.json.encode({self.device: {self.point: {self.time: fields}}})


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What a device said of itself at one time."""

    device: str
    time: str
    battery_percent: float | None
    signal_dbm: float | None
    firmware: str


@dataclass(slots=True)
class Nested:
    """A payload taken apart; `flags` by (device, point)."""

    measured: list[Measured] = field(default_factory=list)
    states: list[DeviceState] = field(default_factory=list)
    flags: dict[tuple[str, str], QualityFlag] = field(default_factory=dict)
    bad: list[Bad] = field(default_factory=list)


_decode = msgspec.json.Decoder(dict[str, dict[str, dict[str, Any]]]).decode
_decode_devices = msgspec.json.Decoder(dict[str, Any]).decode


def decode(payload: bytes) -> Nested:
    """Read a payload.

    Raises
    ------
    Unreadable
        When nothing of it can be used.

    Examples
    --------
    >>> decode(b'{"SK01":{"L1_LF_1":{"2026-04-05T20:34:06.000Z":10.86}}}').measured[0].fields
    {'': 10.86}

    """
    found = Nested()
    try:
        devices: dict[str, Any] = dict(_decode(payload))
    except msgspec.ValidationError:
        devices = _salvage(payload, found)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise why(error, payload) from None
    if payload.count(b'":') != count_keys(devices):
        refuse_double_keys(payload)
    if not devices and not found.bad:
        raise Unreadable("empty", "payload must name a device, got {}")
    for device, points in devices.items():
        for point, times in points.items():
            for time, what in times.items():
                if point.startswith(STATUS_POINT):
                    _read_state(found, device, time, what)
                else:
                    _read_measured(found, device, point, time, what)
    return found


def _read_measured(found: Nested, device: str, point: str, time: str, what: object) -> None:
    if isinstance(what, dict):
        fields = {canonical(name): value for name, value in what.items()}
        if set(fields) == {"value"}:
            fields = {"": fields["value"]}
    else:
        fields = {"": what}
    numbers: dict[str, float] = {}
    for name, value in fields.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and _in_range(value):
            numbers[name] = float(value)
        else:
            address = ".".join(part for part in (device, point, name) if part)
            sample = msgspec.json.encode({device: {point: {time: what}}}) if _small(what) else b""
            detail = f"value must be a number, got {_name(value)}"
            found.bad.append(Bad("wrong type", detail, address[:200], sample))
    if numbers:
        found.measured.append(Measured(device, point, time, both_axes(numbers)))


def both_axes(fields: dict[str, float]) -> dict[str, float]:
    """Add X and Y where a tilt point sends the size of its lean and its direction instead.

    Parameters
    ----------
    fields
        `angle` °, `AZI` ° from the instrument's x axis towards its y axis.

    Examples
    --------
    >>> {name: round(v, 6) for name, v in both_axes({"angle": 2.0, "AZI": 90.0}).items()}
    {'angle': 2.0, 'AZI': 90.0, 'X': 0.0, 'Y': 2.0}

    """
    if "X" in fields or "Y" in fields or "angle" not in fields or "AZI" not in fields:
        return fields
    towards = math.radians(fields["AZI"])
    lean = fields["angle"]
    return fields | {"X": lean * math.cos(towards), "Y": lean * math.sin(towards)}


def canonical(name: str) -> str:
    """Give a field the name that the format means: aliases, and x for X."""
    folded = name.lower()
    if folded in {"x", "y", "z"}:
        return folded.upper()
    if folded in {"angle", "value"}:
        return folded
    return "AZI" if folded == "azi" else ALIASES.get(folded, name)


def _read_state(found: Nested, device: str, time: str, what: object) -> None:
    if not isinstance(what, dict):
        sample = (
            msgspec.json.encode({device: {STATUS_POINT: {time: what}}}) if _small(what) else b""
        )
        detail = f"state must be an object, got {_name(what)}"
        found.bad.append(Bad("wrong type", detail, f"{device}.{STATUS_POINT}"[:200], sample))
        return
    fields = {canonical(name): value for name, value in what.items()}
    points = fields.get("sensor_state")
    states = dict(points) if isinstance(points, dict) else {}
    for name, value in fields.items():
        if name.startswith("sensor_state."):
            states[name.removeprefix("sensor_state.")] = value
    for point, state in states.items():
        if isinstance(state, int) and not isinstance(state, bool) and state != 0:
            key = (device, point)
            flag = _STATES.get(state, QualityFlag.SENSOR_FAULT)
            found.flags[key] = found.flags.get(key, QualityFlag.OK) | flag
    firmware = fields.get("sw_version", "")
    found.states.append(
        DeviceState(
            device,
            time,
            _number(fields.get("battery_dump_energy")),
            _number(fields.get("signal_4g", fields.get("signal_NB"))),
            firmware[:80] if isinstance(firmware, str) else "",
        )
    )


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and _in_range(value):
        return float(value)
    return None


def _in_range(value: float) -> bool:
    """Tell whether a float can hold it: JSON has integers of any length."""
    return -1e308 <= value <= 1e308


def _name(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a text", bool: "a truth value"}
    return "null" if value is None else names.get(type(value), "a number out of range")


def _small(what: object) -> bool:
    return not isinstance(what, list) and not (
        isinstance(what, dict) and any(isinstance(v, dict | list) for v in what.values())
    )


def _salvage(payload: bytes, found: Nested) -> dict[str, Any]:
    """Keep the devices and points that have the right shape; note the others."""
    try:
        devices = _decode_devices(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise why(error, payload) from None
    kept: dict[str, dict[str, dict[str, Any]]] = {}
    for device, points in devices.items():
        if not isinstance(points, dict):
            detail = f"device must hold points, got {_name(points)}"
            found.bad.append(Bad("wrong shape", detail, device[:200], b""))
            continue
        kept[device] = {}
        for point, times in points.items():
            if isinstance(times, dict):
                kept[device][point] = times
            else:
                detail = f"point must hold times, got {_name(times)}"
                found.bad.append(Bad("wrong shape", detail, f"{device}.{point}"[:200], b""))
    if not any(kept.values()):
        raise Unreadable("wrong shape", "payload must be device, point, time, value, nested")
    return kept


def take(payload: bytes, received_ns: int, sender: Sender, into: Columns) -> None:
    """Take a payload in."""
    nested = decode(payload)
    if sender.addresses is None:
        n = sum(len(m.fields) for m in nested.measured) + len(nested.bad)
        into.refuse_stranger(sender.gateway_id, received_ns, payload, n)
        return
    for bad in nested.bad:
        into.refuse(sender.gateway_id, received_ns, Fate.REJECTED, bad, 1)
    for measured in nested.measured:
        flag = int(nested.flags.get((measured.device, measured.point), 0))
        _take_measured(measured, flag, received_ns, sender, sender.addresses, into)
    into.statuses += [
        GatewayStatus(
            gateway_id=sender.gateway_id,
            at_ns=received_ns,
            online=True,
            battery_percent=state.battery_percent,
            signal_dbm=state.signal_dbm,
            firmware=plain(state.firmware),
        )
        for state in nested.states
    ]


def _take_measured(
    measured: Measured,
    flag: int,
    received_ns: int,
    sender: Sender,
    addresses: Addresses,
    into: Columns,
) -> None:
    point = f"{measured.device}.{measured.point}"
    codes = {addresses.nested(point, name): v for name, v in measured.fields.items()}
    known = {code: value for code, value in codes.items() if code is not None}
    if not known and point.lower() not in addresses.points:
        bad = unknown_point(measured.device, point, measured.as_sent(), sender, into)
        n = len(measured.fields)
        into.refuse(sender.gateway_id, received_ns, Fate.QUARANTINED, bad, n)
        return
    if ignored := len(measured.fields) - len(known):
        into.ignored[FIELDS_WITHOUT_CHANNEL] += ignored
    try:
        taken = read_time(measured.time)
    except InvalidInput as error:
        bad = Bad("time", str(error), point, measured.as_sent())
        into.refuse(sender.gateway_id, received_ns, Fate.REJECTED, bad, max(1, len(known)))
        return
    for code, value in known.items():
        into.add(code, taken, value, sender.code, received_ns, flag=flag)


DECODER = Decoder(
    name="dzt",
    topics=("dzt",),
    example=b'{"SK01":{"L1_LF_1":{"2026-11-23T06:00:00.000Z":10.86},'
    b'"L1_QJ_1":{"2026-11-23T06:00:00.000Z":{"X":0.071,"Y":-0.023,"Z":89.92}}}}',
    take=take,
)
