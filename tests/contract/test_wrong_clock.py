"""A house does not go blind because its gateway's clock is wrong."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.house import House, Role
from app.stage import fill_register
from domain.clock import DAY_NS, EPOCH, HOUR_NS, MINUTE_NS
from domain.limits import Level
from domain.ports import Page
from domain.sensors import Channel
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings
from simulators.story import Story
from tests.e2e.house_runs import settings_for, short_story


@pytest.fixture
def story() -> Story:
    return short_story(2)


@pytest.fixture
def house(tmp_path: Path, story: Story) -> Iterator[House]:
    made = House(settings_for(tmp_path, 1, story), frozenset({Role.INGEST, Role.ANALYSE}))
    fill_register(made, story)
    yield made
    made.stop()


def tilt_axes(house: House) -> list[Channel]:
    """Find the two axes of a surveyed tilt sensor."""
    for _, _, site in house.records.register.sites(0):
        absolute = {s.channel_id for s in site.segments if s.survey is not None}
        for sensor in site.sensors:
            axes = [c for c in site.channels if c.sensor_id == sensor.id and c.kind == "tilt"]
            if len(axes) == 2 and {c.id for c in axes} <= absolute:
                return axes
    raise AssertionError("no surveyed tilt sensor in the neighbourhood")


def drain(house: House) -> None:
    """Judge and store all there is; storing goes on behind."""
    head = house.spool.head()
    while min(house.spool.cursor("stored"), house.spool.cursor("judged")) < head:
        house.pipeline.run_once()


def send(house: House, story: Story, minute: int, skew_ns: int, value: float) -> None:
    axes = tilt_axes(house)
    received = story.start_ns + minute * MINUTE_NS
    taken = (EPOCH + timedelta(microseconds=(received + skew_ns) // 1000)).isoformat()
    readings = [{"c": channel.address, "t": taken, "v": value} for channel in axes]
    body = {"boot": 1, "seq": 2 * minute, "readings": readings}
    directory = Directory(house.records.register.channels_of_gateways(0), 0)
    topic = f"anju/1/0/{axes[0].gateway_id}/readings"
    message = Message(topic, json.dumps(body).encode(), received)
    arrivals = Intake(lambda: directory, IngestSettings()).arrivals([message])
    house.spool_writer.write(arrivals)
    drain(house)


@pytest.mark.parametrize("skew_ns", [0, 8 * HOUR_NS, -20_000 * DAY_NS, 4_000 * DAY_NS])
def test_a_red_rings_at_once_whatever_the_clock_says(
    house: House, story: Story, skew_ns: int
) -> None:
    house.clock.advance_to(story.start_ns + 3 * HOUR_NS)  # type: ignore[attr-defined]
    for step in range(20):
        send(house, story, 30 * step, skew_ns, 0.0 if step < 8 else 40.0)
        house.spool_writer.release(story.start_ns + 30 * step * MINUTE_NS)
    drain(house)
    (alert,) = [a for a in house.records.alerts.alerts(Page(limit=50)) if a.level is Level.RED]
    assert 0 <= alert.event_started_at_ns - story.start_ns - 240 * MINUTE_NS <= 2 * HOUR_NS
    assert alert.opened_at_ns >= story.start_ns
    x = tilt_axes(house)[0]
    series = house.readings.between(x.id, story.start_ns - DAY_NS, story.start_ns + 9000 * DAY_NS)
    # everything is stored, and at its right time, though the first ones had to wait
    ages = [(at - story.start_ns) / MINUTE_NS for at in series.taken_at.tolist()]
    assert ages == pytest.approx([30 * step for step in range(20)], abs=0.1)
    (account,) = [a for a in house.records.accounts.accounts() if a.gateway_id == x.gateway_id]
    assert (account.stored, account.quarantined, account.missing) == (40, 0, 1102)
    notes = house.records.accounts.clocks()
    assert [(n.known, n.waiting) for n in notes] == ([(True, 0)] if skew_ns else [])


def test_a_red_rings_even_while_nobody_knows_what_time_the_gateway_has(
    house: House, story: Story
) -> None:
    house.clock.advance_to(story.start_ns + 3 * HOUR_NS)  # type: ignore[attr-defined]
    for step in range(20):  # another error each time: none of it is ever known
        skew_ns = (400 + 97 * step) * DAY_NS
        send(house, story, 30 * step, skew_ns, 0.0 if step < 8 else 40.0)
    alerts = house.records.alerts.alerts(Page(limit=50))
    assert [a.level for a in alerts if a.level is Level.RED] == [Level.RED]
    x = tilt_axes(house)[0]
    assert not house.readings.latest([x.id])
    (account,) = [a for a in house.records.accounts.accounts() if a.gateway_id == x.gateway_id]
    assert (account.stored, account.quarantined) == (0, 40)
    (note,) = house.records.accounts.clocks()
    assert (note.known, note.waiting) == (False, 40)
