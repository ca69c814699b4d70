"""The application: its middleware, errors and routers, found by name."""

import importlib
import pkgutil
import threading
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts

from api import problem, routes
from api.body_limit import BodyLimitMiddleware
from api.caller_middleware import CallerMiddleware
from api.feed import Feed, Streams
from api.header_middleware import HeaderMiddleware
from api.permission import Permission
from api.sight import Sight
from domain.services import Services

PREFIX = "/api/v1"
#: where the API and the pages take a log-in
LOG_IN_PATHS = frozenset({f"{PREFIX}/session", "/login"})
VERSION = "1"


class Application(FastAPI):
    """The application; its OpenAPI document also names who may call each route."""

    def openapi(self) -> dict[str, Any]:
        """Write the OpenAPI document."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            # referred to by every documented problem
            for model in (problem.Problem, problem.FieldProblem):
                schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
                schema.pop("$defs", None)
                schemas[model.__name__] = schema
            for path, method, action in declared_permissions(self):
                operation = document["paths"].get(path, {}).get(method.lower())
                if operation is not None:
                    operation["x-permission"] = action
        assert self.openapi_schema is not None  # noqa: S101  the line above made it
        return self.openapi_schema


def declared_permissions(app: FastAPI) -> list[tuple[str, str, str]]:
    """List (path, method, action) of every route; the action is empty where none is declared."""
    found = []
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        calls = [sub.call for sub in dependant.dependencies] if dependant else []
        actions = [call.action for call in calls if isinstance(call, Permission)]
        methods = (route.methods or set()) - {"HEAD"}
        found += [(route.path or "", method, " ".join(actions)) for method in methods]
    return sorted(found)


def create_app(services: Services) -> Application:
    """Make the application that serves the API; pages are mounted onto it.

    `app.state.services` holds what it was given. Setting `app.state.closing` (an event) ends
    the streams of events, so that a server that stops need not wait for them.
    """
    app = Application(
        title="Anju",
        version=VERSION,
        description="Watches a city's dangerous buildings.",
        openapi_url=f"{PREFIX}/openapi.json",
        # both pages load their scripts from foreign hosts
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.services = services
    app.state.sight = Sight(services)
    app.state.feed = Feed(services.alerts)
    app.state.streams = Streams()
    app.state.closing = threading.Event()
    problem.install(app)
    for router in routers():
        app.include_router(router, prefix=PREFIX)
    # the last one added is the outermost
    app.add_middleware(BodyLimitMiddleware, services=services)
    app.add_middleware(CallerMiddleware, services=services, log_in_paths=LOG_IN_PATHS)
    app.add_middleware(HeaderMiddleware, secure=services.secure_cookies)
    return app


def routers() -> Iterator[APIRouter]:
    """Find the router of each file in `api/routes`."""
    for found in sorted(pkgutil.iter_modules(routes.__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{routes.__name__}.{found.name}")
        router: APIRouter = module.router
        yield router
