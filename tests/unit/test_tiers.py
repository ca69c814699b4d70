"""Tiers that contradict each other: each rule at its edges, and what makes it another one."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain.alerts import Alert, AlertState, Contribution
from domain.assessed import Assessed
from domain.assessments import RiskAssessment, SuspectedGrade
from domain.buildings import Appraisal, Grade
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, ResultClass
from domain.clock import DAY_NS
from domain.findings import Cause
from domain.labels import Label, Outcome
from domain.limits import Level
from domain.submissions import Standing, Submission
from domain.tier_conflicts import TierConflict, TierEvidence
from lifecycle.tiers import contradictions, load_tier_rules

NOW_NS = 1_795_413_600_000_000_000
RULES = load_tier_rules()
CHECK = CheckUp(
    "c-1", "b-1", CheckClass.BASIC, CheckCause.CYCLE, date(2026, 11, 1), 1, "plan",
    state=CheckState.DONE, result=ResultClass.SOUND, done_at_ns=NOW_NS - 10 * DAY_NS,
)  # fmt: skip
ALERT = Alert(
    "l-1", "b-1", Cause.TILT, Level.ORANGE, Level.RED, AlertState.OPEN, NOW_NS - 20 * DAY_NS,
    NOW_NS, NOW_NS - 20 * DAY_NS,
)  # fmt: skip
APPRAISAL = Appraisal("a-1", "b-1", "JGJ 125-2016", Grade.C, "R-1", "演示", date(2026, 1, 1))
SCORE = RiskAssessment("s-1", "b-1", NOW_NS, "m 1", "p 1", 70.0, 30.0, 80.0, SuspectedGrade.C, 60.0)
SENT = Submission(
    "s-1", "c-1", "b-1", "t", 1, "one", "u-1", 1, 1, 2, 3, ResultClass.SOUND, "a" * 64
)


def found(**told: Any) -> list[TierConflict]:
    return contradictions([TierEvidence("b-1", **told)], RULES, NOW_NS)


def rules(**told: Any) -> list[str]:
    return [one.rule.id for one in found(**told)]


@pytest.mark.parametrize(
    ("check_up", "alert", "conflict"),
    [
        ({}, {}, True),
        ({"result": ResultClass.MINOR}, {}, True),
        ({"result": ResultClass.DANGER}, {}, False),
        ({}, {"level": Level.YELLOW}, False),
        ({}, {"cause": Cause.WATCH}, False),
        ({"done_at_ns": NOW_NS - 50 * DAY_NS}, {}, True),
        ({"done_at_ns": NOW_NS - 50 * DAY_NS - 1}, {}, False),
        ({}, {"state": AlertState.CLOSED, "closed_at_ns": NOW_NS - 5 * DAY_NS}, False),
    ],
)
def test_a_sound_check_up_against_a_standing_alert(
    check_up: dict[str, Any], alert: dict[str, Any], conflict: bool
) -> None:
    told = rules(check_ups=(replace(CHECK, **check_up),), alerts=(replace(ALERT, **alert),))
    assert told == ["sound-alert"] * conflict


def test_a_closed_alert_counts_when_it_was_confirmed_lately_and_after_the_check_up() -> None:
    closed = replace(
        ALERT, state=AlertState.CLOSED, level=Level.NONE, closed_at_ns=NOW_NS - 5 * DAY_NS
    )
    confirmed = Label("la", "l-1", "b-1", "tilt", Outcome.CONFIRMED, NOW_NS, "duty")
    benign = replace(confirmed, outcome=Outcome.BENIGN)
    assert rules(check_ups=(CHECK,), alerts=(closed,), labels=(confirmed,)) == ["sound-alert"]
    assert rules(check_ups=(CHECK,), alerts=(closed,), labels=(benign,)) == []
    later = replace(CHECK, done_at_ns=NOW_NS - 4 * DAY_NS)
    assert rules(check_ups=(later,), alerts=(closed,), labels=(confirmed,)) == []
    old = replace(closed, opened_at_ns=1, closed_at_ns=NOW_NS - 91 * DAY_NS)
    early = replace(CHECK, done_at_ns=NOW_NS - 95 * DAY_NS)
    assert rules(check_ups=(early,), alerts=(old,), labels=(confirmed,)) == []
    (one,) = found(check_ups=(CHECK,), alerts=(closed,), labels=(confirmed,))
    assert one.sides[1].says is Level.RED, "what it was at its worst"


def test_only_the_newest_check_up_speaks() -> None:
    newer = replace(
        CHECK, id="c-2", check_class=CheckClass.SPECIAL, result=ResultClass.IMMINENT,
        done_at_ns=NOW_NS,
    )  # fmt: skip
    assert rules(check_ups=(CHECK, newer), alerts=(ALERT,), appraisal=APPRAISAL) == []


@pytest.mark.parametrize(
    ("grade", "days", "conflict"),
    [("C", 0, True), ("D", 0, True), ("B", 0, False), ("A", 0, False), ("C", 420, False)],
)
def test_a_sound_check_up_against_an_appraisal(grade: str, days: int, conflict: bool) -> None:
    appraisal = replace(APPRAISAL, grade=Grade(grade))
    check_up = replace(CHECK, done_at_ns=(CHECK.done_at_ns or 0) - days * DAY_NS)
    told = rules(check_ups=(check_up,), appraisal=appraisal)
    assert told == ["sound-appraisal"] * conflict


@pytest.mark.parametrize(
    ("score", "grade", "conflict"),
    [
        ({}, "A", True),
        ({"suspected": SuspectedGrade.D}, "B", True),
        ({"suspected": SuspectedGrade.CANNOT_JUDGE}, "A", False),
        ({"suspected": SuspectedGrade.NONE}, "A", False),
        ({"quality_percent": 59.9}, "A", False),
        ({"low": 29.9}, "A", False),
        ({"at_ns": 1}, "A", False),
        ({}, "C", False),
    ],
)
def test_an_appraisal_against_a_score_that_is_sure(
    score: dict[str, Any], grade: str, conflict: bool
) -> None:
    appraisal = replace(APPRAISAL, grade=Grade(grade))
    told = found(appraisal=appraisal, assessment=Assessed(replace(SCORE, **score), NOW_NS))
    assert [one.rule.id for one in told] == ["appraisal-score"] * conflict
    if conflict:
        first, second = told[0].sides
        assert isinstance(first.says, Grade)
        assert isinstance(second.says, SuspectedGrade)


@pytest.mark.parametrize(
    ("daily", "basic", "days", "conflict"),
    [(1, 3, 365, True), (1, 4, 0, True), (2, 3, 0, False), (1, 2, 0, False), (1, 3, 366, False)],
)
def test_a_daily_check_against_what_a_basic_one_found(
    daily: int, basic: int, days: int, conflict: bool
) -> None:
    one = replace(
        CHECK, id="c-d", check_class=CheckClass.DAILY, result=ResultClass(daily),
        done_at_ns=NOW_NS - days * DAY_NS,
    )  # fmt: skip
    other = replace(CHECK, result=ResultClass(basic), done_at_ns=NOW_NS)
    assert rules(check_ups=(one, other)) == ["daily-danger"] * conflict


def test_danger_that_was_found_long_ago_contradicts_nothing() -> None:
    daily = replace(CHECK, id="c-d", check_class=CheckClass.DAILY)
    for days, conflict in ((365, True), (366, False)):
        old_ns = NOW_NS - days * DAY_NS
        danger = replace(CHECK, result=ResultClass.DANGER, done_at_ns=old_ns)
        sound = replace(daily, done_at_ns=old_ns)
        assert rules(check_ups=(sound, danger)) == ["daily-danger"] * conflict


def test_two_submissions_contradict_each_other_by_their_result() -> None:
    other = replace(SENT, id="s-2", by_id="u-2", standing=Standing.CONFLICT)
    classes = (("c-1", CheckClass.BASIC),)
    assert rules(submissions=(SENT, other), classes=classes) == []
    worse = replace(other, result=ResultClass.DANGER)
    (one,) = found(submissions=(SENT, worse), classes=classes)
    assert [side.says for side in one.sides] == [ResultClass.SOUND, ResultClass.DANGER]
    assert one.sides[1].check_class is CheckClass.BASIC


@pytest.mark.parametrize(
    ("others", "days", "conflict"), [(2, 7, True), (1, 0, False), (2, 8, False)]
)
def test_a_sensor_fault_against_sensors_that_agree(others: int, days: int, conflict: bool) -> None:
    def held_by(*subjects: str) -> tuple[Contribution, ...]:
        return tuple(
            Contribution("r", name, name, Level.NONE, "f", 1, 1.0, 1.0, "mm") for name in subjects
        )

    mine = replace(ALERT, state=AlertState.CLOSED, level=Level.NONE, contributions=held_by("s-0"))
    near = replace(
        mine, id="l-2", cause=Cause.CRACK, level_max=Level.YELLOW,
        opened_at_ns=mine.opened_at_ns + days * DAY_NS,
        contributions=held_by(*(f"s-{n + 1}" for n in range(others))),
    )  # fmt: skip
    label = Label("la", "l-1", "b-1", "tilt", Outcome.SENSOR_FAULT, NOW_NS, "inspector")
    told = found(alerts=(mine, near), labels=(label,))
    assert [one.rule.id for one in told] == ["fault-sensors"] * conflict
    if conflict:
        assert told[0].sides[1].number == "2"


def test_it_is_another_one_as_soon_as_a_side_says_otherwise_and_not_before() -> None:
    (one,) = found(check_ups=(CHECK,), alerts=(ALERT,))
    (same,) = found(check_ups=(CHECK,), alerts=(replace(ALERT, version=9, updated_at_ns=NOW_NS),))
    assert same.id == one.id
    (raised,) = found(check_ups=(CHECK,), alerts=(replace(ALERT, level=Level.RED),))
    (again,) = found(check_ups=(replace(CHECK, id="c-7"),), alerts=(ALERT,))
    (minor,) = found(check_ups=(replace(CHECK, result=ResultClass.MINOR),), alerts=(ALERT,))
    assert len({one.id, raised.id, again.id, minor.id}) == 4
    graded = replace(APPRAISAL, grade=Grade.A)
    (first,) = found(appraisal=graded, assessment=Assessed(SCORE, NOW_NS))
    tomorrow = replace(SCORE, id="s-2", at_ns=NOW_NS + DAY_NS, score=71.0)
    (night,) = found(appraisal=graded, assessment=Assessed(tomorrow, NOW_NS))
    assert night.id == first.id, "a score that is made anew every night says the same"
    worse = replace(SCORE, suspected=SuspectedGrade.D)
    (other,) = found(appraisal=graded, assessment=Assessed(worse, NOW_NS))
    assert other.id != first.id


def test_every_rule_has_a_source_a_certainty_and_somebody_who_settles_it() -> None:
    for rule in RULES.rules:
        assert rule.source
        assert rule.certainty in {"verified", "project"}
        assert rule.settler
