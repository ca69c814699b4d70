"""Reports of check-ups over the API, their seals, and who may have them."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from domain.anchors import Anchor, PickedBy
from domain.attachments import AttachmentState
from domain.check_ports import Consequences
from domain.check_reports import Seal, SealStatus, spaced_code
from domain.checkups import CheckState
from domain.clock import SECOND_NS
from domain.defects import Defect
from domain.errors import TooManyAttempts
from domain.rooms import RoomSchema, SchemaRoom, SchemaStorey
from domain.submissions import Standing, Submission
from tests.api_city import City, make_city
from tests.report_samples import BEFORE, CHECK_UP, CRACK, FIRM, FORM, PICTURES, SENT, photo

PDF = "/api/v1/check-ups/c-1/report.pdf"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    fill(made)
    yield made
    made.close()


def fill(city: City, building_id: str = "b-near") -> None:
    """Keep the sample check-up for a building, with its pictures."""
    records = city.records
    records.check_plans.put_template(FORM, "test")
    records.checks.put_firm(FIRM, "test")
    opened = replace(
        CHECK_UP, building_id=building_id, state=CheckState.ASSIGNED, submission_id="",
        result=None, done_at_ns=None, version=1,
    )  # fmt: skip
    records.checks.put_check_up(opened, "test")
    for number in (1, 2):
        place = Anchor(f"an-{number}", building_id, PickedBy.TEXT, 1, "test", storey=f"{number} 层")
        records.places.put_anchor(replace(place, room_id="r-1" if number == 1 else ""), "test")
    records.places.put_defect(replace(BEFORE, building_id=building_id, check_up_id=""), "test")
    sent = replace(SENT, building_id=building_id)
    done = replace(CHECK_UP, building_id=building_id, version=2)
    crack = replace(CRACK, building_id=building_id)
    leak = Defect("d-2", building_id, "an-2", "leak", 1, CRACK.found_at_ns, "演示员甲")
    records.checks.take(Consequences((sent,), done, (), (crack, leak)), "test")
    for one in PICTURES:
        records.checks.put_attachment(replace(one, building_id=building_id))
        city.services.files.put(one.public_key, photo(1, (400, 300)))


def pdf_text(content: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return "".join("".join(page.extract_text().split()) for page in pages)


def seal_of(city: City) -> Seal:
    return city.records.seals.seals("s-1")[0]


def test_a_report_is_made_once_and_is_the_same_file_for_everybody(city: City) -> None:
    first = city.client("inspector").get(PDF)
    assert first.status_code == 200, first.text
    assert first.headers["content-type"] == "application/pdf"
    seal = seal_of(city)
    assert hashlib.sha256(first.content).hexdigest() == seal.sha256
    again = city.client("bureau").get(PDF)
    assert again.content == first.content
    assert len(city.records.seals.seals("s-1")) == 1
    unchanged = city.client("bureau").get(PDF, headers={"If-None-Match": first.headers["ETag"]})
    assert unchanged.status_code == 304
    text = pdf_text(first.content)
    assert "演示楼near" in text
    assert spaced_code(seal.code) in text
    assert "每年+0.3mm" in text
    assert "整体结构危险构件综合比例R" in text
    assert "没有统计的楼层" in text or "不是鉴定等级" in text


def test_a_lost_file_is_made_again_with_the_same_bytes(city: City) -> None:
    first = city.client("inspector").get(PDF)
    city.services.files.delete(seal_of(city).file_key)
    assert city.client("inspector").get(PDF).content == first.content
    assert len(city.records.seals.seals("s-1")) == 1


def test_what_is_changed_later_in_the_register_does_not_change_a_report_that_was_made(
    city: City,
) -> None:
    first = city.client("inspector").get(PDF)
    house = city.records.register.building("b-near")
    assert house is not None
    city.records.register.put_building(replace(house, name="改名楼", version=2), "test")
    assert city.client("inspector").get(PDF).content == first.content


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("insurer", 403),
        ("operator", 403),
        ("technician", 403),
        ("near_inspector", 200),
        ("near_bureau", 200),
    ],
)
def test_only_those_who_may_read_check_ups_have_reports(
    city: City, user: str | None, status: int
) -> None:
    client = city.client(user)
    assert client.get(PDF).status_code == status
    assert client.get(PDF.replace(".pdf", ".xlsx")).status_code == status


def test_a_report_of_another_district_is_not_there(tmp_path: Path) -> None:
    city = make_city(tmp_path)
    fill(city, "b-far")
    assert city.client("near_inspector").get(PDF).status_code == 404
    assert city.client("near_inspector").get(PDF.replace("pdf", "xlsx")).status_code == 404
    assert city.client("inspector").get(PDF).status_code == 200
    city.close()


@pytest.mark.parametrize("asked", ["c-9/report.pdf", "c-1/report.pdf?submission_id=s-9"])
def test_what_is_not_there_is_not_found(city: City, asked: str) -> None:
    assert city.client("inspector").get(f"/api/v1/check-ups/{asked}").status_code == 404


def test_a_check_up_that_nobody_has_done_has_no_report(city: City) -> None:
    city.records.checks.put_check_up(
        replace(CHECK_UP, id="c-2", building_id="b-near", submission_id="", result=None, version=1),
        "test",
    )
    answer = city.client("inspector").get("/api/v1/check-ups/c-2/report.pdf")
    assert answer.status_code == 404


def test_a_submission_in_conflict_has_a_report_of_its_own(city: City) -> None:
    other = replace(
        SENT, id="s-2", building_id="b-near", standing=Standing.CONFLICT, attachment_ids=(),
        signatures=(), sha256="ef" * 32,
    )  # fmt: skip
    city.records.checks.take(Consequences((other,)), "test")
    answer = city.client("inspector").get(f"{PDF}?submission_id=s-2")
    assert "待裁定" in pdf_text(answer.content)
    code = city.records.seals.seals("s-2")[0].code
    assert city.services.check_reports.verify(code, "x").status is SealStatus.PENDING


def test_the_places_of_defects_are_drawn_on_the_plan_of_their_storey(city: City) -> None:
    city.records.places.put_schema(
        RoomSchema(
            "b-near",
            (SchemaStorey("st-1", "1 层", 0.0, 3.0), SchemaStorey("st-2", "2 层", 3.0, 3.0)),
            (SchemaRoom("r-1", "st-1", "101 室", ((0.0, 0.0), (4.0, 0.0), (4.0, 5.0))),),
        ),
        "test",
    )
    text = pdf_text(city.client("inspector").get(PDF).content)
    assert "101室D1" in text
    assert "D22层" in text


def test_the_workbook_holds_what_was_sent(city: City) -> None:
    answer = city.client("inspector").get(PDF.replace(".pdf", ".xlsx"))
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        shared = book.read("xl/sharedStrings.xml").decode()
    assert "垂球法，东南角" in shared
    assert "R-near" in shared


def test_a_genuine_report_is_valid_until_a_newer_one_takes_its_place(city: City) -> None:
    desk = city.services.check_reports
    city.client("inspector").get(PDF)
    first = seal_of(city)
    assert desk.verify(first.code, "x").status is SealStatus.VALID
    assert desk.verify(spaced_code(first.code).lower(), "x").sha256 == first.sha256
    # a photo's caption is corrected: the report of before no longer says what is kept
    one = city.records.checks.attachment("p-1")
    assert one is not None
    city.records.checks.put_attachment(replace(one, caption="西墙", version=2))
    assert desk.verify(first.code, "x").status is SealStatus.REPLACED
    city.client("inspector").get(PDF)
    newest = seal_of(city)
    assert newest.code != first.code
    assert desk.verify(newest.code, "x").status is SealStatus.VALID
    assert desk.verify(first.code, "x").status is SealStatus.REPLACED
    # and it is put back: the first file is the right one again
    city.records.checks.put_attachment(replace(one, version=3))
    assert desk.verify(first.code, "x").status is SealStatus.VALID
    assert desk.verify(newest.code, "x").status is SealStatus.REPLACED


@pytest.mark.parametrize(
    ("standing", "status"),
    [
        (Standing.REPLACED, SealStatus.REPLACED),
        (Standing.SET_ASIDE, SealStatus.WITHDRAWN),
        (Standing.CONFLICT, SealStatus.PENDING),
    ],
)
def test_a_report_says_when_its_submission_counts_no_more(
    city: City, standing: Standing, status: SealStatus
) -> None:
    city.client("inspector").get(PDF)
    sent = city.records.checks.submission("s-1")
    assert isinstance(sent, Submission)
    city.records.checks.settle(Consequences((replace(sent, standing=standing),)), "test")
    assert city.services.check_reports.verify(seal_of(city).code, "x").status is status


def test_a_cancelled_check_up_takes_its_report_back(city: City) -> None:
    city.client("inspector").get(PDF)
    kept = city.records.checks.check_up("c-1")
    assert kept is not None
    cancelled = replace(kept, state=CheckState.CANCELLED, version=kept.version + 1)
    city.records.checks.put_check_up(cancelled, "test")
    verdict = city.services.check_reports.verify(seal_of(city).code, "x")
    assert verdict.status is SealStatus.WITHDRAWN


def test_who_guesses_codes_has_to_wait_and_others_do_not(city: City) -> None:
    desk = city.services.check_reports
    city.client("inspector").get(PDF)
    code = seal_of(city).code
    wrong = "0" * 20
    for _ in range(20):
        desk.verify(code, "reader")  # one that is known never counts
    for _ in range(20):
        assert desk.verify(wrong, "guesser").status is SealStatus.UNKNOWN
    with pytest.raises(TooManyAttempts):
        desk.verify(wrong, "guesser")
    with pytest.raises(TooManyAttempts):
        desk.verify(code, "guesser")
    assert desk.verify(code, "reader").status is SealStatus.VALID
    city.clock.advance_to(city.clock.now_ns() + 3_600 * SECOND_NS)
    assert desk.verify(wrong, "guesser").status is SealStatus.UNKNOWN


@pytest.mark.parametrize("code", ["", "x" * 10_000, "../../etc", "𠮷" * 20, "\x00"])
def test_a_code_that_can_be_none_is_not_known(city: City, code: str) -> None:
    assert city.services.check_reports.verify(code, "x").status is SealStatus.UNKNOWN


def test_a_report_is_made_while_pictures_are_missing_and_again_when_they_have_come(
    city: City,
) -> None:
    one = city.records.checks.attachment("p-2")
    assert one is not None
    waiting = replace(one, state=AttachmentState.RECEIVING, public_key="", version=2)
    city.records.checks.put_attachment(waiting)
    early = city.client("inspector").get(PDF)
    assert "图片尚未收到" in pdf_text(early.content)
    city.records.checks.put_attachment(replace(one, version=3))
    whole = city.client("inspector").get(PDF)
    assert "图片尚未收到" not in pdf_text(whole.content)


def test_defects_over_the_years_are_chains(city: City) -> None:
    client = city.client("near_inspector")
    answer = client.get("/api/v1/buildings/b-near/defect-chains")
    assert answer.status_code == 200
    crack = next(chain for chain in answer.json() if chain["id"] == "d-0")
    assert [find["id"] for find in crack["finds"]] == ["d-0", "d-1"]
    assert crack["status"] == "open"
    assert crack["growth"]["change"] == pytest.approx(0.3)
    assert crack["growth"]["per_year"] == pytest.approx(0.3, abs=0.01)
    assert client.get("/api/v1/buildings/b-far/defect-chains").status_code == 404
    refused = city.client("insurer").get("/api/v1/buildings/b-near/defect-chains")
    assert refused.status_code == 403
