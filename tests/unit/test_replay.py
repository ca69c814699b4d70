"""Decisions of limit rules made again from stored raw readings."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alerting.join import JoinContext, join
from analytics.detectors import detectors
from analytics.detectors.loss_of_watch import DETECTOR as LOSS
from analytics.detectors.movement import Movement
from analytics.limits import load_profile
from app.replay import Replayer
from domain.alerts import Alert
from domain.clock import DAY_NS, HOUR_NS, VirtualClock
from domain.findings import Cause
from domain.limits import Level
from domain.ports import Judgement, Page
from domain.readings import QualityFlag, ReadingBatch, concat
from domain.sensors import Channel, Gateway, Sensor
from storage.readings.memory import MemoryReadingStore
from storage.records import Records
from tests.fresh_records import fresh_records
from tests.unit.series import START_NS, House, building, healthy

PROFILE = load_profile()
DAYS = 60
NOBODY: Any = None


class Story:
    """A house whose crack opens, judged as it happened; its raw readings and what came of it."""

    def __init__(self, folder: Path) -> None:
        series = healthy(seed=3, days=DAYS, cracks=1)
        series.moved("C1", lambda days: 0.5 * np.clip((days - 44) / 14, 0, 1))
        self.readings = MemoryReadingStore()
        house = House.of(PROFILE, "C1 S1 TEMP")
        batches = list(series.batches(6))
        house.run(Movement(PROFILE), batches)
        for batch in batches:
            keep = np.isin(batch.channel, [batch.channels.index(c) for c in ("C1", "S1", "TEMP")])
            self.readings.append(batch.take(keep))
        self.end_ns = START_NS + DAYS * DAY_NS
        loss = LOSS(PROFILE)
        house.heard = {"g-1": self.end_ns - HOUR_NS}
        for hours in np.arange(-1, 9, 0.25):
            at_ns = self.end_ns + int(hours * HOUR_NS)
            house.look(loss, ReadingBatch.empty(), at_ns)
        self.records: Records = fresh_records(
            folder / "records.db", clock=VirtualClock(self.end_ns)
        )
        register = self.records.register
        register.put_building(building(), "test")
        register.put_gateway(Gateway("g-1", "网关"), "test")
        for name, kind in (("C1", "crack"), ("S1", "settlement"), ("TEMP", "temperature")):
            register.put_sensor(Sensor(name, "b-1", "g-1", name, kind), "test")
            register.put_channel(Channel(name, name, "g-1", name, kind, "", "", 3600), "test")
        found = [f for f in house.found if f.subject in {"C1", "g-1", "b-1"}]
        joined = join(found, [], JoinContext({"b-1": building()}, [], PROFILE), self.end_ns)
        self.records.judgement.commit(
            Judgement(0, 1, findings=tuple(found), alerts=joined.alerts, events=joined.events)
        )

    def alert(self, cause: Cause) -> Alert:
        rows = self.records.alerts.alerts(Page(), building_ids=["b-1"])
        return next(alert for alert in rows if alert.cause is cause)

    def replayer(self) -> Replayer:
        return Replayer(
            self.readings, self.records.register, self.records.alerts, self.records.fleet,
            self.records.assessments, PROFILE, detectors(PROFILE), NOBODY,
        )  # fmt: skip


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    made = Story(tmp_path_factory.mktemp("story"))
    yield made
    made.records.close()


def test_growth_and_rate_of_a_crack_come_out_again_to_the_last_digits(story: Story) -> None:
    found = story.replayer().replay(story.alert(Cause.CRACK).id)
    assert [line.text for line in found.lines if not line.agrees] == []
    assert found.agrees
    assert found.readings > 4000
    levels = {line.finding.level for line in found.lines}
    assert Level.ORANGE in levels
    rules = {line.finding.rule for line in found.lines}
    assert "crack.growth" in rules


def test_flags_that_were_set_when_it_was_stored_do_not_count(story: Story) -> None:
    taken = START_NS + 50 * DAY_NS
    rows = story.readings.between("C1", taken, taken + HOUR_NS)
    flagged = ReadingBatch.of(
        ["C1"], rows.taken_at, rows.value, received_at=rows.received_at, flag=QualityFlag.SPIKE
    )
    story.readings.append(flagged)
    assert story.replayer().replay(story.alert(Cause.CRACK).id).agrees


def test_a_silence_comes_out_again(story: Story) -> None:
    found = story.replayer().replay(story.alert(Cause.WATCH).id)
    assert [line.text for line in found.lines if not line.agrees] == []
    assert {line.finding.rule for line in found.lines} == {"device.silent"}


def test_one_tampered_reading_is_noticed(story: Story) -> None:
    taken = START_NS + 52 * DAY_NS
    rows = story.readings.between("C1", taken, taken + 2 * HOUR_NS)
    tampered = ReadingBatch.of(
        ["C1"] * 2, rows.taken_at, rows.value + 0.02, received_at=rows.received_at
    )
    story.readings.append(tampered)
    found = story.replayer().replay(story.alert(Cause.CRACK).id)
    assert not found.agrees
    assert any(line.text for line in found.lines)
    undone = replace(tampered, value=rows.value)
    story.readings.append(concat([undone]))
    assert story.replayer().replay(story.alert(Cause.CRACK).id).agrees


def test_readings_that_are_gone_are_told_as_such(story: Story) -> None:
    empty = Replayer(
        MemoryReadingStore(), story.records.register, story.records.alerts,
        story.records.fleet, story.records.assessments, PROFILE, detectors(PROFILE), NOBODY,
    )  # fmt: skip
    found = empty.replay(story.alert(Cause.CRACK).id)
    assert not found.agrees
    assert all("did not come out again" in line.text for line in found.lines)
