"""Evidence of tiers is read whole and within scope, and looks are kept, on both databases."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.alerts import Alert, AlertState
from domain.assessed import Assessed
from domain.assessments import RiskAssessment, SuspectedGrade
from domain.buildings import Appraisal, Building, Grade, in_force
from domain.check_ports import Consequences
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, ResultClass
from domain.clock import DAY_NS
from domain.findings import Cause
from domain.labels import Label, Outcome
from domain.limits import Level
from domain.ports import Judgement, Page
from domain.submissions import Standing, Submission
from domain.tier_conflicts import TierEvidence, TierLook, TierScope
from lifecycle.tiers import contradictions, listed, load_tier_rules, since_ns
from storage.records import Records
from tests.check_world import HOUSE, NOW_NS, TODAY

RULES = load_tier_rules()
SINCE_NS = since_ns(RULES, NOW_NS)


class Everything:
    """What a seed puts into a database, kept to be looked through the slow way."""

    def __init__(self, records: Records, seed: int) -> None:
        draw = random.Random(seed)
        self.houses = [
            replace(HOUSE, id=f"b-{n:02}", code=f"C{n:02}", district=f"36010{2 + n % 2}")
            for n in range(60)
        ]
        records.register.put_buildings(self.houses, "test")
        self.check_ups: list[CheckUp] = []
        self.alerts: list[Alert] = []
        self.appraisals: list[Appraisal] = []
        self.assessments: list[Assessed] = []
        self.labels: list[Label] = []
        self.submissions: list[Submission] = []
        for house in self.houses:
            self._tell(draw, house)
        records.checks.add_check_ups(self.check_ups, "test")
        for appraisal in self.appraisals:
            records.register.put_appraisal(appraisal, "test")
        records.judgement.commit(Judgement(0, 1, alerts=tuple(self.alerts)))
        records.assessments.put(self.assessments)
        for label in self.labels:
            records.labels.put(label)
        for sent in self.submissions:
            records.checks.take(Consequences((sent,)), "test")

    def _tell(self, draw: random.Random, house: Building) -> None:
        number = house.id
        for place in range(draw.randrange(6)):
            done = draw.random() < 0.8
            self.check_ups.append(
                CheckUp(
                    f"c-{number}-{place}", number, draw.choice(list(CheckClass)), CheckCause.CYCLE,
                    TODAY, 1, "plan", state=CheckState.DONE if done else CheckState.ASSIGNED,
                    result=draw.choice(list(ResultClass)) if done else None,
                    done_at_ns=NOW_NS - draw.randrange(500) * DAY_NS - place if done else None,
                )
            )  # fmt: skip
        for place in range(draw.randrange(3)):
            grade = draw.choice(list(Grade))
            day = TODAY - timedelta(days=draw.randrange(900))
            self.appraisals.append(
                Appraisal(f"a-{number}-{place}", number, "JGJ 125-2016", grade, "R", "演示", day)
            )
        for cause in (Cause.TILT, Cause.CRACK):
            if draw.random() < 0.5:
                self._alert(draw, number, cause)
        if draw.random() < 0.6:
            made = RiskAssessment(
                f"s-{number}", number, NOW_NS - DAY_NS, "m 1", "p 1", 70.0,
                draw.choice((20.0, 40.0)), 80.0, draw.choice(list(SuspectedGrade)), 80.0,
            )  # fmt: skip
            self.assessments.append(Assessed(made, NOW_NS - DAY_NS))
        mine = [one for one in self.check_ups if one.building_id == number]
        if mine and draw.random() < 0.5:
            of = draw.choice(mine)
            for place, standing in enumerate((Standing.COUNTS, Standing.CONFLICT)):
                self.submissions.append(
                    Submission(
                        f"sub-{number}-{place}", of.id, of.building_id, "t", 1, "one", "u", 1, 1, 2,
                        NOW_NS - place, draw.choice(list(ResultClass)), "a" * 64, standing=standing,
                    )
                )  # fmt: skip

    def _alert(self, draw: random.Random, number: str, cause: Cause) -> None:
        closed = draw.random() < 0.5
        opened_ns = NOW_NS - draw.randrange(40, 500) * DAY_NS
        level = draw.choice((Level.YELLOW, Level.ORANGE, Level.RED))
        alert = Alert(
            f"l-{number}-{cause}", number, cause, level, level,
            AlertState.CLOSED if closed else AlertState.OPEN, opened_ns, opened_ns, opened_ns,
            closed_at_ns=opened_ns + 30 * DAY_NS if closed else None, version=1,
        )  # fmt: skip
        self.alerts.append(alert)
        if draw.random() < 0.6:
            outcome = draw.choice(list(Outcome))
            self.labels.append(
                Label(f"la-{alert.id}", alert.id, number, cause, outcome, opened_ns + DAY_NS, "x")
            )

    def evidence(self, house: Building) -> TierEvidence:
        """Put together all that is known of a house, whether or not it is of use."""
        mine = [c for c in self.check_ups if c.building_id == house.id and c.result is not None]
        newest = {c.check_class: c for c in sorted(mine, key=lambda c: c.done_at_ns or 0)}
        sent = tuple(s for s in self.submissions if s.building_id == house.id)
        classes = {c.id: c.check_class for c in self.check_ups}
        return TierEvidence(
            house.id,
            tuple(newest.values()),
            in_force([a for a in self.appraisals if a.building_id == house.id], TODAY),
            next((s for s in self.assessments if s.assessment.building_id == house.id), None),
            tuple(a for a in self.alerts if a.building_id == house.id),
            tuple(one for one in self.labels if one.building_id == house.id),
            sent,
            tuple((s.check_up_id, classes[s.check_up_id]) for s in sent),
        )


@pytest.mark.parametrize("seed", [2, 3, 5, 7])
def test_what_is_read_gives_the_contradictions_of_all_that_is_there(
    records: Records, seed: int
) -> None:
    everything = Everything(records, seed)
    slow = contradictions(
        [everything.evidence(house) for house in everything.houses], RULES, NOW_NS
    )
    read = records.tiers.evidence(TierScope(), NOW_NS, SINCE_NS)
    assert contradictions(read, RULES, NOW_NS) == slow
    seen = {one.rule.id for one in slow}
    assert seen >= {"sound-alert", "sound-appraisal", "daily-danger", "two-submissions"}
    for scope, inside in (
        (TierScope(districts=("360102",)), {h.id for h in everything.houses[::2]}),
        (TierScope(building_ids=("b-01", "b-03")), {"b-01", "b-03"}),
        (TierScope(building_ids=()), set()),
    ):
        cut = contradictions(records.tiers.evidence(scope, NOW_NS, SINCE_NS), RULES, NOW_NS)
        assert cut == [one for one in slow if one.building_id in inside]


def test_a_look_stays_with_its_contradiction_until_a_side_changes(records: Records) -> None:
    records.register.put_building(replace(HOUSE, id="b-1"), "test")
    check_up = CheckUp(
        "c-1", "b-1", CheckClass.BASIC, CheckCause.CYCLE, date(2026, 11, 1), 1, "plan",
        state=CheckState.DONE, result=ResultClass.SOUND, done_at_ns=NOW_NS,
    )  # fmt: skip
    records.checks.put_check_up(check_up, "test")
    appraisal = Appraisal("a-1", "b-1", "JGJ 125-2016", Grade.C, "R-1", "演示", date(2026, 1, 1))
    records.register.put_appraisal(appraisal, "test")
    ((one, nobody),) = listed(records.tiers, TierScope(), NOW_NS)
    assert nobody is None
    look = TierLook(one.id, 5, "b-1", one.rule.id, "duty", "已治理，待鉴定")
    records.tiers.look(look)
    assert listed(records.tiers, TierScope(), NOW_NS) == [(one, look)]
    _, by, action, object_id, detail = records.audit.audit(Page(1))[0]
    assert (by, action, object_id) == ("duty", "contradiction looked at", one.id)
    assert "已治理，待鉴定" in detail
    records.tiers.look(replace(look, at_ns=6, looked=False, reason="又看"))
    assert listed(records.tiers, TierScope(), NOW_NS) == [(one, None)]
    assert records.tiers.looks([one.id])[one.id].reason == "又看"
    records.tiers.look(replace(look, at_ns=7))
    newer = replace(appraisal, id="a-2", grade=Grade.D, appraised_on=date(2026, 2, 1))
    records.register.put_appraisal(newer, "test")
    ((other, again),) = listed(records.tiers, TierScope(), NOW_NS)
    assert other.id != one.id
    assert again is None, "a side changed: it is to be looked at again"
