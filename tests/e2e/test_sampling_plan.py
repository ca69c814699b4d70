"""From an orange alert to faster readings and back, over the real broker and the door."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.clocks import FileClock
from app.house import House, Role
from app.settings import Settings
from app.stage import fill_register
from domain.alerts import Alert, AlertEvent, AlertState, EventKind
from domain.clock import HOUR_NS, MINUTE_NS
from domain.contexts import ContextEvent, ContextKind
from domain.findings import Cause
from domain.limits import Level
from domain.sampling import SamplingPlan
from simulators.neighbourhood import HOUSES
from simulators.player import Player
from simulators.story import Story, demo_story
from tests.e2e.house_runs import settings_for
from tests.e2e.ingest_gateway import wait_for
from tests.servers.mosquitto import start
from tests.servers.process import free_port

ONE_HOUSE = tuple(house for house in HOUSES if house.number == 5)


@pytest.fixture(params=["mosquitto", "door"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where gateways publish to: a broker, or ingest itself."""
    if request.param == "door":
        yield f"door://127.0.0.1:{free_port()}"
        return
    with start(tmp_path / "mosquitto") as running:
        yield f"mqtt://127.0.0.1:{running.port}"


class Scene:
    """One house with its gateway, playing hour by hour."""

    def __init__(self, folder: Path, url: str) -> None:
        self.story: Story = demo_story(days=9, houses=ONE_HOUSE, chapters=())
        (self.building,) = self.story.neighbourhood.buildings
        (self.gateway,) = self.story.neighbourhood.gateways
        port = int(url.rpartition(":")[2])
        plain = Settings()
        settings = settings_for(
            folder,
            port,
            self.story,
            broker=plain.broker.model_copy(update={"url": url}),
            door=plain.door.model_copy(update={"open": True}),
        )
        self.house = House(settings, frozenset({Role.INGEST, Role.ANALYSE}))
        fill_register(self.house, self.story)
        self.house.start()
        self.player = Player(
            self.story,
            "127.0.0.1",
            port,
            self.house.clock,
            log_in=lambda gateway: (gateway.id, ""),
            obeys=True,
        )
        self.player.connect()
        self.hour = 0

    @property
    def now_ns(self) -> int:
        return self.house.clock.now_ns()

    def play_hour(self) -> int:
        """Play an hour and tell how many readings the gateway took in it."""
        before = self.player.sent
        start_ns = self.story.start_ns + self.hour * HOUR_NS
        self.hour += 1
        assert isinstance(self.house.clock, FileClock)
        self.house.clock.advance_to(start_ns + HOUR_NS)
        self.player.play(start_ns, start_ns + HOUR_NS)
        return self.player.sent - before

    def skip(self, hours: int) -> None:
        self.hour += hours
        assert isinstance(self.house.clock, FileClock)
        self.house.clock.advance_to(self.story.start_ns + self.hour * HOUR_NS)

    def newest(self) -> SamplingPlan | None:
        return self.house.records.fleet.newest_plans(0).get(self.gateway.id)

    def follows(self, version: int) -> bool:
        plan = self.newest()
        return plan is not None and plan.version == version and plan.acknowledged_at_ns is not None

    def event(self, alert: Alert, kind: EventKind, level: Level) -> AlertEvent:
        return AlertEvent(f"{kind}-{alert.version}", alert.id, self.now_ns, kind, level, "test")

    def close(self) -> None:
        self.player.close()
        self.house.stop()


@pytest.fixture
def scene(tmp_path: Path, url: str) -> Iterator[Scene]:
    made = Scene(tmp_path / "house", url)
    yield made
    made.close()


def orange(scene: Scene) -> Alert:
    return Alert(
        "a-1",
        scene.building.id,
        Cause.TILT,
        Level.ORANGE,
        Level.ORANGE,
        AlertState.OPEN,
        scene.now_ns,
        scene.now_ns,
        scene.now_ns,
        version=1,
    )


def test_an_orange_alert_makes_the_gateway_read_faster_until_it_has_been_over_for_a_day(
    scene: Scene,
) -> None:
    scene.play_hour()
    wait_for(lambda: scene.follows(1))
    calm = scene.play_hour()
    channels = [c for site in scene.story.neighbourhood.sites for c in site.channels]
    assert calm == sum(3600 // c.interval_s for c in channels)

    alert = orange(scene)
    scene.house.records.alerts.save(alert, [scene.event(alert, EventKind.OPENED, Level.ORANGE)])
    wait_for(lambda: scene.follows(2))
    plan = scene.newest()
    assert plan is not None
    assert plan.reason == "alert"
    assert {c.interval_s for c in plan.channels} == {300}
    assert plan.sent_at_ns is not None
    assert scene.play_hour() == 12 * len(channels)

    lower = Alert(
        **{name: getattr(alert, name) for name in Alert.__slots__}
        | {"level": Level.YELLOW, "version": 2}
    )
    scene.house.records.alerts.save(lower, [scene.event(lower, EventKind.LOWERED, Level.YELLOW)])
    scene.skip(23)
    scene.play_hour()
    kept = scene.newest()
    assert kept is not None
    assert kept.version == 2  # it may rise again
    scene.skip(2)
    wait_for(lambda: scene.follows(3))
    assert scene.play_hour() == calm
    (status,) = scene.house.records.accounts.statuses()
    assert status.config == 3
    assert scene.now_ns - status.at_ns < 3 * HOUR_NS + MINUTE_NS


def test_a_gateway_that_was_away_gets_its_plan_when_it_comes_back(scene: Scene) -> None:
    wait_for(lambda: scene.follows(1))
    scene.player.gateways[scene.gateway.id].cut()
    alert = orange(scene)
    scene.house.records.alerts.save(alert, [scene.event(alert, EventKind.OPENED, Level.ORANGE)])
    wait_for(lambda: (scene.newest() or alert).version == 2)
    plan = scene.newest()
    assert plan is not None
    assert plan.acknowledged_at_ns is None
    wait_for(lambda: scene.newest().sent_at_ns is not None)  # type: ignore[union-attr]
    scene.skip(1)
    scene.player.gateways[scene.gateway.id].restore()
    wait_for(lambda: scene.follows(2))


def test_a_blast_next_door_makes_the_gateway_read_faster_for_a_day(scene: Scene) -> None:
    wait_for(lambda: scene.follows(1))
    place = (scene.building.longitude, scene.building.latitude, 300.0)
    at_ns = scene.now_ns
    blast = ContextEvent("blast", ContextKind.BLAST, "", at_ns, at_ns, *place)
    scene.house.records.contexts.put([blast], "test")
    scene.skip(1)
    wait_for(lambda: scene.follows(2))
    plan = scene.newest()
    assert plan is not None
    assert plan.reason == "event"
    assert {c.interval_s for c in plan.channels} == {300}
    scene.skip(24)
    wait_for(lambda: scene.follows(3))
