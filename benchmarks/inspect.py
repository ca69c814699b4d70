"""The must-hold of the inspector's app: nothing lost, nothing doubled, in a real Chromium.

A form with photos is filled in and sent while the network is cut again and again, the tab killed
twice and the server once; then all is sent once more. `tests/browser/test_inspect_offline.py`
plays the same with fewer photos.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, report
from storage.readings import open_readings
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.inspect_ordeal import NOTE, House, Outcome, Size, play
from tests.browser.quarter import build

FULL = Size(photos=200, large=40, cuts=20, cut_bytes_max=1_500_000)
QUICK = Size(photos=20, large=4, cuts=6)


def run(*, quick: bool = False) -> dict[str, Any]:
    """Play it once."""
    if not shutil.which(CHROMIUM):
        return report(
            "inspect", [Figure("photos lost", None, "", (f"no browser at {CHROMIUM}", None))]
        )
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not in the house itself

    with contextlib.ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="anju-bench-"))
        playwright = stack.enter_context(sync_playwright())
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))  # the house's own words
        folder = Path(name)
        readings = open_readings("duckdb:")
        house = House(folder / "quarter.db", readings, build(folder / "quarter.db", readings))
        (folder / "house").mkdir()
        load_before = os.getloadavg()[0]
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, headless=True
        )
        found = play(browser, house, folder / "house", QUICK if quick else FULL)
        browser.close()
        readings.close()
    return report("inspect", figures(found, load_before))


def figures(found: Outcome, load_before: float) -> list[Figure]:
    """Tell what came of it, each with its goal."""
    return [
        Figure("photos taken", found.taken, ""),
        Figure("photos lost", found.lost, "", goal="== 0"),
        Figure("photos doubled", found.doubled, "", goal="== 0"),
        Figure("photos spoiled", found.spoiled, "", goal="== 0"),
        Figure("photos not tied to the form", found.unlinked, "", goal="== 0"),
        Figure("forms at the server", found.forms, "", goal="== 1"),
        Figure("notes as written", float(found.note == NOTE), "", goal="== 1"),
        Figure(
            "changes by sending all again",
            float(found.changed_by_sending_again),
            "",
            goal="== 0",
        ),
        Figure("photos gone on with in their middle", found.resumed, "", goal=">= 1"),
        Figure("cuts of the network", found.cuts, ""),
        Figure("tabs killed", found.tabs_killed, ""),
        Figure("servers killed", found.servers_killed, ""),
        Figure("from the first page to the last receipt", found.seconds, "s"),
        Figure("load average before it began", load_before, ""),
    ]
