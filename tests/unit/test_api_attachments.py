"""Photos of check-ups: in pieces, resumed, looked at, kept apart from what they must not tell."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from domain.clock import to_ns
from tests.api_city import City, make_city
from tests.check_samples import (
    add_rules,
    check_up,
    declared,
    encoded,
    jpeg,
    piece,
    send,
    submission,
    upload,
)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    add_rules(made.records)
    made.records.checks.put_check_up(check_up(), "test")
    made.records.checks.put_check_up(check_up("ck-far", "far"), "test")
    yield made
    made.close()


def test_a_photo_comes_in_pieces_and_goes_on_where_it_is_safe(city: City) -> None:
    inspector, content = city.client("inspector"), jpeg(800, 600)
    begun = inspector.put("/api/v1/attachments/p-1", json=declared(content))
    assert (begun.status_code, begun.json()["offset"]) == (201, 0)
    first = piece(inspector, "p-1", 0, content[:1000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (200, "1000")
    gap = piece(inspector, "p-1", 2000, content[2000:3000])
    assert (gap.status_code, gap.json()["offset"], gap.headers["Upload-Offset"]) == (
        409,
        1000,
        "1000",
    )
    overlap = piece(inspector, "p-1", 500, content[500:1500])
    assert overlap.json()["offset"] == 1500
    assert piece(inspector, "p-1", 0, content[:700]).json()["offset"] == 1500
    again = inspector.put("/api/v1/attachments/p-1", json=declared(content))
    assert (again.status_code, again.json()["offset"]) == (200, 1500)
    done = piece(inspector, "p-1", 1500, content[1500:]).json()
    assert (done["state"], done["width_px"], done["height_px"]) == ("ready", 800, 600)
    assert piece(inspector, "p-1", 0, content).json() == done
    assert not list(city.services.attachment_desk.parts.glob("*"))  # type: ignore[attr-defined]


def test_what_is_not_what_was_declared_is_refused_and_kept(city: City) -> None:
    inspector, content = city.client("inspector"), jpeg()
    told = upload(inspector, "p-1", content, sha256="0" * 64)
    assert (told["state"], told["reason_code"]) == ("refused", "sha256")
    kept = inspector.get("/api/v1/attachments/p-1/image", params={"size": "original"})
    assert kept.content == content
    assert inspector.get("/api/v1/attachments/p-1/image").status_code == 404


def test_where_a_photo_was_taken_is_for_its_author_and_planners_only(city: City) -> None:
    inspector, colleague = city.client("inspector"), city.client("near_inspector")
    duty, content = city.client("duty_officer"), located()
    upload(inspector, "p-1", content)
    for client, place in ((inspector, True), (duty, True), (colleague, False)):
        told = client.get("/api/v1/attachments/p-1").json()
        assert (told["wgs84"] is not None, told["accuracy_m"] is not None) == (place, place)
        whole = client.get("/api/v1/attachments/p-1/image?size=original")
        assert whole.status_code == (200 if place else 403)
        for size in ("public", "thumb"):
            shown = client.get(f"/api/v1/attachments/p-1/image?size={size}")
            assert shown.headers["Content-Type"] == "image/jpeg"
            assert b"Exif" not in shown.content
            assert not dict(Image.open(io.BytesIO(shown.content)).getexif())
    assert whole.headers["Content-Type"] == "application/problem+json"
    assert b"Exif" in inspector.get("/api/v1/attachments/p-1/image?size=original").content
    for role in ("insurer", "technician", "operator"):
        assert city.client(role).get("/api/v1/attachments/p-1/image").status_code == 403
    foreign = city.client("inspector")
    assert upload(foreign, "p-far", jpeg(), check_up_id="ck-far")["state"] == "ready"
    assert colleague.get("/api/v1/attachments/p-far/image").status_code == 404


def test_where_the_phone_says_it_was_counts_before_the_file(city: City) -> None:
    inspector = city.client("inspector")
    told = upload(inspector, "p-1", located(), wgs84=[115.9, 28.7], accuracy_m=8)
    assert (told["wgs84"], told["accuracy_m"]) == ([115.9, 28.7], 8)
    assert told["exif_taken_at"] is None


def test_a_photo_is_sent_by_whoever_declared_it(city: City) -> None:
    inspector, colleague, content = city.client("inspector"), city.client("near_inspector"), jpeg()
    inspector.put("/api/v1/attachments/p-1", json=declared(content))
    assert piece(colleague, "p-1", 0, content).status_code == 403
    assert colleague.put("/api/v1/attachments/p-1", json=declared(content)).status_code == 409
    assert (
        city.client("duty_officer")
        .put("/api/v1/attachments/p-2", json=declared(content))
        .status_code
        == 403
    )


def test_caption_marks_and_scale_may_be_told_later(city: City) -> None:
    inspector, content = city.client("inspector"), jpeg()
    upload(inspector, "p-1", content)
    marks = [{"kind": "arrow", "points": [[0.1, 0.2], [0.5, 0.5]], "text": "裂缝"}]
    told = declared(content, caption="东墙", marks=marks, mm_per_px=0.25, defect_id="d-1")
    answer = inspector.put("/api/v1/attachments/p-1", json=told).json()
    assert (answer["caption"], answer["mm_per_px"], answer["defect_id"]) == ("东墙", 0.25, "d-1")
    assert answer["marks"][0]["points"] == [[0.1, 0.2], [0.5, 0.5]]
    assert (answer["state"], answer["version"]) == ("ready", 3)
    assert inspector.put("/api/v1/attachments/p-1", json=told).json() == answer


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"sha256": "A" * 64}, 422),
        ({"bytes_total": 0}, 422),
        ({"bytes_total": 26_000_000}, 422),
        ({"content_type": "image/svg+xml"}, 422),
        ({"check_up_id": "ck-none"}, 404),
        ({"kind": "film"}, 422),
        ({"wgs84": [200, 0]}, 422),
        ({"mm_per_px": 0}, 422),
        ({"marks": [{"kind": "Arrow"}]}, 422),
        ({"taken_at": "yesterday"}, 422),
    ],
)
def test_a_declaration_that_cannot_be_is_refused_by_its_field(
    city: City, change: dict[str, object], status: int
) -> None:
    answer = city.client("inspector").put("/api/v1/attachments/p-1", json=declared(jpeg()) | change)
    assert answer.status_code == status, answer.text
    assert city.records.checks.attachment("p-1") is None


def test_pieces_that_cannot_be_are_refused(city: City) -> None:
    inspector, content = city.client("inspector"), jpeg()
    inspector.put("/api/v1/attachments/p-1", json=declared(content))
    path, kind = "/api/v1/attachments/p-1", "application/offset+octet-stream"
    assert inspector.patch(path, content=b"x", headers={"Content-Type": kind}).status_code == 422
    for offset in ("-1", "x", "1e3", "9" * 20):
        headers = {"Upload-Offset": offset, "Content-Type": kind}
        assert inspector.patch(path, content=b"x", headers=headers).status_code == 422
    assert piece(inspector, "p-1", len(content), b"x").status_code == 422
    assert piece(inspector, "p-1", 0, bytes(1_000_001)).status_code == 413
    assert piece(inspector, "p-9", 0, b"x").status_code == 404
    assert inspector.get(path).json()["offset"] == 0


def test_an_heic_is_kept_and_said(city: City) -> None:
    inspector = city.client("inspector")
    content = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(400)
    told = upload(inspector, "p-1", content, content_type="image/heic")
    assert (told["state"], told["reason_code"], told["has_copies"]) == (
        "ready",
        "no decoder",
        False,
    )
    assert inspector.get("/api/v1/attachments/p-1/image").status_code == 404
    whole = inspector.get("/api/v1/attachments/p-1/image?size=original")
    assert (whole.content, whole.headers["Content-Type"]) == (content, "image/heic")
    assert whole.headers["Content-Disposition"] == "attachment"


def test_the_moment_of_a_photo_is_put_right_with_its_form(city: City) -> None:
    inspector = city.client("inspector")
    upload(inspector, "p-1", jpeg(), taken_at="2025-11-23T05:10:00Z")
    path = "/api/v1/attachments/p-1"
    assert inspector.get(path).json()["taken_at"] == "2025-11-23T05:10:00Z"
    told = submission(attachments=["p-1"], sent_at="2025-11-23T06:00:00Z")
    assert send(inspector, "ck-1", "s-1", told).status_code == 201
    assert inspector.get(path).json()["taken_at"] == "2026-11-23T05:10:00Z"
    kept = city.records.checks.attachment("p-1")
    assert kept is not None
    assert kept.taken_at_ns == to_ns(datetime(2025, 11, 23, 5, 10, tzinfo=UTC))


def located() -> bytes:
    """Make a photo that says where it was taken."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {1: "N", 2: (28.0, 40.0, 48.0), 3: "E", 4: (115.0, 53.0, 24.0), 31: 4.5}
    )
    return encoded(Image.new("RGB", (64, 48), "grey"), "JPEG", exif=exif.tobytes())
