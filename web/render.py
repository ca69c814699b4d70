"""Templates filled with what every page needs: words, who is there, the time, the look."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from alerting.sources import source_word
from domain.access import Caller, Session, may
from domain.limits import Level
from web import formats
from web.guard import services_of
from web.words import LANGUAGES, Words

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "anju_language"
THEME_COOKIE = "anju_theme"
THEMES = ("auto", "light", "dark")

#: entry of the menu -> (route name, an action that the role must have)
MENU = {
    "desk": ("/", "alerts:read"),
    "buildings": ("/buildings", "buildings:read"),
    "checks": ("/checks", "checks:read"),
    "inspect": ("/inspect/", "checks:work"),
    "portfolio": ("/portfolio", "assessments:read"),
    "contexts": ("/contexts", "contexts:read"),
    "models": ("/models", "assessments:read"),
    "gateways": ("/gateways", "gateways:read"),
    "fleet": ("/fleet", "gateways:read"),
    "accounts": ("/accounts", "accounts:read"),
    "health": ("/health", "operations:read"),
    "users": ("/users", "users:write"),
}

#: levels from the worst down, as the lists show them
LEVELS = (Level.RED, Level.ORANGE, Level.YELLOW, Level.BLUE)


@cache
def environment() -> Environment:
    """Set the templates up, once."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals |= {
        "levels": LEVELS,
        "level_of": Level,
        "short_time": formats.short_time,
        "full_time": formats.full_time,
        "quantity": formats.quantity,
        "source_word": source_word,
        "static": static_url,
        "module": tree_url,
        "languages": LANGUAGES,
    }
    return env


@cache
def static_url(name: str) -> str:
    """Name a static file with its content's mark, so that an old copy is never used."""
    try:
        mark = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:10]
    except OSError:
        mark = "missing"
    return f"/static/{name}?{mark}"


@cache
def tree_mark() -> str:
    """Mark all scripts and libraries together by their content."""
    digest = hashlib.sha256()
    for folder in ("js", "lib"):
        for path in sorted((HERE / "static" / folder).rglob("*.*js")):
            digest.update(path.relative_to(HERE).as_posix().encode() + path.read_bytes())
    return f"m-{digest.hexdigest()[:10]}"


def tree_url(name: str) -> str:
    """Name a module so that it and all that it imports may be kept."""
    return f"/static/{tree_mark()}/{name}"


def words_of(request: Request) -> Words:
    """Choose the language: the switch, else the user's own, else Chinese."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    caller: Caller | None = getattr(request.state, "caller", None)
    return Words(chosen if chosen in LANGUAGES else caller.language if caller else LANGUAGES[0])


def page(
    request: Request, template: str, *, status: int = 200, active: str = "", **values: Any
) -> HTMLResponse:
    """Fill a template."""
    services = services_of(request)
    words = words_of(request)
    caller: Caller | None = getattr(request.state, "caller", None)
    session: Session | None = getattr(request.state, "session", None)
    theme = request.cookies.get(THEME_COOKIE, "")
    now_ns = services.clock.now_ns()
    html = (
        environment()
        .get_template(template)
        .render(
            words=words,
            now_ns=now_ns,
            caller=caller,
            csrf=session.csrf if session else "",
            active=active,
            menu=[
                (name, path)
                for name, (path, action) in MENU.items()
                if caller and may(caller, action)
            ],
            may=lambda action, building=None: caller is not None and may(caller, action, building),
            theme=theme if theme in THEMES else "auto",
            simulated=services.simulated,
            age=lambda at_ns: formats.age(at_ns, now_ns, words),
            span=lambda length_ns: formats.span(length_ns, words),
            district=lambda code: words.of("district", code),
            request_path=request.url.path,
            **values,
        )
    )
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


def error_page(request: Request, status: int, detail: str = "") -> Response:
    """Tell in the reader's words what went wrong; a fragment gets one line."""
    words = words_of(request)
    known = f"error.{status}"
    text = words.of("error", status, words("error.500"))
    if request.headers.get("HX-Request"):
        return page(request, "_problem.html", status=status, text=text, detail=detail)
    kind = known if status in {403, 404, 409, 422, 503} else "error.500"
    return page(request, "error.html", status=status, code=status, text=words(kind), detail=detail)


def same_site_path(target: str) -> str:
    """Accept only a path of our own to go back to; anything else leads to the start page.

    Examples
    --------
    >>> same_site_path("/buildings?text=x"), same_site_path("//evil.example")
    ('/buildings?text=x', '/')

    """
    parts = urlsplit(target)
    safe = target.startswith("/") and not target.startswith(("//", "/\\"))
    if parts.scheme or parts.netloc or not safe or any(ord(c) < 32 for c in target):
        return "/"
    return target
