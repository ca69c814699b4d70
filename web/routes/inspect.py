"""The inspector's app: a page that works without a network, its service worker and manifest."""

import hashlib
import json
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from domain.errors import NotFound
from web.app_icon import drawn
from web.guard import PageRoute
from web.render import page, static_url, tree_mark, tree_url, words_of
from web.words import LANGUAGES, Words

router = APIRouter(prefix="/inspect", route_class=PageRoute)

STATIC = Path(__file__).parents[1] / "static"
STYLES = ("css/tokens.css", "css/base.css", "css/parts.css", "css/inspect.css")
#: libraries that the app loads, beside its own scripts
LIBRARIES = (
    "lib/idb.mjs",
    "lib/signature_pad.mjs",
    "lib/maplibre-gl.mjs",
    "lib/maplibre-gl-shared.mjs",
    "lib/maplibre-gl-worker.mjs",
    "lib/three/three.module.js",
    "lib/three/three.core.js",
)
#: modules of the model's page that draw the model here, too
VIEWER = ("bodies", "canvas", "glb", "hands", "keys", "paint", "spot", "stage", "viewer")
SERVICE_WORKER = "js/inspect/sw.js"
#: icon -> side in px, and whether its ground fills the square
ICONS = {
    "192": (192, False),
    "512": (512, False),
    "maskable-192": (192, True),
    "maskable-512": (512, True),
    "touch-180": (180, True),
}
#: what iPhones take; it is named by the page, not by the manifest
TOUCH_ICON = "touch-180"
YEAR_S = 365 * 86400


@router.get("")
def without_slash() -> Response:
    """Send to the address that the service worker watches over."""
    return RedirectResponse("/inspect/", 308)


@router.get("/")
def inspect(request: Request) -> Response:
    """Show the app: the same page for everybody, so that a phone may keep it."""
    answer = page(
        request,
        "inspect.html",
        app=version(),
        styles=STYLES,
        catalogue=catalogue(),
        touch_icon=icon_url(TOUCH_ICON),
    )
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@router.get("/sw.js")
def service_worker() -> Response:
    """Hand out the service worker with the list of what it keeps."""
    kept = json.dumps({"version": version(), "files": files()})
    script = (STATIC / SERVICE_WORKER).read_text("utf-8").replace("__KEPT__", _in_quotes(kept))
    return Response(
        script,
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/inspect/"},
    )


@router.get("/manifest.webmanifest")
def manifest(request: Request) -> Response:
    """Describe the app for the home screen."""
    words = words_of(request)
    return JSONResponse(
        {
            "name": words("inspect.app_name"),
            "short_name": words("inspect.app_short"),
            "start_url": "/inspect/",
            "scope": "/inspect/",
            "display": "standalone",
            "background_color": "#12262b",
            "theme_color": "#12262b",
            "lang": "zh-CN" if words.language == "zh" else "en",
            "id": "/inspect/",
            "icons": [
                {
                    "src": icon_url(name),
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": "maskable" if whole else "any",
                }
                for name, (size, whole) in ICONS.items()
                if name != TOUCH_ICON
            ],
        },
        media_type="application/manifest+json",
    )


@router.get("/icons/{name}.png")
def icon(name: str) -> Response:
    """Hand out an icon; its address bears the logo's mark, so it may be kept."""
    if name not in ICONS:
        raise NotFound(f"no icon {name!r}")
    size, whole = ICONS[name]
    return Response(
        drawn(size, whole=whole),
        media_type="image/png",
        headers={"Cache-Control": f"public, max-age={YEAR_S}, immutable"},
    )


def icon_url(name: str) -> str:
    """Name an icon with the mark of the logo that it is drawn from."""
    return f"/inspect/icons/{name}.png?{static_url('logo.svg').rpartition('?')[2]}"


@cache
def files() -> list[str]:
    """List what a phone keeps of the app, by address."""
    scripts = sorted((STATIC / "js" / "inspect").glob("*.js"))
    modules = [f"js/inspect/{path.name}" for path in scripts if path.name != "sw.js"]
    viewer = [f"js/viewer/{name}.js" for name in VIEWER]
    return [
        "/inspect/",
        *(static_url(name) for name in (*STYLES, "lib/maplibre-gl.css", "logo.svg")),
        *(tree_url(name) for name in (*modules, *viewer, *LIBRARIES)),
    ]


@cache
def version() -> str:
    """Tell the version of the app: it changes with everything that a phone keeps."""
    digest = hashlib.sha256(tree_mark().encode())
    template = Path(__file__).parents[1] / "templates" / "inspect.html"
    for text in (*map(static_url, STYLES), template.read_text("utf-8"), catalogue()):
        digest.update(text.encode())
    digest.update((STATIC / SERVICE_WORKER).read_bytes())
    return digest.hexdigest()[:12]


@cache
def catalogue() -> str:
    """Write the app's words in every language as JSON: the phone chooses, without a network."""
    told = {}
    for language in LANGUAGES:
        words = Words(language).group("inspect")
        told[language] = {f"inspect.{name}": text for name, text in words.items()}
    return json.dumps(told, ensure_ascii=False)


def _in_quotes(text: str) -> str:
    """Write JSON so that it may stand between a script's double quotes."""
    return json.dumps(text)[1:-1]
