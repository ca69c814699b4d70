"""From a payload to what a gateway said in it; one file a payload, found by name.

A file of this folder that offers `DECODER` is a payload; the others are what decoders share.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # both need this package
    from ingest.columns import Columns
    from ingest.sender import Sender

    Take = Callable[[bytes, int, Sender, Columns], None]
    TakeMany = Callable[[Sequence[bytes], Sequence[int], Sequence[Sender], Columns], None]


@dataclass(frozen=True, slots=True, eq=False)
class Decoder:
    """One payload of the contract with gateways.

    Parameters
    ----------
    name
        As it stands at the examples in docs/mqtt.md.
    topics
        Topics under a gateway's base on which it comes.
    example
        A payload that is taken in without a complaint.
    take
        Takes one payload in (its bytes, ns received, who sent it); what cannot be read of it is
        refused into the same columns. Raises `Unreadable` when nothing of it can be used.
    take_many
        The same for many at once (payloads, ns received, senders), where that is quicker;
        none of the senders is a stranger. It refuses what `take` would raise for.
    readings
        It carries readings; retained ones are ignored.
    numbered
        Its readings may have numbers; without, what is missing is told by plan only.

    """

    name: str
    topics: tuple[str, ...]
    example: bytes
    take: "Take"
    take_many: "TakeMany | None" = None
    readings: bool = True
    numbered: bool = False


@cache
def decoders() -> Mapping[str, Decoder]:
    """Find every payload by its file; by name."""
    found: dict[str, Decoder] = {}
    for module in pkgutil.iter_modules(__path__):
        decoder = getattr(importlib.import_module(f"{__name__}.{module.name}"), "DECODER", None)
        if decoder is not None:
            found[decoder.name] = decoder
    return found


@cache
def decoder_by_topic() -> Mapping[str, Decoder]:
    """Give the payload of each topic under a gateway's base."""
    return {topic: decoder for decoder in decoders().values() for topic in decoder.topics}
