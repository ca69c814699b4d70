"""The desk of reports when several ask at once, when it is busy, and when the disk refuses."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.compute import Compute
from app.report_desk import StoredReportDesk
from app.report_facts import ReportStores
from domain.check_reports import Seal
from domain.checkups import CheckUp
from domain.errors import StoreUnavailable, TooManyAttempts
from domain.ports import StoredFile
from domain.submissions import Submission
from storage.files import FolderFiles
from tests.api_city import City, make_city
from tests.unit.test_api_check_reports import fill


class FullDisk(FolderFiles):
    """A file store whose disk is full until it is told otherwise."""

    full = True

    def put(self, key: str, content: bytes | Iterable[bytes]) -> StoredFile:
        if self.full:
            raise StoreUnavailable(f"file {key!r} was not kept: No space left on device")
        return super().put(key, content)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    fill(made)
    yield made
    made.close()


def desk_of(
    city: City, folder: Path, files: FolderFiles, compute: Compute, wait_s: float = 30.0
) -> StoredReportDesk:
    records = city.records
    stores = ReportStores(
        records.register, records.checks, records.check_plans, records.places, records.models
    )
    return StoredReportDesk(
        stores, records.seals, files, folder, compute, city.clock, city.clock,
        "https://anju.example.org", wait_s=wait_s,
    )  # fmt: skip


def asked(city: City) -> tuple[CheckUp, Submission]:
    check_up, sent = city.records.checks.check_up("c-1"), city.records.checks.submission("s-1")
    assert check_up is not None
    assert sent is not None
    return check_up, sent


def test_a_process_of_its_own_makes_the_same_file_as_this_one(city: City, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    here = city.services.check_reports.pdf(*asked(city))
    FolderFiles(folder).delete(here.file_key)
    compute = Compute(1)
    try:
        there = desk_of(city, folder, FolderFiles(folder), compute).pdf(*asked(city))
    finally:
        compute.close()
    assert there == here
    assert FolderFiles(folder).sha256(here.file_key) == here.sha256


def test_who_ask_at_once_get_one_report(city: City, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    desk = desk_of(city, folder, FolderFiles(folder), Compute(0))
    with ThreadPoolExecutor(4) as pool:
        found = {job.result() for job in [pool.submit(desk.pdf, *asked(city)) for _ in range(4)]}
    assert len(found) == 1
    assert len(city.records.seals.seals("s-1")) == 1


def test_who_would_wait_too_long_is_told_so_and_kept_reports_are_handed_out_meanwhile(
    city: City, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    begun, go_on = threading.Event(), threading.Event()

    class Held(Compute):
        """A process that does not come to an end until it may."""

        def map(self, work, tasks):  # type: ignore[no-untyped-def]
            begun.set()
            go_on.wait(30)
            return super().map(work, tasks)

    desk = desk_of(city, folder, FolderFiles(folder), Held(0), wait_s=0.05)
    made: list[Seal] = []
    first = threading.Thread(target=lambda: made.append(desk.pdf(*asked(city))))
    first.start()
    try:
        assert begun.wait(30)
        with pytest.raises(TooManyAttempts):
            desk.pdf(*asked(city))
    finally:
        go_on.set()
        first.join(60)
    begun.clear()
    assert [desk.pdf(*asked(city))] == made
    assert not begun.is_set()


def test_a_full_disk_leaves_no_seal_and_the_same_call_works_later(
    city: City, tmp_path: Path
) -> None:
    files = FullDisk(tmp_path / "files")
    desk = desk_of(city, tmp_path / "files", files, Compute(0))
    with pytest.raises(StoreUnavailable):
        desk.pdf(*asked(city))
    assert city.records.seals.seals("s-1") == []
    files.full = False
    assert desk.pdf(*asked(city)).bytes_total > 10_000


def test_one_killed_between_file_and_seal_is_completed_by_the_next(
    city: City, tmp_path: Path
) -> None:
    # what is left of the killed one is the file alone: it is the same, and the seal is written
    files = FolderFiles(tmp_path / "files")
    seal = city.services.check_reports.pdf(*asked(city))
    with city.records.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM report_seals")
    again = desk_of(city, tmp_path / "files", files, Compute(0)).pdf(*asked(city))
    assert (again.code, again.sha256, again.file_key) == (seal.code, seal.sha256, seal.file_key)
