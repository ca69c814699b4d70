"""Report files of appraisals: what is taken, where it lies, what it is called when it leaves."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from domain.buildings import Appraisal
from domain.errors import InvalidInput, NotFound
from domain.ports import FileStore, RegisterStore

_PIECE_BYTES = 256 * 1024
_LOOK_BYTES = 1024
_NAME_CHARACTERS_MAX = 80


@dataclass(frozen=True, slots=True)
class ReportKind:
    """A kind of file that a report may be.

    Parameters
    ----------
    begins, ends
        Bytes at the very start, and somewhere in the last kilobyte.

    """

    extension: str
    media_type: str
    begins: bytes
    ends: bytes


KINDS = (
    ReportKind("pdf", "application/pdf", b"%PDF-", b"%%EOF"),
    ReportKind("jpg", "image/jpeg", b"\xff\xd8\xff", b"\xff\xd9"),
    ReportKind("png", "image/png", b"\x89PNG\r\n\x1a\n", b"IEND"),
)


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A kept report: its key, type, hash, and the name under which it is handed out."""

    key: str
    media_type: str
    sha256: str
    name: str


def fault_of(file: BinaryIO, bytes_max: int) -> str:
    """Tell what is wrong with an upload: `empty`, `too large`, `wrong kind`; empty: nothing.

    The content alone counts; name and type that the sender gave are never looked at.
    """
    size = _size(file)
    if size == 0:
        return "empty"
    if size > bytes_max:
        return "too large"
    return "" if _kind(file) else "wrong kind"


def keep_report(
    files: FileStore,
    register: RegisterStore,
    appraisal: Appraisal,
    file: BinaryIO,
    bytes_max: int,
    by: str,
) -> Appraisal:
    """Keep an upload as the report of an appraisal, under its hash.

    The file is written first: when this is cut off in between, the same upload again completes
    it. A report that was there before stays in the store, as the audit refers to it.

    Raises
    ------
    InvalidInput
        When it is no PDF, JPEG or PNG by its content, empty, or too large.
    StoreUnavailable
        When it could not be kept; the appraisal is as before.

    """
    if fault := fault_of(file, bytes_max):
        raise InvalidInput(
            f"file must be a PDF, JPEG or PNG of 1 to {bytes_max:,} bytes, "
            f"got {_size(file):,} bytes: {fault}",
            "file",
        )
    kind = _kind(file)
    assert kind is not None  # noqa: S101 - looked at just now
    digest = hashlib.sha256()
    for piece in _pieces(file):
        digest.update(piece)
    key = f"{_folder(appraisal)}/{digest.hexdigest()}.{kind.extension}"
    files.put(key, _pieces(file))
    changed = replace(appraisal, report_file=key)
    if changed != appraisal:
        register.put_appraisal(changed, by)
    return changed


def drop_report(
    files: FileStore, register: RegisterStore, appraisal: Appraisal, by: str
) -> Appraisal:
    """Take the report of an appraisal away, for one that was filed by mistake.

    The appraisal is changed first: when this is cut off in between, a file lies about that
    nothing names any more.
    """
    if not appraisal.report_file:
        return appraisal
    changed = replace(appraisal, report_file="")
    register.put_appraisal(changed, by)
    if appraisal.report_file.startswith(_folder(appraisal) + "/"):
        files.delete(appraisal.report_file)
    return changed


def report_of(appraisal: Appraisal) -> ReportFile:
    """Tell where the report of an appraisal lies.

    Raises
    ------
    NotFound
        When it was filed on paper, or what is written there is no key of its own.

    """
    folder, _, name = appraisal.report_file.rpartition("/")
    sha256, _, extension = name.partition(".")
    kind = next((k for k in KINDS if k.extension == extension), None)
    if folder != _folder(appraisal) or kind is None:
        raise NotFound(f"appraisal {appraisal.id!r} has no report file")
    return ReportFile(appraisal.report_file, kind.media_type, sha256, _name(appraisal, extension))


def _folder(appraisal: Appraisal) -> str:
    # an appraisal's id may hold characters that a key may not
    return f"appraisals/{hashlib.sha256(appraisal.id.encode()).hexdigest()[:32]}"


def _name(appraisal: Appraisal, extension: str) -> str:
    """Name a report after its number; whatever is no letter or digit becomes a dash."""
    plain = "".join(c if c.isalnum() else "-" for c in appraisal.report_number)
    cleaned = "-".join(part for part in plain.split("-") if part)[:_NAME_CHARACTERS_MAX]
    return f"{cleaned or 'report'}.{extension}"


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _kind(file: BinaryIO) -> ReportKind | None:
    size = _size(file)
    file.seek(0)
    head = file.read(_LOOK_BYTES)
    file.seek(max(0, size - _LOOK_BYTES))
    tail = file.read(_LOOK_BYTES)
    fits = (k for k in KINDS if head.startswith(k.begins) and k.ends in tail[-_LOOK_BYTES:])
    return next(fits, None)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        yield piece
