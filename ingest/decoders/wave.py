"""One block of a waveform, topic `wave`: a CBOR map with its header and the packed samples."""

import math
import re
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from domain.accounts import Fate
from domain.errors import InvalidInput
from domain.waves import ENCODINGS, WaveBlock
from ingest.columns import Columns
from ingest.decoders import Decoder
from ingest.decoders.cbor_items import read_cbor
from ingest.decoders.items import Bad, Unreadable
from ingest.decoders.native_many import BOOT_MAX, SEQ_MAX
from ingest.directory import Addresses
from ingest.sender import Sender
from ingest.times import read_time

RATE_MIN_HZ, RATE_MAX_HZ = 10.0, 10_000.0
#: samples of one axis; fewer than this say nothing of a frequency
COUNT_MIN, COUNT_MAX = 32, 120_000
DURATION_MAX_S = 120.0

#: field of the header -> the reason that is counted when it is wrong
_REASONS = {"t": "time", "hz": "rate", "axes": "axes", "scale": "scale", "encoding": "encoding"}
_FIELD = re.compile(r"`\$\.(\w+)|field `(\w+)`")


class Wave(msgspec.Struct, frozen=True):
    """A block as sent; the fields are those of docs/mqtt.md."""

    c: str
    t: int | str
    hz: Annotated[float, msgspec.Meta(ge=RATE_MIN_HZ, le=RATE_MAX_HZ)]
    samples: bytes
    axes: Literal["x", "y", "z", "xyz"] = "x"
    unit: str = ""
    scale: Annotated[float, msgspec.Meta(ge=1e-12, le=1e6)] = 1.0
    encoding: Literal["i2", "f4"] = "i2"


class _Numbers(msgspec.Struct):
    boot: Annotated[int, msgspec.Meta(ge=0, le=BOOT_MAX)] | None = None
    seq: Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)] | None = None


def decode(payload: bytes) -> tuple[int, int, Wave | Bad]:
    """Read a payload.

    Returns
    -------
    boot, seq
        -1 when the sender does not number its blocks.
    wave
        The block, or what is wrong with it; it uses up its number all the same.

    Raises
    ------
    Unreadable
        When nothing of it can be used.

    """
    header = read_cbor(payload)
    if not isinstance(header, dict) or not all(isinstance(key, str) for key in header):
        raise Unreadable("wrong shape", "payload must be a CBOR map with names as keys")
    try:
        numbers = msgspec.convert(header, _Numbers)
    except msgspec.ValidationError as error:
        raise Unreadable("wrong shape", str(error)[:300]) from None
    wave = _block(header)
    if numbers.seq is None:
        return -1, -1, wave
    return numbers.boot or 0, numbers.seq, wave


def _block(header: dict[str, Any]) -> Wave | Bad:
    address = header.get("c")
    address = address[:200] if isinstance(address, str) else ""
    try:
        wave = msgspec.convert(header, Wave, builtin_types=(bytes,))
    except (msgspec.ValidationError, RecursionError) as error:
        named = _FIELD.search(str(error))
        field = (named[1] or named[2]) if named else ""
        return Bad(_REASONS.get(field, "wrong type"), str(error)[:300], address, b"")
    width = ENCODINGS[wave.encoding].itemsize * len(wave.axes)
    count, rest = divmod(len(wave.samples), width)
    if rest:
        detail = f"samples must be a multiple of {width} bytes, got {len(wave.samples)}"
        return Bad("length", detail, address, b"")
    if not math.isfinite(wave.hz) or not math.isfinite(wave.scale):
        return Bad("rate", "hz and scale must be finite", address, b"")
    if not COUNT_MIN <= count <= COUNT_MAX or count / wave.hz > DURATION_MAX_S:
        wanted = f"{COUNT_MIN} to {COUNT_MAX} samples an axis and at most {DURATION_MAX_S:g} s"
        detail = f"a block must have {wanted}, got {count} at {wave.hz:g} Hz"
        return Bad("length", detail, address, b"")
    if wave.encoding == "f4" and not np.isfinite(np.frombuffer(wave.samples, "<f4")).all():
        return Bad("value", "samples must be finite, got NaN or infinity", address, b"")
    return wave


class _Unfit(Exception):
    """A block that is refused, with its reason."""

    def __init__(self, bad: Bad, fate: Fate = Fate.REJECTED) -> None:
        super().__init__(bad.detail)
        self.bad = bad
        self.fate = fate


def take(payload: bytes, received_ns: int, sender: Sender, into: Columns) -> None:
    """Take a payload in."""
    boot, seq, wave = decode(payload)
    if sender.addresses is None:
        into.refuse_stranger(sender.gateway_id, received_ns, payload, 1)
        return
    newest = 0
    try:
        if isinstance(wave, Bad):
            raise _Unfit(wave)
        newest = _add(wave, sender.addresses, sender.code, received_ns, boot, seq, into)
    except _Unfit as error:
        into.refuse(sender.gateway_id, received_ns, error.fate, error.bad, 1, boot, seq)
    if seq >= 0:
        into.count(sender.gateway_id, boot, seq, 1, newest)


def _add(
    sent: Wave,
    addresses: Addresses,
    gateway: int,
    received_ns: int,
    boot: int,
    seq: int,
    into: Columns,
) -> int:
    """Add a block, and tell its moment."""
    code = addresses.codes.get(sent.c)
    if code is None:
        detail = f"no channel {sent.c[:100]!r} at gateway {addresses.gateway_id!r}"
        raise _Unfit(Bad("unknown channel", detail, sent.c[:200], b""), Fate.QUARANTINED)
    try:
        kind, factor = into.directory.wave_kind(code, sent.unit)
        start_ns = read_time(sent.t)
    except InvalidInput as error:
        raise _Unfit(Bad(error.field or "time", str(error), sent.c[:200], b"")) from None
    block = WaveBlock(
        into.directory.channel_ids[code],
        kind,
        start_ns,
        sent.hz,
        sent.axes,
        sent.scale * factor,
        sent.encoding,
        sent.samples,
        received_at_ns=received_ns,
    )
    samples = block.samples()
    departure = np.abs(samples - samples.mean(axis=0)).max() * sent.scale
    into.add_wave(code, block, float(departure), gateway, boot, seq)
    return start_ns


#: {"boot": 3, "seq": 1700, "c": "V2", "t": 1795413600000, "hz": 200.0, "unit": "m/s²",
#: "scale": 0.001, "samples": 64 bytes}
_EXAMPLE = bytes.fromhex(
    "a864626f6f7403637365711906a4616362563261741b000001a206fd670062687afb4069000000000000"
    "64756e6974656d2f73c2b2657363616c65fb3f50624dd2f1a9fc6773616d706c65735840" + "fdff0200" * 16
)

DECODER = Decoder(
    name="wave",
    topics=("wave",),
    example=_EXAMPLE,
    take=take,
    numbered=True,
)
