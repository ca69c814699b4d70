"""Search over everything that the caller may see."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.fields import DIGITS, Out
from api.permission import SELF, Given, Seen, may
from api.problem import problems
from domain.access import Caller
from domain.search import TEXT_MAX, Group, Hit, SearchKind, kinds_for, reach_of, terms_of

router = APIRouter(prefix="/search", tags=["search"])


class HitOut(Out):
    """One thing that was found."""

    id: str
    title: str
    detail: str
    word: str = Field(description="its level, state, kind, grade or role, where it has one")
    building_id: str = Field(description="the house that it belongs to; empty: none")
    building: str

    @classmethod
    def of(cls, hit: Hit) -> "HitOut":
        """Show one."""
        return cls(
            id=hit.id, title=hit.title, detail=hit.detail, word=hit.word,
            building_id=hit.building_id, building=hit.building,
        )  # fmt: skip


class GroupOut(Out):
    """What was found of one kind, the best first."""

    kind: SearchKind
    items: list[HitOut]
    more: bool = Field(description="there is more than is shown")

    @classmethod
    def of(cls, group: Group) -> "GroupOut":
        """Show one group."""
        return cls(kind=group.kind, items=[HitOut.of(hit) for hit in group.hits], more=group.more)


class SearchOut(Out):
    """What was found; `kinds` were looked through."""

    kinds: list[SearchKind]
    groups: list[GroupOut]


@router.get("", responses=problems(401, 403, 422, 503))
def search(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may(SELF))],
    q: Annotated[
        str, Query(max_length=TEXT_MAX, description="words, all of which must be there; none: none")
    ] = "",
    kind: Annotated[list[SearchKind] | None, Query(max_length=len(SearchKind))] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="of each kind"), DIGITS] = 8,
) -> SearchOut:
    """Search what the caller may see, by name, code, address, number or place."""
    kinds = kinds_for(who, kind or ())
    reach = reach_of(who, lambda: sight.buildings(who) or ())
    groups = services.search.search(terms_of(q), kinds, reach, limit)
    return SearchOut(kinds=list(kinds), groups=[GroupOut.of(group) for group in groups])
