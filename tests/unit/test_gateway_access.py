"""Who is let in, and how soon somebody is not any more."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.gateway_access import GatewayAccess
from app.provisioning import LocalProvisioning
from domain.clock import MINUTE_NS, SECOND_NS, VirtualClock
from domain.credentials import GatewayCredential
from domain.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from domain.ports import Page
from domain.sensors import Gateway
from storage.records import Records
from tests.fresh_records import fresh_records

NOW = 1_795_000_000 * SECOND_NS


@dataclass
class Office:
    records: Records
    clock: VirtualClock
    provisioning: LocalProvisioning

    def access(self) -> GatewayAccess:
        # the second between two looks is not what is tested here
        return GatewayAccess(
            self.records.credentials,
            self.records.register,
            self.clock,
            ("anju", "its password"),
            fresh_s=0.0,
        )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = VirtualClock(NOW)
    records = fresh_records(tmp_path / "records.db", clock=clock)
    for name in ("g-1", "g-2"):
        records.register.put_gateway(Gateway(name, name), "test")
    provisioning = LocalProvisioning(records.credentials, records.register, clock, "mqtt://b:1883")
    yield Office(records, clock, provisioning)
    records.close()


def test_a_secret_opens_its_own_gateway_only(office: Office) -> None:
    one, two = (office.provisioning.make(g, "me").secret for g in ("g-1", "g-2"))
    access = office.access()
    assert access.check("g-1", one) == Gateway("g-1", "g-1")
    for name, secret in [
        ("g-1", two),
        ("g-2", one),
        ("g-3", one),
        ("", one),
        ("g-1", ""),
        ("g-1", one + " "),
        ("g-1", one.upper()),
        ("g-1\x00", one),
        ("g-1", "\udcff"),
        ("g-1", "0" * 64),
    ]:
        assert access.check(name, secret) is None


def test_a_gateway_that_never_got_a_secret_is_not_let_in_with_any(office: Office) -> None:
    assert office.access().check("g-1", "") is None


def test_a_secret_has_160_random_bits_behind_a_mark(office: Office) -> None:
    secrets = {office.provisioning.make("g-1", "me").secret}
    secrets |= {office.provisioning.rotate("g-1", "me", 0).secret for _ in range(20)}
    assert len(secrets) == 21
    assert {(s[:7], len(s)) for s in secrets} == {("anjugw_", 7 + 160 // 5)}


def test_a_revoked_gateway_is_refused_and_its_connection_is_named(office: Office) -> None:
    secret = office.provisioning.make("g-1", "me").secret
    office.provisioning.make("g-2", "me")
    access = office.access()
    number, cut = access.revoked_since(0)
    assert cut == frozenset()
    office.provisioning.revoke("g-1", "me", "stolen")
    assert access.check("g-1", secret) is None
    later, cut = access.revoked_since(number)
    assert cut == {"g-1"}
    assert access.revoked_since(later) == (later, frozenset())
    assert not access.may("g-1", "publish", "anju/1/0/g-1/readings")


def test_a_gateway_that_is_closed_in_the_register_is_refused_too(office: Office) -> None:
    secret = office.provisioning.make("g-1", "me").secret
    access = office.access()
    assert access.check("g-1", secret)
    office.records.register.put_gateway(Gateway("g-1", "g-1", active=False, version=2), "me")
    assert access.check("g-1", secret) is None
    assert access.revoked_since(0)[1] == {"g-1"}
    with pytest.raises(InvalidInput, match="closed"):
        office.provisioning.rotate("g-1", "me", 0)


def test_the_end_of_an_overlap_cuts_the_connection_of_the_old_secret(office: Office) -> None:
    old = office.provisioning.make("g-1", "me").secret
    access = office.access()
    assert access.check("g-1", old)
    new = office.provisioning.rotate("g-1", "me", 60)
    assert new.old_until_ns == NOW + MINUTE_NS
    assert access.check("g-1", old)
    assert access.revoked_since(0)[1] == frozenset()
    office.clock.advance_to(NOW + MINUTE_NS)
    assert access.check("g-1", old) is None
    assert access.revoked_since(0)[1] == {"g-1"}
    assert access.check("g-1", new.secret)


def test_the_first_use_of_a_new_secret_ends_the_old_one_for_every_process(office: Office) -> None:
    old = office.provisioning.make("g-1", "me").secret
    new = office.provisioning.rotate("g-1", "me", 3600).secret
    here, elsewhere = office.access(), office.access()
    assert elsewhere.check("g-1", old)
    assert here.check("g-1", new)
    assert here.check("g-1", old) is None
    assert elsewhere.check("g-1", old) is None
    assert elsewhere.revoked_since(0)[1] == {"g-1"}


def test_uses_are_written_in_one_go_and_about_once_a_minute(office: Office) -> None:
    secret = office.provisioning.make("g-1", "me").secret
    access = office.access()
    for _ in range(5):
        access.check("g-1", secret)
    assert office.records.credentials.credentials("g-1")[0].last_used_at_ns is None
    assert access.write_uses() == 1
    assert office.records.credentials.credentials("g-1")[0].last_used_at_ns == NOW
    office.clock.advance_to(NOW + MINUTE_NS - 1)
    access.check("g-1", secret)
    assert access.write_uses() == 0
    office.clock.advance_to(NOW + MINUTE_NS)
    access.check("g-1", secret)
    assert access.write_uses() == 1


class AwayStore:
    """A store that somebody switches off."""

    def __init__(self, office: Office) -> None:
        self.inner, self.away = office.records.credentials, False

    def credentials(self, gateway_id: str | None = None) -> list[GatewayCredential]:
        return self._asked().credentials(gateway_id)

    def put_credentials(self, *args: object) -> None:
        self._asked().put_credentials(*args)  # type: ignore[arg-type]

    def note_uses(self, uses: object) -> None:
        self._asked().note_uses(uses)  # type: ignore[arg-type]

    def credentials_revision(self) -> int:
        return self._asked().credentials_revision()

    def _asked(self):  # type: ignore[no-untyped-def]
        if self.away:
            raise StoreUnavailable("the records are away")
        return self.inner


def test_while_the_records_are_away_known_gateways_go_on(office: Office) -> None:
    secret = office.provisioning.make("g-1", "me").secret
    store = AwayStore(office)
    access = GatewayAccess(store, office.records.register, office.clock, fresh_s=0.0)
    store.away = True
    with pytest.raises(StoreUnavailable):
        access.check("g-1", secret)
    store.away = False
    assert access.check("g-1", secret)
    store.away = True
    assert access.check("g-1", secret)
    with pytest.raises(StoreUnavailable):
        access.write_uses()
    with pytest.raises(StoreUnavailable):
        access.admitted(fresh=True)
    store.away = False
    assert access.write_uses() == 1


def test_two_who_rotate_at_once_do_not_both_hand_out(office: Office) -> None:
    office.provisioning.make("g-1", "me")
    store = office.records.credentials
    held = store.credentials("g-1")
    office.provisioning.rotate("g-1", "somebody", 60)
    with pytest.raises(Conflict):
        store.put_credentials("g-1", held, held[:0], "me", "gateway secret rotated")


def test_an_unknown_gateway_gets_no_secret(office: Office) -> None:
    with pytest.raises(NotFound):
        office.provisioning.make("g-9", "me")
    with pytest.raises(NotFound):
        office.provisioning.revoke("g-9", "me", "why")


def test_the_audit_tells_who_did_what_and_no_secret(office: Office) -> None:
    given = office.provisioning.make("g-1", "ann")
    again = office.provisioning.rotate("g-1", "ben", 60)
    office.provisioning.revoke("g-1", "cy", "stolen")
    lines = office.records.audit.audit(Page(), object_id="g-1")
    assert [(by, action) for _, by, action, _, _ in lines][:3] == [
        ("cy", "gateway secret revoked"),
        ("ben", "gateway secret rotated"),
        ("ann", "gateway secret made"),
    ]
    assert "stolen" in lines[0][4]
    whole = str(lines)
    for secret in (given.secret, again.secret):
        assert secret not in whole
        assert secret not in repr(given) + repr(again)
    assert office.records.audit.first_broken() is None


class Accounts:
    """A broker with accounts of its own, that somebody switches off."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.away = False

    def give(self, gateway: Gateway, secret: str, credential_id: str) -> None:
        if self.away:
            raise StoreUnavailable("the broker is away")
        self.secrets[gateway.id] = secret

    def take(self, gateway_id: str) -> None:
        if self.away:
            raise StoreUnavailable("the broker is away")
        self.secrets.pop(gateway_id)


def test_a_broker_with_accounts_of_its_own_is_told_or_nothing_is_handed_out(
    office: Office,
) -> None:
    accounts = Accounts()
    provisioning = LocalProvisioning(
        office.records.credentials, office.records.register, office.clock, "mqtt://b", accounts
    )
    accounts.away = True
    with pytest.raises(StoreUnavailable):
        provisioning.make("g-1", "me")
    assert provisioning.valid(provisioning.credentials("g-1")) == []
    accounts.away = False
    first = provisioning.make("g-1", "me")
    assert accounts.secrets == {"g-1": first.secret}
    accounts.away = True
    with pytest.raises(StoreUnavailable):
        provisioning.rotate("g-1", "me", 60)
    # what was valid before is valid again: the broker still knows it
    assert office.access().check("g-1", first.secret)
    accounts.away = False
    second = provisioning.rotate("g-1", "me", 60)
    assert second.old_until_ns is None
    assert office.access().check("g-1", first.secret) is None
    accounts.away = True
    provisioning.revoke("g-1", "me", "stolen")
    assert office.access().check("g-1", second.secret) is None


def test_ingest_itself_is_let_in_as_superuser_and_nobody_else(office: Office) -> None:
    office.provisioning.make("g-1", "me")
    access = office.access()
    assert access.admit("anju-ingest-0", "anju", "its password") == "superuser"
    assert access.admit("anju-ingest-0", "anju", "another") == ""
    assert access.may("anju", "subscribe", "anju/1/0/+/readings")
    without = GatewayAccess(office.records.credentials, office.records.register, office.clock)
    assert without.admit("", "", "") == ""
    assert not without.may("", "publish", "anju/1/0/g-1/readings")


def test_a_gateway_connects_under_its_own_client_id_only(office: Office) -> None:
    secret = office.provisioning.make("g-1", "me").secret
    access = office.access()
    assert access.admit("g-1", "g-1", secret) == "gateway"
    for client_id in ("g-2", "anju-ingest-0", ""):
        assert access.admit(client_id, "g-1", secret) == ""
