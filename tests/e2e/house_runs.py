"""A short story for tests that break things: who plays it, and what must come out of it."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from app.clocks import FileClock
from app.house import House, Role
from app.settings import Settings
from app.stage import fill_register, variables
from domain.clock import DAY_NS, HOUR_NS
from domain.findings import Cause
from domain.ports import Page
from domain.waves import derived_channels
from simulators.player import Player
from simulators.story import Chapter, Story, demo_story

ROOT = Path(__file__).parents[2]


def short_story(days: float) -> Story:
    """Two houses move at once and early: steps that two points confirm need no learning."""
    return demo_story(
        days=days,
        chapters=(
            Chapter("wall_removed_step", 2.0, (5,)),
            Chapter("excavation_next_door", 1.0 + 16 / 24, (7,)),
        ),
    )


def settings_for(folder: Path, broker_port: int, story: Story, **changes: object) -> Settings:
    """Settings of a house in a folder of its own, on the story's clock."""
    folder.mkdir(parents=True, exist_ok=True)
    FileClock.create(folder / "clock", story.start_ns)
    plain = Settings()
    return plain.model_copy(
        update={
            "folder": folder,
            "broker": plain.broker.model_copy(update={"url": f"mqtt://127.0.0.1:{broker_port}"}),
            "clock": plain.clock.model_copy(update={"source": f"file:{folder / 'clock'}"}),
            "web": plain.web.model_copy(update={"port": 0}),
            **changes,
        }
    )


@dataclass
class RoleProcess:
    """One role in a process of its own, to be killed without a word and started again."""

    role: Role
    settings: Settings
    process: "subprocess.Popen[bytes] | None" = None
    kills: int = 0

    def start(self) -> None:
        log = (self.settings.folder / f"{self.role}.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", self.role.value],
            env=os.environ | variables(self.settings),
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        log.close()

    def is_up(self, house: House) -> bool:
        """Tell whether it has come so far as to write its heart-beat; it takes its time."""
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        beats = house.records.heartbeats.all()
        return (self.role.value, self.process.pid) in {(beat.role, beat.pid) for beat in beats}

    def kill(self) -> None:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def log(self) -> str:
        return (self.settings.folder / f"{self.role}.log").read_text(errors="replace")[-3000:]


@dataclass
class Outcome:
    """What came of a story, to be compared."""

    sent: int
    stored: int
    in_store: int
    lost_by_gateways: int
    findings: set[str] = field(default_factory=set)
    finding_rows: int = 0
    alerts: list[tuple[str, str, str]] = field(default_factory=list)


def wait_until_done(house: House, player: Player, seconds: float = 240.0) -> None:
    """Wait until all is receipted, stored and judged."""
    until = time.monotonic() + seconds
    while True:
        head = house.spool.head()
        done = min(house.spool.cursor("stored"), house.spool.cursor("judged"))
        if not player.unreceipted() and done >= head > 0:
            return
        assert time.monotonic() < until, (
            f"{player.unreceipted()} without a receipt, spool at {done} of {head}"
        )
        time.sleep(0.02)


def outcome(house: House, player: Player, story: Story) -> Outcome:
    """Count what is in the stores. Silence is left out: it depends on when a process was away."""
    records, store = house.records, house.readings
    in_store = sum(
        len(store.between(c.id, story.start_ns - DAY_NS, story.end_ns + DAY_NS))
        for site in story.neighbourhood.sites
        for c in site.channels
        if c.id not in derived_channels(site.channels)
    )
    found = [f for f in records.alerts.findings(Page(limit=1000)) if f.cause is not Cause.WATCH]
    alerts = [a for a in records.alerts.alerts(Page(limit=1000)) if a.cause is not Cause.WATCH]
    return Outcome(
        player.sent,
        sum(a.stored for a in records.accounts.accounts()),
        in_store,
        sum(g.dropped for g in player.gateways.values()),
        {f.id for f in found},
        len(found),
        sorted((a.building_id, a.cause.value, a.level_max.word) for a in alerts),
    )


def play_hours(house: House, player: Player, story: Story, first: int, last: int) -> None:
    """Play some hours of the story without waiting for anything."""
    clock = house.clock
    assert isinstance(clock, FileClock)
    for hour in range(first, last):
        start_ns = story.start_ns + hour * HOUR_NS
        clock.advance_to(start_ns + HOUR_NS)
        player.play(start_ns, start_ns + HOUR_NS)


def played_undisturbed(folder: Path, broker_port: int, story: Story, hours: int) -> Outcome:
    """Play the story in one process, hour by hour, with nothing broken."""
    settings = settings_for(folder, broker_port, story)
    house = House(settings, frozenset({Role.INGEST, Role.ANALYSE}))
    fill_register(house, story)
    house.start()
    player = Player(story, "127.0.0.1", broker_port, house.clock)
    try:
        player.connect()
        for hour in range(hours):
            play_hours(house, player, story, hour, hour + 1)
            wait_until_done(house, player)
        return outcome(house, player, story)
    finally:
        player.close()
        house.stop()
