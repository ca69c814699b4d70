"""The native format in CBOR (RFC 8949), topic `readings/cbor`: the same fields, fewer bytes.

A time may also be tagged: 0 (RFC 3339) or 1 (seconds since 1970, a whole number or a float).
"""

import math
from typing import Any

from ingest.columns import Columns
from ingest.decoders import Decoder
from ingest.decoders.cbor_items import TaggedTime, read_cbor, written_again
from ingest.decoders.items import Bad, Sent, Unreadable
from ingest.decoders.native_many import BOOT_MAX, SEQ_MAX
from ingest.decoders.numbered import take_numbered
from ingest.sender import Sender


def decode(payload: bytes) -> tuple[int, int, list[Sent | Bad]]:
    """Read a payload.

    Returns
    -------
    boot, seq, readings
        As `native.decode` gives them.

    Raises
    ------
    Unreadable
        When nothing of it can be used.

    Examples
    --------
    >>> decode(DECODER.example)
    (3, 1700, [Sent(c='T1.x', t=1795413600000, v=1.25)])

    """
    message = read_cbor(payload)
    if not isinstance(message, dict) or not isinstance(message.get("readings"), list):
        raise Unreadable("wrong shape", "payload must be a map with an array of readings")
    boot = _number(message.get("boot"), BOOT_MAX, "boot")
    seq = _number(message.get("seq"), SEQ_MAX, "seq")
    readings = [_reading(item) for item in message["readings"]]
    return (-1, -1, readings) if seq is None else (boot or 0, seq, readings)


def _number(value: object, highest: int, name: str) -> int | None:
    if value is None:
        return None
    if type(value) is int and 0 <= value <= highest:
        return value
    raise Unreadable("wrong shape", f"{name} must be a whole number of 0 to {highest}")


def _reading(item: Any) -> Sent | Bad:
    if type(item) is not dict:
        return Bad("wrong type", "reading must be a map", "", written_again(item))
    address, taken, value = item.get("c"), item.get("t"), item.get("v")
    if type(address) is not str:
        return Bad("wrong type", "c must be a text", "", written_again(item))
    if type(taken) is TaggedTime:
        if taken.ns is None:
            return Bad("time", taken.why, address[:200], written_again(item))
        taken = taken.ns
    if type(taken) is not int and type(taken) is not str:
        detail = "t must be a text, a whole number or a tagged time"
        return Bad("wrong type", detail, address[:200], written_again(item))
    if type(value) is int and -(2**64) <= value < 2**64:
        value = float(value)
    elif type(value) is not float:
        return Bad("wrong type", "v must be a number", address[:200], written_again(item))
    elif not math.isfinite(value):
        return Bad("value", f"v must be finite, got {value}", address[:200], written_again(item))
    return Sent(address, taken, value)


def take(payload: bytes, received_ns: int, sender: Sender, into: Columns) -> None:
    """Take a payload in."""
    take_numbered(decode(payload), payload, received_ns, sender, into)


DECODER = Decoder(
    name="readings/cbor",
    topics=("readings/cbor",),
    # {"boot": 3, "seq": 1700, "readings": [{"c": "T1.x", "t": 1795413600000, "v": 1.25}]}
    example=bytes.fromhex(
        "a364626f6f7403637365711906a46872656164696e677381"
        "a361636454312e7861741b000001a206fd67006176f93d00"
    ),
    take=take,
    numbered=True,
)
