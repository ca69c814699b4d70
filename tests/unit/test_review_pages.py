"""The review's pages over HTTP: who sees them, what forms may send, what they answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bim.rematch import all_claims
from domain.claims import ClaimStatus, IdentityClaim
from tests.api_city import City, make_city
from tests.model_story import FIRST, MODEL, SECOND, Story, tell
from web.application import mount_pages

REVIEW = f"/models/{MODEL}/review"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    mount_pages(made.app)
    yield made
    made.close()


@pytest.fixture
def story(city: City) -> Story:
    return tell(city.records, "b-far")


def open_claim(story: Story, name: str) -> IdentityClaim:
    found = all_claims(story.records.models, MODEL, ClaimStatus.PROPOSED)
    return next(one for one in found if one.element_id == story.elements[name])


def sent(client: TestClient, claim: IdentityClaim, **more: object) -> int:
    form = {"claim": claim.id, "version": claim.version, "choice": "confirm"} | more
    return client.post(f"{REVIEW}/decide", data=form).status_code


def test_a_foreign_model_is_not_there(city: City, story: Story) -> None:
    near = city.browser("near_technician")
    claim = open_claim(story, "remade")
    for path in (REVIEW, f"{REVIEW}/entities?text=a", f"/revisions/{SECOND}/changes"):
        assert near.get(path).status_code == 404
    assert sent(near, claim) == 404
    undo = {"claim": claim.id, "version": 1}
    assert near.post(f"{REVIEW}/undo", data=undo).status_code == 404
    picks = {"pick": f"{claim.id}:1"}
    assert near.post(f"{REVIEW}/many", data=picks).status_code == 404
    assert story.version(SECOND, "remade") is None


def test_who_may_not_decide_may_not_by_a_form_either(city: City, story: Story) -> None:
    officer = city.browser("duty_officer")
    assert officer.get(REVIEW).status_code == 200
    assert sent(officer, open_claim(story, "remade")) == 403
    assert city.browser("insurer").get(REVIEW).status_code == 403


def test_a_form_that_fits_nothing_changes_nothing(city: City, story: Story) -> None:
    client = city.browser("technician")
    claim = open_claim(story, "remade")
    assert sent(client, claim, choice="perhaps") == 422
    assert sent(client, claim, version=9) == 409
    assert sent(client, claim, choice="another", entity=999) == 422
    assert client.post(f"{REVIEW}/many", data={"pick": "nothing"}).status_code == 422
    assert client.post(f"{REVIEW}/many", data={}).status_code == 422
    assert story.version(SECOND, "remade") is None
    assert sent(client, claim, choice="another", entity=21) == 200
    assert story.version(SECOND, "remade") is not None


def test_any_address_of_the_queue_answers(city: City, story: Story) -> None:
    client = city.browser("technician")
    for query in (
        "show=decided", "show=auto", "show=nonsense", "kind=split&class=IfcWall&why=split",
        "text=%E5%A2%99&hung=1", "element=nobody&claim=nobody", "page=9999",
    ):  # fmt: skip
        assert client.get(f"{REVIEW}?{query}").status_code == 200, query
    part = client.get(REVIEW, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert client.get(f"/revisions/{FIRST}/changes?kind=nonsense").status_code == 200
    assert client.get("/revisions/nobody/changes").status_code == 404
    found = client.get(f"{REVIEW}/entities?text=%E6%96%B0%E5%A2%99")
    assert 'value="81"' in found.text
    assert 'value="11"' not in client.get(f"{REVIEW}/entities?text=%E4%B8%9C%E5%A2%99").text
