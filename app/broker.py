"""What the demo's gateways publish to: the device door, or mosquitto with our configuration."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from app.orphans import tied
from domain.errors import SettingsInvalid

_CONF = Path(__file__).parent.parent / "deploy" / "mosquitto.conf"
_START_S = 10.0

BrokerChoice = Literal["door", "mosquitto"]


@contextlib.contextmanager
def gateways_broker(choice: BrokerChoice, folder: Path, *, separate: bool) -> Iterator[str]:
    """Give the `broker.url` of a demo until the block ends; a mosquitto runs meanwhile.

    Parameters
    ----------
    separate
        Ingest is another process: its door must then have a port that is known beforehand.

    Raises
    ------
    SettingsInvalid
        When mosquitto is wanted and is not installed or does not start.

    """
    if choice == "door":
        yield f"door://127.0.0.1:{_free_port() if separate else 0}"
        return
    with running_broker(folder) as url:
        yield url


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_mosquitto() -> str:
    """Find the broker's program.

    Raises
    ------
    SettingsInvalid
        When it is not installed; the text says how to get it.

    """
    path = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if path is None:
        raise SettingsInvalid(
            "mosquitto is not installed; get it with: sudo apt-get install mosquitto"
        )
    return path


@contextlib.contextmanager
def running_broker(folder: Path) -> Iterator[str]:
    """Run mosquitto on a free port of 127.0.0.1 and give its URL.

    Raises
    ------
    SettingsInvalid
        When it is not installed or does not start.

    """
    program = find_mosquitto()
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    conf = folder / "mosquitto.conf"
    text = _CONF.read_text(encoding="utf-8")
    text = text.replace("{port}", str(port)).replace("{folder}", str(folder))
    # as root mosquitto becomes its own user, who could not write to this folder
    conf.write_text(text + ("\nuser root\n" if os.getuid() == 0 else ""), encoding="utf-8")
    log = folder / "mosquitto.log"
    with log.open("wb") as output:
        process = subprocess.Popen([program, "-c", str(conf)], stdout=output, stderr=output)  # noqa: S603
    try:
        with tied(process):
            _wait(process, port, log)
            yield f"mqtt://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no word"]
    raise SettingsInvalid(f"mosquitto did not start: {last[0]}")
