"""Native messages by the hundred: read in one go, checked as columns.

One message costs Python several microseconds, whatever library reads its JSON; a batch read as
one JSON array costs a fifth of that a message. `native.decode` is the plain form of the same,
and whatever is not plain here goes there.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Annotated, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.accounts import Fate
from ingest.columns import Columns
from ingest.decoders.items import Bad, Sent, Unreadable
from ingest.decoders.numbered import refuse_reading
from ingest.rows import Rows
from ingest.sender import Sender
from ingest.time_columns import read_times

BOOT_MAX = 2**31 - 1
SEQ_MAX = 2**48

Int64s = NDArray[np.int64]


class Plain(msgspec.Struct, gc=False):
    """A message as nearly all are; -1 stands for a number that is left out."""

    readings: list[Sent]
    boot: Annotated[int, msgspec.Meta(ge=0, le=BOOT_MAX)] = -1
    seq: Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)] = -1


_decode = msgspec.json.Decoder(list[Plain | int]).decode
#: a part of a batch that does not read as a whole is cut in so many before it is read one by one
_PARTS = 16
#: columns have a price of their own; about 60 readings and fewer are quicker one by one
_WORTH_IT_BYTES = 5_000


def take_many(
    payloads: Sequence[bytes], received_ns: Sequence[int], senders: Sequence[Sender], into: Columns
) -> None:
    """Take payloads of registered gateways in, as `native.take` would one after another."""
    parts = _PARTS if sum(map(len, payloads)) >= _WORTH_IT_BYTES else 0
    take_part(payloads, received_ns, senders, into, parts)


def take_part(
    payloads: Sequence[bytes],
    received_ns: Sequence[int],
    senders: Sequence[Sender],
    into: Columns,
    parts: int,
) -> None:
    """Take payloads in as columns; those that cannot be read so one by one."""
    messages = read_many(payloads) if parts else None
    if messages is not None:
        _take_columns(messages, received_ns, senders, into)
        return
    if parts <= 1:
        for payload, received, sender in zip(payloads, received_ns, senders, strict=True):
            try:
                sender.decoder.take(payload, received, sender, into)
            except Unreadable as error:
                bad = Bad(error.reason, error.detail, "", payload)
                into.refuse(sender.gateway_id, received, Fate.REJECTED, bad, 0)
        return
    # one bad message is somewhere; the parts without it are still read as a whole
    size = -(-len(payloads) // parts)
    for first in range(0, len(payloads), size):
        part = slice(first, first + size)
        take_part(payloads[part], received_ns[part], senders[part], into, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """Messages of a batch; `size` is how many readings each has, -1 a number left out."""

    readings: list[Sent]
    size: Int64s
    boot: Int64s
    seq: Int64s


def read_many(payloads: Sequence[bytes]) -> Messages | None:
    """Read payloads as one array; `None` when one of them is not plain.

    A number that nobody can guess stands between any two: a payload such as `{…},{…}` or
    `{"readings":[` would otherwise shift its neighbours' readings to other gateways.
    """
    n, mark = len(payloads), secrets.randbits(40)
    text = b"[%s]" % (b",%d," % mark).join(payloads)
    try:
        found = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(found) != 2 * n - 1 or found[1::2].count(mark) != n - 1:
        return None
    plain = cast("list[Plain]", found[::2])
    try:
        lists = [message.readings for message in plain]
    except AttributeError:  # a payload that is a number
        return None
    try:
        readings, size = [reading for (reading,) in lists], np.ones(n, np.int64)
    except ValueError:
        readings = list(chain.from_iterable(lists))
        size = np.array(list(map(len, lists)), np.int64)
    messages = Messages(
        readings,
        size,
        np.array([message.boot for message in plain], np.int64),
        np.array([message.seq for message in plain], np.int64),
    )
    return messages if _keys_stand_once(text, messages) else None


def _keys_stand_once(text: bytes, messages: Messages) -> bool:
    """Tell whether the text has the keys that were read and no other.

    A key given twice would hide what stood under it the first time, and the reader does not
    tell. Where no blank follows a quote, each key shows as `":` once, and other text can only
    add to their count.
    """
    letters = np.frombuffer(text, np.uint8)
    quotes, after = letters[:-1] == ord('"'), letters[1:]
    if (quotes & (after <= ord(" "))).any():
        return False
    n, readings = len(messages.size), len(messages.readings)
    keys = n + 3 * readings + np.count_nonzero(messages.boot >= 0)
    keys += np.count_nonzero(messages.seq >= 0)
    return int(np.count_nonzero(quotes & (after == ord(":")))) == keys


def _take_columns(
    messages: Messages, received_ns: Sequence[int], senders: Sequence[Sender], into: Columns
) -> None:
    readings, size, seq = messages.readings, messages.size, messages.seq
    boot = np.where(seq < 0, -1, np.maximum(messages.boot, 0))
    gateway = np.array([sender.code for sender in senders], np.int32)
    received = np.array(received_ns, np.int64)
    codes_of = [sender.addresses.codes if sender.addresses else {} for sender in senders]
    first = np.cumsum(size) - size
    message = np.arange(len(size))
    row_seq, row_boot, row_gateway = seq, boot, gateway
    if len(readings) != len(size) or not size.all():
        message = np.repeat(message, size)
        codes_of = list(chain.from_iterable(map(repeat, codes_of, size.tolist())))
        position = np.arange(len(readings)) - first[message]
        row_boot, row_gateway, received = boot[message], gateway[message], received[message]
        row_seq = np.where(seq[message] < 0, -1, seq[message] + position)
    code = _codes(readings, codes_of)
    taken, readable = read_times([reading.t for reading in readings])
    good = readable & (code >= 0)
    for row in np.flatnonzero(~good).tolist():
        at = int(message[row])
        number = (int(boot[at]), int(row_seq[row]))
        refuse_reading(readings[row], received_ns[at], senders[at], into, *number)
    rows = Rows(
        code,
        taken,
        np.array([reading.v for reading in readings], np.float64),
        np.zeros(len(readings), np.uint16),
        row_gateway,
        received,
        row_seq,
        row_boot.astype(np.int32),
    )
    into.add_rows(rows if good.all() else rows.take(good))
    if (seq >= 0).any():
        _count(senders, gateway, messages, boot, first, taken, into)


def _codes(readings: list[Sent], codes_of: Sequence[Mapping[str, int]]) -> Int64s:
    """Find the channel of each reading, -1 where its gateway has none of that address."""
    pairs = zip(codes_of, readings, strict=True)
    try:
        found = [codes[reading.c] for codes, reading in pairs]
    except KeyError:
        pairs = zip(codes_of, readings, strict=True)
        found = [codes.get(reading.c, -1) for codes, reading in pairs]
    return np.array(found, np.int64)


def _count(
    senders: Sequence[Sender],
    gateway: NDArray[np.int32],
    messages: Messages,
    boot: Int64s,
    first: Int64s,
    taken: Int64s,
    into: Columns,
) -> None:
    """Note the numbers used, by gateway and boot, messages that follow each other as one run."""
    used = np.flatnonzero(messages.size)
    if not len(used):
        return
    newest = np.maximum.reduceat(taken, first[used])  # of each message with readings
    numbered = messages.seq[used] >= 0
    used, newest = used[numbered], newest[numbered]
    key = gateway[used].astype(np.int64) << 32 | boot[used]
    order = np.argsort(key, kind="stable")
    key, used, newest = key[order], used[order], newest[order]
    start = messages.seq[used]
    end = start + messages.size[used]
    if not len(used):
        return
    breaks = np.flatnonzero((key[1:] != key[:-1]) | (start[1:] != end[:-1])) + 1
    runs = np.concatenate(([0], breaks))
    lasts = np.concatenate((breaks, [len(used)])) - 1
    newest = np.maximum.reduceat(newest, runs)
    for run, last, newest_ns in zip(runs.tolist(), lasts.tolist(), newest.tolist(), strict=True):
        at = int(used[run])
        n = int(end[last] - start[run])
        into.count(senders[at].gateway_id, int(boot[at]), int(start[run]), n, newest_ns)
