"""What people see and do, in the real Chromium, at the width of a phone and of a desk."""

import base64
import csv
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from domain.alerts import AlertState, EventKind
from domain.clock import MINUTE_NS
from domain.findings import Cause
from domain.limits import Level
from tests.browser.conftest import SIZES, Opened
from tests.browser.quarter import (
    NOW_NS,
    PASSWORD,
    Quarter,
    alert_of,
    finding,
    notices_of,
    serve,
)

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

PAGES = {
    "desk": "/",
    "building": "/buildings/b-1",
    "silent building": "/buildings/b-2",
    "bare building": "/buildings/b-9",
    "alert": "/alerts/alert-0",
    "register": "/buildings",
    "import": "/register/import",
    "gateways": "/gateways",
    "fleet": "/fleet",
    "gateway": "/fleet/g-1",
    "account": "/accounts?days=30",
    "quarantine": "/quarantine",
    "health": "/health",
    "users": "/users",
}


#: what of a page has less than 4.5:1 against the ground it stands on
CONTRAST = """theme => {
  document.documentElement.dataset.theme = theme;
  const linear = x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4;
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(x => linear(x / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(colour) && colour !== 'transparent') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const bad = [];
  for (const e of document.querySelectorAll('main *, header *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !e.offsetParent || e.closest('.maplibregl-map')) continue;
    const pair = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    const ratio = (pair[0] + .05) / (pair[1] + .05);
    if (ratio < 4.5) bad.push(`${e.className} ${e.textContent.trim().slice(0, 20)} ${ratio}`);
  }
  return bad;
}"""


def pixels(png: bytes) -> list[tuple[int, int, int]]:
    """Read the pixels of a PNG (8 bit RGB or RGBA, as the browser writes them)."""
    at, data, head = 8, b"", b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        head, data = (body if kind == b"IHDR" else head), data + (body if kind == b"IDAT" else b"")
        at += 12 + length
    width, height, _, colour = struct.unpack(">IIBB", head[:10])
    size = 4 if colour == 6 else 3
    raw, stride, before = zlib.decompress(data), width * size, bytearray(width * size)
    found = []
    for row in range(height):
        start = row * (stride + 1)
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for i in range(stride):
            left = line[i - size] if i >= size else 0
            up, corner = before[i], before[i - size] if i >= size else 0
            line[i] = (
                line[i] + (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
            ) & 255
        found += [tuple(line[i : i + 3]) for i in range(0, stride, size)]
        before = line
    return found  # type: ignore[return-value]


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min(
        (abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner)
    )[2]


def drawn(canvas: "Locator") -> list[tuple[int, int, int]]:
    """Read a canvas as it was drawn: a screenshot blends lines when it lies between two pixels."""
    written = canvas.first.evaluate("one => one.toDataURL('image/png')")
    return pixels(base64.b64decode(written.partition(",")[2]))


def near(colour: tuple[int, int, int], found: list[tuple[int, int, int]]) -> int:
    """Count the pixels of nearly one colour."""
    return sum(all(abs(a - b) < 26 for a, b in zip(colour, one, strict=True)) for one in found)


def no_wider_than_the_screen(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


# ------------------------------------------------------------------------------- log-in


def test_a_wrong_password_is_told_and_the_name_stays(open_as: Opened, size: str) -> None:
    page = open_as(None, "/login", size)
    page.fill("#name", "duty")
    page.fill("#password", "wrong")
    page.click("button[type=submit]")
    page.wait_for_selector("[role=alert]")
    assert "密码不对" in page.inner_text("[role=alert]")
    assert page.input_value("#name") == "duty"
    assert page.input_value("#password") == ""
    page.spoken.clear()  # type: ignore[attr-defined] # the browser reports the answer 403 itself


def test_an_empty_field_is_told_beside_it(open_as: Opened) -> None:
    page = open_as(None, "/login")
    page.click("button[type=submit]")
    assert page.inner_text("#name-fault") == "请输入用户名"
    assert page.get_attribute("#password", "aria-describedby") == "password-fault"
    page.spoken.clear()  # type: ignore[attr-defined]


def test_after_the_log_in_one_is_where_one_wanted_to_be(open_as: Opened, quarter: Quarter) -> None:
    page = open_as(None, "/buildings/b-1")
    assert page.url == f"{quarter.url}/login?next=%2Fbuildings%2Fb-1"
    page.fill("#name", "duty")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{quarter.url}/buildings/b-1")


def test_a_log_in_never_leads_to_another_site(open_as: Opened, quarter: Quarter) -> None:
    page = open_as(None, "/login?next=//example.invalid/x")
    page.fill("#name", "duty")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector("#queue")
    assert page.url == f"{quarter.url}/"


def test_many_failures_are_told_to_wait(open_as: Opened) -> None:
    page = open_as(None, "/login")
    for _ in range(8):
        page.fill("#name", "duty")
        page.fill("#password", "wrong")
        page.click("button[type=submit]")
        page.wait_for_load_state()
        if "分钟后再试" in page.inner_text("[role=alert]"):
            break
    else:
        pytest.fail("eight failures were never told to wait")
    page.spoken.clear()  # type: ignore[attr-defined]


def test_logging_out_ends_the_session(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("duty")
    page.click("#me summary")
    page.click("text=退出登录")
    page.wait_for_url(f"{quarter.url}/login")
    page.goto(quarter.url)
    assert page.url == f"{quarter.url}/login"


def test_the_demo_s_log_ins_are_shown_with_what_each_may_do(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    page = open_as(None, "/login", size)
    assert "不能处置" in page.inner_text(".demo-login >> nth=1")
    assert no_wider_than_the_screen(page)
    page.click(".demo-login >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{quarter.url}/")
    assert page.locator(".me-menu strong").text_content() == "duty"


# ------------------------------------------------------------------------------- the desk


def test_the_desk_shows_what_is_worst_first_with_shape_and_word(open_as: Opened, size: str) -> None:
    page = open_as("duty", "/", size)
    levels = [text.strip() for text in page.locator("#queue .alert .level").all_inner_texts()]
    assert levels == ["红色预警", "橙色预警", "黄色预警", "注意"]
    shapes = page.eval_on_selector_all(
        "#queue .alert .level use", "all => all.map(u => u.getAttribute('href').split('#')[1])"
    )
    assert shapes == ["level-red", "level-orange", "level-yellow", "level-blue"]
    assert "演示小区 1 号楼" in page.inner_text("#alert-alert-0 .sentence")
    assert "1.04 mm" in page.inner_text("#alert-alert-0 .sentence")
    assert "20 分钟前" in page.inner_text("#alert-alert-0 .alert-head")
    assert "被拒绝" in page.inner_text("#alert-alert-0 .notices")
    assert "值班乙 已确认" in page.inner_text("#alert-alert-2")
    assert "模拟数据" in page.inner_text(".simulated")


def test_a_new_red_comes_without_a_reload_and_is_told_aloud(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    page = open_as("duty", "/", size)
    page.evaluate("window.sameDocument = true")
    one = finding(9, Cause.TILT, Level.RED, NOW_NS, 21.0, 20.0, "‰", "tilt.total.h24", "T-09")
    alert = alert_of("alert-new", one)
    quarter.raise_alert(alert, one, notices_of(alert))
    page.wait_for_selector("#alert-alert-new")
    assert page.evaluate("window.sameDocument") is True
    assert "演示小区 9 号楼" in page.inner_text("#live")
    assert page.inner_text(".count-red .count-number") == "2"
    moving = page.locator("#alert-alert-new").evaluate(
        "e => { e.classList.add('fresh'); return getComputedStyle(e).animationName; }"
    )
    assert moving == "none", "with reduced motion nothing pulses"


def test_acknowledging_names_who_and_reaches_the_other_desk(
    open_as: Opened, quarter: Quarter
) -> None:
    mine, other = open_as("duty"), open_as("duty2")
    mine.click("#ack-alert-0")
    mine.wait_for_selector("#alert-alert-0 >> text=值班甲 已确认")
    other.wait_for_selector("#alert-alert-0 >> text=值班甲 已确认")
    kept = quarter.records.alerts.alert("alert-0")
    assert kept is not None
    assert (kept.state, kept.acknowledged_by) == (AlertState.ACKNOWLEDGED, "u-duty")


def test_closing_asks_for_a_reason(open_as: Opened, quarter: Quarter, size: str) -> None:
    page = open_as("duty", "/", size)
    page.click("#close-alert-1")
    page.wait_for_selector("dialog[open]")
    page.click("dialog button[type=submit]")
    page.wait_for_selector("#reason-fault")
    assert page.inner_text("#reason-fault") == "请写明关闭的理由"
    page.fill("#reason", "现场复核，裂缝计松动，已重新固定")
    page.click("dialog button[type=submit]")
    page.wait_for_selector("#alert-alert-1", state="detached")
    assert page.locator("dialog").count() == 0
    kept = quarter.records.alerts.alert("alert-1")
    assert kept is not None
    assert (kept.state, kept.closed_by) == (AlertState.CLOSED, "u-duty")
    assert kept.close_reason == "现场复核，裂缝计松动，已重新固定"
    page.spoken.clear()  # type: ignore[attr-defined] # the answer 422 to the empty reason


def test_a_red_alert_is_closed_by_two_people(open_as: Opened, quarter: Quarter) -> None:
    first, second = open_as("duty"), open_as("duty2")
    first.click("#close-alert-0")
    first.wait_for_selector("dialog[open]")
    assert "需要两个人" in first.inner_text("dialog")
    first.fill("#reason", "已加固")
    first.click("dialog button[type=submit]")
    first.wait_for_selector("#alert-alert-0 >> text=需要第二人确认")
    first.click("#close-alert-0")
    first.wait_for_selector("dialog[open]")
    first.fill("#reason", "再关一次")
    first.click("dialog button[type=submit]")
    first.wait_for_selector("dialog [role=alert]")
    assert "需要另一个人" in first.inner_text("dialog [role=alert]")

    second.wait_for_selector("#alert-alert-0 >> text=需要第二人确认")
    second.click("#close-alert-0")
    second.wait_for_selector("dialog[open]")
    assert "已加固" in second.inner_text("dialog")
    second.fill("#reason", "现场看过，同意")
    second.click("dialog button[type=submit]")
    second.wait_for_selector("#alert-alert-0", state="detached")
    kinds = [event.kind for event in quarter.records.alerts.events("alert-0")]
    assert kinds[-2:] == [EventKind.CLOSE_PROPOSED, EventKind.CLOSED]
    first.spoken.clear()  # type: ignore[attr-defined] # the answer 409 to the first person


def test_an_alert_that_changed_under_the_dialog_is_not_closed_unseen(
    open_as: Opened, quarter: Quarter
) -> None:
    page = open_as("duty")
    page.click("#close-alert-3")
    page.wait_for_selector("dialog[open]")
    other = open_as("duty2")
    other.click("#ack-alert-3")
    other.wait_for_selector("#alert-alert-3 >> text=值班乙 已确认")
    page.fill("#reason", "没有问题")
    page.click("dialog button[type=submit]")
    page.wait_for_selector("dialog [role=alert]")
    assert page.input_value("#reason") == "没有问题"
    kept = quarter.records.alerts.alert("alert-3")
    assert kept is not None
    assert kept.state is AlertState.ACKNOWLEDGED
    page.spoken.clear()  # type: ignore[attr-defined]


def test_the_filters_narrow_the_queue(open_as: Opened) -> None:
    page = open_as("duty")
    page.fill("#filter-text", "2 号楼")
    expect(page.locator("#queue .alert")).to_have_count(1)
    assert "演示小区 2 号楼" in page.inner_text("#queue .alert")
    page.fill("#filter-text", "没有这样的楼")
    page.wait_for_selector("text=没有符合筛选条件的预警")
    page.fill("#filter-text", "")
    page.select_option("#filter-level", "yellow")
    expect(page.locator("#queue .alert")).to_have_count(1)
    page.select_option("#filter-level", "")
    page.select_option("#filter-state", "closed")
    page.wait_for_selector("#queue .empty")
    # the refresh keeps what was chosen
    page.evaluate("htmx.trigger(document.body, 'alerts-changed')")
    page.wait_for_selector("#queue .empty")


def test_the_desk_can_be_worked_with_the_keyboard_alone(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("duty")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "filter-text"
    page.locator("#alert-alert-0").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "alert-alert-1"
    page.keyboard.press("a")
    page.wait_for_selector("#alert-alert-1 >> text=值班甲 已确认")
    assert page.evaluate("document.activeElement.id") == "alert-alert-1", "the focus stays"
    page.keyboard.press("c")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate("document.activeElement.id") == "reason"
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.locator("#alert-alert-1").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{quarter.url}/alerts/alert-1")


def test_list_and_map_stay_in_step(open_as: Opened) -> None:
    page = open_as("duty")
    page.wait_for_selector("#map[data-state=drawn]")
    page.click("#alert-alert-2 .alert-head")
    page.wait_for_selector(".maplibregl-popup >> text=演示小区 2 号楼")
    assert page.locator("#alert-alert-2.chosen").count() == 1
    # and the other way: a point is chosen on the map
    page.evaluate(
        "document.getElementById('map').map.jumpTo({center: [115.8944, 28.6819], zoom: 17})"
    )
    page.wait_for_function(
        "() => document.getElementById('map').map.queryRenderedFeatures({layers: ['points']})"
        ".some(f => f.properties.id === 'b-7')"
    )
    at = page.evaluate(
        "(() => { const m = document.getElementById('map').map;"
        " const all = m.queryRenderedFeatures({layers: ['points']});"
        " const p = m.project(all.find(f => f.properties.id === 'b-7').geometry.coordinates);"
        " const r = m.getCanvas().getBoundingClientRect();"
        " return [r.left + p.x, r.top + p.y]; })()"
    )
    page.mouse.click(*at)
    page.wait_for_selector("#alert-alert-3.chosen")


def test_a_cluster_shows_its_worst_level_and_its_count(open_as: Opened) -> None:
    page = open_as("duty")
    page.wait_for_selector("#map[data-state=drawn]")
    page.evaluate("document.getElementById('map').map.jumpTo({zoom: 10})")
    page.wait_for_function(
        "() => document.getElementById('map').map"
        ".queryRenderedFeatures({layers: ['clusters']}).length > 0"
    )
    worst = page.evaluate(
        "document.getElementById('map').map.queryRenderedFeatures({layers: ['clusters']})"
        ".map(f => [f.properties.worst, f.properties.point_count])"
    )
    assert [4, 24] in worst
    found = pixels(page.locator("#map").screenshot())
    assert near((200, 30, 30), found) > 30, "the red square is drawn"


def test_each_district_has_an_outline_with_its_name_and_counts(open_as: Opened) -> None:
    page = open_as("duty")
    page.wait_for_selector("#map[data-state=drawn]")
    drawn = page.evaluate(
        "document.getElementById('map').map.queryRenderedFeatures({layers: ['plates']})"
        ".map(f => f.properties.icon).sort()"
    )
    assert drawn == ["plate-0-西湖区 · 8 幢", "plate-4-东湖区 · 16 幢 · 4 条预警"]
    filled = page.evaluate(
        "document.getElementById('map').map.queryRenderedFeatures({layers: ['districts']})"
        ".map(f => f.properties.code)"
    )
    assert set(filled) == {"360102", "360103"}
    page.click("#me summary")
    page.click("[data-theme-choice=dark]")
    page.wait_for_function(
        "() => document.getElementById('map').map.getLayer('plates') && document"
        ".getElementById('map').map.queryRenderedFeatures({layers: ['plates']}).length === 2"
    )


def test_queue_and_register_are_taken_away_as_filtered(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("duty")
    page.select_option("#filter-level", "yellow")
    expect(page.locator("#queue .alert")).to_have_count(1)
    with page.expect_download() as download:
        page.click("#queue .export a")
    rows = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(rows) == 2
    assert "总倾斜达到 7.31 ‰" in rows[1]
    page.goto(f"{quarter.url}/buildings")
    page.fill("#register-text", "12 号楼")
    expect(page.locator("#register tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        page.click("#register .export a")
    assert len(download.value.path().read_text("utf-8-sig").splitlines()) == 2


def test_without_webgl_the_map_is_a_list(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("duty", "/buildings")
    page.add_init_script(
        "HTMLCanvasElement.prototype.getContext = new Proxy(HTMLCanvasElement.prototype.getContext,"
        " {apply: (f, c, a) => a[0].startsWith('webgl') ? null : Reflect.apply(f, c, a)})"
    )
    page.goto(quarter.url)
    page.wait_for_selector(".map-list >> text=没有 WebGL")
    first = page.locator(".map-list li").first.inner_text()
    assert first == "演示小区 1 号楼 · 红色预警"


def test_a_lost_connection_is_told_and_mended(open_as: Opened) -> None:
    page = open_as("duty", "/buildings")
    page.route("**/api/v1/events", lambda route: route.abort())
    page.goto(page.url.replace("/buildings", "/"))
    page.wait_for_selector("#connection-lost:not([hidden])")
    page.unroute("**/api/v1/events")
    page.wait_for_selector("#connection-lost", state="hidden", timeout=20_000)
    page.spoken.clear()  # type: ignore[attr-defined] # the cut connection


def test_an_empty_desk_says_what_will_appear(
    chromium: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("empty")
    with serve(folder, filled=False) as quarter:
        context = chromium.new_context(viewport=SIZES["phone"])  # type: ignore[attr-defined]
        page = context.new_page()
        page.goto(f"{quarter.url}/login")
        page.fill("#name", "admin")
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_selector("text=目前没有未关闭的预警")
        page.wait_for_selector("text=地图上还没有房屋")
        page.goto(f"{quarter.url}/buildings")
        assert "从表格导入" in page.inner_text("#register")
        context.close()


# ------------------------------------------------------------------------------- building


def test_the_building_page_answers_first(open_as: Opened, size: str) -> None:
    page = open_as("duty", "/buildings/b-1", size)
    assert "红色限值" in page.inner_text(".answer")
    assert "2 条预警还没有人接手" in page.inner_text(".answer")
    grade = page.inner_text(".page-head-grade")
    assert "鉴定" in grade
    assert "D" in grade
    assert "2025-03-01" in grade
    assert "演示鉴字 2025-001" in grade


def test_a_chart_draws_values_and_limits(open_as: Opened, size: str) -> None:
    page = open_as("duty", "/buildings/b-1", size)
    chart = page.locator("[data-code='C-03']")
    chart.scroll_into_view_if_needed()
    chart.locator("canvas").first.wait_for()
    found = drawn(chart.locator("[data-panel=value] canvas"))
    assert near((15, 94, 94), found) > 200, "the line of values"
    assert near((200, 30, 30), found) > 100, "the red limit"
    assert near((194, 87, 12), found) > 60, "the orange limit"
    chart.locator(".chart-limits summary").click()
    listed = chart.locator(".limit-list").inner_text()
    assert "■ 红色预警 裂缝增量 ≥ 1 mm — 本项目建议值" in listed
    assert "红色预警 裂缝速率 ≥ 0.2 mm/天，连续 3 天" in listed
    # a rate is no height of the width's axis: it has its own
    rates = drawn(chart.locator("[data-panel='mm/d'] canvas"))
    assert near((200, 30, 30), rates) > 60, "the red limit of the rate"
    chart.locator(".chart-table summary").click()
    chart.locator(".chart-table tbody tr").nth(20).wait_for()
    captions = chart.locator(".chart-table caption").all_inner_texts()
    assert captions[:3] == ["测值", "温度影响（已从粗线中扣除）", "速率：30 天时间窗"]
    assert "迟到 24" in chart.locator("[data-flags]").inner_text()
    assert "× 跳点 1" in chart.locator("[data-flags]").inner_text()
    assert no_wider_than_the_screen(page)


def test_the_raw_line_and_the_weather_stand_beside_the_adjusted_line(
    open_as: Opened, size: str
) -> None:
    page = open_as("duty", "/buildings/b-1", size)
    chart = page.locator("[data-code='T-01']")
    legend = chart.locator("[data-panel=value] .u-legend")
    chart.scroll_into_view_if_needed()  # charts are read once they are seen
    legend.wait_for()
    assert "合成倾斜（已扣除温度）" in legend.inner_text()
    assert "合成倾斜（原值）" in legend.inner_text()
    assert page.get_attribute("#raw", "aria-pressed") == "true"
    names = chart.locator("[data-panel]").evaluate_all("all => all.map(e => e.dataset.panel)")
    assert names[:2] == ["value", "weather"], "the weather's share right below the trend"
    over = "[data-panel=%s] .u-over"
    trend, share = (chart.locator(over % name).bounding_box() or {} for name in names[:2])
    assert (trend["x"], trend["width"]) == (share["x"], share["width"]), "one axis of time"
    assert share["height"] < trend["height"]
    page.click("#raw")
    assert "合成倾斜（已扣除温度）" in legend.inner_text()
    assert "原值" not in legend.inner_text()
    assert "x 向" in legend.inner_text()
    assert page.get_attribute("#raw", "aria-pressed") == "false"
    assert chart.locator("[data-panel=weather]").count() == 1
    assert "已接续零点并扣除温度影响" in chart.locator("[data-note]").inner_text()
    # where nothing was learnt the page says so and shows no second line
    page.goto(page.url.replace("b-1", "b-2"))
    other = page.locator("[data-code='T-01']")
    other.locator("canvas").first.wait_for()
    assert "未扣除温度影响" in other.locator("[data-note]").inner_text()
    assert "已扣除" not in other.locator(".u-legend").first.inner_text()


def test_peaks_stand_under_the_curve_of_their_frequency(open_as: Opened) -> None:
    page = open_as("duty", "/buildings/b-1")
    chart = page.locator("[data-code='V-01']")
    chart.scroll_into_view_if_needed()
    diagram = chart.locator("canvas.diagram")
    diagram.wait_for()
    assert "个振动峰值按主频画出" in (diagram.get_attribute("aria-label") or "")
    found = drawn(diagram)
    assert near((200, 30, 30), found) > 80, "the red curve"
    assert near((31, 111, 235), found) > 80, "the blue curve"
    chart.locator(".chart-limits summary").click()
    assert "GB 50868-2013 7.1.2" in chart.locator(".limit-list").inner_text()


def test_a_range_button_asks_for_that_range(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("duty", "/buildings/b-1")
    page.locator("[data-code='T-01'] canvas").first.wait_for()
    with page.expect_response(lambda r: "series?sensor=s-1-T-01&range=1y" in r.url) as answer:
        page.click("button[data-range='1y']")
    reply = answer.value.json()
    assert reply["end"] == NOW_NS / 1e9, "now is the clock of the readings, not the browser's"
    panels = {panel["name"]: panel for panel in reply["panels"]}
    value = panels["value"]
    assert [line["role"] for line in value["lines"]] == ["main", "part", "part", "raw"]
    assert value["lines"][0]["axis"] == "lean"
    assert {limit["rule"] for limit in value["limits"]} == {"tilt.total.h24"}
    assert {limit["rule"] for limit in panels["growth"]["limits"]} == {"tilt.growth"}
    assert {limit["rule"] for limit in panels["‰/month"]["limits"]} == {"tilt.rate"}
    assert None in value["lines"][0]["mean"], "the gap stays a gap"
    assert reply["compensation"] == "mature"
    assert [tick["label"] for tick in reply["ticks"]] == ["初始测量", "重新调零", "黄色预警"]


def test_readings_can_be_taken_away_as_csv(open_as: Opened) -> None:
    page = open_as("duty", "/buildings/b-1")
    page.locator("[data-code='C-03'] canvas").first.wait_for()
    with page.expect_download() as download:
        page.locator("[data-code='C-03'] [data-csv]").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0] == "taken_at,channel,axis,reading,series_value,adjusted_value,unit,flags"
    assert len(lines) > 200
    assert lines[-1].split(",")[4] != lines[-1].split(",")[5], "the weather is taken out"
    assert lines[1].endswith(",mm,ok")
    with page.expect_download() as picture:
        page.locator("[data-code='C-03'] [data-png]").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")


def test_old_values_are_greyed_and_silence_is_not_calm(open_as: Opened, size: str) -> None:
    page = open_as("duty", "/buildings/b-2", size)
    row = page.locator("[id='sensor-s-2-C-03']")
    assert "stale" in (row.get_attribute("class") or "")
    assert "数据陈旧" in row.inner_text()
    assert "7 小时前" in row.inner_text()
    assert "离线" in row.inner_text()
    page.goto(page.url.replace("b-2", "b-9"))
    assert "不在监测中" in page.inner_text(".answer")


def test_a_building_page_follows_its_alerts(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("duty", "/buildings/b-9")
    one = finding(
        9, Cause.CRACK, Level.ORANGE, NOW_NS - MINUTE_NS, 0.61, 0.5, "mm", "crack.growth", "C-1"
    )
    quarter.raise_alert(alert_of("alert-9", one), one)
    page.wait_for_selector("#alert-alert-9")
    assert "橙色限值" in page.inner_text(".answer")


def test_a_report_is_uploaded_and_taken_away(open_as: Opened, size: str) -> None:
    page = open_as("admin", "/buildings/b-1", size)
    card = page.locator("#appraisal-card")
    assert "未上传" in card.inner_text()
    card.locator("summary").click()
    page.set_input_files(
        "[id='report-a-1']", {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"no"}
    )
    card.locator("form button").click()
    page.wait_for_selector(".toast >> text=没有保存")
    content = b"%PDF-1.7\n" + b"x" * 200 + b"\n%%EOF\n"
    page.set_input_files(
        "[id='report-a-1']", {"name": "x.pdf", "mimeType": "application/pdf", "buffer": content}
    )
    card.locator("form button").click()
    page.wait_for_selector("#appraisal-card >> text=报告已保存")
    with page.expect_download() as download:
        card.locator("text=下载报告").click()
    assert download.value.suggested_filename == "演示鉴字-2025-001.pdf"
    assert download.value.path().read_bytes() == content
    assert no_wider_than_the_screen(page)
    page.spoken.clear()  # type: ignore[attr-defined] # the answer 422 to the wrong file


def test_who_may_not_write_the_register_only_reads_reports(open_as: Opened) -> None:
    page = open_as("insurer", "/buildings/b-1")
    assert page.locator("#appraisal-card form").count() == 0


def test_an_alert_leads_to_the_trend_of_its_point(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("duty", "/alerts/alert-0")
    page.click("text=看趋势图")
    page.wait_for_url(f"{quarter.url}/buildings/b-1#chart-s-1-C-03")
    page.locator("[data-code='C-03'] canvas").first.wait_for()


# ------------------------------------------------------------------------------- alert page


def test_the_alert_page_shows_evidence_notices_and_history(open_as: Opened, size: str) -> None:
    page = open_as("duty", "/alerts/alert-0", size)
    evidence = page.inner_text(".evidence")
    for text in ("1.04 mm", "1.00 mm", "crack.growth", "12 天", "本项目建议值", "已扣除"):
        assert text in evidence
    assert "45009 api freq out of limit" in page.inner_text("section[aria-labelledby=told]")
    page.fill("#note-text", "已电话通知物业")
    page.click("text=保存备注")
    page.wait_for_selector(".history-list >> text=已电话通知物业")
    assert "值班甲" in page.inner_text(".history-list")
    assert page.input_value("#note-text") == ""


# ------------------------------------------------------------------------------- register


def test_the_register_is_searched_as_one_types(open_as: Opened, size: str) -> None:
    page = open_as("admin", "/buildings", size)
    page.fill("#register-text", "12 号楼")
    expect(page.locator("#register tbody tr")).to_have_count(1)
    page.fill("#register-text", "")
    page.select_option("#register-district", "360103")
    expect(page.locator("#register tbody tr")).to_have_count(8)


def test_an_import_with_one_bad_row_writes_nothing(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    page = open_as("admin", "/register/import", size)
    header, example = template(page, quarter)
    good = row(header, example, 统一编码="NEW-1", 房屋编码="NEW-1", 编码="NEW-1")
    bad = row(header, example, 统一编码="NEW-2", 房屋编码="NEW-2", 编码="NEW-2", 经度="很远")
    upload(page, [header, good, bad])
    page.wait_for_selector("#problems")
    assert page.locator("#problems tbody tr").count() == 1
    assert "很远" in page.inner_text("#problems tbody tr")
    assert page.locator(".import-commit").count() == 0
    assert "NEW-1" not in quarter.records.register.building_codes()
    assert no_wider_than_the_screen(page)


def test_a_good_import_is_seen_before_it_is_written(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("admin", "/register/import")
    header, example = template(page, quarter)
    rows = [row(header, example, 统一编码=c, 房屋编码=c, 编码=c) for c in ("NEW-1", "NEW-2")]
    upload(page, [header, *rows])
    page.wait_for_selector(".import-commit")
    assert "NEW-1" not in quarter.records.register.building_codes()
    page.click(".import-commit button")
    page.wait_for_selector("text=2 幢房屋已写入登记")
    assert {"NEW-1", "NEW-2"} <= set(quarter.records.register.building_codes())


def test_a_file_that_is_no_table_is_told(open_as: Opened) -> None:
    page = open_as("admin", "/register/import")
    page.set_input_files(
        "#file", {"name": "x.xlsx", "mimeType": "application/zip", "buffer": b"\x00\x01PK no"}
    )
    page.click(".import-form button")
    page.wait_for_selector("#preview [role=alert]")
    assert "读不了这个文件" in page.inner_text("#preview")


def template(page: "Page", quarter: Quarter) -> tuple[list[str], list[str]]:
    """Take header and example out of the template that the page gives."""
    answer = page.request.get(f"{quarter.url}/register/import/template.csv")
    header, example = csv.reader(answer.body().decode("utf-8-sig").splitlines())
    return header, example


def row(header: list[str], example: list[str], **cells: str) -> list[str]:
    """Change some cells of the example, by the name of their column."""
    return [cells.get(title, cell) for title, cell in zip(header, example, strict=True)]


def upload(page: "Page", rows: list[list[str]]) -> None:
    lines = [",".join(cells) for cells in rows]
    page.set_input_files(
        "#file",
        {"name": "buildings.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()},
    )
    page.click(".import-form button")


# ------------------------------------------------------------------------------- other pages


def test_the_account_of_readings_adds_up(open_as: Opened, size: str) -> None:
    page = open_as("duty", "/gateways", size)
    text = " ".join(page.inner_text(".sum").split())
    assert text.startswith("50,541 发出 = 50,400 入库 + 3 拒绝 + 12 隔离 + 126 缺失")
    assert "另有重复 40" in text
    assert "未登记的测点" in page.inner_text("#refusal-counts")


def test_a_key_is_shown_once_and_works_until_revoked(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("admin", "/users")
    row = page.locator("tbody tr", has_text="insurer")
    row.locator("summary").click()
    row.locator("input[name=name]").fill("评分接口")
    row.locator("form button").click()
    page.wait_for_selector("#key-text")
    key = page.inner_text("#key-text")
    assert quarter.identity.caller_of_key(key) is not None
    page.reload()
    assert key not in page.content()
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("tbody tr", has_text="insurer").locator("text=吊销").click()
    page.wait_for_selector("text=已吊销")
    assert quarter.identity.caller_of_key(key) is None


def test_the_operator_sees_what_is_not_well(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("operator", "/health")
    assert "有部分运行不正常" in page.inner_text(".health-answer")
    assert page.locator(".health").first.inner_text().startswith("通知发送")
    assert "无法写入" in page.inner_text(".health:nth-of-type(2)")
    assert "disk I/O error" in page.inner_text(".health:nth-of-type(2) .health-detail")
    page.goto(f"{quarter.url}/health")
    page.click("#me summary")
    page.click("[data-language-choice=en]")
    page.wait_for_selector("text=Cannot be written")
    page.goto(quarter.url)
    assert page.url == f"{quarter.url}/gateways", "an operator has no desk"


# ------------------------------------------------------------------------------- who may


def test_an_insurer_sees_no_duty_acts(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("insurer")
    assert page.locator("[data-act]").count() == 0
    assert page.locator(".menu a").all_inner_texts() == [
        *("值班台", "房屋登记", "风险一览", "环境事件", "模型与误报", "读数台账"),
    ]
    for path, status in (
        ("/users", 403),
        ("/register/import", 403),
        ("/alerts/alert-0/close", 403),
    ):
        assert page.request.get(quarter.url + path).status == status
    page.goto(f"{quarter.url}/alerts/alert-0")
    assert "你的角色看不到通知名单" in page.inner_text("#told + *")


def test_a_foreign_building_is_as_if_it_were_not_there(open_as: Opened, quarter: Quarter) -> None:
    one = finding(20, Cause.TILT, Level.RED, NOW_NS, 21.0, 20.0, "‰", "tilt.total.h24", "T-20")
    quarter.raise_alert(alert_of("alert-far", one), one)
    page = open_as("near")
    assert page.locator("#alert-alert-far").count() == 0
    foreign = (
        "/buildings/b-20", "/alerts/alert-far", "/buildings/b-20/series?sensor=x",
        "/buildings/b-20/series.csv?sensor=x", "/buildings/b-20/state", "/alerts/alert-far/close",
        "/buildings/no-such",
    )  # fmt: skip
    for path in foreign:
        assert page.request.get(quarter.url + path).status == 404, path
    token = page.evaluate("JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRF-Token']")
    answer = page.request.post(
        f"{quarter.url}/alerts/alert-far/acknowledge", headers={"X-CSRF-Token": token}
    )
    assert answer.status == 404
    points = page.request.get(f"{quarter.url}/desk/map").json()["features"]
    assert {f["properties"]["id"] for f in points} == {f"b-{n}" for n in range(1, 17)}
    assert page.request.get(f"{quarter.url}/buildings").text().count("/buildings/b-") == 16


def test_an_act_without_the_session_s_token_is_refused(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("duty")
    assert page.request.post(f"{quarter.url}/alerts/alert-0/acknowledge").status == 403
    kept = quarter.records.alerts.alert("alert-0")
    assert kept is not None
    assert kept.state is AlertState.OPEN


# ------------------------------------------------------------------------------- everywhere


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_its_screen(open_as: Opened, size: str, name: str) -> None:
    page = open_as("admin", PAGES[name], size)
    page.wait_for_load_state("load")
    assert no_wider_than_the_screen(page)
    if size == "phone":
        small = page.eval_on_selector_all(
            "main a.button, main button, main select, main input:not([type=hidden]), .menu a",
            "all => all.filter(e => e.offsetParent && !e.closest('.maplibregl-map')"
            " && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 120))",
        )
        assert small == [], "a thumb needs 44 px"


def test_the_language_is_switched_for_every_page(open_as: Opened) -> None:
    page = open_as("duty")
    page.click("#me summary")
    page.click("[data-language-choice=en]")
    page.wait_for_selector("text=Duty desk")
    assert page.get_attribute("html", "lang") == "en"
    assert "Red alert" in page.inner_text("#queue")
    assert no_wider_than_the_screen(page)


def test_the_dark_theme_is_kept(open_as: Opened) -> None:
    page = open_as("duty")
    page.click("#me summary")
    page.click("[data-theme-choice=dark]")
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 20, 23)"


def test_text_has_the_contrast_that_tired_eyes_need(open_as: Opened) -> None:
    script = CONTRAST
    page = open_as("admin")
    for path in ("/", "/buildings/b-1", "/gateways", "/users"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)
        for theme in ("light", "dark"):
            assert page.evaluate(script, theme) == [], (path, theme)


def test_an_unknown_address_is_told_as_a_page(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("duty")
    page.goto(f"{quarter.url}/no/such/page")
    assert "没有这个页面" in page.inner_text("main")
    assert (
        page.request.get(f"{quarter.url}/api/v1/none")
        .headers["content-type"]
        .startswith("application/problem+json")
    )
    page.spoken.clear()  # type: ignore[attr-defined] # the browser reports the answer 404 itself
