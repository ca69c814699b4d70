"""A disk that is really full, under the spool, the records and everything: nothing is lost."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from app.house import House
from app.people import add_user
from app.settings import ReadingsSettings, Settings
from app.stage import variables
from domain.alerts import Alert, Concern, Recipient, Way
from domain.buildings import Building
from domain.findings import Cause
from domain.installation import Heartbeat
from domain.limits import Level
from domain.ports import Page
from domain.sensors import Channel, Gateway, Sensor
from storage.records import Records, open_records
from storage.spool import SpoolReader
from tests.e2e.ingest_gateway import TestGateway, wait_for
from tests.servers.mosquitto import Mosquitto
from tests.servers.mosquitto import start as start_broker
from tests.servers.process import ServerMissing, free_port
from tests.servers.small_disk import SmallDisk

pytestmark = pytest.mark.servers
ROOT = Path(__file__).parents[2]
OPERATOR = Recipient(
    "r-op", "operator", (Way("webhook", "desk"),), concerns=(Concern.INSTALLATION,)
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    try:
        with start_broker(tmp_path / "mosquitto") as server:
            yield server
    except ServerMissing as error:
        pytest.fail(str(error))


def fill_register(records: Records) -> None:
    """Register one house with the gateway and channels that `TestGateway` speaks for."""
    register = records.register
    register.put_building(
        Building("b-1", "CODE-1", "演示楼", "演示路 1 号", "360102", "s", "", 115.9, 28.7), "test"
    )
    register.put_gateway(Gateway("g-1", "g-1"), "test")
    register.put_sensor(Sensor("s-1", "b-1", "g-1", "T1", "tilt"), "test")
    for point in range(5):
        register.put_channel(
            Channel(f"c-{point}", "s-1", "g-1", f"T{point}.x", "tilt", "‰", "xyzuv"[point]), "test"
        )
    records.alerts.put_recipient(OPERATOR, "test")


class Anju:
    """One process of Anju."""

    def __init__(self, verb: str, settings: Settings, log: Path) -> None:
        self.log = log
        clean = {k: v for k, v in os.environ.items() if not k.startswith("ANJU_")}
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", verb],
                cwd=ROOT,
                env=clean | variables(settings),
                stdout=file,
                stderr=file,
            )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def settings_for(folder: Path, broker: Mosquitto, **changes: object) -> Settings:
    plain = Settings()
    folder.mkdir(parents=True, exist_ok=True)
    return plain.model_copy(
        update={
            "folder": folder,
            "broker": plain.broker.model_copy(update={"url": f"mqtt://127.0.0.1:{broker.port}"}),
            "web": plain.web.model_copy(update={"port": 0}),
            "watch": plain.watch.model_copy(update={"beat_s": 1.0}),
            **changes,
        }
    )


def beat_of(records: Records, role: str) -> Heartbeat | None:
    return next((row for row in records.heartbeats.all() if row.role == role), None)


def state_of(records: Records, role: str) -> str:
    beat = beat_of(records, role)
    return beat.state if beat else "never seen"


def alert_about(records: Records, cause: Cause) -> Alert | None:
    rows = records.alerts.alerts(Page(), building_ids=[], installation=True)
    return next((row for row in rows if row.cause is cause), None)


def spooled(path: Path) -> list[int]:
    reader = SpoolReader(path)
    try:
        return sorted(n for e in reader.after(0, 10**9) for n in e.batch.seq.tolist())
    finally:
        reader.close()


def figure(beat: Heartbeat | None, part: str, name: str) -> float:
    assert beat is not None
    return next(dict(p.figures)[name] for p in beat.parts if p.part == part)


def test_a_full_disk_under_the_spool_loses_nothing_and_mends_itself(
    tmp_path: Path, broker: Mosquitto, disk: SmallDisk
) -> None:
    plain = settings_for(tmp_path / "house", broker)
    settings = plain.model_copy(
        update={"ingest": plain.ingest.model_copy(update={"spool": str(disk.folder / "spool.db")})}
    )
    records = open_records(settings.records_url)
    fill_register(records)
    ingest = Anju("ingest", settings, tmp_path / "ingest.log")
    try:
        wait_for(lambda: state_of(records, "ingest") == "ok", 60)
        with TestGateway(broker.port) as gateway:
            gateway.publish_all(range(100))
            gateway.wait_for_receipts(60)
            wait_for(lambda: figure(beat_of(records, "ingest"), "ingest", "acknowledged") == 20)
            disk.fill()
            seq, sent_at = 100, time.monotonic()
            while state_of(records, "ingest") != "degraded":
                assert time.monotonic() < sent_at + 120, ingest.said()
                gateway.publish(seq, 500)  # the spool's log may still have room in its last pages
                seq += 500
                time.sleep(0.1)
            beat = beat_of(records, "ingest")
            assert beat is not None
            assert "full" in " ".join(p.text for p in beat.parts), beat.parts
            gateway.publish(seq, 500)
            seq += 500
            wait_for(lambda: alert_about(records, Cause.SPOOL_WRITE_FAILED) is not None)
            time.sleep(1.0)  # whatever is wrongly on its way would come now
            given = gateway.receipted(range(seq))
            assert len(given) < seq, "the disk is full: something must be waiting"
            assert given <= set(spooled(disk.folder / "spool.db"))
            acknowledged = figure(beat_of(records, "ingest"), "ingest", "acknowledged")
            assert acknowledged < 20 + (seq - 100) / 500
            # it is killed and cannot start: one line, and the file is as it was
            ingest.kill()
            before = spooled(disk.folder / "spool.db")
            assert given <= set(before)
            disk.make_room()
            ingest = Anju("ingest", settings, tmp_path / "ingest.log")
            gateway.wait_for_receipts(90, again_every_s=10)
        wait_for(lambda: state_of(records, "ingest") == "ok")
        assert spooled(disk.folder / "spool.db") == list(range(seq))
        (account,) = {
            (a.gateway_id, a.stored, a.missing)
            for e in SpoolReader(disk.folder / "spool.db").after(0, 10**9)[-1:]
            for a in e.accounts
        }
        assert account == ("g-1", seq, 0)
        alert = alert_about(records, Cause.SPOOL_WRITE_FAILED)
        assert alert is not None
        assert alert.level_max >= Level.ORANGE
        assert records.alerts.notices(alert.id), "somebody was told"
    finally:
        ingest.stop()
        records.close()


def test_it_goes_on_by_itself_when_room_is_made(
    tmp_path: Path, broker: Mosquitto, disk: SmallDisk
) -> None:
    plain = settings_for(tmp_path / "house", broker)
    settings = plain.model_copy(
        update={"ingest": plain.ingest.model_copy(update={"spool": str(disk.folder / "spool.db")})}
    )
    records = open_records(settings.records_url)
    fill_register(records)
    ingest = Anju("ingest", settings, tmp_path / "ingest.log")
    try:
        wait_for(lambda: state_of(records, "ingest") == "ok", 60)
        with TestGateway(broker.port) as gateway:
            disk.fill()
            seq = 0
            while state_of(records, "ingest") != "degraded":
                gateway.publish(seq, 500)
                seq += 500
                time.sleep(0.1)
            disk.make_room()
            gateway.wait_for_receipts(60)
        wait_for(lambda: state_of(records, "ingest") == "ok")
        assert spooled(disk.folder / "spool.db") == list(range(seq))
    finally:
        ingest.stop()
        records.close()


def test_a_full_disk_under_the_records_stops_no_reading_and_is_told(
    tmp_path: Path, broker: Mosquitto, disk: SmallDisk
) -> None:
    plain = settings_for(tmp_path / "house", broker)
    port = free_port()
    settings = plain.model_copy(
        update={
            "records": plain.records.model_copy(
                update={"url": f"sqlite:///{disk.folder / 'records.db'}"}
            ),
            "web": plain.web.model_copy(update={"port": port}),
        }
    )
    records = open_records(f"sqlite:///{disk.folder / 'records.db'}")
    fill_register(records)
    house = House(settings, frozenset())
    house.__dict__["records"] = records
    add_user(records.access, house.identity, "op", "long enough", role="operator", scopes=["city"])
    user = records.access.user_named("op")
    assert user is not None
    key, _ = house.identity.make_key(user.id, "test", "test")
    up = Anju("up", settings, tmp_path / "up.log")

    def health() -> dict[str, object]:
        answer = httpx2.get(
            f"http://127.0.0.1:{port}/api/v1/health", headers={"Authorization": f"Bearer {key}"}
        )
        shown: dict[str, object] = answer.json()
        return shown

    def answers() -> bool:
        try:
            return bool(health())
        except httpx2.ConnectError:
            return False

    try:
        wait_for(lambda: {state_of(records, r) for r in ("ingest", "analyse")} == {"ok"}, 60)
        wait_for(answers, 60)
        with TestGateway(broker.port) as gateway:
            gateway.publish_all(range(100))
            gateway.wait_for_receipts(60)
            wait_for(lambda: records.judgement.judged(0) > 0)
            disk.fill()
            until, seq = time.monotonic() + 60, 100
            while "cannot be written" not in up.said():
                assert time.monotonic() < until, up.said()[-2000:]
                gateway.publish(seq, 100)
                seq += 100
                time.sleep(0.1)
            judged = records.judgement.judged(0)
            gateway.wait_for_receipts(60)  # readings go on being taken in
            assert records.judgement.judged(0) == judged
            # ingest may have said so first; the other process finds out with its next heart-beat
            wait_for(lambda: health()["state"] == "degraded", 30)
            disk.make_room()
            spool = SpoolReader(settings.spool_path)
            wait_for(lambda: records.judgement.judged(0) == spool.head(), 60)
            spool.close()
        assert up.process.poll() is None, up.said()[-2000:]
        wait_for(lambda: health()["state"] == "ok", 60)
        assert sum(a.stored for a in records.accounts.accounts()) == seq
    finally:
        up.stop()
        records.close()


def test_a_full_disk_under_the_readings_store_holds_the_spool_and_mends_itself(
    tmp_path: Path, broker: Mosquitto, disk: SmallDisk
) -> None:
    settings = settings_for(
        tmp_path / "house",
        broker,
        readings=ReadingsSettings(url=f"duckdb:///{disk.folder / 'readings.duckdb'}"),
    )
    records = open_records(settings.records_url)
    fill_register(records)
    up = Anju("up", settings, tmp_path / "up.log")
    try:
        wait_for(lambda: {state_of(records, r) for r in ("ingest", "analyse")} == {"ok"}, 60)
        with TestGateway(broker.port) as gateway:
            disk.fill()
            until, seq = time.monotonic() + 60, 0
            while state_of(records, "analyse") != "degraded":
                assert time.monotonic() < until, up.said()[-2000:]
                gateway.publish(seq, 500)
                seq += 500
                time.sleep(0.1)
            gateway.wait_for_receipts(60)
            spool = SpoolReader(settings.spool_path)
            wait_for(lambda: records.judgement.judged(0) == spool.head(), 60)
            assert spool.cursor("stored") < spool.head(), "judging waits for no store"
            disk.make_room()
            wait_for(lambda: spool.cursor("stored") == spool.head(), 60)
            spool.close()
        assert up.process.poll() is None, up.said()[-2000:]
        wait_for(lambda: {state_of(records, r) for r in ("ingest", "analyse")} == {"ok"}, 60)
    finally:
        up.stop()
        records.close()


@pytest.mark.parametrize("verb", [["up"], ["demo"], ["demo", "--once", "--days", "1"]])
def test_a_start_on_a_full_disk_is_one_clear_line(
    tmp_path: Path, disk: SmallDisk, verb: list[str]
) -> None:
    disk.fill()
    where = ["--folder", str(disk.folder / "demo")] if verb[0] == "demo" else []
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ANJU_")}
    told = subprocess.run(
        [sys.executable, "-m", "app", *verb, *where],
        cwd=ROOT,
        env=clean | ({} if where else {"ANJU_FOLDER": str(disk.folder / "var")}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line for line in told.stderr.splitlines() if line.strip()]
    assert told.returncode == 2, told.stderr
    assert len(lines) == 1, told.stderr
    assert "full" in lines[0] or "No space" in lines[0], lines[0]
    assert str(disk.folder) in lines[0]


def test_a_start_with_a_spool_on_a_full_disk_is_one_clear_line_and_harms_nothing(
    tmp_path: Path, broker: Mosquitto, disk: SmallDisk
) -> None:
    plain = settings_for(tmp_path / "house", broker)
    settings = plain.model_copy(
        update={"ingest": plain.ingest.model_copy(update={"spool": str(disk.folder / "spool.db")})}
    )
    records = open_records(settings.records_url)
    fill_register(records)
    ingest = Anju("ingest", settings, tmp_path / "first.log")
    with contextlib.closing(records):
        wait_for(lambda: state_of(records, "ingest") == "ok", 60)
        with TestGateway(broker.port) as gateway:
            gateway.publish_all(range(100))
            gateway.wait_for_receipts(60)
        ingest.stop()
        disk.fill()
        again = Anju("ingest", settings, tmp_path / "again.log")
        try:
            again.process.wait(60)
            lines = [line for line in again.said().splitlines() if line.strip()]
            assert again.process.returncode == 2, lines
            assert len(lines) == 1, lines
            assert str(disk.folder / "spool.db") in lines[0]
        finally:
            again.stop()
        disk.make_room()
        assert spooled(disk.folder / "spool.db") == list(range(100))
