"""How gateways write their readings down, in each payload of the contract."""

from collections.abc import Iterable
from typing import Any, Literal

import cbor2
import msgspec

from domain.clock import SECOND_NS, to_datetime

#: forms in which native gateways write the moment of a reading
TimeForm = Literal["rfc3339", "ms", "us", "ns"]
_DIVISORS = {"ms": 1_000_000, "us": 1_000, "ns": 1}

#: address, moment in ns since 1970 UTC, value as it is to stand in the payload
Row = tuple[str, int, object]


def instant(at_ns: int) -> str:
    """Write a moment in RFC 3339, UTC, to the millisecond.

    Examples
    --------
    >>> instant(1_700_000_000_250_000_000)
    '2023-11-14T22:13:20.250Z'

    """
    return to_datetime(at_ns).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ns // 1_000_000 % 1000:03d}Z"


def native(boot: int, seq: int, rows: Iterable[Row], form: TimeForm = "rfc3339") -> bytes:
    """Write readings as native JSON; `seq` is the number of the first.

    Examples
    --------
    >>> native(3, 1700, [("T1.x", 1_700_000_000_000_000_000, 1.25)], "ms")
    b'{"boot":3,"seq":1700,"readings":[{"c":"T1.x","t":1700000000000,"v":1.25}]}'

    """
    return msgspec.json.encode(_numbered(boot, seq, rows, form))


def _numbered(boot: int, seq: int, rows: Iterable[Row], form: TimeForm) -> dict[str, Any]:
    divisor = _DIVISORS.get(form)
    readings = [
        {"c": address, "t": at_ns // divisor if divisor else instant(at_ns), "v": value}
        for address, at_ns, value in rows
    ]
    return {"boot": boot, "seq": seq, "readings": readings}


def cbor(boot: int, seq: int, rows: Iterable[Row], form: TimeForm = "ms") -> bytes:
    """Write readings as native CBOR.

    Examples
    --------
    >>> len(cbor(3, 1700, [("T1.x", 1_700_000_000_000_000_000, 1.25)]))
    48

    """
    return cbor2.dumps(_numbered(boot, seq, rows, form), canonical=True)


def senml(rows: Iterable[Row], *, binary: bool = False) -> bytes:
    """Write readings as a SenML pack, JSON or CBOR; times to the microsecond.

    Examples
    --------
    >>> senml([("T1.x", 1_700_000_000_000_000_000, 1.25), ("T1.y", 1_700_000_000_500_000_000, 2)])
    b'[{"bt":1700000000.0,"n":"T1.x","v":1.25},{"n":"T1.y","t":0.5,"v":2}]'

    """
    labels = (-3, 0, 6, 2) if binary else ("bt", "n", "t", "v")
    base, name, time, worth = labels
    records: list[dict[Any, Any]] = []
    first_ns = 0
    for address, at_ns, value in rows:
        record: dict[Any, Any] = {}
        if not records:
            first_ns, record[base] = at_ns, at_ns / SECOND_NS
        record[name] = address
        if at_ns != first_ns:
            record[time] = (at_ns - first_ns) / SECOND_NS
        record[worth] = value
        records.append(record)
    return cbor2.dumps(records) if binary else msgspec.json.encode(records)


def thingsboard(rows: Iterable[Row]) -> bytes:
    """Write readings as ThingsBoard gateways do; device and key are the parts of the address.

    Examples
    --------
    >>> thingsboard([("T1.x", 1_700_000_000_000_000_000, 1.25)])
    b'{"T1":[{"ts":1700000000000,"values":{"x":1.25}}]}'

    """
    devices: dict[str, dict[int, dict[str, object]]] = {}
    for address, at_ns, value in rows:
        device, key = address.rsplit(".", 1)
        devices.setdefault(device, {}).setdefault(at_ns // 1_000_000, {})[key] = value
    return msgspec.json.encode(
        {
            device: [{"ts": ts, "values": values} for ts, values in moments.items()]
            for device, moments in devices.items()
        }
    )


def dzt(rows: Iterable[Row]) -> bytes:
    """Write readings as nested geohazard JSON: device, point, moment, fields.

    Addresses are `device.point.field`; a point's lone `value` stands as a plain number.

    Examples
    --------
    >>> dzt([("SK1.L1_LF_1.value", 1_700_000_000_000_000_000, 10.86)])
    b'{"SK1":{"L1_LF_1":{"2023-11-14T22:13:20.000Z":10.86}}}'

    """
    devices: dict[str, dict[str, dict[str, Any]]] = {}
    for address, at_ns, value in rows:
        device, point, name = address.split(".", 2)
        moments = devices.setdefault(device, {}).setdefault(point, {})
        if name == "value":
            moments[instant(at_ns)] = value
        else:
            moments.setdefault(instant(at_ns), {})[name] = value
    return msgspec.json.encode(devices)


def wave(
    boot: int, seq: int, address: str, at_ns: int, rate_hz: float, scale: float, samples: bytes
) -> bytes:
    """Write one block of a waveform, three axes, int16, m/s²."""
    return cbor2.dumps(
        {
            "boot": boot,
            "seq": seq,
            "c": address,
            "t": at_ns,
            "hz": rate_hz,
            "axes": "xyz",
            "unit": "m/s²",
            "scale": scale,
            "encoding": "i2",
            "samples": samples,
        }
    )


def status(*, online: bool, boot: int, battery: float, signal: int, firmware: str) -> bytes:
    """Write what a gateway says of itself; battery in percent, signal in dBm."""
    return msgspec.json.encode(
        {
            "online": online,
            "boot": boot,
            "battery": battery,
            "signal": signal,
            "firmware": firmware,
        }
    )
