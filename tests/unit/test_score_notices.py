"""Which addresses may be registered for scores; how webhooks are kept through the API."""

from collections.abc import Iterator

import pytest

from domain.score_notices import is_public, url_fault
from tests.api_city import NOW_NS, City, make_city

API = "/api/v1/webhooks"
BODY = {"name": "claims", "url": "https://example.com/in", "secret": "s" * 24}


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/in",
        "ftp://example.com/in",
        "https:///in",
        "https://example.com:0/in",
        "https://example.com:99999/in",
        "https://user:pass@example.com/in",
        "https://exa mple.com/in",
        "https://例子.测试/in",
        "https://localhost/in",
        "https://a.localhost./in",
        "https://printer.local/in",
        "https://db.internal/in",
        "https://intranet/in",
        "https://127.0.0.1/in",
        "https://127.1/in",
        "https://2130706433/in",
        "https://0x7f000001/in",
        "https://10.1.2.3/in",
        "https://169.254.169.254/latest",
        "https://192.168.0.1/in",
        "https://100.64.0.1/in",
        "https://0.0.0.0/in",
        "https://224.0.0.1/in",
        "https://[::1]/in",
        "https://[fd00::1]/in",
        "https://[fe80::1]/in",
        "https://[::ffff:127.0.0.1]/in",
        "https://[64:ff9b::7f00:1]/in",
        "https://[2002:7f00:1::]/in",
        "https://example.com/" + "x" * 500,
    ],
)
def test_an_address_that_may_lead_inside_is_refused(url: str) -> None:
    assert url_fault(url, private=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/in",
        "https://example.com:8443/in?policy=7",
        "https://1.1.1.1/in",
        "https://[2606:4700:4700::1111]/in",
        "https://xn--fsqu00a.xn--0zwm56d/in",
    ],
)
def test_an_address_of_the_internet_is_taken(url: str) -> None:
    assert url_fault(url, private=False) == ""


def test_a_test_or_the_demo_may_post_to_itself() -> None:
    for url in ("http://127.0.0.1:8001/in", "http://localhost/in", "https://10.0.0.1/"):
        assert url_fault(url, private=True) == ""
    assert url_fault("ftp://127.0.0.1/in", private=True)
    assert is_public("::ffff:1.1.1.1")


@pytest.fixture
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    yield made
    made.close()


def test_an_insurer_keeps_changes_tries_and_deletes_a_webhook(city: City) -> None:
    client = city.client("near_insurer")
    made = client.put(f"{API}/wh-1", json=BODY)
    assert (made.status_code, made.json()["user_id"]) == (201, "u-near_insurer")
    assert "s" * 24 not in made.text
    assert client.put(f"{API}/wh-1", json=BODY).status_code == 200
    moved = BODY | {"url": "https://example.com/other", "secret": None}
    assert client.put(f"{API}/wh-1", json=moved).status_code == 409
    tag = client.get(f"{API}/wh-1").headers["ETag"]
    changed = client.put(f"{API}/wh-1", json=moved, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["url"]) == (200, "https://example.com/other")
    kept = city.records.score_notices.webhook("wh-1")
    assert kept is not None
    assert kept.secret == "s" * 24, "left out: it stays"
    assert [row["id"] for row in client.get(API).json()] == ["wh-1", "wh-near"]
    tried = client.post(f"{API}/wh-1/test")
    assert (tried.status_code, tried.json()["state"]) == (202, "pending")
    assert client.post(f"{API}/wh-1/test").status_code == 409
    (delivery,) = client.get(f"{API}/wh-1/deliveries").json()
    assert (delivery["kind"], delivery["id"]) == ("test", tried.json()["id"])
    assert client.delete(f"{API}/wh-1").status_code == 204
    assert client.get(f"{API}/wh-1").status_code == 404
    assert city.records.score_notices.due(NOW_NS, 10) == []


def test_a_wrong_webhook_is_refused_with_the_field_at_fault(city: City) -> None:
    client = city.client("near_insurer")
    for wrong, field in (
        ({"url": "https://10.0.0.1/in"}, "body.url"),
        ({"url": "http://example.com/in"}, "body.url"),
        ({"secret": None}, "body.secret"),
        ({"secret": "short"}, "body.secret"),
    ):
        answer = client.put(f"{API}/wh-2", json=BODY | wrong)
        assert answer.status_code == 422
        assert field in {one["field"] for one in answer.json()["errors"]}, answer.text
        assert "short" not in answer.text
    assert city.client("duty_officer").get(API).status_code == 403


def test_webhooks_are_seen_by_their_user_and_by_who_administers_them(city: City) -> None:
    assert city.client("insurer").get(f"{API}/wh-near").status_code == 404
    assert [row["id"] for row in city.client("insurer").get(API).json()] == ["wh-far"]
    assert city.client("near_administrator").get(f"{API}/wh-near").status_code == 200
    assert city.client("near_administrator").get(f"{API}/wh-far").status_code == 404
    everything = [row["id"] for row in city.client("administrator").get(API).json()]
    assert everything == ["wh-far", "wh-near"]
    body = BODY | {"name": "theirs"}
    taken = city.client("near_insurer").put(f"{API}/wh-far", json=body)
    assert taken.status_code == 404
