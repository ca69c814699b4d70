"""How gateways write their readings down: native JSON and the nested geohazard JSON."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from domain.clock import to_datetime

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
    divisor = _DIVISORS.get(form)
    readings = [
        {"c": address, "t": at_ns // divisor if divisor else instant(at_ns), "v": value}
        for address, at_ns, value in rows
    ]
    return msgspec.json.encode({"boot": boot, "seq": seq, "readings": readings})


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


def status(
    *,
    online: bool,
    boot: int,
    battery: float,
    signal: int,
    firmware: str,
    config: int | None = None,
) -> bytes:
    """Write what a gateway says of itself; battery in percent, signal in dBm."""
    said = {
        "online": online,
        "boot": boot,
        "battery": battery,
        "signal": signal,
        "firmware": firmware,
    }
    return msgspec.json.encode(said if config is None else said | {"config": config})
