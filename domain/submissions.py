"""What an inspector sends in from a check-up: answers, members, signatures; never changed."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.anchors import Anchor
from domain.checkups import ResultClass
from domain.clock import MS_NS
from domain.defects import Defect
from domain.labels import Outcome


class Standing(StrEnum):
    """Whether a submission counts; one in conflict waits for a person, nothing is lost."""

    COUNTS = "counts"
    CONFLICT = "conflict"
    REPLACED = "replaced"
    SET_ASIDE = "set aside"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one item of a form.

    Parameters
    ----------
    value
        A number in the item's unit, the id of a choice, or text; `None`: left open.

    """

    item_id: str
    value: float | str | None = None
    note: str = ""
    attachment_ids: tuple[str, ...] = ()
    defect_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberCount:
    """Members (构件) of one kind in one storey, for the counter of JGJ 125.

    Parameters
    ----------
    storey
        `0` for the foundation, 1 and up above ground, -1 and down for basements.
    kind
        Key of a weight, such as `bearing_wall`.

    """

    storey: int
    kind: str
    total: int
    dangerous: int = 0


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature; its picture is an attachment."""

    role: str
    name: str
    signed_at_ns: int
    attachment_id: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """One filled-in form, as it was sent; a correction is a new one that names this one.

    Parameters
    ----------
    base_version
        Version of the check-up that the inspector's phone had.
    begun_at_ns, ended_at_ns
        By the phone's clock.
    clock_ahead_ms
        How far the phone's clock was ahead of ours when it was sent; `None`: not known.
    soil_dangerous
        The first stage of JGJ 125: the soil is in a dangerous state.
    outcome
        What the alert that was looked into turned out to be; `None`: no alert asked.
    defect_ids
        Defects that it tells.
    attachment_ids
        Photos and pictures of signatures that belong to it, arrived or not.
    supersedes
        The submission that it corrects; empty: none.
    sha256
        Of what was sent, as canonical JSON: the same id with another hash is refused.
    app
        Version of the form's program.

    """

    id: str
    check_up_id: str
    building_id: str
    template_id: str
    template_version: int
    by: str
    by_id: str
    base_version: int
    begun_at_ns: int
    ended_at_ns: int
    received_at_ns: int
    result: ResultClass
    sha256: str
    clock_ahead_ms: int | None = None
    answers: tuple[Answer, ...] = ()
    members: tuple[MemberCount, ...] = ()
    soil_dangerous: bool = False
    conclusion: str = ""
    measures: str = ""
    recheck_on: date | None = None
    outcome: Outcome | None = None
    defect_ids: tuple[str, ...] = ()
    attachment_ids: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()
    supersedes: str = ""
    standing: Standing = Standing.COUNTS
    app: str = ""

    def true_ns(self, at_ns: int, wrong_from_ms: int) -> int:
        """Correct a moment of the phone's clock where that was wrong; never after it came in.

        Parameters
        ----------
        wrong_from_ms
            A clock that is off by less is taken as right: it may be the way here.

        """
        ahead_ms = self.clock_ahead_ms
        if ahead_ms is not None and abs(ahead_ms) >= wrong_from_ms:
            at_ns -= ahead_ms * MS_NS
        return min(at_ns, self.received_at_ns)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came from a phone: a submission with the places and defects that were told in it.

    Parameters
    ----------
    submission
        Its standing, building and author are set when it is taken in.

    """

    submission: Submission
    anchors: tuple[Anchor, ...] = ()
    defects: tuple[Defect, ...] = ()


@dataclass(frozen=True, slots=True)
class FormFault:
    """One thing that is wrong with an answer.

    Parameters
    ----------
    item_id
        Item, or `signature:ROLE`.
    code
        `missing`, `unknown item`, `unknown choice`, `not a number`, `out of range`, `too long`,
        `photos missing`, `not text` or `signature missing`.
    wanted, came
        For people: what would be right, and what is there.

    """

    item_id: str
    code: str
    wanted: str = ""
    came: str = ""


class FollowKind(StrEnum):
    """What a submission led to."""

    SPECIAL = "special"
    APPRAISAL = "appraisal"
    ALERT = "alert"
    LABEL = "label"
    RECHECK = "recheck"


@dataclass(frozen=True, slots=True)
class Follow:
    """One thing that a submission led to; `text` is for the inspector, in their language."""

    kind: FollowKind
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an inspector's phone may forget its copy for.

    Parameters
    ----------
    missing
        Pictures that have not come yet.
    refused
        Pictures that were refused (and kept), with the reason.
    notes
        What was put right so that nothing was lost, such as a defect that continues none.
    faults
        What is missing in the form, or cannot be; it is kept all the same.

    """

    submission: Submission
    missing: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    follows: tuple[Follow, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[FormFault, ...] = ()
