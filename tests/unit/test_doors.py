"""Who is let in at the device door, and who must log in anew."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.doors import ChangedGateways
from domain.errors import StoreUnavailable
from domain.sensors import Gateway
from ingest.door.doorkeeper import Admitted, RegisterKeeper, Turned
from ingest.door.packets import Reason
from tests.fresh_records import fresh_records

GATEWAYS = {
    "g-1": Gateway("g-1", "one"),
    "g-2": Gateway("g-2", "closed", active=False),
    "g-3": Gateway("g-3", "elsewhere", shard=1),
}


def check(gateway_id: str, secret: str) -> Gateway | None:
    return GATEWAYS.get(gateway_id) if secret == f"secret of {gateway_id}" else None


def keeper(**more: object) -> RegisterKeeper:
    return RegisterKeeper(GATEWAYS.get, check, frozenset, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("username", "password", "certificate", "reason"),
    [
        ("g-1", b"secret of g-1", "", None),
        ("g-1", b"secret of g-2", "", Reason.BAD_LOG_IN),
        ("g-1", b"", "", Reason.BAD_LOG_IN),
        ("g-1", b"\xff", "", Reason.BAD_LOG_IN),
        ("", b"secret of g-1", "", Reason.BAD_LOG_IN),
        ("g-9", b"secret of g-9", "", Reason.BAD_LOG_IN),
        ("g-2", b"secret of g-2", "", Reason.NOT_AUTHORIZED),
        ("g-3", b"secret of g-3", "", Reason.NOT_AUTHORIZED),
        ("", b"", "g-1", None),
        ("g-1", b"", "g-1", None),
        ("g-2", b"secret of g-2", "g-1", Reason.BAD_LOG_IN),
        ("", b"", "g-2", Reason.NOT_AUTHORIZED),
        ("", b"", "g-9", Reason.BAD_LOG_IN),
    ],
)
def test_a_gateway_is_let_in_by_its_secret_or_certificate(
    username: str, password: bytes, certificate: str, reason: Reason | None
) -> None:
    verdict = keeper().admit("any", username, password, certificate)
    if reason is None:
        assert verdict == Admitted("g-1", 0)
    else:
        assert isinstance(verdict, Turned)
        assert verdict.reason is reason
        assert "secret" not in verdict.why


def test_an_open_door_asks_for_no_secret_but_for_a_registered_gateway() -> None:
    open_door = keeper(open_to_all=True)
    assert open_door.admit("any", "g-1", b"", "") == Admitted("g-1", 0)
    assert isinstance(open_door.admit("any", "g-9", b"", ""), Turned)
    assert isinstance(open_door.admit("any", "g-2", b"", ""), Turned)


def test_without_secrets_a_closed_door_lets_nobody_in() -> None:
    nobody = RegisterKeeper(GATEWAYS.get, None, frozenset)
    verdict = nobody.admit("any", "g-1", b"", "")
    assert isinstance(verdict, Turned)
    assert verdict.reason is Reason.NOT_AUTHORIZED


def test_while_the_records_are_away_gateways_are_told_to_come_again() -> None:
    def away(gateway_id: str) -> Gateway | None:
        raise StoreUnavailable("records must answer, got nothing")

    verdict = RegisterKeeper(away, None, frozenset, open_to_all=True).admit("c", "g-1", b"", "")
    assert isinstance(verdict, Turned)
    assert verdict.reason is Reason.UNAVAILABLE


def test_a_changed_record_or_secret_is_told_once(tmp_path: Path) -> None:
    records = fresh_records(tmp_path / "records.db")
    try:
        register = records.register
        register.put_gateway(GATEWAYS["g-1"], "test")
        register.put_gateway(Gateway("g-4", "other"), "test")
        lost = {0: (1, frozenset[str]()), 1: (2, frozenset({"g-4"})), 2: (2, frozenset[str]())}
        changed = ChangedGateways(register, lost.__getitem__)
        assert changed() == frozenset()
        assert changed() == {"g-4"}
        assert changed() == frozenset()
        register.put_gateway(replace(GATEWAYS["g-1"], active=False, version=2), "test")
        assert changed() == {"g-1"}
        assert changed() == frozenset()
    finally:
        records.close()
