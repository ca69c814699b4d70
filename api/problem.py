"""Errors as problem details (RFC 9457): one shape for everything that goes wrong."""

import traceback
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    ModelRejected,
    NotFound,
    OffsetConflict,
    SafetyError,
    StoreUnavailable,
    TooManyAttempts,
)

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
#: when a store that cannot be reached is worth asking again, s
RETRY_STORE_AFTER_S = 5

#: status -> (last part of `type`, `title`)
KINDS: dict[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read"),
    401: ("not-logged-in", "Log in or send an API key"),
    403: ("forbidden", "Not allowed"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "This address does not know this method"),
    409: ("conflict", "Somebody else was first"),
    412: ("stale", "The object has changed since it was read"),
    413: ("too-large", "The body is too large"),
    415: ("media-type", "This kind of body is not read here"),
    416: ("range", "The file has no such part"),
    422: ("invalid", "A value is not acceptable"),
    429: ("too-many", "Too many requests"),
    500: ("internal", "Something broke on our side"),
    503: ("unavailable", "A store cannot be reached"),
}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="where: `body.height_m`, `query.limit`, `path.building_id`")
    message: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(description="stable name of this kind of problem")
    title: str
    status: int
    detail: str = Field(description="for people: what was wanted and what came")
    errors: list[FieldProblem] = Field(default=[], description="by field, where there are any")
    code: str = Field(default="", description="stable word for why a model is not taken")
    offset: int | None = Field(default=None, description="bytes of an upload that are safe")


class NotLoggedIn(HTTPException):
    """Nobody is logged in, and no valid API key was sent."""

    def __init__(self) -> None:
        super().__init__(
            401, "log in, or send an API key that is valid", {"WWW-Authenticate": "Bearer"}
        )


class Stale(HTTPException):
    """The version in `If-Match` is not the one that is kept."""

    def __init__(self, detail: str) -> None:
        super().__init__(412, detail)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the problems that a route answers, for its `responses`."""
    return {status: _documented(status) for status in statuses}


def _documented(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    documented: dict[str, Any] = {
        "description": KINDS[status][1],
        "content": {MEDIA_TYPE: {"schema": schema}},
    }
    if status in {429, 503}:
        documented["headers"] = {
            "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}
        }
    return documented


#: what every put of the register may answer
PUT_PROBLEMS = problems(400, 401, 403, 404, 409, 412, 413, 422, 503)


def problem(
    status: int,
    detail: str,
    errors: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
    code: str = "",
    offset: int | None = None,
) -> Response:
    """Answer with problem details."""
    name, title = KINDS.get(status, (str(status), HTTPStatus(status).phrase))
    body = Problem(
        type=f"urn:anju:problem:{name}",
        title=title,
        status=status,
        # a text from outside may hold half a surrogate pair, which no encoder takes
        detail=detail.encode("utf-8", "replace").decode(),
        errors=errors or [],
        code=code,
        offset=offset,
    )
    content = body.model_dump(exclude_defaults=True)
    return JSONResponse(content, status, headers=headers, media_type=MEDIA_TYPE)


def status_of(error: SafetyError) -> int:
    """Tell the HTTP status of one of our own errors."""
    match error:
        case NotFound():
            return 404
        case Forbidden():
            return 403
        case Conflict():
            return 409
        case InvalidInput():
            return 422
        case ModelRejected():
            return 413 if error.code == "too large" else 422
        case TooManyAttempts():
            return 429
        case StoreUnavailable():
            return 503
    return 500


def problem_of(error: SafetyError) -> Response:
    """Answer one of our own errors."""
    status = status_of(error)
    if status == 500:
        log.error("request failed", error=f"{type(error).__name__}: {error}")
        return problem(500, "the cause is in the log")
    if isinstance(error, StoreUnavailable):
        # the text may name hosts and files: that is for the log, not for callers
        log.error("store unavailable", error=str(error))
        wait = {"Retry-After": str(RETRY_STORE_AFTER_S)}
        return problem(503, "a store cannot be reached; try again", headers=wait)
    if isinstance(error, TooManyAttempts):
        wait = {"Retry-After": str(max(1, -int(-error.retry_after_s // 1)))}
        return problem(429, str(error), headers=wait)
    fields = None
    if isinstance(error, InvalidInput) and error.field:
        fields = [FieldProblem(field=f"body.{error.field}", message=str(error))]
    if isinstance(error, OffsetConflict):
        told = {"Upload-Offset": str(error.offset)}
        return problem(status, str(error), headers=told, offset=error.offset)
    code = error.code if isinstance(error, ModelRejected) else ""
    return problem(status, str(error), fields, code=code)


def _safety(_: Request, error: Exception) -> Response:
    assert isinstance(error, SafetyError)  # noqa: S101  registered for it
    return problem_of(error)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for it
    if error.status_code == 405:
        return _method(request)
    if isinstance(error.__cause__, OSError):
        # what is uploaded is put aside on the disk, and the framework calls its refusal a bad body
        return problem_of(StoreUnavailable(f"an upload cannot be put aside: {error.__cause__}"))
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, str(error.detail), headers=headers)


def _method(request: Request) -> Response:
    # the framework names the methods of the first route that fits, not of all with its path
    first, allowed = "", set()
    for route in iter_route_contexts(request.app.routes):
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and pattern.fullmatch(request.url.path):
            first = first or route.path or ""
            allowed |= (route.methods or set()) if route.path == first else set()
    names = ", ".join(sorted(allowed))
    return problem(405, f"this address knows {names}", headers={"Allow": names})


def _validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for it
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem(400, "the body is not JSON")
    # what came is left out: it may be a password
    fields = [
        FieldProblem(
            field=".".join(str(part) for part in each["loc"])[:200]
            .encode("ascii", "replace")
            .decode(),
            message=str(each["msg"])[:500],
        )
        for each in found[:50]
    ]
    return problem(422, "; ".join(f"{each.field}: {each.message}" for each in fields[:3]), fields)


def _unhandled(request: Request, error: Exception) -> Response:
    # as text, without the variables that a renderer may add: they hold passwords and keys
    trace = "".join(traceback.format_exception(error, limit=-20))
    log.error("request failed", path=request.url.path, trace=trace)
    return problem(500, "the cause is in the log")


def install(app: FastAPI) -> None:
    """Answer every error of an application with problem details."""
    app.add_exception_handler(SafetyError, _safety)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _unhandled)
