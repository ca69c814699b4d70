"""Ids that leave Anju and come out the same every time: GlobalIds of IFC, GUIDs of BCF."""

import uuid

_NAMESPACE = uuid.UUID("0f6b3c52-4a55-5c0f-9d0e-3b8a5d7b8f21")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$"


def same_uuid(*parts: object) -> str:
    """Make the UUID that the same parts always give."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(map(str, parts))))


def same_guid(*parts: object) -> str:
    """Make the GlobalId that the same parts always give.

    Examples
    --------
    >>> same_guid("model", "sensor", "s-1") == same_guid("model", "sensor", "s-1")
    True

    """
    return compress(uuid.UUID(same_uuid(*parts)))


def compress(value: uuid.UUID) -> str:
    """Write a UUID as IFC does: 22 digits of base 64, its own alphabet, highest first.

    Examples
    --------
    >>> compress(uuid.UUID("00000000-0000-0000-0000-00000000003f"))
    '000000000000000000000$'

    """
    number, digits = value.int, []
    for _ in range(22):
        number, digit = divmod(number, 64)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
