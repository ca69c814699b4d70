"""What the rooms need around check-ups; `app/` joins them to adapters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from domain.access import Caller
from domain.alerts import Alert, AlertEvent, Notice
from domain.anchors import Anchor
from domain.attachments import Attachment, ImageSize
from domain.buildings import Appraisal
from domain.check_cycles import AnnualPlan, CycleProfile, Due, PlanItem
from domain.checkups import (
    AppraisalOrder,
    CheckCause,
    CheckClass,
    CheckState,
    CheckUp,
    Firm,
    OrderState,
    ResultClass,
)
from domain.defects import Defect
from domain.findings import Finding
from domain.labels import Label
from domain.ports import Page
from domain.submissions import Receipt, Sent, Submission
from domain.templates import Template


@dataclass(frozen=True, slots=True)
class CheckFilter:
    """Which check-ups are wanted; what is empty does not count.

    Parameters
    ----------
    building_ids
        `None`: whichever; an empty tuple: none.
    districts
        `None`: whichever.
    worker
        Id of a user and ids of firms: what is that user's, or one of these firms' and nobody's
        in it.
    due_until
        Due on that day or before.
    done_ns
        Done from the first moment on, and before the second.

    """

    building_ids: tuple[str, ...] | None = None
    districts: tuple[str, ...] | None = None
    worker: tuple[str, tuple[str, ...]] | None = None
    states: tuple[CheckState, ...] = ()
    classes: tuple[CheckClass, ...] = ()
    causes: tuple[CheckCause, ...] = ()
    results: tuple[ResultClass, ...] = ()
    firm_id: str = ""
    inspector_id: str = ""
    alert_id: str = ""
    due_from: date | None = None
    due_until: date | None = None
    done_ns: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Consequences:
    """All that one submission changes, written in one transaction.

    Parameters
    ----------
    check_up
        As it is afterwards; `None`: it does not change (a conflict).
    submissions
        The new one first, then others whose standing changes.
    opened
        Check-ups that it opens by itself.
    alerts, events, notices, findings
        What it raises, and what is noted on the alert that it answers.

    """

    submissions: tuple[Submission, ...]
    check_up: CheckUp | None = None
    anchors: tuple[Anchor, ...] = ()
    defects: tuple[Defect, ...] = ()
    opened: tuple[CheckUp, ...] = ()
    orders: tuple[AppraisalOrder, ...] = ()
    labels: tuple[Label, ...] = ()
    alerts: tuple[Alert, ...] = ()
    events: tuple[AlertEvent, ...] = ()
    notices: tuple[Notice, ...] = ()
    findings: tuple[Finding, ...] = ()


class CheckStore(Protocol):
    """Keeps check-ups, what was sent in, pictures, firms and ordered appraisals.

    Every write bears who did it (audited). `put_*` raise `InvalidInput` for a broken reference
    and `Conflict` for a stale version.
    """

    def put_check_up(self, check_up: CheckUp, by: str) -> None: ...
    def add_check_ups(self, check_ups: Sequence[CheckUp], by: str) -> int:
        """Keep those whose id is not there yet, in one transaction; tell how many."""
        ...

    def check_up(self, check_up_id: str) -> CheckUp | None: ...
    def check_ups(self, wanted: CheckFilter, page: Page) -> list[CheckUp]:
        """List by due day, then id; `Page.after` is `DAY ID` of the last one."""
        ...

    def count_check_ups(self, wanted: CheckFilter) -> int: ...
    def due_days(self, wanted: CheckFilter) -> dict[date, int]:
        """Count by the day on which they are due; days without any are left out."""
        ...

    def done_days(self, wanted: CheckFilter) -> dict[date, int]:
        """Count by the day of China's calendar on which they were done."""
        ...

    def last_done(self) -> list[CheckUp]:
        """List the newest done check-up of each building and class: for the plan, all at once."""
        ...

    def take(self, what: Consequences, by: str) -> None:
        """Keep a submission with all that follows from it, in one transaction.

        Raises
        ------
        Conflict
            When the check-up, or an alert, has another version by now: decide again.

        """
        ...

    def settle(self, what: Consequences, by: str) -> None:
        """Write new standings of kept submissions and what follows, in one transaction.

        Raises
        ------
        Conflict
            When the check-up, or an alert, has another version by now.

        """
        ...

    def submission(self, submission_id: str) -> Submission | None: ...
    def submissions(self, check_up_id: str) -> list[Submission]:
        """List oldest first."""
        ...

    def conflicts(self, building_ids: Sequence[str] | None, page: Page) -> list[Submission]:
        """List submissions in conflict, newest first."""
        ...

    def put_attachment(self, attachment: Attachment) -> None: ...
    def attachment(self, attachment_id: str) -> Attachment | None: ...
    def attachments(
        self, *, check_up_id: str = "", building_id: str = "", defect_id: str = ""
    ) -> list[Attachment]:
        """List by the moment they were declared."""
        ...

    def put_order(self, order: AppraisalOrder, by: str) -> None: ...
    def order(self, order_id: str) -> AppraisalOrder | None: ...
    def orders(
        self, building_ids: Sequence[str] | None, states: Sequence[OrderState] = ()
    ) -> list[AppraisalOrder]:
        """List by due day."""
        ...

    def put_firm(self, firm: Firm, by: str) -> None: ...
    def firm(self, firm_id: str) -> Firm | None: ...
    def firms(self) -> list[Firm]:
        """List by name."""
        ...

    def firms_of(self, user_id: str) -> list[Firm]: ...
    def building_of(self, object_id: str) -> str | None:
        """Tell the building of a check-up, submission, attachment or order; `None`: no such."""
        ...


@dataclass(frozen=True, slots=True)
class DueFilter:
    """Which due buildings are wanted; what is empty does not count.

    Parameters
    ----------
    opened
        `True`: those with a check-up opened; `False`: those without.
    never
        Only those of which no check-up is known.

    """

    building_ids: tuple[str, ...] | None = None
    districts: tuple[str, ...] | None = None
    street: str = ""
    classes: tuple[CheckClass, ...] = ()
    causes: tuple[CheckCause, ...] = ()
    due_from: date | None = None
    due_until: date | None = None
    opened: bool | None = None
    never: bool = False


class PlanStore(Protocol):
    """Keeps cycle profiles, forms, who is due, and annual plans."""

    def put_profile(self, profile: CycleProfile, by: str) -> None:
        """Keep a new version; one that is there already is never changed (`Conflict`)."""
        ...

    def profiles(self) -> list[CycleProfile]:
        """List all versions, the newest first."""
        ...

    def put_template(self, template: Template, by: str) -> None:
        """Keep a new version; one that is there may only be retired (`Conflict` otherwise)."""
        ...

    def template(self, template_id: str, version: int) -> Template | None: ...
    def templates(self) -> list[Template]:
        """List all versions by id, the newest first."""
        ...

    def replace_due(self, rows: Iterable[Due], made_at_ns: int) -> int:
        """Bring the list of who is due up to these rows; tell how many rows changed.

        It is written in short transactions, so that nothing urgent waits for a whole city. Each
        row is right by itself; what a process that was killed left undone the next run does.
        """
        ...

    def due(self, wanted: DueFilter, page: Page) -> list[Due]:
        """List by due day, then building; `Page.after` is `DAY BUILDING CLASS` of the last one."""
        ...

    def due_days(self, wanted: DueFilter) -> dict[date, int]:
        """Count by due day; days without any are left out."""
        ...

    def count_due(self, wanted: DueFilter, today: date) -> dict[str, int]:
        """Count by `overdue`, `soon` (30 days), `later`, `opened`."""
        ...

    def put_plan(self, plan: AnnualPlan, items: Sequence[PlanItem] | None, by: str) -> None:
        """Keep a plan; with `items` its list is replaced."""
        ...

    def plans(self, year: int | None = None) -> list[AnnualPlan]: ...
    def plan(self, plan_id: str) -> AnnualPlan | None: ...
    def plan_items(self, plan_id: str, page: Page | None = None) -> list[PlanItem]:
        """List by month, then building; `Page.after` is `MONTH BUILDING CLASS` of the last one."""
        ...


class CheckDesk(Protocol):
    """Takes in what inspectors send, with all that follows from it."""

    def submit(self, sent: Sent, who: Caller) -> tuple[Receipt, bool]:
        """Keep a submission and see to what follows; tells whether it is new.

        The same again gives the same receipt. A receipt is given only when all that follows is
        kept.

        Raises
        ------
        NotFound
            When there is no such check-up.
        Conflict
            When the id stands for another submission; the text tells both hashes.

        """
        ...

    def settle(
        self, check_up_id: str, submission_id: str, note: str, who: Caller
    ) -> tuple[CheckUp, Receipt]:
        """Say which of several submissions of a check-up counts; saying another undoes it.

        Raises
        ------
        NotFound
            When the check-up has no such submission.

        """
        ...

    def appraised(self, appraisal: Appraisal, by: str) -> list[AppraisalOrder]:
        """Close the open orders of a building whose appraisal has come; tells which."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """How much of a picture is safe, and what came of it when all is."""

    attachment: Attachment
    offset: int


class AttachmentDesk(Protocol):
    """Takes pictures in, piece by piece, and hands copies out."""

    @property
    def file_bytes_max(self) -> int:
        """Largest picture that is taken."""
        ...

    def declare(self, attachment: Attachment) -> Received:
        """Begin a picture, or find how far it is; the same again changes nothing.

        Caption, marks, scale and what it shows may be told anew at any time.

        Raises
        ------
        Conflict
            When the id stands for another picture.
        InvalidInput
            When it is too large, or of a kind that is not taken.

        """
        ...

    def append(self, attachment_id: str, offset: int, piece: bytes) -> Received:
        """Add a piece; the bytes are on the disk when it answers.

        A piece that is there already is passed over; the last one makes the picture ready, or
        refused with a reason (and kept as it came).

        Raises
        ------
        OffsetConflict
            When it does not join on to what is there: the error tells the offset wanted.
        StoreUnavailable
            When there is no room or the disk does not play along: what was safe stays.

        """
        ...

    def received(self, attachment_id: str) -> Received | None:
        """Tell how far a picture is; `None`: it was never declared."""
        ...

    def sweep(self) -> int:
        """Finish what is whole and was left, and forget what nobody has gone on with for long.

        Tells how many it has seen to.
        """
        ...

    def image(self, attachment: Attachment, size: ImageSize) -> tuple[bytes, str]:
        """Read a copy and its content type.

        Raises
        ------
        NotFound
            When there is none of that size.

        """
        ...


@dataclass(frozen=True, slots=True)
class CheckRules:
    """Numbers of the intake of check-ups, from the settings."""

    photo_bytes_max: int = 25_000_000
    photos_per_check_up_max: int = 1_000
    note_length_max: int = 20_000
    clock_wrong_s: float = 300.0
    image_kinds: frozenset[str] = field(
        default=frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"})
    )
