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

    `missing` counts numbers that a later number has overtaken and that have not come since, on
    the day on which that was seen; when one comes after all it is taken off that day and counts
    as stored on the day on which it came. `sent = stored + rejected + quarantined + missing`,
    duplicates apart.

    Parameters
    ----------
    reasons
        (fate, reason, readings) of what was not stored; they add up to `rejected` and
        `quarantined`.

    """

    gateway_id: str
    day: str
    stored: int = 0
    rejected: int = 0
    quarantined: int = 0
    duplicate: int = 0
    missing: int = 0
    reasons: tuple[tuple[str, str, int], ...] = ()

    @property
    def sent(self) -> int:
        """Readings that the gateway sent, as far as its numbers tell."""
        return self.stored + self.rejected + self.quarantined + self.missing


@dataclass(frozen=True, slots=True)
class NumberGap:
    """Numbers of a gateway's count that have not come, though a later one has.

    Parameters
    ----------
    boot, count
        The gateway's boot, and how often it had begun to count anew within it.
    first, last
        Both are missing.
    day
        Day (UTC) on which a later number came: the account counts them as missing on it.
    after_ns, before_ns
        `taken_at` of the readings just before and just after, 0 where not known: the missing
        ones were taken between the two.

    """

    gateway_id: str
    boot: int
    count: int
    first: int
    last: int
    day: str
    after_ns: int = 0
    before_ns: int = 0

    @property
    def readings(self) -> int:
        """How many are missing."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class GapChange:
    """How the gaps of one count changed.

    Parameters
    ----------
    here
        Gaps as they stand now; each replaces the one with its first number.
    gone
        First numbers of gaps that stand no more.

    """

    gateway_id: str
    boot: int
    count: int
    here: tuple[NumberGap, ...] = ()
    gone: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Released:
    """A refusal whose readings come in after all.

    Parameters
    ----------
    day
        Day (since 1970, UTC) on whose account they stand.
    readings
        How many were quarantined.

    """

    refusal_id: str
    gateway_id: str
    day: int
    reason: str
    readings: int
