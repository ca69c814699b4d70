"""What arrived in one go, before it is known which of it is new; and what became of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.accounts import Fate
from domain.readings import Int32s, ReadingBatch
from domain.waves import WaveBlock

if TYPE_CHECKING:  # `ports` itself needs this module
    from domain.ports import GatewayStatus

#: a refusal keeps at most this much of what came
SAMPLE_BYTES_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A payload or reading that will not be stored, unless it turns out to be a repeat.

    Parameters
    ----------
    readings
        How many readings it stands for; 0 when the payload cannot be read at all.
    sample
        The payload or reading as it came, cut to `SAMPLE_BYTES_MAX`.
    boot, seq
        Its number, -1 where the sender has none.

    """

    gateway_id: str
    received_at_ns: int
    fate: Fate
    reason: str
    detail: str
    readings: int
    address: str = ""
    sample: bytes = b""
    boot: int = -1
    seq: int = -1


@dataclass(slots=True)
class Count:
    """Numbers that one gateway used in these arrivals.

    Parameters
    ----------
    runs
        [first, end left out] in the order of arrival; those that touch are joined.
    newest_ns
        Newest `taken_at` among the readings that have one.

    """

    runs: list[list[int]]
    newest_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Messages of one go, decoded, identified and flagged.

    Parameters
    ----------
    batch
        Readings that are good to store, repeats included, in the order of arrival.
    gateways
        Gateway ids that sent them, each once.
    gateway
        (n,) int32, index into `gateways` of each row of `batch`.
    counts
        (gateway id, boot) -> numbers used, by refused readings as well.
    waves
        (row of `batch`, block) of each row that stands for a block of a waveform.

    """

    batch: ReadingBatch
    gateways: tuple[str, ...]
    gateway: Int32s
    counts: dict[tuple[str, int], Count]
    refused: tuple[Refused, ...]
    statuses: tuple["GatewayStatus", ...]
    received_at_ns: int
    waves: tuple[tuple[int, WaveBlock], ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a gateway may forget: every number of a boot up to `upto` that is not in `gaps`.

    Parameters
    ----------
    rejected
        (first, last, reason) of numbers that came, but will not be stored.

    """

    gateway_id: str
    boot: int
    upto: int
    gaps: tuple[tuple[int, int], ...] = ()
    rejected: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of one go of arrivals; all of it is durable."""

    offset: int
    stored: int
    duplicate: int
    rejected: int
    quarantined: int
    receipts: tuple[Receipt, ...]
