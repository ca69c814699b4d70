"""A real mosquitto that knows each gateway, made as `./anju broker init` makes it."""

import contextlib
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

from app.broker_files import write_broker
from app.settings import BrokerSettings
from ingest.dynsec import DynsecControl
from ingest.settings import Broker
from tests.servers.process import ServerMissing, free_port, wait_for_port


class DynsecBroker:
    """One broker; it may be killed, lose its accounts, and be started again."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self.settings = BrokerSettings(
            **tomllib.loads(write_broker(folder, self.port).read_text())["broker"]
        )

    def ingest(self) -> Broker:
        """The log-in of ingest."""
        password = self.settings.password.get_secret_value()
        return Broker(port=self.port, username=self.settings.username, password=password)

    def control(self) -> DynsecControl:
        """The control topic."""
        password = self.settings.control_password.get_secret_value()
        name = self.settings.control_username
        return DynsecControl(Broker(port=self.port, username=name, password=password))

    def log(self) -> str:
        return (self.folder / "mosquitto.log").read_text(errors="replace")

    def start(self) -> None:
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        try:
            wait_for_port(self.port)
        except TimeoutError as error:
            self.end()
            raise RuntimeError(f"mosquitto: {error}\n{self.log()[-2000:]}") from error

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(15)

    def lose_accounts(self) -> None:
        """Set the plugin's file back to its first state, as a lost disk would; when stopped."""
        fresh = self.folder / "fresh"
        write_broker(fresh, self.port)
        new = tomllib.loads((fresh / "anju.toml").read_text())["broker"]
        self.settings = BrokerSettings(**new)
        (fresh / "dynamic-security.json").replace(self.folder / "dynamic-security.json")
        shutil.rmtree(fresh)


@contextlib.contextmanager
def start(folder: Path) -> Iterator[DynsecBroker]:
    """Run a broker until the block ends.

    Raises
    ------
    ServerMissing
        When mosquitto is not installed.

    """
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        raise ServerMissing("mosquitto is not installed; on Debian: apt-get install mosquitto")
    broker = DynsecBroker(folder, program)
    broker.start()
    try:
        yield broker
    finally:
        broker.end()
