"""The page of a vibration event in the real Chromium, on a phone and on a desk."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from analytics.limits import load_profile
from analytics.vibration import VibrationSettings, features_of, velocities_of
from domain.clock import DAY_NS, SECOND_NS
from domain.sensors import Channel, Sensor
from domain.waves import KeptBlock, WaveBlock
from ingest.tails import Tails
from simulators.scenarios.excavation_next_door import SCENARIO
from simulators.waves import RATE_HZ, SCALE_M_S2, WaveInstrument, blocks_between
from storage.waves import FolderWaves
from tests.browser.conftest import Built, Opened
from tests.browser.quarter import NOW_NS, Quarter, serve_copy

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WAVE = Channel("c-wave", "s-wave", "g-1", "V2", "acceleration", "m/s²", "wave", 7200)
BLAST_NS = NOW_NS - 40 * 60 * SECOND_NS
BLOW_NS = NOW_NS - 5 * 3600 * SECOND_NS


def blocks(moment_ns: int, count: int) -> list[WaveBlock]:
    """Take what the simulated accelerometer sends around a moment of the excavation."""
    began_ns = BLAST_NS - round(SCENARIO.blast_day * DAY_NS)
    # by plan at the very moment of the blow; of the blast the trigger's own blocks are enough
    phase = (moment_ns // SECOND_NS - (3600 if count == 3 else 0)) % 7200
    sent = blocks_between(
        [WaveInstrument(WAVE, 11, phase)], SCENARIO, began_ns, moment_ns - 15 * SECOND_NS,
        moment_ns + 20 * SECOND_NS,
    )  # fmt: skip
    tails = Tails(1.0)
    return [
        tails.led(
            WaveBlock(WAVE.id, "acceleration", b.taken_at_ns, RATE_HZ, "xyz", SCALE_M_S2, "i2",
                      b.samples)
        )
        for b in sent[:count]
    ]  # fmt: skip


def keep(store: FolderWaves, event_ns: int, taken: list[WaveBlock]) -> None:
    settings = VibrationSettings.from_profile(load_profile())
    rows = zip(taken, features_of(taken, settings), velocities_of(taken, settings), strict=True)
    roles = ["event"] if len(taken) == 1 else ["before", "event", "after"]
    store.keep(
        [
            KeptBlock(event_ns, role, block, velocity, features.peaks)
            for role, (block, features, velocity) in zip(roles, rows, strict=True)
        ]
    )


@pytest.fixture
def quarter(built: "Built", tmp_path: Path) -> Iterator[Quarter]:
    """The quarter, with an accelerometer at its first building and two events of it."""
    file, readings, _ = built
    store = FolderWaves(tmp_path / "waves", days=365, bytes_max=10**9)
    keep(store, BLAST_NS, blocks(BLAST_NS, 3))
    keep(store, BLOW_NS, blocks(BLOW_NS, 1))
    with serve_copy(file, tmp_path, readings, store) as served:
        register = served.records.register
        sensor = Sensor("s-wave", "b-1", "g-1", "V2", "vibration", "西墙 基础", 1)
        register.put_sensor(sensor, "test")
        register.put_channel(WAVE, "test")
        yield served


def drawn(page: "Page") -> "Page":
    page.wait_for_selector("#wave[data-state='drawn']")
    return page


def fits(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_an_event_is_answered_drawn_and_held_against_its_curve(open_as: Opened, size: str) -> None:
    page = drawn(open_as("duty", f"/waves/{WAVE.id}/{BLAST_NS}", size))
    expect(page.locator(".answer-line")).to_contain_text("14.")
    expect(page.locator(".answer-line")).to_contain_text("y 向")
    assert page.locator(".wave-plot canvas").count() == 3
    assert page.locator(".wave-curve canvas").count() == 1
    expect(page.locator("#peaks")).to_contain_text("主频")
    assert fits(page)
    page.get_by_role("button", name="原始信号").click()
    expect(page.get_by_role("button", name="原始信号")).to_have_attribute("aria-pressed", "true")
    drawn(page)


def test_it_speaks_english_as_well(open_as: Opened) -> None:
    page = open_as("duty", f"/waves/{WAVE.id}/{BLAST_NS}")
    page.context.add_cookies([{"name": "anju_language", "value": "en", "url": page.url}])
    page.reload()
    expect(drawn(page).locator("#curve")).to_have_text("Peaks against the limits")


def test_the_files_are_downloaded(open_as: Opened, tmp_path: Path) -> None:
    page = drawn(open_as("duty", f"/waves/{WAVE.id}/{BLAST_NS}"))
    for name, first in (("Parquet", b"PAR1"), ("CSV", b"\xef\xbb\xbftaken_at")):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=name).click()
        target = tmp_path / name
        waiting.value.save_as(target)
        assert target.read_bytes().startswith(first)


def test_the_building_lists_its_events_and_leads_to_them(open_as: Opened, size: str) -> None:
    page = open_as("duty", "/buildings/b-1", size)
    rows = page.locator("#wave-table tbody tr")
    expect(rows).to_have_count(2)
    assert fits(page)
    rows.first.get_by_role("link").click()
    page.wait_for_url(f"**/waves/{WAVE.id}/{BLAST_NS}")
    drawn(page).get_by_role("link", name="上一事件").click()
    page.wait_for_url(f"**/waves/{WAVE.id}/{BLOW_NS}")
    expect(page.get_by_role("link", name="下一事件")).to_be_visible()


def test_a_building_without_waveforms_shows_no_list(open_as: Opened) -> None:
    page = open_as("duty", "/buildings/b-9")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#waves")).to_have_count(0)


@pytest.mark.parametrize("path", [f"/waves/{WAVE.id}/1", "/waves/c-nobody/1", "/waves/c-wave/x"])
def test_what_is_not_there_is_a_page_that_says_so(open_as: Opened, path: str) -> None:
    page = open_as("duty", path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.spoken[:] = [m for m in page.spoken if "404" not in m]  # type: ignore[attr-defined]


def test_it_reads_in_the_dark(open_as: Opened) -> None:
    page = open_as("duty", f"/waves/{WAVE.id}/{BLAST_NS}")
    page.context.add_cookies([{"name": "anju_theme", "value": "dark", "url": page.url}])
    page.reload()
    assert drawn(page).locator(".wave-plot canvas").count() == 3
