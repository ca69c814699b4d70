"""Log-in, CSRF, headers, problems and the list of routes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.application import create_app, declared_permissions
from domain.clock import HOUR_NS
from domain.errors import StoreUnavailable
from tests.api_city import PASSWORD, City, make_city

ROUTES = Path(__file__).parent.parent / "contract" / "api_routes.txt"
SESSION = "/api/v1/session"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    yield made
    made.close()


def test_the_routes_and_their_permissions_are_those_written_down(city: City) -> None:
    lines = [
        f"{method:6} {path:64} {action or '(open)'}".rstrip()
        for path, method, action in declared_permissions(city.app)
    ]
    # after a wanted change: write these lines into the file
    assert lines == ROUTES.read_text().splitlines(), "\n".join(lines)


def test_the_document_is_openapi_3_1_and_names_permissions(city: City) -> None:
    document = city.client().get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "Anju"
    assert document["paths"]["/api/v1/alerts"]["get"]["x-permission"] == "alerts:read"
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(city: City) -> None:
    answer = city.client().post(SESSION, json={"name": "bureau", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"].lower()
    assert cookie.startswith("anju_session=")
    for part in ("httponly", "samesite=lax", "secure", "path=/", "max-age=43200"):
        assert part in cookie


def test_the_cookie_travels_without_tls_only_when_the_settings_say_so(city: City) -> None:
    app = create_app(replace(city.services, secure_cookies=False))
    client = TestClient(app, base_url="http://testserver")
    answer = client.post(SESSION, json={"name": "bureau", "password": PASSWORD})
    assert "secure" not in answer.headers["Set-Cookie"].lower()
    assert "Strict-Transport-Security" not in answer.headers
    assert client.get(SESSION).status_code == 200


def test_a_session_tells_who_asks_and_ends_with_the_log_out(city: City) -> None:
    browser = city.browser("near_inspector")
    me = browser.get(SESSION).json()
    assert (me["role"], me["session"]) == ("inspector", "cookie")
    assert me["scopes"] == [{"kind": "district", "value": "360102"}]
    assert me["csrf"] == browser.headers["X-CSRF-Token"]
    token = browser.cookies["anju_session"]
    assert browser.delete(SESSION).status_code == 204
    assert "anju_session" not in browser.cookies
    browser.cookies["anju_session"] = token
    assert browser.get(SESSION).status_code == 401


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é"])
def test_a_change_by_cookie_needs_the_sessions_own_csrf_token(
    city: City, token: str | None
) -> None:
    browser = city.browser("duty_officer")
    del browser.headers["X-CSRF-Token"]
    headers = {} if token is None else {"X-CSRF-Token": token.encode()}
    path = "/api/v1/alerts/l-near-crack/notes"
    answer = browser.post(path, json={"text": "forged"}, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "forged" not in browser.get("/api/v1/alerts/l-near-crack/events").text


def test_another_sessions_csrf_token_does_not_do(city: City) -> None:
    browser, other = city.browser("duty_officer"), city.browser("duty_officer")
    browser.headers["X-CSRF-Token"] = other.headers["X-CSRF-Token"]
    assert browser.delete(SESSION).status_code == 403


def test_a_key_needs_no_csrf_token_and_beats_a_cookie(city: City) -> None:
    browser = city.browser("administrator")
    del browser.headers["X-CSRF-Token"]
    browser.headers.update(city.client("duty_officer").headers)
    answer = browser.post("/api/v1/alerts/l-near-crack/notes", json={"text": "by key"})
    assert answer.status_code == 200
    assert browser.get(SESSION).json()["name"] == "duty-officer"
    browser.headers["Authorization"] = "Bearer nonsense"
    assert browser.get(SESSION).status_code == 401


def test_a_session_in_the_browser_does_not_stop_a_further_log_in(city: City) -> None:
    browser = city.browser("insurer")
    del browser.headers["X-CSRF-Token"]
    answer = browser.post(SESSION, json={"name": "bureau", "password": PASSWORD})
    assert answer.status_code == 201


def test_guessing_is_slowed_down_and_says_how_long(tmp_path: Path) -> None:
    city = make_city(tmp_path)
    client = city.client()
    wrong = {"name": "bureau", "password": "wrong"}
    answers = [client.post(SESSION, json=wrong) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].json()["type"] == "urn:anju:problem:too-many"
    city.wall.advance_to(city.wall.now_ns() + HOUR_NS)
    right = {"name": "bureau", "password": PASSWORD}
    assert client.post(SESSION, json=right).status_code == 201
    city.close()


def test_a_key_that_is_revoked_in_mid_use_is_refused_at_once(city: City) -> None:
    browser = city.browser("insurer")
    made = browser.post("/api/v1/keys", json={"name": "portfolio"}).json()
    client = city.client()
    client.headers["Authorization"] = f"Bearer {made['key']}"
    assert client.get("/api/v1/alerts").status_code == 200
    assert made["key"] not in browser.get("/api/v1/keys").text
    assert browser.delete(f"/api/v1/keys/{made['id']}").status_code == 204
    assert client.get("/api/v1/alerts").status_code == 401


def test_a_key_ends_when_it_was_said_to(city: City) -> None:
    browser = city.browser("insurer")
    body = {"name": "short", "expires_at": "2026-11-23T06:30:00Z"}
    key = browser.post("/api/v1/keys", json=body).json()["key"]
    client = city.client()
    client.headers["Authorization"] = f"Bearer {key}"
    assert client.get(SESSION).status_code == 200
    city.wall.advance_to(city.wall.now_ns() + HOUR_NS)
    assert client.get(SESSION).status_code == 401


def test_a_key_cannot_make_keys(city: City) -> None:
    assert city.client("administrator").post("/api/v1/keys", json={"name": "x"}).status_code == 403


def test_every_answer_carries_the_security_headers(city: City) -> None:
    client = city.client("administrator")
    for path in ("/api/v1/session", "/api/v1/nowhere", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert client.get("/api/v1/session").headers["Cache-Control"] == "no-store"


BUILDING = "/api/v1/buildings/b-new"
NOTE = "/api/v1/alerts/l-near-crack/notes"


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "kind"),
    [
        ("POST", NOTE, b"{", 400, "malformed"),
        ("POST", NOTE, b'{"text": "\xff"}', 400, "malformed"),
        ("POST", NOTE, b"[" * 100_000, 400, "malformed"),
        ("POST", NOTE, b"1" * 10_000, 400, "malformed"),
        ("POST", NOTE, b"", 422, "invalid"),
        ("POST", NOTE, b"{}", 422, "invalid"),
        ("POST", NOTE, b'{"text": "a\\u0000b"}', 422, "invalid"),
        ("POST", NOTE, b'{"text": "\\ud800"}', 422, "invalid"),
        ("POST", NOTE, b'{"text": "  "}', 422, "invalid"),
        ("POST", NOTE, b'{"text": 7}', 422, "invalid"),
        ("POST", NOTE, b'{"text": "a", "by": "me"}', 422, "invalid"),
        ("POST", NOTE, b'{"text": "' + b"a" * 2001 + b'"}', 422, "invalid"),
        ("POST", NOTE, b'{"text": "' + b"a" * 1_000_000 + b'"}', 413, "too-large"),
        ("GET", "/api/v1/alerts?limit=0", None, 422, "invalid"),
        ("GET", "/api/v1/alerts?limit=1001", None, 422, "invalid"),
        ("GET", "/api/v1/alerts?limit=1.0", None, 422, "invalid"),
        ("GET", "/api/v1/alerts?limit=" + "9" * 5000, None, 422, "invalid"),
        ("GET", "/api/v1/alerts?level_min=purple", None, 422, "invalid"),
        ("GET", "/api/v1/alerts?after=nowhere", None, 404, "not-found"),
        ("GET", "/api/v1/buildings?text=%00", None, 422, "invalid"),
        ("GET", "/api/v1/buildings/%00", None, 422, "invalid"),
        ("GET", "/api/v1/buildings/" + "a" * 65, None, 422, "invalid"),
        ("GET", "/api/v1/nowhere", None, 404, "not-found"),
        ("PATCH", "/api/v1/alerts", None, 405, "method-not-allowed"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_of_its_kind(
    city: City, method: str, path: str, content: bytes | None, status: int, kind: str
) -> None:
    client = city.client("administrator")
    headers = {"Content-Type": "application/json"}
    answer = client.request(method, path, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:anju:problem:{kind}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


def test_a_body_without_a_length_is_stopped_where_it_becomes_too_large(city: City) -> None:
    sent = 0

    def stream() -> Iterator[bytes]:
        nonlocal sent
        while sent < 50_000_000:
            sent += 100_000
            yield b" " * 100_000

    client = city.client("administrator")
    headers = {"Content-Type": "application/json"}
    answer = client.post(NOTE, content=stream(), headers=headers)
    assert answer.status_code == 413


def test_the_allow_header_names_all_methods_of_a_path(city: City) -> None:
    answer = city.client("administrator").post("/api/v1/buildings/b-near")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, PUT"


def test_a_refused_password_is_never_repeated(city: City) -> None:
    path = "/api/v1/users/u-inspector/password"
    answer = city.client("administrator").put(path, json={"password": "geheim"})
    assert answer.status_code == 422
    assert "geheim" not in answer.text
    assert answer.json()["errors"][0]["field"] == "body.password"


class Unreachable:
    """A store that cannot be reached."""

    def __getattr__(self, name: str) -> Any:
        def ask(*_: object, **__: object) -> None:
            raise StoreUnavailable("no connection to db.internal:5432")

        return ask


class Broken:
    """A store with a fault of its own."""

    def __getattr__(self, name: str) -> Any:
        def ask(*_: object, **__: object) -> None:
            raise RuntimeError("secret detail")

        return ask


def test_a_store_that_is_down_is_503_and_says_when_to_come_back(city: City) -> None:
    down: Any = Unreachable()
    client = city.client("administrator")
    app = create_app(replace(city.services, alerts=down))
    answer = TestClient(app, headers=client.headers).get("/api/v1/alerts")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "internal" not in answer.text


def test_records_that_are_down_are_503_also_while_the_caller_is_looked_up(city: City) -> None:
    down: Any = Unreachable()
    app = create_app(replace(city.services, identity=down))
    answer = TestClient(app, headers={"Authorization": "Bearer x"}).get("/api/v1/alerts")
    assert answer.status_code == 503
    assert TestClient(app).get("/api/v1/health/live").status_code == 200


def test_a_fault_of_ours_is_500_and_tells_nothing_else(city: City) -> None:
    broken: Any = Broken()
    client = city.client("administrator")
    app = create_app(replace(city.services, alerts=broken))
    answer = TestClient(app, headers=client.headers, raise_server_exceptions=False).get(
        "/api/v1/alerts"
    )
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "secret" not in answer.text
