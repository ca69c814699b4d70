"""Log-in and log-out."""

import math
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from domain.errors import Forbidden, TooManyAttempts
from web.guard import PageRoute, caller_of, services_of
from web.render import page, same_site_path, words_of

router = APIRouter(route_class=PageRoute)

COOKIE = "anju_session"


@router.get("/login", name="log_in_page")
def log_in_page(request: Request, back: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Show the log-in form; who is logged in already goes on."""
    if getattr(request.state, "caller", None) is not None:
        return RedirectResponse(same_site_path(back), status_code=303)
    return _form(request, same_site_path(back))


@router.post("/login")
def log_in(
    request: Request,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    back: Annotated[str, Form(alias="next", max_length=2000)] = "/",
) -> Response:
    """Open a session and go back to where somebody wanted to be."""
    words = words_of(request)
    services = services_of(request)
    back = same_site_path(back)
    faults = {
        field: words(f"login.{field}_missing")
        for field, text in (("name", name.strip()), ("password", password))
        if not text
    }
    if faults:
        return _form(request, back, name=name, faults=faults, status=422)
    address = request.client.host if request.client else ""
    try:
        token, session = services.identity.log_in(name.strip(), password, address)
    except TooManyAttempts as error:
        minutes = max(1, math.ceil(error.retry_after_s / 60))
        answer = _form(
            request, back, name=name, problem=words("login.throttled", n=minutes), status=429
        )
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
        return answer
    except Forbidden:
        return _form(request, back, name=name, problem=words("login.wrong"), status=403)
    answer = RedirectResponse(back, status_code=303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=max(1, (session.expires_at_ns - session.created_at_ns) // 1_000_000_000),
        path="/",
        httponly=True,
        secure=services.secure_cookies,
        samesite="lax",
    )
    return answer


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the session."""
    caller_of(request)
    if token := request.cookies.get(COOKIE):
        services_of(request).identity.log_out(token)
    answer = Response(status_code=204, headers={"HX-Redirect": "/login"})
    answer.delete_cookie(
        COOKIE,
        path="/",
        httponly=True,
        secure=services_of(request).secure_cookies,
        samesite="lax",
    )
    return answer


def _form(
    request: Request,
    back: str,
    *,
    name: str = "",
    faults: dict[str, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    services = services_of(request)
    return page(
        request,
        "login.html",
        status=status,
        back=back,
        name=name,
        faults={"name": "", "password": ""} | (faults or {}),
        problem=problem,
        # never on real data, whatever else was handed over
        log_ins=services.log_ins if services.simulated else (),
    )
