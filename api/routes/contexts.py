"""Context events: weather, works, blasts and earthquakes that explain readings."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Query, Response, UploadFile
from pydantic import BaseModel, Field

from api.fields import (
    At,
    Bound,
    In,
    Latitude,
    Longitude,
    Moment,
    Number,
    Out,
    PathId,
    ShortText,
    Text,
)
from api.paging import After, Limit, PageOf, one_more
from api.permission import Given, may
from api.preconditions import IfMatch, put
from api.problem import PUT_PROBLEMS, problems
from domain.access import Caller
from domain.building_import import RowProblem
from domain.clock import to_ns
from domain.context_import import ContextPreview, preview
from domain.contexts import ContextEvent, ContextKind, checked
from domain.errors import InvalidInput, NotFound

router = APIRouter(prefix="/contexts", tags=["contexts"])
log = structlog.get_logger()

PROBLEMS_TOLD = 500
UPLOAD_PROBLEMS = problems(400, 401, 403, 409, 413, 422, 503)


class ContextIn(In):
    """What happened, where, and from when to when."""

    kind: ContextKind
    name: ShortText = ""
    started_at: Moment
    ended_at: Moment | None = Field(default=None, description="left out: a moment")
    longitude: Longitude | None = Field(default=None, description="left out: the whole city")
    latitude: Latitude | None = None
    radius_m: Annotated[Number, Field(ge=0, le=2_000_000)] = 0.0
    figures: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Number] = Field(
        default={},
        max_length=20,
        description="`temperature_c`, `rain_mm`, `wind_m_s`, `magnitude`, …",
    )
    source: ShortText = ""
    note: Text = ""


class ContextOut(Out):
    """One context event."""

    id: str
    kind: ContextKind
    name: str
    started_at: At
    ended_at: At
    longitude: float | None
    latitude: float | None
    radius_m: float
    figures: dict[str, float]
    source: str
    note: str
    version: int

    @classmethod
    def of(cls, event: ContextEvent) -> "ContextOut":
        """Show an event."""
        names = cls.model_fields.keys() - {"started_at", "ended_at", "figures"}
        return cls.model_validate(
            {name: getattr(event, name) for name in names}
            | {
                "started_at": event.started_at_ns,
                "ended_at": event.ended_at_ns,
                "figures": dict(event.figures),
            }
        )


class ContextProblemOut(Out):
    """Something wrong in one cell."""

    row: int = Field(description="in the sheet; the header is row 1")
    column: str
    message_zh: str
    message_en: str


class ContextsPreviewed(BaseModel):
    """What an import would do; with any problem nothing is imported."""

    ok: bool
    rows: int = Field(description="rows with anything in them")
    events: int = Field(description="rows without problems")
    problems: list[ContextProblemOut] = Field(description=f"the first {PROBLEMS_TOLD}")
    problem_count: int


class ContextsImported(BaseModel):
    """The events that were imported; those that were there already stay."""

    imported: int
    known: int


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_contexts(
    services: Given,
    who: Annotated[Caller, Depends(may("contexts:read"))],
    kind: Annotated[list[ContextKind] | None, Query(max_length=4)] = None,
    start: Annotated[Bound | None, Query(description="what ended before is left out")] = None,
    end: Annotated[Bound | None, Query(description="what begins after is left out")] = None,
    limit: Limit = 100,
    after: After = "",
) -> PageOf[ContextOut]:
    """List context events, newest first."""
    if after and services.contexts.event(after) is None:
        raise NotFound(f"no context event {after!r}")
    rows = services.contexts.events(
        one_more(limit, after),
        kinds=kind or (),
        start_ns=None if start is None else to_ns(start),
        end_ns=None if end is None else to_ns(end),
    )
    page = rows[:limit]
    return PageOf(
        items=[ContextOut.of(row) for row in page],
        next=page[-1].id if len(rows) > limit else None,
    )


@router.post("/import/preview", responses=UPLOAD_PROBLEMS)
def preview_contexts(
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("contexts:write"))],
) -> ContextsPreviewed:
    """Tell what importing a CSV or XLSX would do; nothing is written."""
    found = _read(services.read_sheet(file.filename or "", file.file.read()), who)
    return ContextsPreviewed(
        ok=found.ok,
        rows=found.rows,
        events=len(found.events),
        problems=[ContextProblemOut.model_validate(p) for p in found.problems[:PROBLEMS_TOLD]],
        problem_count=len(found.problems),
    )


@router.post("/import", status_code=201, responses=UPLOAD_PROBLEMS)
def import_contexts(
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("contexts:write"))],
) -> ContextsImported:
    """Import a CSV or XLSX: all its rows, or none when anything is wrong with one."""
    found = _read(services.read_sheet(file.filename or "", file.file.read()), who)
    if found.problems:
        first: RowProblem = found.problems[0]
        raise InvalidInput(
            f"nothing was imported: {len(found.problems)} problems, "
            f"first in row {first.row}, column {first.column!r}: {first.message_en}",
            "file",
        )
    if not found.events:
        raise InvalidInput("nothing was imported: the table has no rows", "file")
    new = services.contexts.add(found.events, who.name)
    log.info("context events imported", count=new, by=who.user_id)
    return ContextsImported(imported=new, known=len(found.events) - new)


@router.get("/{context_id}", responses=problems(401, 403, 404, 422, 503))
def read_context(
    context_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("contexts:read"))],
) -> ContextOut:
    """Read one context event."""
    event = services.contexts.event(context_id)
    if event is None:
        raise NotFound(f"no context event {context_id!r}")
    return ContextOut.of(event)


@router.put("/{context_id}", responses={201: {"model": ContextOut}, **PUT_PROBLEMS})
def put_context(
    context_id: PathId,
    body: ContextIn,
    services: Given,
    who: Annotated[Caller, Depends(may("contexts:write"))],
    response: Response,
    if_match: IfMatch = "",
) -> ContextOut:
    """Write down or correct a context event."""
    started_ns = to_ns(body.started_at)
    event = checked(
        ContextEvent(
            context_id,
            body.kind,
            body.name,
            started_ns,
            started_ns if body.ended_at is None else to_ns(body.ended_at),
            body.longitude,
            body.latitude,
            body.radius_m,
            tuple(sorted(body.figures.items())),
            body.source,
            body.note,
        )
    )
    kept = services.contexts.event(context_id)

    def save(wanted: ContextEvent) -> None:
        services.contexts.put([wanted], who.name)

    what = f"context event {context_id!r}"
    return ContextOut.of(put(kept, event, if_match, response, what, save))


def _read(rows: list[dict[str, str]], who: Caller) -> ContextPreview:
    return preview(rows, who.name)
