"""SenML (RFC 8428), topic `senml`: JSON or CBOR, told apart by the first byte.

`resolve` takes base fields out of the records; what is a reading of a channel is found here.
The readings have no numbers.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import numpy as np

from domain.accounts import Fate
from domain.errors import InvalidInput
from domain.units import Values, converter
from ingest.columns import Columns
from ingest.decoders import Decoder
from ingest.decoders.cbor_items import read_cbor
from ingest.decoders.foreign import unknown_point
from ingest.decoders.items import Bad, Unreadable, why
from ingest.decoders.keys import count_keys, refuse_double_keys
from ingest.decoders.senml_resolve import NAME, Measurement, resolve
from ingest.directory import Addresses
from ingest.sender import Sender

#: label of a field in CBOR -> in JSON. Source: RFC 8428, table 4.
CBOR_LABELS = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip

#: unit in SenML -> unit here, and how many of these it is.
#: Source: RFC 8428, 12.1, and RFC 8798 for the derived ones
UNITS = {
    "rad": ("°", 180.0 / np.pi),
    "Cel": ("°C", 1.0),
    "/": ("%", 100.0),
    "/100": ("%", 1.0),
    "/1000": ("‰", 1.0),
    "ppm": ("‰", 0.001),
    "km": ("m", 1000.0),
    "km/h": ("m/s", 1 / 3.6),
    "mm/h": ("mm/s", 1 / 3600.0),
    "m/h": ("m/s", 1 / 3600.0),
    "MHz": ("Hz", 1e6),
}

_decode = msgspec.json.Decoder().decode


def decode(payload: bytes, received_ns: int) -> tuple[list[Measurement], list[Bad]]:
    """Read a payload.

    Parameters
    ----------
    received_ns
        The moment that relative times count from, ns since 1970 UTC.

    Raises
    ------
    Unreadable
        When nothing of it can be used.

    Examples
    --------
    >>> pack = b'[{"bn":"T1.","bt":1795413600,"n":"x","v":1.25},{"n":"y","v":-0.4}]'
    >>> [(one.name, one.value) for one in decode(pack, 0)[0]]
    [('T1.x', 1.25), ('T1.y', -0.4)]

    """
    if payload.lstrip(b" \t\r\n")[:1] in {b"[", b"{", b""}:
        try:
            records = _decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise why(error, payload) from None
        if payload.count(b'":') != count_keys(records):
            refuse_double_keys(payload)
    else:
        records = read_cbor(payload, number_keys=True)
        if isinstance(records, list):
            records = [_labelled(record) for record in records]
    if not isinstance(records, list):
        raise Unreadable("wrong shape", "payload must be an array of SenML records")
    if not records:
        raise Unreadable("empty", "a SenML pack must have a record")
    return resolve(records, received_ns)


def _labelled(record: Any) -> Any:
    """Give a CBOR record the labels of JSON."""
    if not isinstance(record, dict):
        return record
    named: dict[Any, Any] = {}
    for label, value in record.items():
        name = CBOR_LABELS.get(label, label) if type(label) is int else label
        if name in named:
            raise Unreadable("double key", f"each field must stand once, got {name!r} twice")
        named[name] = value
    return named


def take(payload: bytes, received_ns: int, sender: Sender, into: Columns) -> None:
    """Take a payload in."""
    found, bads = decode(payload, received_ns)
    if sender.addresses is None:
        into.refuse_stranger(sender.gateway_id, received_ns, payload, len(found) + len(bads))
        return
    for bad in bads:
        into.refuse(sender.gateway_id, received_ns, Fate.REJECTED, bad, 1)
    for measurement in found:
        _take_measurement(measurement, received_ns, sender, sender.addresses, into)


def _take_measurement(
    measured: Measurement, received_ns: int, sender: Sender, addresses: Addresses, into: Columns
) -> None:
    name = measured.name
    code = addresses.named(name)
    if measured.total is not None:
        total = addresses.named(f"{name}.sum")
        if total is not None:
            into.add(total, measured.taken_ns, measured.total, sender.code, received_ns)
        elif measured.value is None:
            code = None
        else:
            into.ignored["sums that no channel is registered for"] += 1
        if measured.value is None and total is not None:
            return
    if code is None or measured.value is None:
        device = name.split(".", 1)[0]
        bad = unknown_point(device, name, measured.as_sent(), sender, into)
        if bad.reason == "unknown channel" and not NAME.fullmatch(name):
            detail = f"name must be letters, digits and -:./_, got {name[:100]!r}"
            bad = Bad("name", detail, name, measured.as_sent())
            into.refuse(sender.gateway_id, received_ns, Fate.REJECTED, bad, 1)
        else:
            into.refuse(sender.gateway_id, received_ns, Fate.QUARANTINED, bad, 1)
        return
    sent, stored = into.directory.units_of(code)
    if measured.unit in {"", sent}:
        into.add(code, measured.taken_ns, measured.value, sender.code, received_ns)
        return
    try:
        value = in_unit(measured.value, measured.unit, stored)
    except InvalidInput as error:
        bad = Bad("unit", str(error), name, measured.as_sent())
        into.refuse(sender.gateway_id, received_ns, Fate.REJECTED, bad, 1)
    else:
        into.add(code, measured.taken_ns, value, sender.code, received_ns, converted=True)


def in_unit(value: float, unit: str, stored: str) -> float:
    """Turn a value in a unit of SenML, or of our own, into a unit that Anju stores.

    Raises
    ------
    InvalidInput
        When there is no conversion.

    Examples
    --------
    >>> in_unit(0.012, "m", "mm"), in_unit(0.0025, "/", "‰"), in_unit(21.5, "Cel", "°C")
    (12.0, 2.5, 21.5)

    """
    factor, convert = _conversion(unit, stored)
    if convert is None:
        return value * factor
    with np.errstate(all="ignore"):  # what overflows is refused with the other values
        return float(convert(np.array([value * factor]))[0])


@cache
def _known_conversion(unit: str, stored: str) -> tuple[float, Callable[[Values], Values] | None]:
    ours, factor = UNITS.get(unit, (unit, 1.0))
    return factor, converter(ours, stored)


def _conversion(unit: str, stored: str) -> tuple[float, Callable[[Values], Values] | None]:
    if len(unit) > 20:  # not remembered: what senders may make up has no end
        raise InvalidInput(f"unit must be one of SenML's, got {unit[:20]!r}…", "unit")
    return _known_conversion(unit, stored)


DECODER = Decoder(
    name="senml",
    topics=("senml",),
    example=b'[{"bn":"T1.","bt":1795413600,"bu":"/1000","n":"x","v":1.25},'
    b'{"n":"y","v":-0.4},{"n":"x","t":-600,"v":1.24}]',
    take=take,
)
