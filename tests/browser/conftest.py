"""A real server and the real Chromium; what the page says to the console is checked each time."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from app.pages_setup import LibrariesUnavailable, libraries_complete
from domain.ports import ReadingStore
from storage.readings import open_readings
from tests.browser.quarter import Quarter, build, serve_copy
from tests.servers.npm import fetch_clients

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = os.environ.get("ANJU_TEST_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
]
#: widths of a phone and of a desk
SIZES = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1440, "height": 900}}


def missing(what: str) -> None:
    if os.environ.get("CI") or os.environ.get("ANJU_TEST_STRICT"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """The browser, started once."""
    if not shutil.which(CHROMIUM):
        missing(f"no browser at {CHROMIUM}")
    if not libraries_complete(ROOT):
        missing("web/static/lib is not filled; ./anju fetches the pages' libraries at set-up")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, headless=True
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The checker's script."""
    folder = tmp_path_factory.mktemp("axe")
    try:
        fetch_clients(folder)
    except LibrariesUnavailable as error:
        missing(f"axe-core cannot be had: {error}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Built"]:
    """The quarter's records and readings, built once, and a session of each person."""
    file = tmp_path_factory.mktemp("quarter") / "records.db"
    readings = open_readings("duckdb:")
    yield file, readings, build(file, readings)
    readings.close()


@pytest.fixture
def quarter(built: "Built", tmp_path: Path) -> Iterator[Quarter]:
    """A copy of its own for each test, so that tests may act on it."""
    file, readings, _ = built
    with serve_copy(file, tmp_path, readings) as served:
        yield served


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    """The two widths that every page must work at."""
    return str(request.param)


Opened = Callable[..., "Page"]
Built = tuple[Path, ReadingStore, dict[str, str]]


@pytest.fixture
def open_as(chromium: "Browser", quarter: Quarter, built: "Built") -> Iterator[Opened]:
    """Open a page as somebody; at the end nothing may have been said or asked for in vain."""
    contexts = []
    spoken: list[str] = []

    def open_page(
        user: str | None,
        path: str = "/",
        size: str = "desk",
        first: "Callable[[Page], None] | None" = None,
        **options: object,
    ) -> "Page":
        context = chromium.new_context(
            viewport=SIZES[size],  # type: ignore[arg-type]
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: heard(m.type, m.text, spoken))
        page.on("pageerror", lambda error: spoken.append(str(error)))
        page.on("request", lambda r: check_address(r.url, spoken))
        if user is not None:
            # the log-in has its own tests; here one is in already
            context.add_cookies(
                [
                    {
                        "name": "anju_session",
                        "value": built[2][user],
                        "url": quarter.url,
                        "httpOnly": True,
                    }
                ]
            )
        if first is not None:
            first(page)
        page.goto(quarter.url + path, wait_until="commit" if first else "load")
        page.spoken = spoken  # type: ignore[attr-defined]
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert spoken == []


def heard(kind: str, text: str, spoken: list[str]) -> None:
    """Note errors and warnings, but not what the software renderer says of its own speed."""
    if kind in {"error", "warning"} and "GPU stall due to ReadPixels" not in text:
        spoken.append(text)


def check_address(url: str, spoken: list[str]) -> None:
    """Nothing may be asked of anybody but our own server."""
    parts = urlsplit(url)
    if parts.scheme not in {"blob", "data"} and parts.hostname != "127.0.0.1":
        spoken.append(f"asked for {url}")
