"""The API while a model is converted, and the same file once more: a real process, a known load."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from app.identity import LocalIdentity
from app.model_work import ModelWork
from app.models import StoredModelDesk
from app.people import add_user
from benchmarks.report import Figure
from bim.limited import LimitedReader
from domain.bim_models import BimModel
from domain.buildings import Building
from domain.clock import SystemClock
from simulators.ifc.house import HouseSpec, write_house
from storage.files import FolderFiles
from storage.records import open_records
from tests.servers.process import free_port, wait_for_port

ROOT = Path(__file__).parents[1]
API = "/api/v1"
HOUSE = Building("b-1", "BENCH-1", "house 1", "", "360102", "", "", 115.9, 28.68)
#: requests a second, one after the other
RATE = 20.0
_DONE = ("ready", "failed")


def run(*, quick: bool = False) -> list[Figure]:
    """Measure."""
    return figures(quick)


def figures(quick: bool) -> list[Figure]:
    """Measure the answers of a server that converts, and how long a known file takes."""
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        folder = Path(name)
        files = _files(folder, 3 if quick else 8)
        first_s, again_s = _again(folder / "again", files[0])
        with _server(folder / "house") as client:
            idle = _asked(client, 4.0 if quick else 15.0)
            busy, share = _while_converting(client, files)
    return [
        Figure(
            "api p95 while converting", float(np.percentile(busy, 95)), "ms",
            ("the same without a conversion", float(np.percentile(idle, 95))), "<= 100",
        ),
        Figure("share of answers given while a model was worked", 100.0 * share, "%"),
        Figure("same hash again", again_s, "s", ("the first time", first_s), "<= 0.1"),
    ]  # fmt: skip


def _files(folder: Path, count: int) -> list[Path]:
    """Make houses of about 4 MB, each another."""
    spec = HouseSpec(storeys=6, bays_x=4, furniture=2, facets=24)
    return [write_house(replace(spec, seed=n + 1), folder / f"{n}.ifc") for n in range(count)]


def _again(folder: Path, file: Path) -> tuple[float, float]:
    """Tell how long a file takes from the queue to its shapes: first, and for another model."""
    folder.mkdir()
    records = open_records(f"sqlite:///{folder / 'records.db'}")
    files, clock = FolderFiles(folder / "files"), SystemClock()
    records.register.put_building(HOUSE, "bench")
    work = ModelWork(
        records.models, records.places, files, LimitedReader(), clock, folder / "scratch"
    )
    desk = StoredModelDesk(records.models, files, clock, 10**9)
    spent = []
    for name in ("first", "second"):
        model = BimModel(name, HOUSE.id, name)
        records.models.put_model(model, "bench")
        with file.open("rb") as content:
            desk.submit(model, file.name, content, "bench")
        began = time.perf_counter()
        while work.run_once():
            pass
        spent.append(time.perf_counter() - began)
    records.close()
    return spent[0], spent[1]


@contextmanager
def _server(folder: Path) -> Iterator[httpx2.Client]:
    """Run everything with `./anju up`, and open a client with a key."""
    folder.mkdir()
    records, clock = open_records(f"sqlite:///{folder / 'records.db'}"), SystemClock()
    identity = LocalIdentity(records.access, clock)
    records.register.put_building(HOUSE, "bench")
    user = add_user(records.access, identity, "bench", "benchmark-only", role="administrator",
                    scopes=["city"])  # fmt: skip
    key, _ = identity.make_key(user.id, "bench", "bench")
    records.close()
    port = free_port()
    variables = {
        "ANJU_FOLDER": str(folder), "ANJU_WEB__PORT": str(port),
        "ANJU_BROKER__URL": f"door://127.0.0.1:{free_port()}",
    }  # fmt: skip
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ANJU_")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "up"], cwd=ROOT, env=kept | variables,
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_for_port(port, 60.0)
        with httpx2.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=60.0,
            headers={"Authorization": f"Bearer {key}"},
        ) as client:  # fmt: skip
            yield client
    finally:
        process.terminate()
        process.wait(60)


def _questions(revision: str) -> list[str]:
    """List what is asked in turn."""
    asked = [f"{API}/buildings/b-1", f"{API}/alerts?limit=50", f"{API}/buildings/b-1/models"]
    if revision:
        asked += [
            f"{API}/revisions/{revision}", f"{API}/revisions/{revision}/elements?text=墙&limit=50",
            f"{API}/buildings/b-1/anchors", f"{API}/revisions/{revision}/storeys",
        ]  # fmt: skip
    return asked


def _asked(client: httpx2.Client, seconds: float) -> list[float]:
    """Ask at a steady pace for a while; how long each answer took, ms."""
    took, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        took += [_ask(client, path)[0] for path in _questions("")]
    return took


def _ask(client: httpx2.Client, path: str) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = client.get(path)
    took_s = time.perf_counter() - began
    answer.raise_for_status()
    time.sleep(max(0.0, 1.0 / RATE - took_s))
    return 1000.0 * took_s, json.loads(answer.content)


def _while_converting(client: httpx2.Client, files: list[Path]) -> tuple[list[float], float]:
    """Upload files one after the other and go on asking; answers given while one was worked."""
    made = client.post(f"{API}/buildings/b-1/models", json={"name": "bench"})
    model, took, total = made.raise_for_status().json()["id"], [], 0
    for file in files:
        with file.open("rb") as content:
            sent = client.post(f"{API}/models/{model}/revisions", files={"file": content})
        revision = sent.raise_for_status().json()["id"]
        done = False
        while not done:
            round_ms: list[float] = []
            for path in _questions(revision):
                ms, told = _ask(client, path)
                round_ms.append(ms)
                if path == f"{API}/revisions/{revision}":
                    done = told["state"] == "rejected" or (
                        told["state"] == "ready" and told["mesh"] in _DONE
                    )
                    if told["state"] == "rejected":
                        raise RuntimeError(f"{file.name} was rejected: {told['reason']}")
            total += len(round_ms)
            if not done:
                took += round_ms
    return took, len(took) / total
