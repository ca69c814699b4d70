"""The desk of check-ups on SQLite and on PostgreSQL: many at once, and people in between."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from alerting import acts
from app.check_desk import StoredCheckDesk
from app.replay import Replayer
from domain.access import Caller, Role, Scope, ScopeKind
from domain.alerts import Recipient, Way
from domain.anchors import Anchor, PickedBy
from domain.check_ports import Consequences
from domain.checkups import CheckCause, CheckState, ResultClass
from domain.clock import VirtualClock
from domain.defects import Defect
from domain.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from domain.findings import Cause
from domain.labels import Outcome
from domain.ports import Judgement, Page
from domain.submissions import Receipt, Sent, Standing, Submission
from storage.records import Records
from tests.api_city import NOW_NS, alert, building, check_desk
from tests.check_samples import add_rules, check_up

WHO = Caller("u-1", "inspector", Role.INSPECTOR, (Scope(ScopeKind.CITY),), "en")


@pytest.fixture
def desk(records: Records) -> StoredCheckDesk:
    records.register.put_building(building("near", "360102"), "test")
    records.judgement.commit(Judgement(0, 1, alerts=(alert("near"),)))
    add_rules(records)
    records.checks.put_check_up(check_up(), "test")
    asked = check_up("ck-a", cause=CheckCause.ALERT, alert_id="l-near-tilt")
    records.checks.put_check_up(asked, "test")
    return check_desk(records, VirtualClock(NOW_NS))


def sent(id_: str = "s-1", result: int = 1, of: str = "ck-1", **changes: object) -> Sent:
    place = Anchor(f"an-{id_}", "b-near", PickedBy.TEXT, NOW_NS, "inspector", room="厨房")
    crack = Defect(f"d-{id_}", "b-near", place.id, "crack", 2, NOW_NS, "inspector", check_up_id=of)
    made = Submission(
        id_, of, "b-near", "basic-test", 1, "", "", 1, NOW_NS - 9, NOW_NS - 5, NOW_NS,
        ResultClass(result), id_ * 16, conclusion="裂缝", defect_ids=(crack.id,),
    )  # fmt: skip
    return Sent(replace(made, **changes), (place,), (crack,))  # type: ignore[arg-type]


def at_once(desk: StoredCheckDesk, *each: Sent) -> list[tuple[Receipt, bool]]:
    """Send several at the same moment."""
    ready, came = threading.Barrier(len(each)), []

    def phone(one: Sent) -> None:
        ready.wait()
        for _ in range(5):  # as a phone does where a store is busy
            try:
                came.append(desk.submit(one, WHO))
            except StoreUnavailable:
                continue
            return

    phones = [threading.Thread(target=phone, args=(one,)) for one in each]
    for one in phones:
        one.start()
    for one in phones:
        one.join()
    return came


def test_the_same_at_once_is_kept_once_with_one_receipt(desk: StoredCheckDesk) -> None:
    came = at_once(desk, *[sent(result=4)] * 5)
    assert sorted(new for _, new in came) == [False] * 4 + [True]
    assert len({receipt for receipt, _ in came}) == 1
    assert len(desk.checks.orders(["b-near"])) == 1


def test_of_two_people_at_once_one_counts_and_one_waits(desk: StoredCheckDesk) -> None:
    came = at_once(desk, *(sent(f"s-{n}", 1 + n % 2) for n in range(4)))
    standings = sorted(receipt.submission.standing for receipt, _ in came)
    assert standings == [Standing.CONFLICT] * 3 + [Standing.COUNTS]
    assert len(desk.checks.submissions("ck-1")) == 4
    assert len(desk.places.defects("b-near")) == 4


def test_imminent_danger_of_several_check_ups_at_once_is_one_red_alert(
    desk: StoredCheckDesk,
) -> None:
    came = at_once(desk, sent("s-1", 4), sent("s-2", 4, "ck-a", outcome=Outcome.CONFIRMED))
    assert {receipt.submission.standing for receipt, _ in came} == {Standing.COUNTS}
    every = desk.alerts.alerts(Page(99), building_ids=["b-near"])
    (red,) = [one for one in every if one.cause is Cause.CHECK_UP]
    findings = desk.alerts.findings(Page(99), building_ids=["b-near"])
    assert len([one for one in findings if one.cause is Cause.CHECK_UP]) == 2
    for receipt, _ in came:
        (told,) = [one for one in receipt.follows if one.kind == "alert"]
        assert told.id == red.id
    # sent again, closed or not, nothing rings anew
    taken, events = acts.acknowledge(red, "u-9", NOW_NS + 1)
    desk.alerts.save(taken, events)
    assert {desk.submit(sent("s-1", 4), WHO)[0]} == {came[0][0], came[1][0]} - {
        receipt for receipt, _ in came if receipt.submission.id == "s-2"
    }
    assert desk.alerts.alert(red.id) == taken


def test_an_alert_that_changes_meanwhile_loses_neither_change(desk: StoredCheckDesk) -> None:
    """A person acts on the alert between what the desk reads and what it writes."""

    class Busy:
        """Alerts, with somebody who is faster the first two times."""

        def __init__(self) -> None:
            self.acted = 0

        def __getattr__(self, name: str) -> object:
            return getattr(desk.alerts, name)

        def events(self, alert_id: str) -> object:
            found = desk.alerts.events(alert_id)
            if self.acted < 2:
                self.acted += 1
                now = desk.alerts.alert(alert_id)
                assert now is not None
                desk.alerts.save(*acts.note(now, "u-9", NOW_NS + self.acted, "gesehen"))
            return found

    told = sent(of="ck-a", outcome=Outcome.BENIGN)
    receipt, new = replace(desk, alerts=Busy()).submit(told, WHO)  # type: ignore[arg-type]
    assert new
    assert [one.kind for one in receipt.follows] == ["label"]
    lines = [event.text for event in desk.alerts.events("l-near-tilt")]
    assert lines.count("gesehen") == 2
    assert len([line for line in lines if "现场核查完成" in line]) == 1
    assert desk.submit(told, WHO) == (receipt, False)
    assert len(desk.labels.labels()) == 1


def test_what_cannot_be_kept_whole_is_not_kept_at_all(desk: StoredCheckDesk) -> None:
    class Full:
        """A store that breaks at the last moment of a transaction."""

        def __getattr__(self, name: str) -> object:
            return getattr(desk.checks, name)

        def take(self, what: Consequences, by: str) -> None:
            (finding,) = what.findings
            broken = replace(what, findings=(replace(finding, at_ns=2**80),))
            desk.checks.take(broken, by)

    with pytest.raises((InvalidInput, OverflowError)):
        replace(desk, checks=Full()).submit(sent(result=4), WHO)  # type: ignore[arg-type]
    assert desk.checks.submission("s-1") is None
    assert desk.places.defects("b-near") == []
    assert desk.checks.orders(["b-near"]) == []
    kept = desk.checks.check_up("ck-1")
    assert kept is not None
    assert kept.state is CheckState.PLANNED
    receipt, new = desk.submit(sent(result=4), WHO)
    assert (new, len(receipt.follows)) == (True, 3)


def test_settling_can_be_undone_and_says_what_follows(desk: StoredCheckDesk) -> None:
    desk.submit(sent("s-1", 1), WHO)
    desk.submit(sent("s-2", 3), WHO)
    bureau = replace(WHO, user_id="u-b", name="bureau", role=Role.BUREAU)
    after, receipt = desk.settle("ck-1", "s-2", "two looked closer", bureau)
    assert (after.submission_id, after.result) == ("s-2", ResultClass.DANGER)
    assert {one.kind for one in receipt.follows} == {"special", "appraisal"}
    again, same = desk.settle("ck-1", "s-2", "two looked closer", bureau)
    assert (again, same) == (after, receipt)
    back, _ = desk.settle("ck-1", "s-1", "undone", bureau)
    assert (back.submission_id, back.version) == ("s-1", after.version + 1)
    assert [one.standing for one in desk.checks.submissions("ck-1")] == [
        Standing.COUNTS,
        Standing.SET_ASIDE,
    ]
    # what was ordered stays until a person cancels it
    assert len(desk.checks.orders(["b-near"])) == 1
    with pytest.raises(NotFound):
        desk.settle("ck-1", "s-9", "", bureau)


def test_an_id_is_never_used_twice(desk: StoredCheckDesk) -> None:
    desk.submit(sent(), WHO)
    with pytest.raises(Conflict, match="SHA-256"):
        desk.submit(sent(sha256="7" * 64), WHO)
    with pytest.raises(NotFound):
        desk.submit(sent("s-2", of="ck-9"), WHO)


def test_an_alert_of_a_check_up_is_held_against_what_was_sent_in(
    desk: StoredCheckDesk, records: Records
) -> None:
    receipt, _ = desk.submit(sent(result=4), WHO)
    (told,) = [one for one in receipt.follows if one.kind == "alert"]
    nobody: Any = None
    parts = (nobody, records.register, records.alerts, records.fleet, records.assessments)
    kept = Replayer(*parts, desk.profile, (), nobody, records.checks).replay(told.id)
    assert (kept.agrees, len(kept.lines)) == (True, 1)
    lost = Replayer(*parts, desk.profile, (), nobody).replay(told.id)
    assert "is not there" in lost.lines[0].text
    (finding,) = [line.finding for line in kept.lines]
    assert (finding.rule, finding.value, dict(finding.details)["submission"]) == (
        "check-up.imminent",
        4.0,
        "s-1",
    )


def test_an_imminent_danger_is_told_in_both_languages(
    desk: StoredCheckDesk, records: Records
) -> None:
    for language in ("zh", "en"):
        person = Recipient(f"r-{language}", language, (Way("sms", "000"),), language=language)
        records.alerts.put_recipient(person, "test")
    receipt, _ = desk.submit(sent(result=4, conclusion="承重墙外鼓。"), WHO)
    (told,) = [one for one in receipt.follows if one.kind == "alert"]
    texts = {one.recipient_name: one for one in records.alerts.notices(told.id)}
    assert texts["zh"].title == "■ 红色预警 · 演示楼 near · 现场体检"
    assert "险情紧迫（4 类结果），应立即停止使用并组织人员撤离：承重墙外鼓。" in texts["zh"].text
    assert texts["en"].title.startswith("■ Red alert")
    assert "imminent danger by a check-up on site (result class 4)" in texts["en"].text
