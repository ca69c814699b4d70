"""What ThingsBoard's gateway asks of its server before it sends, and what the door answers.

It speaks of devices behind it on topics without the gateway's name; the log-in tells whose they
are. Telemetry carries readings. The rest (attributes, connects of devices) is acknowledged and
counted, for there is nothing in it that Anju keeps.
"""

import re

import msgspec

#: what follows the gateway's base in the topic under which telemetry is taken in
WHAT = "thingsboard"
_ME = "v1/devices/me"
TELEMETRY = frozenset({"v1/gateway/telemetry", f"{_ME}/telemetry"})
#: let pass: said by a gateway about itself and its devices, no readings
_PASSED = frozenset(
    {
        "v1/gateway/attributes", "v1/gateway/connect", "v1/gateway/disconnect",
        "v1/gateway/rpc", "v1/gateway/claim", f"{_ME}/attributes", f"{_ME}/claim",
    }
)  # fmt: skip
_REQUEST = re.compile(r"(v1/devices/me/rpc|v1/devices/me/attributes|v1/gateway/attributes)"
                      r"/request(?:/(\d{1,10}))?")  # fmt: skip
_ANSWERED = re.compile(r"v1/devices/me/rpc/response/\d{1,10}")
#: what it may subscribe to; nothing is ever sent there but answers to its own requests
LISTENED = frozenset(
    {
        f"{_ME}/attributes", f"{_ME}/attributes/response/+", f"{_ME}/rpc/request/+",
        f"{_ME}/rpc/response/+", "v1/gateway/attributes", "v1/gateway/attributes/response",
        "v1/gateway/rpc", "v2/fw/response/+/chunk/+", "v2/fw/response/+",
    }
)  # fmt: skip


class _Request(msgspec.Struct):
    method: str = ""


def is_passed(topic: str) -> bool:
    """Tell whether a topic is one that is acknowledged though nothing of it is kept."""
    return topic in _PASSED or bool(_REQUEST.fullmatch(topic) or _ANSWERED.fullmatch(topic))


def answer(
    topic: str, payload: bytes, receive_max: int, payload_bytes_max: int
) -> tuple[str, bytes] | None:
    """Answer a request; `None` when there is nothing to answer.

    Parameters
    ----------
    receive_max, payload_bytes_max
        The door's limits, told as the session's.

    Examples
    --------
    >>> answer("v1/devices/me/rpc/request/7", b'{"method":"getSessionLimits"}', 9, 99)[0]
    'v1/devices/me/rpc/response/7'

    """
    match = _REQUEST.fullmatch(topic)
    if match is None:
        return None
    what, number = match.groups()
    if what.endswith("/rpc"):
        return f"{what}/response/{number}", _to_call(payload, receive_max, payload_bytes_max)
    if number is None:
        return f"{what}/response", _of_device(payload)
    return f"{what}/response/{number}", b"{}"


def _to_call(payload: bytes, receive_max: int, payload_bytes_max: int) -> bytes:
    try:
        method = msgspec.json.decode(payload, type=_Request).method
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b'{"error":"not a request"}'
    if method != "getSessionLimits":
        return b'{"error":"unknown method"}'
    # an empty rate is "no limit" there: the door holds senders back by withholding its acks
    rates = {"messages": "", "telemetryMessages": "", "telemetryDataPoints": ""}
    return msgspec.json.encode(
        {
            "maxPayloadSize": payload_bytes_max,
            "maxInflightMessages": receive_max,
            "rateLimits": rates,
            "gatewayRateLimits": rates,
        }
    )


def _of_device(payload: bytes) -> bytes:
    """Answer a request for a device's attributes: there are none."""
    try:
        asked = msgspec.json.decode(payload, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b"{}"
    return msgspec.json.encode({"id": asked.get("id"), "device": asked.get("device"), "values": {}})
