"""The parts of one packet, read from front to back, and the properties of MQTT 5."""

from ingest.door.packets import Malformed, Reason

#: type of each property: bytes of a number, `t`ext, `b`inary, `v`ariable number, `p`air of texts
_TYPES: dict[int, int | str] = {
    0x01: 1, 0x02: 4, 0x03: "t", 0x08: "t", 0x09: "b", 0x0B: "v", 0x11: 4, 0x15: "t", 0x16: "b",
    0x17: 1, 0x18: 4, 0x19: 1, 0x1F: "t", 0x21: 2, 0x22: 2, 0x23: 2, 0x26: "p", 0x27: 4,
}  # fmt: skip
#: may stand more than once
_REPEATED = frozenset({0x0B, 0x26})
#: 0 or 1 only
_SWITCHES = frozenset({0x01, 0x17, 0x19})
#: anything but 0
_POSITIVE = frozenset({0x0B, 0x21, 0x23, 0x27})


class Fields:
    """The part of a packet behind its length.

    Every method raises `Malformed` when the packet ends too early or the part is not as it must be.
    """

    def __init__(self, data: bytes, at: int, end: int | None = None) -> None:
        self._data, self._at = data, at
        self._end = len(data) if end is None else end

    def number(self, size: int) -> int:
        """Read a number of so many bytes."""
        return int.from_bytes(self._take(size))

    def variable(self) -> int:
        """Read a number that is written seven bits a byte."""
        found = 0
        for shift in (0, 7, 14, 21):
            byte = self.number(1)
            found |= (byte & 0x7F) << shift
            if byte < 0x80:
                return found
        raise Malformed("a number must have at most 4 bytes")

    def binary(self) -> bytes:
        """Read bytes behind their length."""
        return self._take(self.number(2))

    def text(self) -> str:
        """Read a text behind its length."""
        try:
            text = self.binary().decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed("a text must be UTF-8") from None
        if "\0" in text:
            raise Malformed("a text must not hold NUL")
        return text

    def packet_id(self) -> int:
        """Read a packet id."""
        found = self.number(2)
        if not found:
            raise Malformed("a packet id must not be 0", Reason.PROTOCOL_ERROR)
        return found

    def rest(self) -> bytes:
        """Read all that is left."""
        return self._take(self._end - self._at)

    def properties(self, allowed: frozenset[int]) -> dict[int, int | str | bytes]:
        """Read the properties of MQTT 5; user properties are checked and let pass."""
        size = self.variable()
        inner = Fields(self._data, self._at, self._at + size)
        self._take(size)
        found: dict[int, int | str | bytes] = {}
        while inner.more:
            key = inner.variable()
            if key not in allowed:
                raise Malformed(f"no such property here: 0x{key:02x}")
            if key in found and key not in _REPEATED:
                raise Malformed(f"property 0x{key:02x} stands twice", Reason.PROTOCOL_ERROR)
            found[key] = value = inner.value_of(key)
            if (key in _POSITIVE and not value) or (key in _SWITCHES and value not in {0, 1}):
                raise Malformed(f"property 0x{key:02x} cannot be {value!r}", Reason.PROTOCOL_ERROR)
        return found

    def value_of(self, key: int) -> int | str | bytes:
        """Read the value of one property."""
        kind = _TYPES[key]
        if isinstance(kind, int):
            return self.number(kind)
        if kind == "t":
            return self.text()
        if kind == "b":
            return self.binary()
        if kind == "v":
            return self.variable()
        return self.text() + self.text()

    @property
    def more(self) -> bool:
        """Tell whether something is left."""
        return self._at < self._end

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > self._end:
            raise Malformed("a packet ends before its parts do")
        part = self._data[self._at : end]
        self._at = end
        return part
