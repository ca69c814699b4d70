"""Whether a report of a check-up is genuine: for everybody, without log-in, and nothing else."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from domain.check_reports import plain_code, spaced_code
from domain.errors import TooManyAttempts
from web.guard import PageRoute, services_of
from web.render import page

router = APIRouter(prefix="/verify", route_class=PageRoute)


@router.get("")
def ask(request: Request, code: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Ask for a code."""
    if code.strip():
        return RedirectResponse(f"/verify/{quote(code.strip(), safe='')}", status_code=303)
    return page(request, "verify.html", verdict=None, code="", waits=False)


@router.get("/{code}")
def verify(request: Request, code: str) -> Response:
    """Tell what a code stands for: its hash and status, no building, no person."""
    address = request.client.host if request.client else ""
    shown = spaced_code(plain_code(code)) or code[:40]
    try:
        verdict = services_of(request).check_reports.verify(code, address)
    except TooManyAttempts as error:
        made = page(request, "verify.html", status=429, verdict=None, code=shown, waits=True)
        made.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    else:
        made = page(request, "verify.html", verdict=verdict, code=shown, waits=False)
    # an address with a code is nobody else's to keep
    made.headers["X-Robots-Tag"] = "noindex"
    return made
