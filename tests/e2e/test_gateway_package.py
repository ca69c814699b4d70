"""The gateway package on the real broker: what it took is stored, whoever is killed meanwhile."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from anju_gateway import Gateway, Settings

from app.broker_accounts import DynsecAccounts
from app.gateway_access import GatewayAccess
from app.provisioning import LocalProvisioning
from domain.clock import SystemClock
from domain.credentials import HandOver
from domain.sensors import Channel, Sensor
from domain.sensors import Gateway as Registered
from ingest.directory import Directory
from ingest.receiver import Receiver
from storage.records import Records, open_records
from storage.spool import SqliteSpool
from tests.e2e.ingest_gateway import wait_for
from tests.e2e.test_gateway_accounts import fill
from tests.servers.dynsec import DynsecBroker, start

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]


class House:
    """Broker, register and ingest; ingest may be stopped and started."""

    def __init__(self, folder: Path, broker: DynsecBroker) -> None:
        self.folder, self.broker = folder, broker
        self.records: Records = open_records(f"sqlite:///{folder}/records.db")
        fill(self.records)
        self.records.register.put_channel(
            Channel("c", "s-g-1", "g-1", "T0.x", "crack", "mm", high=200.0), "test"
        )
        clock = SystemClock()
        access = GatewayAccess(self.records.credentials, self.records.register, clock, fresh_s=0.0)
        self.provisioning = LocalProvisioning(
            self.records.credentials,
            self.records.register,
            clock,
            f"mqtt://127.0.0.1:{broker.port}",
            DynsecAccounts(broker.control(), access.admitted),
        )
        self.spool = SqliteSpool(folder / "spool.db", limit_bytes=10**9)
        self.receiver: Receiver | None = None
        self.start()

    def start(self) -> None:
        directory = Directory(self.records.register.channels_of_gateways(0), 0)
        self.receiver = Receiver(
            self.broker.ingest(), self.spool, lambda: directory, SystemClock(), 0
        )
        self.receiver.start()

    def stop(self) -> None:
        if self.receiver is not None:
            self.receiver.stop()
            self.receiver = None

    def close(self) -> None:
        self.stop()
        self.spool.close()
        self.records.close()

    def values(self) -> list[float]:
        """List every stored value."""
        return [v for entry in self.spool.after(0, 10**9) for v in entry.batch.value.tolist()]

    def hand_over(self, **more: object) -> Settings:
        given: HandOver = self.provisioning.make("g-1", "test")
        return settings_of(self.folder, given, **more)


def settings_of(folder: Path, given: HandOver, **more: object) -> Settings:
    values: dict[str, object] = {"buffer": str(folder / "gateway.db"), **more}
    return Settings(given.url, given.gateway_id, given.secret, given.base, **values)  # type: ignore[arg-type]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with start(tmp_path / "broker") as broker:
        made = House(tmp_path, broker)
        yield made
        made.close()


@pytest.mark.parametrize("mqtt", [3, 5])
def test_readings_come_in_once_each_and_leave_the_buffer(house: House, mqtt: int) -> None:
    with Gateway(house.hand_over(mqtt=mqtt)) as gateway:
        gateway.tell(battery=87.0, signal=-71.0, firmware="1.4")
        for number in range(250):
            gateway.publish("T0.x", number / 10)
        gateway.publish_many(("T0.x", n / 10, None) for n in range(250, 300))
        assert gateway.flush(30)
        assert gateway.waiting == 0
        assert gateway.trouble == ""
    assert sorted(house.values()) == [n / 10 for n in range(300)]
    accounts = [a for entry in house.spool.after(0, 10**9) for a in entry.accounts]
    assert max(a.stored for a in accounts) == 300
    assert {a.missing for a in accounts} == {0}
    wait_for(lambda: statuses(house)[-1:] == [False], 10)
    told = [s for entry in house.spool.after(0, 10**9) for s in entry.statuses]
    assert any((s.battery_percent, s.firmware) == (87.0, "1.4") for s in told)


def statuses(house: House) -> list[bool]:
    return [s.online for entry in house.spool.after(0, 10**9) for s in entry.statuses]


def sender(folder: Path, settings: Settings, first: int) -> "subprocess.Popen[str]":
    file = folder / "gateway.env"
    file.write_text(
        f"GATEWAY_URL={settings.url}\nGATEWAY_ID={settings.id}\nGATEWAY_SECRET={settings.secret}\n"
        f"GATEWAY_BASE={settings.base}\nGATEWAY_BUFFER={settings.buffer}\n"
    )
    return subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.gateway_sender", str(file), str(first)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'gateway'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.slow
def test_nothing_that_was_taken_is_lost_when_gateway_broker_and_ingest_are_killed(
    house: House,
) -> None:
    settings = house.hand_over()
    draw = random.Random(7)
    taken: set[int] = set()
    for kill in range(6):
        process = sender(house.folder, settings, 1000 * kill)
        assert process.stdout is not None
        wanted = draw.randrange(20, 120)
        for line in process.stdout:
            taken.add(int(line))
            wanted -= 1
            if wanted == 0:
                break
        if kill == 1:
            house.broker.end(signal.SIGKILL)
        if kill == 2:
            house.broker.start()
        if kill == 3:
            house.stop()
        if kill == 4:
            house.start()
        process.send_signal(signal.SIGKILL)
        # what it had said before it died counts too
        taken |= {int(line) for line in process.stdout if line.endswith("\n")}
        process.stdout.close()
        process.wait()
    with Gateway(settings, resend_s=2.0) as gateway:
        assert gateway.flush(60), gateway.trouble
    stored = house.values()
    assert len(taken) > 120
    assert taken <= {int(v) for v in stored}
    assert len(stored) == len(set(stored))


def test_a_cut_connection_is_mended_and_the_gap_is_filled_by_itself(house: House) -> None:
    with Gateway(house.hand_over(), resend_s=2.0) as gateway:
        gateway.publish("T0.x", 1.0)
        assert gateway.flush(20)
        house.broker.end(signal.SIGKILL)
        wait_for(lambda: not gateway.online, 20)
        for number in range(2, 30):
            gateway.publish("T0.x", float(number))
        assert gateway.waiting == 28
        house.broker.start()
        assert gateway.flush(60)
    assert sorted(house.values()) == [float(n) for n in range(1, 30)]


def test_what_a_broker_forgot_is_sent_again(house: House) -> None:
    house.stop()
    with Gateway(house.hand_over(), resend_s=2.0) as gateway:
        for number in range(40):
            gateway.publish("T0.x", float(number))
        wait_for(lambda: gateway.online and gateway._cursor == 40, 20)
        # acknowledged, and then the session of ingest with all that was queued is gone
        time.sleep(0.5)
        house.broker.end(signal.SIGKILL)
        for file in house.broker.folder.glob("mosquitto.db*"):
            file.unlink()
        house.broker.start()
        house.start()
        assert gateway.flush(60)
    assert sorted(house.values()) == [float(n) for n in range(40)]


def test_a_revoked_gateway_keeps_its_readings_until_it_has_a_new_secret(house: House) -> None:
    settings = house.hand_over()
    with Gateway(settings) as gateway:
        gateway.publish("T0.x", 1.0)
        assert gateway.flush(20)
        house.provisioning.revoke("g-1", "test", "stolen")
        wait_for(lambda: not gateway.online, 5)
        gateway.publish("T0.x", 2.0)
        wait_for(lambda: "secret" in gateway.trouble, 30)
        assert gateway.waiting == 1
    fresh = settings_of(house.folder, house.provisioning.make("g-1", "test"))
    with Gateway(fresh) as gateway:
        assert gateway.flush(20)
    assert sorted(house.values()) == [1.0, 2.0]


def test_a_gateway_that_is_not_registered_yet_keeps_everything(house: House) -> None:
    house.records.register.put_gateway(Registered("g-9", "g-9"), "test")
    given = house.provisioning.make("g-9", "test")
    with Gateway(settings_of(house.folder, given), resend_s=1.0) as gateway:
        gateway.publish("T0.x", 5.0, datetime(2026, 11, 1, tzinfo=UTC))
        wait_for(lambda: gateway.resent >= 1, 20)
        assert gateway.waiting == 1
        house.records.register.put_sensor(Sensor("s9", "b", "g-9", "C9", "crack"), "test")
        house.records.register.put_channel(
            Channel("c9", "s9", "g-9", "T0.x", "crack", "mm"), "test"
        )
        house.stop()
        house.start()
        assert gateway.flush(60)
    assert house.values() == [5.0]


def test_two_programs_do_not_send_from_one_buffer(house: House) -> None:
    settings = house.hand_over()
    first = sender(house.folder, settings, 0)
    assert first.stdout is not None
    first.stdout.readline()
    second = sender(house.folder, settings, 0)
    assert second.wait(20) == 1
    first.kill()
    first.wait()
    for process in (first, second):
        assert process.stdout is not None
        process.stdout.close()
