"""Secrets of gateways in both databases."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain import credentials
from domain.credentials import GatewayCredential
from domain.errors import Conflict, InvalidInput
from domain.ports import Page
from domain.sensors import Gateway
from storage.records import Records
from tests.contract.conftest import NOON_NS


@pytest.fixture
def held(records: Records) -> list[GatewayCredential]:
    """A gateway's first secret, kept."""
    records.register.put_gateway(Gateway("g-1", "g-1"), "test")
    wanted = credentials.made([], "g-1", "anjugw_one", "me", NOON_NS)
    records.credentials.put_credentials("g-1", [], wanted, "me", "gateway secret made")
    return wanted


def test_what_is_kept_is_read_again(records: Records, held: list[GatewayCredential]) -> None:
    assert records.credentials.credentials("g-1") == held
    assert records.credentials.credentials() == held
    assert records.credentials.credentials("g-2") == []


def test_the_number_rises_with_each_change_and_each_first_use_only(
    records: Records, held: list[GatewayCredential]
) -> None:
    store = records.credentials
    number = store.credentials_revision()
    store.put_credentials("g-1", held, held, "me", "nothing")
    assert store.credentials_revision() == number
    store.note_uses([(held[0].id, NOON_NS)])
    assert store.credentials_revision() == number + 1
    store.note_uses([(held[0].id, NOON_NS + 5), ("unknown", 1)])
    store.note_uses([])
    assert store.credentials_revision() == number + 1
    assert store.credentials("g-1")[0].last_used_at_ns == NOON_NS + 5
    store.note_uses([(held[0].id, NOON_NS + 4)])
    assert store.credentials("g-1")[0].last_used_at_ns == NOON_NS + 5


def test_a_change_on_top_of_what_somebody_else_changed_is_refused_whole(
    records: Records, held: list[GatewayCredential], open_again: Callable[[], Records]
) -> None:
    other = open_again()
    revoked = credentials.revoked(held, "g-1", "other", "stolen", NOON_NS + 1)
    other.credentials.put_credentials("g-1", held, revoked, "other", "gateway secret revoked")
    wanted = credentials.rotated(held, "g-1", "anjugw_two", "me", NOON_NS + 2, 60, until_used=True)
    with pytest.raises(Conflict, match="somebody else"):
        records.credentials.put_credentials("g-1", held, wanted, "me", "gateway secret rotated")
    assert records.credentials.credentials("g-1") == revoked


def test_a_use_noted_meanwhile_is_no_conflict_and_stays(
    records: Records, held: list[GatewayCredential]
) -> None:
    store = records.credentials
    store.note_uses([(held[0].id, NOON_NS + 7)])
    wanted = credentials.rotated(held, "g-1", "anjugw_two", "me", NOON_NS + 9, 60, until_used=True)
    store.put_credentials("g-1", held, wanted, "me", "gateway secret rotated")
    first, second = store.credentials("g-1")
    assert first.last_used_at_ns == NOON_NS + 7
    assert first.ends_at_ns == NOON_NS + 9 + 60 * 10**9
    assert second.last_used_at_ns is None


def test_a_secret_of_a_gateway_that_is_not_there_is_refused(records: Records) -> None:
    wanted = credentials.made([], "g-9", "anjugw_one", "me", NOON_NS)
    with pytest.raises(InvalidInput, match="no gateway 'g-9'"):
        records.credentials.put_credentials("g-9", [], wanted, "me", "gateway secret made")


def test_the_same_secret_twice_and_text_that_cannot_be_kept_are_refused(
    records: Records, held: list[GatewayCredential]
) -> None:
    records.register.put_gateway(Gateway("g-2", "g-2"), "test")
    same = credentials.made([], "g-2", "anjugw_one", "me", NOON_NS)
    with pytest.raises(Conflict):
        records.credentials.put_credentials("g-2", [], same, "me", "gateway secret made")
    bad = [replace(held[0], reason="a\x00b")]
    with pytest.raises(InvalidInput):
        records.credentials.put_credentials("g-1", held, bad, "me", "x")


def test_each_change_is_one_line_of_the_audit_in_the_same_transaction(
    records: Records, held: list[GatewayCredential]
) -> None:
    lines = records.audit.audit(Page(), object_id="g-1")
    assert [(line[1], line[2]) for line in lines] == [
        ("me", "gateway secret made"),
        ("test", "gateway added"),
    ]
    assert "anjugw_one" in lines[0][4]  # shorter than what is kept of a real one
    assert held[0].sha256 not in str(lines)
    assert records.audit.first_broken() is None
