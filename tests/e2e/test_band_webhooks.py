"""A change of band told to insurers' own systems: real records, real job, a real HTTP receiver."""

import hashlib
import hmac
import itertools
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerting.band_notices import trial_notice
from alerting.band_webhook import BandWebhook, OneForAll
from alerting.dispatch import Dispatcher
from alerting.pace import Pace
from alerting.posting import Poster, Reply
from app.house import BAND_GIVE_UP_S, BAND_WAIT_S_MAX, Role, running_house
from app.settings import Settings
from domain.access import Scope, ScopeKind
from domain.alerts import NoticeState
from domain.assessed import Band
from domain.clock import DAY_NS, HOUR_NS, SECOND_NS, VirtualClock
from domain.score_notices import BandNotice
from storage.records import Records, open_records
from tests.e2e.band_scene import BLIND, SECRET, START_NS, Scene, fill, subscribe
from tests.servers.certificates import make_authority
from tests.servers.channel import Answer, Channel, running_channel

ROOT = Path(__file__).parents[2]
CITY = Scope(ScopeKind.CITY)
NEAR = Scope(ScopeKind.BUILDING, "b-near")
REAL_NS = START_NS + 7 * SECOND_NS


@pytest.fixture
def records_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/records.db"


@pytest.fixture
def records(records_url: str) -> Iterator[Records]:
    opened = open_records(records_url)
    yield opened
    opened.close()


@pytest.fixture
def receiver() -> Iterator[Channel]:
    with running_channel() as server:
        yield server


@pytest.fixture
def scene(records: Records, receiver: Channel) -> Scene:
    fill(records, receiver.url)
    made = Scene(records)
    made.night(10.0)
    assert told(records) == [], "the first assessment of a building changes no band"
    return made


def told(records: Records, webhook_id: str = "wh-near") -> list[BandNotice]:
    """List the messages to a webhook, oldest first."""
    return records.score_notices.notices(webhook_id)[::-1]


def bands(records: Records, webhook_id: str = "wh-near") -> list[tuple[str, str]]:
    data = [json.loads(notice.body) for notice in told(records, webhook_id)]
    return [(one["band_before"], one["band"]) for one in data]


def dispatcher(scene: Scene, *, private: bool = True, **more: Any) -> Dispatcher:
    """Make what a house makes of it."""
    webhook = BandWebhook(
        scene.records.score_notices, scene.records.register.building, VirtualClock(REAL_NS),
        private=private, timeout_s=2.0, **more,
    )  # fmt: skip
    pace = Pace(slow_wait_s=BAND_WAIT_S_MAX, give_up_mild_s=BAND_GIVE_UP_S)
    return Dispatcher(
        scene.records.score_notices, OneForAll(webhook), scene.clock, pace=pace, threads=1,
        patience_s=10.0,
    )  # fmt: skip


def test_each_change_is_told_once_and_only_to_whom_the_building_is_open(
    scene: Scene, records: Records, receiver: Channel
) -> None:
    subscribe(records, "all", f"{receiver.url}/all", CITY)
    subscribe(records, "closed", f"{receiver.url}/closed", CITY, active=False)
    scene.night(65.0)
    scene.night(66.0, 35.0)
    assert bands(records) == [("calm", "C-suspect")]
    assert bands(records, "wh-far") == [("calm", "watch")]
    assert bands(records, "wh-all") == [("calm", "C-suspect"), ("calm", "watch")]
    assert told(records, "wh-closed") == []
    sender = dispatcher(scene)
    sender.run_once()
    sender.run_once()
    sender.close()
    assert sorted(asked.path for asked in receiver.asked) == ["/all", "/all", "/far", "/near"]
    (asked,) = (one for one in receiver.asked if one.path == "/near")
    event = json.loads(asked.body)
    assert (event["specversion"], event["type"]) == ("1.0", "anju.score.band.v1")
    assert (event["id"], event["subject"]) == (told(records)[0].id, "b-near")
    data = event["data"]
    assert (data["band_before"], data["band"], data["score"]) == ("calm", "C-suspect", 65.0)
    assert (data["suspected"], data["channels_told"]) == ("suspected C", 1)
    assert (data["data_age_h"], data["link"]) == (0.0, "https://anju.example/buildings/b-near")
    assert data["reasons"][0]["text_zh"]
    assert data["reasons"][0]["text_en"]
    assert "演示路" not in asked.body.decode()
    stamp = asked.headers["x-anju-timestamp"]
    assert stamp == str(REAL_NS // SECOND_NS)
    made = hmac.new(SECRET.encode(), stamp.encode() + b"." + asked.body, hashlib.sha256)
    assert asked.headers["x-anju-signature"] == f"sha256={made.hexdigest()}"
    assert asked.headers["content-type"].startswith("application/cloudevents+json")
    assert told(records)[0].state is NoticeState.ACCEPTED


def test_a_score_at_a_bound_does_not_flap_and_blindness_is_told(
    scene: Scene, records: Records
) -> None:
    for score in (61.0, 59.0, 61.0, 58.0, 54.0, 53.9):
        scene.night(score)
    assert bands(records) == [("calm", "C-suspect"), ("C-suspect", "watch")]
    kept = records.assessments.history("b-near")
    assert [row.band for row in kept[:3]] == [Band.WATCH, Band.C_SUSPECT, Band.C_SUSPECT]
    for score in (80.0, BLIND, BLIND, 75.0, 71.9):
        scene.night(score)
    assert bands(records)[2:] == [
        ("watch", "D-suspect"),
        ("D-suspect", "cannot judge"),
        # back where it was: 75 holds what 80 had reached
        ("cannot judge", "D-suspect"),
        ("D-suspect", "C-suspect"),
    ]
    blind = json.loads(told(records)[3].body)
    assert (blind["score"], blind["confidence_percent"], blind["channels_told"]) == (None, 10.0, 0)


def test_the_past_assessed_again_and_a_night_run_twice_tell_nothing(
    scene: Scene, records: Records
) -> None:
    scene.night(85.0)
    scene.night(85.0, days=0.0)
    assert len(told(records)) == 1
    newest = records.assessments.newest(["b-near"])["b-near"]
    scene.scores = {"b-near": 5.0, "b-far": 5.0}
    again = scene.assessor.assessed(newest)
    assert again is not None
    assert len(told(records)) == 1
    assert records.assessments.newest(["b-near"])["b-near"].assessment.score == 85.0


def test_a_receiver_that_is_away_gets_the_same_message_when_it_is_back(
    scene: Scene, records: Records, receiver: Channel
) -> None:
    scene.night(65.0)
    sender = dispatcher(scene)
    receiver.answer = Answer(status=503)
    for _ in range(4):
        sender.run_once()
        scene.clock.advance_to(scene.clock.now_ns() + 30 * SECOND_NS)
    (waiting,) = told(records)
    assert (waiting.state, waiting.answer) == (NoticeState.REFUSED, "HTTP 503")
    scene.clock.advance_to(scene.clock.now_ns() + 30 * HOUR_NS)
    sender.run_once()
    assert told(records)[0].next_at_ns is not None, "a day and more: it still goes on"
    receiver.answer = Answer(status=204)
    scene.clock.advance_to(scene.clock.now_ns() + 2 * HOUR_NS)
    sender.run_once()
    assert told(records)[0].state is NoticeState.ACCEPTED
    assert len({asked.body for asked in receiver.asked}) == 1, "a repeat is the same to the byte"
    scene.night(90.0)
    receiver.answer = Answer(status=503)
    sender.run_once()
    scene.clock.advance_to(scene.clock.now_ns() + 4 * DAY_NS)
    for _ in range(4):
        sender.run_once()
        scene.clock.advance_to(scene.clock.now_ns() + HOUR_NS)
    sender.close()
    last = told(records)[-1]
    assert (last.state, last.next_at_ns) == (NoticeState.REFUSED, None), "given up after days"


def test_a_refusal_is_shown_and_one_that_hangs_delays_no_other(
    scene: Scene, records: Records, receiver: Channel
) -> None:
    with running_channel() as hanging:
        hanging.answer = Answer("hang")
        subscribe(records, "slow", f"{hanging.url}/slow", CITY)
        receiver.answer = Answer.json({"error": "no such policy"}, 422)
        for score, other in ((65.0, 10.0), (85.0, 65.0)):
            scene.night(score, other)
        sender = dispatcher(scene)
        begun = time.monotonic()
        while any(n.state is NoticeState.PENDING for n in told(records)):
            sender.run_once()
        assert time.monotonic() - begun < 30
        first, second = told(records)
        assert "HTTP 422" in first.answer
        assert (second.state, second.next_at_ns) == (NoticeState.REFUSED, None)
        sender.close()
    assert told(records, "wh-slow")[0].answer.startswith("timed out")


def test_what_is_no_longer_in_scope_or_deleted_is_not_sent(
    scene: Scene, records: Records, receiver: Channel
) -> None:
    scene.night(65.0, 65.0)
    subscribe(records, "near", f"{receiver.url}/near", Scope(ScopeKind.BUILDING, "b-other"))
    sender = dispatcher(scene)
    # the message was read from the store before its webhook went
    waiting = {n.id: n for n in records.score_notices.due(scene.clock.now_ns(), 9)}
    due = waiting[told(records, "wh-far")[0].id]
    records.score_notices.delete_webhook("wh-far", "test")
    sender.run_once()
    sender.close()
    assert receiver.asked == []
    (kept,) = told(records)
    assert (kept.state, kept.next_at_ns) == (NoticeState.REFUSED, None)
    assert kept.answer == "not sent: the building is no longer within the user's scope"
    gone = BandWebhook(records.score_notices, records.register.building, VirtualClock(REAL_NS))
    assert gone.send(due, due.ways[0]).answer == "the webhook was deleted"
    scene.night(90.0, 90.0)
    assert len(told(records)) == 1, "nothing new is written for it either"


@pytest.mark.parametrize(
    ("url", "addresses", "answer"),
    [
        ("http://example.com/in", ["1.1.1.1"], "not sent: the address must begin with https://"),
        ("https://127.0.0.1/in", [], "not sent: the address must not be an address of a private"),
        ("https://inside.example/in", ["10.0.0.7"], "not sent: the host lies in a private"),
        ("https://inside.example/in", ["1.1.1.1", "::1"], "not sent: the host lies in a private"),
        ("https://inside.example/in", ["fe80::1%eth0"], "not sent: the host lies in a private"),
        ("https://inside.example/in", ["64:ff9b::a00:7"], "not sent: the host lies in a private"),
        ("https://nowhere.example/in", [], "the host's name has no address"),
    ],
)
def test_nothing_is_posted_into_ones_own_network(
    scene: Scene, records: Records, url: str, addresses: list[str], answer: str
) -> None:
    webhook = records.score_notices.webhook("wh-near")
    assert webhook is not None
    records.score_notices.put_webhook(replace(webhook, url=url), "test")
    scene.night(65.0)
    sender = dispatcher(scene, private=False, resolve=lambda host, port: addresses)
    sender.run_once()
    sender.close()
    assert told(records)[0].answer.startswith(answer)


def test_the_connection_goes_to_the_address_that_was_looked_at(tmp_path: Path) -> None:
    authority = make_authority(tmp_path / "ca")
    certificate, key = authority.sign("hooks.example")
    both = tmp_path / "both.pem"
    both.write_text(certificate.read_text() + key.read_text())
    with running_channel(both) as server:
        port = server.url.rsplit(":", 1)[1]
        poster = Poster(5.0, str(authority.file))
        reply = poster.post(f"https://hooks.example:{port}/in?a=1", b"{}", {}, at="127.0.0.1")
        assert isinstance(reply, Reply), reply
        assert (server.asked[0].path, server.asked[0].headers["host"]) == (
            "/in?a=1", f"hooks.example:{port}",
        )  # fmt: skip
        other = poster.post(f"https://other.example:{port}/in", b"{}", {}, at="127.0.0.1")
        assert not isinstance(other, Reply)
        assert other.answer.startswith("TLS: certificate not trusted")
        assert len(server.asked) == 1
        poster.close()


def test_a_running_house_sends_a_test_of_the_way(
    records: Records, receiver: Channel, records_url: str, tmp_path: Path
) -> None:
    fill(records, receiver.url)
    webhook = records.score_notices.webhook("wh-near")
    assert webhook is not None
    plain = Settings()
    changes = {
        "folder": tmp_path,
        "score_webhooks": plain.score_webhooks.model_copy(update={"private_addresses": True}),
    }
    with running_house(plain.model_copy(update=changes), frozenset({Role.NOTIFY})) as house:
        records.score_notices.add_notice(trial_notice(webhook, house.clock.now_ns()))
        until = time.monotonic() + 30
        while told(records)[0].state is NoticeState.PENDING and time.monotonic() < until:
            time.sleep(0.1)
    (notice,) = told(records)
    assert notice.state is NoticeState.ACCEPTED
    event = json.loads(receiver.asked[0].body)
    assert (event["type"], event["id"]) == ("anju.score.test.v1", notice.id)
    assert event["data"]["test"] is True


def test_a_kill_at_any_moment_leaves_no_change_without_its_message(
    records: Records, receiver: Channel, records_url: str
) -> None:
    fill(records, receiver.url)
    subscribe(records, "all", f"{receiver.url}/all", CITY)
    seed = 20261123
    random_ = random.Random(seed)
    now_ns = START_NS
    nights = 0
    for _ in range(3):
        program = [sys.executable, "-m", "tests.e2e.band_scene", records_url, str(now_ns)]
        with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline(), f"seed {seed}"
            time.sleep(random_.uniform(0.05, 0.4))
            process.kill()
        rows = records.assessments.history("b-near", limit=1)
        now_ns = rows[0].made_at_ns
    for place in ("near", "far"):
        rows = records.assessments.history(f"b-{place}", limit=1000)[::-1]
        changed = [
            after.assessment.id
            for before, after in itertools.pairwise(rows)
            if after.band is not before.band
        ]
        nights += len(changed)
        said = records.score_notices.notices(f"wh-{place}", 1000)
        assert sorted(n.assessment_id for n in said) == sorted(changed), f"seed {seed}"
    assert nights > 0
    assert len(records.score_notices.notices("wh-all", 1000)) == nights
