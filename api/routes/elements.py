"""Elements of buildings: our own lasting identity, and what the served revision says of it."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from api.fields import Out, PathId
from api.model_scope import element_for
from api.permission import Given, may
from api.problem import problems
from api.routes.revisions import ElementVersionOut
from domain.access import Caller
from domain.bim_models import RevisionState
from domain.elements import ElementVersion

router = APIRouter(prefix="/elements/{element_id}", tags=["models"])


class PropertyOut(Out):
    """One value of a property set."""

    set: str
    name: str
    value: str
    unit: str


class ElementDetailOut(ElementVersionOut):
    """An element as one revision has it, with its property sets."""

    revision_id: str
    properties: list[PropertyOut]

    @classmethod
    def of(cls, version: ElementVersion) -> "ElementDetailOut":
        """Show an element version."""
        names = cls.model_fields.keys() - {"properties"}
        rows = [
            PropertyOut(set=group, name=name, value=value, unit=unit)
            for group, name, value, unit in version.properties
        ]
        return cls.model_validate(
            {name: getattr(version, name) for name in names} | {"properties": rows}
        )


class ElementOut(Out):
    """What everything links to; it outlives every revision of its model."""

    id: str
    model_id: str
    building_id: str
    ifc_class: str
    name: str
    first_revision: str
    retired_revision: str | None = Field(description="first one without it; null: it is there")
    seen: ElementDetailOut | None = Field(
        description="as the newest ready revision that has it says; null: none has it"
    )


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_element(
    element_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> ElementOut:
    """Read one element with its properties."""
    element, building = element_for(services, who, "models:read", element_id)
    found = None
    for revision in services.models.revisions(element.model_id):
        if revision.state is RevisionState.READY:
            found = services.models.version_of(revision.id, element.id)
            if found is not None:
                break
    return ElementOut(
        id=element.id,
        model_id=element.model_id,
        building_id=building.id,
        ifc_class=element.ifc_class,
        name=element.name,
        first_revision=element.first_revision,
        retired_revision=element.retired_revision,
        seen=ElementDetailOut.of(found) if found else None,
    )
