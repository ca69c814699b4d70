"""The page of exchange: hand a model over, see its fitness, defects out and in as BCF."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import StreamingResponse

from domain.access import may
from domain.bim_models import BimModel, BimRevision
from domain.buildings import Building
from domain.errors import InvalidInput, ModelRejected, NotFound, TooManyAttempts
from domain.exchange import Fitness, TopicFate, TopicsPreviewed
from domain.services import Services
from web.guard import PageRoute, building_for, caller_of, services_of
from web.render import error_page, page, words_of
from web.words import Words

router = APIRouter(prefix="/buildings/{building_id}/exchange", route_class=PageRoute)

READ, WRITE = "models:read", "places:write"
#: topics that the preview lists
ROWS_MAX = 200
_PIECE_BYTES = 256 * 1024
_FATES = (TopicFate.NEW, TopicFate.CHANGED, TopicFate.KNOWN, TopicFate.LEFT_OUT)

Revision = Annotated[str, Query(max_length=100)]


@router.get("")
def exchange_page(request: Request, building_id: str) -> Response:
    """Show the page; by itself for the model's page."""
    building = building_for(request, building_id, READ)
    services = services_of(request)
    alone = "_exchange.html" if request.headers.get("HX-Request") else "exchange.html"
    return page(
        request,
        alone,
        active="buildings",
        building=building,
        models=_live(services, building),
        defects=len(services.places.defects(building.id)),
        writes=may(caller_of(request), WRITE, building),
    )


@router.get("/export")
def export(
    request: Request,
    building_id: str,
    revision: Revision = "",
    defects: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Hand a revision over as a file."""
    building = building_for(request, building_id, READ)
    services, words = services_of(request), words_of(request)
    try:
        made = services.exchange.export(
            building, _revision(services, building, revision), with_defects=defects == "yes"
        )
    except (ModelRejected, TooManyAttempts) as error:
        return error_page(request, 422, _fault(words, error))
    return StreamingResponse(
        _pieces(made.path), media_type="application/x-step", headers=_saved_as(made.name)
    )


@router.get("/topics.bcf")
def topics(request: Request, building_id: str) -> Response:
    """Save the defects as a BCF file."""
    building = building_for(request, building_id, READ)
    name, content = services_of(request).exchange.topics(building)
    return Response(content, media_type="application/octet-stream", headers=_saved_as(name))


@router.get("/fitness")
def fitness(request: Request, building_id: str, revision: Revision = "") -> Response:
    """Show how fit a revision is."""
    building = building_for(request, building_id, READ)
    services = services_of(request)
    return _fitness(request, _revision(services, building, revision), None)


@router.post("/fitness")
def own_fitness(
    request: Request,
    building_id: str,
    file: Annotated[UploadFile, File()],
    revision: Revision = "",
) -> Response:
    """Hold a revision against an IDS file of the user's own."""
    building = building_for(request, building_id, READ)
    services = services_of(request)
    return _fitness(request, _revision(services, building, revision), file.file.read())


@router.post("/topics")
def look(request: Request, building_id: str, file: Annotated[UploadFile, File()]) -> Response:
    """Tell what importing a BCF file would do; nothing is written."""
    building = building_for(request, building_id, WRITE)
    services, content = services_of(request), file.file.read()
    try:
        found = services.exchange.preview_topics(building, content, caller_of(request).name)
    except (ModelRejected, TooManyAttempts) as error:
        return _topics(request, building, fault=_fault(words_of(request), error))
    return _topics(request, building, found, digest=_digest(content))


@router.post("/topics/commit")
def commit(
    request: Request,
    building_id: str,
    file: Annotated[UploadFile, File()],
    digest: Annotated[str, Form(max_length=64)] = "",
    update: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Write the new topics down as defects."""
    building = building_for(request, building_id, WRITE)
    services, content = services_of(request), file.file.read()
    by = caller_of(request).name
    try:
        # what is written is what was looked at: another file is shown first
        if digest != _digest(content):
            found = services.exchange.preview_topics(building, content, by)
            return _topics(request, building, found, digest=_digest(content))
        found = services.exchange.import_topics(building, content, by, update=update == "yes")
    except (ModelRejected, TooManyAttempts) as error:
        return _topics(request, building, fault=_fault(words_of(request), error))
    except InvalidInput as error:
        return _topics(request, building, fault=str(error))
    return _topics(request, building, found, done=True, updated=update == "yes")


def _live(services: Services, building: Building) -> list[tuple[BimModel, BimRevision]]:
    """List the models with the revision that is served."""
    models = services.models.models(building.id)
    live = ((model, services.models.live_revision(model.id)) for model in models)
    return [(model, revision) for model, revision in live if revision is not None]


def _revision(services: Services, building: Building, revision_id: str) -> BimRevision:
    """Find a revision of this building, else the first that is served.

    Raises
    ------
    NotFound
        When there is none, or it is another building's.

    """
    if not revision_id:
        live = _live(services, building)
        if not live:
            raise NotFound(f"building {building.id!r} has no model")
        return live[0][1]
    revision = services.models.revision(revision_id)
    if revision is None or services.models.building_of(revision.model_id) != building.id:
        raise NotFound(f"no revision {revision_id!r}")
    return revision


def _fitness(request: Request, revision: BimRevision, ids: bytes | None) -> Response:
    found: Fitness | None = None
    fault = ""
    try:
        found = services_of(request).exchange.fitness(revision, ids)
    except (ModelRejected, TooManyAttempts) as error:
        fault = _fault(words_of(request), error)
    return page(
        request, "_fitness.html", revision=revision, found=found, fault=fault, own=ids is not None
    )


def _topics(
    request: Request,
    building: Building,
    found: TopicsPreviewed | None = None,
    *,
    fault: str = "",
    digest: str = "",
    done: bool = False,
    updated: bool = False,
) -> Response:
    rows: list[Any] = []
    if found is not None:
        rows = [row for fate in _FATES for row in found.of(fate)]
    return page(
        request,
        "_topics.html",
        building=building,
        found=found,
        rows=rows[:ROWS_MAX],
        more=max(0, len(rows) - ROWS_MAX),
        counts={fate.value: len(found.of(fate)) if found else 0 for fate in _FATES},
        fault=fault,
        digest=digest,
        done=done,
        updated=updated,
    )


def _fault(words: Words, error: ModelRejected | TooManyAttempts) -> str:
    """Say why a file was not taken: in the reader's words, with the detail behind."""
    if isinstance(error, ModelRejected):
        return f"{words.of('bim_fault', error.code)} ({error})"
    return words("exchange.busy")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _saved_as(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
