"""One message as a door takes it, before anybody has read it."""

import msgspec

#: `refused` of a message that only waits for its turn to be acknowledged: nothing of it is kept
PASSED = ("passed", "")

#: room for the packet id and, above it, the reason with which it is answered
_TOKEN_BITS = 24


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message as it came.

    They come by the hundred thousand a second: without `gc=False`, the collector that looks at
    each of them would cost more than reading them.

    Parameters
    ----------
    token
        By which it is acknowledged, see `token_of`; `None` when nobody waits.
    refused
        Why the door could not take the payload, as (reason, detail); empty when it could. What
        came of the payload then stands in `payload`.

    """

    topic: str
    payload: bytes
    received_at_ns: int
    retained: bool = False
    token: int | None = None
    refused: tuple[str, str] | tuple[()] = ()


def token_of(connection: int, packet_id: int, reason: int = 0) -> int:
    """Put into one number on which connection a message came, and how it is answered.

    Examples
    --------
    >>> connection_of(token_of(7, 300, 0x87)), answer_of(token_of(7, 300, 0x87)) == 0x87012C
    (7, True)

    """
    return connection << _TOKEN_BITS | reason << 16 | packet_id


def connection_of(token: int) -> int:
    """Tell on which connection a message came."""
    return token >> _TOKEN_BITS


def answer_of(token: int) -> int:
    """Give its packet id, the reason above it."""
    return token & 0xFF_FFFF
