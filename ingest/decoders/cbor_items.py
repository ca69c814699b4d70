"""Reads one CBOR item (RFC 8949) from outside, with limits on what it may make us do.

The library knows tags that build patterns, shared references or numbers of any size; a payload
has no use for them, so all are refused but times and decimal fractions.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cbor2

from domain.clock import SECOND_NS
from ingest.decoders.items import Unreadable

#: maps and arrays within each other; the contract's payloads have three
DEPTH_MAX = 8
#: a map of a payload has a handful of keys
KEYS_MAX = 64
_BYTES, _TEXT, _ARRAY, _MAP, _TAG = 2, 3, 4, 5, 6
_LENGTH_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}
_UNTIL_BREAK, _BREAK = 31, 0xFF
#: first bytes of maps that may have more than 23 keys
_LARGE_MAPS = b"\xb8\xb9\xba\xbb\xbf"
_SELF_DESCRIBED = b"\xd9\xd9\xf7"
#: the earliest time whose ns can be told from µs: 1973-03-03
_EARLIEST_NS = 10**17
#: RFC 8949 and its registry, as far as the library has readers for them
_REFUSED_TAGS = (2, 3, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000)


@dataclass(frozen=True, slots=True)
class TaggedTime:
    """A time under tag 1; `ns` since 1970 UTC, or `None` and why it cannot be read."""

    seconds: float
    ns: int | None
    why: str = ""


def epoch_time(seconds: object, immutable: bool = False) -> TaggedTime:
    """Read seconds since 1970; of a float all beyond its microseconds is noise."""
    del immutable
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise cbor2.CBORDecodeError("a time under tag 1 must be a number")
    if math.isfinite(seconds) and abs(seconds) < 2**63 / SECOND_NS:
        whole = isinstance(seconds, int)
        ns = seconds * SECOND_NS if whole else round(seconds * 1e6) * 1000
        if ns >= _EARLIEST_NS:
            return TaggedTime(seconds, int(ns))
    return TaggedTime(seconds, None, f"t must lie between 1973 and 2261, got {seconds:g} s")


def _text_time(text: object, immutable: bool) -> str:
    del immutable
    if type(text) is str:
        return text
    raise cbor2.CBORDecodeError("a time under tag 0 must be a text")


def _decimal(pair: object, immutable: bool) -> float:
    """Read a decimal fraction as the number nearest to it."""
    del immutable
    if isinstance(pair, list | tuple) and len(pair) == 2:
        exponent, mantissa = pair
        if type(exponent) is int and type(mantissa) is int:
            return float(f"{mantissa}e{exponent}")
    raise cbor2.CBORDecodeError("a decimal fraction must be two whole numbers")


def _refused(value: object, immutable: bool) -> Any:
    del value, immutable
    raise cbor2.CBORDecodeError("this tag has no meaning here")


_TAGS: dict[int, Callable[[Any, bool], Any]] = {
    **dict.fromkeys(_REFUSED_TAGS, _refused),
    0: _text_time,
    1: epoch_time,
    4: _decimal,
}


def read_cbor(payload: bytes, *, number_keys: bool = False) -> Any:
    """Read a payload that is one CBOR item.

    Parameters
    ----------
    number_keys
        Keys may be whole numbers as well as texts.

    Raises
    ------
    Unreadable
        When it is not CBOR, goes on after its end, is nested deeper than `DEPTH_MAX`, has a key
        twice, or a tag or key of a kind that no payload needs.

    """
    if not payload:
        raise Unreadable("empty", "payload must be CBOR, got nothing")
    payload = payload.removeprefix(_SELF_DESCRIBED)
    if number_keys:
        check_keys(payload)
    stream = io.BytesIO(payload)
    decoder = cbor2.CBORDecoder(
        stream,
        semantic_decoders=_TAGS,
        max_depth=DEPTH_MAX - 1,  # it counts those within the outermost
        allow_duplicate_keys=False,
        strict_hashable_types=not number_keys,
    )
    try:
        found = decoder.decode()
    except cbor2.CBORError as error:
        raise _why(error) from None
    if left := len(payload) - stream.tell():
        raise Unreadable("not CBOR", f"payload must be one CBOR item, got {left} bytes after it")
    return found


def _why(error: Exception) -> Unreadable:
    text = str(error)
    if error.__cause__ is not None:
        text = f"{text}: {error.__cause__}"
    if "Duplicate map key" in text:
        return Unreadable("double key", "each key of a map must stand once")
    if "nesting depth" in text:
        return Unreadable("too deep", f"payload may be nested {DEPTH_MAX} deep")
    return Unreadable("not CBOR", text[:300])


def written_again(item: Any) -> bytes:
    """Write an item of a payload down again, for a refusal; nothing when that cannot be done."""
    try:
        return cbor2.dumps(item, default=_default)
    except (cbor2.CBORError, RecursionError):
        return b""


def _default(encoder: cbor2.CBOREncoder, value: object) -> None:
    if not isinstance(value, TaggedTime):
        raise cbor2.CBOREncodeTypeError("no CBOR for it")
    encoder.encode(cbor2.CBORTag(1, value.seconds))


def check_keys(payload: bytes) -> None:
    """Refuse a payload with a map of more than `KEYS_MAX` keys.

    Of numbers and arrays a sender can choose many with one hash, and such a map of a megabyte
    would take the reader a minute. What is no CBOR at all is left to the reader to refuse.

    Raises
    ------
    Unreadable
        When there is such a map.

    """
    if len(payload.translate(None, _LARGE_MAPS)) == len(payload):
        return
    open_items: list[list[int]] = []  # items left (negative: up to a break), and their limit
    at = 0
    while at < len(payload) and len(open_items) <= DEPTH_MAX:
        first = payload[at]
        kind, info = first >> 5, first & 31
        size = _LENGTH_BYTES.get(info, 0)
        number = int.from_bytes(payload[at + 1 : at + 1 + size]) if size else info
        at += 1 + size
        if kind == _TAG:
            continue
        limit = 2 * KEYS_MAX if kind == _MAP else len(payload)
        if info == _UNTIL_BREAK and kind in {_BYTES, _TEXT, _ARRAY, _MAP}:
            open_items.append([-1, limit])
            continue
        if kind in {_BYTES, _TEXT}:
            at += number
        elif kind in {_ARRAY, _MAP} and number:
            items = number if kind == _ARRAY else 2 * number
            if items > limit:
                raise _too_many_keys()
            open_items.append([items, limit])
            continue
        elif first == _BREAK and open_items:
            open_items.pop()
        _close(open_items)
        if not open_items:
            return


def _close(open_items: list[list[int]]) -> None:
    """Count an item that is complete, and what is complete with it."""
    while open_items:
        holder = open_items[-1]
        holder[0] -= 1
        if holder[0] < 0 and -holder[0] - 1 > holder[1]:
            raise _too_many_keys()
        if holder[0] != 0:
            return
        open_items.pop()


def _too_many_keys() -> Unreadable:
    return Unreadable("wrong shape", f"a map may have {KEYS_MAX} keys")
