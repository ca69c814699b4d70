"""Who sent a message, as far as the register knows."""

from dataclasses import dataclass

from ingest.decoders import Decoder
from ingest.directory import Addresses


@dataclass(frozen=True, slots=True, eq=False)
class Sender:
    """One gateway on one of its topics.

    Parameters
    ----------
    topic
        Under the gateway's base.
    addresses
        What it calls its channels; `None` when it is not registered.
    code
        Its number in the batch's columns.
    in_bulk
        Its messages may wait for others and be read together.

    """

    gateway_id: str
    topic: str
    decoder: Decoder
    addresses: Addresses | None
    code: int
    in_bulk: bool = False
