"""kill -9 of ingest and of the pipeline: nothing lost, nothing twice, nothing judged twice."""

import random
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.clocks import FileClock
from app.house import House, Role
from app.settings import ReadingsSettings
from app.stage import fill_register
from domain.clock import HOUR_NS
from simulators.player import Player
from tests.e2e.house_runs import (
    RoleProcess,
    outcome,
    play_hours,
    played_undisturbed,
    settings_for,
    short_story,
    wait_until_done,
)
from tests.e2e.ingest_gateway import wait_for
from tests.servers.mosquitto import start

pytestmark = [pytest.mark.servers, pytest.mark.slow]

HOURS = 140  # a little over 20,000 readings
KILLS = 10
SEED = 20261123


def test_kill_9_of_ingest_and_pipeline_loses_and_doubles_nothing(
    tmp_path: Path, broker: Any
) -> None:
    story = short_story(HOURS / 24)
    expected = played_undisturbed(tmp_path / "calm", broker.port, story, HOURS)
    assert expected.sent > 20_000
    assert expected.findings, "the story must hold something to find"

    settings = settings_for(tmp_path / "killed", broker.port, story)
    keeper = House(settings, frozenset())
    fill_register(keeper, story)
    roles = [RoleProcess(Role.INGEST, settings), RoleProcess(Role.ANALYSE, settings)]
    player = Player(story, "127.0.0.1", broker.port, keeper.clock, resend_s=5.0)
    chance = random.Random(SEED)
    clock = keeper.clock
    assert isinstance(clock, FileClock)
    moments = sorted(chance.sample(range(5, HOURS - 5), KILLS))
    try:
        for role in roles:
            role.start()
        for role in roles:
            wait_for(partial(role.is_up, keeper), 120)
        player.connect()
        for hour in range(HOURS):
            play_hours(keeper, player, story, hour, hour + 1)
            # some hours pile up, others are worked off: kills meet both
            time.sleep(chance.uniform(0.0, 0.25))
            if hour in moments:
                victim = roles[moments.index(hour) % 2]
                wait_for(partial(victim.is_up, keeper), 120)  # or nothing is killed but a start
                victim.kill()
                victim.start()
                time.sleep(chance.uniform(0.0, 4.0))
        wait_until_done(keeper, player)
        for role in roles:
            role.stop()  # a DuckDB file has one process: let go of it before counting
        got = outcome(keeper, player, story)
    finally:
        player.close()
        for role in roles:
            role.stop()
        keeper.stop()
    assert sum(role.kills for role in roles) >= 8
    assert got.sent == expected.sent
    assert got.stored == got.sent, "acknowledged readings were lost"
    assert got.in_store == got.sent, "readings are missing in the store, or there twice"
    assert got.findings == expected.findings
    assert got.finding_rows == expected.finding_rows
    assert got.alerts == expected.alerts


def test_the_spool_holds_while_the_store_is_away_and_the_broker_restarts(
    tmp_path: Path, influx: Any
) -> None:
    hours = 48
    story = short_story(hours / 24)
    with start(tmp_path / "own-broker") as own:
        settings = settings_for(tmp_path / "house", own.port, story, readings=_influx(influx))
        house = House(settings, frozenset({Role.INGEST, Role.ANALYSE}))
        fill_register(house, story)
        house.start()
        away = False
        player = Player(story, "127.0.0.1", own.port, house.clock, resend_s=2.0)
        try:
            player.connect()
            play_hours(house, player, story, 0, 10)
            wait_until_done(house, player)
            stored = house.spool.cursor("stored")
            influx.stop()
            away = True
            play_hours(house, player, story, 10, 20)
            own.kill()
            own.start_again()
            play_hours(house, player, story, 20, 30)
            until = time.monotonic() + 60
            while player.unreceipted() or house.spool.cursor("judged") < house.spool.head():
                assert time.monotonic() < until, "judging waits for the store"
                time.sleep(0.05)
            assert house.spool.cursor("stored") == stored
            assert house.spool.waiting() > 0
            influx.start_again()
            away = False
            wait_until_done(house, player)
            play_hours(house, player, story, 30, hours)
            wait_until_done(house, player)
            got = outcome(house, player, story)
        finally:
            if away:
                influx.start_again()
            player.close()
            house.stop()
    assert got.sent == got.stored == got.in_store
    assert house.clock.now_ns() == story.start_ns + hours * HOUR_NS


def _influx(server: Any) -> ReadingsSettings:
    return ReadingsSettings(url=server.store_url(server.new_bucket()), token=server.token)
