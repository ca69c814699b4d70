"""Photos while the disk is full: what was safe stays, and the phone goes on when there is room."""

import hashlib
from dataclasses import replace
from pathlib import Path

from fastapi.testclient import TestClient

from api.application import create_app
from domain.checkups import ResultClass
from storage.files import FolderFiles
from tests.api_city import attachment_desk, make_city
from tests.check_samples import add_rules, check_up, declared, jpeg, piece, send, submission
from tests.servers.small_disk import SmallDisk


def test_a_photo_that_finds_no_room_goes_on_where_it_was_safe(
    tmp_path: Path, disk: SmallDisk
) -> None:
    city = make_city(tmp_path)
    add_rules(city.records)
    city.records.checks.put_check_up(check_up(), "test")
    files = FolderFiles(disk.folder / "files")
    desk = attachment_desk(city.records, files, city.clock, disk.folder)
    app = create_app(replace(city.services, files=files, attachment_desk=desk))
    client = TestClient(app, raise_server_exceptions=False)
    client.headers["Authorization"] = city.client("inspector").headers["Authorization"]
    content = jpeg(900, 700, quality=100)
    assert client.put("/api/v1/attachments/p-1", json=declared(content)).status_code == 201
    half = len(content) // 2
    assert piece(client, "p-1", 0, content[:half]).json()["offset"] == half
    disk.fill()
    for _ in range(2):
        refused = piece(client, "p-1", half, content[half:])
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert str(disk.folder) not in refused.text
        known = client.get("/api/v1/attachments/p-1").json()
        assert (known["state"], known["offset"]) == ("receiving", half)
    # the form does not wait for the photo
    told = send(client, "ck-1", "s-1", submission(4, attachments=["p-1"]))
    assert (told.status_code, told.json()["missing"]) == (201, ["p-1"])
    disk.make_room()
    # room for the last bytes, none for the copies
    part = desk.parts / "p-1.part"
    with part.open("ab") as file:
        file.write(content[half:])
    disk.fill()
    assert piece(client, "p-1", len(content) - 1, content[-1:]).status_code == 503
    assert client.get("/api/v1/attachments/p-1").status_code == 503
    disk.make_room()
    done = client.get("/api/v1/attachments/p-1").json()
    assert (done["state"], done["width_px"]) == ("ready", 900)
    whole = client.get("/api/v1/attachments/p-1/image?size=original").content
    assert hashlib.sha256(whole).hexdigest() == done["sha256"]
    assert not part.exists()
    kept = city.records.checks.check_up("ck-1")
    assert kept is not None
    assert kept.result is ResultClass.IMMINENT
    city.close()
