"""Scores against their bounds: hysteresis, caps, and what a short history may not claim."""

from dataclasses import replace

import pytest

from analytics.limits import load_profile
from analytics.score_findings import RULE, deciding, finding_of, told_band, weighed
from domain.alerts import Alert, AlertState, Contribution
from domain.assessed import Assessed, Band, band_of
from domain.assessments import RiskAssessment, SuspectedGrade
from domain.findings import Cause, Finding
from domain.limits import Level
from domain.sensors import Site
from tests.api_city import assessed
from tests.unit.series import building

PROFILE = load_profile()
HOUSE = building()


def said(
    score: float, low: float, *, learnt: int = 365,
    suspected: SuspectedGrade = SuspectedGrade.D,
) -> Assessed:  # fmt: skip
    row = assessed("near")
    (verdict,) = row.assessment.verdicts
    made = replace(
        row.assessment, score=score, low=low, suspected=suspected, building_id=HOUSE.id,
        verdicts=(replace(verdict, learning_days=learnt),),
    )  # fmt: skip
    return replace(row, assessment=made)


def found(row: Assessed, held: Level = Level.NONE) -> Finding | None:
    alert = None
    if held:
        part = Contribution(RULE, HOUSE.id, "", held, "f", 0, 80.0, 80.0, "points")
        alert = Alert(
            "a", HOUSE.id, Cause.ASSESSMENT, held, held, AlertState.OPEN, 0, 0, 0, (part,)
        )
    return finding_of(row, HOUSE, Site(HOUSE.id), PROFILE, alert)


@pytest.mark.parametrize(
    ("score", "level"),
    [(59.9, None), (60.0, Level.YELLOW), (79.9, Level.YELLOW), (80.0, Level.ORANGE)],
)
def test_the_level_is_that_of_the_worst_bound_reached(score: float, level: Level | None) -> None:
    finding = found(said(score, 10.0))
    assert (finding and finding.level) == level


def test_a_level_is_left_only_when_its_bound_is_undercut() -> None:
    assert found(said(48.1, 10.0), Level.YELLOW) is None
    finding = found(said(47.9, 10.0), Level.YELLOW)
    assert finding is not None
    assert finding.level is Level.NONE
    lowered = found(said(63.9, 10.0), Level.ORANGE)
    assert lowered is not None
    assert lowered.level is Level.YELLOW


def test_while_it_learns_the_lower_end_must_reach_the_bound() -> None:
    assert found(said(95.0, 59.0, learnt=59)) is None
    finding = found(said(95.0, 61.0, learnt=59))
    assert finding is not None
    assert (finding.level, finding.value) == (Level.YELLOW, 95.0)


def test_a_young_house_is_capped_at_yellow_and_says_so() -> None:
    finding = found(said(99.0, 95.0, learnt=89))
    assert finding is not None
    assert (finding.level, finding.capped) == (Level.YELLOW, True)
    old = found(said(99.0, 95.0, learnt=90))
    assert old is not None
    assert (old.level, old.capped) == (Level.ORANGE, False)


def test_a_house_that_cannot_be_judged_changes_nothing() -> None:
    row = said(99.0, 0.0, suspected=SuspectedGrade.CANNOT_JUDGE)
    assert found(row) is None
    assert found(row, Level.ORANGE) is None


@pytest.mark.parametrize(
    ("low", "learnt", "left"),
    [
        (50.0, 365, SuspectedGrade.D),
        (50.0, 60, SuspectedGrade.D),
        (50.0, 59, SuspectedGrade.NONE),
        (60.0, 59, SuspectedGrade.C),
        (80.0, 59, SuspectedGrade.D),
    ],
)
def test_a_suspicion_is_taken_back_and_never_made(
    low: float, learnt: int, left: SuspectedGrade
) -> None:
    made = weighed(said(90.0, low, learnt=learnt).assessment, PROFILE)
    assert made.suspected is left
    assert made.score == 90.0
    calm: RiskAssessment = said(90.0, 85.0, suspected=SuspectedGrade.NONE).assessment
    assert weighed(calm, PROFILE) is calm
    assert deciding(made, PROFILE) == (90.0 if learnt >= 60 else low)


@pytest.mark.parametrize(
    ("suspected", "score", "band"),
    [
        (SuspectedGrade.NONE, 29.9, Band.CALM),
        (SuspectedGrade.NONE, 30.0, Band.WATCH),
        (SuspectedGrade.NONE, 90.0, Band.WATCH),
        (SuspectedGrade.C, 70.0, Band.C_SUSPECT),
        (SuspectedGrade.D, 90.0, Band.D_SUSPECT),
        (SuspectedGrade.CANNOT_JUDGE, 90.0, Band.CANNOT_JUDGE),
    ],
)
def test_the_band_follows_what_is_suspected(
    suspected: SuspectedGrade, score: float, band: Band
) -> None:
    assert band_of(said(score, 0.0, suspected=suspected).assessment, PROFILE) is band


@pytest.mark.parametrize(
    ("score", "before", "band"),
    [
        (60.0, Band.CALM, Band.C_SUSPECT),
        (59.9, Band.C_SUSPECT, Band.C_SUSPECT),
        (54.0, Band.C_SUSPECT, Band.C_SUSPECT),
        (53.9, Band.C_SUSPECT, Band.WATCH),
        (72.0, Band.D_SUSPECT, Band.D_SUSPECT),
        (71.9, Band.D_SUSPECT, Band.C_SUSPECT),
        (55.0, Band.D_SUSPECT, Band.C_SUSPECT),
        (27.0, Band.WATCH, Band.WATCH),
        (26.9, Band.WATCH, Band.CALM),
        (26.9, Band.D_SUSPECT, Band.CALM),
        (59.9, None, Band.WATCH),
        (59.9, Band.CANNOT_JUDGE, Band.WATCH),
    ],
)
def test_a_band_is_left_only_some_way_below_its_bound(
    score: float, before: Band | None, band: Band
) -> None:
    suspected = (
        SuspectedGrade.D
        if score >= 80.0
        else SuspectedGrade.C
        if score >= 60.0
        else SuspectedGrade.NONE
    )
    made = said(score, 0.0, suspected=suspected).assessment
    assert told_band(made, PROFILE, before) is band


def test_a_blind_building_has_no_other_band_whatever_held() -> None:
    made = said(99.0, 0.0, suspected=SuspectedGrade.CANNOT_JUDGE).assessment
    assert told_band(made, PROFILE, Band.D_SUSPECT) is Band.CANNOT_JUDGE


def test_while_it_learns_the_lower_end_holds_a_band_too() -> None:
    young = said(90.0, 53.0, learnt=30, suspected=SuspectedGrade.NONE).assessment
    assert told_band(young, PROFILE, Band.C_SUSPECT) is Band.WATCH
    held = said(90.0, 54.0, learnt=30, suspected=SuspectedGrade.NONE).assessment
    assert told_band(held, PROFILE, Band.C_SUSPECT) is Band.C_SUSPECT
