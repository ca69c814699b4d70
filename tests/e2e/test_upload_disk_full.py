"""Uploads while the disk on which they are put aside is full."""

import tempfile
from pathlib import Path

import pytest

from tests.api_city import make_city
from tests.servers.small_disk import SmallDisk

LARGE = {"file": ("a.csv", b"kind,started_at\n" + b"works,2026-11-01 08:00\n" * 80_000, "")}
UPLOAD = "/api/v1/contexts/import/preview"


def test_an_upload_that_finds_no_room_may_be_tried_again(
    tmp_path: Path, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = make_city(tmp_path)
    client = city.client("bureau")
    monkeypatch.setattr(tempfile, "tempdir", str(disk.folder))
    disk.fill()
    refused = client.post(UPLOAD, files=LARGE)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert "disk" not in refused.text
    assert str(disk.folder) not in refused.text
    disk.make_room()
    assert client.post(UPLOAD, files=LARGE).status_code in {200, 422}
    city.close()
