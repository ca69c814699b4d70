"""One report made in a process of its own, so that nobody else waits for it."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from domain.attachments import Attachment
from domain.check_reports import code_of
from domain.errors import NotFound, StoreUnavailable
from lifecycle.report.document import maker, write_report
from lifecycle.report.facts import ReportFacts
from lifecycle.report.fonts import letters
from storage.files import FolderFiles

#: a public copy is smaller; what is larger is left out of a report
_PICTURE_BYTES_MAX = 8_000_000


@dataclass(frozen=True, slots=True)
class Making:
    """A report to be made.

    Parameters
    ----------
    files, target
        Folder of the file store, and the file to write.
    font
        As `lifecycle.report.fonts.letters`.
    verify_base
        Address that the code is put behind.

    """

    facts: ReportFacts
    files: Path
    target: Path
    font: str
    verify_base: str


@dataclass(frozen=True, slots=True)
class Made:
    """A report that was made."""

    code: str
    pages: int
    embedded: bool


def make(task: Making) -> Made:
    """Make a report.

    Raises
    ------
    StoreUnavailable
        When the disk refuses.

    """
    font = letters(task.font)
    told = msgspec.json.encode((maker(font), task.verify_base, task.facts))
    code = code_of(hashlib.sha256(told).digest())
    facts = replace(task.facts, code=code, verify_url=f"{task.verify_base}{code}")
    files = FolderFiles(task.files)

    def read(picture: Attachment) -> bytes | None:
        try:
            if files.size_bytes(picture.public_key) > _PICTURE_BYTES_MAX:
                return None
            return files.get(picture.public_key)
        except NotFound:
            return None

    try:
        pages = write_report(facts, task.target, read, font)
    except OSError as error:
        raise StoreUnavailable(f"a report was not written: {error.strerror}") from error
    return Made(code, pages, font.embedded)
