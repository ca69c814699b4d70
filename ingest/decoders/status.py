"""The state of a gateway, topic `status`: retained, and its last will."""

from typing import Annotated

import msgspec

from domain.ports import GatewayStatus
from ingest.columns import Columns
from ingest.decoders import Decoder
from ingest.decoders.items import why
from ingest.decoders.native_many import BOOT_MAX
from ingest.sender import Sender


class _Status(msgspec.Struct):
    online: bool
    boot: Annotated[int, msgspec.Meta(ge=0, le=BOOT_MAX)] | None = None
    battery: float | None = None
    signal: float | None = None
    firmware: str = ""


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

    """
    try:
        status = _decode(payload)
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
