"""Revisions of models: how far they are, their storeys and elements, shapes and file."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from api.fields import Out, PathId, QueryText
from api.file_answer import answer_file, documented
from api.model_scope import revision_for
from api.paging import AfterStep, Limit, PageOf, one_more
from api.permission import Given, may
from api.preconditions import etag
from api.problem import problems
from api.routes.models import RevisionOut
from domain.access import Caller
from domain.bim_models import MeshState
from domain.elements import Box
from domain.errors import NotFound
from domain.model_files import packed_key

router = APIRouter(prefix="/revisions/{revision_id}", tags=["models"])

GLB = "model/gltf-binary"
IFC = "application/octet-stream"


class StoreyOut(Out):
    """One storey of a revision."""

    global_id: str
    name: str
    elevation_m: float


class ElementVersionOut(Out):
    """An element as one revision has it; boxes are in metres, building axes."""

    step_id: int
    element_id: str
    global_id: str
    ifc_class: str
    name: str
    tag: str
    type_name: str
    storey_guid: str
    storey_name: str
    storey_elevation_m: float | None
    space: str
    material: str
    load_bearing: bool | None
    box: Box | None


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_revision(
    revision_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> RevisionOut:
    """Read one revision and how far it is."""
    revision, _ = revision_for(services, who, "models:read", revision_id)
    response.headers["ETag"] = etag(revision)
    return RevisionOut.of_revision(revision)


@router.get("/storeys", responses=problems(401, 403, 404, 422, 503))
def read_storeys(
    revision_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> list[StoreyOut]:
    """List the storeys, lowest first."""
    revision, _ = revision_for(services, who, "models:read", revision_id)
    return [StoreyOut.model_validate(one) for one in services.models.storeys(revision.id)]


@router.get("/elements", responses=problems(401, 403, 404, 422, 503))
def read_elements(
    revision_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
    text: Annotated[
        QueryText,
        Query(description="words of name, class, type, material, tag, storey or room, all of them"),
    ] = "",
    storey: Annotated[
        QueryText | None, Query(description="GlobalId of a storey; empty: those that have none")
    ] = None,
    ifc_class: QueryText = "",
    limit: Limit = 100,
    after: AfterStep = "",
) -> PageOf[ElementVersionOut]:
    """List the elements in the order of the file."""
    revision, _ = revision_for(services, who, "models:read", revision_id)
    rows = services.models.versions(
        revision.id, one_more(limit, after), text=text, storey_guid=storey, ifc_class=ifc_class
    )
    page = rows[:limit]
    return PageOf(
        items=[ElementVersionOut.model_validate(row) for row in page],
        next=str(page[-1].step_id) if len(rows) > limit else None,
    )


@router.get(
    "/mesh",
    responses={**documented(GLB), **problems(401, 403, 404, 422, 503)},
    response_class=Response,
)
def read_mesh(
    revision_id: PathId,
    request: Request,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> Response:
    """Read the shapes as GLB: by ETag, in parts (`Range`), gzipped when the caller takes that."""
    revision, _ = revision_for(services, who, "models:read", revision_id)
    if revision.mesh is not MeshState.READY:
        raise NotFound(f"revision {revision_id!r} has no shapes, they are {revision.mesh.value}")
    return answer_file(
        request,
        services.files,
        revision.glb_key,
        revision.glb_sha256,
        GLB,
        packed_key=packed_key(revision.glb_key),
    )


@router.get(
    "/file",
    responses={**documented(IFC), **problems(401, 403, 404, 422, 503)},
    response_class=Response,
)
def read_file(
    revision_id: PathId,
    request: Request,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> Response:
    """Read the upload as it came; it is always for saving."""
    revision, _ = revision_for(services, who, "models:read", revision_id)
    name = quote(revision.file_name)
    return answer_file(
        request,
        services.files,
        revision.file_key,
        revision.file_sha256,
        IFC,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
