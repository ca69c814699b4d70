"""What the OpenAPI document promises, held against the whole API by schemathesis."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
)
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.types import Receive, Scope, Send

from api.application import create_app
from api.routes.attachments import PIECE
from tests.api_city import City, make_city
from tests.check_samples import add_checks
from tests.model_city import add_models

pytestmark = pytest.mark.slow

SEED = 20261123

schemathesis.openapi.media_type(PIECE, st.binary(max_size=100))
# the document cannot say from when to when a moment may be kept (1900 to 2200)
schemathesis.openapi.format(
    "date-time",
    st.integers(0, 6_000_000_000).map(
        lambda second: (datetime(1971, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).isoformat()
    ),
)
schemathesis.openapi.format(
    "date", st.dates(date(1901, 1, 1), date(2190, 1, 1)).map(lambda day: day.isoformat())
)


#: operations with rules that no JSON schema can say: 422 may meet what fits the document
RULES = {
    "GET /api/v1/revisions/{revision_id}/export.ifc": "the file must be a model",
    "GET /api/v1/revisions/{revision_id}/fitness": "the file must be a model",
    "POST /api/v1/revisions/{revision_id}/fitness": "the file must be a model, the other an IDS",
    "POST /api/v1/buildings/{building_id}/bcf": "the file must be a BCF file",
    "POST /api/v1/buildings/{building_id}/bcf/preview": "the file must be a BCF file",
    "PUT /api/v1/defects/{defect_id}/snapshot": "the file must be a whole PNG",
    "PUT /api/v1/buildings/{building_id}/appraisals/{appraisal_id}/report": (
        "the file must be a whole PDF, JPEG or PNG"
    ),
    "POST /api/v1/buildings/import": "the file must be a table of buildings",
    "POST /api/v1/buildings/import/preview": "the file must be a table of buildings",
    "POST /api/v1/buildings/{building_id}/by-hand/import": "the file must be a table of readings",
    "POST /api/v1/buildings/{building_id}/by-hand/import/preview": (
        "the file must be a table of readings"
    ),
    "POST /api/v1/buildings/{building_id}/sensors/{sensor_id}/acts/preview": (
        "each kind of act needs something else"
    ),
    "PUT /api/v1/buildings/{building_id}/sensors/{sensor_id}/acts/{act_id}": (
        "each kind of act needs something else"
    ),
    "PUT /api/v1/buildings/{building_id}/by-hand/sheets/{sheet_id}": "nothing was measured later",
    "POST /api/v1/jgj125": "members are of kinds and storeys that the house has",
    "PUT /api/v1/check-templates/{template_id}/{version}": "a form must be whole, the next version",
    "POST /api/v1/contexts/import": "the file must be a table of events",
    "POST /api/v1/contexts/import/preview": "the file must be a table of events",
    "PUT /api/v1/contexts/{context_id}": "it ends after it began, and a place has both numbers",
    "GET /api/v1/models/{model_id}/claims": "`after` is a claim of the page before",
    "GET /api/v1/revisions/{revision_id}/changes": "`after` is an element of the page before",
    "POST /api/v1/claims/{claim_id}/decision": "what is decided fits the claim and its revision",
    "POST /api/v1/models/{model_id}/claims/decisions": "many are confirmed, rejected or gone",
    "POST /api/v1/models/{model_id}/revisions": "the file must hold something",
    "PUT /api/v1/buildings/{building_id}/rooms": "each room lies on a storey of the schema",
    "PUT /api/v1/anchors/{anchor_id}": "element and revision are there, something is told",
    "PUT /api/v1/monitors/{monitor_id}": "it ends after it began, a quaternion has length 1",
    "PUT /api/v1/defects/{defect_id}": "sensors and what it continues are the building's",
    "POST /api/v1/scores/batch": "ids and codes are bounded together",
    "PUT /api/v1/webhooks/{webhook_id}": "the address must lie outside, and a new one needs a key",
    "PUT /api/v1/check-cycles": "the rows of a profile fit together",
    "POST /api/v1/check-cycles/preview": "the rows of a profile fit together",
    "PUT /api/v1/check-plans/{plan_id}": "the year is not over",
    "POST /api/v1/check-plans/{plan_id}/change": "buildings are the plan's, people can be sent",
    "PUT /api/v1/firms/{firm_id}": "members are users",
    "PUT /api/v1/check-ups/{check_up_id}": "cause, alert and people fit the building",
    "PUT /api/v1/check-ups/{check_up_id}/submissions/{submission_id}": (
        "notes are as long as the settings say, a shape makes sense"
    ),
    "PUT /api/v1/appraisal-orders/{order_id}": "a report is the building's, a cancelling says why",
    "PUT /api/v1/attachments/{attachment_id}": "of a size and kind that is taken",
    "PATCH /api/v1/attachments/{attachment_id}": "no more bytes than were declared",
    "PUT /api/v1/buildings/{building_id}": "nothing was built after today",
    "PUT /api/v1/buildings/{building_id}/appraisals/{appraisal_id}": "valid after it was made",
    "PUT /api/v1/buildings/{building_id}/channels/{channel_id}": "low is under high",
    "PUT /api/v1/buildings/{building_id}/sensors/{sensor_id}": (
        "the gateway stays with channels, and a day is one of the calendar"
    ),
}
#: 412: an object that is not there yet cannot be at an ETag (RFC 9110 13.1.1)
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "412", "429", "5xx"]

#: the city of the running test; the operations must be known before there is one
RUNNING: list[City] = []


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand requests to the city that is running."""
    await RUNNING[-1].app(scope, receive, send)


#: objects of the city, so that requests reach something
REAL = {
    "path.building_id": "b-near",
    "path.channel_id": "c-near-x",
    "path.sensor_id": "s-near",
    "path.segment_id": "z-near",
    "path.mount_id": "m-near",
    "path.appraisal_id": "a-near",
    "path.gateway_id": "g-near",
    "path.alert_id": "l-near-tilt",
    "path.finding_id": "f-near-0",
    "path.recipient_id": "r-near",
    "path.user_id": "u-inspector",
    "path.act_id": "act-near",
    "path.sheet_id": "sheet-near",
    "path.model_id": "bm-near",
    "path.claim_id": "cl-near",
    "path.revision_id": "br-near",
    "path.element_id": "el-near",
    "path.anchor_id": "an-near",
    "path.monitor_id": "mo-near",
    "path.defect_id": "de-near",
    "path.webhook_id": "wh-near",
    "path.check_up_id": "ck-near",
    "path.submission_id": "sub-near",
    "path.order_id": "o-near",
    "path.attachment_id": "p-near",
    "path.firm_id": "fi-near",
    "path.plan_id": "ap-near",
}


def _schema(
    parameters: dict[str, Any], *modes: schemathesis.GenerationMode
) -> schemathesis.BaseSchema:
    generation = GenerationConfig(
        modes=list(modes), deterministic=True, database="none", with_security_parameters=False
    )
    accepted = PositiveDataAcceptanceConfig(expected_statuses=ACCEPTED)
    project = ProjectConfig(
        generation=generation,
        checks=ChecksConfig(positive_data_acceptance=accepted),
        parameters=parameters,
    )
    config = schemathesis.Config(seed=SEED, projects=ProjectsConfig(default=project))
    nothing: Any = SimpleNamespace(secure_cookies=True, alerts=None)
    schema = schemathesis.openapi.from_dict(create_app(nothing).openapi(), config=config)
    schema.app = application
    # a stream of events has no end; it has its own tests
    return schema.exclude(path="/api/v1/events")


POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
on_real_objects = _schema(REAL, POSITIVE, NEGATIVE)
on_any_ids = _schema({}, POSITIVE)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run a city and hand out an API key of each user."""
    city = make_city(tmp_path_factory.mktemp("city"))
    add_models(city)
    add_checks(city)
    RUNNING.append(city)
    yield {
        user: city.identity.make_key(f"u-{user}", "schemathesis", "test")[0]
        for user in ("administrator", "insurer")
    }
    RUNNING.remove(city)
    city.close()


def bounded(examples: int) -> settings:
    """Bound the time and draw the same examples in every run."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@on_real_objects.parametrize()
@bounded(6)
def test_an_administrator_is_answered_as_documented(
    case: schemathesis.Case, keys: dict[str, str]
) -> None:
    check(case, keys["administrator"])


@on_any_ids.parametrize()
@bounded(3)
def test_an_insurer_is_answered_as_documented(
    case: schemathesis.Case, keys: dict[str, str]
) -> None:
    check(case, keys["insurer"])


def check(case: schemathesis.Case, key: str) -> None:
    """Send a case and hold the answer against the document."""
    ruled = [positive_data_acceptance] if case.operation.label in RULES else []
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, excluded_checks=ruled)
