"""What a phone sends in from a check-up, and the receipt for it."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, Field

from api.check_fields import LongText
from api.fields import WHOLE, At, Day, Flag, Id, In, Moment, Name, Number, Out, ShortText
from api.routes.anchors import AnchorIn, MaybeId
from api.routes.defects import DefectIn
from domain.anchors import Anchor
from domain.check_ports import CheckRules
from domain.checkups import CheckUp, ResultClass
from domain.clock import MS_NS, to_datetime, to_ns
from domain.defects import Defect
from domain.errors import InvalidInput
from domain.labels import Outcome
from domain.services import Services
from domain.submissions import (
    Answer,
    FollowKind,
    MemberCount,
    Receipt,
    Sent,
    Signature,
    Standing,
    Submission,
)

#: what of a body is no part of what was sent: it differs from one try to the next
APART = ("sent_at",)
LISTED_MAX = 2_000
Storey = Annotated[int, Field(ge=-20, le=200), WHOLE]
Count = Annotated[int, Field(ge=0, le=100_000), WHOLE]


class AnswerIn(In):
    """The answer to one item of a form."""

    item_id: Id
    value: Number | LongText | None = None
    note: LongText = ""
    attachment_ids: list[Id] = Field(default=[], max_length=LISTED_MAX)
    defect_ids: list[Id] = Field(default=[], max_length=LISTED_MAX)


class MemberIn(In):
    """Members of one kind in one storey."""

    storey: Storey
    kind: Id
    total: Count
    dangerous: Count = 0


class SignatureIn(In):
    """A signature; its picture is an attachment."""

    role: Name
    name: ShortText = ""
    signed_at: Moment
    attachment_id: MaybeId = ""


class SentAnchor(AnchorIn):
    """A place that was told in a check-up, under an id of the phone's."""

    id: Id
    building_id: MaybeId = Field(default="", description="the check-up's, whatever is said")
    note: LongText = ""


class SentDefect(DefectIn):
    """A defect that was told in a check-up, under an id of the phone's; always a new one."""

    id: Id
    building_id: MaybeId = Field(default="", description="the check-up's, whatever is said")
    note: LongText = ""


class SubmissionIn(In):
    """One filled-in form."""

    template_id: MaybeId = ""
    template_version: Annotated[int, Field(ge=0, le=1_000_000), WHOLE] = 0
    base_version: Annotated[int, Field(ge=0, le=1_000_000_000), WHOLE] = 0
    begun_at: Moment
    ended_at: Moment
    sent_at: Moment | None = Field(default=None, description="by the phone's clock, at this try")
    answers: list[AnswerIn] = Field(default=[], max_length=LISTED_MAX)
    members: list[MemberIn] = Field(default=[], max_length=LISTED_MAX)
    soil_dangerous: Flag = False
    result: Annotated[int, Field(ge=1, le=4), WHOLE] = Field(
        description="1 no problem, 2 minor, 3 hidden danger, 4 imminent"
    )
    conclusion: LongText = ""
    measures: LongText = ""
    recheck_on: Day | None = None
    outcome: Outcome | None = Field(
        default=None, description="what the alert that was looked into turned out to be"
    )
    anchors: list[SentAnchor] = Field(default=[], max_length=LISTED_MAX)
    defects: list[SentDefect] = Field(default=[], max_length=LISTED_MAX)
    attachments: list[Id] = Field(default=[], max_length=LISTED_MAX)
    signatures: list[SignatureIn] = Field(default=[], max_length=20)
    supersedes: MaybeId = Field(default="", description="the submission that it corrects")
    app: ShortText = Field(default="", description="version of the program")


class RefusedOut(Out):
    """A picture that was refused; it is kept as it came."""

    id: str
    reason: str


class FollowOut(Out):
    """One thing that a submission led to."""

    kind: FollowKind
    id: str
    text: str


class FaultOut(Out):
    """One thing that a form misses, or that cannot be."""

    item_id: str = Field(description="item, or `signature:ROLE`")
    code: str = Field(description="stable word, such as `missing` or `photos missing`")
    wanted: str
    came: str


class ReceiptOut(BaseModel):
    """What a phone may forget its copy for."""

    submission_id: str
    sha256: str = Field(description="of the canonical JSON of what was sent, without `sent_at`")
    received_at: At
    standing: Standing
    missing: list[str] = Field(description="pictures that have not come yet")
    refused: list[RefusedOut]
    consequences: list[FollowOut]
    notes: list[str] = Field(description="what was put right so that nothing was lost")
    faults: list[FaultOut] = Field(description="what the form misses; it is kept all the same")
    clock_ahead_ms: int | None = Field(description="how far the phone's clock is ahead of ours")

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptOut":
        """Show a receipt."""
        kept = receipt.submission
        return cls(
            submission_id=kept.id,
            sha256=kept.sha256,
            received_at=to_datetime(kept.received_at_ns),
            standing=kept.standing,
            missing=list(receipt.missing),
            refused=[RefusedOut(id=id_, reason=reason) for id_, reason in receipt.refused],
            consequences=[FollowOut.model_validate(follow) for follow in receipt.follows],
            notes=list(receipt.notes),
            faults=[FaultOut.model_validate(fault) for fault in receipt.faults],
            clock_ahead_ms=kept.clock_ahead_ms,
        )


class AnswerOut(Out):
    """The answer to one item."""

    item_id: str
    value: float | str | None
    note: str
    attachment_ids: list[str]
    defect_ids: list[str]


class MemberOut(Out):
    """Members of one kind in one storey."""

    storey: int
    kind: str
    total: int
    dangerous: int


class SignatureOut(Out):
    """A signature."""

    role: str
    name: str
    signed_at: At = Field(validation_alias="signed_at_ns")
    attachment_id: str


class SubmissionOut(Out):
    """One submission as it was sent; times of a wrong clock are corrected."""

    id: str
    check_up_id: str
    building_id: str
    template_id: str
    template_version: int
    by: str
    by_id: str
    base_version: int
    begun_at: At
    ended_at: At
    received_at: At
    clock_ahead_ms: int | None
    result: int
    sha256: str
    answers: list[AnswerOut]
    members: list[MemberOut]
    soil_dangerous: bool
    conclusion: str
    measures: str
    recheck_on: date | None
    outcome: Outcome | None
    defect_ids: list[str]
    attachment_ids: list[str]
    signatures: list[SignatureOut]
    supersedes: str
    standing: Standing
    app: str

    @classmethod
    def of(cls, services: Services, kept: Submission) -> "SubmissionOut":
        """Show a submission."""
        wrong_ms = int(services.check_rules.clock_wrong_s * 1_000)
        apart = {"begun_at", "ended_at", "received_at", "result"}
        told: dict[str, Any] = {
            name: getattr(kept, name) for name in cls.model_fields.keys() - apart
        }
        return cls.model_validate(
            told
            | {
                "begun_at": kept.true_ns(kept.begun_at_ns, wrong_ms),
                "ended_at": kept.true_ns(kept.ended_at_ns, wrong_ms),
                "received_at": kept.received_at_ns,
                "result": int(kept.result),
            }
        )


async def body_of(request: Request) -> bytes:
    """Hand out a request's body as it came."""
    return await request.body()


def hash_of(body: bytes) -> str:
    """Tell the SHA-256 of a submission: its JSON with sorted names, no spaces, `sent_at` apart.

    It is taken from what came, not from what was read of it: a newer Anju, which knows more
    fields, must come to the same.
    """
    told = {name: value for name, value in json.loads(body).items() if name not in APART}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sent_of(
    body: SubmissionIn, id_: str, sha256: str, check_up: CheckUp, by: str, by_id: str, now_ns: int,
    rules: CheckRules,
) -> Sent:  # fmt: skip
    """Make what came into records.

    Raises
    ------
    InvalidInput
        When a text is too long, or an id stands for two things.

    """
    _short(body, rules.note_length_max)
    _once("anchors", [one.id for one in body.anchors])
    _once("defects", [one.id for one in body.defects])
    _once("answers", [one.item_id for one in body.answers])
    ahead_ms = None if body.sent_at is None else (to_ns(body.sent_at) - now_ns) // MS_NS
    answers = tuple(
        Answer(one.item_id, one.value, one.note, tuple(one.attachment_ids), tuple(one.defect_ids))
        for one in body.answers
    )
    signatures = tuple(
        Signature(one.role, one.name, to_ns(one.signed_at), one.attachment_id)
        for one in body.signatures
    )
    pictures = [
        *body.attachments,
        *(each for one in answers for each in one.attachment_ids),
        *(one.attachment_id for one in signatures if one.attachment_id),
    ]
    submission = Submission(
        id=id_,
        check_up_id=check_up.id,
        building_id=check_up.building_id,
        template_id=body.template_id,
        template_version=body.template_version,
        by=by,
        by_id=by_id,
        base_version=body.base_version,
        begun_at_ns=to_ns(body.begun_at),
        ended_at_ns=to_ns(body.ended_at),
        received_at_ns=now_ns,
        result=ResultClass(body.result),
        sha256=sha256,
        clock_ahead_ms=ahead_ms,
        answers=answers,
        members=tuple(
            MemberCount(one.storey, one.kind, one.total, one.dangerous) for one in body.members
        ),
        soil_dangerous=body.soil_dangerous,
        conclusion=body.conclusion,
        measures=body.measures,
        recheck_on=body.recheck_on,
        outcome=body.outcome,
        defect_ids=tuple(one.id for one in body.defects),
        attachment_ids=tuple(dict.fromkeys(pictures)),
        signatures=signatures,
        supersedes=body.supersedes,
        app=body.app,
    )
    anchors = tuple(_anchor(one, check_up, by, now_ns) for one in body.anchors)
    wrong_ms = int(rules.clock_wrong_s * 1_000)
    defects = tuple(_defect(one, submission, by, wrong_ms) for one in body.defects)
    return Sent(submission, anchors, defects)


def _anchor(one: SentAnchor, check_up: CheckUp, by: str, now_ns: int) -> Anchor:
    told = one.model_dump(exclude={"building_id"})
    return Anchor(building_id=check_up.building_id, made_at_ns=now_ns, by=by, **told)


def _defect(one: SentDefect, submission: Submission, by: str, wrong_ms: int) -> Defect:
    told = one.model_dump(exclude={"building_id", "found_at", "sensor_ids"})
    found_ns = submission.ended_at_ns if one.found_at is None else to_ns(one.found_at)
    return Defect(
        building_id=submission.building_id,
        found_at_ns=submission.true_ns(found_ns, wrong_ms),
        by=by,
        sensor_ids=tuple(one.sensor_ids),
        check_up_id=submission.check_up_id,
        **told,
    )


def _once(name: str, ids: list[str]) -> None:
    """Refuse what could be kept only once: the phone still has both."""
    seen: set[str] = set()
    for id_ in ids:
        if id_ in seen:
            raise InvalidInput(f"{name} must name each id once, got {id_!r} twice", name)
        seen.add(id_)


def _short(body: SubmissionIn, most: int) -> None:
    """Refuse texts that are too long, each by its name."""
    for name, text in _texts(body):
        if len(text) > most:
            raise InvalidInput(
                f"{name} must have at most {most:,} characters, got {len(text):,}", name
            )


def _texts(body: SubmissionIn) -> Iterable[tuple[str, str]]:
    yield "conclusion", body.conclusion
    yield "measures", body.measures
    for number, answer in enumerate(body.answers):
        yield f"answers.{number}.note", answer.note
        if isinstance(answer.value, str):
            yield f"answers.{number}.value", answer.value
    for number, anchor in enumerate(body.anchors):
        yield f"anchors.{number}.note", anchor.note
    for number, defect in enumerate(body.defects):
        yield f"defects.{number}.note", defect.note
