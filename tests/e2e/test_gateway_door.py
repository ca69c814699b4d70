"""The reference gateway at the device door, with a secret that is replaced and revoked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from anju_gateway import Gateway

from app.house import House, Role
from app.settings import Settings
from domain.sensors import Channel
from tests.e2e.ingest_gateway import wait_for
from tests.e2e.test_gateway_accounts import fill
from tests.e2e.test_gateway_package import settings_of
from tests.servers.process import free_port


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    plain = Settings()
    url = f"door://127.0.0.1:{free_port()}"
    broker = plain.broker.model_copy(update={"url": url})
    running = House(
        plain.model_copy(update={"folder": tmp_path, "broker": broker}),
        frozenset({Role.INGEST}),
    )
    running.start()
    fill(running.records)
    running.records.register.put_channel(
        Channel("c", "s-g-1", "g-1", "T0.x", "crack", "mm"), "test"
    )
    yield running
    running.stop()


def values(house: House) -> list[float]:
    return sorted(v for e in house.spool.after(0, 10**9) for v in e.batch.value.tolist())


@pytest.mark.parametrize("mqtt", [3, 5])
def test_a_secret_opens_the_door_until_it_is_revoked(
    house: House, tmp_path: Path, mqtt: int
) -> None:
    first = house.provisioning.make("g-1", "me")
    with Gateway(settings_of(tmp_path, first, mqtt=mqtt), resend_s=2.0) as gateway:
        gateway.publish("T0.x", 1.0)
        assert gateway.flush(30), gateway.trouble
        house.provisioning.revoke("g-1", "me", "stolen")
        wait_for(lambda: not gateway.online, 5)
        gateway.publish("T0.x", 2.0)
        wait_for(lambda: "secret" in gateway.trouble, 20)
        assert gateway.waiting == 1
    second = house.provisioning.make("g-1", "me")
    with Gateway(settings_of(tmp_path, second, mqtt=mqtt), resend_s=2.0) as gateway:
        assert gateway.flush(30), gateway.trouble
    assert values(house) == [1.0, 2.0]


def test_both_secrets_open_the_door_until_the_new_one_is_used(house: House, tmp_path: Path) -> None:
    old = house.provisioning.make("g-1", "me")
    with Gateway(settings_of(tmp_path, old)) as gateway:
        wait_for(lambda: gateway.online, 20)
        new = house.provisioning.rotate("g-1", "me", 3600)
        assert new.old_until_ns is not None
    with Gateway(settings_of(tmp_path, old)) as gateway:
        wait_for(lambda: gateway.online, 20)
    with Gateway(settings_of(tmp_path, new)) as gateway:
        wait_for(lambda: gateway.online, 20)
    with Gateway(settings_of(tmp_path, old)) as gateway:
        wait_for(lambda: "secret" in gateway.trouble, 20)
    with Gateway(settings_of(tmp_path, new)) as gateway:
        wait_for(lambda: gateway.online, 20)
