"""The account, the quarantine and the fleet through the API."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from domain.access import Role, Scope, ScopeKind, User
from domain.accounts import DayAccount, Fate, GapChange, NumberGap, Refusal
from domain.clock import DAY_NS, HOUR_NS, to_datetime
from domain.ports import GatewayStatus, Judgement
from domain.sampling import PlannedChannel, SamplingPlan
from domain.sensors import Channel, Gateway, Sensor
from tests.api_city import NOW_NS, City, make_city

TODAY = to_datetime(NOW_NS).date().isoformat()
YESTERDAY = to_datetime(NOW_NS - DAY_NS).date().isoformat()
REASONS = (("quarantined", "unknown channel", 1), ("rejected", "wrong type", 2))


@pytest.fixture
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    register = made.records.register
    register.put_gateway(Gateway("g-plain", "=plain", numbered=False), "test")
    register.put_sensor(Sensor("s-plain", "b-near", "g-plain", "C1", "crack"), "test")
    register.put_channel(Channel("c-plain", "s-plain", "g-plain", "C1", "crack", "mm"), "test")
    gap = NumberGap("g-near", 1, 0, 5, 7, TODAY, NOW_NS - HOUR_NS, NOW_NS)
    made.records.judgement.commit(
        Judgement(
            0,
            1000,
            accounts=(
                DayAccount("g-near", TODAY, 10, 2, 1, 4, 3, REASONS),
                DayAccount("g-plain", YESTERDAY, 20),
            ),
            gaps=(GapChange("g-near", 1, 0, (gap,)),),
            refusals=(
                Refusal(
                    *("q-held", "g-near", NOW_NS, Fate.QUARANTINED, "unknown channel"),
                    *("no channel 'T9.x'", 1, "T9.x", b'{"c":"T9.x","t":1,"v":2}'),
                ),
            ),
        )
    )
    yield made
    made.close()


def owner(city: City, gateway_id: str = "g-near") -> Any:
    scopes = (Scope(ScopeKind.GATEWAY, gateway_id),)
    user = User("u-own", "own", "own", Role.OWNER, scopes, "x")
    city.records.access.put_user(user, "test")
    return city.client("own")


def line(client: Any, gateway_id: str, day: str) -> dict[str, Any]:
    items = client.get("/api/v1/accounts").json()["items"]
    return next(i for i in items if (i["gateway_id"], i["day"]) == (gateway_id, day))


def test_a_line_says_why_readings_were_not_stored(city: City) -> None:
    near = line(city.client("operator"), "g-near", TODAY)
    assert (near["sent"], near["expected"]) == (16, None)
    assert near["reasons"] == [
        {"fate": "quarantined", "reason": "unknown channel", "readings": 1},
        {"fate": "rejected", "reason": "wrong type", "readings": 2},
    ]


def test_of_a_sender_without_numbers_it_says_expected_and_never_sent(city: City) -> None:
    client = city.client("operator")
    plain = line(client, "g-plain", YESTERDAY)
    assert (plain["sent"], plain["expected"], plain["short"]) == (None, 24, 4)
    silent = line(client, "g-plain", TODAY)  # nothing came, and that is shown
    hours = (NOW_NS % DAY_NS) // HOUR_NS
    assert (silent["stored"], silent["expected"], silent["short"]) == (0, hours, hours)


def test_missing_numbers_have_bounds_in_number_and_time(city: City) -> None:
    client = city.client("operator")
    (gap,) = client.get("/api/v1/accounts/gaps?gateway_id=g-near").json()
    assert (gap["boot"], gap["first"], gap["last"], gap["readings"]) == (1, 5, 7, 3)
    assert gap["after"] == to_datetime(NOW_NS - HOUR_NS).isoformat().replace("+00:00", "Z")
    assert client.get(f"/api/v1/accounts/gaps?last={YESTERDAY}").json() == []


def test_the_insurer_and_the_gateways_owner_may_see_the_account(city: City) -> None:
    insurer = city.client("near_insurer").get("/api/v1/accounts").json()["items"]
    assert {item["gateway_id"] for item in insurer} == {"g-near", "g-plain"}
    assert city.client("near_insurer").get("/api/v1/refusals").status_code == 403
    own = owner(city)
    assert {i["gateway_id"] for i in own.get("/api/v1/accounts").json()["items"]} == {"g-near"}
    assert own.get("/api/v1/accounts?gateway_id=g-far").status_code == 404
    assert own.get("/api/v1/buildings").status_code == 403
    assert [g["gateway_id"] for g in own.get("/api/v1/fleet").json()] == ["g-near"]


def test_a_table_to_save_runs_no_formula_and_holds_the_same(city: City) -> None:
    answer = city.client("operator").get("/api/v1/accounts.csv?gateway_id=g-plain")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0]["name"] == "'=plain"
    assert (rows[0]["day"], rows[0]["sent"], rows[0]["expected"]) == (YESTERDAY, "", "24")


def test_quarantine_is_searched(city: City) -> None:
    client = city.client("operator")

    def found(query: str) -> list[str]:
        items = client.get(f"/api/v1/refusals?{query}").json()["items"]
        return [item["id"] for item in items]

    assert found("fate=quarantined&text=t9.X") == ["q-held"]
    assert found("reason=unknown channel") == ["q-held"]
    assert found("text=100%25") == []
    assert found("fate=quarantined&gateway_id=g-far") == []


def test_a_release_is_asked_for_by_who_may_and_waits_for_ingest(city: City) -> None:
    path = "/api/v1/refusals/q-held/release"
    assert city.client("duty_officer").post(path).status_code == 403
    answer = city.client("near_operator").post(path)
    assert (answer.status_code, answer.json()["release"]["outcome"]) == (202, "")
    ((refusal, release),) = city.records.quarantine.due(10)
    assert (refusal.id, release.by, release.done_at_ns) == ("q-held", "near-operator", None)
    assert city.client("operator").post("/api/v1/refusals/q-none/release").status_code == 404
    assert city.client("near_operator").post("/api/v1/refusals/q-far/release").status_code == 404


def test_the_fleet_is_sorted_by_what_needs_a_visit(city: City) -> None:
    statuses = (
        GatewayStatus("g-near", NOW_NS + 1, True, 1, 90.0, -70.0, "1"),
        GatewayStatus("g-far", NOW_NS + 1, True, 1, 10.0, -70.0, "1"),
    )
    city.records.judgement.commit(Judgement(0, 1001, statuses=statuses))
    plan = SamplingPlan("g-near", 1, 0, NOW_NS, "C", (PlannedChannel("T1.x", 3600),))
    city.records.fleet.put_plans([plan])
    city.clock.advance_to(NOW_NS + HOUR_NS)
    rows = city.client("operator").get("/api/v1/fleet").json()
    assert rows[0]["urgency"] >= rows[1]["urgency"] >= rows[2]["urgency"]
    far = next(row for row in rows if row["gateway_id"] == "g-far")
    near = next(row for row in rows if row["gateway_id"] == "g-near")
    assert "care.battery" in {need["rule"] for need in far["needs"]}
    assert "care.battery" not in {need["rule"] for need in near["needs"]}
    assert near["plan"]["version"] == 1
    assert near["online_percent"] == 100.0
    by_battery = city.client("operator").get("/api/v1/fleet?sort=battery").json()
    assert by_battery[0]["gateway_id"] == "g-far"
    only = city.client("operator").get("/api/v1/fleet?text=PLAIN").json()
    assert [row["gateway_id"] for row in only] == ["g-plain"]


def test_what_a_status_leaves_out_stays_as_it_was_last_said(city: City) -> None:
    first = GatewayStatus("g-near", NOW_NS + 1, True, 3, 80.0, -70.0, "1.4", 2)
    for cursor, status in ((1001, first), (1002, GatewayStatus("g-near", NOW_NS + 2, False))):
        city.records.judgement.commit(Judgement(0, cursor, statuses=(status,)))
    kept = next(s for s in city.records.accounts.statuses() if s.gateway_id == "g-near")
    assert kept == GatewayStatus("g-near", NOW_NS + 2, False, 3, 80.0, -70.0, "1.4", 2)
