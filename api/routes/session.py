"""Log-in, log-out, and who asks."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, Field, StringConstraints

from api.caller_middleware import COOKIE
from api.fields import In, Out
from api.permission import SELF, Given, may
from api.problem import problems
from domain.access import ACTIONS, Caller, Role, ScopeKind, Session
from domain.clock import SECOND_NS, to_datetime

router = APIRouter(prefix="/session", tags=["session"])


class LogIn(In):
    """Name and password."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)] = Field(repr=False)


class LoggedIn(Out):
    """What a browser must know of its new session; the session itself is in the cookie."""

    csrf: str = Field(description="to be repeated in the header X-CSRF-Token by every change")
    expires_at: AwareDatetime


class ScopeOut(Out):
    """A part of the city."""

    kind: ScopeKind
    value: str


class Me(Out):
    """Who asks, and what they may do."""

    user_id: str
    name: str
    role: Role
    scopes: list[ScopeOut]
    language: str
    actions: list[str]
    session: Literal["cookie", "key"]
    csrf: str | None = Field(description="of the session; null for an API key")
    expires_at: AwareDatetime | None = None


@router.post("", status_code=201, responses=problems(400, 403, 413, 422, 429, 503))
def log_in(body: LogIn, request: Request, response: Response, services: Given) -> LoggedIn:
    """Open a session; the cookie `anju_session` holds it."""
    address = request.client.host if request.client else "unknown"
    token, session = services.identity.log_in(body.name, body.password, address)
    response.set_cookie(
        COOKIE,
        token,
        max_age=(session.expires_at_ns - session.created_at_ns) // SECOND_NS,
        path="/",
        secure=services.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return LoggedIn(csrf=session.csrf, expires_at=to_datetime(session.expires_at_ns))


@router.get("", responses=problems(401, 503))
def read_session(request: Request, who: Annotated[Caller, Depends(may(SELF))]) -> Me:
    """Tell who asks."""
    session: Session | None = request.state.session
    return Me(
        user_id=who.user_id,
        name=who.name,
        role=who.role,
        scopes=[ScopeOut.model_validate(scope) for scope in who.scopes],
        language=who.language,
        actions=sorted(ACTIONS[who.role]),
        session="cookie" if session else "key",
        csrf=session.csrf if session else None,
        expires_at=to_datetime(session.expires_at_ns) if session else None,
    )


@router.delete("", status_code=204, responses=problems(401, 403, 503))
def log_out(
    request: Request,
    response: Response,
    services: Given,
    _: Annotated[Caller, Depends(may(SELF))],
) -> None:
    """End the session of the cookie; an API key is ended by revoking it."""
    if request.state.session is not None:
        services.identity.log_out(request.cookies[COOKIE])
    response.delete_cookie(
        COOKIE, path="/", secure=services.secure_cookies, httponly=True, samesite="lax"
    )
