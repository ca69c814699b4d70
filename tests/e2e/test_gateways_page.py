"""The five minutes of docs/gateways.md, command by command, from nothing to a reading."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.servers.process import free_port

pytestmark = [pytest.mark.servers, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gateways.md").read_text(encoding="utf-8")


def commands() -> str:
    blocks = re.findall(r"^```sh five-minutes\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    return "\n".join(blocks)


def test_the_five_minutes_lead_to_a_reading(tmp_path: Path) -> None:
    for name in ("anju", "gateway", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    broker, web = free_port(), free_port()
    text = commands()
    assert text.count("1883") == 1
    assert text.count("8480") == 1
    script = f"set -e\n{text}\n".replace("1883", str(broker)).replace("8480", str(web))
    clean = {name: v for name, v in os.environ.items() if not name.startswith("ANJU_")}
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={**clean, "ANJU_WEB__PORT": str(web)},
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            status = shell.wait(300)
        finally:
            # what the page starts in the background
            os.killpg(shell.pid, signal.SIGTERM)
    said = (tmp_path / "out").read_text()
    told = (tmp_path / "err").read_text()
    assert status == 0, said + told
    latest = json.loads(said.strip().splitlines()[-1])
    # a sensor of five minutes has not learnt the weather yet, and says so
    assert (latest["value"], latest["flags"]) == (0.42, ["immature_compensation"])
    secret = re.search(r"GATEWAY_SECRET=(\S+)", (tmp_path / "gateway.env").read_text())
    assert secret is not None
    assert secret[1] not in said + told


def test_the_page_says_the_same_in_chinese() -> None:
    chinese = PAGE.split("## 中文")[1]
    for word in ("五分钟", "更换", "吊销", "EMQX", "mosquitto", "二维码"):
        assert word in chinese
