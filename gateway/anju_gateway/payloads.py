"""How readings and status are written down, and how receipts are read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from anju_gateway.buffer import Kept


@dataclass(frozen=True)
class Receipt:
    """What Anju says that it has.

    Parameters
    ----------
    upto
        Every number up to this one, but for the gaps (first and last, both in the gap).
    rejected
        (first, last, reason) of what will not be stored.

    """

    boot: int
    upto: int
    gaps: tuple[tuple[int, int], ...]
    rejected: tuple[tuple[int, int, str], ...]


def readings(boot: int, kept: Sequence[Kept]) -> bytes:
    """Write a run of readings.

    Examples
    --------
    >>> readings(3, [Kept(17, "C1", 1_800_000_000_250_000_001, 0.5)])
    b'{"boot":3,"seq":17,"readings":[{"c":"C1","t":"2027-01-15T08:00:00.250000001Z","v":0.5}]}'

    """
    rows = [{"c": one.address, "t": _instant(one.taken_at_ns), "v": one.value} for one in kept]
    return _json({"boot": boot, "seq": kept[0].seq, "readings": rows})


def status(online: bool, boot: int, facts: dict[str, float | str]) -> bytes:
    """Write what the gateway says of itself."""
    said: dict[str, Any] = {"online": online, **facts}
    if boot:
        said["boot"] = boot
    return _json(said)


def receipt(payload: bytes) -> Receipt:
    """Read a receipt.

    Raises
    ------
    ValueError
        When it is none.

    """
    try:
        said = json.loads(payload)
        return Receipt(
            int(said["boot"]),
            int(said["upto"]),
            tuple((int(first), int(last)) for first, last in said.get("gaps", ())),
            tuple((int(a), int(b), str(why)) for a, b, why in said.get("rejected", ())),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a receipt: {error!r}") from error


def _json(said: object) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _instant(at_ns: int) -> str:
    second, rest = divmod(at_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
