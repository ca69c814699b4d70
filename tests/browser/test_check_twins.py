"""The phone counts members and finds faults in forms as the server does."""

import json
import random
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from domain.errors import InvalidInput
from domain.jgj125 import tally
from domain.submissions import Answer, MemberCount
from domain.templates import ItemKind
from lifecycle.forms import asked, check_answers, severity_of
from lifecycle.member_rules import load_member_rules
from lifecycle.templates import shipped_templates
from tests.browser.quarter import Quarter

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RULES = load_member_rules()
CASES = 300
TALLIES = """async ([rules, cases]) => {
  const { tally } = await import("/static/js/inspect/jgj125.js");
  return cases.map(([members, above, below, soil]) => {
    try { return tally(members, above, below, soil, rules); }
    catch (error) { return { field: error.field }; }
  });
}"""
FAULTS = """async ([templates, cases]) => {
  const rules = await import("/static/js/inspect/form_rules.js");
  return cases.map(([which, answers, photos, more]) => ({
    asked: rules.asked(templates[which], answers).map((item) => item.id),
    faults: rules.faults(templates[which], answers, photos, more).map((f) => [f.item_id, f.code]),
    severity: rules.severityOf(templates[which], answers),
  }));
}"""


def evaluate(chromium: "Browser", quarter: Quarter, script: str, given: Any) -> Any:
    page = chromium.new_page()
    page.goto(f"{quarter.url}/login")
    try:
        return page.evaluate(script, json.loads(json.dumps(given)))
    finally:
        page.close()


def counted(members: list[MemberCount], above: int, below: int, soil: bool) -> dict[str, Any]:
    try:
        told = asdict(tally(members, above, below, soil, RULES))
    except InvalidInput as error:
        return {"field": error.field}
    shown: dict[str, Any] = json.loads(json.dumps(told))
    return shown


def test_the_phone_counts_as_the_server_does(chromium: "Browser", quarter: Quarter) -> None:
    rng = random.Random(125)
    kinds = [weight.kind for weight in RULES.weights] + ["pillar"]
    cases = []
    for _ in range(CASES):
        above, below = rng.choice([0, *[3, 5, 7] * 10]), rng.randint(0, 2)
        members = []
        for _ in range(rng.randint(0, 12)):
            kind = rng.choice(kinds[:-1] * 8 + kinds)
            places = [*range(1, max(above, 1) + 1)] * 10 + [9, -3]
            storey = 0 if kind == "foundation" else rng.choice(places)
            total = rng.choice([0, 1, 20, 40, rng.randint(0, 400)])
            dangerous = rng.choice([0, 0, total // 20, total // 4, rng.randint(0, total)])
            members.append(MemberCount(storey, kind, total, dangerous))
        cases.append((members, above, below, rng.random() < 0.1))
    given = [asdict(RULES), [([asdict(m) for m in c[0]], *c[1:]) for c in cases]]
    came = evaluate(chromium, quarter, TALLIES, given)
    wanted = [counted(*case) for case in cases]
    assert came == wanted
    assert sum("field" in one for one in wanted) in range(20, CASES - 100)
    assert {one.get("computed") for one in wanted} >= {f"computed {c}" for c in "ABCD"}


@pytest.mark.parametrize("seed", range(2))
def test_the_phone_finds_the_faults_that_the_server_finds(
    chromium: "Browser", quarter: Quarter, seed: int
) -> None:
    rng = random.Random(seed)
    templates = list(shipped_templates())
    cases = []
    for _ in range(CASES):
        which = rng.randrange(len(templates))
        answers = []
        for item in templates[which].items:
            if rng.random() < 0.15:
                continue
            value: float | str | None = rng.choice(
                [None, "", "none", "吊线" * rng.choice([1, 10_001]), 1.5, -1.0, 1e9]
            )
            if item.kind is ItemKind.CHOICE and rng.random() < 0.9:
                value = rng.choice(item.choices).id
            defects = ("d-1",) if rng.random() < 0.3 else ()
            answers.append(Answer(item.id, value, "😀" * rng.choice([0, 5]), (), defects))
        if rng.random() < 0.1:
            answers.append(Answer("unheard-of", "x"))
        photos = {i.id: rng.randint(0, 2) for i in templates[which].items if rng.random() < 0.5}
        more = {"members": rng.randint(0, 1), "signed": ["inspector"] * rng.randint(0, 1)}
        cases.append((which, answers, photos, more))
    given = [
        [asdict(t) for t in templates],
        [(w, [asdict(a) for a in answers], photos, more) for w, answers, photos, more in cases],
    ]
    came = evaluate(chromium, quarter, FAULTS, given)
    for (which, answers, photos, more), found in zip(cases, came, strict=True):
        template = templates[which]
        wanted = check_answers(template, answers, photos, **more)
        assert found["asked"] == [item.id for item in asked(template, answers)]
        assert found["faults"] == [[fault.item_id, fault.code] for fault in wanted]
        assert found["severity"] == severity_of(template, answers)
