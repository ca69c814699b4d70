"""Role by route by foreign object: nobody reaches what lies outside their part of the city."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.application import declared_permissions
from api.permission import SELF
from api.routes.attachments import PIECE
from domain.access import ACTIONS, Role
from domain.ids import same_id
from domain.ports import Page
from tests.api_city import DISTRICTS, ROLES, City, make_city
from tests.check_samples import add_checks, submission
from tests.model_city import add_models
from tests.wave_city import EVENT_NS, add_waves

PREFIX = "/api/v1"
#: weather and works, and forms, are the whole city's, not one building's
OF_THE_CITY = ("/contexts/{context_id}", "/check-templates/")
#: routes that anybody may call
OPEN = {
    ("GET", f"{PREFIX}/openapi.json"),
    ("GET", f"{PREFIX}/health/live"),
    ("POST", f"{PREFIX}/session"),
}
IDS = {
    "near": {
        "building_id": "b-near",
        "channel_id": "c-near-x",
        "sensor_id": "s-near",
        "segment_id": "z-near",
        "mount_id": "m-near",
        "appraisal_id": "a-near",
        "gateway_id": "g-near",
        "alert_id": "l-near-tilt",
        "finding_id": "f-near-0",
        "recipient_id": "r-near",
        "refusal_id": "q-near",
        "act_id": "act-near",
        "sheet_id": "sheet-near",
        "user_id": "u-near_insurer",
        "event_id": str(EVENT_NS),
        "assessment_id": "as-near",
        "context_id": "x-near",
        "model_id": "bm-near",
        "claim_id": "cl-near",
        "revision_id": "br-near",
        "element_id": "el-near",
        "anchor_id": "an-near",
        "monitor_id": "mo-near",
        "defect_id": "de-near",
        "webhook_id": "wh-near",
        "check_up_id": "ck-near",
        "submission_id": "sub-near",
        "order_id": "o-near",
        "attachment_id": "p-near",
        "firm_id": "fi-near",
        "plan_id": "ap-near",
        "conflict_id": "tc-near",
        "template_id": "daily-2026",
        "version": "1",
    },
    "far": {
        "building_id": "b-far",
        "channel_id": "c-far-x",
        "sensor_id": "s-far",
        "segment_id": "z-far",
        "mount_id": "m-far",
        "appraisal_id": "a-far",
        "gateway_id": "g-far",
        "alert_id": "l-far-tilt",
        "finding_id": "f-far-0",
        "recipient_id": "r-far",
        "refusal_id": "q-far",
        "act_id": "act-far",
        "sheet_id": "sheet-far",
        "user_id": "u-insurer",
        "event_id": str(EVENT_NS + 1),
        "assessment_id": "as-far",
        "context_id": "x-far",
        "model_id": "bm-far",
        "claim_id": "cl-far",
        "revision_id": "br-far",
        "element_id": "el-far",
        "anchor_id": "an-far",
        "monitor_id": "mo-far",
        "defect_id": "de-far",
        "webhook_id": "wh-far",
        "check_up_id": "ck-far",
        "submission_id": "sub-far",
        "order_id": "o-far",
        "attachment_id": "p-far",
        "firm_id": "fi-far",
        "plan_id": "ap-far",
        "conflict_id": "tc-far",
        "template_id": "daily-2026",
        "version": "1",
    },
}
MOMENT = "2026-11-23T05:00:00Z"
BUILDING = {
    "code": "NEW",
    "name": "new",
    "address": "",
    "district": DISTRICTS["near"],
    "street": "",
    "community": "",
    "longitude": 115.9,
    "latitude": 28.7,
}
APPRAISAL = {
    "grade": "D",
    "report_number": "R-9",
    "appraiser": "演示鉴定机构",
    "appraised_on": "2026-01-02",
}
ACT = {"kind": "re-zero", "at": "2026-11-23T05:30:00Z", "reason": "mine now"}
PLACE = {"building_id": "b-near", "picked_by": "text", "room": "mine now"}
TIE = {"sensor_id": "s-near", "anchor_id": "an-near", "role": "monitors", "valid_from": MOMENT}
DEFECT = {"building_id": "b-near", "anchor_id": "an-near", "code": "leak", "severity": 1}
CHECK_UP = {"building_id": "b-near", "check_class": "special", "cause": "insurer"}
PHOTO = {
    "check_up_id": "ck-near",
    "sha256": "0" * 64,
    "bytes_total": 10,
    "content_type": "image/jpeg",
}
USER = {"name": "new", "display_name": "new", "role": "inspector", "scopes": []}
#: a body that fits each route which takes one; a new route with a body must be added
BODIES: dict[str, Any] = {
    "POST /alerts/{alert_id}/acknowledge": {},
    "POST /alerts/{alert_id}/close": {"reason": "seen"},
    "POST /alerts/{alert_id}/notes": {"text": "seen"},
    "POST /alerts/{alert_id}/label": {"outcome": "benign"},
    "POST /jgj125": {"storeys_above": 2},
    "PUT /check-templates/{template_id}/{version}": {"zh": "mine now"},
    "PUT /contexts/{context_id}": {"kind": "works", "started_at": MOMENT},
    "PUT /budget": {"pages_a_month": 3.5},
    "POST /scores/batch": {"ids": ["b-near", "b-far"], "codes": ["CODE-far"]},
    "PUT /buildings/{building_id}": BUILDING,
    "PUT /buildings/{building_id}/appraisals/{appraisal_id}": APPRAISAL,
    "PUT /buildings/{building_id}/channels/{channel_id}": {
        "sensor_id": "s-near",
        "address": "T1.z",
        "kind": "tilt",
        "unit": "‰",
    },
    "PUT /buildings/{building_id}/mounts/{mount_id}": {
        "sensor_id": "s-near",
        "mounted_at": MOMENT,
    },
    "PUT /buildings/{building_id}/segments/{segment_id}": {
        "channel_id": "c-near-x",
        "opened_at": MOMENT,
        "reason": "re-zero",
    },
    "PUT /buildings/{building_id}/sensors/{sensor_id}": {
        "gateway_id": "g-near",
        "code": "T9",
        "kind": "tilt",
    },
    "POST /buildings/{building_id}/sensors/{sensor_id}/acts/preview": ACT,
    "PUT /buildings/{building_id}/sensors/{sensor_id}/acts/{act_id}": ACT,
    "PUT /buildings/{building_id}/by-hand/series/{sensor_id}": {
        "code": "S-09",
        "method": "levelling",
    },
    "PUT /buildings/{building_id}/by-hand/sheets/{sheet_id}": {
        "readings": [
            {
                "channel_id": same_id("by hand", "h-near", ""),
                "taken_at": MOMENT,
                "value": 0.3,
                "measured_by": "me",
            }
        ]
    },
    "POST /buildings/{building_id}/models": {"name": "mine now"},
    "POST /claims/{claim_id}/decision": {"decision": "reject", "version": 1},
    "POST /claims/{claim_id}/undo": {"version": 1},
    "POST /models/{model_id}/claims/decisions": {
        "decision": "confirm",
        "claims": [{"id": "cl-far", "version": 1}],
    },
    "PUT /buildings/{building_id}/rooms": {"storeys": []},
    "PUT /anchors/{anchor_id}": PLACE,
    "PUT /monitors/{monitor_id}": TIE,
    "PUT /defects/{defect_id}": DEFECT,
    "PUT /check-ups/{check_up_id}": CHECK_UP,
    "PUT /check-ups/{check_up_id}/submissions/{submission_id}": submission(),
    "POST /check-ups/{check_up_id}/settle": {"submission_id": "sub-far", "note": "mine now"},
    "PUT /appraisal-orders/{order_id}": {"state": "cancelled", "note": "mine now"},
    "PUT /attachments/{attachment_id}": PHOTO,
    "PUT /check-cycles": {"id": "c", "version": 1, "effective_on": "2027-01-01", "cycles": []},
    "POST /check-cycles/preview": {
        "id": "c",
        "version": 1,
        "effective_on": "2027-01-01",
        "cycles": [],
    },
    "POST /check-plans/{plan_id}/change": {
        "items": [{"building_id": "b-near", "check_class": "basic"}],
    },
    "PUT /check-plans/{plan_id}": {"year": 2027, "district": DISTRICTS["near"]},
    "POST /tier-conflicts/{conflict_id}/look": {"reason": "mine now"},
    "PUT /firms/{firm_id}": {"name": "mine now", "districts": [DISTRICTS["near"]]},
    "PUT /gateways/{gateway_id}": {"name": "mine now"},
    "POST /gateways/{gateway_id}/credential/rotate": {},
    "POST /gateways/{gateway_id}/credential/revoke": {"reason": "mine now"},
    "POST /mqtt/auth": {},
    "POST /mqtt/acl": {},
    "POST /mqtt/status/user": {},
    "POST /mqtt/status/superuser": {},
    "POST /mqtt/status/acl": {},
    "POST /keys": {"name": "key"},
    "POST /users/{user_id}/keys": {"name": "key"},
    "PUT /recipients/{recipient_id}": {
        "name": "me",
        "ways": [{"notifier": "sms", "address": "1"}],
        "districts": [DISTRICTS["near"]],
    },
    "PUT /webhooks/{webhook_id}": {
        "name": "mine now",
        "url": "https://example.com/in",
        "secret": "s" * 20,
    },
    "PUT /users/{user_id}": USER,
    "PUT /users/{user_id}/password": {"password": "correct horse battery"},
}
REPORT = "PUT /buildings/{building_id}/appraisals/{appraisal_id}/report"
TABLE = ("a.csv", b"x,y\n1,2\n", "text/csv")
EVENTS = ("c.csv", b"kind,started_at\nworks,2026-11-01 08:00\n", "text/csv")
PDF = ("r.pdf", b"%PDF-1.7\n" + b"x" * 300 + b"\n%%EOF\n", "application/pdf")
TOPICS = ("t.bcf", b"no topics", "application/octet-stream")
#: a file that fits each route which takes one
UPLOADS = {
    "POST /buildings/import": TABLE,
    "POST /buildings/import/preview": TABLE,
    "POST /contexts/import": EVENTS,
    "POST /contexts/import/preview": EVENTS,
    "POST /buildings/{building_id}/by-hand/import": TABLE,
    "POST /buildings/{building_id}/by-hand/import/preview": TABLE,
    "POST /buildings/{building_id}/bcf": TOPICS,
    "POST /buildings/{building_id}/bcf/preview": TOPICS,
    "POST /revisions/{revision_id}/fitness": ("a.ids", b"<ids/>", "application/xml"),
    "PUT /defects/{defect_id}/snapshot": ("a.png", b"no picture", "image/png"),
    REPORT: PDF,
    "POST /models/{model_id}/revisions": ("a.ifc", b"ISO-10303-21;", "application/x-step"),
}
#: plain bytes that fit each route which takes them
PIECES = {"PATCH /attachments/{attachment_id}": {"Upload-Offset": "0", "Content-Type": PIECE}}
RANGE = {"start": "2026-11-22T00:00:00Z", "end": "2026-11-24T00:00:00Z"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    made = make_city(folder)
    add_waves(made, folder / "waves")
    add_models(made)
    add_checks(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def routes(city: City) -> list[tuple[str, str, str]]:
    """(method, path below the prefix, action) of every route but the stream of events."""
    return [
        (method, path.removeprefix(PREFIX), action)
        for path, method, action in declared_permissions(city.app)
        if (method, path) not in OPEN and path != f"{PREFIX}/events"
    ]


@pytest.fixture(scope="module")
def clients(city: City) -> dict[str, TestClient]:
    """A session of each scoped user: keys may not make keys."""
    return {name: city.browser(f"near_{name}") for name in ROLES}


@pytest.fixture(scope="module")
def key_ids(city: City) -> dict[str, str]:
    """One API key of each user that the ids above name, and of a user of the whole city."""
    return {
        place: city.identity.make_key(IDS[place]["user_id"], "kept", "test")[1].id for place in IDS
    }


def send(client: TestClient, method: str, template: str, path: str) -> Any:
    """Send a request that is right in all but whose objects it names."""
    operation = f"{method} {template}"
    if operation in UPLOADS:
        return client.request(method, PREFIX + path, files={"file": UPLOADS[operation]})
    if operation in PIECES:
        headers = PIECES[operation]
        return client.request(method, PREFIX + path, content=b"\xff\xd8", headers=headers)
    params = RANGE if "readings" in template and "latest" not in template else None
    body = BODIES.get(operation)
    return client.request(method, PREFIX + path, json=body, params=params)


def names_in(template: str) -> list[str]:
    """List the ids that a path takes."""
    return re.findall(r"{(\w+)}", template)


def allowed(role: Role, action: str) -> bool:
    """Tell whether a role may call a route at all."""
    return action == SELF or action in ACTIONS[role]


def test_every_route_declares_who_may_call_it(city: City) -> None:
    undeclared = {
        (method, path) for path, method, action in declared_permissions(city.app) if not action
    }
    assert undeclared == OPEN


def test_every_route_with_a_body_has_one_here(city: City) -> None:
    document = city.app.openapi()
    takes_body = {
        f"{method.upper()} {path.removeprefix(PREFIX)}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation and path != f"{PREFIX}/session"
    }
    assert takes_body == BODIES.keys() | UPLOADS.keys() | PIECES.keys()


def test_who_is_not_known_is_sent_away_everywhere(
    city: City, routes: list[tuple[str, str, str]]
) -> None:
    nobody = city.client()
    wrong = city.client()
    wrong.headers["Authorization"] = "Bearer anju_" + "a" * 32
    for client in (nobody, wrong):
        for method, template, _ in [*routes, ("GET", "/events", "")]:
            path = template.format(**IDS["near"], key_id="k")
            answer = send(client, method, template, path)
            assert answer.status_code == 401, (method, template, answer.text)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("name", ROLES)
def test_a_role_is_refused_what_it_may_not_do_at_all(
    city: City, routes: list[tuple[str, str, str]], clients: dict[str, TestClient], name: str
) -> None:
    refused = set()
    for method, template, action in routes:
        if not allowed(ROLES[name], action):
            path = template.format(**IDS["near"], key_id="k")
            answer = send(clients[name], method, template, path)
            assert answer.status_code == 403, (method, template, answer.text)
            refused.add(action)
    # only an administrator may call every route but those for brokers
    assert (refused == {"gateways:admit"}) is (ROLES[name] is Role.ADMINISTRATOR)


@pytest.mark.parametrize("name", ROLES)
def test_a_foreign_object_looks_like_one_that_is_not_there(
    city: City,
    routes: list[tuple[str, str, str]],
    clients: dict[str, TestClient],
    key_ids: dict[str, str],
    name: str,
) -> None:
    revision = city.records.register.revision()
    audit = city.records.audit.audit(Page(1))
    far = {*IDS["far"].values(), key_ids["far"]}
    tried = 0
    for method, template, action in routes:
        ids = names_in(template)
        if not ids or not allowed(ROLES[name], action) or template.startswith(OF_THE_CITY):
            continue
        choices = [
            {i: IDS[place].get(i, key_ids[place]) for i, place in zip(ids, places, strict=True)}
            for places in itertools.product(("near", "far"), repeat=len(ids))
            if "far" in places
        ]
        if template == "/keys/{key_id}":
            choices = [{"key_id": key_ids["far"]}]
        for chosen in choices:
            path = template.format(**chosen)
            answer = send(clients[name], method, template, path)
            assert answer.status_code == 404, (method, path, answer.text)
            if method == "GET":
                # not by one word can it be told from one that is not there
                unknown = {i: "no-such" if v in far else v for i, v in chosen.items()}
                none = send(clients[name], method, template, template.format(**unknown))
                assert _without_ids(answer.text) == _without_ids(none.text)
            tried += 1
    assert tried > 0
    assert city.records.register.revision() == revision
    assert city.records.audit.audit(Page(1)) == audit
    alert = city.records.alerts.alert("l-far-tilt")
    assert alert is not None
    assert alert.version == 1


@pytest.mark.parametrize("name", ROLES)
def test_lists_and_counts_hold_nothing_foreign(
    city: City, routes: list[tuple[str, str, str]], clients: dict[str, TestClient], name: str
) -> None:
    seen = 0
    for method, template, action in routes:
        if method != "GET" or names_in(template) or not allowed(ROLES[name], action):
            continue
        answer = clients[name].get(PREFIX + template)
        if template == "/audit":
            assert answer.status_code == 403
            continue
        assert answer.status_code == 200, (template, answer.text)
        text = answer.text.replace("no-such", "")
        assert not re.search(r"\b[a-z]-far|360103|CODE-far|g-unknown", text), template
        seen += "near" in text
    assert seen > 0


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("inspector", "/alerts?building_id=b-far"),
        ("inspector", "/alerts?after=l-far-tilt"),
        ("insurer", "/findings?building_id=b-far"),
        ("insurer", "/findings?after=f-far-0"),
        ("operator", "/accounts?gateway_id=g-far"),
        ("operator", "/refusals?gateway_id=g-far"),
        ("operator", "/refusals?gateway_id=g-unknown"),
    ],
)
def test_a_filter_by_a_foreign_object_finds_no_such_object(
    clients: dict[str, TestClient], name: str, path: str
) -> None:
    assert clients[name].get(PREFIX + path).status_code == 404


@pytest.mark.parametrize(
    ("template", "change"),
    [
        ("PUT /buildings/{building_id}/sensors/{sensor_id}", {"gateway_id": "g-far"}),
        ("PUT /buildings/{building_id}/channels/{channel_id}", {"sensor_id": "s-far"}),
        ("PUT /buildings/{building_id}/mounts/{mount_id}", {"sensor_id": "s-far"}),
        ("PUT /buildings/{building_id}/segments/{segment_id}", {"channel_id": "c-far-x"}),
        ("PUT /anchors/{anchor_id}", {"building_id": "b-far"}),
        ("PUT /monitors/{monitor_id}", {"sensor_id": "s-far"}),
        ("PUT /monitors/{monitor_id}", {"anchor_id": "an-far"}),
        ("PUT /defects/{defect_id}", {"building_id": "b-far"}),
        ("PUT /check-ups/{check_up_id}", {"building_id": "b-far"}),
        ("PUT /attachments/{attachment_id}", {"check_up_id": "ck-far"}),
        ("PUT /users/{user_id}", {"scopes": [{"kind": "building", "value": "b-far"}]}),
    ],
)
def test_a_body_may_not_point_at_a_foreign_object(
    clients: dict[str, TestClient], template: str, change: dict[str, Any]
) -> None:
    ids = dict.fromkeys(IDS["near"], "brand-new") | {"building_id": "b-near"}
    path = template.removeprefix("PUT ").format(**ids)
    body = BODIES[template] | change
    answer = clients["administrator"].put(PREFIX + path, json=body)
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/buildings/brand-new", BUILDING | {"district": DISTRICTS["far"]}),
        ("/users/brand-new", USER | {"scopes": [{"kind": "city"}]}),
        ("/users/brand-new", USER | {"scopes": [{"kind": "district", "value": "360103"}]}),
        ("/users/brand-new", USER | {"scopes": [{"kind": "street", "value": "street-near"}]}),
        ("/recipients/brand-new", BODIES["PUT /recipients/{recipient_id}"] | {"districts": []}),
        ("/firms/brand-new", {"name": "mine"}),
        ("/firms/brand-new", {"name": "mine", "districts": ["360102", "360103"]}),
        ("/check-plans/brand-new", {"year": 2027, "district": DISTRICTS["far"]}),
        ("/check-cycles", BODIES["PUT /check-cycles"]),
        (
            "/recipients/brand-new",
            BODIES["PUT /recipients/{recipient_id}"] | {"districts": ["360102", "360103"]},
        ),
    ],
)
def test_nobody_can_write_or_grant_beyond_their_own_scope(
    clients: dict[str, TestClient], path: str, body: dict[str, Any]
) -> None:
    answer = clients["administrator"].put(PREFIX + path, json=body)
    assert answer.status_code == 403, answer.text


def test_a_building_cannot_be_moved_out_of_ones_own_district(
    clients: dict[str, TestClient],
) -> None:
    body = BUILDING | {"district": DISTRICTS["far"]}
    answer = clients["bureau"].put(
        f"{PREFIX}/buildings/b-near", json=body, headers={"If-Match": "*"}
    )
    assert answer.status_code == 403


def test_an_import_says_which_rows_lie_outside_and_imports_none(
    city: City, clients: dict[str, TestClient]
) -> None:
    table = (
        "code,name,address,district,longitude,latitude,structure,storeys_above,height_m\n"
    ) + "".join(
        f"IMP-{number},house,road,{district},115.9,28.7,砖混,6,18.6\n"
        for number, district in enumerate((DISTRICTS["near"], DISTRICTS["far"]))
    )
    file = {"file": ("a.csv", table.encode(), "text/csv")}
    preview = clients["bureau"].post(f"{PREFIX}/buildings/import/preview", files=file).json()
    assert (preview["ok"], [each["row"] for each in preview["problems"]]) == (False, [3]), preview
    assert clients["bureau"].post(f"{PREFIX}/buildings/import", files=file).status_code == 422
    assert "IMP-0" not in city.records.register.building_codes()


def test_own_objects_are_found_so_that_the_other_tests_mean_something(
    city: City, routes: list[tuple[str, str, str]], clients: dict[str, TestClient]
) -> None:
    put = REPORT.removeprefix("PUT ").format(**IDS["near"])
    assert send(clients["bureau"], "PUT", REPORT.removeprefix("PUT "), put).status_code == 200
    waves = IDS["near"] | {"channel_id": "w-near"}
    for name, role in ROLES.items():
        for method, template, action in routes:
            if method == "GET" and names_in(template) and allowed(role, action):
                path = template.format(**(waves if "waves" in template else IDS["near"]))
                answer = send(clients[name], method, template, path)
                assert answer.status_code == 200, (name, path, answer.text)


def _without_ids(text: str) -> str:
    return re.sub(r"'[^']*'", "'…'", text)
