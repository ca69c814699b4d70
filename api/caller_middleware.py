"""Who asks: the session cookie or API key of each request, before any route sees it."""

import base64
import hmac

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problem import problem, problem_of
from domain.access import Caller, Session
from domain.errors import SafetyError
from domain.services import Services

COOKIE = "anju_session"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: where a key may also come as the password of Basic: some brokers can send nothing else. Not
#: elsewhere, because a browser sends Basic by itself, for other sites too
BASIC_PATHS = "/api/v1/mqtt/"


class CallerMiddleware:
    """Set `request.state.caller` and `request.state.session`, and stop forged requests.

    A cookie travels with requests that other sites make; therefore a request that changes
    something and is known by its cookie must repeat the session's CSRF token in a header. A key
    in `Authorization` never travels by itself; when there is one, the cookie is not looked at.

    Parameters
    ----------
    log_in_paths
        Where a log-in is posted: they take no CSRF token, as there may be no session yet.

    """

    def __init__(self, app: ASGIApp, services: Services, log_in_paths: frozenset[str]) -> None:
        self._app = app
        self._services = services
        self._log_in_paths = log_in_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["caller"], state["session"] = None, None
        connection = HTTPConnection(scope)
        try:
            caller, session = await run_in_threadpool(who, self._services, connection)
        except SafetyError as error:
            await problem_of(error)(scope, receive, send)
            return
        if session is not None and scope["type"] == "http":
            request = Request(scope)
            sent = request.headers.get(CSRF_HEADER, "")
            logs_in = request.method == "POST" and request.url.path in self._log_in_paths
            exempt = logs_in or request.method in SAFE_METHODS
            if not exempt and not hmac.compare_digest(sent.encode(), session.csrf.encode()):
                detail = f"the header {CSRF_HEADER} must repeat this session's token"
                await problem(403, detail)(scope, receive, send)
                return
        state["caller"], state["session"] = caller, session
        await self._app(scope, receive, send)


def who(services: Services, connection: HTTPConnection) -> tuple[Caller | None, Session | None]:
    """Tell who asks, by API key or by session cookie; nobody is `(None, None)`."""
    scheme, _, key = connection.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return services.identity.caller_of_key(key.strip()), None
    if scheme.lower() == "basic" and connection.url.path.startswith(BASIC_PATHS):
        return services.identity.caller_of_key(_password_of(key)), None
    if token := connection.cookies.get(COOKIE):
        return services.identity.caller_of_session(token) or (None, None)
    return None, None


def _password_of(basic: str) -> str:
    try:
        return base64.b64decode(basic.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
