"""A kept file as an answer: known by its ETag, in parts, and packed (RFC 9110 8.8.3, 13, 14)."""

import re
from collections.abc import Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from api.problem import problems
from domain.errors import NotFound
from domain.ports import FileStore

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


def documented(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Document what `answer_file` answers."""
    content: dict[str, Any] = {kind: {} for kind in media_types}
    return {
        200: {"description": "the file", "content": content},
        206: {"description": "the part of it that was asked for", "content": content},
        304: {"description": "it is what the caller has"},
        **problems(416),
    }


def answer_file(
    request: Request,
    files: FileStore,
    key: str,
    sha256: str,
    media_type: str,
    *,
    packed_key: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """Answer a file, a part of it, or that the caller has it already.

    Parameters
    ----------
    packed_key
        Where the same lies gzipped; it is sent to callers that take it and ask for no part.

    Raises
    ------
    NotFound
        When it is not in the store.

    """
    asked = request.headers.get("Range", "")
    tag = f'"{sha256}"'
    packed = bool(packed_key) and not asked and _takes_gzip(request) and _size(files, packed_key)
    packed_tag = f'"{sha256}-gzip"'
    told = {
        "ETag": packed_tag if packed else tag,
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        **(headers or {}),
    }
    if packed_key:
        told["Vary"] = "Accept-Encoding"
    if _has(request, {tag, packed_tag}):
        return Response(status_code=304, headers=told)
    if packed:
        told |= {"Content-Encoding": "gzip", "Content-Length": str(packed)}
        return StreamingResponse(files.pieces(packed_key), media_type=media_type, headers=told)
    size = files.size_bytes(key)
    told["Accept-Ranges"] = "bytes"
    part = _part(asked, size) if request.headers.get("If-Range", tag) == tag else None
    if part is None:
        told["Content-Length"] = str(size)
        return StreamingResponse(files.pieces(key), media_type=media_type, headers=told)
    first, last = part
    told |= {
        "Content-Range": f"bytes {first}-{last}/{size}",
        "Content-Length": str(last - first + 1),
    }
    pieces = _cut(files.pieces(key), first, last + 1)
    return StreamingResponse(pieces, 206, media_type=media_type, headers=told)


def _size(files: FileStore, key: str) -> int:
    try:
        return files.size_bytes(key)
    except NotFound:
        return 0


def _takes_gzip(request: Request) -> bool:
    for part in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip() in {"gzip", "*"}:
            return re.fullmatch(r"\s*q=0(\.0{0,3})?\s*", weight) is None
    return False


def _has(request: Request, tags: set[str]) -> bool:
    given = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
    return any(tag == "*" or tag.removeprefix("W/") in tags for tag in given)


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """Tell first and last byte of one part; `None`: the whole, for whatever else is asked."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or found.groups() == ("", ""):
        return None
    begin, end = found.groups()
    if begin:
        first, last = int(begin), min(int(end), size - 1) if end else size - 1
        if end and int(end) < first:
            return None
    else:
        first, last = max(0, size - int(end)), size - 1
    if first > last:
        whole = {"Content-Range": f"bytes */{size}"}
        raise HTTPException(416, f"the file has {size:,} bytes, got {asked[:80]!r}", whole)
    return first, last


def _cut(pieces: Iterator[bytes], begin: int, end: int) -> Iterator[bytes]:
    """Leave out what lies before and after."""
    at = 0
    for piece in pieces:
        if at + len(piece) > begin:
            yield piece[max(0, begin - at) : end - at]
        at += len(piece)
        if at >= end:
            return
