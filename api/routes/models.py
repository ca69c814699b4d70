"""Models of a building (BIM), and uploads of their revisions."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response, UploadFile
from pydantic import Field

from api.fields import At, Id, In, Name, Out, PathId
from api.model_scope import model_for
from api.permission import Given, may
from api.preconditions import etag
from api.problem import problems
from api.visibility import building_for
from domain.access import Caller
from domain.bim_models import BimModel, BimRevision, MeshState, RevisionState
from domain.clock import to_datetime
from domain.errors import Conflict, NotFound
from domain.ids import new_id
from domain.services import Services

router = APIRouter(tags=["models"])


class ModelIn(In):
    """A model; a building may have several, one a discipline."""

    id: Id | None = Field(default=None, description="made by the client, or left out")
    name: Name
    discipline: Literal["architecture", "structure", "services", "other"] = "architecture"


class ModelOut(Out):
    """One model, with which of its revisions is served and which came last."""

    id: str
    building_id: str
    name: str
    discipline: str
    made_at: At
    by: str
    live_revision: str | None = Field(description="newest one that is ready; null: none is")
    newest_revision: str | None
    version: int

    @classmethod
    def of(cls, services: Services, model: BimModel) -> "ModelOut":
        """Show a model."""
        live = services.models.live_revision(model.id)
        revisions = services.models.revisions(model.id)
        return cls(
            id=model.id,
            building_id=model.building_id,
            name=model.name,
            discipline=model.discipline,
            made_at=to_datetime(model.made_at_ns),
            by=model.by,
            live_revision=live.id if live else None,
            newest_revision=revisions[0].id if revisions else None,
            version=model.version,
        )


class WarningOut(Out):
    """What was repaired in a file, or is doubtful."""

    code: str
    detail: str


class RevisionOut(Out):
    """One uploaded file of a model, and how far it is."""

    id: str
    model_id: str
    number: int
    file_name: str
    file_bytes: int
    file_sha256: str
    at: At
    by: str
    state: RevisionState
    mesh: MeshState = Field(description="how far the shapes are; all else works without them")
    reason_code: str = Field(description="why it was rejected or has no shapes, a stable word")
    reason: str
    warnings: list[WarningOut]
    done: int
    of: int = Field(description="steps of what is under way; 0: not known")
    ifc_schema: str
    authoring_app: str
    unit_scale: float = Field(description="metres of one length unit of the file")
    origin_m: tuple[float, float, float]
    shift_m: tuple[float, float, float] = Field(
        description="how far the axes moved against the revision before"
    )
    true_north_deg: float | None
    map_crs: str
    map_origin: tuple[float, float, float] | None
    glb_sha256: str
    elements: int
    storeys: int
    version: int

    @classmethod
    def of_revision(cls, revision: BimRevision) -> "RevisionOut":
        """Show a revision."""
        names = cls.model_fields.keys() - {"at", "warnings"}
        told = [{"code": code, "detail": detail} for code, detail in revision.warnings]
        return cls.model_validate(
            {name: getattr(revision, name) for name in names}
            | {"at": revision.at_ns, "warnings": told}
        )


@router.get("/buildings/{building_id}/models", responses=problems(401, 403, 404, 422, 503))
def read_models_of_building(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> list[ModelOut]:
    """List a building's models, oldest first."""
    building = building_for(services, who, "models:read", building_id)
    return [ModelOut.of(services, model) for model in services.models.models(building.id)]


@router.post(
    "/buildings/{building_id}/models",
    status_code=201,
    responses={
        200: {"model": ModelOut, "description": "there was such a model already"},
        **problems(400, 401, 403, 404, 409, 413, 422, 503),
    },
)
def make_model(
    building_id: PathId,
    body: ModelIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("models:write"))],
) -> ModelOut:
    """Make a model; one of the same name and discipline is answered as it is."""
    building = building_for(services, who, "models:write", building_id)
    kept = services.models.model(body.id) if body.id else None
    if kept is not None and kept.building_id != building.id:
        raise NotFound(f"no model {body.id!r} in building {building.id!r}")
    if kept is not None and (kept.name, kept.discipline) != (body.name, body.discipline):
        raise Conflict(f"model {kept.id!r} is there with another name or discipline")
    if kept is None and body.id is None:
        alike = (m for m in services.models.models(building.id) if m.name == body.name)
        kept = next((m for m in alike if m.discipline == body.discipline), None)
    if kept is not None:
        response.status_code = 200
        return ModelOut.of(services, kept)
    now_ns = services.clock.now_ns()
    made = BimModel(
        body.id or new_id(now_ns), building.id, body.name, body.discipline, now_ns, who.name
    )
    services.models.put_model(made, who.name)
    response.headers["Location"] = f"/api/v1/models/{made.id}"
    return ModelOut.of(services, made)


@router.get("/models/{model_id}", responses=problems(401, 403, 404, 422, 503))
def read_model(
    model_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> ModelOut:
    """Read one model."""
    model, _ = model_for(services, who, "models:read", model_id)
    response.headers["ETag"] = etag(model)
    return ModelOut.of(services, model)


@router.get("/models/{model_id}/revisions", responses=problems(401, 403, 404, 422, 503))
def read_revisions(
    model_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> list[RevisionOut]:
    """List a model's revisions, newest first."""
    model, _ = model_for(services, who, "models:read", model_id)
    return [RevisionOut.of_revision(one) for one in services.models.revisions(model.id)]


@router.post(
    "/models/{model_id}/revisions",
    status_code=202,
    responses={
        200: {"model": RevisionOut, "description": "the newest revision is of the same file"},
        **problems(400, 401, 403, 404, 409, 413, 422, 503),
    },
)
def upload_revision(
    model_id: PathId,
    file: UploadFile,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("models:write"))],
) -> RevisionOut:
    """Upload an IFC file (or one in a zip) as the next revision; it is read in the background.

    Follow it at `Location`: `state` and `mesh` tell how far it is, `reason_code` why it was not
    taken. The revision before stays in use meanwhile.
    """
    model, _ = model_for(services, who, "models:write", model_id)
    kept, new = services.model_desk.submit(model, file.filename or "", file.file, who.name)
    if not new:
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/revisions/{kept.id}"
    return RevisionOut.of_revision(kept)
