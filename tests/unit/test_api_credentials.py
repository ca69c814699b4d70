"""Secrets over the API: shown once, to those who may, and brokers' questions about them."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.sensors import Gateway, Sensor
from tests.api_city import City, make_city

NEAR = "/api/v1/gateways/g-near/credential"
FAR = "/api/v1/gateways/g-far/credential"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    yield made
    made.close()


def broker(city: City) -> Any:
    """Open a client that is a broker."""
    return city.client("broker")


def test_a_secret_is_answered_once_with_all_that_the_gateway_needs(city: City) -> None:
    admin = city.client("administrator")
    answer = admin.post(NEAR)
    assert answer.status_code == 201
    given = answer.json()
    assert given["gateway_id"] == "g-near"
    assert given["base"] == "anju/1/0/g-near"
    assert given["url"] == "mqtts://mqtt.example.org:8883"
    assert given["old_valid_until"] is None
    assert given["text"].splitlines() == [
        "GATEWAY_URL=mqtts://mqtt.example.org:8883",
        "GATEWAY_ID=g-near",
        f"GATEWAY_SECRET={given['secret']}",
        "GATEWAY_BASE=anju/1/0/g-near",
    ]
    assert given["qr_svg"].startswith("<svg")
    assert base64.b64decode(given["qr_png"])[:8] == b"\x89PNG\r\n\x1a\n"
    (state,) = admin.get(NEAR).json()
    assert state["valid"] is True
    assert state["made_by"] == "administrator"
    assert given["secret"].startswith(state["prefix"])
    everything = json.dumps([admin.get(NEAR).json(), admin.get("/api/v1/gateways").json()])
    assert given["secret"] not in everything


def test_the_qr_code_holds_the_text(city: City) -> None:
    import segno

    given = city.client("administrator").post(NEAR).json()
    out = io.BytesIO()
    segno.make(given["text"], error="m", micro=False).save(out, kind="png", scale=6, border=4)
    assert base64.b64decode(given["qr_png"]) == out.getvalue()


def test_making_twice_is_a_conflict_and_rotating_hands_out_a_new_one(city: City) -> None:
    admin = city.client("administrator")
    assert admin.post(f"{NEAR}/rotate", json={}).status_code == 404
    first = admin.post(NEAR).json()["secret"]
    assert admin.post(NEAR).status_code == 409
    second = admin.post(f"{NEAR}/rotate", json={"overlap_s": 3600}).json()
    assert second["secret"] != first
    assert second["old_valid_until"] == "2026-11-23T07:00:00Z"
    assert [c["valid"] for c in admin.get(NEAR).json()] == [True, True]
    for bad in (-1, 1e9, "60", True, None, 0.5):
        assert admin.post(f"{NEAR}/rotate", json={"overlap_s": bad}).status_code == 422


def test_revoking_needs_a_reason_and_ends_everything(city: City) -> None:
    admin = city.client("administrator")
    admin.post(NEAR)
    for bad in ({}, {"reason": " "}, {"reason": None}):
        assert admin.post(f"{NEAR}/revoke", json=bad).status_code == 422
    assert admin.post(f"{NEAR}/revoke", json={"reason": "stolen"}).status_code == 204
    assert admin.post(f"{NEAR}/revoke", json={"reason": "stolen"}).status_code == 404
    (state,) = admin.get(NEAR).json()
    assert (state["valid"], state["revoked_by"], state["reason"]) == (
        False,
        "administrator",
        "stolen",
    )


ROUTES = [("GET", ""), ("POST", ""), ("POST", "/rotate"), ("POST", "/revoke")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_administrators_and_operators_of_the_place_may(
    city: City, method: str, path: str
) -> None:
    body = None if method == "GET" or not path else {"reason": "x"} if "revoke" in path else {}
    for user in ("duty_officer", "inspector", "insurer", "bureau"):
        assert city.client(user).request(method, NEAR + path, json=body).status_code == 403
    assert city.client().request(method, NEAR + path, json=body).status_code == 401
    foreign = city.client("near_administrator").request(method, FAR + path, json=body)
    assert foreign.status_code == 404
    assert city.records.credentials.credentials() == []


def test_a_gateway_that_also_serves_others_is_not_a_districts_own(city: City) -> None:
    city.records.register.put_sensor(Sensor("s-both", "b-far", "g-near", "T9", "tilt"), "test")
    assert city.client("near_administrator").post(NEAR).status_code == 403
    assert city.client("operator").post(NEAR).status_code == 201


def test_no_secret_reaches_a_log(city: City) -> None:
    with capture_logs() as lines:
        admin = city.client("administrator")
        secrets = [admin.post(NEAR).json()["secret"]]
        secrets.append(admin.post(f"{NEAR}/rotate", json={}).json()["secret"])
        asks = broker(city)
        for secret in secrets:
            asks.post(
                "/api/v1/mqtt/auth",
                json={"clientid": "g-near", "username": "g-near", "password": secret},
            )
        admin.post(f"{NEAR}/revoke", json={"reason": "stolen"})
    assert lines
    assert not any(secret in str(lines) for secret in secrets)
    dump = (Path(city.records.database.url.database or "")).read_bytes()
    assert not any(secret.encode() in dump for secret in secrets)


def log_in(city: City, gateway: str = "g-near") -> dict[str, str]:
    secret = city.client("administrator").post(f"/api/v1/gateways/{gateway}/credential").json()
    return {"clientid": gateway, "username": gateway, "password": secret["secret"]}


def test_emqx_is_told_who_may_connect(city: City) -> None:
    good = log_in(city)
    asks = broker(city)

    def answer(**changes: object) -> dict[str, object]:
        found = asks.post("/api/v1/mqtt/auth", json={**good, **changes})
        assert found.status_code == 200
        return dict(found.json())

    assert answer() == {"result": "allow", "is_superuser": False}
    for change in (
        {"password": "x"},
        {"password": None},
        {"password": {}},
        {"username": "g-far"},
        {"username": "undefined"},
        {"clientid": "g-far"},
        {"clientid": "anju-ingest-0"},
    ):
        assert answer(**change)["result"] == "deny"
    own = {"clientid": "anju-ingest-0", "username": "anju-ingest", "password": "ingest-password"}
    assert asks.post("/api/v1/mqtt/auth", json=own).json() == {
        "result": "allow",
        "is_superuser": True,
    }


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b"\xff", b"[" * 50_000, b'{"username":["g-near"]}', b"null"]
)
def test_a_question_that_cannot_be_read_is_answered_with_no_never_with_an_error(
    city: City, body: bytes
) -> None:
    asks = broker(city)
    for path in ("auth", "acl"):
        answer = asks.post(
            f"/api/v1/mqtt/{path}", content=body, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["result"]) == (200, "deny")
    assert asks.post("/api/v1/mqtt/status/user", content=body).status_code == 403


def test_emqx_is_told_what_a_client_may_do_until_it_is_revoked(city: City) -> None:
    log_in(city)
    asks = broker(city)

    def answer(action: str, topic: str, username: str = "g-near") -> str:
        question = {"username": username, "action": action, "topic": topic}
        return str(asks.post("/api/v1/mqtt/acl", json=question).json()["result"])

    base = "anju/1/0/g-near"
    assert answer("publish", f"{base}/readings") == "allow"
    assert answer("subscribe", f"{base}/receipt") == "allow"
    assert answer("publish", "anju/1/0/g-far/readings") == "deny"
    assert answer("subscribe", "#") == "deny"
    assert answer("subscribe", "anju/1/#", "anju-ingest") == "allow"
    assert answer("both", f"{base}/readings") == "deny"
    assert answer("publish", "anju/1/0/g-far/readings", "g-far") == "deny"  # it has no secret
    city.client("administrator").post(f"{NEAR}/revoke", json={"reason": "stolen"})
    access = city.services.admission
    access._looked_at = float("-inf")  # type: ignore[attr-defined]
    assert answer("publish", f"{base}/readings") == "deny"


def test_brokers_that_read_the_status_only(city: City) -> None:
    good = log_in(city)
    asks = broker(city)

    def status(path: str, **fields: object) -> int:
        form = asks.post(f"/api/v1/mqtt/status/{path}", data=fields)
        body = asks.post(f"/api/v1/mqtt/status/{path}", json=fields)
        assert form.status_code == body.status_code
        assert (form.text == "ok") == (form.status_code == 200)
        return int(form.status_code)

    assert status("user", **good) == 200
    assert status("user", **{**good, "password": "x"}) == 403
    assert status("superuser", username="g-near") == 403
    assert status("superuser", username="anju-ingest") == 200
    for acc, topic, expected in [
        (2, "readings", 200),
        (1, "receipt", 200),
        (4, "receipt", 200),
        (3, "receipt", 403),
        (1, "readings", 403),
        (2, "receipt", 403),
        (9, "readings", 403),
    ]:
        fields = {"username": "g-near", "clientid": "g-near", "acc": acc}
        assert status("acl", **fields, topic=f"anju/1/0/g-near/{topic}") == expected
        assert status("acl", **fields, topic=f"anju/1/0/g-far/{topic}") == 403


def test_only_a_broker_may_ask(city: City) -> None:
    log_in(city)
    for user, expected in ((None, 401), ("administrator", 403), ("operator", 403)):
        for path in ("auth", "acl", "status/user", "status/superuser", "status/acl"):
            assert city.client(user).post(f"/api/v1/mqtt/{path}", json={}).status_code == expected
    asks = broker(city)
    for path in ("gateways", "buildings", "alerts"):
        assert asks.get(f"/api/v1/{path}").status_code == 403


def test_a_brokers_key_may_come_as_the_password_of_basic_but_only_there(city: City) -> None:
    good = log_in(city)
    key, _ = city.identity.make_key("u-broker", "go-auth", "test")
    client = city.client()
    assert client.post("/api/v1/mqtt/auth", json=good, auth=("anju", key)).json()["result"] == (
        "allow"
    )
    assert client.post("/api/v1/mqtt/auth", json=good, auth=("anju", "x")).status_code == 401
    bad = {"Authorization": "Basic %%%"}
    assert client.post("/api/v1/mqtt/auth", json=good, headers=bad).status_code == 401
    admin_key, _ = city.identity.make_key("u-administrator", "x", "test")
    assert client.get("/api/v1/gateways", auth=("anju", admin_key)).status_code == 401


def test_the_old_gateway_record_still_shows_no_hash(city: City) -> None:
    city.records.register.put_gateway(Gateway("g-x", "x", secret_sha256="5" * 64), "test")
    assert "5" * 64 not in city.client("administrator").get("/api/v1/gateways").text
