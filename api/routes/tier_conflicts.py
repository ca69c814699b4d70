"""Tiers of evidence that contradict each other, and who has looked at it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.check_scope import narrowed
from api.fields import At, Division, Flag, In, LevelOut, Name, Out, PathId
from api.paging import Limit, PageOf
from api.permission import Given, Seen, may
from api.problem import problems
from domain.access import Caller
from domain.assessments import SuspectedGrade
from domain.buildings import Grade
from domain.checkups import CheckClass, ResultClass
from domain.errors import Conflict
from domain.labels import Outcome
from domain.limits import Level
from domain.tier_conflicts import Settler, Side, SideKind, TierScope
from lifecycle.tiers import Listed, listed, look_at

router = APIRouter(prefix="/tier-conflicts", tags=["check-ups"])
Cursor = Annotated[
    str,
    Query(
        pattern=r"^[A-Za-z0-9-]{0,64}$",
        description="`next` of the page before; empty for the first page",
    ),
]


class SideOut(Out):
    """What one tier says: one of `result`, `level`, `grade`, `suspected` and `outcome`.

    A grade comes from an appraisal only; what a model suspects is no grade, and a level is an
    alert's.
    """

    kind: SideKind
    ref: str
    owner: str = Field(description="check-up of a submission, alert of a label; else empty")
    result: ResultClass | None = None
    level: LevelOut | None = None
    grade: Grade | None = None
    suspected: SuspectedGrade | None = None
    outcome: Outcome | None = None
    number: str
    check_class: CheckClass | None
    at: At
    by: str

    @classmethod
    def of(cls, side: Side) -> "SideOut":
        """Show a side; its saying goes into the field of its own type."""
        says = side.says
        return cls(
            kind=side.kind,
            ref=side.ref,
            owner=side.owner,
            result=says if isinstance(says, ResultClass) else None,
            level=says if isinstance(says, Level) else None,
            grade=says if isinstance(says, Grade) else None,
            suspected=says if isinstance(says, SuspectedGrade) else None,
            outcome=says if isinstance(says, Outcome) else None,
            number=side.number,
            check_class=side.check_class,
            at=side.at_ns,
            by=side.by,
        )


class LookOut(Out):
    """Who looked at it, when and why that is enough."""

    by: str
    at: At
    reason: str


class TierConflictOut(Out):
    """A contradiction; its id is another one as soon as either side says otherwise."""

    id: str
    rule: str
    building_id: str
    sides: list[SideOut]
    settler: Settler
    source: str
    certainty: str
    looked: LookOut | None

    @classmethod
    def of(cls, row: Listed) -> "TierConflictOut":
        """Show a contradiction."""
        one, look = row
        told = None
        if look is not None:
            told = LookOut.model_validate({"by": look.by, "at": look.at_ns, "reason": look.reason})
        return cls(
            id=one.id,
            rule=one.rule.id,
            building_id=one.building_id,
            sides=[SideOut.of(side) for side in one.sides],
            settler=one.rule.settler,
            source=one.rule.source,
            certainty=one.rule.certainty,
            looked=told,
        )


class LookIn(In):
    """That somebody has looked, with the reason why it may stand; or that it is listed again."""

    reason: Name
    looked: Flag = True


@router.get("", responses=problems(401, 403, 409, 422, 503))
def read_tier_conflicts(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("checks:plan"))],
    district: Annotated[Division | None, Query()] = None,
    rule: Annotated[str, Query(pattern=r"^[a-z-]{0,40}$")] = "",
    looked: Annotated[bool | None, Query(description="with a look that counts, or without")] = None,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> PageOf[TierConflictOut]:
    """List contradictions in the order of the rules, the newest first.

    A cursor whose contradiction is gone meanwhile is refused: begin anew.
    """
    seen = narrowed(sight, who, district)
    scope = TierScope(seen.building_ids, seen.districts)
    rows = [
        row
        for row in listed(services.tiers, scope, services.clock.now_ns())
        if (not rule or row[0].rule.id == rule)
        and (looked is None or (row[1] is not None) == looked)
    ]
    ids = [one.id for one, _ in rows]
    if cursor and cursor not in ids:
        raise Conflict(f"contradiction {cursor!r}, which the page follows, is gone: begin anew")
    first = ids.index(cursor) + 1 if cursor else 0
    page = rows[first : first + limit]
    more = page[-1][0].id if len(rows) > first + limit else None
    return PageOf(items=[TierConflictOut.of(row) for row in page], next=more)


@router.post("/{conflict_id}/look", responses=problems(400, 401, 403, 404, 413, 422, 503))
def put_look(
    conflict_id: PathId,
    body: LookIn,
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("checks:plan"))],
) -> TierConflictOut:
    """Keep that the caller has looked at a contradiction; it comes back if a side changes."""
    seen = narrowed(sight, who, None)
    scope = TierScope(seen.building_ids, seen.districts)
    now_ns = services.clock.now_ns()
    return TierConflictOut.of(
        look_at(
            services.tiers, scope, conflict_id, now_ns, who.name, body.reason, looked=body.looked
        )
    )
