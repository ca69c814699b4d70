"""Models of buildings: reading, shapes beside web-ifc in Node, bad files, and what hangs on them.

Files are made by the simulator and, where they are at hand, read from the folder `ifc` under
`ANJU_DATA`. Reading and shapes run as an upload's do, each time in a process of its own; web-ifc
gets the same files in the same run, ours and it in turn, and the best of several runs counts.
Both are timed from the start of their process to its end: ours with the GLB written, web-ifc with
every mesh read out. Processor time stands beside it, as wall time says little on a busy machine.

    ./anju bench bim [--quick] [--json]
"""

import argparse
import contextlib
import gzip
import importlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import nodered
from benchmarks.report import Figure, report, show
from bim.limited import LimitedReader
from bim.limits import ReadLimits
from domain.bim_ports import Shapes
from domain.errors import ModelRejected
from simulators.ifc.bad_files import BAD_FILES
from simulators.ifc.house import HouseSpec, write_house
from simulators.ifc.sizes import SIZES

HERE = Path(__file__).parent
PEER = "web-ifc 0.0.78 in Node"
PEER_LIMIT_S = 120
#: seconds for a file up to a size in MB
SHAPES_S = ((6.0, 1.0), (30.0, 4.0))
#: MB of gzipped GLB for a file up to a size in MB
PACKED_MB = ((0.7, 0.05), (2.5, 0.25), (4.5, 0.5), (30.0, 1.3))
ANSWER_S = 30
#: as an upload is read, but at the peer's own priority
LEVEL = ReadLimits(nice=0)
#: modules of other parts that offer `figures(quick)`
PARTS = ("bim_api", "bim_viewer", "bim_relink")


@dataclass
class Spent:
    """Best times of one file, s."""

    wall: float = float("inf")
    cpu: float = float("inf")
    inner: float = float("inf")
    peer_wall: float = float("inf")
    peer_cpu: float = float("inf")
    told: dict[str, Any] = field(default_factory=dict)


def files(folder: Path, quick: bool) -> Iterator[tuple[str, Path]]:
    """Give models by name: real ones first, then made ones."""
    data = os.environ.get("ANJU_DATA")
    real = sorted((Path(data) / "ifc").glob("*.ifc")) if data else []
    for path in real:
        yield f"{path.stem} ({path.stat().st_size / 1e6:.1f} MB)", path
    for size, spec in SIZES.items():
        if quick and float(size) > 5:
            continue
        yield f"a made house of {size} MB", write_house(spec, folder / f"house-{size}.ifc")


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Run something whose work is in child processes; give wall and processor time, s."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    result = work()
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, result


def index_of(name: str, path: Path, folder: Path, runs: int) -> list[Figure]:
    """Measure open, index and property sets."""
    reader, best = LimitedReader(LEVEL), Spent()
    for n in range(runs):
        wall, _, _ = timed(
            lambda n=n: reader.index(path, folder / f"index-{n}", "r1")  # type: ignore[misc]
        )
        best.wall = min(best.wall, wall)
        best.cpu = min(best.cpu, reader.spent_s["read, processor"])
        best.inner = min(best.inner, reader.spent_s["read"])
    limit = 0.15 + 0.08 * path.stat().st_size / 1e6
    return [
        Figure(
            f"open, index and psets of {name}", best.inner, "s",
            ("0.15 s + 0.08 s per MB", limit), "<= 1", goal_of="ratio",
        ),
        Figure(f"open, index and psets of {name}, processor time", best.cpu, "s",
               ("0.15 s + 0.08 s per MB", limit)),
        Figure(f"index of {name} with its process", best.wall, "s"),
    ]  # fmt: skip


def shapes_of(name: str, path: Path, folder: Path, runs: int, install: Path | None) -> list[Figure]:
    """Measure the way to a GLB beside web-ifc, in turn."""
    reader, best = LimitedReader(LEVEL), Spent()
    made: Shapes | None = None
    for n in range(runs):
        wall, cpu, made = timed(
            lambda n=n: reader.shapes(path, folder / f"shapes-{n}", _silent)  # type: ignore[misc]
        )
        best.wall, best.cpu = min(best.wall, wall), min(best.cpu, cpu)
        if install:
            wall, cpu, told = timed(lambda: _peer(install, path))
            best.peer_wall, best.peer_cpu = min(best.peer_wall, wall), min(best.peer_cpu, cpu)
            best.told = told
    if made is None:
        raise ValueError("at least one run is needed")
    size = path.stat().st_size / 1e6
    packed = len(gzip.compress(made.glb.read_bytes(), 6)) / 1e6
    peer = best.peer_wall if install else None
    return [
        Figure(f"GLB of {name}", best.wall, "s", goal=f"<= {_upto(SHAPES_S, size):g}"),
        Figure(
            f"GLB of {name} beside web-ifc", best.wall, "s", (PEER, peer), "< 1", goal_of="ratio"
        ),
        Figure(
            f"GLB of {name}, processor time", best.cpu, "s",
            (PEER, best.peer_cpu if install else None),
        ),
        Figure(f"GLB of {name}, gzip", packed, "MB", goal=f"<= {_upto(PACKED_MB, size):g}"),
    ]  # fmt: skip


def _silent(done: int, of: int) -> None:
    """Take progress without a word."""


def _peer(install: Path, path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [nodered._node(), str(HERE / "web_ifc.mjs"), str(install), str(path)],
        capture_output=True, text=True, timeout=PEER_LIMIT_S, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _upto(rows: tuple[tuple[float, float], ...], size: float) -> float:
    return next(limit for most, limit in rows if size <= most)


def bad_files(folder: Path) -> list[Figure]:
    """Answer every bad file; this process goes on, and reads a good one after each."""
    good = write_house(HouseSpec(storeys=1), folder / "good.ifc")
    content = good.read_bytes()
    reader = LimitedReader()
    told, slowest, good_after = 0, 0.0, 0
    for n, bad in enumerate(BAD_FILES):
        upload = folder / f"bad-{n}.ifc"
        upload.write_bytes(bad.make(content))
        start = time.perf_counter()
        codes: set[str] = set()
        try:
            codes |= {code for code, _ in reader.index(upload, folder / "bad", "r1").warnings}
            made = reader.shapes(upload, folder / "bad", _silent)
            codes |= {code for code, _ in made.warnings}
        except ModelRejected as error:
            codes.add(error.code)
        slowest = max(slowest, time.perf_counter() - start)
        told += bool((codes & {*bad.codes, bad.warning}) - {""})
        good_after += bool(reader.index(good, folder / "good", "r1").versions)
    count = len(BAD_FILES)
    return [
        Figure("bad files with their stated reason", told, f"of {count}", goal=f"== {count}"),
        Figure("good files read right after them", good_after, f"of {count}", goal=f"== {count}"),
        Figure("slowest answer to a bad file", slowest, "s", goal=f"<= {ANSWER_S}"),
    ]


def bad_uploads(folder: Path) -> list[Figure]:
    """Upload every bad file to a real server: it must answer, and serve the good revision on."""
    server = importlib.import_module("benchmarks.bim_api")
    content = write_house(HouseSpec(storeys=1), folder / "good.ifc").read_bytes()
    told, served, slowest, asked_ms = 0, 0, 0.0, list[float]()
    with server._server(folder / "house") as client:
        model = client.post(f"{server.API}/buildings/b-1/models", json={"name": "bench"}).json()
        path = f"{server.API}/models/{model['id']}/revisions"
        good = _uploaded(client, server.API, path, content, asked_ms)
        for bad in BAD_FILES:
            start = time.perf_counter()
            said = _uploaded(client, server.API, path, bad.make(content), asked_ms)
            slowest = max(slowest, time.perf_counter() - start)
            codes = {said.get("reason_code", ""), *(one["code"] for one in said["warnings"])}
            told += bool((codes & {*bad.codes, bad.warning}) - {""})
            mesh = client.get(f"{server.API}/revisions/{good['id']}/mesh")
            served += mesh.status_code == 200
    count = len(BAD_FILES)
    return [
        Figure("bad uploads with their reason at the API", told, f"of {count}",
               goal=f"== {count}"),
        Figure("good revision served after them", served, f"of {count}", goal=f"== {count}"),
        Figure("slowest reason at the API", slowest, "s", goal=f"<= {ANSWER_S}"),
        Figure("slowest answer of the API meanwhile", max(asked_ms), "ms"),
    ]  # fmt: skip


def _uploaded(
    client: Any, api: str, path: str, content: bytes, asked_ms: list[float]
) -> dict[str, Any]:
    """Upload a file and wait for what is said of it, asking other things meanwhile."""
    answer = client.post(path, files={"file": ("model.ifc", content)})
    told: dict[str, Any] = answer.json()
    if answer.status_code == 422:  # refused at the door
        return {"warnings": [{"code": told.get("code") or told.get("reason_code") or ""}]}
    answer.raise_for_status()
    until = time.monotonic() + 2 * ANSWER_S
    while time.monotonic() < until:
        start = time.perf_counter()
        client.get(f"{api}/buildings/b-1").raise_for_status()
        asked_ms.append(1000 * (time.perf_counter() - start))
        told = client.get(f"{api}/revisions/{told['id']}").json()
        if told["state"] == "rejected" or (
            told["state"] == "ready" and told["mesh"] in {"ready", "failed"}
        ):
            break
        time.sleep(0.1)
    return told


def parts(quick: bool) -> list[Figure]:
    """Gather the figures of the other parts, where they are."""
    found: list[Figure] = []
    for name in PARTS:
        if importlib.util.find_spec(f"benchmarks.{name}"):
            found += importlib.import_module(f"benchmarks.{name}").figures(quick)
    return found


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure everything about models."""
    runs = 3 if quick else 5
    found: list[Figure] = []
    install: Path | None = None
    try:
        install = nodered.installed(Path(tempfile.gettempdir()) / "anju-bench-node-red")
    except nodered.PeerMissing as error:
        found.append(Figure("web-ifc", None, "", (f"not there: {error}", None)))
    with tempfile.TemporaryDirectory(prefix="anju-bench-bim-") as name:
        folder = Path(name)
        for title, path in files(folder, quick):
            found += index_of(title, path, folder, runs)
            found += shapes_of(title, path, folder, runs, install)
        found += bad_files(folder)
        (uploads := folder / "uploads").mkdir()
        found += bad_uploads(uploads)
    with contextlib.redirect_stdout(sys.stderr):  # some parts log, and stdout is the report's
        found += parts(quick)
    return report("bim", found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true", dest="as_json")
    asked = parser.parse_args()
    show(run(quick=asked.quick), as_json=asked.as_json)


if __name__ == "__main__":
    main()
