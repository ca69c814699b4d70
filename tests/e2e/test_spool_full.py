"""The readings store is away until the spool is full: who is told, who waits, what is kept."""

import time
from pathlib import Path
from typing import Any

import pytest

from app.endpoint import running_endpoint
from app.house import House, Role
from app.settings import ReadingsSettings, Settings
from domain.alerts import Concern, NoticeState, Recipient, Way
from domain.findings import Cause
from domain.limits import Level
from tests.e2e.ingest_gateway import START_MS, TestGateway, wait_for
from tests.e2e.test_disk_full import alert_about, figure, fill_register

pytestmark = [pytest.mark.servers, pytest.mark.slow]
OPERATOR = Recipient(
    "r-op", "operator", (Way("webhook", "desk"),), concerns=(Concern.INSTALLATION,)
)


def settings_for(folder: Path, port: int, influx: Any, endpoint: Any) -> Settings:
    folder.mkdir(parents=True)
    plain = Settings()
    target = {"url": endpoint.url, "secret": endpoint.secret}
    return plain.model_copy(
        update={
            "folder": folder,
            "broker": plain.broker.model_copy(update={"url": f"mqtt://127.0.0.1:{port}"}),
            "ingest": plain.ingest.model_copy(update={"spool_limit_bytes": 1_000_000}),
            "readings": ReadingsSettings(
                url=influx.store_url(influx.new_bucket()), token=influx.token
            ),
            "watch": plain.watch.model_copy(
                update={"beat_s": 1.0, "store_away_s": {"yellow": 1.0, "orange": 3.0}}
            ),
            "notifiers": {"webhook": {"targets": {"desk": target}}},
        }
    )


def test_the_store_is_away_until_the_spool_is_full_and_comes_back(
    tmp_path: Path, broker: Any, influx: Any
) -> None:
    with running_endpoint("a secret of the test's own") as endpoint:
        settings = settings_for(tmp_path / "house", broker.port, influx, endpoint)
        house = House(settings, frozenset({Role.INGEST, Role.ANALYSE, Role.NOTIFY}))
        fill_register(house.records)
        house.records.alerts.put_recipient(OPERATOR, "test")
        house.start()
        away = False

        def beat(role: str) -> Any:
            return next(b for b in house.records.heartbeats.all() if b.role == role)

        try:
            wait_for(lambda: {v.state for v in house.vitals()} == {"ok"}, 60)
            with TestGateway(broker.port) as gateway:
                gateway.publish_all(range(1000))
                gateway.wait_for_receipts(60)
                influx.stop()
                away = True
                seq, until = 1000, time.monotonic() + 120
                while house.spool_writer.full_percent() < 100:
                    assert time.monotonic() < until
                    gateway.publish(seq, 500)
                    seq += 500
                    time.sleep(0.01)
                # the spool is full, the store is away: nothing of what follows may need either
                wait_for(lambda: (_level(house, Cause.SPOOL_NEAR_LIMIT)) == Level.RED)
                wait_for(lambda: (_level(house, Cause.READINGS_STORE_AWAY)) == Level.ORANGE)
                gateway.publish_all(range(seq, seq + 5_000))
                seq += 5_000
                wait_for(lambda: _told(house, endpoint) >= 2)
                wait_for(lambda: beat("ingest").state == beat("analyse").state == "degraded")
                time.sleep(2.0)
                given = gateway.receipted(range(seq))
                assert len(given) < seq - 4_000, "the sender has to wait"
                acknowledged = figure(beat("ingest"), "ingest", "acknowledged")
                time.sleep(2.0)
                assert figure(beat("ingest"), "ingest", "acknowledged") == acknowledged
                influx.start_again()
                away = False
                gateway.wait_for_receipts(120)
            spool = house.spool
            wait_for(lambda: spool.cursor("stored") == spool.head(), 60)
            wait_for(lambda: (_level(house, Cause.SPOOL_NEAR_LIMIT)) == Level.NONE)
            wait_for(lambda: (_level(house, Cause.READINGS_STORE_AWAY)) == Level.NONE)
            kept = [
                house.readings.between(
                    f"c-{point}", START_MS * 1_000_000, (START_MS + seq) * 1_000_000
                )
                for point in range(5)
            ]
            assert sum(map(len, kept)) == seq, "an acknowledged reading was lost"
        finally:
            if away:
                influx.start_again()
            house.stop()


def _level(house: House, cause: Cause) -> Level | None:
    """Tell the level that a cause holds now; cleared alerts keep none."""
    alert = alert_about(house.records, cause)
    return max(c.level for c in alert.contributions) if alert else None


def _told(house: House, endpoint: Any) -> int:
    """Count the causes whose notice the receiver has taken."""
    found = 0
    for cause in (Cause.SPOOL_NEAR_LIMIT, Cause.READINGS_STORE_AWAY):
        alert = alert_about(house.records, cause)
        for notice in house.records.alerts.notices(alert.id) if alert else ():
            if notice.state is NoticeState.ACCEPTED and notice.id in endpoint.accepted:
                found += 1
                break
    return found
