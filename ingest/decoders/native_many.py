"""Native messages by the hundred: read in one go, checked as columns.

To look at one reading after another costs Python several times what reading its JSON costs; on
columns it costs about as much. `native.take` is the plain form of the same, and whatever is not
plain here goes there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Annotated

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


_decode = msgspec.json.Decoder(Plain).decode
#: columns have a price of their own; about 60 readings and fewer are quicker one by one
_WORTH_IT_BYTES = 5_000
#: with more messages in a batch that are not plain, all are read one by one
_ODD_MAX = 16


def take_many(
    payloads: Sequence[bytes], received_ns: Sequence[int], senders: Sequence[Sender], into: Columns
) -> None:
    """Take payloads of registered gateways in, as `native.take` would one after another."""
    if sum(map(len, payloads)) < _WORTH_IT_BYTES:
        _take_alone(payloads, received_ns, senders, into)
    else:
        take_columns(payloads, received_ns, senders, into)


def take_columns(
    payloads: Sequence[bytes], received_ns: Sequence[int], senders: Sequence[Sender], into: Columns
) -> None:
    """Take payloads in as columns; those that are not plain one by one, in their order."""
    messages = read_many(payloads)
    if messages is not None:
        _take_messages(messages, received_ns, senders, into)
        return
    odd = [i for i, payload in enumerate(payloads) if not _is_plain(payload)]
    if len(odd) > _ODD_MAX:
        _take_alone(payloads, received_ns, senders, into)
        return
    first = 0
    for at in [*odd, len(payloads)]:
        if plain := read_many(payloads[first:at]):
            _take_messages(plain, received_ns[first:at], senders[first:at], into)
        one = slice(at, at + 1)
        _take_alone(payloads[one], received_ns[one], senders[one], into)
        first = at + 1


def _take_alone(
    payloads: Sequence[bytes], received_ns: Sequence[int], senders: Sequence[Sender], into: Columns
) -> None:
    for payload, received, sender in zip(payloads, received_ns, senders, strict=True):
        try:
            sender.decoder.take(payload, received, sender, into)
        except Unreadable as error:
            bad = Bad(error.reason, error.detail, "", payload)
            into.refuse(sender.gateway_id, received, Fate.REJECTED, bad, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """Messages of a batch; `size` is how many readings each has, -1 a number left out."""

    readings: list[Sent]
    size: list[int]
    boot: list[int]
    seq: list[int]


def read_many(payloads: Sequence[bytes]) -> Messages | None:
    """Read payloads and see that each key stands once; `None` when one is not plain."""
    try:
        plain = list(map(_decode, payloads))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    lists = [message.readings for message in plain]
    try:
        readings, size = [reading for (reading,) in lists], [1] * len(plain)
    except ValueError:
        readings, size = list(chain.from_iterable(lists)), list(map(len, lists))
    boot, seq = [message.boot for message in plain], [message.seq for message in plain]
    messages = Messages(readings, size, boot, seq)
    return messages if _keys_stand_once(payloads, messages) else None


def _is_plain(payload: bytes) -> bool:
    return read_many([payload]) is not None


def _keys_stand_once(payloads: Sequence[bytes], messages: Messages) -> bool:
    """Tell whether the texts have the keys that were read and no other.

    A key given twice would hide what stood under it the first time, and the reader does not
    tell. Where no blank follows a quote, each key shows as `":` once, and other text can only
    add to their count: so when the sum over all texts comes out, each text's does.
    """
    text = b"".join(payloads)
    letters = np.frombuffer(text, np.uint8)
    # most senders write no blank at all
    if (letters <= ord(" ")).any() and (
        (letters[:-1] == ord('"')) & (letters[1:] <= ord(" "))
    ).any():
        return False
    left_out = messages.boot.count(-1) + messages.seq.count(-1)
    keys = 3 * len(messages.size) + 3 * len(messages.readings) - left_out
    return text.count(b'":') == keys


def _take_messages(
    messages: Messages, received_ns: Sequence[int], senders: Sequence[Sender], into: Columns
) -> None:
    readings = messages.readings
    size, seq = np.array(messages.size, np.int64), np.array(messages.seq, np.int64)
    boot = np.where(seq < 0, -1, np.maximum(np.array(messages.boot, np.int64), 0))
    gateway = np.array([sender.code for sender in senders], np.int32)
    received = np.array(received_ns, np.int64)
    codes_of = [sender.addresses.codes if sender.addresses else {} for sender in senders]
    first = np.cumsum(size) - size
    message = np.arange(len(size))
    row_seq, row_boot, row_gateway = seq, boot, gateway
    if len(readings) != len(size) or not size.all():
        message = np.repeat(message, size)
        codes_of = list(chain.from_iterable(map(repeat, codes_of, messages.size)))
        position = np.arange(len(readings)) - first[message]
        row_boot, row_gateway, received = boot[message], gateway[message], received[message]
        row_seq = np.where(seq[message] < 0, -1, seq[message] + position)
    code = _codes(readings, codes_of)
    taken, readable = read_times([reading.t for reading in readings])
    good = readable & (code >= 0)
    bad_rows = np.flatnonzero(~good).tolist()
    places = len(into) + np.cumsum(good) if bad_rows else good
    for row in bad_rows:
        at = int(message[row])
        number = (int(boot[at]), int(row_seq[row]), int(places[row]))
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
        _count(senders, gateway, size, boot, seq, first, taken, into)


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
    size: Int64s,
    boot: Int64s,
    seq: Int64s,
    first: Int64s,
    taken: Int64s,
    into: Columns,
) -> None:
    """Note the numbers used, by gateway and boot, messages that follow each other as one run."""
    used = np.flatnonzero(size)
    if not len(used):
        return
    newest = np.maximum.reduceat(taken, first[used])  # of each message with readings
    numbered = seq[used] >= 0
    used, newest = used[numbered], newest[numbered]
    key = gateway[used].astype(np.int64) << 32 | boot[used]
    order = np.argsort(key, kind="stable")
    key, used, newest = key[order], used[order], newest[order]
    start = seq[used]
    end = start + size[used]
    if not len(used):
        return
    breaks = np.flatnonzero((key[1:] != key[:-1]) | (start[1:] != end[:-1])) + 1
    runs = np.concatenate(([0], breaks))
    lasts = np.concatenate((breaks, [len(used)])) - 1
    newest = np.maximum.reduceat(newest, runs)
    for run, last, newest_ns in zip(runs.tolist(), lasts.tolist(), newest.tolist(), strict=True):
        at = int(used[run])
        n = int(end[last] - start[run])
        ends_ns = _ends(taken, first[used[run : last + 1]], size[used[run : last + 1]])
        into.count(senders[at].gateway_id, int(boot[at]), int(start[run]), n, newest_ns, ends_ns)


def _ends(taken: Int64s, first: Int64s, size: Int64s) -> tuple[int, int]:
    """Tell the times of the first and the last reading of some messages that follow each other.

    A time that cannot be read is 0; then the nearest inside counts.
    """
    ends = int(taken[first[0]]), int(taken[first[-1] + size[-1] - 1])
    if all(ends):
        return ends
    rows = np.concatenate([np.arange(a, a + n) for a, n in zip(first, size, strict=True)])
    known = taken[rows][taken[rows] > 0]
    return (int(known[0]), int(known[-1])) if len(known) else (0, 0)
