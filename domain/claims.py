"""Claims that an element of one revision is an element of the next: made, doubted, undone."""

from dataclasses import dataclass
from enum import StrEnum


class ClaimMethod(StrEnum):
    """What a claim rests on."""

    GUID = "guid"
    TAG = "tag"
    BOX = "box"
    CONTENT = "content"
    MANUAL = "manual"


class ClaimStatus(StrEnum):
    """Where a claim stands; only `auto` and `confirmed` ones hold."""

    AUTO = "auto"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class ClaimRole(StrEnum):
    """How the two belong together."""

    SAME = "same"
    PART = "part of"
    MERGED = "merged into"


@dataclass(frozen=True, slots=True)
class IdentityClaim:
    """Says that an element lives on as one entity of a newer revision.

    Parameters
    ----------
    to_step_id, to_global_id
        The entity in `to_revision`; 0 and empty: it is gone (that too may be doubted).
    score
        0 to 1, how well it fits; ranks proposals and is no probability.
    evidence
        (name, value) pairs that an engineer can check: distance in m, hashes that agree.
    decided_by, decided_at_ns
        Who confirmed or rejected it; empty while nobody has.

    """

    id: str
    model_id: str
    from_revision: str
    to_revision: str
    element_id: str
    to_step_id: int
    to_global_id: str
    method: ClaimMethod
    score: float
    status: ClaimStatus
    role: ClaimRole = ClaimRole.SAME
    evidence: tuple[tuple[str, str], ...] = ()
    made_at_ns: int = 0
    decided_by: str = ""
    decided_at_ns: int | None = None
    note: str = ""
    version: int = 1
