"""Exchange: a model handed over as IFC, its fitness, defects as BCF topics, topics of others in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.fields import Out, PathId
from api.model_scope import defect_for, revision_for
from api.permission import Given, may
from api.problem import problems
from api.visibility import building_for
from domain.access import Caller
from domain.errors import NotFound
from domain.exchange import CheckState, Fitness, TopicFate, TopicPlan, TopicsPreviewed

router = APIRouter(tags=["exchange"])

IFC, BCF, PNG = "application/x-step", "application/octet-stream", "image/png"
READ = problems(401, 403, 404, 422, 429, 503)
UPLOAD = problems(400, 401, 403, 404, 409, 413, 422, 429, 503)
_PIECE_BYTES = 256 * 1024


class ExampleOut(Out):
    """An entity that a check is about."""

    step_id: int
    ifc_class: str
    global_id: str
    name: str
    reason: str = Field(description="in the checker's own words")
    code: str = Field(description="its stable word for it, such as `NOPSET`; may be empty")


class CheckOut(Out):
    """One check; `not checked` is no success."""

    key: str = Field(description="stable word of one of ours; empty: of the caller's own file")
    name: str
    description: str
    state: CheckState
    reason: str = Field(
        description="`nothing applies`, `other schema`, `must be there`, `must not be there`, empty"
    )
    applicable: int
    failed: int
    examples: list[ExampleOut]
    instead: list[tuple[str, int]] = Field(
        description="classes and counts of a subclass that the check passes over"
    )


class FitnessOut(BaseModel):
    """How fit a model is."""

    state: CheckState
    ids_read: bool = Field(description="false: the group `ids` is not installed here")
    title: str
    checks: list[CheckOut]

    @classmethod
    def of(cls, found: Fitness) -> "FitnessOut":
        """Show what was found."""
        return cls(
            state=found.state,
            ids_read=found.ids_read,
            title=found.title,
            checks=[CheckOut.model_validate(each) for each in found.checks],
        )


class TopicOut(BaseModel):
    """A topic and what an import makes of it."""

    guid: str
    title: str
    fate: TopicFate
    reason: str = Field(description="why it is left out, or what would change")
    defect_id: str = Field(description="of the defect that it is or becomes; empty: left out")
    code: str
    severity: int | None
    status: str
    elements: list[str] = Field(description="names of the elements that it points to")
    unknown_guids: int = Field(description="components that no model of the building has")
    placed: bool = Field(description="a point is known")

    @classmethod
    def of(cls, row: TopicPlan) -> "TopicOut":
        """Show a topic."""
        made = row.defect
        return cls(
            guid=row.topic.guid,
            title=row.topic.title,
            fate=row.fate,
            reason=row.reason,
            defect_id=made.id if made else "",
            code=made.code if made else "",
            severity=made.severity if made else None,
            status=made.status.value if made else "",
            elements=list(row.element_names),
            unknown_guids=row.unknown_guids,
            placed=row.anchor is not None and row.anchor.point is not None,
        )


class TopicsOut(BaseModel):
    """What importing a BCF file does or did."""

    version: str
    project: str
    new: int
    known: int
    changed: int
    left_out: int
    topics: list[TopicOut]

    @classmethod
    def of(cls, found: TopicsPreviewed) -> "TopicsOut":
        """Show what was found."""
        return cls(
            version=found.version,
            project=found.project,
            new=len(found.of(TopicFate.NEW)),
            known=len(found.of(TopicFate.KNOWN)),
            changed=len(found.of(TopicFate.CHANGED)),
            left_out=len(found.of(TopicFate.LEFT_OUT)),
            topics=[TopicOut.of(row) for row in found.rows],
        )


def _file(media_type: str) -> dict[int | str, dict[str, object]]:
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": "the file", "content": {media_type: {"schema": schema}}}}


@router.get(
    "/revisions/{revision_id}/export.ifc",
    responses={**_file(IFC), 304: {"description": "it is what the caller has"}, **READ},
    response_class=Response,
)
def export_revision(
    revision_id: PathId,
    request: Request,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
    defects: Annotated[
        Literal["yes", "no"], Query(description="write defects onto their elements, too")
    ] = "no",
) -> Response:
    """Hand a revision over: a copy of its IFC file with grade, report, alerts and sensors.

    Readings are never in it. The same facts give the same file.
    """
    revision, building = revision_for(services, who, "models:read", revision_id)
    made = services.exchange.export(building, revision, with_defects=defects == "yes")
    tag = f'"{made.sha256}"'
    told = {"ETag": tag, "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    if tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=told)
    told |= _saved_as(made.name) | {"Content-Length": str(made.path.stat().st_size)}
    return StreamingResponse(_pieces(made.path), media_type=IFC, headers=told)


@router.get("/revisions/{revision_id}/fitness", responses=READ)
def read_fitness(
    revision_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> FitnessOut:
    """Hold a revision against what Anju needs of a model."""
    revision, _ = revision_for(services, who, "models:read", revision_id)
    return FitnessOut.of(services.exchange.fitness(revision))


@router.post("/revisions/{revision_id}/fitness", responses=UPLOAD)
def check_fitness(
    revision_id: PathId,
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> FitnessOut:
    """Hold a revision against an IDS 1.0 file of the caller's own; nothing is kept of it."""
    revision, _ = revision_for(services, who, "models:read", revision_id)
    return FitnessOut.of(services.exchange.fitness(revision, file.file.read()))


@router.get(
    "/buildings/{building_id}/bcf", responses={**_file(BCF), **READ}, response_class=Response
)
def export_topics(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> Response:
    """Save a building's defects as BCF 3.0 topics."""
    building = building_for(services, who, "models:read", building_id)
    name, content = services.exchange.topics(building)
    told = _saved_as(name) | {"X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=BCF, headers=told)


@router.post("/buildings/{building_id}/bcf/preview", responses=UPLOAD)
def preview_topics(
    building_id: PathId,
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("places:write"))],
) -> TopicsOut:
    """Tell what importing a BCF file (2.1 or 3.0) would do; nothing is written."""
    building = building_for(services, who, "places:write", building_id)
    content = file.file.read()
    return TopicsOut.of(services.exchange.preview_topics(building, content, who.name))


@router.post("/buildings/{building_id}/bcf", status_code=201, responses=UPLOAD)
def import_topics(
    building_id: PathId,
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("places:write"))],
    statuses: Annotated[
        Literal["keep", "take over"],
        Query(description="what to do with the status of topics that are defects already"),
    ] = "keep",
) -> TopicsOut:
    """Write the new topics of a BCF file down as defects; the same file again changes nothing."""
    building = building_for(services, who, "places:write", building_id)
    update = statuses == "take over"
    content = file.file.read()
    return TopicsOut.of(services.exchange.import_topics(building, content, who.name, update=update))


@router.get(
    "/defects/{defect_id}/snapshot", responses={**_file(PNG), **READ}, response_class=Response
)
def read_snapshot(
    defect_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> Response:
    """Show a defect as PNG: what a viewer has made of it, else a plan of where it is."""
    defect = defect_for(services, who, "models:read", defect_id)
    picture = services.exchange.snapshot(defect)
    if picture is None:
        raise NotFound(f"defect {defect_id!r} has no picture, and no place that could be drawn")
    told = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(picture, media_type=PNG, headers=told)


@router.put("/defects/{defect_id}/snapshot", status_code=204, responses=UPLOAD)
def put_snapshot(
    defect_id: PathId,
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("places:write"))],
) -> None:
    """Keep the PNG that a viewer has made of a defect; it goes with the topic."""
    defect = defect_for(services, who, "places:write", defect_id)
    services.exchange.keep_snapshot(defect, file.file.read())


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
