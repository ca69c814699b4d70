"""Verdicts, a building's score, and what is said of it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from analytics.assessment.building import BuildingFacts, assess_building
from analytics.assessment.course import assess_channels
from analytics.assessment.fusion import (
    FEATURES,
    features,
    interval,
    probability,
    quality_percent,
    shared_causes,
    strengths,
)
from analytics.assessment.model import load_model, parse_model
from analytics.assessment.statement import (
    LANGUAGES,
    evidence,
    reason_words,
    score_words,
    words,
)
from analytics.assessment.verdicts import Reach, confidence, evidence_of, rate_reaches, verdict
from domain.assessments import Fault, Health, SharedCause, SuspectedGrade, Verdict
from domain.clock import DAY_NS
from domain.errors import SettingsInvalid
from tests.unit.assessed import BINS, crack, drift

MODEL = load_model()
FACTS = BuildingFacts("B1", "default-2026 v1")


def said(
    score: float,
    *,
    name: str = "C1",
    kind: str = "crack",
    health: Health = Health.OK,
    faults: tuple[Fault, ...] = (),
    shape: str = "drift",
    trust: float = 1.0,
) -> Verdict:
    moving = score >= 0.7
    return Verdict(
        channel_id=name,
        kind=kind,
        unit="mm",
        at_ns=400 * DAY_NS,
        effect=0.21 if moving else 0.0,
        low=0.17,
        high=0.25,
        rate_per_day=0.02,
        rate_low=0.015,
        rate_high=0.026,
        since_ns=380 * DAY_NS if moving else None,
        z=5.0 * score,
        evidence=evidence_of(score, MODEL),
        weather_share=0.88,
        health=health,
        learning_days=365,
        faults=faults,
        confidence=trust,
        details=(("score", score), ("shape", shape), ("in_units_of_concern", 2.1 * moving)),
    )


def building(*verdicts: Verdict, facts: BuildingFacts = FACTS) -> float:
    return probability(features(strengths(verdicts, facts, MODEL), verdicts, MODEL), MODEL)


def test_more_movement_never_lowers_the_score() -> None:
    calm = [said(0.3, name=str(n)) for n in range(4)]
    before = 0.0
    for score in (0.0, 0.5, 0.69, 0.7, 1.0, 2.0, 9.0, 50.0):
        now = building(said(score), *calm)
        assert now >= before
        before = now
    assert building(said(1.5), said(1.5, name="T1", kind="tilt")) > building(said(1.5), said(0.3))


def test_every_coefficient_but_the_base_is_above_zero() -> None:
    assert all(MODEL.number(f"fusion.{name}") >= 0.0 for name in FEATURES)


def test_a_further_calm_sensor_does_not_raise_the_score() -> None:
    assert building(said(2.0), said(0.0, name="x")) <= building(said(2.0)) + 1e-12


def test_what_may_be_the_instruments_counts_less() -> None:
    assert building(said(2.0, faults=(Fault.SENSOR_DRIFT,))) < building(said(2.0))


def test_what_moves_for_the_better_counts_less() -> None:
    closing = replace(said(2.0), effect=-0.21, low=-0.25, high=-0.17)
    assert building(closing) < building(said(2.0))
    leaning = said(2.0, kind="tilt")
    assert building(replace(leaning, effect=-0.21)) == building(leaning)
    assert building(closing, leaning) < building(leaning)


def test_a_lean_that_goes_farther_than_anything_mends_is_no_lean_that_comes_back() -> None:
    details = dict(said(2.0).details)

    def gone(one: Verdict, concerns: float) -> Verdict:
        way = tuple((details | {"in_units_of_concern": concerns}).items())
        return replace(one, details=way)

    leaning = gone(said(2.0, kind="tilt"), 3.0)
    closing = replace(gone(said(0.8), -0.4), effect=-0.04, low=-0.08, high=0.0)
    assert building(closing, leaning) >= building(leaning)
    assert building(gone(closing, -3.5), leaning) < 0.5 * building(leaning)


def test_what_takes_from_a_statistic_takes_from_how_far_it_went() -> None:
    far = replace(said(8.0, faults=(Fault.RESTART_OFFSET,)), effect=0.21)
    assert building(far) < building(said(8.0))
    closing = replace(said(8.0), effect=-0.21, low=-0.25, high=-0.17)
    assert building(closing) < 0.1


def test_a_blind_channel_may_hide_a_movement_of_a_unit_of_concern() -> None:
    lost = [said(0.3), said(0.0, name="C2", health=Health.BLIND, trust=0.0)]
    shown = [said(0.3), said(1.0, name="C2")]
    low, high = interval(lost, FACTS, MODEL)
    assert low <= building(*lost) < high
    assert high < building(*shown)


def test_a_gateway_that_fails_with_all_its_sensors_is_named() -> None:
    skewed = [said(0.2, name=str(n), faults=(Fault.CLOCK_SKEW,)) for n in range(3)]
    assert shared_causes(skewed, FACTS, MODEL) == (SharedCause.GATEWAY,)
    assert shared_causes([*skewed[:1], said(0.2), said(0.1)], FACTS, MODEL) == ()


def test_a_shared_cause_counts_less_and_is_named() -> None:
    series = [crack(40)]
    facts = replace(FACTS, unrest=0.8)
    assert building(said(2.0), facts=facts) < building(said(2.0))
    found = assess_building(assess_channels(series, MODEL), facts, MODEL)
    assert found.shared == (SharedCause.WEATHER,)


def test_a_building_without_channels_cannot_be_judged() -> None:
    found = assess_building([], FACTS, MODEL)
    assert found.suspected is SuspectedGrade.CANNOT_JUDGE
    assert (found.low, found.high, found.quality_percent) == (0.0, 100.0, 0.0)


def test_a_blind_building_cannot_be_judged_and_says_what_to_mend() -> None:
    series = crack(40)
    silent = replace(series, value=np.full(len(series.value), np.nan))
    found = assess_building(assess_channels([silent], MODEL), FACTS, MODEL)
    assert found.suspected is SuspectedGrade.CANNOT_JUDGE
    assert found.verdicts[0].health is Health.BLIND
    assert [reason.key for reason in found.reasons] == ["reason.blind"]
    assert found.would_change[0].key == "change.mend"
    assert found.high - found.low > 0.0


def test_a_channel_that_falls_silent_takes_confidence_and_no_points() -> None:
    days = 120
    moving = crack(days, moved=drift(days, 80, 0.06))
    calm = crack(days, seed=2, name="C2")
    known = assess_building(assess_channels([moving, calm], MODEL), FACTS, MODEL)
    assert known.score > 60.0
    value = moving.value.copy()
    value[-10 * BINS :] = np.nan
    silent = replace(moving, value=value)
    lost = assess_building(assess_channels([silent, calm], MODEL), FACTS, MODEL)
    blind = next(one for one in lost.verdicts if one.channel_id == "C1")
    assert (blind.health, blind.confidence) == (Health.BLIND, 0.0)
    assert lost.score == pytest.approx(known.score, abs=5.0)
    assert lost.suspected is known.suspected
    assert lost.quality_percent < known.quality_percent - 20.0
    assert lost.low < known.low, "what it last said may be over"
    assert lost.high >= known.high - 5.0
    assert "reason.blind" in {reason.key for reason in lost.reasons}
    value = calm.value.copy()
    value[-10 * BINS :] = np.nan
    both = [silent, replace(calm, value=value)]
    dark = assess_building(assess_channels(both, MODEL), FACTS, MODEL)
    assert dark.suspected is SuspectedGrade.CANNOT_JUDGE, "nobody looks at it any more"


def test_assessing_twice_gives_the_same_to_the_bit() -> None:
    courses = assess_channels([crack(60), crack(60, seed=3, name="C2")], MODEL)
    assert assess_building(courses, FACTS, MODEL) == assess_building(courses, FACTS, MODEL)


def test_the_interval_holds_the_score_and_missing_data_widen_it_only() -> None:
    known = [said(0.3), said(0.3, name="C2")]
    lost = [said(0.3), said(0.3, name="C2", health=Health.BLIND, trust=0.0)]
    low, high = interval(known, FACTS, MODEL)
    assert low <= building(*known) <= high
    assert interval(lost, FACTS, MODEL)[1] > high
    assert building(*lost) <= building(*known)
    assert quality_percent(lost) < quality_percent(known)


def test_a_day_of_the_past_is_assessed_as_it_was() -> None:
    series = crack(80)
    whole, then = (
        verdict(assess_channels([series], MODEL)[0], MODEL, 49),
        verdict(assess_channels([series.upto(50)], MODEL)[0], MODEL),
    )
    assert whole == then


def test_the_interval_of_a_rate_decides_not_its_point() -> None:
    one = said(1.5)
    assert rate_reaches(one, 0.014) is Reach.REACHED
    assert rate_reaches(one, 0.019) is Reach.OPEN
    assert rate_reaches(one, 0.03) is Reach.BELOW
    falling = replace(one, rate_per_day=-0.02, rate_low=-0.026, rate_high=-0.015)
    assert rate_reaches(falling, 0.014) is Reach.REACHED
    assert rate_reaches(falling, 0.014, either_way=False) is Reach.BELOW
    assert rate_reaches(replace(one, rate_low=-math.inf), 0.014) is Reach.OPEN


def test_an_unlearnt_channel_is_trusted_less() -> None:
    course = assess_channels([crack(60)], MODEL)[0]
    assert 0.0 < confidence(course, MODEL, 10) < confidence(course, MODEL, 59) < 0.8


def test_the_evidence_of_a_drift_reads_as_sentences() -> None:
    one, calm = said(1.5), said(0.1, name="C2")
    text = "".join(evidence(one, [calm], {"C1": "C-03"}, MODEL))
    assert text == (
        "裂缝C-03自 1971 年 1 月 16 日起，扣除天气影响后变化 +0.21 mm（95 % 区间 +0.17 至 +0.25），"
        "平均每天 +0.020 mm（+0.015 至 +0.026）。"
        "温度和降雨解释了此前波动的 88 %，上述数字已将其扣除。"
        "同一房屋的其余 1 个测点没有同时变化。"
        "仪器自身的漂移看上去会是一样的，目前不能排除：没有别的测点明显在变，"
        "请加装第二台或现场核查。"
    )
    assert evidence(one, [], {}, MODEL, "en")[0] == (
        "Crack C1 has moved +0.21 mm beyond the weather since 1971-01-16 (95 % interval +0.17 to"
        " +0.25), +0.020 mm a day on average (+0.015 to +0.026)."
    )


def test_a_neighbour_that_moves_too_speaks_against_the_instrument() -> None:
    other = said(1.2, name="T1", kind="tilt")
    text = evidence(said(1.5), [other], {}, MODEL, "en")
    assert "Moving at the same time in this house: tilt T1." in text
    assert any("unlikely, because others clearly move as well: tilt T1." in line for line in text)


def test_a_neighbour_that_may_lie_itself_speaks_against_nothing() -> None:
    for other in (said(0.8, name="T1"), said(1.5, name="T1", faults=(Fault.SENSOR_DRIFT,))):
        text = evidence(said(1.5), [other], {}, MODEL, "en")
        assert any("cannot be ruled out" in line for line in text)


def test_a_step_without_a_start_rules_the_restart_out() -> None:
    assert "ruled out" in evidence(said(1.5, shape="step"), [], {}, MODEL, "en")[-1]
    started = said(1.5, shape="step", faults=(Fault.RESTART_OFFSET,))
    assert any("cannot be ruled out" in line for line in evidence(started, [], {}, MODEL, "en"))


def test_both_languages_have_the_same_words_and_places() -> None:
    def fields(text: str) -> set[str]:
        return {part.split("}")[0] for part in text.split("{")[1:]}

    zh, en = (words(language) for language in LANGUAGES)
    assert {group: set(zh[group]) for group in zh} == {group: set(en[group]) for group in en}
    for group, texts in zh.items():
        for key, text in texts.items():
            assert fields(text) == fields(en[group][key]), (group, key)
    assert {fault.value for fault in Fault} <= set(zh["fault"])


def test_every_assessment_can_be_said() -> None:
    lost = replace(crack(60, name="C2"), value=np.full(720, np.nan))
    courses = assess_channels([crack(60), lost], MODEL)
    for facts in (FACTS, replace(FACTS, unrest=1.0)):
        found = assess_building(courses, facts, MODEL)
        for language in LANGUAGES:
            assert all(score_words(found, language))
            for reason in (*found.reasons, *found.would_change):
                line = reason_words(reason, found.verdicts, {}, language)
                assert line
                assert "{" not in line


def test_a_model_refuses_rows_without_source_and_doubled_rows() -> None:
    row = '[[numbers]]\nid = "a"\nvalue = 1\nsource = "x"\ncertainty = "verified"\n'
    head = 'name = "m"\nversion = "1"\n'
    assert parse_model(head + row).number("a") == 1.0
    for wrong in (row + row, row.replace('"x"', '""'), row.replace("= 1", '= "1"')):
        with pytest.raises(SettingsInvalid, match="'a'"):
            parse_model(head + wrong)
    with pytest.raises(SettingsInvalid, match="must have a number 'b'"):
        parse_model(head + row).number("b")
    with pytest.raises(SettingsInvalid, match="shipped"):
        load_model("nothing")
