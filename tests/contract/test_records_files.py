"""What the folder of files promises."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import Conflict, InvalidInput, NotFound, SettingsInvalid, StoreUnavailable
from domain.ports import StoredFile
from storage.files import PIECE_BYTES, FolderFiles

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(tmp_path: Path) -> FolderFiles:
    return FolderFiles(tmp_path / "files")


def test_a_file_comes_back_as_it_was_put(files: FolderFiles, tmp_path: Path) -> None:
    content = os.urandom(100_000)
    files.put("appraisals/a-1/report.pdf", content)
    again = FolderFiles(tmp_path / "files")
    assert again.get("appraisals/a-1/report.pdf") == content
    assert again.exists("appraisals/a-1/report.pdf")
    assert not again.exists("appraisals/a-1")


def test_what_is_not_there_is_not_found(files: FolderFiles) -> None:
    files.put("a/b", b"x")
    assert not files.exists("c")
    for key in ("c", "a", "a/b/c"):
        with pytest.raises(NotFound):
            files.get(key)


def test_a_file_never_changes(files: FolderFiles) -> None:
    files.put("a", b"one")
    files.put("a", b"one")
    with pytest.raises(Conflict, match="another file stands under 'a'"):
        files.put("a", b"two")
    with pytest.raises(Conflict):
        files.put("a/b", b"below a file")
    assert files.get("a") == b"one"


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".hidden", "a/.b", "a\\b", "a\x00b",
     "a b", "报告.pdf", "x" * 121, "/".join(["x" * 100] * 3), "a\n", "C:x", "..", "."],
)  # fmt: skip
def test_a_key_that_could_lead_elsewhere_is_refused(files: FolderFiles, key: str) -> None:
    with pytest.raises(InvalidInput, match="key"):
        files.put(key, b"x")
    with pytest.raises(InvalidInput, match="key"):
        files.get(key)


def test_a_file_comes_and_goes_in_pieces_with_its_hash_and_size(files: FolderFiles) -> None:
    pieces = [os.urandom(PIECE_BYTES), b"", os.urandom(PIECE_BYTES + 7), b"end"]
    whole = b"".join(pieces)
    kept = files.put("a/b", iter(pieces))
    assert kept == StoredFile(hashlib.sha256(whole).hexdigest(), len(whole))
    read = list(files.pieces("a/b"))
    assert len(read) == 3
    assert b"".join(read) == whole
    assert (files.sha256("a/b"), files.size_bytes("a/b")) == (kept.sha256, kept.size_bytes)
    assert files.put("a/b", whole) == kept, "the same again is no change"


def test_what_is_not_there_has_no_hash_and_no_size(files: FolderFiles) -> None:
    files.put("a/b", b"x")
    for key in ("c", "a", "a/b/c"):
        for ask in (files.pieces, files.sha256, files.size_bytes):
            with pytest.raises(NotFound):
                ask(key)


def test_a_deleted_file_is_gone_and_its_key_is_free_again(files: FolderFiles) -> None:
    files.put("a/b", b"one")
    files.delete("a/b")
    files.delete("a/b")
    files.delete("never/there")
    assert not files.exists("a/b")
    files.put("a/b", b"two")
    assert files.get("a/b") == b"two"
    with pytest.raises(InvalidInput, match="folder"):
        files.delete("a")


def test_a_sender_that_breaks_off_leaves_nothing(files: FolderFiles, tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"some"
        raise ConnectionError("gone")

    with pytest.raises(StoreUnavailable):
        files.put("a/b", breaking())
    assert not files.exists("a/b")
    assert list((tmp_path / "files" / ".halves").iterdir()) == []


def test_what_killed_writers_left_is_removed_and_what_is_being_written_is_not(
    tmp_path: Path,
) -> None:
    FolderFiles(tmp_path)
    old, new = tmp_path / ".halves" / "old", tmp_path / ".halves" / "new"
    for half in (old, new):
        half.write_bytes(b"half")
    os.utime(old, (0, 0))
    FolderFiles(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_two_writers_of_one_key_leave_one_whole_file(files: FolderFiles, tmp_path: Path) -> None:
    gate = threading.Barrier(4)
    outcomes: list[str] = []

    def put(number: int) -> None:
        gate.wait()
        try:
            files.put("a/b", bytes([number]) * 1_000_000)
            outcomes.append("kept")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 3 + ["kept"]
    kept = files.get("a/b")
    assert len(kept) == 1_000_000
    assert len(set(kept)) == 1
    assert [p.name for p in (tmp_path / "files" / "a").iterdir()] == ["b"]


def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from storage.files import FolderFiles\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "files = FolderFiles(Path(sys.argv[1]))\n"
        "try: files.put('a/b', b'x' * 5000)\n"
        "except Exception as error: print(type(error).__name__)\n"
        "print(files.exists('a/b'), [p.name for p in Path(sys.argv[1]).rglob('*')])\n"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert outcome.stdout == f"{StoreUnavailable.__name__}\nFalse ['.halves']\n"


def test_a_folder_that_cannot_be_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SettingsInvalid, match=r"files.folder"):
        FolderFiles(tmp_path / "file")
    with pytest.raises(SettingsInvalid, match=r"files.folder"):
        FolderFiles(tmp_path / "file" / "below")
