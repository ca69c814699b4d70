"""Reports of check-ups (体检报告): sealed when they are made, so that a copy can be verified."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.checkups import CheckUp
from domain.submissions import Submission

#: a code stands on paper and is typed by people: no I, L, O or U
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: 100 bits: nobody finds one by trying
CODE_LENGTH = 20


class SealStatus(StrEnum):
    """What a code stands for now."""

    VALID = "valid"
    PENDING = "pending"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Seal:
    """One report as it was made; never changed.

    Parameters
    ----------
    code
        What stands on it, and where it is verified.
    pictures
        Hash of which pictures were there, and what was drawn on them.
    sha256, bytes_total
        Of the PDF file.
    file_key
        Where it lies in the file store.

    """

    code: str
    check_up_id: str
    submission_id: str
    building_id: str
    pictures: str
    sha256: str
    bytes_total: int
    file_key: str
    made_at_ns: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What anybody may know of a code: no building, no person.

    Parameters
    ----------
    sha256
        Of the file that bears the code; empty for a code that is not known.

    """

    status: SealStatus
    sha256: str = ""
    made_at_ns: int = 0


class SealStore(Protocol):
    """Keeps the seals of reports."""

    def put_seal(self, seal: Seal) -> Seal:
        """Keep a seal, or find the one that bears its code already."""
        ...

    def seal(self, code: str) -> Seal | None: ...
    def seals(self, submission_id: str) -> Sequence[Seal]:
        """List the newest first."""
        ...


class ReportDesk(Protocol):
    """Makes the reports of check-ups, and tells whether one is genuine."""

    def pdf(self, check_up: CheckUp, submission: Submission) -> Seal:
        """Make the report of a submission, or find it: the same facts give the same file.

        Raises
        ------
        TooManyAttempts
            When others' reports are being made and the wait was too long.
        StoreUnavailable
            When it could not be made or kept; the same call may work later.

        """
        ...

    def xlsx(self, check_up: CheckUp, submission: Submission) -> bytes:
        """Write a submission as a workbook; nothing in it runs as a formula."""
        ...

    def verify(self, code: str, address: str) -> Verdict:
        """Tell what a code stands for.

        Raises
        ------
        TooManyAttempts
            When codes that are not known were asked for too often from this address.

        """
        ...


def plain_code(text: str) -> str:
    """Read a code as people type it; empty when it can be none.

    Examples
    --------
    >>> plain_code("abcd1-efgh2 jkmn3-pqrsO")
    'ABCD1EFGH2JKMN3PQRS0'
    >>> plain_code("../etc")
    ''

    """
    letters = text[:100].upper().replace("O", "0").replace("I", "1").replace("L", "1")
    letters = "".join(c for c in letters if c not in "- ")
    fits = len(letters) == CODE_LENGTH and all(c in CODE_LETTERS for c in letters)
    return letters if fits else ""


def spaced_code(code: str) -> str:
    """Write a code in groups of five.

    Examples
    --------
    >>> spaced_code("ABCD1EFGH2JKMN3PQRS0")
    'ABCD1-EFGH2-JKMN3-PQRS0'

    """
    return "-".join(code[at : at + 5] for at in range(0, len(code), 5))


def code_of(digest: bytes) -> str:
    """Make a code of the first 100 bits of a hash.

    Examples
    --------
    >>> code_of(bytes(32)), code_of(bytes([255] * 32))
    ('00000000000000000000', 'ZZZZZZZZZZZZZZZZZZZZ')

    """
    number = int.from_bytes(digest[:13], "big") >> 4
    letters = []
    for _ in range(CODE_LENGTH):
        number, rest = divmod(number, 32)
        letters.append(CODE_LETTERS[rest])
    return "".join(reversed(letters))
