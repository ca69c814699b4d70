"""Put the pages onto the application that serves the API."""

import importlib
import mimetypes
import pkgutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from web import render, routes
from web.estate import Estate

STATIC = Path(__file__).parent / "static"
YEAR_S = 365 * 86400


class MarkedFiles(StaticFiles):
    """Static files; those asked for by their content's mark may be kept for a year.

    The mark of all of them together may stand before a path: `m-0123456789/js/viewer/page.js`.
    Modules that name each other by relative paths keep it, and none is asked for again.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one file."""
        mark, _, rest = path.partition("/")
        marked = mark == render.tree_mark()
        response = await super().get_response(rest if marked else path, scope)
        kept = (marked or bool(scope["query_string"])) and response.status_code in {200, 304}
        keep = f"public, max-age={YEAR_S}, immutable" if kept else "no-cache"
        response.headers["Cache-Control"] = keep
        return response


def mount_pages(app: FastAPI) -> None:
    """Add the pages and their static files; `app.state.services` must be there already."""
    mimetypes.add_type("text/javascript", ".mjs")
    app.state.estate = Estate(app.state.services.register)
    for router in routers():
        app.include_router(router, include_in_schema=False)
    app.mount("/static", MarkedFiles(directory=STATIC), name="static")
    _answer_people_in_pages(app)


def routers() -> Iterator[APIRouter]:
    """Find the router of each file in `web/routes`."""
    for found in sorted(pkgutil.iter_modules(routes.__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{routes.__name__}.{found.name}")
        router: APIRouter = module.router
        yield router


def _answer_people_in_pages(app: FastAPI) -> None:
    """Show a page to a browser that asks for an address that does not exist."""
    before: Callable[[Request, HTTPException], Awaitable[Response] | Response] | None
    before = app.exception_handlers.get(HTTPException)

    async def handle(request: Request, error: Any) -> Response:
        wants_page = "text/html" in request.headers.get("Accept", "")
        own = request.url.path.startswith(("/api/", "/static/"))
        if error.status_code == 404 and wants_page and not own:
            return render.error_page(request, 404)
        if before is None:
            return Response(str(error.detail), error.status_code)
        answer = before(request, error)
        return answer if isinstance(answer, Response) else await answer

    app.add_exception_handler(HTTPException, handle)
