"""The viewer in a real Chromium with software WebGL: first frame, draw calls, recolouring.

A frame is there when a pixel of it has been read back: until then the renderer has only been asked.
"""

import argparse
import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import uvicorn

from api.application import create_app
from app.house import House
from app.model_work import ModelWork
from app.settings import Settings
from benchmarks.chain import children_cpu_s, cpu_s_of
from benchmarks.report import Figure, report, show
from bim.limited import LimitedReader
from domain.access import Role, Scope, ScopeKind, User
from domain.bim_models import BimModel, MeshState
from domain.buildings import Building
from simulators.ifc.house import write_house
from simulators.ifc.sizes import SIZES
from web.application import mount_pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

CHROMIUM = os.environ.get("ANJU_TEST_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-unsafe-swiftshader",
]  # fmt: skip
VIEW = {"width": 1000, "height": 700}
#: elements that a recolouring is measured with
RECOLOURED = 1_000
PASSWORD = "bench pass word"
#: first frame of each model, s; the shared sample is taken where it is there
GOALS_S = {"TallBuilding": 0.7, "0.6 MB": 0.7, "4 MB": 1.0}

#: every element gets another tone, and the picture is finished, five times over
RECOLOUR = """count => {
  const viewer = document.getElementById('model').viewer, { stage } = viewer;
  const steps = viewer.shapes.features.map(([step]) => step);
  const many = Array.from({ length: count }, (_, n) => steps[n % steps.length]);
  const times = [];
  for (let round = 0; round < 6; round++) {
    const tones = ['blue', 'yellow', 'orange', 'red'];
    const before = performance.now();
    viewer.colour(many.map((step, n) => [step, tones[(n + round) % 4]]), 'plain');
    const texture = viewer.paint.texture;
    stage.renderer.initTexture(texture);
    stage.finish();
    times.push(performance.now() - before);
    stage.draw();
    stage.finish();
  }
  const before = performance.now();
  stage.draw();
  stage.finish();
  return {
    recolour_ms: times.slice(1), frame_ms: performance.now() - before,
    calls: stage.renderer.info.render.calls, elements: steps.length,
  };
}"""


@contextlib.contextmanager
def served(folder: Path, files: dict[str, Path]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Serve a building a model; tells the address, a session, and the page of each model."""
    folder.mkdir()
    house = House(Settings(folder=folder))
    register = house.records.register
    pages = {}
    for number, (name, file) in enumerate(files.items()):
        register.put_building(
            Building(f"b-{number}", f"B{number}", name, "", "360102", "", "", 115.9, 28.68), "bench"
        )
        model = BimModel(f"m-{number}", f"b-{number}", name)
        house.records.models.put_model(model, "bench")
        with file.open("rb") as content:
            house.model_desk.submit(model, file.name, content, "bench")
        pages[name] = f"/buildings/b-{number}/model"
    scratch = folder / "scratch"
    scratch.mkdir()
    work = ModelWork(
        house.records.models,
        house.records.places,
        house.files,
        LimitedReader(),
        house.clock,
        scratch,
    )
    while work.run_once():
        pass
    for number in range(len(files)):
        revision = house.records.models.live_revision(f"m-{number}")
        if revision is None or revision.mesh is not MeshState.READY:
            raise RuntimeError(f"model m-{number} did not become ready")
    hashed = house.identity.hash_password(PASSWORD)
    scopes = (Scope(ScopeKind.CITY),)
    house.records.access.put_user(
        User("u", "bench", "bench", Role.ADMINISTRATOR, scopes, hashed), "bench"
    )
    token, _ = house.identity.log_in("bench", PASSWORD, "")
    app = create_app(house.services)
    mount_pages(app)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, name="pages")
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", token, pages
    finally:
        app.state.closing.set()
        server.should_exit = True
        thread.join(20)
        house.stop()


def measured(browser: "Browser", url: str, token: str, path: str, runs: int) -> dict[str, Any]:
    """Open a page several times, the first for the cache alone, and measure in the last."""
    context: BrowserContext = browser.new_context(viewport=VIEW)  # type: ignore[arg-type]
    session = {"name": "anju_session", "value": token, "url": url, "httpOnly": True}
    context.add_cookies([session])  # type: ignore[list-item]
    frames, used, found = [], [], {}
    for run in range(runs + 1):
        page = context.new_page()
        # a page of ours first: the browser's process for it is there then, as it is for people
        page.goto(url + "/static/logo.svg")
        before = _cpu_s()
        page.goto(url + path, wait_until="commit")
        page.wait_for_selector("#model[data-state=drawn]", timeout=60_000)
        after = _cpu_s()
        page.wait_for_selector("#model[data-ready=yes]", timeout=60_000)
        mark = "performance.getEntriesByName('model-first-frame')[0].startTime"
        if run:
            frames.append(page.evaluate(mark) / 1000)
            used.append(after - before)
        if run == runs:
            found = page.evaluate(RECOLOUR, RECOLOURED)
        page.close()
    context.close()
    return {**found, "first_frame_s": frames, "cpu_s": used}


def _cpu_s() -> float:
    """Tell the CPU time of this process, which serves, and of the browser below it."""
    return cpu_s_of(os.getpid()) + sum(children_cpu_s().values())


def models(folder: Path) -> dict[str, Path]:
    """Make the models, and take the shared sample where there is one."""
    files = {
        f"{size} MB": write_house(SIZES[size], folder / f"{size}.ifc") for size in ("0.6", "4")
    }
    sample = Path(os.environ.get("ANJU_DATA", "")) / "ifc" / "TallBuilding.ifc"
    if sample.is_file():
        files = {"TallBuilding": sample, **files}
    return files


def figures(quick: bool) -> list[Figure]:
    """Measure; `quick` opens each page three times instead of six."""
    if not shutil.which(CHROMIUM):
        return [Figure("first frame", None, "s", (f"no browser at {CHROMIUM}", None))]
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not in the house itself

    found = []
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name, sync_playwright() as playwright:
        files = models(Path(name))
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, headless=True
        )
        with served(Path(name) / "house", files) as (url, token, pages):
            for model, path in pages.items():
                got = measured(browser, url, token, path, 2 if quick else 5)
                found += _figures_of(model, got)
        browser.close()
    return found


def _figures_of(model: str, got: dict[str, Any]) -> list[Figure]:
    frames, colours = np.array(got["first_frame_s"]), np.array(got["recolour_ms"])
    goal = GOALS_S[model]
    return [
        Figure(
            f"first frame p95, {model}", float(np.quantile(frames, 0.95)), "s", goal=f"<= {goal}"
        ),
        Figure(f"first frame median, {model}", float(np.median(frames)), "s"),
        Figure(
            f"CPU of browser and house to the first frame, {model}",
            float(np.median(got["cpu_s"])),
            "s",
        ),
        Figure(f"draw calls, {model}", float(got["calls"]), "calls", goal="<= 100"),
        Figure(
            f"recolour {RECOLOURED} elements, {model}",
            float(np.median(colours)),
            "ms",
            goal="<= 16",
        ),
        Figure(f"frame, {model}", float(got["frame_ms"]), "ms"),
        Figure(f"elements with shapes, {model}", float(got["elements"]), ""),
    ]


def run(quick: bool) -> dict[str, Any]:
    """Measure."""
    return report("bim-viewer", figures(quick))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="a short form")
    given = parser.parse_args()
    show(run(given.quick), as_json=given.json)


if __name__ == "__main__":
    main()
