"""The account of readings: what became of everything a gateway sent."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What became of a reading that was not stored."""

    REJECTED = "rejected"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A payload or reading that was not stored, kept with its reason.

    Parameters
    ----------
    readings
        How many readings it stands for; 0 when the payload cannot be read at all.
    sample
        The payload or the reading as it came, cut to 2,000 bytes.

    """

    id: str
    gateway_id: str
    received_at_ns: int
    fate: Fate
    reason: str
    detail: str
    readings: int
    address: str = ""
    sample: bytes = b""


@dataclass(frozen=True, slots=True)
class DayAccount:
    """Readings of one gateway on one day (UTC, by arrival).

    `missing` counts numbers that a later number has overtaken and that have not come since;
    `sent = stored + rejected + quarantined + missing`, duplicates apart.
    """

    gateway_id: str
    day: str
    stored: int = 0
    rejected: int = 0
    quarantined: int = 0
    duplicate: int = 0
    missing: int = 0

    @property
    def sent(self) -> int:
        """Readings that the gateway sent, as far as its numbers tell."""
        return self.stored + self.rejected + self.quarantined + self.missing
