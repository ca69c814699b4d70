"""What payloads with names of their own share: a point or field that no channel is known for."""

from ingest.columns import Columns
from ingest.decoders.items import Bad
from ingest.sender import Sender

#: name under which such fields of known points are counted
FIELDS_WITHOUT_CHANNEL = "fields that no channel is registered for"


def unknown_point(device: str, point: str, sample: bytes, sender: Sender, into: Columns) -> Bad:
    """Tell why a point is quarantined: nobody knows it, or its device is another gateway's."""
    owners = into.directory.devices.get(device.lower(), set())
    foreign = owners and sender.gateway_id not in owners
    reason = "device of another gateway" if foreign else "unknown channel"
    detail = f"no point {point[:100]!r} at gateway {sender.gateway_id!r}"
    return Bad(reason, detail, point, sample)
