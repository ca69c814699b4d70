"""A real mosquitto with the configuration that Anju ships."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers.process import ServerMissing, free_port, wait_for_port

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "mosquitto.conf"


class Mosquitto:
    """One broker in a folder of its own; it may be stopped, killed and started again."""

    host = "127.0.0.1"

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "mosquitto.log"
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start_again(self) -> None:
        """Start on the same port with what the last one saved."""
        text = CONFIGURATION.read_text()
        text = text.replace("{port}", str(self.port)).replace("{folder}", str(self.folder))
        file = self.folder / "mosquitto.conf"
        # as root mosquitto becomes its own user, which could not write to the test's folder
        file.write_text(text + ("\nuser root\n" if os.getuid() == 0 else ""))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(file)], stdout=log, stderr=log
            )
        try:
            wait_for_port(self.port)
        except TimeoutError as error:
            self.kill()
            raise RuntimeError(f"mosquitto: {error}\n{self.log.read_text()[-2000:]}") from error

    def forget(self) -> None:
        """Drop what earlier clients left: retained states, and ingest's session with its queue."""
        done, token = threading.Event(), f"forget/{os.urandom(8).hex()}"
        # clean, under the name of ingest: its session goes
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="anju-ingest-0")

        def clear(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
            if message.topic == token:
                done.set()
            elif message.retain:
                client.publish(message.topic, b"", 1, retain=True)

        def connected(*_: Any) -> None:
            client.subscribe([("anju/#", 1), (token, 1)])

        # what is retained comes before what is published after the subscription
        client.on_message, client.on_connect = clear, connected
        client.on_subscribe = lambda *_: client.publish(token, b"", 1)
        client.connect(self.host, self.port)
        client.loop_start()
        try:
            assert done.wait(20), "the broker did not answer"
            # acknowledged in order: what was cleared before is gone when this one is
            client.publish(token, b"", 1).wait_for_publish(20)
        finally:
            client.disconnect()
            client.loop_stop()

    def stop(self) -> None:
        """End it as a service manager does; it saves its database."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a chance to save."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def start(folder: Path) -> Iterator[Mosquitto]:
    """Run a broker until the block ends.

    Raises
    ------
    ServerMissing
        When mosquitto is not installed.

    """
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        raise ServerMissing("mosquitto is not installed; on Debian: apt-get install mosquitto")
    folder.mkdir(parents=True, exist_ok=True)
    broker = Mosquitto(folder, program)
    broker.start_again()
    try:
        yield broker
    finally:
        broker.stop()
