"""Report files of appraisals: what is taken, who may have it, what survives a cut."""

import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.application import create_app
from domain.buildings import Appraisal
from domain.errors import InvalidInput, NotFound, StoreUnavailable
from domain.ports import Page
from domain.report_files import fault_of, keep_report, report_of
from storage.files import FolderFiles
from tests.api_city import PASSWORD, City, make_city
from web.application import mount_pages

PDF = b"%PDF-1.7\n" + b"x" * 3000 + b"\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0" + b"y" * 500 + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + b"z" * 500 + b"IEND\xaeB`\x82"
NEAR = "/api/v1/buildings/b-near/appraisals/{}/report"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    yield made
    made.close()


def near(city: City) -> Appraisal:
    return city.records.register.appraisals("b-near")[0]


def put(city: City, content: bytes, user: str = "admin", name: str = "r.pdf") -> int:
    client = city.client({"admin": "administrator"}.get(user, user))
    return client.put(
        NEAR.format(near(city).id), files={"file": (name, content, "application/pdf")}
    ).status_code


@pytest.mark.parametrize(
    ("content", "media", "extension"),
    [(PDF, "application/pdf", "pdf"), (JPEG, "image/jpeg", "jpg"), (PNG, "image/png", "png")],
)
def test_a_report_comes_back_as_it_was_sent_and_only_for_saving(
    city: City, content: bytes, media: str, extension: str
) -> None:
    # the sender's name and type are never looked at
    assert put(city, content, name="../../evil<script>.html") == 200
    assert near(city).report_file.endswith(f"/{hashlib.sha256(content).hexdigest()}.{extension}")
    answer = city.client("near_insurer").get(NEAR.format(near(city).id))
    assert answer.content == content
    head = answer.headers
    assert head["content-type"] == media
    assert head["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert head["content-disposition"].endswith(f".{extension}")
    assert "evil" not in str(head)
    assert head["x-content-type-options"] == "nosniff"
    assert "sandbox" in head["content-security-policy"]
    assert head["content-length"] == str(len(content))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "empty"),
        (b"<html><script>alert(1)</script>", "wrong kind"),
        (b"MZ" + PDF, "wrong kind"),
        (PDF[:-10], "wrong kind"),  # broken off on the way
        (PNG[:-10], "wrong kind"),
        (b"\xff\xd8\xff", "wrong kind"),
        (zlib.compress(PDF), "wrong kind"),
        (PDF.replace(b"xxx", b"x" * 200), "too large"),
    ],
)
def test_what_is_no_whole_report_is_refused_and_nothing_is_kept(
    city: City, tmp_path: Path, content: bytes, fault: str
) -> None:
    assert fault_of(io.BytesIO(content), 100_000) == fault
    assert put(city, content) == 422
    assert near(city).report_file == ""
    assert [p for p in (tmp_path / "files").rglob("*") if p.is_file()] == []


def test_the_size_limit_is_that_of_the_setting() -> None:
    assert fault_of(io.BytesIO(PDF), len(PDF)) == ""
    assert fault_of(io.BytesIO(PDF), len(PDF) - 1) == "too large"


def test_the_same_upload_again_is_no_change(city: City) -> None:
    assert put(city, PDF) == 200
    lines = city.records.audit.audit(Page(50), object_id=near(city).id)
    assert put(city, PDF) == 200
    assert city.records.audit.audit(Page(50), object_id=near(city).id) == lines


def test_an_upload_leaves_an_audit_line_that_names_the_file(city: City) -> None:
    put(city, PDF)
    _, by, _, object_id, detail = city.records.audit.audit(Page(50))[0]
    assert (by, object_id) == ("administrator", near(city).id)
    assert hashlib.sha256(PDF).hexdigest() in detail


def test_another_report_takes_the_place_and_the_first_stays_in_the_store(
    city: City, tmp_path: Path
) -> None:
    put(city, PDF)
    put(city, JPEG)
    assert city.client("near_insurer").get(NEAR.format(near(city).id)).content == JPEG
    kept = {p.suffix for p in (tmp_path / "files").rglob("*") if p.is_file()}
    assert kept == {".pdf", ".jpg"}


def test_a_report_filed_by_mistake_is_taken_away(city: City, tmp_path: Path) -> None:
    put(city, PDF)
    client = city.client("administrator")
    path = NEAR.format(near(city).id)
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert [p for p in (tmp_path / "files").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("user", ["far_user", "near_inspector", "near_insurer", None])
def test_the_wrong_user_neither_reads_nor_writes(city: City, user: str | None) -> None:
    put(city, PDF)
    if user == "far_user":
        # an administrator of the near district, at a building of the far one
        client, path = city.client("near_administrator"), NEAR.replace("near", "far").format("x")
        assert client.get(path).status_code == 404
        assert client.put(path, files={"file": ("r", PDF)}).status_code == 404
        assert client.delete(path).status_code == 404
        return
    client = city.client(user)
    path = NEAR.format(near(city).id)
    wanted = 401 if user is None else 403
    assert client.put(path, files={"file": ("r", PDF)}).status_code == wanted
    assert client.delete(path).status_code == wanted
    assert client.get(path).status_code == (401 if user is None else 200)


def test_an_appraisal_never_names_a_key_of_the_store_itself(city: City) -> None:
    put(city, PDF)
    kept = near(city)
    client = city.client("administrator")
    body = {
        "grade": "D", "report_number": "N-9", "appraiser": "演示鉴定机构",
        "appraised_on": "2026-01-02",
    }  # fmt: skip
    path = "/api/v1/buildings/b-near/appraisals/"
    stolen = client.put(path + "a-thief", json=body | {"report_file": kept.report_file})
    assert stolen.status_code == 422
    # and one that stands there by another way is not handed out
    city.records.register.put_appraisal(
        Appraisal("a-thief", "b-near", "x", kept.grade, "N-9", "x", kept.appraised_on,
                  report_file=kept.report_file), "test",
    )  # fmt: skip
    assert client.get(NEAR.format("a-thief")).status_code == 404
    # correcting the appraisal keeps its report
    assert client.put(path + kept.id, json=body, headers={"If-Match": "*"}).status_code == 200
    assert near(city).report_file == kept.report_file


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("演示鉴字 2025-001", "演示鉴字-2025-001.pdf"),
        ("../../etc/passwd", "etc-passwd.pdf"),
        ('a"; filename=x.exe\r\nX: y', "a-filename-x-exe-X-y.pdf"),
        ("///", "report.pdf"),
        ("号" * 200, "号" * 80 + ".pdf"),
    ],
)
def test_the_name_of_a_download_is_the_cleaned_report_number(
    city: City, number: str, name: str
) -> None:
    put(city, PDF)
    assert report_of(replace(near(city), report_number=number)).name == name


def test_an_appraisal_on_paper_has_no_file(city: City) -> None:
    with pytest.raises(NotFound, match="no report file"):
        report_of(near(city))


def test_when_the_disk_is_full_the_appraisal_is_as_before(city: City) -> None:
    class Full(FolderFiles):
        def put(self, key: str, content: object) -> object:  # type: ignore[override]
            raise StoreUnavailable("no space left")

    full = Full(city.services.files._folder)  # type: ignore[attr-defined]
    with pytest.raises(StoreUnavailable):
        keep_report(full, city.records.register, near(city), io.BytesIO(PDF), 10_000, "t")  # type: ignore[arg-type]
    assert near(city).report_file == ""


def test_cut_off_before_the_record_the_same_upload_completes_it(city: City) -> None:
    class Away:
        def put_appraisal(self, appraisal: Appraisal, by: str) -> None:
            raise StoreUnavailable("killed here")

    with pytest.raises(StoreUnavailable):
        keep_report(
            city.services.files,
            Away(),
            near(city),
            io.BytesIO(PDF),
            10_000,
            "t",  # type: ignore[arg-type]
        )
    assert near(city).report_file == ""
    assert put(city, PDF) == 200
    assert city.client("insurer").get(NEAR.format(near(city).id)).content == PDF


def test_a_file_that_is_too_large_names_what_was_wanted() -> None:
    with pytest.raises(InvalidInput, match="PDF, JPEG or PNG of 1 to 10 bytes"):
        keep_report(None, None, None, io.BytesIO(PDF), 10, "t")  # type: ignore[arg-type]


def test_the_page_takes_and_gives_reports_too(city: City) -> None:
    app = create_app(city.services)
    mount_pages(app)
    client = TestClient(app, base_url="https://testserver")
    entered = client.post("/api/v1/session", json={"name": "administrator", "password": PASSWORD})
    client.headers["X-CSRF-Token"] = entered.json()["csrf"]
    path = f"/buildings/b-near/appraisals/{near(city).id}/report"
    refused = client.post(path, files={"file": ("x.pdf", b"no")}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "没有保存" in refused.text
    kept = client.post(path, files={"file": ("x.pdf", PDF)})
    assert kept.status_code == 200
    assert "下载报告" in kept.text
    answer = client.get(path)
    assert answer.content == PDF
    assert answer.headers["content-disposition"].startswith("attachment")
    assert client.get(path.replace("b-near", "b-far")).status_code == 404
    del client.headers["X-CSRF-Token"]
    assert client.post(path, files={"file": ("x.pdf", PNG)}).status_code == 403
