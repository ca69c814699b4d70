"""Who asks for a page and what they may see; every page goes through here."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from domain.access import Caller, may, may_on_installation
from domain.alerts import Alert
from domain.buildings import Building
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, StoreUnavailable
from domain.services import Services
from web.estate import Estate


class NotLoggedIn(Exception):
    """Nobody is logged in; the page sends to the log-in and back."""


def services_of(request: Request) -> Services:
    """Hand out what `app/` put together."""
    services: Services = request.app.state.services
    return services


def estate_of(request: Request) -> Estate:
    """Hand out the buildings as the lists and the map read them."""
    estate: Estate = request.app.state.estate
    return estate


def caller_of(request: Request) -> Caller:
    """Tell who asks.

    Raises
    ------
    NotLoggedIn
        When nobody is logged in.

    """
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise NotLoggedIn
    return caller


def allowed(request: Request, action: str) -> Caller:
    """Let only those in whose role may do something at all.

    Raises
    ------
    Forbidden
        When the role may not.

    """
    caller = caller_of(request)
    if not may(caller, action):
        raise Forbidden(f"{caller.role.value} may not {action}")
    return caller


def building_for(request: Request, building_id: str, action: str = "buildings:read") -> Building:
    """Find a building that the caller may do something with.

    Raises
    ------
    NotFound
        When there is none, or it is not the caller's to see.

    """
    caller = allowed(request, action)
    building = services_of(request).register.building(building_id)
    if building is None or not may(caller, action, building):
        raise NotFound(f"no building {building_id!r}")
    return building


def alert_for(
    request: Request, alert_id: str, action: str = "alerts:read"
) -> tuple[Alert, Building | None]:
    """Find an alert, with its building if it has one, that the caller may do something with.

    Raises
    ------
    NotFound
        When there is none, or its building is not the caller's to see.

    """
    allowed(request, "alerts:read")
    alert = services_of(request).alerts.alert(alert_id)
    if alert is None:
        raise NotFound(f"no alert {alert_id!r}")
    if alert.of_installation:
        if not may_on_installation(caller_of(request), "alerts:read"):
            raise NotFound(f"no alert {alert_id!r}")
        allowed(request, action)
        return alert, None
    building = building_for(request, alert.building_id, "alerts:read")
    allowed(request, action)
    if not may(caller_of(request), action, building):
        raise NotFound(f"no alert {alert_id!r}")
    return alert, building


class PageRoute(APIRoute):
    """A route whose errors are pages in the reader's language, not problem details."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            from web.render import error_page  # noqa: PLC0415 - render needs this module

            try:
                return await inner(request)
            except NotLoggedIn:
                return _to_log_in(request)
            except NotFound:
                return error_page(request, 404)
            except Forbidden:
                return error_page(request, 403)
            except Conflict as error:
                return error_page(request, 409, str(error))
            except InvalidInput as error:
                return error_page(request, 422, str(error))
            except RequestValidationError:
                return error_page(request, 404 if request.method == "GET" else 422)
            except StoreUnavailable as error:
                return error_page(request, 503, str(error))
            except HTTPException as error:
                return error_page(request, error.status_code, str(error.detail))

        return handle


def _to_log_in(request: Request) -> Response:
    if request.headers.get("HX-Request"):
        # a fragment must not be filled with the log-in page: let the whole page go there
        here = urlsplit(request.headers.get("HX-Current-URL", ""))
        return Response(status_code=401, headers={"HX-Redirect": _log_in_then(here.path)})
    if request.method != "GET" or "json" in request.headers.get("Accept", ""):
        return Response(status_code=401)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(_log_in_then(request.url.path + query), status_code=303)


def _log_in_then(back: str) -> str:
    return "/login?" + urlencode({"next": back}) if back not in {"", "/"} else "/login"
