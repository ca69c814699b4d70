"""How one row of the spool is written down: msgpack, the columns as raw bytes."""

import msgspec
import numpy as np

from domain.accounts import DayAccount, GapChange, Refusal
from domain.gateway_clocks import ClockNote
from domain.ports import GatewayStatus, SpoolEntry
from domain.readings import ReadingBatch

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


class _Row(msgspec.Struct, array_like=True):
    version: int
    channels: list[str]
    columns: list[bytes]
    refusals: list[Refusal]
    accounts: list[DayAccount]
    statuses: list[GatewayStatus]
    clocks: list[ClockNote] = []
    gaps: list[GapChange] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Row).decode


def encode_row(
    batch: ReadingBatch,
    refusals: tuple[Refusal, ...],
    accounts: tuple[DayAccount, ...],
    statuses: tuple[GatewayStatus, ...],
    clocks: tuple[ClockNote, ...] = (),
    gaps: tuple[GapChange, ...] = (),
) -> bytes:
    """Write a row down: 42 bytes a reading and the ids of its channels."""
    columns = [getattr(batch, name).astype(kind, copy=False).tobytes() for name, kind in _COLUMNS]
    return _encode(
        _Row(
            1,
            list(batch.channels),
            columns,
            list(refusals),
            list(accounts),
            list(statuses),
            list(clocks),
            list(gaps),
        )
    )


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
        tuple(row.gaps),
    )
