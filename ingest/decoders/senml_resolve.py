"""Resolves SenML records: each gets what the base fields before it say (RFC 8428, 4.6)."""

import math
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from domain.clock import SECOND_NS
from ingest.decoders.items import Bad, Unreadable

#: below it a time counts from now. Source: RFC 8428, 4.5.3
RELATIVE_BELOW_S = 2**28
#: versions: that of RFC 8428, and with it the derived units of RFC 8798 (RFC 9100, 3)
VERSION, VERSION_WITH_DERIVED_UNITS = 10, 26
#: Source: RFC 8428, 4.5.1
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]*", re.ASCII)

_BASES = frozenset({"bver", "bn", "bt", "bu", "bv", "bs"})
_OTHER_VALUES = {"vs": "a text (vs)", "vb": "a truth value (vb)", "vd": "data (vd)"}
_LATEST_NS = 2**63 - 366 * 86400 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Measurement:
    """One resolved record with a value, a sum or both.

    Parameters
    ----------
    taken_ns
        ns since 1970 UTC.
    unit
        As sent, empty when none is named.
    total
        The sum of the values over time, as a meter counts.

    """

    name: str
    taken_ns: int
    unit: str
    value: float | None
    total: float | None

    def as_sent(self) -> bytes:
        """Write it down as a record without bases, for a refusal."""
        fields = {"n": self.name, "u": self.unit, "v": self.value, "s": self.total}
        kept = {name: value for name, value in fields.items() if value not in {None, ""}}
        return msgspec.json.encode([{**kept, "t": self.taken_ns / SECOND_NS}])


@dataclass(slots=True)
class _Base:
    name: str = ""
    unit: str = ""
    time: float = 0
    value: float | None = None
    total: float | None = None
    version: int | None = None

    def update(self, record: dict[Any, Any]) -> None:
        """Take the base fields of a record; all that follow depend on them."""
        if "bver" in record:
            self._check_version(record["bver"])
        self.name = _base_text(record, "bn", self.name)
        self.unit = _base_text(record, "bu", self.unit)
        time = _base_number(record, "bt", self.time)
        self.time = self.time if time is None else time
        self.value = _base_number(record, "bv", self.value)
        self.total = _base_number(record, "bs", self.total)

    def _check_version(self, version: object) -> None:
        wanted = f"{VERSION} or {VERSION_WITH_DERIVED_UNITS}"
        if type(version) is not int or version < 1:
            raise Unreadable("wrong shape", "bver must be a whole number above 0")
        if version > VERSION and version != VERSION_WITH_DERIVED_UNITS:
            # not printed: it may have thousands of digits
            raise Unreadable("version", f"bver must be {wanted}, got one that is not known")
        if self.version is not None and version != self.version:
            raise Unreadable("version", f"a pack must be of one version, got {version} as well")
        self.version = version


def resolve(records: list[Any], received_ns: int) -> tuple[list[Measurement], list[Bad]]:
    """Resolve a pack.

    Returns
    -------
    measurements
        In the order sent.
    bad
        Records that hold no number, or one that cannot be read; the others stand.

    Raises
    ------
    Unreadable
        When the pack must not be used: a version or a mandatory extension that is not known, or
        a base field of the wrong type.

    """
    found: list[Measurement] = []
    bads: list[Bad] = []
    base = _Base()
    for record in records:
        if not isinstance(record, dict):
            bads.append(Bad("wrong type", "record must be a map", "", b""))
            continue
        for label in record:
            if isinstance(label, str) and label.endswith("_"):
                detail = f"the pack may not be used without knowing its field {label[:60]!r}"
                raise Unreadable("extension", detail)
        base.update(record)
        if not record.keys() <= _BASES:
            one = _measurement(record, base, received_ns)
            (found if isinstance(one, Measurement) else bads).append(one)  # type: ignore[arg-type]
    return found, bads


def _measurement(record: dict[Any, Any], base: _Base, received_ns: int) -> Measurement | Bad:
    name, unit = record.get("n", ""), record.get("u", base.unit)
    if not isinstance(name, str) or not isinstance(unit, str):
        return Bad("wrong type", "n and u must be texts", base.name[:200], b"")
    name = base.name + name
    if not name:
        return Bad("name", "a record must have a name", "", b"")
    values = [label for label in ("v", *_OTHER_VALUES) if label in record]
    if len(values) > 1:
        detail = f"a record must have one value, got {' and '.join(values)}"
        return Bad("wrong type", detail, name[:200], b"")
    if values and values[0] in _OTHER_VALUES:
        detail = f"value must be a number, got {_OTHER_VALUES[values[0]]}"
        return Bad("wrong type", detail, name[:200], b"")
    numbers: dict[str, float] = {}
    for label in ("v", "s", "t", "ut"):
        if label in record:
            number = _number(record[label])
            if number is None:
                detail = f"{label} must be a number that a float holds"
                return Bad("wrong type", detail, name[:200], b"")
            numbers[label] = number
    taken_ns = _moment(base.time + numbers.get("t", 0), received_ns)
    if taken_ns is None:
        return Bad("time", "t must lie between 1970 and 2261", name[:200], b"")
    total = _added(base.total, numbers.get("s"))
    # a record with a sum needs no value, and then has none of its base's either
    value = _added(base.value, numbers.get("v")) if values or "s" not in record else None
    if value is None and total is None:
        return Bad("wrong type", "a record must have a value or a sum", name[:200], b"")
    return Measurement(name, taken_ns, unit, value, total)


def _added(base: float | None, own: float | None) -> float | None:
    """Add base and own; one that is missing counts as zero, both missing as nothing."""
    return None if base is None and own is None else float(base or 0) + float(own or 0)


def _moment(seconds: float, received_ns: int) -> int | None:
    """Give the moment of a time, `None` when no clock shows it.

    A float of today's seconds holds a quarter of a microsecond; digits past the microsecond are
    noise, and would make another moment of the same one sent as milliseconds.
    """
    if abs(seconds) >= 2**63 / SECOND_NS:
        return None
    whole = isinstance(seconds, int)
    ns = seconds * SECOND_NS if whole else round(seconds * 1e6) * 1000
    ns = int(ns) + (received_ns if seconds < RELATIVE_BELOW_S else 0)
    return ns if 0 <= ns < _LATEST_NS else None


def _number(value: object) -> float | None:
    """Give a number that a float can hold; not a truth value, which Python takes for one."""
    if type(value) is int:
        return value if -(2**1000) < value < 2**1000 else None
    return value if type(value) is float and math.isfinite(value) else None


def _base_number(record: dict[Any, Any], label: str, otherwise: float | None) -> float | None:
    if label not in record:
        return otherwise
    number = _number(record[label])
    if number is None:
        raise Unreadable("wrong shape", f"{label} must be a number that a float holds")
    return number


def _base_text(record: dict[Any, Any], label: str, otherwise: str) -> str:
    text = record.get(label, otherwise)
    if not isinstance(text, str):
        raise Unreadable("wrong shape", f"{label} must be a text")
    return text
