"""What the pipeline's store promises: one judgement, one transaction."""

import random
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.accounts import DayAccount, Fate, Refusal
from domain.alerts import (
    Alert,
    AlertEvent,
    AlertState,
    Contribution,
    EventKind,
    Notice,
    NoticeState,
    Recipient,
    Way,
)
from domain.buildings import Building
from domain.errors import Conflict, InvalidInput
from domain.findings import Cause, Compensation, Finding
from domain.limits import Level
from domain.ports import Change, GatewayStatus, Judgement, Page
from domain.sensors import Channel, Gateway, Segment, SegmentReason, Sensor
from storage.records import Records

T0 = 1_795_000_000_123_456_789


def finding(number: int, **changes: object) -> Finding:
    made = Finding(
        f"f-{number}", "b-1", Cause.CRACK, "crack.growth", "s-1", "C-03 东墙 2 层", ("c-1", "c-2"),
        Level.ORANGE, T0 + number, 0.31, 0.3, "mm", 86_400_000_000_000, T0 - 5, "DB33/T 1234 5.2",
        "project proposal", "default-2026", Compensation.IMMATURE, True,
        (("readings", 12.0), ("axis", "x"), ("note", "甲")),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def contribution(level: Level = Level.ORANGE) -> Contribution:
    return Contribution("crack.growth", "s-1", "C-03 东墙", level, "f-1", T0, 0.31, 0.3, "mm", True)


def alert(alert_id: str = "al-1", **changes: object) -> Alert:
    made = Alert(
        alert_id, "b-1", Cause.CRACK, Level.ORANGE, Level.RED, AlertState.OPEN, T0, T0 + 1, T0 - 5,
        (contribution(), contribution(Level.NONE)), version=1,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def event(event_id: str = "e-1", alert_id: str = "al-1", **changes: object) -> AlertEvent:
    made = AlertEvent(
        event_id, alert_id, T0, EventKind.OPENED, Level.ORANGE, "rules", "3 号楼东墙裂缝", "f-1"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def notice(notice_id: str = "n-1", alert_id: str = "al-1", **changes: object) -> Notice:
    made = Notice(
        notice_id, alert_id, "e-1", "r-1", "值班", (Way("wecom", "k1"), Way("sms", "k2")),
        Level.ORANGE, "橙色预警", "3 号楼东墙裂缝", "/alerts/al-1", T0, next_at_ns=T0,
        updated_at_ns=T0,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def refusal(number: int, **changes: object) -> Refusal:
    made = Refusal(
        f"x-{number}", "g-1", T0 + number, Fate.REJECTED, "not finite", "v must be finite", 3,
        "T1.x", b'{"v":NaN}\xff\x00',
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


WHOLE = Judgement(
    0, 10,
    findings=(finding(1), finding(2)),
    alerts=(alert(),),
    events=(event(),),
    notices=(notice(),),
    states=(("b-1", "crack", b"\x00\xffstate"), ("b-1", "tilt", b"")),
    refusals=(refusal(1), refusal(2, readings=0, fate=Fate.QUARANTINED)),
    accounts=(DayAccount("g-1", "2026-11-23", 100, 3, 2, 1, 4),),
    statuses=(GatewayStatus("g-1", T0, True, 3, 88.5, -71.0, "1.2.0"),),
)  # fmt: skip


@pytest.fixture
def mounted(records: Records) -> Records:
    register = records.register
    register.put_building(Building("b-1", "C1", "三号楼", "", "360102", "", "", 115.9, 28.7), "u")
    register.put_gateway(Gateway("g-1", "g"), "u")
    register.put_sensor(Sensor("s-1", "b-1", "g-1", "C-03", "crack"), "u")
    register.put_channel(Channel("c-1", "s-1", "g-1", "C-03", "crack", "mm"), "u")
    return records


def everything(records: Records) -> list[object]:
    """Read all that a judgement can write."""
    return [
        records.judgement.judged(0),
        records.judgement.states(0),
        records.alerts.findings(Page(1000)),
        records.alerts.alerts(Page(1000)),
        records.alerts.events("al-1"),
        records.alerts.notices("al-1"),
        records.alerts.changes(0),
        records.accounts.accounts(),
        records.accounts.refusals(Page(1000)),
        records.accounts.refusal_counts(),
        records.accounts.statuses(),
        records.register.revision(),
        records.register.site("b-1"),
    ]


def test_a_judgement_comes_back_as_it_was_committed(
    records: Records, open_again: Callable[[], Records]
) -> None:
    records.judgement.commit(WHOLE)
    again = open_again()
    assert again.judgement.judged(0) == 10
    assert again.judgement.states(0) == {("b-1", "crack"): b"\x00\xffstate", ("b-1", "tilt"): b""}
    assert again.judgement.open_alerts(["b-1"]) == [alert()]
    assert again.alerts.findings(Page()) == [finding(2), finding(1)]
    assert again.alerts.alert("al-1") == alert()
    assert again.alerts.events("al-1") == [event()]
    assert again.alerts.notices("al-1") == [notice()]
    assert again.alerts.changes(0) == [Change(1, T0 + 1, "alert", "b-1", "al-1")]
    assert again.accounts.accounts() == list(WHOLE.accounts)
    assert again.accounts.refusals(Page()) == [WHOLE.refusals[1], WHOLE.refusals[0]]
    assert again.accounts.statuses() == list(WHOLE.statuses)
    assert again.outbox.due(T0, 10) == [notice()]


def test_a_new_database_is_judged_up_to_zero(records: Records) -> None:
    assert records.judgement.judged(0) == 0
    assert records.judgement.states(0) == {}
    assert records.judgement.open_alerts(["b-1"]) == []
    assert records.alerts.last_change() == 0


def test_shards_do_not_meet(records: Records) -> None:
    records.judgement.commit(Judgement(0, 10, states=(("b-1", "tilt", b"0"),)))
    records.judgement.commit(Judgement(7, 4, states=(("b-1", "tilt", b"7"),)))
    assert (records.judgement.judged(0), records.judgement.judged(7)) == (10, 4)
    assert records.judgement.states(7) == {("b-1", "tilt"): b"7"}


def test_an_empty_judgement_moves_the_cursor(records: Records) -> None:
    records.judgement.commit(Judgement(0, 5))
    assert records.judgement.judged(0) == 5


def test_a_tick_may_bear_the_same_cursor(records: Records) -> None:
    records.judgement.commit(Judgement(0, 5))
    records.judgement.commit(Judgement(0, 5, findings=(finding(1),)))
    assert records.judgement.judged(0) == 5
    assert len(records.alerts.findings(Page())) == 1


def test_the_cursor_never_goes_back(records: Records) -> None:
    records.judgement.commit(WHOLE)
    before = everything(records)
    with pytest.raises(Conflict, match="judged up to 10 already, got a judgement up to 9"):
        records.judgement.commit(
            Judgement(0, 9, findings=(finding(3),), states=(("b-1", "tilt", b"old"),))
        )
    assert everything(records) == before


def test_a_pipeline_that_was_replaced_is_refused(records: Records) -> None:
    judgement = records.judgement
    first = judgement.take_over(0)
    judgement.commit(Judgement(0, 1, fence=first))
    second = judgement.take_over(0)
    judgement.commit(Judgement(0, 1, fence=second))
    with pytest.raises(Conflict, match=f"fence must be {second}, got {first}"):
        judgement.commit(Judgement(0, 2, findings=(finding(1),), fence=first))
    assert judgement.judged(0) == 1
    assert records.alerts.findings(Page()) == []


@pytest.mark.parametrize(
    "bad",
    [
        {"alerts": (alert("al-9", cause=Cause.TILT), alert(version=3))},
        {"alerts": (alert("al-9", cause=Cause.TILT), alert("al-2"))},
        {"alerts": (alert("al-9", cause=Cause.TILT), alert("al-3", version=0))},
        {"alerts": (alert("al-9", cause=Cause.TILT), alert("al-3", version=2))},
    ],
    ids=["stale", "second open one", "version zero", "changed but not there"],
)
def test_a_conflict_leaves_nothing_behind(mounted: Records, bad: dict[str, object]) -> None:
    mounted.judgement.commit(WHOLE)
    before = everything(mounted)
    spoilt = replace(
        WHOLE,
        cursor=11,
        findings=(finding(7),),
        events=(event("e-7"),),
        notices=(notice("n-7"),),
        segments=(Segment("seg-1", "c-1", T0, SegmentReason.INSTALL, 0.5),),
        states=(("b-1", "crack", b"new"),),
        refusals=(refusal(7),),
        accounts=(DayAccount("g-1", "2026-11-23", 999),),
        statuses=(GatewayStatus("g-1", T0 + 9, False),),
        **bad,
    )
    with pytest.raises(Conflict):
        mounted.judgement.commit(spoilt)
    assert everything(mounted) == before


def test_a_broken_reference_leaves_nothing_behind(records: Records) -> None:
    before = everything(records)
    with pytest.raises(InvalidInput):
        records.judgement.commit(replace(WHOLE, events=(event(alert_id="nobody"),)))
    with pytest.raises(InvalidInput):
        records.judgement.commit(
            replace(WHOLE, segments=(Segment("s", "nobody", T0, SegmentReason.INSTALL),))
        )
    assert everything(records) == before


def test_judging_the_same_again_adds_nothing(records: Records) -> None:
    records.judgement.commit(WHOLE)
    before = everything(records)
    records.judgement.commit(
        replace(WHOLE, alerts=(), findings=(finding(1, value=99.0), finding(1), finding(2)))
    )
    assert everything(records) == before


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_figures_that_are_not_finite_are_refused(records: Records, value: float) -> None:
    spoilt = [
        Judgement(0, 1, findings=(finding(1, value=value),)),
        Judgement(0, 1, findings=(finding(1, details=(("rate", value),)),)),
        Judgement(0, 1, alerts=(alert(contributions=(replace(contribution(), limit=value),)),)),
    ]
    for judgement in spoilt:
        with pytest.raises(InvalidInput, match="finite"):
            records.judgement.commit(judgement)
    assert records.judgement.judged(0) == 0


def test_an_alert_changes_version_by_version(records: Records) -> None:
    commit = records.judgement.commit
    commit(Judgement(0, 1, alerts=(alert(),)))
    commit(Judgement(0, 2, alerts=(alert(level=Level.RED, version=2),)))
    with pytest.raises(Conflict, match="must come with version 3, got 2"):
        commit(Judgement(0, 3, alerts=(alert(level=Level.BLUE, version=2),)))
    assert records.alerts.alert("al-1") == alert(level=Level.RED, version=2)
    assert [c.object_id for c in records.alerts.changes(0)] == ["al-1", "al-1"]


def test_an_alert_may_open_where_another_closes_in_the_same_judgement(records: Records) -> None:
    records.judgement.commit(Judgement(0, 1, alerts=(alert(),)))
    closed = alert(state=AlertState.CLOSED, closed_at_ns=T0 + 9, closed_by="u", version=2)
    records.judgement.commit(Judgement(0, 2, alerts=(alert("al-0"), closed)))
    assert [a.id for a in records.judgement.open_alerts(["b-1"])] == ["al-0", "al-1"]


def test_one_alert_is_open_for_a_building_and_cause(records: Records) -> None:
    records.judgement.commit(Judgement(0, 1, alerts=(alert(),)))
    with pytest.raises(Conflict, match="has an open alert for crack already: 'al-1'"):
        records.judgement.commit(Judgement(0, 2, alerts=(alert("al-2"),)))
    records.judgement.commit(
        Judgement(0, 2, alerts=(alert("al-3", cause=Cause.TILT), alert("al-4", building_id="b-2")))
    )
    assert len(records.judgement.open_alerts(["b-1", "b-2"])) == 3


def test_open_alerts_come_with_the_newest_closed_one_of_each_cause(records: Records) -> None:
    closed = [
        alert(f"al-{n}", state=AlertState.CLOSED, closed_at_ns=T0 + n, opened_at_ns=T0 + n)
        for n in range(3)
    ]
    other = alert("al-t", cause=Cause.TILT, state=AlertState.CLOSED, closed_at_ns=T0)
    away = alert("al-b", building_id="b-2", state=AlertState.CLOSED, closed_at_ns=T0)
    acknowledged = alert("al-5", state=AlertState.ACKNOWLEDGED)
    records.judgement.commit(Judgement(0, 1, alerts=(*closed, other, away, acknowledged)))
    assert [a.id for a in records.judgement.open_alerts(["b-1"])] == ["al-2", "al-5", "al-t"]


def test_open_alerts_brought_up_are_those_read_anew(
    records: Records, open_again: Callable[[], Records]
) -> None:
    houses = ["b-1", "b-2"]
    chance = random.Random(7)
    known: dict[str, Alert] = {}
    made = 0
    for step in range(1, 120):
        building_id, cause = chance.choice(houses), chance.choice([Cause.CRACK, Cause.TILT])
        mine = [a for a in known.values() if (a.building_id, a.cause) == (building_id, cause)]
        still = [a for a in mine if a.state is not AlertState.CLOSED]
        if not still and (not mine or chance.random() < 0.5):
            made += 1
            new = alert(f"al-{made}", building_id=building_id, cause=cause, opened_at_ns=T0 + step)
        elif not still:  # opened again
            newest = max(mine, key=lambda a: (a.closed_at_ns or 0, a.opened_at_ns))
            new = replace(
                newest, state=AlertState.OPEN, closed_at_ns=None, version=newest.version + 1
            )
        else:
            closes = chance.random() < 0.5
            state = AlertState.CLOSED if closes else AlertState.ACKNOWLEDGED
            new = replace(
                still[0],
                state=state,
                closed_at_ns=T0 + step if closes else None,
                version=still[0].version + 1,
            )
        known[new.id] = new
        records.judgement.commit(Judgement(0, step, alerts=(new,)))
        if step == 60:
            records.retention.delete_changes(T0 + 10**18)
        asked = chance.choice([houses, houses[:1]])
        anew = open_again().judgement.open_alerts(asked) if step % 10 == 0 else None
        brought_up = records.judgement.open_alerts(asked)
        assert {a.id for a in brought_up if a.state is not AlertState.CLOSED} == {
            a.id
            for a in known.values()
            if a.state is not AlertState.CLOSED and a.building_id in asked
        }
        assert anew is None or anew == brought_up


def test_two_pipelines_racing_on_one_alert_are_told_apart(
    records: Records, open_again: Callable[[], Records]
) -> None:
    records.judgement.commit(Judgement(0, 1, alerts=(alert(),)))
    stores = [open_again().judgement for _ in range(2)]
    gate = threading.Barrier(2)
    outcomes: list[str] = []

    def raise_level(number: int) -> None:
        gate.wait()
        try:
            judged = Judgement(
                0,
                2,
                alerts=(alert(level=Level.RED, version=2),),
                findings=(finding(number),),
            )
            stores[number].commit(judged)
            outcomes.append("kept")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=raise_level, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "kept"]
    assert len(records.alerts.findings(Page())) == 1
    assert len(records.alerts.changes(0)) == 2


def test_two_opening_the_same_alert_at_once_open_one(
    records: Records, open_again: Callable[[], Records]
) -> None:
    stores = [open_again() for _ in range(2)]
    gate = threading.Barrier(2)
    outcomes: list[str] = []

    def opening(number: int) -> None:
        gate.wait()
        try:
            # two shards: their cursors do not make them wait for each other
            stores[number].judgement.commit(Judgement(number, 1, alerts=(alert(f"al-{number}"),)))
            outcomes.append("kept")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=opening, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "kept"]
    assert len(records.alerts.alerts(Page())) == 1


def test_segments_are_written_over_and_move_the_revision(mounted: Records) -> None:
    before = mounted.register.revision()
    segment = Segment("seg-1", "c-1", T0, SegmentReason.INSTALL)
    mounted.judgement.commit(Judgement(0, 1, segments=(segment,)))
    mounted.judgement.commit(Judgement(0, 2, segments=(replace(segment, offset=-1.5),)))
    assert mounted.register.site("b-1").segments == (replace(segment, offset=-1.5),)
    assert mounted.register.revision() == before + 2


def test_states_and_accounts_are_written_over(records: Records) -> None:
    account = DayAccount("g-1", "2026-11-23", 10)
    records.judgement.commit(
        Judgement(0, 1, states=(("b", "d", b"1"), ("b", "d", b"2")), accounts=(account,))
    )
    later = replace(account, stored=20, missing=1)
    records.judgement.commit(Judgement(0, 2, states=(("b", "d", b"3"),), accounts=(account, later)))
    assert records.judgement.states(0) == {("b", "d"): b"3"}
    assert records.accounts.accounts() == [later]


def test_of_two_statuses_the_newer_stays(records: Records) -> None:
    old, new = GatewayStatus("g-1", 5, True), GatewayStatus("g-1", 9, False, firmware="2")
    records.judgement.commit(Judgement(0, 1, statuses=(new, old)))
    assert records.accounts.statuses() == [new]
    records.judgement.commit(Judgement(0, 2, statuses=(old,)))
    assert records.accounts.statuses() == [new]
    records.judgement.commit(Judgement(0, 3, statuses=(replace(new, at_ns=10, online=True),)))
    assert records.accounts.statuses() == [replace(new, at_ns=10, online=True)]


def test_anything_may_stand_in_a_refusal(records: Records) -> None:
    wild = refusal(
        1,
        reason="r" * 5000,
        detail="nul \x00 half \ud800",
        address="长\x00" * 5000,
        sample=bytes(range(256)) * 20,
    )
    status = GatewayStatus("g-1", 1, True, firmware="v\x00\udfff" * 500)
    records.judgement.commit(Judgement(0, 1, refusals=(wild,), statuses=(status,)))
    kept = records.accounts.refusals(Page())[0]
    assert kept.detail == "nul \ufffd half ?"
    assert len(kept.address) == 200
    assert kept.sample == (bytes(range(256)) * 20)[:2000]
    assert len(records.accounts.statuses()[0].firmware) == 200


def test_refusals_are_counted_once_by_reason_and_address(records: Records) -> None:
    quarantined = {"fate": Fate.QUARANTINED, "reason": "unknown channel"}
    rows = (
        refusal(1),
        refusal(2, readings=4),
        refusal(3, readings=0, address=""),
        refusal(4, gateway_id="g-2", **quarantined),
    )
    records.judgement.commit(Judgement(0, 1, refusals=rows[:2]))
    records.judgement.commit(Judgement(0, 2, refusals=rows))
    assert records.accounts.refusal_counts() == [
        ("g-1", "rejected", "not finite", "", 1),
        ("g-1", "rejected", "not finite", "T1.x", 7),
        ("g-2", "quarantined", "unknown channel", "T1.x", 3),
    ]


def test_refusals_are_told_newest_first_page_by_page(records: Records) -> None:
    rows = tuple(refusal(n, received_at_ns=T0 + n // 2) for n in range(9))
    records.judgement.commit(Judgement(0, 1, refusals=(*rows, refusal(99, gateway_id="g-2"))))
    seen: list[str] = []
    page = records.accounts.refusals(Page(2), gateway_id="g-1")
    while page:
        seen += [row.id for row in page]
        page = records.accounts.refusals(Page(2, seen[-1]), gateway_id="g-1")
    newest = sorted(rows, key=lambda r: (r.received_at_ns, r.id), reverse=True)
    assert seen == [row.id for row in newest]
    with pytest.raises(InvalidInput, match="after"):
        records.accounts.refusals(Page(2, "nobody"))


def test_accounts_may_be_asked_for_some_gateways(records: Records) -> None:
    rows = tuple(DayAccount(f"g-{n}", day) for n in (2, 1) for day in ("2026-11-24", "2026-11-23"))
    records.judgement.commit(Judgement(0, 1, accounts=rows))
    assert [(a.gateway_id, a.day) for a in records.accounts.accounts()] == [
        ("g-1", "2026-11-23"), ("g-1", "2026-11-24"), ("g-2", "2026-11-23"), ("g-2", "2026-11-24"),
    ]  # fmt: skip
    assert {a.gateway_id for a in records.accounts.accounts(["g-2"])} == {"g-2"}
    assert records.accounts.accounts([]) == []


def test_only_active_recipients_are_told(records: Records) -> None:
    active = Recipient("r-1", "值班", (Way("sms", "k"),), ("360102",), Level.RED, True, "en")
    records.alerts.put_recipient(active, "u")
    records.alerts.put_recipient(replace(active, id="r-2", active=False), "u")
    assert records.judgement.active_recipients() == [active]
    assert len(records.alerts.recipients()) == 2


def test_a_notice_of_the_commit_leaves_by_the_outbox(records: Records) -> None:
    records.judgement.commit(WHOLE)
    sent = replace(
        notice(), state=NoticeState.ACCEPTED, attempts=1, next_at_ns=None, answer="ok",
        updated_at_ns=T0 + 5,
    )  # fmt: skip
    records.outbox.mark(sent)
    assert records.outbox.due(T0 + 10, 10) == []
    assert records.outbox.unfinished() == 0
    assert records.alerts.notices("al-1") == [sent]
    assert records.alerts.changes(1) == [Change(2, T0 + 5, "notice", "b-1", "al-1")]
