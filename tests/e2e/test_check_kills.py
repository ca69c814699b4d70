"""kill -9 of the serving process while a phone sends photos and forms: nothing lost or doubled."""

import hashlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from app.identity import LocalIdentity
from domain.access import Role, Scope, ScopeKind, User
from domain.attachments import AttachmentState, ImageSize
from domain.checkups import CheckState
from domain.clock import SystemClock
from domain.findings import Cause
from domain.ports import Page
from domain.submissions import Standing
from storage.files import FolderFiles
from storage.records import Records, open_records
from tests.api_city import HASHER, attachment_desk, building
from tests.check_samples import add_rules, check_up, declared, jpeg, submission
from tests.servers.process import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SEED = 20261123
CHECK_UPS, PHOTOS, KILLS = 6, 24, 12
PIECE_BYTES = 64 * 1024
WAIT_S = 180.0


@dataclass
class Server:
    """The role `serve` in a process of its own, on one port whoever runs it."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    kills: int = 0

    def start(self) -> None:
        variables = {
            "ANJU_FOLDER": str(self.folder), "ANJU_READINGS__URL": "memory:",
            "ANJU_WEB__PORT": str(self.port), "ANJU_WEB__SECURE_COOKIES": "false",
        }  # fmt: skip
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve"],
                cwd=ROOT,
                env=os.environ | variables,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "serve.log").read_text()[-3000:]
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def answers(self) -> bool:
        """Tell whether it has come so far as to answer."""
        try:
            return ask(self.port, "", "GET", "/api/v1/health/live")[0] == 200
        except OSError:
            return False

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


def ask(
    port: int, key: str, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any]:
    """Ask once, as a phone does; a connection that breaks is an `OSError`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    told["Authorization"] = f"Bearer {key}"
    content = body
    if isinstance(body, dict):
        content, told["Content-Type"] = json.dumps(body), "application/json"
    try:
        connection.request(method, path, content, told)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()


@dataclass
class Phone:
    """Sends until it has every receipt; it knows nothing but what the server has answered."""

    port: int
    key: str
    broken: int = 0
    receipts: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Ask until there is an answer."""
        until = time.monotonic() + WAIT_S
        while True:
            try:
                status, told = ask(self.port, self.key, method, path, body, **headers)
            except OSError:
                self.broken += 1
                status, told = 503, None
            if status != 503:
                return status, told
            assert time.monotonic() < until, "the server did not come back"
            time.sleep(0.05)

    def photo(self, id_: str, content: bytes, check_up_id: str) -> None:
        """Send a photo in pieces; after a break it goes on where the server says."""
        path = f"/api/v1/attachments/{id_}"
        status, told = self.ask("PUT", path, declared(content, check_up_id))
        assert status in {200, 201}, told
        offset = told["offset"]
        while told.get("state") != "ready":
            piece = content[offset : offset + PIECE_BYTES]
            status, told = self.ask(
                "PATCH", path, piece, Upload_Offset=str(offset),
                Content_Type="application/offset+octet-stream",
            )  # fmt: skip
            assert status in {200, 409}, told
            # what was answered as safe is never taken back
            assert told["offset"] >= offset or status == 409
            offset = told["offset"]
        self.receipts[id_] = told

    def form(self, id_: str, check_up_id: str, body: dict[str, Any]) -> None:
        """Send a form until there is a receipt."""
        path = f"/api/v1/check-ups/{check_up_id}/submissions/{id_}"
        status, told = self.ask("PUT", path, body)
        assert status in {200, 201}, told
        self.receipts[id_] = told


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    made = open_records(f"sqlite:///{tmp_path / 'records.db'}")
    made.register.put_building(building("near", "360102"), "test")
    city = (Scope(ScopeKind.CITY),)
    made.access.put_user(User("u-1", "ins", "演示员", Role.INSPECTOR, city), "test")
    add_rules(made)
    for number in range(CHECK_UPS):
        made.checks.put_check_up(check_up(f"ck-{number}"), "test")
    yield made
    made.close()


def form(number: int) -> dict[str, Any]:
    """Make a form of class 4, with a place, a defect and photos."""
    place = {"id": f"an-{number}", "picked_by": "text", "room": f"厨房 {number}"}
    crack = {"id": f"d-{number}", "anchor_id": place["id"], "code": "crack", "severity": 3}
    photos = [f"p-{n}" for n in range(number, PHOTOS, CHECK_UPS)]
    return submission(
        4, conclusion=f"外鼓 {number}", anchors=[place], defects=[crack], attachments=photos
    )


def test_kill_9_of_the_server_loses_and_doubles_nothing(tmp_path: Path, records: Records) -> None:
    chance = random.Random(SEED)
    key, _ = LocalIdentity(records.access, SystemClock(), hasher=HASHER).make_key(
        "u-1", "phone", "test"
    )
    photos = {f"p-{n}": jpeg(500 + n, 400, quality=95) for n in range(PHOTOS)}
    server = Server(tmp_path)
    server.start()
    phones = [Phone(server.port, key) for _ in range(2)]  # two tabs of one phone send it all
    failed: list[BaseException] = []

    def send_all(phone: Phone) -> None:
        try:
            for number, (id_, content) in enumerate(photos.items()):
                phone.photo(id_, content, f"ck-{number % CHECK_UPS}")
                if number % 4 == 3:
                    done = number // 4
                    phone.form(f"s-{done}", f"ck-{done}", form(done))
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=send_all, args=(phone,)) for phone in phones]
    try:
        for one in threads:
            one.start()
        until = time.monotonic() + WAIT_S
        while server.kills < KILLS and any(one.is_alive() for one in threads):
            if server.answers():
                time.sleep(chance.uniform(0.02, 0.7))
                server.kill()
                server.start()
            assert time.monotonic() < until
            time.sleep(0.02)
        for one in threads:
            one.join(WAIT_S)
        assert not failed, failed
        assert server.kills >= 5
        assert sum(phone.broken for phone in phones) > 0
        # everything once more: nothing changes, and the answers are the same
        again = Phone(server.port, key)
        before = state_of(records)
        send_all(again)
        assert not failed, failed
        assert state_of(records) == before
        for phone in phones:
            for id_ in (one for one in phone.receipts if one.startswith("s-")):
                kept = {"received_at", "sha256", "standing", "consequences"}
                assert {n: phone.receipts[id_][n] for n in kept} == {
                    n: again.receipts[id_][n] for n in kept
                }
    finally:
        server.stop()
    desk = attachment_desk(records, FolderFiles(tmp_path / "files"), SystemClock(), tmp_path)
    for id_, content in photos.items():
        kept = records.checks.attachment(id_)
        assert kept is not None
        assert kept.state is AttachmentState.READY
        assert desk.image(kept, ImageSize.ORIGINAL)[0] == content
        assert hashlib.sha256(content).hexdigest() == kept.sha256
    for number in range(CHECK_UPS):
        (sent,) = records.checks.submissions(f"ck-{number}")
        assert (sent.id, sent.standing) == (f"s-{number}", Standing.COUNTS)
        done = records.checks.check_up(f"ck-{number}")
        assert done is not None
        assert (done.state, done.submission_id, done.version) == (CheckState.DONE, sent.id, 2)
    assert len(records.places.defects("b-near")) == CHECK_UPS
    assert len(records.checks.orders(["b-near"])) == 1
    alerts = records.alerts.alerts(Page(99), building_ids=["b-near"])
    assert [one.cause for one in alerts] == [Cause.CHECK_UP]
    found = records.alerts.findings(Page(99), building_ids=["b-near"])
    assert len(found) == CHECK_UPS
    # a kill between keeping a photo and putting its part away leaves that to the sweep
    left = replace(desk, parts=tmp_path / "files" / ".parts")
    left.sweep()
    assert not list(left.parts.glob("*"))


def state_of(records: Records) -> list[object]:
    """Tell all that sending may change."""
    found: list[object] = [
        records.places.defects("b-near"), records.places.anchors("b-near"),
        records.checks.orders(["b-near"]), records.alerts.alerts(Page(99)),
        records.alerts.findings(Page(99)), records.audit.audit(Page(1)),
    ]  # fmt: skip
    for number in range(CHECK_UPS):
        id_ = f"ck-{number}"
        found += [records.checks.submissions(id_), records.checks.check_up(id_)]
        found.append(records.checks.attachments(check_up_id=id_))
    return found
