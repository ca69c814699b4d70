"""Log-ins, sessions and keys of local users, on the records database in a file."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from app.identity import LocalIdentity
from app.throttle import Throttle
from domain.access import Role, Scope, ScopeKind, User
from domain.clock import HOUR_NS, SECOND_NS, VirtualClock
from domain.errors import Forbidden, NotFound, TooManyAttempts
from storage.records.access import RecordsAccess
from tests.fresh_records import fresh_records

NOW_NS = 1_800_000_000 * SECOND_NS
PASSWORD = "correct horse battery"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class CountingHasher(PasswordHasher):
    """Counts the slow checks."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002
        self.verified += 1
        return super().verify(hash, password)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identity")


@pytest.fixture(scope="module")
def access(folder: Path) -> Iterator[RecordsAccess]:
    records = fresh_records(folder / "records.db")
    yield records.access
    records.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW_NS)


@pytest.fixture
def identity(access: RecordsAccess, clock: VirtualClock) -> LocalIdentity:
    made = LocalIdentity(access, clock, hasher=HASHER)
    for user in access.users():
        for key in access.api_keys(user.id):
            access.put_api_key(replace(key, revoked_at_ns=1), "test")
    access.put_user(_user(made.hash_password(PASSWORD)), "test")
    return made


def _user(password_hash: str) -> User:
    return User("u-1", "duty", "值班员", Role.DUTY_OFFICER, (Scope(ScopeKind.CITY),), password_hash)


def _fail(identity: LocalIdentity, times: int, name: str = "duty", address: str = "a") -> None:
    for _ in range(times):
        with pytest.raises(Forbidden):
            identity.log_in(name, "wrong", address)


def test_the_right_password_opens_a_session(identity: LocalIdentity) -> None:
    token, session = identity.log_in("duty", PASSWORD, "a")
    found = identity.caller_of_session(token)
    assert found is not None
    caller, again = found
    assert (caller.user_id, caller.role, again) == ("u-1", Role.DUTY_OFFICER, session)
    assert len(token) >= 43
    assert token not in repr(session)


def test_only_hashes_of_tokens_and_keys_are_kept(
    identity: LocalIdentity, access: RecordsAccess, folder: Path
) -> None:
    token, _ = identity.log_in("duty", PASSWORD, "a")
    key, _ = identity.make_key("u-1", "test", "test")
    kept = b"".join(path.read_bytes() for path in folder.iterdir())
    assert key[:11].encode() in kept
    for secret in (token, key, PASSWORD):
        assert secret.encode() not in kept


def test_two_sessions_have_other_tokens_and_csrf_tokens(identity: LocalIdentity) -> None:
    (token_1, session_1), (token_2, session_2) = (
        identity.log_in("duty", PASSWORD, "a") for _ in range(2)
    )
    assert token_1 != token_2
    assert session_1.csrf != session_2.csrf


@pytest.mark.parametrize("name", ["duty", "nobody", "dut\0y", "", "值班"])
def test_a_wrong_name_or_password_is_refused_in_one_text(
    identity: LocalIdentity, name: str
) -> None:
    with pytest.raises(Forbidden, match="name or password is wrong, or the account is closed"):
        identity.log_in(name, "wrong", "a")


def test_a_closed_account_and_one_without_password_cannot_log_in(
    identity: LocalIdentity, access: RecordsAccess
) -> None:
    hashed = identity.hash_password(PASSWORD)
    for user in (replace(_user(hashed), active=False), _user("")):
        access.put_user(user, "test")
        for password in (PASSWORD, ""):
            with pytest.raises(Forbidden):
                identity.log_in("duty", password, "a")


def test_the_slow_check_is_made_whether_the_user_exists_or_not(
    access: RecordsAccess, clock: VirtualClock
) -> None:
    hasher = CountingHasher()
    identity = LocalIdentity(access, clock, hasher=hasher)
    access.put_user(_user(identity.hash_password(PASSWORD)), "test")
    counts = []
    for name in ("duty", "nobody"):
        before = hasher.verified
        _fail(identity, 1, name)
        counts.append(hasher.verified - before)
    assert counts == [1, 1]


def test_a_hash_says_argon2id_and_salts(identity: LocalIdentity) -> None:
    first, second = (identity.hash_password(PASSWORD) for _ in range(2))
    assert first.startswith("$argon2id$")
    assert first != second


def test_the_default_costs_are_at_least_those_of_rfc_9106() -> None:
    hashed = PasswordHasher().hash("x")
    assert "m=65536,t=3,p=4" in hashed


def test_a_password_counts_the_same_from_another_keyboard(
    identity: LocalIdentity, access: RecordsAccess
) -> None:
    access.put_user(_user(identity.hash_password("Caf\u00e9 am Fluss")), "test")
    identity.log_in("duty", "Cafe\u0301 am Fluss", "a")


def test_a_session_ends_after_its_hours(access: RecordsAccess, clock: VirtualClock) -> None:
    identity = LocalIdentity(access, clock, session_hours=2.0, hasher=HASHER)
    access.put_user(_user(identity.hash_password(PASSWORD)), "test")
    token, _ = identity.log_in("duty", PASSWORD, "a")
    clock.advance_to(NOW_NS + 2 * HOUR_NS - 1)
    assert identity.caller_of_session(token) is not None
    clock.advance_to(NOW_NS + 2 * HOUR_NS)
    assert identity.caller_of_session(token) is None


def test_a_log_out_ends_its_own_session_only(identity: LocalIdentity) -> None:
    token, _ = identity.log_in("duty", PASSWORD, "a")
    other, _ = identity.log_in("duty", PASSWORD, "a")
    identity.log_out(token)
    assert identity.caller_of_session(token) is None
    assert identity.caller_of_session(other) is not None


def test_a_new_password_ends_older_sessions(identity: LocalIdentity, access: RecordsAccess) -> None:
    token, _ = identity.log_in("duty", PASSWORD, "a")
    access.put_user(_user(identity.hash_password(PASSWORD + "!")), "test")
    assert identity.caller_of_session(token) is None


def test_role_and_scopes_count_from_the_next_request(
    identity: LocalIdentity, access: RecordsAccess
) -> None:
    token, _ = identity.log_in("duty", PASSWORD, "a")
    key, _ = identity.make_key("u-1", "test", "test")
    user = access.user("u-1")
    assert user is not None
    scopes = (Scope(ScopeKind.DISTRICT, "360102"),)
    access.put_user(replace(user, role=Role.INSURER, scopes=scopes), "test")
    found = identity.caller_of_session(token)
    assert found is not None
    for caller in (found[0], identity.caller_of_key(key)):
        assert caller is not None
        assert (caller.role, caller.scopes) == (Role.INSURER, scopes)


def test_a_closed_account_has_neither_session_nor_key(
    identity: LocalIdentity, access: RecordsAccess
) -> None:
    token, _ = identity.log_in("duty", PASSWORD, "a")
    key, _ = identity.make_key("u-1", "test", "test")
    user = access.user("u-1")
    assert user is not None
    access.put_user(replace(user, active=False), "test")
    assert identity.caller_of_session(token) is None
    assert identity.caller_of_key(key) is None


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "a" * 10_000])
def test_what_is_no_token_or_key_is_nobody(identity: LocalIdentity, token: str) -> None:
    assert identity.caller_of_session(token) is None
    assert identity.caller_of_key(token) is None
    assert identity.caller_of_key("anju_" + token) is None


def test_a_key_has_160_bits_and_is_known_by_its_hash(identity: LocalIdentity) -> None:
    text, key = identity.make_key("u-1", "meter", "boss")
    assert text.startswith("anju_")
    assert len(text) == 5 + 32
    assert text.startswith(key.prefix)
    assert len(key.prefix) < 12
    caller = identity.caller_of_key(text)
    assert caller is not None
    assert caller.user_id == "u-1"


def test_a_revoked_key_is_refused_at_once_and_stays_revoked(
    identity: LocalIdentity, access: RecordsAccess, clock: VirtualClock
) -> None:
    text, key = identity.make_key("u-1", "meter", "boss")
    identity.revoke_key("u-1", key.id, "boss")
    assert identity.caller_of_key(text) is None
    clock.advance_to(NOW_NS + HOUR_NS)
    identity.revoke_key("u-1", key.id, "boss")
    kept = next(each for each in access.api_keys("u-1") if each.id == key.id)
    assert kept.revoked_at_ns == NOW_NS


def test_a_key_ends_at_its_moment(identity: LocalIdentity, clock: VirtualClock) -> None:
    text, _ = identity.make_key("u-1", "meter", "boss", NOW_NS + HOUR_NS)
    clock.advance_to(NOW_NS + HOUR_NS - 1)
    assert identity.caller_of_key(text) is not None
    clock.advance_to(NOW_NS + HOUR_NS)
    assert identity.caller_of_key(text) is None


def test_somebody_elses_key_and_a_missing_user_are_not_found(identity: LocalIdentity) -> None:
    _, key = identity.make_key("u-1", "meter", "boss")
    with pytest.raises(NotFound):
        identity.revoke_key("u-2", key.id, "boss")
    with pytest.raises(NotFound):
        identity.make_key("u-none", "meter", "boss")


def test_waits_grow_with_each_failure(identity: LocalIdentity, clock: VirtualClock) -> None:
    _fail(identity, 5)
    waits = []
    for _ in range(4):
        with pytest.raises(TooManyAttempts) as caught:
            identity.log_in("duty", PASSWORD, "a")
        waits.append(caught.value.retry_after_s)
        clock.advance_to(clock.now_ns() + int(caught.value.retry_after_s * SECOND_NS))
        _fail(identity, 1)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_the_right_password_after_the_wait_forgets_the_failures(
    identity: LocalIdentity, clock: VirtualClock
) -> None:
    _fail(identity, 5)
    clock.advance_to(clock.now_ns() + SECOND_NS)
    identity.log_in("duty", PASSWORD, "a")
    _fail(identity, 4)
    identity.log_in("duty", PASSWORD, "a")


def test_unknown_names_are_slowed_down_like_known_ones(identity: LocalIdentity) -> None:
    _fail(identity, 5, "nobody")
    with pytest.raises(TooManyAttempts):
        identity.log_in("nobody", "wrong", "a")


def test_one_address_that_tries_many_names_is_slowed_down(identity: LocalIdentity) -> None:
    for number in range(20):
        _fail(identity, 1, f"name-{number}", "203.0.113.9")
    with pytest.raises(TooManyAttempts):
        identity.log_in("duty", PASSWORD, "203.0.113.9")
    identity.log_in("duty", PASSWORD, "203.0.113.10")


def test_an_own_account_does_not_wipe_the_failures_of_an_address(
    identity: LocalIdentity,
) -> None:
    for number in range(19):
        _fail(identity, 1, f"name-{number}", "203.0.113.9")
    identity.log_in("duty", PASSWORD, "203.0.113.9")
    _fail(identity, 1, "name-19", "203.0.113.9")
    with pytest.raises(TooManyAttempts):
        identity.log_in("duty", PASSWORD, "203.0.113.9")


def test_tries_at_the_same_moment_do_not_slip_past_the_throttle() -> None:
    throttle = Throttle(VirtualClock(NOW_NS), free=5, wait_s_max=60.0)
    let_through: list[int] = []
    start = threading.Barrier(20)

    def knock(number: int) -> None:
        start.wait()
        try:
            throttle.attempt("duty")
        except TooManyAttempts:
            return
        let_through.append(number)

    threads = [threading.Thread(target=knock, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_through) == 5


def test_the_longest_wait_has_an_end_and_failures_are_forgotten() -> None:
    clock = VirtualClock(NOW_NS)
    throttle = Throttle(clock, free=1, wait_s_max=60.0, forget_s=3600.0)
    for _ in range(80):
        throttle.attempt("duty")
        clock.advance_to(clock.now_ns() + 60 * SECOND_NS)
    throttle.attempt("duty")
    with pytest.raises(TooManyAttempts):
        throttle.attempt("duty")
    clock.advance_to(clock.now_ns() + HOUR_NS)
    throttle.attempt("duty")
    with pytest.raises(TooManyAttempts) as caught:
        throttle.attempt("duty")
    assert caught.value.retry_after_s == 1.0


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    throttle = Throttle(VirtualClock(NOW_NS), free=1, wait_s_max=60.0, names_max=100)
    for number in range(1000):
        throttle.attempt(f"name-{number}")
    assert len(throttle._tries) == 100
