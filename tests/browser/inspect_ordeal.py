"""A check-up whose network is cut, whose tab and server are killed; what came of it.

The test plays it small, `./anju bench inspect` in full.
"""

import contextlib
import hashlib
import itertools
import os
import random
import shutil
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from domain.attachments import Attachment, AttachmentState
from domain.ports import ReadingStore
from domain.submissions import Submission
from storage.files import FolderFiles
from tests.browser.inspect_steps import (
    answer_all,
    finish,
    open_check,
    photo_files,
    take_along,
    wait_until_sent,
)
from tests.browser.line import Line
from tests.browser.quarter import open_quarter
from tests.browser.served import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request

NOTE = "东墙二层窗角斜裂缝，住户反映雨后加宽"
#: px; larger ones take several pieces, so that one may be cut in its middle
LARGE_PX = (1200, 900)
VIEW = {"width": 360, "height": 740}
SEND_ALL_AGAIN = """async () => {
  const { openDB } = await import("/static/lib/idb.mjs");
  const db = await openDB("anju-inspect");
  for (const [store, state] of [["outbox", "waiting"], ["photos", "new"]]) {
    for (const row of await db.getAll(store)) {
      if (row.state !== "dropped") await db.put(store, { ...row, state });
    }
  }
  db.close();
  dispatchEvent(new Event("online"));
}"""


@dataclass(frozen=True, slots=True)
class Size:
    """How hard it is made; `large` of the photos take several pieces."""

    photos: int
    large: int
    cuts: int
    #: upper end of the bytes that go up between two cuts
    cut_bytes_max: int = 500_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the server has at the end, and what happened on the way."""

    forms: int
    note: str
    taken: int
    lost: int
    doubled: int
    #: pictures that are not ready, or whose file is not what its hash says
    spoiled: int
    #: pictures of the form that the server does not know, or the other way round
    unlinked: int
    changed_by_sending_again: bool
    #: pictures that were gone on with after a cut, not from their beginning
    resumed: int
    cuts: int
    tabs_killed: int
    servers_killed: int
    seconds: float


class Phone:
    """A browser that keeps what it has when its tabs are killed; it notes what is sent."""

    def __init__(self, chromium: "Browser", line: Line, token: str) -> None:
        self.url = f"http://127.0.0.1:{line.own_port}"
        self._chromium = chromium
        self.context: BrowserContext = chromium.new_context(viewport=VIEW)  # type: ignore[arg-type]
        self.context.set_default_timeout(30_000)
        self.context.add_cookies(
            [{"name": "anju_session", "value": token, "url": self.url, "httpOnly": True}]
        )
        self.cuts = self.killed = 0
        #: picture -> for each stretch between two cuts, the offsets at which pieces began
        self.pieces: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.page = self.open()

    def open(self, where: str = "") -> "Page":
        self.page = self.context.new_page()
        self.page.on("request", self._noted)
        self.page.goto(f"{self.url}/inspect/{where}")
        self.page.locator("html[data-ready=yes]").wait_for(state="attached")
        return self.page

    def kill(self) -> None:
        """Kill the tab's process, as the phone does when it wants the memory."""
        session = self._chromium.new_browser_cdp_session()
        for process in session.send("SystemInfo.getProcessInfo")["processInfo"]:
            if process["type"] == "renderer":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process["id"], signal.SIGKILL)
        session.detach()
        self.page.close()
        self.killed += 1

    def back_on_line(self) -> None:
        """Tell the page what a browser tells when the network is back."""
        self.page.evaluate("dispatchEvent(new Event('online'))")

    def _noted(self, request: "Request") -> None:
        if request.method == "PATCH":
            offset = int(request.headers.get("upload-offset", "0"))
            self.pieces[request.url.rpartition("/")[2]].append((self.cuts, offset))


@dataclass(frozen=True, slots=True)
class House:
    """A built quarter: records file, readings, and the session of each person."""

    file: Path
    readings: ReadingStore
    tokens: dict[str, str]


@contextlib.contextmanager
def served(house: House, folder: Path) -> Iterator[tuple[Served, Line]]:
    """Serve a copy of the quarter with a check-up, behind a line that can be cut."""
    shutil.copyfile(house.file, folder / "records.db")
    quarter = open_quarter(folder / "records.db", house.readings, "")
    open_check(quarter)
    quarter.records.close()
    server = Served(folder / "records.db")
    server.start()
    line = Line(server.port)
    try:
        yield server, line
    finally:
        line.close()
        server.kill()


def kept(folder: Path, house: House) -> tuple[list[Submission], list[Attachment]]:
    """Read what the server has."""
    quarter = open_quarter(folder / "records.db", house.readings, "")
    try:
        checks = quarter.records.checks
        return checks.submissions("ck-1"), checks.attachments(check_up_id="ck-1")
    finally:
        quarter.records.close()


def play(chromium: "Browser", house: House, folder: Path, size: Size, seed: int = 20) -> Outcome:
    """Fill a check-up in, hand it in and send it, through all that can happen on the way."""
    rng = random.Random(seed)
    # a photo may take a second or two of a machine that does other things as well
    limit_s = 60 + 5 * size.photos
    (folder / "photos").mkdir()
    (folder / "large").mkdir()
    every = [
        *photo_files(folder / "photos", size.photos - size.large),
        *photo_files(folder / "large", size.large, *LARGE_PX),
    ]
    rng.shuffle(every)
    half = size.photos // 2
    first_kill, restart, second_kill = size.cuts // 3, size.cuts // 2, size.cuts * 2 // 3
    began = time.monotonic()
    with served(house, folder) as (server, line):
        phone = Phone(chromium, line, house.tokens["inspector"])
        take_along(phone.page)
        phone.page.locator('[data-visit="ck-1"] .visit-link').click()
        phone.page.locator(".visit-foot .primary").click()
        album = phone.page.locator("[data-item=overview] input[multiple]").last

        # while photos are taken the network goes again and again, and twice the tab
        album.set_input_files(every[:half])
        for number in range(1, size.cuts + 1):
            # pages, photos and answers are on the way: cut in the middle of whatever it is
            line.cut_after(rng.randint(20_000, size.cut_bytes_max))
            if not line.was_cut.wait(2):
                line.cut()
            phone.cuts += 1
            if number == first_kill:
                die_while_writing(phone, half)
                album = phone.page.locator("[data-item=overview] input[multiple]").last
                album.set_input_files(every[half:])
                phone.page.locator(".thumb").nth(size.photos - 1).wait_for(timeout=600_000)
            if number == restart:
                server.kill()
                server.start()
                line.port = server.port
            if number == second_kill:
                phone.kill()
                phone.open("#/unsent")
            line.mend()
            phone.back_on_line()
        phone.page.goto(f"{phone.url}/inspect/#/visit/ck-1/0")
        answer_all(phone.page, every[0])
        finish(phone.page)
        wait_until_sent(phone.page, limit_s)
        sent, pictures = kept(folder, house)

        # all of it once more: nothing may change
        phone.page.evaluate(SEND_ALL_AGAIN)
        phone.page.locator(".unsent-badge.waits").wait_for()
        wait_until_sent(phone.page, limit_s)
        changed = kept(folder, house) != (sent, pictures)
        seconds = time.monotonic() - began
        phone.context.close()
    taken = Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in every)
    photos = [one for one in pictures if one.kind.value == "photo"]
    found = Counter(one.sha256 for one in photos)
    return Outcome(
        forms=len(sent),
        note=next((a.note for one in sent for a in one.answers if a.item_id == "lean"), ""),
        taken=taken.total(),
        lost=(taken - found).total(),
        doubled=(found - taken).total(),
        spoiled=sum(not whole(one, folder) for one in photos)
        + sum(one.state is not AttachmentState.READY for one in pictures),
        unlinked=len(
            {i for one in sent for i in one.attachment_ids} ^ {one.id for one in pictures}
        ),
        changed_by_sending_again=changed,
        resumed=sum(map(resumed, phone.pieces.values())),
        cuts=phone.cuts,
        tabs_killed=phone.killed,
        servers_killed=1,
        seconds=seconds,
    )


def die_while_writing(phone: Phone, photos: int) -> None:
    """Kill the tab when the app has just said that the last stroke is kept; all of it is there."""
    phone.page.locator(".thumb").nth(photos - 1).wait_for(timeout=600_000)
    phone.page.locator("[data-item=lean] summary").click()
    phone.page.locator("[data-item=lean] textarea").press_sequentially(NOTE)
    phone.page.locator(".kept-mark[data-kept=yes]").wait_for()
    phone.kill()
    phone.open("#/visit/ck-1/1")
    assert phone.page.locator("[data-item=lean] textarea").input_value() == NOTE
    assert phone.page.locator(".thumb").count() == photos


def whole(one: Attachment, folder: Path) -> bool:
    """Tell whether a picture's file is what its hash says."""
    content = FolderFiles(folder / "files").get(one.original_key)
    return hashlib.sha256(content).hexdigest() == one.sha256


def resumed(pieces: list[tuple[int, int]]) -> bool:
    """Tell whether a picture was begun before a cut and gone on with after it, not from 0."""
    return any(
        after[0] > before[0] and after[1] > 0 for before, after in itertools.pairwise(pieces)
    )
