"""How one row of the spool is written down: msgpack, the columns as raw bytes."""

from collections.abc import Sequence

import msgspec
import numpy as np

from domain.accounts import DayAccount, GapChange, Refusal
from domain.gateway_clocks import ClockNote
from domain.ports import GatewayStatus, SpoolEntry
from domain.readings import ReadingBatch
from domain.waves import WaveBlock

#: (column, type) in the order in which a row holds them; little-endian on every machine
_COLUMNS = (
    ("channel", "<i4"),
    ("taken_at", "<i8"),
    ("value", "<f8"),
    ("flag", "<u2"),
    ("received_at", "<i8"),
    ("seq", "<i8"),
    ("boot", "<i4"),
)

#: a stretch of 20,000 readings then holds some 5 MB of samples
_BYTES_A_READING = 250


class _Wave(msgspec.Struct, array_like=True):
    """A block of a waveform; the fields are those of `WaveBlock`."""

    channel_id: str
    kind: str
    start_ns: int
    rate_hz: float
    axes: str
    scale: float
    encoding: str
    data: bytes
    lead: bytes
    received_at_ns: int
    flag: int


class _Row(msgspec.Struct, array_like=True):
    version: int
    channels: list[str]
    columns: list[bytes]
    refusals: list[Refusal]
    accounts: list[DayAccount]
    statuses: list[GatewayStatus]
    clocks: list[ClockNote] = []
    waves: list[_Wave] = []
    gaps: list[GapChange] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Row).decode


def encode_row(
    batch: ReadingBatch,
    refusals: tuple[Refusal, ...],
    accounts: tuple[DayAccount, ...],
    statuses: tuple[GatewayStatus, ...],
    clocks: tuple[ClockNote, ...] = (),
    waves: Sequence[WaveBlock] = (),
    gaps: tuple[GapChange, ...] = (),
) -> bytes:
    """Write a row down: 42 bytes a reading, the ids of its channels, samples as they came."""
    columns = [getattr(batch, name).astype(kind, copy=False).tobytes() for name, kind in _COLUMNS]
    row = _Row(
        1,
        list(batch.channels),
        columns,
        list(refusals),
        list(accounts),
        list(statuses),
        list(clocks),
        [_Wave(*(getattr(block, name) for name in _Wave.__struct_fields__)) for block in waves],
        list(gaps),
    )
    return _encode(row)


def weight_of(waves: Sequence[WaveBlock]) -> int:
    """Tell how many readings some blocks weigh as much as, for reading rows in parts."""
    return sum(len(block.data) + len(block.lead) for block in waves) // _BYTES_A_READING


def decode_row(offset: int, data: bytes) -> SpoolEntry:
    """Read what `encode_row` wrote.

    Raises
    ------
    msgspec.DecodeError
        When it is something else.

    """
    row = _decode(data)
    columns = {
        name: np.frombuffer(column, kind).astype(np.dtype(kind).newbyteorder("="))
        for (name, kind), column in zip(_COLUMNS, row.columns, strict=True)
    }
    return SpoolEntry(
        offset,
        ReadingBatch(tuple(row.channels), **columns),
        tuple(row.refusals),
        tuple(row.accounts),
        tuple(row.statuses),
        tuple(row.clocks),
        tuple(WaveBlock(*msgspec.structs.astuple(wave)) for wave in row.waves),
        tuple(row.gaps),
    )
