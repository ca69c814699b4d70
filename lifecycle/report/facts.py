"""What a report of a check-up is made of: records only, read before it is begun."""

from dataclasses import dataclass

from domain.attachments import Attachment
from domain.buildings import Appraisal, Building
from domain.checkups import CheckUp, Firm
from domain.defect_chains import Growth
from domain.defects import Defect
from domain.submissions import Submission
from domain.templates import Template

Corner = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pin:
    """A numbered place on a plan, metres, building axes."""

    label: str
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one storey.

    Parameters
    ----------
    outlines
        Rooms or parts of the building: (name, corners in metres); the name may be empty.
    axes
        (name, direction, metre), as `domain.rooms.RoomSchema`.

    """

    storey: str
    outlines: tuple[tuple[str, tuple[Corner, ...]], ...]
    axes: tuple[tuple[str, str, float], ...] = ()
    pins: tuple[Pin, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundDefect:
    """A defect that the check-up tells, with its number in the report and its place in words.

    Parameters
    ----------
    before
        The same as it was found last time.
    growth
        Since the time before.

    """

    label: str
    defect: Defect
    place: str
    before: Defect | None = None
    growth: Growth | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What the members come to by JGJ 125, as computed: no grade.

    Parameters
    ----------
    rows
        (what, figure) lines.

    """

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """Everything that a report says.

    Parameters
    ----------
    template
        `None`: the form is not kept any more; items bear their ids then.
    appraisal
        In force on the day of the submission; the only source of a grade.
    pictures
        Photos and signatures in the order of the submission, arrived or not; those that the
        phone never declared are named in `missing`.
    places
        Name of the storey, number of defects there; for a building without a plan.
    simulated
        What to say when the data are simulated; empty for real data.
    verify_url
        Where the code is verified.

    """

    building: Building
    check_up: CheckUp
    submission: Submission
    template: Template | None = None
    firm: Firm | None = None
    appraisal: Appraisal | None = None
    pictures: tuple[Attachment, ...] = ()
    missing: tuple[str, ...] = ()
    defects: tuple[FoundDefect, ...] = ()
    plans: tuple[Plan, ...] = ()
    places: tuple[tuple[str, int], ...] = ()
    counted: Counted | None = None
    simulated: str = ""
    code: str = ""
    verify_url: str = ""
