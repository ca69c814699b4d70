"""The call to the outside: while all is well, signed, and no longer when a process dies."""

import hashlib
import hmac
import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from alerting.dead_man import DeadMan
from app.house import Role
from app.settings import ReadingsSettings, Settings
from domain.clock import SystemClock
from domain.findings import Cause
from domain.limits import Level
from storage.records import Records, open_records
from tests.e2e.house_runs import RoleProcess
from tests.e2e.ingest_gateway import wait_for
from tests.e2e.test_disk_full import alert_about, fill_register

SECRET = "a secret of the test's own"


@dataclass
class Outside:
    """A service elsewhere that expects to be called."""

    url: str = ""
    status: int = 200
    calls: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def outside() -> Iterator[Outside]:
    held = Outside()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            held.calls.append((self.command, body, dict(self.headers)))
            self.send_response(held.status)
            self.end_headers()

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_address[1]}/ping/abc"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


def dead_man(outside: Outside, secret: str = "", max_age_s: float = 60.0) -> DeadMan:
    return DeadMan(outside.url, secret, 0.2, SystemClock(), max_age_s=max_age_s)


def test_nothing_is_said_before_all_is_well_nor_after(outside: Outside) -> None:
    man = dead_man(outside)
    man.start()
    try:
        time.sleep(0.5)
        assert outside.calls == []
        man.seen(healthy=True)
        wait_for(lambda: len(outside.calls) >= 3)
        man.seen(healthy=False)
        time.sleep(0.3)  # what was under way may arrive
        count = len(outside.calls)
        time.sleep(2.0)
        assert len(outside.calls) == count
        assert {method for method, _, _ in outside.calls} == {"GET"}
    finally:
        man.stop()


def test_who_says_that_all_is_well_and_then_hangs_is_not_believed_for_long(
    outside: Outside,
) -> None:
    man = dead_man(outside, max_age_s=1.0)
    man.start()
    try:
        man.seen(healthy=True)
        wait_for(lambda: outside.calls)
        time.sleep(2.5)
        count = len(outside.calls)
        time.sleep(2.0)
        assert len(outside.calls) == count
    finally:
        man.stop()


def test_with_a_secret_the_call_is_signed_as_the_webhook_is(outside: Outside) -> None:
    man = dead_man(outside, SECRET)
    assert man.call() == ""
    ((method, body, headers),) = outside.calls
    man.stop()
    stamp = headers["X-Anju-Timestamp"]
    made = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert (method, headers["X-Anju-Signature"]) == ("POST", f"sha256={made}")
    assert json.loads(body)["state"] == "well"
    assert abs(int(stamp) - time.time()) < 60


def test_a_refusal_is_counted_and_tried_again(outside: Outside) -> None:
    outside.status = 503
    man = dead_man(outside)
    man.start()
    try:
        man.seen(healthy=True)
        wait_for(lambda: dict(man.figures())["dead-man failures"] >= 2)
        outside.status = 200
        wait_for(
            lambda: dict(man.figures())["dead-man calls"] > dict(man.figures())["dead-man failures"]
        )
    finally:
        man.stop()


def test_an_address_where_nobody_listens_raises_nothing_and_hides_its_token() -> None:
    man = DeadMan("http://127.0.0.1:9/secrettokenofsixteen", "", 1, SystemClock(), max_age_s=1)
    answer = man.call()
    man.stop()
    assert answer
    assert "secrettoken" not in answer


@pytest.mark.servers
@pytest.mark.slow
def test_whichever_process_dies_or_freezes_the_others_tell_and_the_calls_stop(
    tmp_path: Path, outside: Outside, broker: Any, influx: Any
) -> None:
    settings = separate(tmp_path, outside, broker, influx)
    records = open_records(settings.records_url)
    fill_register(records)
    roles = {role: RoleProcess(role, settings) for role in Role}
    try:
        for role in roles.values():
            role.start()
        wait_for(lambda: len(outside.calls) >= 2, 90)
        for victim in Role:
            roles[victim].kill()
            wait_for(lambda victim=victim: silent(records) == [victim.value], 60)
            stays_quiet(outside)
            count = len(outside.calls)
            roles[victim].start()
            wait_for(lambda: silent(records) == [], 90)
            wait_for(lambda count=count: len(outside.calls) > count, 60)
        assert {(b.role, b.state) for b in records.heartbeats.all()} == {
            (role.value, "ok") for role in Role
        }
        alert = alert_about(records, Cause.ROLE_SILENT)
        assert alert is not None
        kinds = [e.kind.value for e in records.alerts.events(alert.id)]
        again = ["cleared", "raised"] * (len(Role) - 1)
        assert kinds == ["opened", *again, "cleared"], "one alert, once a role"
        # a process that neither works nor ends, and is the one that calls
        frozen = roles[Role.NOTIFY].process
        assert frozen is not None
        frozen.send_signal(signal.SIGSTOP)
        wait_for(lambda: silent(records) == ["notify"], 60)
        stays_quiet(outside)
        count = len(outside.calls)
        frozen.send_signal(signal.SIGCONT)
        wait_for(lambda: len(outside.calls) > count, 60)
        assert silent(records) == []
    finally:
        for role in roles.values():
            if role.process is not None and role.process.poll() is None:
                role.process.send_signal(signal.SIGCONT)
            role.stop()
        records.close()


def separate(folder: Path, outside: Outside, broker: Any, influx: Any) -> Settings:
    """Settings of four processes that notice each other's silence within seconds."""
    plain = Settings()
    store = ReadingsSettings(url=influx.store_url(influx.new_bucket()), token=influx.token)
    watch = {
        "beat_s": 0.5,
        "role_silent_s": {"red": 5.0},
        # the disk of whoever runs this is none of the test's business
        "disk_free_mb": {"red": 1.0},
        "dead_man_url": outside.url,
        "dead_man_every_s": 1.0,
    }
    return plain.model_copy(
        update={
            "folder": folder,
            "broker": plain.broker.model_copy(update={"url": f"mqtt://127.0.0.1:{broker.port}"}),
            "readings": store,
            "web": plain.web.model_copy(update={"port": 0}),
            "watch": plain.watch.model_copy(update=watch),
        }
    )


def silent(records: Records) -> list[str]:
    """List the roles that the alert holds to be silent now."""
    alert = alert_about(records, Cause.ROLE_SILENT)
    held = alert.contributions if alert else ()
    return sorted(c.subject.split()[0] for c in held if c.level > Level.NONE)


def stays_quiet(outside: Outside) -> None:
    """See that no more calls come, once who calls has seen what another process saw first."""
    until = time.monotonic() + 20.0
    count = -1
    while count != len(outside.calls):
        assert time.monotonic() < until, "the calls must stop"
        count = len(outside.calls)
        time.sleep(3.0)
