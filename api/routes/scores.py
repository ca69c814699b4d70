"""Scores of buildings for insurers: one, many, a portfolio, a history; as known at any moment."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from api.fields import (
    DIGITS,
    ID_PATTERN,
    LAST,
    TEXT_PATTERN,
    Bound,
    Division,
    Id,
    In,
    PathId,
    QueryText,
)
from api.paging import After, Limit, PageOf
from api.permission import Given, may
from api.problem import problems
from api.scores import (
    AsOf,
    BuildingScoreOut,
    JudgedOut,
    csv_cells,
    csv_head,
    history_row,
    portfolio,
    shown,
    stand,
)
from api.sheet import CSV, csv_response
from api.visibility import building_for
from domain.access import Caller
from domain.access import may as may_do
from domain.assessed import Band
from domain.assessments import SuspectedGrade
from domain.clock import to_ns
from domain.errors import InvalidInput, NotFound
from domain.portfolio import SPANS_DAYS, Sort, Standing, Wanted, listed
from domain.services import Services

router = APIRouter(prefix="/scores", tags=["scores"])

BATCH_MAX = 1_000
_READ = "assessments:read"
_LAST_NS = to_ns(LAST)
_TAG = {"description": "weak: the age of the data is no part of it", "schema": {"type": "string"}}
_SCORE: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": _TAG}},
    304: {"description": "the caller knows this answer already"},
}

Days = Annotated[
    int,
    Query(ge=1, le=3650, description="span over which `change` looks, days before `known_at`"),
    DIGITS,
]
#: a cursor holds the moment of its first page, so that all pages speak of the same moment
Cursor = Annotated[
    str,
    Query(
        pattern=rf"^(|-?\d{{1,19}}\.{ID_PATTERN.removeprefix('^').removesuffix('$')})$",
        description="`next` of the page before; empty for the first page",
    ),
]
IfNoneMatch = Annotated[
    str, Header(max_length=200, description="ETag of an answer that is known already")
]
Code = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=200)]
Bands = Annotated[list[Band], Query(max_length=10, description="only these; none: all")]
Suspected = Annotated[list[SuspectedGrade], Query(max_length=10, description="likewise")]


class ScoresPage(PageOf[BuildingScoreOut]):
    """One page of a portfolio."""

    total: int = Field(description="buildings of the whole list")


class BatchIn(In):
    """Buildings that are asked for, by Anju's id or by their unified code."""

    ids: Annotated[list[Id], Field(max_length=BATCH_MAX)] = Field(default=[])
    codes: Annotated[list[Code], Field(max_length=BATCH_MAX)] = Field(default=[])


class NotFoundOut(BaseModel):
    """What was asked for and is not there, or not the caller's to see: the two look the same."""

    ids: list[str]
    codes: list[str]


class BatchOut(BaseModel):
    """The scores of the buildings that were asked for, each once, by id."""

    items: list[BuildingScoreOut]
    not_found: NotFoundOut


@router.get(
    "",
    responses={
        200: {"content": {"text/csv": {}}},
        **problems(401, 403, 404, 422, 503),
    },
    response_model=ScoresPage,
)
def read_scores(
    request: Request,
    services: Given,
    who: Annotated[Caller, Depends(may(_READ))],
    as_of: AsOf = None,
    band: Bands = [],  # noqa: B006 - never changed
    suspected: Suspected = [],  # noqa: B006 - never changed
    district: Annotated[Division | None, Query()] = None,
    text: QueryText = "",
    sort: Sort = Sort.SCORE,
    days: Days = SPANS_DAYS[0],
    after: Cursor = "",
    limit: Limit = 100,
) -> ScoresPage | Response:
    """List the buildings that the caller may see with what is thought of each, worst first.

    The pages of one list speak of one moment, that of its first page. With `Accept: text/csv`
    the whole list comes as a table.
    """
    pinned, _, last = after.partition(".")
    known_at_ns = min(int(pinned), _LAST_NS) if pinned else _known_at_ns(services, as_of)
    wanted = Wanted(frozenset(band), frozenset(suspected), district or "", text)
    rows = listed(portfolio(services, who, known_at_ns, days), wanted, sort)
    if "text/csv" in request.headers.get("accept", ""):
        return _csv(services, rows, known_at_ns, days)
    first = 0
    if last:
        places = [place for place, row in enumerate(rows) if row.building.id == last]
        if not places:
            raise NotFound("after must be the `next` of this very list; begin anew")
        first = places[0] + 1
    page = rows[first : first + limit]
    more = first + limit < len(rows)
    return ScoresPage(
        items=shown(services, page, known_at_ns, days),
        next=f"{known_at_ns}.{page[-1].building.id}" if more else None,
        total=len(rows),
    )


@router.get(".csv", responses={**CSV, **problems(401, 403, 422, 503)})
def save_scores(
    services: Given,
    who: Annotated[Caller, Depends(may(_READ))],
    as_of: AsOf = None,
    band: Bands = [],  # noqa: B006 - never changed
    suspected: Suspected = [],  # noqa: B006 - never changed
    district: Annotated[Division | None, Query()] = None,
    text: QueryText = "",
    sort: Sort = Sort.SCORE,
    days: Days = SPANS_DAYS[0],
) -> Response:
    """Save the whole list as CSV."""
    known_at_ns = _known_at_ns(services, as_of)
    wanted = Wanted(frozenset(band), frozenset(suspected), district or "", text)
    rows = listed(portfolio(services, who, known_at_ns, days), wanted, sort)
    return _csv(services, rows, known_at_ns, days)


@router.post("/batch", responses=problems(400, 401, 403, 413, 422, 503))
def read_batch(
    body: BatchIn,
    services: Given,
    who: Annotated[Caller, Depends(may(_READ))],
    as_of: AsOf = None,
    days: Days = SPANS_DAYS[0],
) -> BatchOut:
    """Read the scores of up to 1,000 buildings at once."""
    if len(body.ids) + len(body.codes) > BATCH_MAX:
        raise InvalidInput(f"ids and codes must be at most {BATCH_MAX} together", "ids")
    known_at_ns = _known_at_ns(services, as_of)
    known = services.register.buildings_known(body.ids, body.codes)
    own = [building for building in known if may_do(who, _READ, building)]
    ids, codes = {b.id for b in own}, {b.code for b in own}
    return BatchOut(
        items=shown(services, stand(services, own, known_at_ns, days), known_at_ns, days),
        not_found=NotFoundOut(
            ids=sorted(set(body.ids) - ids), codes=sorted(set(body.codes) - codes)
        ),
    )


@router.get(
    "/{building_id}",
    responses={**_SCORE, **problems(401, 403, 404, 422, 503)},
    response_model=BuildingScoreOut,
)
def read_score(
    building_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may(_READ))],
    as_of: AsOf = None,
    days: Days = SPANS_DAYS[0],
    if_none_match: IfNoneMatch = "",
) -> BuildingScoreOut | Response:
    """Read how one building stands, as it is known now or was known at a moment."""
    building = building_for(services, who, _READ, building_id)
    known_at_ns = _known_at_ns(services, as_of)
    past = as_of is not None and to_ns(as_of) == known_at_ns
    (row,) = stand(services, [building], known_at_ns, days)
    tag = _etag(row, known_at_ns if past else 0, days)
    # what somebody may see is theirs alone: no cache between may keep it
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in [known.strip() for known in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return shown(services, [row], known_at_ns, days)[0]


@router.get("/{building_id}/history", responses=problems(401, 403, 404, 422, 503))
def read_history(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may(_READ))],
    start: Annotated[Bound | None, Query(description="first moment, included")] = None,
    as_of: AsOf = None,
    after: After = "",
    limit: Limit = 100,
) -> PageOf[JudgedOut]:
    """List what was thought of a building, newest first; every model's word stays as it was."""
    building = building_for(services, who, _READ, building_id)
    rows = services.assessments.history(
        building.id,
        start_ns=None if start is None else to_ns(start),
        as_of_ns=None if as_of is None else to_ns(as_of),
        after=after,
        limit=limit + 1,
    )
    return PageOf(
        items=[history_row(row, services) for row in rows[:limit]],
        next=rows[limit - 1].assessment.id if len(rows) > limit else None,
    )


def _known_at_ns(services: Services, as_of: Bound | None) -> int:
    """Tell the moment that an answer speaks of; what will be known later nobody knows."""
    now_ns = services.clock.now_ns()
    return now_ns if as_of is None else min(to_ns(as_of), now_ns)


def _csv(services: Services, rows: Sequence[Standing], known_at_ns: int, days: int) -> Response:
    return csv_response(
        "scores.csv", csv_head(), map(csv_cells, shown(services, rows, known_at_ns, days))
    )


def _etag(row: Standing, as_of_ns: int, days: int) -> str:
    """Tell an answer's state without what only time changes: the age of the data, `known_at`."""
    said = [one.assessment.id if one else "" for one in (row.row, row.before)]
    state = (row.building, row.appraisal, row.band, *said, as_of_ns, days)
    return f'W/"{hashlib.sha256(repr(state).encode()).hexdigest()[:16]}"'
