"""What the decoders give: readings as sent, and parts that could not be read."""

import msgspec


class Sent(msgspec.Struct, gc=False):
    """One reading as sent: `c` the channel's address, `t` its time, `v` its value."""

    c: str
    t: int | str
    v: float


class Bad(msgspec.Struct, gc=False):
    """A reading that cannot be read; `sample` is what came, as text of its format."""

    reason: str
    detail: str
    address: str
    sample: bytes


class Unreadable(Exception):
    """A whole payload that cannot be read.

    Parameters
    ----------
    reason
        One of a few fixed words, for counting.
    detail
        What was wanted and what came.

    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def why(error: Exception, payload: bytes) -> Unreadable:
    """Tell in the contract's words why a payload could not be decoded."""
    if not payload.strip():
        return Unreadable("empty", "payload must be JSON, got nothing")
    if isinstance(error, RecursionError):
        return Unreadable("too deep", "payload is nested too deeply")
    if isinstance(error, msgspec.ValidationError):
        return Unreadable("wrong shape", str(error)[:300])
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError as broken:
        return Unreadable("not UTF-8", f"payload must be UTF-8: {broken.reason} at {broken.start}")
    return Unreadable("not JSON", str(error)[:300])
