"""Repeatable puts: an object's state as its `ETag`, and `If-Match` (RFC 9110 8.8.3, 13.1.1)."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from fastapi import Header, Response

from api.problem import Stale
from domain.errors import Conflict

T = TypeVar("T")

IfMatch = Annotated[
    str,
    Header(
        pattern=r'^(|\*|"[0-9a-f]{1,16}")$',
        description="the ETag that was read: needed to change an object that is there",
    ),
]


def etag(record: Any) -> str:
    """Write an object's state as an entity tag: its version, or else a hash of its content."""
    version = getattr(record, "version", None)
    if version is not None:
        return f'"{version}"'
    return f'"{hashlib.sha256(repr(record).encode()).hexdigest()[:16]}"'


def put(
    kept: T | None,
    wanted: T,
    if_match: str,
    response: Response,
    what: str,
    save: Callable[[T], None],
) -> T:
    """Write an object unless it is there just so, and say in the response what was done.

    Parameters
    ----------
    kept
        What is there now; `None` when the object is new.
    wanted
        What shall be there; its version, where it has one, is counted here.
    if_match
        The header; `*` matches whatever is there, empty when it is missing.
    what
        The object for people: `building 'b-7'`.

    Raises
    ------
    Stale
        When the header does not fit what is kept.
    Conflict
        When there is another content and the header is missing.

    """
    has_version = hasattr(wanted, "version")
    if kept is None:
        if if_match:
            raise Stale(f"there is no {what} yet; send no If-Match")
        response.status_code = 201
    else:
        if has_version:
            wanted = _with_version(wanted, kept, 0)
        if wanted == kept:
            # repeated, or done by somebody else: what was asked for is there
            response.headers["ETag"] = etag(kept)
            return kept
        if not if_match:
            raise Conflict(f"{what} is there with another content; send its ETag as If-Match")
        if if_match not in {"*", etag(kept)}:
            raise Stale(f"{what} is at ETag {etag(kept)}, If-Match has {if_match}")
        if has_version:
            wanted = _with_version(wanted, kept, 1)
    save(wanted)
    response.headers["ETag"] = etag(wanted)
    return wanted


def _with_version(wanted: T, kept: T, step: int) -> T:
    version = kept.version + step  # type: ignore[attr-defined]
    return replace(wanted, version=version)  # type: ignore[type-var]
