"""The device door on a real socket: what it takes, refuses, bears and survives."""

import contextlib
import json
import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.arrivals import Arrivals, Committed
from domain.errors import SettingsInvalid, StoreUnavailable
from domain.sensors import Gateway
from ingest.door.doorkeeper import Admitted, RegisterKeeper, Turned
from ingest.door.listener import Door
from ingest.door.settings import DoorSettings
from ingest.settings import IngestSettings
from storage.spool import SqliteSpool
from tests.e2e.ingest_gateway import TestGateway, message
from tests.servers.door import Raw, RunningDoor, running_door, wait_for
from tests.unit.door_memory import connect, packet, pubacks, publish, subscribe, text

both = pytest.mark.parametrize("version", [4, 5])


@pytest.fixture
def door(tmp_path: Path) -> Iterator[RunningDoor]:
    with running_door(tmp_path) as running:
        yield running


def log_in(port: int, version: int = 5, gateway: str = "g-1", **more: object) -> Raw:
    raw = Raw(port, connect(version, username=gateway, **more))  # type: ignore[arg-type]
    answer = raw.packet()
    assert answer[:1] == b"\x20", answer
    assert answer[3] == 0, answer
    return raw


def reading(number: int, version: int, packet_id: int, gateway: str = "g-1") -> bytes:
    topic, payload = message(gateway, 1, number, 1)
    return publish(version, packet_id, payload, topic)


@both
def test_a_reading_is_on_disk_when_its_puback_comes(door: RunningDoor, version: int) -> None:
    raw = log_in(door.port, version)
    raw.sock.sendall(reading(5, version, 77))
    assert raw.packet() == b"\x40\x02\x00\x4d"
    assert door.numbers() == [5]
    raw.close()


def test_many_gateways_on_both_versions_lose_nothing(tmp_path: Path) -> None:
    each, names = 500, ["g-1", "g-2"]
    with running_door(tmp_path) as door:

        def send(name: str, version: int) -> None:
            raw = log_in(door.port, version, name)
            raw.sock.sendall(b"".join(reading(n, version, n + 1, name) for n in range(each)))
            assert pubacks(raw.read(4 * each)) == [(n + 1, 0) for n in range(each)]
            raw.close()

        threads = [
            threading.Thread(target=send, args=(n, v)) for n, v in zip(names, (4, 5), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert door.numbers() == sorted([*range(each), *range(each)])
        wait_for(lambda: door.stats()["acknowledged"] == 2 * each)


def test_paho_with_receipts_loses_nothing(door: RunningDoor) -> None:
    with TestGateway(door.port, log_in=True) as gateway:
        gateway.publish_all(range(2_000), 5)
        gateway.wait_for_receipts(30)
    assert door.numbers() == list(range(2_000))
    assert door.stats()["breakages"] == 0


@both
def test_a_second_connection_of_a_gateway_takes_over(door: RunningDoor, version: int) -> None:
    first = log_in(door.port, version, will="anju/1/0/g-1/status")
    second = log_in(door.port, version, client_id="other")
    assert first.packet() == (b"\xe0\x01\x8e" if version == 5 else b"")
    assert first.ended()
    second.sock.sendall(b"\xc0\x00")
    assert second.packet() == b"\xd0\x00"
    assert door.stats()["take-overs"] == 1
    assert door.stats()["connected"] == 1
    second.close()


def test_acks_go_only_to_the_connection_on_which_the_message_came(tmp_path: Path) -> None:
    gate = GatedSpool()
    with running_door(tmp_path, to=gate.around) as door:
        first = log_in(door.port, 4)
        first.sock.sendall(reading(1, 4, 9))
        wait_for(lambda: gate.tries)
        second = log_in(door.port, 4)
        second.sock.sendall(reading(2, 4, 8))
        assert first.ended()
        gate.refuses = False
        assert second.packet() == b"\x40\x02\x00\x08"
        second.sock.sendall(b"\xc0\x00")
        assert second.packet() == b"\xd0\x00"  # and no ack of the other's 9 before it
        assert door.stats()["acks of lost connections"] == 1
        assert door.numbers() == [1, 2]
        second.close()


class GatedSpool:
    """Refuses as long as it is told to."""

    def __init__(self) -> None:
        self.refuses, self.tries = True, 0

    def around(self, spool: SqliteSpool) -> "GatedSpool":
        self.spool = spool
        return self

    def write(self, arrivals: Arrivals) -> Committed:
        self.tries += 1
        if self.refuses:
            raise StoreUnavailable("spool must have room, got a full disk")
        return self.spool.write(arrivals)


def test_while_the_spool_refuses_nothing_is_acknowledged_and_senders_are_held_back(
    tmp_path: Path,
) -> None:
    gate = GatedSpool()
    settings = IngestSettings(queue_messages_max=50)
    with running_door(tmp_path, to=gate.around, settings=settings) as door:
        raw = log_in(door.port, 4)
        raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        sent = threading.Event()
        count, each = 12_000, 20  # more than the kernel holds by itself

        def send() -> None:
            for n in range(count):
                topic, payload = message("g-1", 1, n * each, each)
                raw.sock.sendall(publish(4, n + 1, payload, topic))
            sent.set()

        thread = threading.Thread(target=send)
        thread.start()
        wait_for(lambda: gate.tries >= 2)
        assert door.door.health().state == "degraded"
        assert "full disk" in door.door.health().text
        assert not sent.wait(2.0), "the sender must feel it"
        assert door.stats()["acknowledged"] == 0
        assert door.stats()["messages"] < 2_000
        gate.refuses = False
        assert len(raw.read(4 * count)) == 4 * count
        thread.join()
        assert door.numbers() == list(range(count * each))
        assert door.door.health().state == "ok"


@both
def test_a_will_arrives_as_status_when_the_line_breaks(door: RunningDoor, version: int) -> None:
    raw = log_in(door.port, version, will="anju/1/0/g-1/status")
    raw.close(reset=True)

    def told() -> list[bool]:
        return [s.online for e in door.spool.after(0, 100) for s in e.statuses]

    wait_for(told)
    assert told() == [False]


def test_a_will_waits_its_delay_and_a_gateway_that_comes_back_takes_it_back(
    door: RunningDoor,
) -> None:
    def told() -> list[bool]:
        return [s.online for e in door.spool.after(0, 100) for s in e.statuses]

    def lost(delay_s: int) -> None:
        raw = log_in(
            door.port, will="anju/1/0/g-1/status", will_delay_s=delay_s, clean=False, client_id="w"
        )
        raw.close(reset=True)
        wait_for(lambda: door.stats()["connected"] == 0)

    lost(600)
    back = log_in(door.port, clean=False, client_id="w")  # without a will
    back.close()
    wait_for(lambda: door.stats()["connected"] == 0)
    lost(1)
    assert told() == []
    wait_for(told)
    # the first one was taken back: there is nothing left that waits
    assert door.door._wills == {}
    assert told() == [False]


@both
def test_no_way_of_speaking_for_another_gateway_stores_a_reading(
    door: RunningDoor, version: int
) -> None:
    stranger = Raw(door.port, connect(version, username="g-9"))
    assert stranger.packet()[3] != 0
    theirs = reading(7, version, 9, "g-1")
    # another's topic, plain and retained
    for flags in (0, 1):
        thief = log_in(door.port, version, "g-2")
        topic, payload = message("g-1", 1, 7, 1)
        thief.sock.sendall(publish(version, 9, payload, topic, flags=flags))
        assert thief.packet() == (b"\x40\x03\x00\x09\x87" if version == 5 else b"")
        thief.close()
    # another's will
    will = connect(version, username="g-2", will="anju/1/0/g-1/status")
    assert Raw(door.port, will).packet()[3] != 0
    # ears
    thief = log_in(door.port, version, "g-2")
    for wanted in ("#", "anju/#", "anju/1/0/+/receipt", "anju/1/0/g-1/receipt", "$SYS/#"):
        thief.sock.sendall(subscribe(version, 3, wanted))
        assert thief.packet()[-1] == (0x87 if version == 5 else 0x80)
    # a device of another gateway, in its own payload: it has the same addresses
    address = message("g-1", 1, 7, 1)[1].replace(b'"T2.x"', b'"g-1:T2.x"')
    thief.sock.sendall(publish(version, 4, address, "anju/1/0/g-2/readings"))
    assert thief.packet() == b"\x40\x02\x00\x04"
    assert door.numbers() == []
    assert door.stats()["quarantined"] == 1
    honest = log_in(door.port, version, "g-1")
    honest.sock.sendall(theirs)
    assert honest.packet() == b"\x40\x02\x00\x09"
    kept = [(e.batch.channels[c]) for e in door.spool.after(0, 10) for c in e.batch.channel]
    assert kept == ["g-1:T2.x"]


def test_a_large_payload_is_refused_with_a_reason_and_shown_in_the_account(
    door: RunningDoor,
) -> None:
    for version in (5, 4):
        raw = log_in(door.port, version)
        big = publish(version, 1, b"x" * 10_000_000, "anju/1/0/g-1/readings")
        with contextlib.suppress(OSError):  # 3.1.1 is told by the end alone
            raw.sock.sendall(big)
        if version == 5:
            assert raw.packet() == b"\xe0\x01\x95"
        assert raw.ended()
    refusals = [r for e in door.spool.after(0, 100) for r in e.refusals]
    wait_for(lambda: [r for e in door.spool.after(0, 100) for r in e.refusals])
    refusals = [r for e in door.spool.after(0, 100) for r in e.refusals]
    assert {r.reason for r in refusals} == {"too large"}
    assert {r.gateway_id for r in refusals} == {"g-1"}


def test_malformed_beginnings_leave_the_door_as_it_was(door: RunningDoor) -> None:
    good = log_in(door.port)
    beginnings = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 64,
        b"\xff" * 64,
        b"\x10\xff\xff\xff\x7f",
        packet(0x10, text("MQTT") + b"\x05\x02\x00\x00\x00\x00\x01\xff"),
        packet(0x10, text("MQTT") + b"\x04\xff\x00\x00"),
        connect(5)[:-1] + b"\xff",
        connect(4) + b"\x32\x02\x00\x00",
        connect(5) + b"\x32\x03\x00\x08",
        connect(5, username="g-2") + b"\x36\x02\x00\x00",
    ]
    for _ in range(30):
        for data in beginnings:
            raw = Raw(door.port)
            with contextlib.suppress(OSError):
                raw.sock.sendall(data)
                raw.sock.shutdown(socket.SHUT_WR)
            assert raw.ended()
            raw.close()
    assert good.ended()  # its own gateway logged in above
    again = log_in(door.port)
    again.sock.sendall(reading(1, 5, 1))
    assert again.packet() == b"\x40\x02\x00\x01"
    again.close()
    assert door.numbers() == [1]
    assert door.stats()["breakages"] == 0


def test_slow_log_ins_are_cut_and_others_go_on(tmp_path: Path) -> None:
    with running_door(tmp_path, limits=DoorSettings(port=0, connect_s=1.0)) as door:
        slow = [Raw(door.port, connect(5)[: n % 20]) for n in range(40)]
        raw = log_in(door.port)
        raw.sock.sendall(reading(1, 5, 1))
        assert raw.packet() == b"\x40\x02\x00\x01"
        assert all(s.ended() for s in slow)
        assert door.stats()["slow log-ins"] == 40
        raw.close()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_flood_of_connections_is_cut_at_the_limit_and_leaves_nothing_open(
    tmp_path: Path,
) -> None:
    limits = DoorSettings(port=0, connections_per_address_max=50, connect_s=2.0)
    with running_door(tmp_path, limits=limits) as door:
        before = open_files()
        raw = log_in(door.port)
        flood = [Raw(door.port) for _ in range(300)]
        raw.sock.sendall(reading(1, 5, 1))
        assert raw.packet() == b"\x40\x02\x00\x01"
        wait_for(lambda: door.stats()["connections over the limit"] == 251)
        for one in flood:
            one.close()
        raw.close()
        wait_for(lambda: open_files() <= before)
        log_in(door.port).close()


def test_connections_in_all_are_limited_too(tmp_path: Path) -> None:
    limits = DoorSettings(port=0, connections_max=2)
    with running_door(tmp_path, limits=limits) as door:
        first, second = log_in(door.port), log_in(door.port, 4, "g-2")
        third = Raw(door.port, connect(5))
        assert third.ended()
        assert door.stats()["connections over the limit"] == 1
        second.close()
        wait_for(lambda: door.stats()["connected"] == 1)
        wait_for(lambda: Raw(door.port, connect(4, username="g-2")).packet()[:1] == b"\x20")
        first.sock.sendall(reading(1, 5, 1))
        assert first.packet() == b"\x40\x02\x00\x01"


def test_a_door_without_files_left_waits_and_goes_on(door: RunningDoor) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = log_in(door.port)
    probe = os.dup(held.sock.fileno())
    os.close(probe)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe + 5, hard))
    try:
        with contextlib.suppress(OSError):
            while len(Raw.opened) < 12:
                Raw(door.port)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for raw in Raw.opened[1:]:
        raw.close()
    held.sock.sendall(b"\xc0\x00")
    assert held.packet() == b"\xd0\x00"
    held.close()
    log_in(door.port).close()


@both
def test_a_gateway_that_is_revoked_is_shown_out_and_not_let_in_again(
    tmp_path: Path, version: int
) -> None:
    gateways = {"g-1": Gateway("g-1", "g-1")}
    changed: list[str] = []

    def revoked() -> frozenset[str]:
        found = frozenset(changed)
        changed.clear()
        return found

    keeper = RegisterKeeper(gateways.get, None, revoked, open_to_all=True)
    with running_door(tmp_path, keeper=keeper) as door:
        raw = log_in(door.port, version)
        gateways["g-1"] = Gateway("g-1", "g-1", active=False)
        changed.append("g-1")
        assert raw.packet() == (b"\xe0\x01\x87" if version == 5 else b"")
        assert raw.ended()
        answer = Raw(door.port, connect(version)).packet()
        assert answer[3] == (0x87 if version == 5 else 5)


class SlowKeeper:
    """Takes his time, and once fails."""

    def __init__(self) -> None:
        self.asked = 0

    def admit(
        self, client_id: str, username: str, password: bytes, certificate: str
    ) -> Admitted | Turned:
        self.asked += 1
        if password == b"boom":
            raise RuntimeError("boom")
        time.sleep(0.3)
        return Admitted(username, 0)

    def revoked(self) -> frozenset[str]:
        return frozenset()


def test_a_slow_doorkeeper_holds_nobody_else_up(tmp_path: Path) -> None:
    with running_door(tmp_path, keeper=SlowKeeper()) as door:
        inside = log_in(door.port, 5, "g-1")
        waiting = Raw(door.port, connect(5, username="g-2") + reading(1, 5, 1, "g-2"))
        inside.sock.sendall(reading(1, 5, 1))
        assert inside.packet() == b"\x40\x02\x00\x01"
        assert waiting.packet()[0] == 0x20
        assert waiting.packet() == b"\x40\x02\x00\x01"  # sent before it was let in
        inside.close()
        waiting.close()


def test_receipts_and_the_last_one_for_whoever_listens_later(door: RunningDoor) -> None:
    raw = log_in(door.port)
    raw.sock.sendall(reading(7, 5, 1))
    assert raw.packet() == b"\x40\x02\x00\x01"
    raw.sock.sendall(b"\xe0\x00")
    later = log_in(door.port, client_id="listener")
    later.sock.sendall(subscribe(5, 1, "anju/1/0/g-1/receipt"))
    assert later.packet()[0] == 0x90
    receipt = later.packet()
    assert receipt[0] == 0x31  # as a retained one
    assert json.loads(receipt[receipt.index(b"{") :])["upto"] == 7
    later.close()


def test_an_address_that_is_taken_is_named(door: RunningDoor, tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path / "other.db", limit_bytes=10**9)
    second = Door(
        DoorSettings(port=door.port),
        SlowKeeper(),
        spool,
        lambda: None,
        door.door.clock,  # type: ignore[arg-type, return-value]
    )
    with pytest.raises(SettingsInvalid, match=rf"127\.0\.0\.1:{door.port}"):
        second.start()
    second.stop()
    spool.close()


def test_at_a_stop_mqtt_5_is_told_and_no_will_is_taken(tmp_path: Path) -> None:
    with running_door(tmp_path) as door:
        raw = log_in(door.port, will="anju/1/0/g-1/status")
        door.door.stop()
        assert raw.packet() == b"\xe0\x01\x8b"
        assert raw.ended()
        assert [s for e in door.spool.after(0, 100) for s in e.statuses] == []
