"""Refuses a payload in which a key stands twice: what stood under it first would be lost."""

import json
from typing import Any

from ingest.decoders.items import Unreadable, why


def refuse_double_keys(payload: bytes) -> None:
    """Look at every object of a payload that is otherwise good JSON.

    It is slow (some µs a key); callers look first whether the plain count of keys comes out.

    Raises
    ------
    Unreadable
        When a key stands twice in one object.

    """
    try:
        json.loads(payload, object_pairs_hook=_each_once)
    except RecursionError as error:
        raise why(error, payload) from None
    except ValueError as error:  # Python's reader refuses a little more, as half a surrogate
        raise Unreadable("not JSON", str(error)[:300]) from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Unreadable("double key", f"each key must stand once, got {key[:80]!r} twice")
        found[key] = value
    return found


def count_keys(value: object) -> int:
    """Count the keys of a nest of objects and arrays."""
    if not isinstance(value, dict):
        return sum(map(count_keys, value)) if isinstance(value, list) else 0
    return len(value) + sum(map(count_keys, value.values()))
