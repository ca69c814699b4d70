"""What a demo starts ends with it, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.orphans import tied
from tests.e2e.ingest_gateway import wait_for

ROOT = Path(__file__).parents[2]

BROKER = """
import pathlib, sys, time
from app.broker import running_broker
with running_broker(pathlib.Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(600)
"""
ROLE = """
import pathlib, sys, time
from app.house import Role
from app.settings import Settings
from app.stage import running_role
folder = pathlib.Path(sys.argv[1])
folder.mkdir(exist_ok=True)
plain = Settings()
with running_role(Role.NOTIFY, plain.model_copy(update={"folder": folder})) as process:
    print(process.pid, flush=True)
    time.sleep(600)
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def started(code: str, folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip()
    return process


def by_signal(number: signal.Signals) -> Callable[["subprocess.Popen[str]"], None]:
    return lambda process: process.send_signal(number)


def by_terminal(process: "subprocess.Popen[str]") -> None:
    """End it as Ctrl-C does: the signal goes to everything in its group."""
    os.killpg(process.pid, signal.SIGINT)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("code", [BROKER, ROLE], ids=["broker", "role"])
@pytest.mark.parametrize(
    "end",
    [by_signal(signal.SIGKILL), by_signal(signal.SIGTERM), by_terminal],
    ids=["kill -9", "term", "ctrl-c"],
)
def test_nothing_outlives_it(
    tmp_path: Path, code: str, end: Callable[["subprocess.Popen[str]"], None]
) -> None:
    parent = started(code, tmp_path / "files")
    with parent:
        below = children(parent.pid)
        assert len(below) == 2, "the program, and who watches over it"
        end(parent)
        parent.wait(60)
    wait_for(lambda: not any(alive(pid) for pid in below))


def test_the_watcher_leaves_a_program_alone_whose_parent_lets_go_of_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        with tied(process):
            pass
        assert process.poll() is None
        process.kill()
