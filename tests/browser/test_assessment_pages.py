"""What the models think, as people see it: beside the appraised grade, never like it."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from domain.assessed import Assessed
from domain.assessments import Reason, SuspectedGrade
from domain.clock import DAY_NS, HOUR_NS
from domain.contexts import ContextEvent, ContextKind
from domain.labels import Label, Outcome
from domain.ports import Page as Rows
from domain.readings import ReadingBatch
from domain.sensors import Channel
from tests.api_city import assessed
from tests.browser.conftest import Opened
from tests.browser.quarter import NOW_NS, Quarter

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def said(
    quarter: Quarter, building_id: str, score: float, back: int, **changes: object
) -> Assessed:
    """Make an assessment of so many days ago, with a verdict on a channel of the building."""
    site = quarter.records.register.site(building_id)
    channel = next((c.id for c in site.channels if c.kind == "crack"), "c")
    row = assessed("near", score, NOW_NS - back * DAY_NS)
    (verdict,) = row.assessment.verdicts
    since_ns = NOW_NS - 5 * DAY_NS
    verdict = replace(verdict, channel_id=channel, kind="crack", unit="mm", since_ns=since_ns)
    verdict = replace(verdict, details=(("score", 3.0), ("shape", "drift")))
    reason = Reason("reason.drift", channel, 0.21, 0.15, 0.27, "mm", since_ns, 40.0)
    made = replace(
        row.assessment, id=f"{building_id}-{back}", building_id=building_id, low=score - 9,
        high=score + 9, verdicts=(verdict,), reasons=(reason,),
        would_change=(Reason("change.second_sensor", channel),), **changes,
    )  # fmt: skip
    return replace(row, assessment=made)


def fill(quarter: Quarter) -> list[str]:
    """Ten days of one building, a blind one, and one that was never assessed."""
    buildings = [b.id for b in quarter.records.register.buildings(Rows(3))]
    rows = [
        said(quarter, buildings[0], 60.0 + 3 * (10 - back), back, suspected=SuspectedGrade.D)
        for back in range(10, -1, -1)
    ]
    rows.append(said(quarter, buildings[1], 20.0, 0, suspected=SuspectedGrade.CANNOT_JUDGE))
    quarter.records.assessments.put(rows)
    swing(quarter, buildings[0])
    return buildings


def swing(quarter: Quarter, building_id: str) -> None:
    """Give a building a frequency of its own."""
    register = quarter.records.register
    sensor = next(s for s in register.site(building_id).sensors if s.active)
    channel = Channel("m1", sensor.id, sensor.gateway_id, "m1", "frequency", "Hz", "modal.1")
    register.put_channel(channel, "test")
    at = [NOW_NS - HOUR_NS]
    quarter.readings.append(ReadingBatch.of(["m1"], at, [3.42], received_at=NOW_NS))


def shot(page: "Page", name: str, size: str) -> None:
    """Keep a picture where `ANJU_TEST_SHOTS` says so, for people to look at."""
    if folder := os.environ.get("ANJU_TEST_SHOTS"):
        page.screenshot(
            path=str(Path(folder) / f"{name}-{size}.png"), full_page=True, caret="initial"
        )


def no_wider_than_the_screen(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_building_shows_score_reasons_and_course_apart_from_its_grade(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    first, blind, *_ = fill(quarter)
    page = open_as("duty", f"/buildings/{first}", size)
    card = page.locator("#building-assessment")
    expect(card.locator(".suspicion")).to_contain_text("疑似 D 级")
    style = "(mark) => getComputedStyle(mark).borderTopStyle"
    assert card.locator(".suspicion").evaluate(style) == "dashed"
    assert card.locator(".grade").count() == 0
    expect(card.locator("ol.reasons li")).to_contain_text("+0.21 mm")
    assert card.locator(".score-history circle").count() == 11
    expect(card).to_contain_text("不是危险性等级")
    expect(card.locator(".own-frequency")).to_contain_text("3.42 Hz")
    card.locator(".verdicts > summary").click()
    expect(card.locator(".verdicts")).to_contain_text("仪器自身的漂移看上去会是一样的")
    assert no_wider_than_the_screen(page)
    shot(page, "assessment", size)
    page.goto(f"{quarter.url}/buildings/{blind}")
    card = page.locator("#building-assessment")
    expect(card.locator(".suspicion")).to_have_text("无法判断")
    expect(card.locator(".assessment-figures b").first).to_have_text("—")


def test_asking_again_puts_a_run_up(open_as: Opened, quarter: Quarter) -> None:
    first, *_ = fill(quarter)
    page = open_as("duty", f"/buildings/{first}")
    page.get_by_role("button", name="立即重新评估").click()
    expect(page.locator("#building-assessment .good")).to_be_visible()
    (run,) = quarter.records.jobs.waiting()
    assert run.detail == first


def test_works_are_written_down_and_seen_on_plan_and_line(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    page = open_as("duty", "/contexts", size)
    page.fill("#context-name", "基坑")
    page.fill("#context-from", "gestern")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#contexts .problem")).to_contain_text("应为时间")
    page.spoken.clear()  # type: ignore[attr-defined] # the answer 422 to what is no time
    page.fill("#context-from", "2026-11-01 08:00")
    page.fill("#context-lon", "115.9")
    page.fill("#context-lat", "28.7")
    page.fill("#context-radius", "300")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("tbody tr")).to_contain_text("基坑")
    assert page.locator(".timeline rect").count() == 1
    assert page.locator(".plan-event").count() == 1
    assert no_wider_than_the_screen(page)
    shot(page, "contexts", size)
    (event,) = quarter.records.contexts.events(Rows())
    assert (event.kind, event.radius_m) == (ContextKind.WORKS, 300.0)


def test_the_models_page_shows_the_budget_and_what_was_found_out(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    first, *_ = fill(quarter)
    for number, outcome in enumerate([Outcome.CONFIRMED, Outcome.BENIGN]):
        quarter.records.labels.put(
            Label(f"l{number}", f"a{number}", first, "crack", outcome, NOW_NS, "me", "", 80.0)
        )
    page = open_as("admin", "/models", size)
    expect(page.locator("#budget")).to_contain_text("尚未测量")
    page.fill("#pages", "0")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#budget .problem")).to_be_visible()
    page.spoken.clear()  # type: ignore[attr-defined] # the answer 422 to no budget
    page.fill("#pages", "2.5")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#budget .good")).to_be_visible()
    assert quarter.records.labels.budgets()[0].pages_a_month == 2.5
    page.reload()
    assert page.locator(".reliability circle").count() == 1
    expect(page.locator("main")).to_contain_text("model-test v1")
    assert no_wider_than_the_screen(page)
    shot(page, "models", size)


def test_a_change_is_marked_on_the_chart(open_as: Opened, quarter: Quarter) -> None:
    first, *_ = fill(quarter)
    works = ContextEvent("x", ContextKind.WORKS, "基坑", NOW_NS - 3 * DAY_NS, NOW_NS)
    quarter.records.contexts.put([works], "test")
    site = quarter.records.register.site(first)
    sensor = next(s.id for s in site.sensors if s.kind == "crack")
    page = open_as("duty", f"/buildings/{first}")
    reply = page.evaluate(
        f"fetch('/buildings/{first}/series?sensor={sensor}&range=7d').then((r) => r.json())"
    )
    ticks = {tick["kind"]: tick["label"] for tick in reply["ticks"]}
    assert (ticks["change"], ticks["context"]) == ("变化起点", "基坑")
