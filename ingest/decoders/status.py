"""The state of a gateway, topic `status`: retained, and its last will."""

from typing import Annotated

import msgspec

from domain.errors import InvalidInput
from domain.ports import GatewayStatus
from ingest.columns import Columns, plain
from ingest.decoders import Decoder
from ingest.decoders.items import Unreadable, why
from ingest.decoders.native_many import BOOT_MAX
from ingest.sender import Sender
from ingest.times import read_time

_REMOUNTED_MAX = 200


class _Remounted(msgspec.Struct):
    """An instrument that was mounted anew, and when; it may be said again and again."""

    t: str | int
    c: Annotated[str, msgspec.Meta(max_length=200)] = ""


class _Status(msgspec.Struct):
    online: bool
    boot: Annotated[int, msgspec.Meta(ge=0, le=BOOT_MAX)] | None = None
    battery: float | None = None
    signal: float | None = None
    firmware: str = ""
    config: Annotated[int, msgspec.Meta(ge=0, le=2**48)] | None = None
    remounted: Annotated[list[_Remounted], msgspec.Meta(max_length=_REMOUNTED_MAX)] = []


_decode = msgspec.json.Decoder(_Status).decode


def decode(payload: bytes, gateway_id: str, at_ns: int) -> GatewayStatus:
    """Read a payload.

    Raises
    ------
    Unreadable
        When it is no status.

    Examples
    --------
    >>> decode(b'{"online":true,"battery":87,"signal":-71,"boot":3}', "g-7", 0).signal_dbm
    -71.0
    >>> told = decode(b'{"online":true,"remounted":[{"c":"T1","t":1795413600000}]}', "g-7", 0)
    >>> told.remounted
    (('T1', 1795413600000000000),)

    """
    try:
        status = _decode(payload)
        remounted = tuple((plain(one.c), read_time(one.t)) for one in status.remounted)
    except InvalidInput as error:
        raise Unreadable("time", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise why(error, payload) from None
    return GatewayStatus(
        gateway_id,
        at_ns,
        status.online,
        status.boot,
        status.battery,
        status.signal,
        status.firmware[:80].replace("\0", "\ufffd"),
        status.config,
        remounted,
    )


def take(payload: bytes, received_ns: int, sender: Sender, into: Columns) -> None:
    """Take a payload in; an empty one is how MQTT forgets a retained status."""
    if not payload:
        return
    told = decode(payload, sender.gateway_id, received_ns)
    if sender.addresses is None:
        into.refuse_stranger(sender.gateway_id, received_ns, payload, 0)
    else:
        into.statuses.append(told)


DECODER = Decoder(
    name="status",
    topics=("status",),
    example=b'{"online":true,"boot":3,"battery":87,"signal":-71,"firmware":"1.4.2"}',
    take=take,
    readings=False,
)
