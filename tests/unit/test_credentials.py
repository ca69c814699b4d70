"""The rules on gateways' secrets and topics."""

from dataclasses import replace

import pytest

from domain import credentials
from domain.clock import SECOND_NS
from domain.credentials import (
    GatewayCredential,
    check_gateway_id,
    hash_of,
    may_publish,
    may_subscribe,
    valid,
)
from domain.errors import Conflict, InvalidInput, NotFound
from domain.sensors import Gateway

NOW = 1_795_000_000 * SECOND_NS
DAY_S = 86_400
G7 = Gateway("g-7", "roof", shard=3)


def first() -> list[GatewayCredential]:
    return credentials.made([], "g-7", "anjugw_one", "me", NOW)


def rotate(
    held: list[GatewayCredential], secret: str, at: int, overlap_s: int = DAY_S, used: bool = True
) -> list[GatewayCredential]:
    return credentials.rotated(held, "g-7", secret, "me", at, overlap_s, until_used=used)


def use(held: list[GatewayCredential], secret: str, at: int) -> list[GatewayCredential]:
    return [replace(c, last_used_at_ns=at) if c.sha256 == hash_of(secret) else c for c in held]


def opened_by(held: list[GatewayCredential], at: int) -> set[str]:
    names = {hash_of(f"anjugw_{n}"): n for n in ("one", "two", "three")}
    return {names[c.sha256] for c in valid(held, at)}


def test_a_secret_is_kept_as_its_hash_with_a_prefix_and_never_shown() -> None:
    (one,) = credentials.made([], "g-7", "anjugw_abcdefghijk", "me", NOW)
    assert one.sha256 == hash_of("anjugw_abcdefghijk")
    assert one.prefix == "anjugw_abcdef"
    assert one.sha256 not in repr(one)
    assert "ghijk" not in repr(one)


def test_a_second_first_secret_is_refused_until_the_one_before_is_revoked() -> None:
    held = first()
    with pytest.raises(Conflict):
        credentials.made(held, "g-7", "anjugw_two", "me", NOW)
    held = credentials.revoked(held, "g-7", "me", "stolen", NOW)
    held = credentials.made(held, "g-7", "anjugw_two", "me", NOW + 1)
    assert opened_by(held, NOW + 2) == {"two"}


def test_after_a_rotation_both_are_valid_to_the_end_of_the_overlap() -> None:
    held = rotate(first(), "anjugw_two", NOW + 1, 60)
    end = NOW + 1 + 60 * SECOND_NS
    assert opened_by(held, end - 1) == {"one", "two"}
    assert opened_by(held, end) == {"two"}


def test_the_old_one_ends_when_the_new_one_is_first_used_if_that_was_asked_for() -> None:
    for until_used, left in ((True, {"two"}), (False, {"one", "two"})):
        held = rotate(first(), "anjugw_two", NOW + 1, used=until_used)
        held = use(held, "anjugw_two", NOW + 2)
        assert opened_by(held, NOW + 3) == left


def test_no_overlap_ends_the_old_one_at_once() -> None:
    assert opened_by(rotate(first(), "anjugw_two", NOW + 1, 0), NOW + 1) == {"two"}


def test_at_most_two_are_valid_and_the_one_in_use_goes_on() -> None:
    held = use(first(), "anjugw_one", NOW)
    held = rotate(held, "anjugw_two", NOW + 1)
    # the sheet with the second was lost: nobody ever used it
    held = rotate(held, "anjugw_three", NOW + 2)
    assert opened_by(held, NOW + 3) == {"one", "three"}


def test_an_overlap_must_be_one() -> None:
    for bad in (-1, 90 * DAY_S + 1):
        with pytest.raises(InvalidInput, match="overlap_s must be 0 to"):
            rotate(first(), "anjugw_two", NOW, bad)


def test_what_is_revoked_stays_revoked_and_is_not_replaced() -> None:
    held = rotate(first(), "anjugw_two", NOW + 1)
    held = credentials.revoked(held, "g-7", "me", " stolen ", NOW + 2)
    assert opened_by(held, NOW + 2) == set()
    assert {c.reason for c in held} == {"stolen"}
    with pytest.raises(NotFound):
        rotate(held, "anjugw_three", NOW + 3)
    with pytest.raises(NotFound):
        credentials.revoked(held, "g-7", "me", "again", NOW + 3)


def test_a_revocation_needs_a_reason() -> None:
    with pytest.raises(InvalidInput, match="reason"):
        credentials.revoked(first(), "g-7", "me", "  ", NOW)


@pytest.mark.parametrize(
    "name", ["", "a/b", "+", "#", "a b", "-a", "a" * 65, "房", "$SYS", "a\x00"]
)
def test_an_id_that_is_no_level_of_a_topic_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="gateway id"):
        check_gateway_id(name)


@pytest.mark.parametrize(
    "topic", ["readings", "readings/cbor", "senml", "dzt", "wave", "status", "what/ever/later"]
)
def test_a_gateway_publishes_under_its_own_base(topic: str) -> None:
    assert may_publish(G7, f"anju/1/3/g-7/{topic}")


@pytest.mark.parametrize(
    "topic",
    [
        "anju/1/3/g-8/readings",
        "anju/1/3/g-77/readings",
        "anju/1/0/g-7/readings",
        "anju/1/03/g-7/readings",
        "anju/2/3/g-7/readings",
        "anju/1/3/g-7",
        "anju/1/3/g-7/",
        "anju/1/3/g-7//readings",
        "anju/1/3/g-7/receipt",
        "anju/1/3/g-7/receipt/x",
        "anju/1/3/g-7/config",
        "anju/1/3/g-7/+",
        "anju/1/3/g-7/#",
        "anju/1/3/+/readings",
        "ANJU/1/3/g-7/readings",
        "/anju/1/3/g-7/readings",
        "$CONTROL/dynamic-security/v1",
        "$SYS/broker/uptime",
        "anju/1/3/g-7/read\x00ings",
        "",
    ],
)
def test_a_gateway_publishes_nowhere_else(topic: str) -> None:
    assert not may_publish(G7, topic)


@pytest.mark.parametrize("what", ["receipt", "config"])
def test_a_gateway_reads_what_anju_tells_it(what: str) -> None:
    assert may_subscribe(G7, f"anju/1/3/g-7/{what}")


@pytest.mark.parametrize(
    "filter_",
    [
        "#",
        "+/#",
        "anju/#",
        "anju/1/3/+/receipt",
        "anju/1/3/g-7/#",
        "anju/1/3/g-7/+",
        "anju/1/3/g-8/receipt",
        "$share/x/anju/1/3/g-7/receipt",
        "anju/1/3/g-7/readings",
        "$SYS/#",
        "$CONTROL/#",
        "",
    ],
)
def test_a_gateway_reads_nothing_else(filter_: str) -> None:
    assert not may_subscribe(G7, filter_)
