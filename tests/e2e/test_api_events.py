"""The stream of events over a real server and real connections."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import uvicorn

from api.feed import STREAMS_A_CALLER
from domain.access import Scope, ScopeKind
from domain.alerts import AlertEvent, EventKind
from domain.bim_models import BimModel, BimRevision
from domain.ids import new_id
from domain.limits import Level
from tests.api_city import NOW_NS, City, make_city
from tests.servers.process import free_port

#: longer than anything here takes; only a fault waits for it
PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def url(city: City) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(city.app, host="127.0.0.1", port=port, log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield f"http://127.0.0.1:{port}"
    city.app.state.closing.set()
    server.should_exit = True
    thread.join(PATIENCE_S)
    # the open streams did not keep the server from ending
    assert not thread.is_alive()


def key_of(city: City, user: str) -> tuple[str, str]:
    """Make an API key; return its text and id."""
    text, key = city.identity.make_key(f"u-{user}", "stream", "test")
    return text, key.id


@contextmanager
def stream(url: str, key: str, last: int | None = None) -> Iterator[httpx2.Response]:
    """Open the stream of events."""
    headers = {"Authorization": f"Bearer {key}"}
    if last is not None:
        headers["Last-Event-ID"] = str(last)
    with (
        httpx2.Client(timeout=PATIENCE_S, trust_env=False) as client,
        client.stream("GET", f"{url}/api/v1/events", headers=headers) as response,
    ):
        yield response


def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Take the events out of the lines of a stream."""
    event: dict[str, Any] = {}
    for line in lines:
        if not line:
            if "data" in event:
                yield event
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = json.loads(value) if name == "data" else value


def change(city: City, place: str) -> int:
    """Change the alert of a district; return the number of the change."""
    alerts = city.records.alerts
    alert = alerts.alert(f"l-{place}-tilt")
    assert alert is not None
    event = AlertEvent(new_id(NOW_NS), alert.id, NOW_NS, EventKind.NOTE, Level.RED, "x", "x")
    alerts.save(replace(alert, version=alert.version + 1), [event])
    return alerts.last_change()


def test_a_change_is_told_at_once_and_foreign_ones_are_not(city: City, url: str) -> None:
    key, _ = key_of(city, "near_duty_officer")
    with stream(url, key) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["Cache-Control"] == "no-store"
        lines = response.iter_lines()
        assert next(lines).startswith("retry:")
        change(city, "far")
        number = change(city, "near")
        first = next(events(lines))
    assert first["event"] == "alert"
    assert first["id"] == str(number)
    assert first["data"] == {
        "building_id": "b-near",
        "object_id": "l-near-tilt",
        "at": "2026-11-23T05:00:00Z",
    }


def test_how_far_a_model_is_is_told_to_those_who_may_see_models(city: City, url: str) -> None:
    models = city.records.models
    models.put_model(BimModel("bm-live", "b-near", "live"), "test")
    told = {}
    with ExitStack() as open_ones:
        lines = {}
        for user in ("near_duty_officer", "near_insurer"):
            response = open_ones.enter_context(stream(url, key_of(city, user)[0]))
            lines[user] = response.iter_lines()
            assert next(lines[user]).startswith("retry:")
        models.add_revision(
            BimRevision("br-live", "bm-live", 1, "k", "aa", 1, "a.ifc", NOW_NS, "test"), "test"
        )
        change(city, "near")
        for user, its in lines.items():
            told[user] = next(events(its))
    assert (told["near_duty_officer"]["event"], told["near_insurer"]["event"]) == ("model", "alert")
    assert told["near_duty_officer"]["data"]["object_id"] == "br-live"


def test_a_stream_goes_on_after_the_last_event_that_came(city: City, url: str) -> None:
    key, _ = key_of(city, "duty_officer")
    with stream(url, key) as response:
        lines = response.iter_lines()
        next(lines)
        first = change(city, "near")
        assert next(events(lines))["id"] == str(first)
    missed = [change(city, place) for place in ("near", "far", "near")]
    with stream(url, key, first) as response:
        came = events(response.iter_lines())
        assert [int(next(came)["id"]) for _ in missed] == missed
        later = change(city, "far")
        assert int(next(came)["id"]) == later


def test_a_number_from_the_future_does_not_silence_a_stream(city: City, url: str) -> None:
    key, _ = key_of(city, "duty_officer")
    with stream(url, key, 10**12) as response:
        lines = response.iter_lines()
        next(lines)
        number = change(city, "near")
        assert next(events(lines))["id"] == str(number)


def test_a_stream_ends_when_its_key_is_revoked(city: City, url: str) -> None:
    key, key_id = key_of(city, "duty_officer")
    with stream(url, key) as response:
        lines = response.iter_lines()
        next(lines)
        city.identity.revoke_key("u-duty_officer", key_id, "test")
        # the server ends the stream; without that the read would run into its limit
        assert [line for line in lines if line.startswith("data")] == []
    with stream(url, key) as response:
        assert response.status_code == 401


def test_a_stream_shows_no_more_than_the_scopes_of_now(city: City, url: str) -> None:
    key, _ = key_of(city, "inspector")
    user = city.services.access.user("u-inspector")
    assert user is not None
    with stream(url, key) as response:
        lines = response.iter_lines()
        next(lines)
        scopes = (Scope(ScopeKind.BUILDING, "b-near"),)
        city.services.access.put_user(replace(user, scopes=scopes), "test")
        came = events(lines)
        # the stream asks again who is there every few seconds: then far changes stop coming
        for _ in range(100):
            change(city, "far")
            number = change(city, "near")
            got = next(came)
            if got["id"] == str(number) and got["data"]["building_id"] == "b-near":
                break
            while int(got["id"]) < number:
                got = next(came)
        else:
            pytest.fail("changes of a building outside the new scope kept coming")


def test_a_caller_may_have_so_many_streams_and_gets_one_back_when_one_ends(
    city: City, url: str
) -> None:
    key, _ = key_of(city, "bureau")
    held = []
    with ExitStack() as streams:
        for _ in range(STREAMS_A_CALLER):
            # a reader that is forgotten closes its connection
            held.append(streams.enter_context(stream(url, key)).iter_lines())
            next(held[-1])
        with stream(url, key) as refused:
            assert refused.status_code == 429
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert int(refused.headers["Retry-After"]) > 0
        other, _ = key_of(city, "insurer")
        with stream(url, other) as response:
            assert response.status_code == 200
    waited = threading.Event()
    for _ in range(100):
        change(city, "near")
        with stream(url, key) as response:
            if response.status_code == 200:
                break
        waited.wait(0.2)
    else:
        pytest.fail("ended streams were not given back")
