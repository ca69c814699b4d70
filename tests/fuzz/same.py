"""Native messages read together come to the same as one after another."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from domain.accounts import Fate
from domain.arrivals import Arrivals, Refused
from ingest.columns import Columns
from ingest.decoders import native, native_many
from ingest.decoders.items import Bad, Unreadable
from ingest.sender import Sender
from ingest.settings import IngestSettings
from tests.fuzz.register import DIRECTORY, NOW_NS, check

_GATEWAYS = ["g-1", "g-2", "g-3"]
_SENDERS = [
    Sender(name, "readings", native.DECODER, DIRECTORY.gateways["g-1"], code, in_bulk=True)
    for code, name in enumerate(_GATEWAYS)
]


def same(payloads: Sequence[bytes]) -> None:
    """Read payloads, of three gateways in turn, both ways and compare."""
    senders = [_SENDERS[i % 3] for i in range(len(payloads))]
    received = [NOW_NS + i for i in range(len(payloads))]
    together, alone = (Columns(DIRECTORY, _GATEWAYS, Counter()) for _ in range(2))
    native_many.take_columns(payloads, received, senders, together)
    for payload, at_ns, sender in zip(payloads, received, senders, strict=True):
        try:
            native.take(payload, at_ns, sender, alone)
        except Unreadable as error:
            bad = Bad(error.reason, error.detail, "", payload)
            alone.refuse(sender.gateway_id, at_ns, Fate.REJECTED, bad, 0)
    one, other = (columns.arrivals(NOW_NS, IngestSettings()) for columns in (together, alone))
    check(one)
    assert _shown(one) == _shown(other)


def _shown(came: Arrivals) -> tuple[object, ...]:
    batch = came.batch
    columns = (batch.channel, batch.taken_at, batch.value, batch.flag, batch.received_at,
               batch.seq, batch.boot, came.gateway)  # fmt: skip
    return (
        batch.channels,
        [np.asarray(column).tolist() for column in columns],
        came.counts,
        sorted(came.refused, key=_order),
    )


def _order(refused: Refused) -> tuple[object, ...]:
    return refused.received_at_ns, refused.seq, refused.address, refused.detail, refused.sample
