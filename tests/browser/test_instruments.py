"""A technician at work: the page of a sensor, the push test, what is measured by hand."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from domain.clock import DAY_NS, SECOND_NS, to_datetime
from domain.readings import ReadingBatch
from domain.sensors import Mount
from tests.browser.conftest import Opened
from tests.browser.quarter import NOW_NS, Quarter
from tests.browser.test_fleet_pages import no_wider_than_the_screen, shot

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SENSOR = "/buildings/b-1/sensors/s-1-T-01"


def day(ahead: int) -> str:
    return to_datetime(NOW_NS + ahead * DAY_NS).date().isoformat()


def certify(quarter: Quarter, sensor_id: str, until: str) -> None:
    """Give an instrument a model, a certificate and its last day."""
    site = quarter.records.register.site("b-1")
    sensor = next(s for s in site.sensors if s.id == sensor_id)
    facts = {"serial": "SN-2041", "model": "MEMS-2", "certificate": "JZ-2025-118"}
    known = replace(sensor, version=sensor.version + 1, certificate_until=until, **facts)
    quarter.records.register.put_sensor(known, "test")


def answered(page: "Page", words: str) -> None:
    expect(page.locator("#act-told")).to_contain_text(words)


def test_a_technician_re_zeroes_with_a_look_first_and_takes_it_back(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    certify(quarter, "s-1-T-01", day(-3))
    quarter.records.register.put_mount(
        Mount("m-told", "s-1-T-01", NOW_NS - DAY_NS, 60.0, 16.5, note="推压试验"), "test"
    )
    page = open_as("technician", SENSOR, size)
    expect(page.locator(".certificate-ended")).to_contain_text("3")
    page.locator("#charts").scroll_into_view_if_needed()
    expect(page.locator("[data-state=drawn]")).to_have_count(1)
    assert no_wider_than_the_screen(page)
    shot(page, "sensor", size)
    page.get_by_role("button", name="重新调零").click()
    page.get_by_label("理由").fill("支架被碰")
    page.get_by_role("button", name="先看结果").click()
    answered(page, "序列从 +5.")
    answered(page, "绝对限值继续有效")
    shot(page, "sensor-act", size)
    page.get_by_role("button", name="确认保存").click()
    entry = page.locator(".log-book li").first
    expect(entry).to_contain_text("支架被碰")
    page.wait_for_load_state("load")
    entry.get_by_role("button", name="撤销").click()
    page.get_by_label("理由").fill("弄错了测点")
    page.get_by_role("button", name="先看结果").click()
    answered(page, "2 个标定时段不再起作用")
    page.get_by_role("button", name="确认保存").click()
    expect(page.locator(".log-book li")).to_have_count(2)
    expect(page.locator(".log-book li.gone")).to_contain_text("支架被碰")
    expect(page.locator("#segment-table tr.gone")).to_have_count(1)
    shot(page, "sensor-after", size)


def test_a_push_tells_where_x_points(open_as: Opened, quarter: Quarter, size: str) -> None:
    at = NOW_NS - np.arange(120, 0, -4, dtype=np.int64) * SECOND_NS
    pushed = np.where(at >= NOW_NS - 40 * SECOND_NS, 0.8, 0.0)
    for axis, values in (("x", 4.1 - pushed), ("y", np.full(len(at), 2.0))):
        channel = f"c-2-T-01-{axis}"
        quarter.readings.append(ReadingBatch.of([channel] * len(at), at, values))
    page = open_as("technician", "/buildings/b-2/sensors/s-2-T-01", size)
    page.get_by_role("button", name="推压试验").click()
    page.get_by_label("推的方向（度）").first.fill("90")
    began = NOW_NS - 42 * SECOND_NS
    page.route(
        "**/push/live?*", lambda route: route.continue_(url=_began(route.request.url, began))
    )
    page.get_by_role("button", name="开始推").click()
    expect(page.locator("#push-live")).to_contain_text("x 轴有反应，方向 −")
    expect(page.locator("#push-live")).to_contain_text("270°（西）")
    shot(page, "push", size)
    page.get_by_role("button", name="按此保存方向").click()
    expect(page.locator(".mount")).to_contain_text("270°（西）")
    mounts = [m for m in quarter.records.register.site("b-2").mounts if m.sensor_id == "s-2-T-01"]
    assert mounts[-1].x_azimuth_deg == 270.0


def _began(url: str, began_ns: int) -> str:
    """The clock stands still here: the push began a little before now."""
    base = url.split("&began=", maxsplit=1)[0]
    return f"{base}&began={began_ns}"


def test_what_people_measure_is_entered_asked_about_and_imported(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    page = open_as("technician", "/buildings/b-1/by-hand", size)
    page.get_by_role("button", name="新增人工测点").click()
    page.locator("#s-code").fill("LF-01")
    page.locator("#s-method").select_option("crack card")
    page.locator("#s-place").fill("东墙 1 层")
    page.get_by_role("button", name="新增", exact=True).click()
    expect(page.locator("#series-table")).to_contain_text("LF-01")
    page.wait_for_load_state("load")
    head = "测点,测量时间,数值,测量人\nLF-01,2026-10-01 09:00,0.3,张三\n"
    table, good = head + "LF-09,昨天,宽,\n", head + "LF-01,2026-11-01 09:00,0.4,张三\n"
    page.locator("#file").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    page.get_by_role("button", name="预览").click()
    expect(page.locator("#preview")).to_contain_text("没有人工测点“LF-09”")
    assert page.locator("#hand-commit").count() == 0
    shot(page, "by-hand-wrong", size)
    page.locator("#file").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": good.encode()}
    )
    page.get_by_role("button", name="预览").click()
    page.get_by_role("button", name="导入这 2 个数值").click()
    expect(page.locator("#preview")).to_contain_text("2 个数值已交给入库")
    page.goto(page.url)
    page.locator("#h-value").fill("4.9")
    page.get_by_role("button", name="录入", exact=True).click()
    expect(page.locator("#hand-doubt")).to_contain_text("+4.5 mm")
    page.get_by_label("已核对").check()
    page.get_by_role("button", name="录入", exact=True).click()
    expect(page.locator("#hand-table tbody tr")).to_have_count(3)
    assert no_wider_than_the_screen(page)
    shot(page, "by-hand", size)
    kept = quarter.records.hand.readings("b-1")
    assert [one.value for _, one in kept] == [4.9, 0.4, 0.3]


def test_certificates_that_end_are_listed_with_the_fleet(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    certify(quarter, "s-1-T-01", day(-3))
    certify(quarter, "s-1-C-03", day(40))
    certify(quarter, "s-1-S-02", day(400))
    page = open_as("technician", "/fleet", size)
    rows = page.locator("#certificate-table tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("已过期 3 天")
    expect(rows.last).to_contain_text("还有 40 天")
    shot(page, "certificates", size)
