"""Webhooks for changes of bands and the messages to them, on both databases."""

from dataclasses import replace

import pytest

from domain.access import Role, Scope, ScopeKind, User
from domain.alerts import NoticeState
from domain.errors import Conflict, NotFound
from domain.ports import Page
from domain.score_notices import WEBHOOKS_MAX, BandNotice, NoticeKind, ScoreWebhook
from storage.records import Records
from tests.api_city import assessed

HOOK = ScoreWebhook("wh", "u-1", "claims", "https://example.com/in", "s" * 20, 5)


def people(records: Records) -> None:
    for number in (1, 2):
        scopes = (Scope(ScopeKind.BUILDING, f"b-{number}"),)
        records.access.put_user(
            User(f"u-{number}", f"insurer-{number}", "", Role.INSURER, scopes), "test"
        )


def message(id_: str, webhook_id: str = "wh", at_ns: int = 10, **changes: object) -> BandNotice:
    made = BandNotice(
        id_, webhook_id, "b-near", "as-near", NoticeKind.BAND, '{"band":"watch"}', at_ns,
        next_at_ns=at_ns, updated_at_ns=at_ns,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_webhook_is_kept_changed_and_deleted_with_its_messages(records: Records) -> None:
    people(records)
    store = records.score_notices
    store.put_webhook(HOOK, "me")
    store.put_webhook(HOOK, "me")
    moved = replace(HOOK, url="https://example.com/other")
    store.put_webhook(moved, "me")
    assert store.webhook("wh") == moved
    with pytest.raises(Conflict, match="another user's"):
        store.put_webhook(replace(HOOK, user_id="u-2"), "me")
    store.put_webhook(replace(HOOK, id="wh-2", user_id="u-2", name="a"), "me")
    assert [w.id for w in store.webhooks()] == ["wh-2", "wh"]
    assert [w.id for w in store.webhooks(["u-1"])] == ["wh"]
    assert [(w.id, u.name) for w, u in store.subscribers()] == [
        ("wh", "insurer-1"),
        ("wh-2", "insurer-2"),
    ]
    assert store.add_notice(message("n"))
    assert not store.add_notice(message("n"))
    store.delete_webhook("wh", "me")
    store.delete_webhook("wh", "me")
    assert (store.webhook("wh"), store.notices("wh")) == (None, [])
    assert store.add_notice(message("late")), "it was new when it was made"
    assert store.notices("wh") == [], "and its webhook had gone"
    lines = [line for line in records.audit.audit(Page()) if "webhook" in line[2]]
    assert [line[2].removeprefix("score webhook ") for line in reversed(lines)] == [
        "added", "changed", "added", "deleted",
    ]  # fmt: skip
    assert not any("s" * 20 in line[4] for line in lines)


def test_a_user_has_a_bounded_number_of_webhooks(records: Records) -> None:
    people(records)
    for number in range(WEBHOOKS_MAX):
        records.score_notices.put_webhook(replace(HOOK, id=f"wh-{number}"), "me")
    with pytest.raises(Conflict, match="delete one first"):
        records.score_notices.put_webhook(HOOK, "me")


def test_messages_come_with_the_assessment_that_is_new_or_not_at_all(records: Records) -> None:
    people(records)
    store = records.score_notices
    store.put_webhook(HOOK, "me")
    lease = records.jobs.take_lease("jobs", "test", 0, 10)
    old = message("old", at_ns=3)
    with pytest.raises(Conflict):
        records.assessments.put([assessed("near")], "jobs", lease.fence + 1, [old])
    assert (store.notices("wh"), records.assessments.newest()) == ([], {})
    gone = message("gone", "no-such")
    records.assessments.put([assessed("near")], "jobs", lease.fence, [message("n"), old, gone])
    assert [n.id for n in store.notices("wh")] == ["n", "old"]
    assert store.notices("wh", 1)[0] == message("n")
    records.assessments.put([assessed("near")], "jobs", lease.fence, [message("again")])
    assert [n.id for n in store.notices("wh")] == ["n", "old"], "the assessment was there already"


def test_messages_are_due_oldest_first_until_they_are_marked(records: Records) -> None:
    people(records)
    store = records.score_notices
    store.put_webhook(HOOK, "me")
    for id_, at_ns in (("b", 20), ("a", 10), ("later", 40)):
        store.add_notice(message(id_, at_ns=at_ns))
    due = store.due(30, 10)
    assert [(n.id, n.ways[0].notifier, n.text) for n in due] == [
        ("a", "wh", '{"band":"watch"}'),
        ("b", "wh", '{"band":"watch"}'),
    ]
    assert [n.id for n in store.due(30, 1)] == ["a"]
    done = replace(due[0], state=NoticeState.ACCEPTED, attempts=1, next_at_ns=None, answer="ok\x00")
    store.mark(done)
    assert [n.id for n in store.due(30, 10)] == ["b"]
    kept = store.notices("wh")[-1]
    assert (kept.id, kept.state, kept.attempts, kept.answer) == (
        "a", NoticeState.ACCEPTED, 1, "ok\ufffd",
    )  # fmt: skip
    store.delete_webhook("wh", "me")
    with pytest.raises(NotFound):
        store.mark(done)
