"""Rows of readings on their way from messages to a batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Readings as columns, values still as sent.

    Parameters
    ----------
    code
        (n,) int64, channel in the directory.
    taken, received
        (n,) int64, ns since 1970 UTC.
    value
        (n,) float64, in the unit in which the channel's gateway sends.
    flag
        (n,) uint16, bits of `QualityFlag`.
    gateway
        (n,) int32.
    seq, boot
        (n,) int64 and int32; -1 where the sender has none.
    converted
        (n,) bool, values already in the unit of the channel's kind; `None`: none is.

    """

    code: NDArray[np.int64]
    taken: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint16]
    gateway: NDArray[np.int32]
    received: NDArray[np.int64]
    seq: NDArray[np.int64]
    boot: NDArray[np.int32]
    converted: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Count the readings."""
        return len(self.code)

    def take(self, keep: NDArray[np.bool_]) -> "Rows":
        """Keep some rows."""
        return Rows(
            self.code[keep],
            self.taken[keep],
            self.value[keep],
            self.flag[keep],
            self.gateway[keep],
            self.received[keep],
            self.seq[keep],
            self.boot[keep],
            None if self.converted is None else self.converted[keep],
        )


class RowList:
    """Readings that come one by one."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, float, int, int, int, int, int, bool]] = []

    def __len__(self) -> int:
        """Count the readings."""
        return len(self._rows)

    def add(
        self,
        code: int,
        taken: int,
        value: float,
        gateway: int,
        received: int,
        boot: int,
        seq: int,
        flag: int,
        converted: bool,
    ) -> None:
        """Add one."""
        self._rows.append((code, taken, value, gateway, received, boot, seq, flag, converted))

    def rows(self) -> Rows:
        """Turn them into columns."""
        columns: Sequence[Sequence[float]] = list(zip(*self._rows, strict=True)) or [()] * 9
        code, taken, value, gateway, received, boot, seq, flag, converted = columns
        return Rows(
            np.array(code, np.int64),
            np.array(taken, np.int64),
            np.array(value, np.float64),
            np.array(flag, np.uint16),
            np.array(gateway, np.int32),
            np.array(received, np.int64),
            np.array(seq, np.int64),
            np.array(boot, np.int32),
            np.array(converted, np.bool_) if any(converted) else None,
        )


def joined(blocks: Sequence[Rows]) -> Rows:
    """Join blocks of rows in their order."""
    if len(blocks) == 1:
        return blocks[0]
    if not blocks:
        return RowList().rows()
    converted = None
    if any(block.converted is not None for block in blocks):
        masks = [np.zeros(len(b), np.bool_) if b.converted is None else b.converted for b in blocks]
        converted = np.concatenate(masks)
    return Rows(
        np.concatenate([block.code for block in blocks]),
        np.concatenate([block.taken for block in blocks]),
        np.concatenate([block.value for block in blocks]),
        np.concatenate([block.flag for block in blocks]),
        np.concatenate([block.gateway for block in blocks]),
        np.concatenate([block.received for block in blocks]),
        np.concatenate([block.seq for block in blocks]),
        np.concatenate([block.boot for block in blocks]),
        converted,
    )
