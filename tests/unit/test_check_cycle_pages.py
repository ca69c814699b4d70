"""The cycle table's pages: who may, what a draft would change, publishing and going back."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from domain.jobs import RunState
from domain.ports import Page
from lifecycle.cycle_desk import rule_changes
from lifecycle.cycles import shipped_profiles
from lifecycle.results import in_force
from tests.api_city import City, make_city
from web.application import mount_pages
from web.words import Words

SHIPPED = next(shipped_profiles())
AT = "/checks/cycles/default-2026/1"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    mount_pages(made.app)
    yield made
    made.close()


def form(**changes: str) -> dict[str, str | list[str]]:
    """Fill the form in as the page does."""
    profile = SHIPPED
    told: dict[str, str | list[str]] = {"effective_on": profile.effective_on.isoformat()}
    for name in ("design_life_years", "appraise_within_days", "recheck_within_days"):
        told[name] = str(getattr(profile, name))
    told["conflict_days"] = str(profile.conflict_days)
    for n, row in enumerate(profile.cycles):
        told |= {
            f"c{n}_id": row.id, f"c{n}_class": row.check_class.value, f"c{n}_life": row.life,
            f"c{n}_months": str(row.every_months), f"c{n}_days": str(row.every_days),
            f"c{n}_from": "" if row.age_from is None else f"{row.age_from:g}",
            f"c{n}_to": "" if row.age_to is None else f"{row.age_to:g}",
            f"c{n}_source": row.source, f"c{n}_certainty": row.certainty,
            f"c{n}_uses": list(row.uses), f"c{n}_grades": list(row.grades),
        }  # fmt: skip
    for n, one in enumerate(profile.rollout):
        told |= {f"r{n}_year": str(one.year), f"r{n}_from": str(one.built_from or ""),
                 f"r{n}_to": str(one.built_to or "")}  # fmt: skip
    for n, event in enumerate(profile.triggers):
        told |= {
            f"t{n}_cause": event.cause.value, f"t{n}_class": event.check_class.value,
            f"t{n}_days": str(event.within_days), f"t{n}_source": event.source,
            f"t{n}_certainty": event.certainty,
        }  # fmt: skip
    return told | changes


def looked(browser: TestClient, **changes: str) -> Any:
    """Look at what a changed form would do."""
    return browser.post(f"{AT}/preview", data=form(**changes))


def offer(answer: Any) -> dict[str, str]:
    """Find what a preview offers to publish."""
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', answer.text)
    text = re.search(r'<textarea name="text" hidden>(.*?)</textarea>', answer.text, re.DOTALL)
    assert digest is not None
    assert text is not None
    return {"digest": digest[1], "text": unescape(text[1])}


def test_the_form_gives_back_what_it_shows(city: City) -> None:
    answer = looked(city.browser("bureau"))
    assert answer.status_code == 200
    assert "没有改动" in answer.text
    made = offer(answer) | {"reason": "试用"}
    done = city.browser("bureau").post("/checks/cycles/publish", data=made)
    assert done.headers["HX-Redirect"] == "/checks/cycles/default-2026/2"
    newest = city.records.check_plans.profiles()[0]
    assert rule_changes(SHIPPED, newest) == []
    assert (newest.version, newest.note, newest.by) == (2, "试用", "bureau")


def test_a_changed_cycle_is_seen_beforehand_and_counts_once_it_is_published(city: City) -> None:
    browser = city.browser("bureau")
    daily = next(n for n, row in enumerate(SHIPPED.cycles) if row.id == "daily.grade_c")
    answer = looked(browser, **{f"c{daily}_days": "30"})
    assert answer.status_code == 200
    assert len(city.records.check_plans.profiles()) == 1
    assert "daily.grade_c：每几天 7 → 30" in answer.text
    assert "推后" in answer.text
    wanted = offer(answer)
    without = browser.post("/checks/cycles/publish", data=wanted | {"reason": "  "})
    assert without.status_code == 422
    forged = wanted | {"text": wanted["text"].replace('"every_days":30', '"every_days":1')}
    assert forged["text"] != wanted["text"]
    refused = browser.post("/checks/cycles/publish", data=forged | {"reason": "x"})
    assert refused.status_code == 422
    assert len(city.records.check_plans.profiles()) == 1
    told = wanted | {"reason": "按演示文件 1 号"}
    assert browser.post("/checks/cycles/publish", data=told).status_code == 204
    newest = city.records.check_plans.profiles()[0]
    assert newest.cycles[daily].every_days == 30
    (run, *_) = city.records.jobs.runs("check-plan")
    assert run.state is RunState.ASKED
    (line,) = city.records.audit.audit(Page(1))
    assert line[1:] == (
        "bureau", "cycle profile added", "default-2026", "version 2: 按演示文件 1 号",
    )  # fmt: skip
    # somebody else had looked at the same draft: theirs is no version 2 any more
    late = offer(looked(city.browser("administrator"), **{f"c{daily}_days": "14"}))
    assert '"version":3' in late["text"]
    stale = browser.post("/checks/cycles/publish", data=told | {"reason": "另一个"})
    assert stale.status_code == 409


def test_an_older_version_stays_readable_and_comes_back_as_a_new_one(city: City) -> None:
    browser = city.browser("bureau")
    daily = next(n for n, row in enumerate(SHIPPED.cycles) if row.id == "daily.grade_c")
    made = offer(looked(browser, **{f"c{daily}_days": "30"})) | {"reason": "放宽"}
    browser.post("/checks/cycles/publish", data=made)
    page = browser.get(AT).text
    assert "这一版不是现行的" in page
    assert "每 7 天" in page
    assert "每 30 天" in browser.get("/checks/cycles").text
    back = browser.post(f"{AT}/restore", data={"reason": "恢复第 1 版"})
    assert back.headers["HX-Redirect"] == "/checks/cycles/default-2026/3"
    newest = city.records.check_plans.profiles()[0]
    assert (newest.version, newest.note) == (3, "恢复第 1 版")
    assert rule_changes(SHIPPED, newest) == []
    assert browser.post(f"{AT}/restore", data={"reason": ""}).status_code == 422
    assert browser.get("/checks/cycles/default-2026/9").status_code == 404


def test_a_version_of_a_day_to_come_waits_and_can_be_called_off(city: City) -> None:
    browser = city.browser("bureau")
    made = offer(looked(browser, effective_on="2027-01-01")) | {"reason": "明年起"}
    assert browser.post("/checks/cycles/publish", data=made).status_code == 204
    page = browser.get("/checks/cycles").text
    assert "另一版将自 2027-01-01 起生效" in page
    assert "恢复到第 1 版" in page
    # the one that waits is not gone back to: it would only wait again
    assert "恢复到第 2 版" not in browser.get("/checks/cycles/default-2026/2").text
    browser.post(f"{AT}/restore", data={"reason": "不改了"})
    profiles = city.records.check_plans.profiles()
    assert in_force(profiles, date(2026, 11, 23)).version == 3
    assert in_force(profiles, date(2027, 6, 1)).version == 3
    assert "恢复到" not in browser.get("/checks/cycles").text


def test_every_fault_is_named_and_nothing_is_offered(city: City) -> None:
    answer = looked(
        city.browser("bureau"),
        c0_from="2x", c1_months="601", conflict_days="-3", effective_on="soon", c2_class="weekly",
        c3_id="中文 编号", r0_year="99",
    )  # fmt: skip
    assert answer.status_code == 422
    assert "有 7 处需要修改" in answer.text
    for got in ("2x", "601", "-3", "soon", "weekly", "中文 编号", "99"):
        assert f"“{got}”" in answer.text
    assert 'name="digest"' not in answer.text
    crossed = looked(city.browser("bureau"), c1_from="40", c1_to="30")
    assert crossed.status_code == 422
    assert "age_from must be below age_to" in crossed.text


def test_rows_are_added_and_taken_out(city: City) -> None:
    changes = {"c0_drop": "yes", "c20_id": "basic.school", "c20_class": "basic", "c20_months": "12",
               "t0_drop": "yes", "r9_year": "2029", "c21_id": ""}  # fmt: skip
    answer = looked(city.browser("bureau"), **changes)
    for said in (
        "新增 basic.school",
        "删除 basic.dwelling.young",
        "新增 首检 2029 年",
        "删除 预警核查",
    ):
        assert said in answer.text
    row = city.browser("bureau").get("/checks/cycles/row/c/9").text
    assert 'name="c9_id"' in row
    assert "/checks/cycles/row/c/10" in row
    assert city.browser("bureau").get("/checks/cycles/row/z/9").status_code == 404


def test_the_pages_are_for_those_who_may(city: City) -> None:
    for user in ("inspector", "duty_officer", "near_bureau"):
        assert city.browser(user).get("/checks/cycles").status_code == 200
    for user in ("insurer", "technician", "operator"):
        assert city.browser(user).get("/checks/cycles").status_code == 403
    inspector = city.browser("inspector")
    assert inspector.get(f"{AT}/edit").status_code == 403
    assert looked(inspector).status_code == 403
    # a planner looks; whoever has only a part of the city does not publish for all of it
    duty = looked(city.browser("duty_officer"))
    assert duty.status_code == 200
    assert 'name="digest"' not in duty.text
    near = looked(city.browser("near_bureau"))
    assert 'name="digest"' not in near.text
    assert "只计您管辖范围内的房屋" in near.text
    wanted = offer(looked(city.browser("bureau"))) | {"reason": "x"}
    for user in ("duty_officer", "inspector", "near_bureau", "near_administrator"):
        assert city.browser(user).post("/checks/cycles/publish", data=wanted).status_code == 403
        answer = city.browser(user).post(f"{AT}/restore", data={"reason": "x"})
        assert answer.status_code == 403
    assert len(city.records.check_plans.profiles()) == 1


def test_changes_name_rows_by_their_ids_and_doubles_apart() -> None:
    row = SHIPPED.rollout[0]
    twice = replace(SHIPPED, rollout=(row, replace(row, built_to=1970), *SHIPPED.rollout[1:]))
    (change,) = rule_changes(SHIPPED, twice)
    assert (change.part, change.key, change.before) == ("rollout", "2026 (2)", ())
    assert rule_changes(SHIPPED, replace(SHIPPED, cycles=SHIPPED.cycles[::-1])) == []


def test_every_source_of_the_shipped_table_is_told_in_both_languages() -> None:
    shipped = SHIPPED
    told = {shipped.note, *(row.source for row in (*shipped.cycles, *shipped.triggers))} - {""}
    for language in ("zh", "en"):
        texts = Words(language).group("cycles_source")
        assert {text.replace(" ", "_") for text in told} == set(texts)
