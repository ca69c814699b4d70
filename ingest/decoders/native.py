"""The native format, topic `readings`: numbered readings of any channels."""

from typing import Annotated

import msgspec

from ingest.columns import Columns
from ingest.decoders import Decoder
from ingest.decoders.items import Bad, Sent, why
from ingest.decoders.keys import refuse_double_keys
from ingest.decoders.native_many import BOOT_MAX, SEQ_MAX, take_many
from ingest.decoders.numbered import take_numbered
from ingest.sender import Sender

_Boot = Annotated[int, msgspec.Meta(ge=0, le=BOOT_MAX)]
_Seq = Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)]


class _Message(msgspec.Struct, gc=False):
    readings: list[Sent]
    boot: _Boot | None = None
    seq: _Seq | None = None


class _Envelope(msgspec.Struct, gc=False):
    readings: list[msgspec.Raw]
    boot: _Boot | None = None
    seq: _Seq | None = None


class _Address(msgspec.Struct):
    c: str = ""


_decode = msgspec.json.Decoder(_Message).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_sent = msgspec.json.Decoder(Sent).decode
_decode_address = msgspec.json.Decoder(_Address).decode

Message = tuple[int, int, list[Sent] | list[Sent | Bad]]


def decode(payload: bytes) -> Message:
    """Read a payload.

    Returns
    -------
    boot
        -1 when the sender does not number its readings.
    seq
        Number of the first reading, -1 likewise.
    readings
        In the order sent, each readable or `Bad`; each one uses up a number.

    Raises
    ------
    Unreadable
        When nothing of it can be used.

    Examples
    --------
    >>> decode(b'{"boot":3,"seq":1700,"readings":[{"c":"T1.x","t":1795413600000,"v":1.25}]}')
    (3, 1700, [Sent(c='T1.x', t=1795413600000, v=1.25)])

    """
    try:
        message = _decode(payload)
    except msgspec.ValidationError:
        return _salvage(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise why(error, payload) from None
    readings, boot, seq = message.readings, message.boot, message.seq
    # a key given twice would hide what stood under it the first time; when the plain count of
    # keys does not come out as it does for a plain message, look closely
    keys = 1 + (boot is not None) + (seq is not None) + 3 * len(readings)
    if payload.count(b'":') != keys:
        refuse_double_keys(payload)
    if seq is None:
        return -1, -1, readings
    return 0 if boot is None else boot, seq, readings


def _salvage(payload: bytes) -> Message:
    """Read what can be read of a message of which a part has the wrong type."""
    try:
        envelope = _decode_envelope(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise why(error, payload) from None
    refuse_double_keys(payload)
    found: list[Sent | Bad] = []
    for raw in envelope.readings:
        try:
            found.append(_decode_sent(raw))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            found.append(Bad("wrong type", str(error)[:300], _address_of(raw), bytes(raw)))
    if envelope.seq is None:
        return -1, -1, found
    return envelope.boot or 0, envelope.seq, found


def _address_of(raw: msgspec.Raw) -> str:
    try:
        return _decode_address(raw).c[:200]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def take(payload: bytes, received_ns: int, sender: Sender, into: Columns) -> None:
    """Take a payload in."""
    take_numbered(decode(payload), payload, received_ns, sender, into)


DECODER = Decoder(
    name="readings",
    topics=("readings",),
    example=b'{"boot":3,"seq":1700,"readings":['
    b'{"c":"T1.x","t":"2026-11-23T06:00:00Z","v":1.25},'
    b'{"c":"T1.y","t":"2026-11-23T06:00:00Z","v":-0.4}]}',
    take=take,
    take_many=take_many,
    numbered=True,
)
