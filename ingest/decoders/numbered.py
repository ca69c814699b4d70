"""Takes numbered readings in one by one, whatever they were written in."""

from collections.abc import Sequence

import msgspec

from domain.accounts import Fate
from domain.errors import InvalidInput
from ingest.columns import Columns
from ingest.decoders.items import Bad, Sent
from ingest.sender import Sender
from ingest.times import read_time


def take_numbered(
    message: tuple[int, int, Sequence[Sent | Bad]],
    payload: bytes,
    received_ns: int,
    sender: Sender,
    into: Columns,
) -> None:
    """Take the readings of one message in; each uses up a number, refused or not.

    Parameters
    ----------
    message
        Boot, number of the first reading (-1: they have none), readings.

    """
    boot, seq, readings = message
    if sender.addresses is None:
        into.refuse_stranger(sender.gateway_id, received_ns, payload, len(readings))
        return
    codes, numbered, newest = sender.addresses.codes, seq >= 0, 0
    for position, reading in enumerate(readings):
        number = seq + position if numbered else -1
        if isinstance(reading, Bad):
            into.refuse(sender.gateway_id, received_ns, Fate.REJECTED, reading, 1, boot, number)
            continue
        try:
            code, taken = codes[reading.c], read_time(reading.t)
        except (KeyError, InvalidInput):
            taken = refuse_reading(reading, received_ns, sender, into, boot, number)
        else:
            into.add(code, taken, reading.v, sender.code, received_ns, boot, number)
        newest = max(newest, taken)
    if numbered and readings:
        into.count(sender.gateway_id, boot, seq, len(readings), newest)


def refuse_reading(
    reading: Sent, received_ns: int, sender: Sender, into: Columns, boot: int, seq: int
) -> int:
    """Refuse a reading for its time or its channel; give its time, 0 when it cannot be read."""
    sample = msgspec.json.encode(reading)
    try:
        taken = read_time(reading.t)
    except InvalidInput as error:
        fate, bad, taken = Fate.REJECTED, Bad("time", str(error), reading.c, sample), 0
    else:
        detail = f"no channel {reading.c[:100]!r} at gateway {sender.gateway_id!r}"
        fate, bad = Fate.QUARANTINED, Bad("unknown channel", detail, reading.c, sample)
    into.refuse(sender.gateway_id, received_ns, fate, bad, 1, boot, seq)
    return taken
