"""Claims that an element lives on in a newer revision: the queue, decisions, what moved."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from api.fields import INT64_MAX, WHOLE, At, Id, In, Out, PathId, Text
from api.model_scope import claim_for, model_for, revision_for
from api.paging import After, Limit, PageOf, one_more
from api.permission import Given, may
from api.problem import problems
from api.sheet import CSV, csv_response
from bim.changes import ChangeKind, Changes, ElementChange, revision_changes
from bim.decide import PARTS_MAX, Choice, Wish, decide
from bim.decision_traces import untraced
from bim.undo import undo
from domain.access import Caller
from domain.claims import ClaimMethod, ClaimRole, ClaimStatus, IdentityClaim
from domain.errors import InvalidInput, NotFound
from domain.services import Services

router = APIRouter(tags=["claims"])

#: claims decided on at once
BULK_MAX = 500

StepId = Annotated[int, Field(ge=0, le=INT64_MAX), WHOLE]
Version = Annotated[
    int,
    Field(ge=1, le=1_000_000, description="of the claim as it was read; another one is 409"),
    WHOLE,
]


class EvidenceOut(Out):
    """One thing that speaks for or against a claim, such as `distance_m` 0.02."""

    name: str
    value: str


class ClaimOut(Out):
    """Says that an element lives on as one entity of a newer revision; 0: it is gone."""

    id: str
    model_id: str
    from_revision: str
    to_revision: str
    element_id: str
    to_step_id: int
    to_global_id: str
    method: ClaimMethod
    score: float = Field(description="0 to 1, how well it fits; no probability")
    status: ClaimStatus
    role: ClaimRole
    evidence: list[EvidenceOut]
    made_at: At = Field(validation_alias="made_at_ns")
    decided_by: str
    decided_at: At | None = Field(validation_alias="decided_at_ns")
    note: str
    version: int

    @classmethod
    def of(cls, claim: IdentityClaim) -> "ClaimOut":
        """Show a claim."""
        known = {name: getattr(claim, name) for name in IdentityClaim.__dataclass_fields__}
        told = [{"name": name, "value": value} for name, value in untraced(claim)]
        return cls.model_validate(known | {"evidence": told})


class DecisionIn(In):
    """What somebody decides on a claim."""

    decision: Choice
    version: Version
    entities: list[StepId] = Field(
        default_factory=list,
        description="numbers of entities in the newer file, for `another` (one), `merged into`"
        " (one) and `part of`; left out: what the claims propose",
        max_length=PARTS_MAX,
    )
    note: Text = ""


class UndoIn(In):
    """Which state of a claim somebody wants back."""

    version: Version


class SeenIn(In):
    """A claim as it was seen."""

    id: Id
    version: Version


class DecisionsIn(In):
    """One decision on many claims of a model, all or none."""

    decision: Choice
    claims: list[SeenIn] = Field(min_length=1, max_length=BULK_MAX)
    note: Text = ""


class DifferenceOut(Out):
    """One fact that a revision tells otherwise; an empty set is the element itself."""

    set: str
    name: str
    before: str
    after: str


class ChangeOut(Out):
    """What became of one element."""

    element_id: str
    kind: ChangeKind
    ifc_class: str
    name: str
    storey: str
    global_id: str
    step_id: int | None = Field(description="number in the newer file; null: it is not there")
    moved_m: float | None
    step_m: tuple[float, float, float] | None
    reshaped: bool
    differences: list[DifferenceOut]

    @classmethod
    def of(cls, row: ElementChange) -> "ChangeOut":
        """Show a row."""
        shown = row.shown
        return cls(
            element_id=row.element_id,
            kind=row.kind,
            ifc_class=shown.ifc_class,
            name=shown.name,
            storey=shown.storey_name,
            global_id=shown.global_id,
            step_id=row.new.step_id if row.new else None,
            moved_m=row.moved_m,
            step_m=row.step_m,
            reshaped=row.reshaped,
            differences=[
                DifferenceOut(set=group, name=name, before=before, after=after)
                for group, name, before, after in row.properties
            ],
        )


class ChangesOut(Out):
    """A revision's report: counts of all, and one page of rows."""

    revision_id: str
    before: str | None = Field(description="revision it is held against; null: it is the first")
    shift_m: tuple[float, float, float] = Field(description="how far the axes moved")
    counts: dict[ChangeKind, int]
    items: list[ChangeOut]
    next: str | None


@router.get("/models/{model_id}/claims", responses=problems(401, 403, 404, 422, 503))
def list_claims(
    model_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
    status: Annotated[list[ClaimStatus] | None, Query(max_length=4)] = None,
    revision: Annotated[str, Query(pattern=r"^[A-Za-z0-9._:~-]{0,64}$")] = "",
    after: After = "",
    limit: Limit = 100,
) -> PageOf[ClaimOut]:
    """List claims of a model, newest revision first, best score first."""
    model_for(services, who, "models:read", model_id)
    rows = services.models.claims(
        model_id, one_more(limit, after), statuses=status or (), to_revision=revision
    )
    more = rows[limit - 1].id if len(rows) > limit else None
    return PageOf(items=[ClaimOut.of(row) for row in rows[:limit]], next=more)


@router.post(
    "/claims/{claim_id}/decision", responses=problems(400, 401, 403, 404, 409, 413, 422, 503)
)
def decide_claim(
    claim_id: PathId,
    body: DecisionIn,
    services: Given,
    who: Annotated[Caller, Depends(may("claims:decide"))],
) -> list[ClaimOut]:
    """Decide on a claim; answers all claims that this changes."""
    claim_for(services, who, "claims:decide", claim_id)
    wish = Wish(claim_id, body.version, body.decision, tuple(body.entities), body.note)
    return _decided(services, [wish], who)


@router.post("/claims/{claim_id}/undo", responses=problems(400, 401, 403, 404, 409, 413, 422, 503))
def undo_claim(
    claim_id: PathId,
    body: UndoIn,
    services: Given,
    who: Annotated[Caller, Depends(may("claims:decide"))],
) -> list[ClaimOut]:
    """Take a decision back with all that followed; answers all claims that this changes."""
    claim_for(services, who, "claims:decide", claim_id)
    rows = undo(services.models, services.places, claim_id, body.version, who.name)
    return [ClaimOut.of(row) for row in rows]


@router.post(
    "/models/{model_id}/claims/decisions",
    responses=problems(400, 401, 403, 404, 409, 413, 422, 503),
)
def decide_claims(
    model_id: PathId,
    body: DecisionsIn,
    services: Given,
    who: Annotated[Caller, Depends(may("claims:decide"))],
) -> list[ClaimOut]:
    """Decide alike on many claims of a model's newest revision, all or none."""
    model_for(services, who, "claims:decide", model_id)
    if body.decision in (Choice.ANOTHER, Choice.PART, Choice.MERGED):
        raise InvalidInput("many claims are confirmed, rejected or gone", "decision")
    for one in body.claims:
        claim = services.models.claim(one.id)
        if claim is None or claim.model_id != model_id:
            raise NotFound(f"no claim {one.id!r} of model {model_id!r}")
    wishes = [Wish(one.id, one.version, body.decision, (), body.note) for one in body.claims]
    return _decided(services, wishes, who)


@router.get("/revisions/{revision_id}/changes", responses=problems(401, 403, 404, 422, 503))
def read_changes(
    revision_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
    kind: Annotated[list[ChangeKind] | None, Query(max_length=9)] = None,
    after: After = "",
    limit: Limit = 100,
) -> ChangesOut:
    """Tell what a revision changed against the one before: moved, changed, new, gone, split."""
    report = _changes(services, who, revision_id)
    rows = [row for row in report.rows if not kind or row.kind in kind]
    places = {row.element_id: place for place, row in enumerate(rows)}
    if after and after not in places:
        raise InvalidInput(f"after must be `next` of a page, got {after!r}", "after")
    first = places[after] + 1 if after else 0
    shown = rows[first : first + limit]
    return ChangesOut(
        revision_id=revision_id,
        before=report.before.id if report.before else None,
        shift_m=report.revision.shift_m,
        counts={ChangeKind(name): count for name, count in report.counts.items()},
        items=[ChangeOut.of(row) for row in shown],
        next=shown[-1].element_id if first + limit < len(rows) else None,
    )


@router.get(
    "/revisions/{revision_id}/changes.csv", responses={**CSV, **problems(401, 403, 404, 422, 503)}
)
def save_changes(
    revision_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> Response:
    """Save the same as a table, a row for each element."""
    return csv_response(
        "changes.csv", CHANGE_HEAD, change_rows(_changes(services, who, revision_id))
    )


CHANGE_HEAD = (
    "kind", "class", "name", "storey", "moved_m", "dx_m", "dy_m", "dz_m", "reshaped",
    "differences", "global_id", "step_id", "element_id",
)  # fmt: skip


def change_rows(report: Changes) -> Iterator[tuple[str, ...]]:
    """Write a report's rows for a table."""
    for row in report.rows:
        shown = row.shown
        step = ("", "", "") if row.step_m is None else tuple(f"{one:.3f}" for one in row.step_m)
        told = "; ".join(
            f"{group}.{name}: {before} → {after}" if group else f"{name}: {before} → {after}"
            for group, name, before, after in row.properties
        )
        yield (
            row.kind.value,
            shown.ifc_class,
            shown.name,
            shown.storey_name,
            "" if row.moved_m is None else f"{row.moved_m:.3f}",
            *step,
            "yes" if row.reshaped else "",
            told,
            shown.global_id,
            str(row.new.step_id) if row.new else "",
            row.element_id,
        )


def _changes(services: Services, who: Caller, revision_id: str) -> Changes:
    revision, _ = revision_for(services, who, "models:read", revision_id)
    return revision_changes(services.models, revision)


def _decided(services: Services, wishes: Sequence[Wish], who: Caller) -> list[ClaimOut]:
    now_ns = services.clock.now_ns()
    rows = decide(services.models, services.places, wishes, who.name, now_ns)
    return [ClaimOut.of(row) for row in rows]
