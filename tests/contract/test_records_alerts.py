"""What the stores of alerts, notices, users and the audit promise to those who act."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from domain.access import ApiKey, Role, Scope, ScopeKind, Session, User
from domain.alerts import AlertEvent, AlertState, EventKind, Notice, NoticeState, Recipient, Way
from domain.clock import VirtualClock
from domain.errors import Conflict, InvalidInput, NotFound
from domain.findings import Cause
from domain.limits import Level
from domain.ports import Judgement, Page
from storage.records import Records
from tests.contract.test_records_judgement import T0, alert, event, finding, notice

USER = User(
    "u-1", "zhang", "示例用户", Role.DUTY_OFFICER,
    (Scope(ScopeKind.DISTRICT, "360102"), Scope(ScopeKind.CITY)), "$argon2id$secret", True, "en",
)  # fmt: skip
KEY = ApiKey("k-1", "u-1", "巡检系统", "anju_ab", "ab" * 32, 5, 9, None)


@pytest.fixture
def several(records: Records) -> Records:
    """Six alerts of three buildings, in no order."""
    alerts = (
        alert("al-1", level=Level.YELLOW, opened_at_ns=T0),
        alert("al-2", cause=Cause.TILT, level=Level.RED, opened_at_ns=T0 + 1),
        alert("al-3", cause=Cause.WATCH, level=Level.RED, opened_at_ns=T0 + 2),
        alert("al-4", building_id="b-2", level=Level.RED, opened_at_ns=T0 + 2),
        alert("al-5", building_id="b-2", cause=Cause.TILT, level=Level.NONE,
              state=AlertState.CLOSED, closed_at_ns=T0 + 9),
        alert("al-6", building_id="b-3", level=Level.BLUE, state=AlertState.ACKNOWLEDGED),
    )  # fmt: skip
    records.judgement.commit(Judgement(0, 1, alerts=alerts))
    return records


def ids(found: list[object]) -> list[str]:
    return [row.id for row in found]  # type: ignore[attr-defined]


def test_alerts_are_told_worst_first_then_newest(several: Records) -> None:
    expected = ["al-4", "al-3", "al-2", "al-1", "al-6", "al-5"]
    assert ids(several.alerts.alerts(Page())) == expected
    seen: list[str] = []
    page = several.alerts.alerts(Page(1))
    while page:
        seen += ids(page)
        page = several.alerts.alerts(Page(1, seen[-1]))
    assert seen == expected


def test_alerts_are_narrowed_by_building_state_and_level(several: Records) -> None:
    find = several.alerts.alerts
    assert ids(find(Page(), building_ids=["b-2"])) == ["al-4", "al-5"]
    assert ids(find(Page(), building_ids=[])) == []
    assert ids(find(Page(), states=[AlertState.CLOSED, AlertState.ACKNOWLEDGED])) == [
        "al-6",
        "al-5",
    ]
    assert ids(find(Page(), level_min=Level.YELLOW)) == ["al-4", "al-3", "al-2", "al-1"]
    assert ids(
        find(Page(), building_ids=["b-1"], states=[AlertState.OPEN], level_min=Level.RED)
    ) == ["al-3", "al-2"]


def test_a_page_after_nothing_known_is_refused(several: Records) -> None:
    with pytest.raises(InvalidInput, match="after"):
        several.alerts.alerts(Page(5, "nobody"))
    with pytest.raises(InvalidInput, match="after"):
        several.alerts.findings(Page(5, "nobody"))


def test_overdue_alerts_are_open_bad_old_and_not_escalated(several: Records) -> None:
    overdue = several.alerts.overdue
    assert ids(overdue(Level.RED, T0 + 3)) == ["al-2", "al-3", "al-4"]
    assert ids(overdue(Level.RED, T0 + 2)) == ["al-2"]
    two = several.alerts.alert("al-2")
    assert two is not None
    several.alerts.save(replace(two, escalated_at_ns=T0 + 9, version=2), [])
    assert ids(overdue(Level.RED, T0 + 2)) == []
    assert ids(overdue(Level.YELLOW, T0 + 2)) == ["al-1"]


def test_a_persons_act_is_kept_with_its_event_notice_and_change(several: Records) -> None:
    acknowledged = alert(
        "al-2", cause=Cause.TILT, level=Level.RED, opened_at_ns=T0 + 1, version=2,
        state=AlertState.ACKNOWLEDGED, acknowledged_by="u-1", acknowledged_at_ns=T0 + 50,
        updated_at_ns=T0 + 50,
    )  # fmt: skip
    done = AlertEvent("e-9", "al-2", T0 + 50, EventKind.ACKNOWLEDGED, Level.RED, "u-1", "已派人")
    told = notice("n-9", "al-2")
    before = several.alerts.last_change()
    several.alerts.save(acknowledged, [done], [told])
    assert several.alerts.alert("al-2") == acknowledged
    assert several.alerts.events("al-2") == [done]
    assert several.alerts.notices("al-2") == [told]
    changes = several.alerts.changes(before)
    assert [(c.id, c.at_ns, c.kind, c.object_id) for c in changes] == [
        (before + 1, T0 + 50, "alert", "al-2")
    ]


def test_a_stale_act_leaves_nothing(several: Records) -> None:
    before = several.alerts.last_change()
    with pytest.raises(Conflict, match="must come with version 2, got 5"):
        several.alerts.save(
            alert("al-2", cause=Cause.TILT, version=5),
            [event("e-9", "al-2")],
            [notice("n-9", "al-2")],
        )
    assert several.alerts.events("al-2") == []
    assert several.alerts.notices("al-2") == []
    assert several.alerts.last_change() == before


def test_an_acts_text_must_be_text(several: Records) -> None:
    with pytest.raises(InvalidInput, match="text"):
        several.alerts.save(
            alert("al-2", cause=Cause.TILT, version=2), [event("e-9", "al-2", text="a\x00")]
        )


def test_events_of_one_instant_stay_in_their_order(records: Records) -> None:
    events = (event("e-3"), event("e-1"), event("e-2"), event("e-0", at_ns=T0 - 1))
    records.judgement.commit(Judgement(0, 1, alerts=(alert(),), events=events))
    assert ids(records.alerts.events("al-1")) == ["e-0", "e-3", "e-1", "e-2"]


def test_findings_are_told_newest_first_page_by_page(records: Records) -> None:
    rows = tuple(finding(n, at_ns=T0 + n // 3) for n in range(10))
    away = finding(50, building_id="b-2")
    records.judgement.commit(Judgement(0, 1, findings=(*rows, away)))
    expected = ids(sorted(rows, key=lambda f: (f.at_ns, f.id), reverse=True))
    seen: list[str] = []
    page = records.alerts.findings(Page(4), building_ids=["b-1"])
    while page:
        seen += ids(page)
        page = records.alerts.findings(Page(4, seen[-1]), building_ids=["b-1"])
    assert seen == expected
    assert ids(records.alerts.findings(Page(), ids=["f-3", "f-50", "nobody"])) == ["f-50", "f-3"]
    assert ids(records.alerts.findings(Page(), ids=["f-3", "f-50"], building_ids=["b-1"])) == [
        "f-3"
    ]


def test_the_change_log_is_read_in_bites(several: Records) -> None:
    assert several.alerts.last_change() == 6
    assert [c.id for c in several.alerts.changes(0, 4)] == [1, 2, 3, 4]
    assert [c.id for c in several.alerts.changes(4)] == [5, 6]
    assert several.alerts.changes(6) == []


def test_recipients_are_kept_and_changed(records: Records) -> None:
    first = Recipient("r-1", "值班室", (Way("wecom", "https://x"), Way("sms", "1")))
    records.alerts.put_recipient(first, "u")
    changed = replace(first, districts=("360102", "360103"), level_min=Level.RED, active=False)
    records.alerts.put_recipient(changed, "u")
    records.alerts.put_recipient(changed, "u")
    assert records.alerts.recipients() == [changed]
    assert [line[2] for line in records.audit.audit(Page(), object_id="r-1")] == [
        "recipient changed",
        "recipient added",
    ]
    for bad in (replace(first, ways=()), replace(first, name=" "), replace(first, id="")):
        with pytest.raises(InvalidInput):
            records.alerts.put_recipient(bad, "u")


def due(records: Records, *notices: Notice) -> None:
    records.judgement.commit(Judgement(0, 1, alerts=(alert(),), notices=notices))


def test_notices_are_due_worst_first_then_oldest(records: Records) -> None:
    due(
        records,
        notice("n-1", level=Level.YELLOW, next_at_ns=1),
        notice("n-2", level=Level.RED, next_at_ns=5, created_at_ns=9),
        notice("n-3", level=Level.RED, next_at_ns=6, created_at_ns=8),
        notice("n-4", level=Level.RED, next_at_ns=7),
        notice("n-5", next_at_ns=None, state=NoticeState.ACCEPTED),
    )
    assert ids(records.outbox.due(6, 10)) == ["n-3", "n-2", "n-1"]
    assert ids(records.outbox.due(6, 1)) == ["n-3"]
    assert ids(records.outbox.due(0, 10)) == []
    assert records.outbox.unfinished() == 4


def test_a_try_is_marked_with_the_channels_own_words(records: Records) -> None:
    due(records, notice())
    tried = replace(
        notice(),
        state=NoticeState.REFUSED,
        way=1,
        attempts=3,
        next_at_ns=T0 + 60,
        answer="拒\x00绝",
    )
    records.outbox.mark(tried)
    assert records.outbox.due(T0 + 59, 10) == []
    assert records.outbox.due(T0 + 60, 10) == [replace(tried, answer="拒\ufffd绝")]


def test_marking_does_not_rewrite_what_was_said(records: Records) -> None:
    due(records, notice())
    records.outbox.mark(replace(notice(), text="another", title="another", attempts=1))
    assert records.alerts.notices("al-1") == [replace(notice(), attempts=1)]


def test_marking_a_notice_that_is_not_there_is_refused(records: Records) -> None:
    with pytest.raises(NotFound, match="'n-1'"):
        records.outbox.mark(notice())
    assert records.alerts.last_change() == 0


def test_users_keys_and_sessions_come_back_as_they_were_put(
    records: Records, open_again: Callable[[], Records]
) -> None:
    session = Session("cd" * 32, "u-1", "csrf", 1, 100)
    records.access.put_user(USER, "system")
    records.access.put_api_key(KEY, "u-1")
    records.access.put_session(session)
    again = open_again().access
    assert again.user("u-1") == again.user_named("zhang") == USER
    assert again.users() == [USER]
    assert again.api_key("ab" * 32) == KEY
    assert again.api_keys("u-1") == [KEY]
    assert again.session("cd" * 32) == session


def test_nobody_unknown_is_found(records: Records) -> None:
    access = records.access
    assert access.user("x") is None
    assert access.user_named("x") is None
    assert access.api_key("x") is None
    assert access.session("x") is None
    assert access.api_keys("x") == []


def test_a_user_name_is_taken_once(records: Records) -> None:
    records.access.put_user(USER, "system")
    with pytest.raises(Conflict, match="'zhang' is taken"):
        records.access.put_user(replace(USER, id="u-2"), "system")
    with pytest.raises(InvalidInput):
        records.access.put_user(replace(USER, id="u-2", name=" "), "system")
    assert len(records.access.users()) == 1


def test_a_user_can_be_changed_and_closed(records: Records) -> None:
    records.access.put_user(USER, "system")
    closed = replace(USER, active=False, scopes=(), role=Role.INSURER, password_hash="$other")
    records.access.put_user(closed, "admin")
    assert records.access.user("u-1") == closed


def test_a_key_is_revoked_by_putting_it_again(records: Records) -> None:
    records.access.put_user(USER, "system")
    records.access.put_api_key(KEY, "u-1")
    records.access.put_api_key(replace(KEY, revoked_at_ns=7), "u-1")
    assert records.access.api_key(KEY.sha256) == replace(KEY, revoked_at_ns=7)
    with pytest.raises(Conflict):
        records.access.put_api_key(replace(KEY, id="k-2"), "u-1")


def test_keys_and_sessions_need_their_user(records: Records) -> None:
    with pytest.raises(InvalidInput, match="'u-1'"):
        records.access.put_api_key(KEY, "u-1")
    with pytest.raises(InvalidInput, match="'u-1'"):
        records.access.put_session(Session("ab", "u-1"))


def test_a_session_ends_by_its_token_only(records: Records) -> None:
    records.access.put_user(USER, "system")
    first, second = (Session(c * 64, "u-1", "x", 10, 50) for c in "ab")
    records.access.put_session(first)
    records.access.put_session(second)
    records.access.drop_session(first.token_sha256)
    records.access.drop_session("never there")
    assert records.access.session(first.token_sha256) is None
    # whether it is over is for the caller to say: it is told as it is
    assert records.access.session(second.token_sha256) == second


def test_sessions_that_are_over_are_forgotten_when_a_new_one_begins(records: Records) -> None:
    records.access.put_user(USER, "system")
    records.access.put_session(Session("a", "u-1", "x", 10, 50))
    records.access.put_session(Session("b", "u-1", "x", 50, 90))
    assert records.access.session("a") is not None
    records.access.put_session(Session("c", "u-1", "x", 51, 91))
    assert records.access.session("a") is None
    assert records.access.session("b") is not None


def test_secrets_do_not_stand_in_the_audit(records: Records) -> None:
    records.access.put_user(USER, "system")
    records.access.put_user(replace(USER, password_hash="$argon2id$other"), "admin")
    records.access.put_api_key(KEY, "u-1")
    text = "".join(detail for *_, detail in records.audit.audit(Page()))
    assert "argon2id" not in text
    assert "abab" not in text
    assert records.audit.audit(Page())[1][4] == '{"password_hash": "changed"}'


def test_the_audit_is_told_newest_first_page_by_page(
    records: Records, records_clock: VirtualClock
) -> None:
    for number in range(7):
        # the clock stands still for two lines each
        records_clock.advance_to(records_clock.now_ns() + (number % 2) * 10**9)
        records.access.put_user(replace(USER, display_name=f"名{number}"), f"by-{number}")
    seen: list[str] = []
    page = records.audit.audit(Page(2))
    while page:
        seen += [line[1] for line in page]
        page = records.audit.audit(Page(2, str(page[-1][0])))
    assert seen == [f"by-{n}" for n in range(6, -1, -1)]
    assert len(records.audit.audit(Page(), object_id="u-1")) == 7
    assert records.audit.audit(Page(), object_id="u-2") == []
    with pytest.raises(InvalidInput, match="after"):
        records.audit.audit(Page(2, "yesterday"))


def change_behind_our_back(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute(statement)
        connection.close()
    else:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(statement)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET detail = '{}' WHERE id = 3", 3),
        ("UPDATE audit SET at_ns = at_ns + 1000 WHERE id = 5", 5),
        ("DELETE FROM audit WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 5", 5),
    ],
    ids=["changed", "moved", "missing", "the last is missing"],
)
def test_an_audit_line_that_was_changed_is_named(
    records: Records, records_url: str, statement: str, broken: int
) -> None:
    for number in range(5):
        records.access.put_user(replace(USER, display_name=f"名{number}"), "u")
    assert records.audit.first_broken() is None
    change_behind_our_back(records_url, statement)
    assert records.audit.first_broken() == broken
