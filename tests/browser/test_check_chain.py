"""Alert, inspector, result, alert: the whole chain in the browser, half of it without signal."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from domain.check_ports import CheckFilter
from domain.checkups import ResultClass
from domain.labels import Outcome
from domain.ports import Page as Rows
from tests.browser.conftest import Opened
from tests.browser.inspect_steps import (
    answer_all,
    finish,
    photo_files,
    take_along,
    unheard,
    wait_until_sent,
)
from tests.browser.quarter import Quarter

pytestmark = pytest.mark.browser


def test_an_alert_sends_an_inspector_whose_answer_comes_back_to_it(
    quarter: Quarter, open_as: Opened, tmp_path: Path
) -> None:
    desk = open_as("duty", "/alerts/alert-0")
    desk.locator("#inspect-here").click()
    dialog = desk.locator("dialog[open]")
    dialog.locator("#inspector").select_option(label="检查甲")
    dialog.locator("button.primary").click()
    expect(desk.locator("dialog[open]")).to_have_count(0)
    (opened,) = quarter.records.checks.check_ups(CheckFilter(alert_id="alert-0"), Rows())

    phone = open_as("inspector", "/inspect/", "phone")
    take_along(phone, opened.id)
    phone.context.set_offline(True)
    phone.reload()
    phone.locator(f'[data-visit="{opened.id}"] .visit-link').click()
    evidence = phone.locator(".evidence")
    expect(evidence).to_contain_text("C-03")
    evidence.get_by_role("radio", name="属实").click()
    (photo,) = photo_files(tmp_path, 1)
    answer_all(phone, photo)
    finish(phone, 3)
    assert quarter.records.labels.labels() == []
    phone.context.set_offline(False)
    wait_until_sent(phone)
    unheard(phone)

    card = desk.locator("section[aria-labelledby=on-site]")
    expect(card).to_contain_text("3 类", timeout=20_000)
    expect(card).to_contain_text("确有变化")
    (label,) = quarter.records.labels.labels()
    assert (label.alert_id, label.outcome) == ("alert-0", Outcome.CONFIRMED)
    done = quarter.records.checks.check_up(opened.id)
    assert done is not None
    assert done.result is ResultClass.DANGER
    (order,) = quarter.records.checks.orders(["b-1"])
    assert order.check_up_id == opened.id
