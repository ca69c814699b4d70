"""The counter of JGJ 125 as a page: computes what somebody enters, and sets no grade."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from web.guard import PageRoute, allowed, services_of
from web.render import page
from web.routes.inspect import catalogue

router = APIRouter(prefix="/checks/jgj125", route_class=PageRoute)


@router.get("")
def counter(request: Request) -> Response:
    """Show the counter with the source of each of its numbers."""
    allowed(request, "checks:read")
    rules = services_of(request).member_rules
    return page(
        request, "jgj125.html", active="checks", rules=rules, told=asdict(rules),
        catalogue=catalogue(),
    )  # fmt: skip
