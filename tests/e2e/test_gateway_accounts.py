"""Gateways on the real mosquitto with accounts: what is refused, and revoked in time."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from app.broker_accounts import DynsecAccounts
from app.gateway_access import GatewayAccess
from app.house import House, Role
from app.provisioning import LocalProvisioning
from app.settings import Settings
from domain.buildings import Building
from domain.clock import SystemClock
from domain.errors import StoreUnavailable
from domain.sensors import Channel, Gateway, Sensor
from ingest.directory import Directory
from ingest.dynsec import DynsecControl
from ingest.receiver import Receiver
from ingest.settings import Broker
from storage.records import Records, open_records
from storage.spool import SqliteSpool
from tests.e2e.ingest_gateway import wait_for
from tests.servers.dynsec import DynsecBroker, start

pytestmark = pytest.mark.servers

V311, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5
PROTOCOLS = {"3.1.1": V311, "5": V5}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[DynsecBroker]:
    with start(tmp_path / "broker") as broker:
        yield broker


@dataclass
class Office:
    records: Records
    accounts: DynsecAccounts
    provisioning: LocalProvisioning
    access: GatewayAccess


def fill(records: Records) -> None:
    """Two gateways, each with a native channel and a DZ/T one, with addresses of their own."""
    records.register.put_building(
        Building("b", "B1", "b", "a", "360102", "s", "", 115.9, 28.7), "test"
    )
    for name in ("g-1", "g-2"):
        records.register.put_gateway(Gateway(name, name), "test")
        records.register.put_sensor(Sensor(f"s-{name}", "b", name, f"C-{name}", "crack"), "test")
        for address in (f"{name}:T0.x", f"SK-{name}.L1_LF_1"):
            channel = Channel(f"{name}|{address}", f"s-{name}", name, address, "crack", "mm")
            records.register.put_channel(channel, "test")


def office_on(broker: DynsecBroker, records: Records) -> Office:
    clock = SystemClock()
    access = GatewayAccess(records.credentials, records.register, clock, fresh_s=0.0)
    accounts = DynsecAccounts(broker.control(), access.admitted)
    provisioning = LocalProvisioning(
        records.credentials, records.register, clock, f"mqtt://127.0.0.1:{broker.port}", accounts
    )
    return Office(records, accounts, provisioning, access)


@pytest.fixture
def office(guarded: DynsecBroker, tmp_path: Path) -> Iterator[Office]:
    records = open_records(f"sqlite:///{tmp_path}/records.db")
    fill(records)
    yield office_on(guarded, records)
    records.close()


def in_step(office: Office) -> None:
    """Compare now, whenever the last comparison was."""
    office.accounts._next_at = float("-inf")
    office.accounts._compared_at = float("-inf")
    office.accounts.run_once()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[SqliteSpool]:
    opened = SqliteSpool(tmp_path / "spool.db", limit_bytes=10**9)
    yield opened
    opened.close()


@pytest.fixture
def receiver(guarded: DynsecBroker, office: Office, spool: SqliteSpool) -> Iterator[Receiver]:
    directory = Directory(office.records.register.channels_of_gateways(0), 0)
    running = Receiver(guarded.ingest(), spool, lambda: directory, SystemClock(), 0)
    running.start()
    wait_for(lambda: running.health().state == "ok")
    yield running
    running.stop()


class Client:
    """A gateway, honest or not; it keeps what the broker says to it."""

    def __init__(
        self,
        port: int,
        name: str,
        secret: str,
        protocol: MQTTProtocolVersion,
        client_id: str | None = None,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self.connected, self.ended = threading.Event(), threading.Event()
        self.refused = ""
        self.granted: list[bool] = []
        self.heard: list[str] = []
        self.failed = 0
        self.answered = 0
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            name if client_id is None else client_id,
            protocol=protocol,
            reconnect_on_failure=False,
        )
        client.username_pw_set(name, secret)
        if will:
            client.will_set(*will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = lambda *_: self.ended.set()
        client.on_subscribe = lambda _c, _u, _m, reasons, _p: self.granted.append(
            not reasons[0].is_failure
        )
        client.on_publish = self._on_publish
        client.on_message = lambda _c, _u, m: self.heard.append(m.topic)
        client.connect("127.0.0.1", port)
        client.loop_start()
        wait_for(lambda: self.connected.is_set() or self.refused, 10)

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        if reason.is_failure:
            self.refused = str(reason)
        else:
            self.connected.set()

    def _on_publish(self, _c: Any, _u: Any, _m: int, reason: Any, _p: Any) -> None:
        self.answered += 1
        self.failed += reason.is_failure

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Publish and tell whether the broker says that it took it (3.1.1 always does)."""
        answered, failed = self.answered, self.failed
        self._client.publish(topic, payload, qos=1, retain=retain)
        wait_for(lambda: self.answered > answered or self.ended.is_set(), 10)

        return self.failed == failed

    def subscribe(self, filter_: str) -> bool:
        before = len(self.granted)
        self._client.subscribe(filter_, 1)
        wait_for(lambda: len(self.granted) > before, 10)
        return self.granted[-1]

    def drop(self) -> None:
        """Lose the line without a good-bye, so that the broker tells the will."""
        sock = self._client.socket()
        assert sock is not None
        sock.shutdown(2)
        self.ended.wait(10)
        self._client.loop_stop()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def native(address: str, value: float = 1.0, boot: int = 1, seq: int = 0) -> bytes:
    reading = {"c": address, "t": time.time_ns() // 10**6, "v": value}
    return json.dumps({"boot": boot, "seq": seq, "readings": [reading]}).encode()


def nested(device: str) -> bytes:
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return json.dumps({device: {"L1_LF_1": {at: 10.86}}}).encode()


def stored(spool: SqliteSpool) -> list[str]:
    return [
        entry.batch.channels[code]
        for entry in spool.after(0, 10**9)
        for code in entry.batch.channel.tolist()
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_no_way_of_speaking_for_another_gateway_stores_a_reading(
    guarded: DynsecBroker,
    office: Office,
    receiver: Receiver,
    spool: SqliteSpool,
    protocol: MQTTProtocolVersion,
) -> None:
    secrets = {g: office.provisioning.make(g, "me").secret for g in ("g-1", "g-2")}
    honest = Client(guarded.port, "g-1", secrets["g-1"], protocol)
    assert honest.subscribe("anju/1/0/g-1/receipt")
    assert honest.publish("anju/1/0/g-1/readings", native("g-1:T0.x"))
    wait_for(lambda: honest.heard == ["anju/1/0/g-1/receipt"])

    will = ("anju/1/0/g-1/readings", native("g-1:T0.x", 9.0, 7, 70))
    thief = Client(guarded.port, "g-2", secrets["g-2"], protocol, will=will)
    # spoofed topics, retained ones too
    says = []
    for retain in (False, True):
        says += [
            thief.publish("anju/1/0/g-1/readings", native("g-1:T0.x", 2.0, 2, 1), retain=retain),
            thief.publish("anju/1/0/g-1/dzt", nested("SK-g-1"), retain=retain),
            thief.publish("anju/1/0/g-1/status", b'{"online":false}', retain=retain),
            thief.publish("anju/1/0/g-1/receipt", b'{"boot":1,"upto":9}', retain=retain),
            thief.publish("anju/1/0/g-2/receipt", b'{"boot":1,"upto":9}', retain=retain),
            thief.publish("$CONTROL/dynamic-security/v1", b'{"commands":[]}', retain=retain),
        ]
    if protocol is V5:
        assert says == [False] * len(says)
    # foreign device codes in its own payloads
    assert thief.publish("anju/1/0/g-2/readings", native("g-1:T0.x", 3.0))
    assert thief.publish("anju/1/0/g-2/dzt", nested("SK-g-1"))
    assert thief.publish("anju/1/0/g-2/dzt", nested("sk-G-1"))
    # retained on its own topic
    assert thief.publish("anju/1/0/g-2/readings", native("g-1:T0.x", 4.0, 1, 5), retain=True)
    # ears
    wanted = ["#", "+/#", "anju/#", "anju/1/0/+/receipt", "anju/1/0/g-1/receipt", "$SYS/#"]
    wanted += ["anju/1/0/g-2/#", "$share/x/anju/1/0/g-1/receipt", "$CONTROL/#"]
    assert [thief.subscribe(filter_) for filter_ in wanted] == [False] * len(wanted)
    assert thief.subscribe("anju/1/0/g-2/receipt")
    # a will on another's topic, told when its line breaks
    thief.drop()
    # another's client id, that of ingest, none
    for client_id in ("g-1", "anju-ingest-0", "elsewhere"):
        assert Client(guarded.port, "g-2", secrets["g-2"], protocol, client_id).refused
    assert Client(guarded.port, "g-2", secrets["g-1"], protocol).refused
    assert Client(guarded.port, "g-2", "", protocol).refused
    assert not honest.ended.is_set()

    # its own readings come in after all that, and so everything before has been looked at
    again = Client(guarded.port, "g-2", secrets["g-2"], protocol)
    again.publish("anju/1/0/g-2/readings", native("g-2:T0.x", 5.0, 1, 100))
    wait_for(lambda: "g-2|g-2:T0.x" in stored(spool))
    assert sorted(stored(spool)) == ["g-1|g-1:T0.x", "g-2|g-2:T0.x"]
    refused = {(r.gateway_id, r.reason) for e in spool.after(0, 10**9) for r in e.refusals}
    assert refused == {("g-2", "unknown channel"), ("g-2", "device of another gateway")}
    told = [s.gateway_id for e in spool.after(0, 10**9) for s in e.statuses]
    assert "g-1" not in told
    assert honest.heard == ["anju/1/0/g-1/receipt"]
    for client in (honest, again):
        client.close()


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_a_revoked_gateway_loses_its_live_connection_and_stays_out(
    guarded: DynsecBroker, office: Office, protocol: MQTTProtocolVersion
) -> None:
    secret = office.provisioning.make("g-1", "me").secret
    client = Client(guarded.port, "g-1", secret, protocol)
    office.provisioning.revoke("g-1", "me", "stolen")
    assert client.ended.wait(5)
    client.close()
    assert Client(guarded.port, "g-1", secret, protocol).refused
    # a new secret opens it again
    fresh = office.provisioning.make("g-1", "me").secret
    Client(guarded.port, "g-1", fresh, protocol).close()


def test_a_rotation_lets_only_the_new_secret_in(guarded: DynsecBroker, office: Office) -> None:
    old = office.provisioning.make("g-1", "me").secret
    live = Client(guarded.port, "g-1", old, V5)
    given = office.provisioning.rotate("g-1", "me", 3600)
    assert given.old_until_ns is None
    assert live.ended.wait(5)
    live.close()
    assert Client(guarded.port, "g-1", old, V5).refused
    client = Client(guarded.port, "g-1", given.secret, V5)
    assert client.subscribe("anju/1/0/g-1/config")
    client.close()


def test_a_house_shuts_out_whom_another_process_revoked_within_five_seconds(
    guarded: DynsecBroker, tmp_path: Path
) -> None:
    settings = Settings().model_copy(update={"folder": tmp_path, "broker": guarded.settings})
    house = House(settings, frozenset({Role.INGEST}))
    house.start()
    try:
        fill(house.records)
        secret = house.provisioning.make("g-1", "me").secret
        client = Client(guarded.port, "g-1", secret, V5)
        wait_for(lambda: ok(house), 10)
        # another process, that cannot reach the broker: only the records say it
        records = open_records(settings.records_url)
        elsewhere = LocalProvisioning(
            records.credentials, records.register, SystemClock(), "mqtt://x"
        )
        elsewhere.revoke("g-1", "somebody", "stolen")
        assert client.ended.wait(5)
        client.close()
        # and somebody who is closed in the register
        client = Client(guarded.port, "g-1", house.provisioning.make("g-1", "me").secret, V5)
        wait_for(lambda: ok(house), 10)
        records.register.put_gateway(Gateway("g-1", "g-1", active=False, version=2), "somebody")
        assert client.ended.wait(5)
        client.close()
        records.close()
    finally:
        house.stop()


def ok(house: House) -> bool:
    return [h.state for h in house.health() if h.part == "broker accounts"] == ["ok"]


def test_the_house_reads_on_with_the_accounts_that_init_made(
    guarded: DynsecBroker, tmp_path: Path
) -> None:
    settings = Settings().model_copy(update={"folder": tmp_path, "broker": guarded.settings})
    house = House(settings, frozenset({Role.INGEST}))
    house.start()
    try:
        wait_for(lambda: [h.state for h in house.health() if h.part == "ingest"] == ["ok"], 10)
    finally:
        house.stop()


def test_what_was_changed_at_the_broker_is_mended(guarded: DynsecBroker, office: Office) -> None:
    secret = office.provisioning.make("g-1", "me").secret
    office.provisioning.make("g-2", "me")
    control = guarded.control()
    every = {"acltype": "publishClientSend", "topic": "#", "priority": 0, "allow": True}
    answers = control.send(
        [
            {"command": "modifyRole", "rolename": "anju-gateway-g-1", "acls": [every]},
            {"command": "addClientRole", "username": "g-1", "rolename": "anju-gateway-g-2"},
            {"command": "setClientId", "username": "g-1", "clientid": "anju-ingest-0"},
            {"command": "createRole", "rolename": "anju-gateway-g-8", "acls": [every]},
            {
                "command": "createClient",
                "username": "g-8",
                "password": "x",
                "roles": [{"rolename": "anju-gateway-g-8"}],
            },
            {"command": "createClient", "username": "somebody-elses", "password": "x"},
        ]
    )
    assert not any("error" in answer for answer in answers)
    in_step(office)
    clients = {c["username"]: c for c in control.clients()}
    assert "g-8" not in clients
    assert "somebody-elses" in clients
    assert clients["g-1"]["clientid"] == "g-1"
    assert [role["rolename"] for role in clients["g-1"]["roles"]] == ["anju-gateway-g-1"]
    roles = {r["rolename"]: r["acls"] for r in control.roles()}
    assert "anju-gateway-g-8" not in roles
    assert every not in roles["anju-gateway-g-1"]
    Client(guarded.port, "g-1", secret, V5).close()
    assert office.accounts.health().state == "ok"
    control.send([{"command": "deleteClient", "username": "somebody-elses"}])


def test_more_accounts_than_are_read_at_once_are_all_seen(
    guarded: DynsecBroker, office: Office
) -> None:
    control = guarded.control()
    names = [f"many-{n}" for n in range(510)]
    role = {"command": "createRole", "rolename": "anju-gateway-many", "acls": []}
    control.send(
        [
            role,
            *(
                {
                    "command": "createClient",
                    "username": name,
                    "roles": [{"rolename": "anju-gateway-many"}],
                }
                for name in names
            ),
        ]
    )
    assert {c["username"] for c in control.clients()} >= set(names)
    in_step(office)
    assert not {c["username"] for c in control.clients()} & set(names)


def test_a_broker_that_lost_its_accounts_is_told_of_and_new_secrets_mend_it(
    tmp_path: Path, office: Office
) -> None:
    with start(tmp_path / "lost") as broker:
        mine = office_on(broker, office.records)
        secret = mine.provisioning.make("g-1", "me").secret
        in_step(mine)
        assert mine.accounts.health().state == "ok"
        broker.end()
        broker.lose_accounts()
        broker.start()
        mine = office_on(broker, office.records)
        in_step(mine)
        assert mine.accounts.health().state == "degraded"
        assert "g-1" in mine.accounts.health().text
        assert Client(broker.port, "g-1", secret, V5).refused
        fresh = mine.provisioning.rotate("g-1", "me", 0).secret
        in_step(mine)
        assert mine.accounts.health().state == "ok"
        Client(broker.port, "g-1", fresh, V5).close()


def test_a_broker_that_is_away_hands_nothing_out_and_hears_of_a_revocation_later(
    tmp_path: Path, office: Office
) -> None:
    with start(tmp_path / "away") as broker:
        mine = office_on(broker, office.records)
        secret = mine.provisioning.make("g-1", "me").secret
        broker.end()
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            mine.provisioning.rotate("g-1", "me", 0)
        with pytest.raises(StoreUnavailable):
            mine.provisioning.make("g-2", "me")
        assert mine.provisioning.valid(mine.provisioning.credentials("g-2")) == []
        in_step(mine)
        assert "cannot be reached" in mine.accounts.health().text
        broker.start()
        # the rotation that failed left the old secret as it was
        Client(broker.port, "g-1", secret, V5).close()
        broker.end()
        mine.provisioning.revoke("g-1", "me", "stolen")
        broker.start()
        in_step(mine)
        assert Client(broker.port, "g-1", secret, V5).refused


WRONG: dict[str, Callable[[DynsecBroker], Broker]] = {
    "password": lambda b: Broker(port=b.port, username="anju-control", password="x"),
    "account": lambda b: b.ingest(),
    "port": lambda b: Broker(port=1, username="x", password="x"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_control_account_that_is_none_is_told_in_one_line(
    guarded: DynsecBroker, wrong: str
) -> None:
    with pytest.raises(StoreUnavailable) as told:
        DynsecControl(WRONG[wrong](guarded)).clients()
    assert "\n" not in str(told.value)
    assert str(guarded.settings.password.get_secret_value()) not in str(told.value)
