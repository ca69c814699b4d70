"""InfluxDB line protocol for readings, without an object for each point."""

import re
from collections.abc import Iterator

from domain.readings import Int32s, Reading
from storage.readings.columns import NEVER, Rows
from storage.readings.heads import FILLING, HeadArray, flag_of
from storage.readings.spans import Every, Spans

#: what line protocol cannot carry in a tag: a backslash before a separator is ambiguous, a line
#: break ends the point; `%` is our own escape
_UNSAFE = re.compile(r"[%\\\x00-\x1f\x7f]")
_SEPARATORS = re.compile(r"([,= ])")
_ESCAPED = re.compile(r"%([0-9A-F]{2})")
_NAMELESS = "%"
_PLAIN = ("taken_at", "value", "flag", "received_at", "forgotten_before")
_EVERY: tuple[Every, ...] = ("hour", "day")


def tag_of(channel_id: str) -> str:
    r"""Turn a channel id into the tag value that stands for it.

    Examples
    --------
    >>> tag_of("一号楼 T1.x"), tag_of("a\\"), tag_of("100%"), tag_of("")
    ('一号楼 T1.x', 'a%5C', '100%25', '%')

    """
    if not channel_id:
        return _NAMELESS  # InfluxDB drops an empty tag
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", channel_id)


def channel_of(tag: str) -> str:
    r"""Turn a tag value back into the channel id.

    Examples
    --------
    >>> channel_of(tag_of("a\\ %41\n")) == "a\\ %41\n"
    True

    """
    if tag == _NAMELESS:
        return ""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), tag)


def prefix_of(channel_id: str) -> str:
    r"""Write the tag part of a point: the channel, escaped for line protocol.

    Examples
    --------
    >>> prefix_of("T1, x=y")
    ',channel=T1\\,\\ x\\=y '

    """
    return ",channel=" + _SEPARATORS.sub(r"\\\1", tag_of(channel_id)) + " "


def quoted(channel_id: str) -> str:
    r"""Write a channel's tag value as an InfluxQL string.

    Examples
    --------
    >>> quoted("O'Hara")
    "'O\\'Hara'"

    """
    return "'" + tag_of(channel_id).replace("'", "\\'") + "'"


def reading_lines(rows: Rows, prefixes: list[str], measurement: str = "readings") -> Iterator[str]:
    """Write readings; `prefixes` has each channel's tag part by the channel's number."""
    for channel, taken_at, value, flag, received_at in _each(rows):
        yield (
            f"{measurement}{prefixes[channel]}value={value!r},flag={flag}i,"
            f"received_at={received_at}i {taken_at}"
        )


def head_lines(channel: Int32s, heads: HeadArray, prefixes: list[str]) -> Iterator[str]:
    """Write heads: one point a channel, always at the same instant.

    All is in one field: of a point with many, a reader may meet some new and some old ones.
    """
    plain = (heads[name].tolist() for name in _PLAIN)
    filling = (heads[every][name].tolist() for every in _EVERY for name in FILLING)
    texts = map(" ".join, zip(*(map(repr, column) for column in (*plain, *filling)), strict=True))
    for code, text in zip(channel.tolist(), texts, strict=True):
        yield f'head{prefixes[code]}head="{text}" 0'


def put_head(head: HeadArray, text: str, forgotten_before: int) -> None:
    """Read what `head_lines` wrote into one head.

    Parameters
    ----------
    head
        (1,) of `storage.readings.heads.HEAD`.
    forgotten_before
        Moment before which readings were deleted, as it is known now; a head that was written
        without this knowledge may show a reading that is gone.

    """
    words = iter(text.split())
    for name in _PLAIN:
        head[name] = _number(next(words))
    for every in _EVERY:
        for name in FILLING:
            head[every][name] = _number(next(words))
    if forgotten_before > head["forgotten_before"][0]:
        head["forgotten_before"] = forgotten_before
        if head["taken_at"][0] < forgotten_before:
            head["taken_at"] = NEVER


def newest_of(channel_id: str, text: str, forgotten_before: int) -> Reading | None:
    """Read the newest reading out of what `head_lines` wrote; see `put_head`."""
    taken_at, value, flag, received_at, known = text.split(maxsplit=5)[:5]
    gone = forgotten_before > int(known) and int(taken_at) < forgotten_before
    if gone or int(taken_at) == NEVER:
        return None
    return Reading(channel_id, int(taken_at), float(value), flag_of(int(flag)), int(received_at))


def forgotten_line(channel_id: str, end_ns: int) -> str:
    """Note that a channel's readings before a moment were deleted."""
    return f"forgotten{prefix_of(channel_id)}before={end_ns}i 0"


def span_lines(spans: Spans, every: Every, prefixes: list[str]) -> Iterator[str]:
    """Write spans."""
    columns = zip(
        spans.channel.tolist(),
        spans.start.tolist(),
        spans.count.tolist(),
        spans.total.tolist(),
        spans.low.tolist(),
        spans.high.tolist(),
        strict=True,
    )
    for channel, start, count, total, low, high in columns:
        yield (
            f"{every}{prefixes[channel]}count={count}i,total={total!r},low={low!r},"
            f"high={high!r} {start}"
        )


def _number(word: str) -> float:
    try:
        return int(word)
    except ValueError:
        return float(word)


def _each(rows: Rows) -> Iterator[tuple[int, int, float, int, int]]:
    return zip(
        rows.channel.tolist(),
        rows.taken_at.tolist(),
        rows.value.tolist(),
        rows.flag.tolist(),
        rows.received_at.tolist(),
        strict=True,
    )
