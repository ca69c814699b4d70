"""A check-up whose network is cut again and again: nothing is lost, nothing is there twice."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Built
from tests.browser.inspect_ordeal import NOTE, House, Size, play, resumed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: `./anju bench inspect` has the full size
SMALL = Size(photos=20, large=4, cuts=6)


def test_a_check_up_survives_cuts_killed_tabs_and_a_killed_server(
    chromium: "Browser", built: Built, tmp_path: Path
) -> None:
    found = play(chromium, House(*built), tmp_path, SMALL)
    assert (found.forms, found.note) == (1, NOTE)
    assert (found.taken, found.lost, found.doubled) == (SMALL.photos, 0, 0)
    assert (found.spoiled, found.unlinked) == (0, 0)
    assert not found.changed_by_sending_again
    assert (found.cuts, found.tabs_killed, found.servers_killed) == (SMALL.cuts, 2, 1)
    assert found.resumed, "none was resumed in its middle"


@pytest.mark.parametrize(
    ("pieces", "is_so"),
    [([(0, 0), (1, 262_144)], True), ([(0, 0), (1, 0)], False), ([(0, 0), (0, 262_144)], False)],
)
def test_resuming_is_told_from_beginning_anew(pieces: list[tuple[int, int]], is_so: bool) -> None:
    assert resumed(pieces) is is_so
