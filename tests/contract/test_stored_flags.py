"""What is worth little is flagged in the store, whatever the store does meanwhile."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.house import House, Role
from app.stage import fill_register
from domain.clock import DAY_NS, MINUTE_NS
from domain.errors import StoreUnavailable
from domain.readings import QualityFlag, ReadingBatch
from domain.sensors import Channel
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings
from simulators.story import Story
from tests.e2e.house_runs import settings_for, short_story

STEP = 30 * MINUTE_NS


@pytest.fixture
def story() -> Story:
    return short_story(2)


@pytest.fixture
def house(tmp_path: Path, story: Story) -> Iterator[House]:
    made = House(settings_for(tmp_path, 1, story), frozenset({Role.INGEST, Role.ANALYSE}))
    fill_register(made, story)
    yield made
    made.stop()


def crack(house: House) -> Channel:
    for _, _, site in house.records.register.sites(0):
        for channel in site.channels:
            if channel.kind == "crack":
                return channel
    raise AssertionError("no crack gauge in the neighbourhood")


def send(house: House, story: Story, values: list[float], first: int = 0) -> None:
    """Hand values to ingest, one a step, five a message."""
    channel = crack(house)
    directory = Directory(house.records.register.channels_of_gateways(0), 0)
    intake = Intake(lambda: directory, IngestSettings())
    for at in range(0, len(values), 5):
        readings = [
            {"c": channel.address, "t": (story.start_ns + (first + n) * STEP) // 10**6, "v": v}
            for n, v in enumerate(values[at : at + 5], start=at)
        ]
        body = {"boot": 1, "seq": first + at, "readings": readings}
        topic = f"anju/1/0/{channel.gateway_id}/readings"
        received = story.start_ns + (first + at + 4) * STEP
        message = Message(topic, json.dumps(body).encode(), received)
        house.spool_writer.write(intake.arrivals([message]))


def stored(house: House, story: Story) -> dict[int, int]:
    series = house.readings.between(crack(house).id, story.start_ns, story.start_ns + 9 * DAY_NS)
    steps = ((series.taken_at - story.start_ns) // STEP).tolist()
    told = (series.flag & ~np.uint16(QualityFlag.LATE)).tolist()
    return {n: flag for n, flag in zip(steps, told, strict=True) if flag}


def noise(n: int) -> list[float]:
    return (1.0 + np.random.default_rng(5).normal(0.0, 0.01, n)).round(4).tolist()


def test_a_spike_a_stuck_stretch_and_the_end_of_a_gap_are_flagged(
    house: House, story: Story
) -> None:
    values = noise(60)
    values[40] = 1.9
    send(house, story, [*values, *[1.0] * 10])
    send(house, story, noise(5), first=90)
    while house.pipeline.store():
        pass
    flags = stored(house, story)
    assert flags == {
        40: QualityFlag.SPIKE,
        67: QualityFlag.STUCK,
        68: QualityFlag.STUCK,
        69: QualityFlag.STUCK,
        90: QualityFlag.COMM_GAP,
    }


def test_a_store_that_is_away_for_a_while_changes_no_flag(
    house: House, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = noise(60)
    values[40] = 1.9
    keep = type(house.readings).append
    refusing = iter([True, False] * 50)

    def append(store: object, batch: ReadingBatch) -> None:
        if next(refusing):
            raise StoreUnavailable("away")
        keep(store, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(type(house.readings), "append", append)
    for first in range(0, 60, 5):
        send(house, story, values[first : first + 5], first=first)
        house.pipeline.store()
        house.pipeline._store_retry = 0.0
        house.pipeline.store()
    assert stored(house, story) == {40: QualityFlag.SPIKE}
