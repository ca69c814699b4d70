"""Identifiers: UUIDv7 where a thing is made, UUIDv5 for what must come out the same twice."""

import secrets
import uuid

_FINDINGS = uuid.UUID("6f1d3c1e-2f0a-5b7e-9a55-0a6c1d2e4b11")


def new_id(at_ns: int, random_bits: int | None = None) -> str:
    """Make a UUIDv7 (RFC 9562) for a moment.

    Parameters
    ----------
    at_ns
        Moment in ns since 1970 UTC; ids made later sort later, to the millisecond.
    random_bits
        74 random bits; drawn from the system when left out.

    Examples
    --------
    >>> new_id(1_700_000_000_000_000_000, 0)
    '018bcfe5-6800-7000-8000-000000000000'

    """
    bits = secrets.randbits(74) if random_bits is None else random_bits
    head = (at_ns // 1_000_000 & (1 << 48) - 1) << 80
    value = head | 7 << 76 | (bits >> 62 & 0xFFF) << 64 | 2 << 62 | bits & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def same_id(*parts: object) -> str:
    """Make the id that the same parts always give, so that work done twice is kept once.

    Examples
    --------
    >>> same_id("a", 1) == same_id("a", 1)
    True

    """
    return str(uuid.uuid5(_FINDINGS, "\x1f".join(map(str, parts))))
