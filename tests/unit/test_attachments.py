"""The desk of photos: pieces in any order and as often as they like, kills, and many processes."""

import hashlib
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.attachments import StoredAttachmentDesk
from domain.attachments import Attachment, AttachmentKind, AttachmentState, ImageSize
from domain.check_ports import CheckRules
from domain.clock import VirtualClock
from domain.errors import Conflict, InvalidInput, NotFound, OffsetConflict, StoreUnavailable
from lifecycle.picture_child import Seen
from storage.files import FolderFiles
from storage.records import Records, open_records
from tests.api_city import NOW_NS, building
from tests.check_samples import check_up
from tests.fresh_records import fresh_records

CONTENT = bytes(range(256)) * 20


class Nothing:
    """Looks at no picture, and says that all is fine."""

    def __init__(self) -> None:
        self.looked = 0

    def look(self, path: Path, folder: Path) -> Seen:
        self.looked += 1
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("public", "thumb"):
            (folder / f"{name}.jpg").write_bytes(name.encode())
        return Seen("", "", "image/jpeg", True, 10, 20)


class Away:
    """Cannot look now."""

    def look(self, path: Path, folder: Path) -> Seen:
        raise StoreUnavailable("no room")


def picture(content: bytes = CONTENT, id_: str = "p-1", **changes: object) -> Attachment:
    made = Attachment(
        id_, "b-near", "ck-1", AttachmentKind.PHOTO, hashlib.sha256(content).hexdigest(),
        len(content), "image/jpeg", NOW_NS, "inspector", "u-1",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def desk_in(
    folder: Path, records: Records, rules: CheckRules | None = None
) -> StoredAttachmentDesk:
    return StoredAttachmentDesk(
        records.checks, FolderFiles(folder / "files"), folder / "parts", folder / "scratch",
        VirtualClock(NOW_NS), rules or CheckRules(), Nothing(),
    )  # fmt: skip


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    made = fresh_records(tmp_path / "records.db")
    made.register.put_building(building("near", "360102"), "test")
    made.checks.put_check_up(check_up(), "test")
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path: Path, records: Records) -> StoredAttachmentDesk:
    return desk_in(tmp_path, records)


_runs = iter(range(10**9))
pieces = st.lists(
    st.tuples(st.integers(0, len(CONTENT)), st.integers(0, len(CONTENT) // 2)), max_size=25
)


@given(sent=pieces, killed=st.sets(st.integers(0, 24)))
@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_pieces_in_any_order_and_number_never_make_another_picture(
    sent: list[tuple[int, int]], killed: set[int], desk: StoredAttachmentDesk
) -> None:
    """Whatever is sent, what is safe is a beginning of the picture and only grows."""
    id_ = f"p-{next(_runs)}"
    desk.declare(picture(id_=id_))
    safe = 0
    for number, (begin, length) in enumerate(sent):
        if number in killed:  # another process goes on, with nothing but the disk
            desk = replace(desk)
        part = CONTENT[begin : begin + length]
        try:
            now = desk.append(id_, begin, part).offset
        except OffsetConflict as error:
            now, joins = error.offset, False
        else:
            joins = True
        assert joins is (begin <= safe)
        assert now == (max(safe, begin + len(part)) if joins else safe)
        safe = now
        known = desk.received(id_)
        assert known is not None
        assert known.offset == safe
        path = desk.parts / f"{id_}.part"
        if path.exists():
            assert path.read_bytes() == CONTENT[:safe]
    done = desk.append(id_, safe, CONTENT[safe:])
    assert done.attachment.state is AttachmentState.READY
    assert desk.image(done.attachment, ImageSize.ORIGINAL) == (CONTENT, "image/jpeg")
    assert not (desk.parts / f"{id_}.part").exists()


def test_two_phones_send_the_same_at_once(desk: StoredAttachmentDesk) -> None:
    desk.declare(picture())
    ready, done = threading.Barrier(4), []

    def phone() -> None:
        ready.wait()
        offset = 0
        while offset < len(CONTENT):
            try:
                now = desk.append("p-1", offset, CONTENT[offset : offset + 300])
            except OffsetConflict as error:
                offset = error.offset
                continue
            offset = now.offset
        done.append(now.attachment.state)

    phones = [threading.Thread(target=phone) for _ in range(4)]
    for one in phones:
        one.start()
    for one in phones:
        one.join()
    assert done == [AttachmentState.READY] * 4
    assert isinstance(desk.looker, Nothing)
    assert desk.looker.looked == 1
    assert not list(desk.parts.iterdir())


def _process(folder: str, number: int) -> None:
    records = open_records(f"sqlite:///{folder}/records.db")
    desk = desk_in(Path(folder), records)
    offset = 0
    while offset < len(CONTENT):
        try:
            offset = desk.append("p-1", offset, CONTENT[offset : offset + 100 + number]).offset
        except OffsetConflict as error:
            offset = error.offset
    records.close()


def test_several_processes_take_turns(
    tmp_path: Path, records: Records, desk: StoredAttachmentDesk
) -> None:
    desk.declare(picture())
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_process, args=(str(tmp_path), n)) for n in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(120)
    assert [one.exitcode for one in workers] == [0, 0, 0]
    kept = records.checks.attachment("p-1")
    assert kept is not None
    assert (kept.state, kept.version) == (AttachmentState.READY, 2)
    assert desk.image(kept, ImageSize.ORIGINAL)[0] == CONTENT


def test_a_picture_that_was_whole_when_the_power_went_is_finished(
    desk: StoredAttachmentDesk,
) -> None:
    """The last bytes were safe, but nobody had looked at it yet."""
    for id_, touch in (
        ("p-1", lambda: desk.received("p-1")),
        ("p-2", lambda: desk.declare(picture(id_="p-2"))),
        ("p-3", lambda: desk.append("p-3", len(CONTENT), b"")),
        ("p-4", desk.sweep),
    ):
        desk.declare(picture(id_=id_))
        away = replace(desk, looker=Away())
        with pytest.raises(StoreUnavailable):
            away.append(id_, 0, CONTENT)
        kept = desk.checks.attachment(id_)
        assert kept is not None
        assert kept.state is AttachmentState.RECEIVING
        touch()  # type: ignore[operator]
        kept = desk.checks.attachment(id_)
        assert kept is not None
        assert kept.state is AttachmentState.READY


def test_old_parts_are_forgotten_by_age_and_young_ones_are_not(
    desk: StoredAttachmentDesk,
) -> None:
    desk.parts.mkdir(parents=True)
    for id_ in ("p-1", "p-2"):
        desk.declare(picture(id_=id_))
        desk.append(id_, 0, CONTENT[:100])
    stray = desk.parts / "nobody.part"
    stray.write_bytes(b"x")
    assert desk.sweep() == 0
    old_s = time.time() - 31 * 86_400
    for path in (desk.parts / "p-1.part", stray):
        os.utime(path, (old_s, old_s))
    assert desk.sweep() == 2
    assert [path.name for path in desk.parts.iterdir()] == ["p-2.part"]
    begun = desk.received("p-1")
    assert begun is not None
    assert begun.offset == 0
    assert desk.append("p-1", 0, CONTENT).attachment.state is AttachmentState.READY


def test_an_id_stands_for_one_picture(desk: StoredAttachmentDesk) -> None:
    desk.declare(picture())
    for change in (
        {"sha256": "1" * 64},
        {"bytes_total": 7},
        {"by_id": "u-2"},
        {"kind": AttachmentKind.SIGNATURE},
    ):
        with pytest.raises(Conflict):
            desk.declare(picture(**change))
    told = desk.declare(picture(caption="东墙", mm_per_px=0.2, marks="[]", defect_id="d-1"))
    assert (told.attachment.version, told.attachment.caption) == (2, "东墙")
    assert desk.declare(replace(told.attachment, made_at_ns=1)).attachment == told.attachment


def test_what_is_too_much_is_refused(desk: StoredAttachmentDesk, records: Records) -> None:
    most = desk.file_bytes_max
    desk.declare(picture(id_="p-most", bytes_total=most))
    for change in (
        {"bytes_total": most + 1},
        {"bytes_total": 0},
        {"content_type": "image/gif"},
        {"content_type": "application/pdf"},
    ):
        with pytest.raises(InvalidInput):
            desk.declare(picture(**change))
    desk.declare(picture())
    with pytest.raises(InvalidInput, match="5,120 bytes"):
        desk.append("p-1", 5_000, bytes(121))
    with pytest.raises(NotFound):
        desk.append("p-9", 0, b"x")
    few = replace(desk, rules=CheckRules(photos_per_check_up_max=2))
    with pytest.raises(InvalidInput, match="2 pictures"):
        few.declare(picture(id_="p-3"))


def test_a_hash_that_is_another_refuses_the_picture_and_keeps_its_bytes(
    desk: StoredAttachmentDesk,
) -> None:
    desk.declare(picture(sha256="1" * 64))
    done = desk.append("p-1", 0, CONTENT).attachment
    assert (done.state, done.reason_code) == (AttachmentState.REFUSED, "sha256")
    assert hashlib.sha256(CONTENT).hexdigest() in done.reason
    assert desk.image(done, ImageSize.ORIGINAL)[0] == CONTENT
    with pytest.raises(NotFound):
        desk.image(done, ImageSize.THUMB)


def test_a_caption_that_is_told_meanwhile_is_not_lost(desk: StoredAttachmentDesk) -> None:
    class Slow(Nothing):
        def look(self, path: Path, folder: Path) -> Seen:
            kept = desk.checks.attachment("p-1")
            assert kept is not None
            desk.checks.put_attachment(replace(kept, caption="told meanwhile", version=2))
            return super().look(path, folder)

    desk.declare(picture())
    done = replace(desk, looker=Slow()).append("p-1", 0, CONTENT).attachment
    assert (done.state, done.caption) == (AttachmentState.READY, "told meanwhile")
