"""Models, elements and places that a caller may do something with; foreign ones are not there."""

from domain.access import Caller, may
from domain.anchors import Anchor, SensorMonitors
from domain.bim_models import BimModel, BimRevision
from domain.buildings import Building
from domain.claims import IdentityClaim
from domain.defects import Defect
from domain.elements import Element
from domain.errors import NotFound
from domain.services import Services


def owner(
    services: Services, caller: Caller, action: str, building_id: str | None, what: str
) -> Building:
    """Find the building of an object.

    Raises
    ------
    NotFound
        When there is no such object, or it is foreign: the two look the same.

    """
    building = services.register.building(building_id) if building_id else None
    if building is None or not may(caller, action, building):
        raise NotFound(f"no {what}")
    return building


def model_for(
    services: Services, caller: Caller, action: str, model_id: str
) -> tuple[BimModel, Building]:
    """Find a model; a foreign one is not there."""
    model, what = services.models.model(model_id), f"model {model_id!r}"
    building = owner(services, caller, action, model.building_id if model else None, what)
    assert model is not None  # noqa: S101 - else it has no owner
    return model, building


def revision_for(
    services: Services, caller: Caller, action: str, revision_id: str
) -> tuple[BimRevision, Building]:
    """Find a revision; a foreign one is not there."""
    revision, what = services.models.revision(revision_id), f"revision {revision_id!r}"
    of = services.models.building_of(revision.model_id) if revision else None
    building = owner(services, caller, action, of, what)
    assert revision is not None  # noqa: S101 - else it has no owner
    return revision, building


def element_for(
    services: Services, caller: Caller, action: str, element_id: str
) -> tuple[Element, Building]:
    """Find an element; a foreign one is not there."""
    element, what = services.models.element(element_id), f"element {element_id!r}"
    of = services.models.building_of(element.model_id) if element else None
    building = owner(services, caller, action, of, what)
    assert element is not None  # noqa: S101 - else it has no owner
    return element, building


def claim_for(services: Services, caller: Caller, action: str, claim_id: str) -> IdentityClaim:
    """Find a claim; a foreign one is not there."""
    claim, what = services.models.claim(claim_id), f"claim {claim_id!r}"
    of = services.models.building_of(claim.model_id) if claim else None
    owner(services, caller, action, of, what)
    assert claim is not None  # noqa: S101 - else it has no owner
    return claim


def anchor_for(services: Services, caller: Caller, action: str, anchor_id: str) -> Anchor:
    """Find a place; a foreign one is not there."""
    anchor, what = services.places.anchor(anchor_id), f"place {anchor_id!r}"
    owner(services, caller, action, anchor.building_id if anchor else None, what)
    assert anchor is not None  # noqa: S101 - else it has no owner
    return anchor


def defect_for(services: Services, caller: Caller, action: str, defect_id: str) -> Defect:
    """Find a defect; a foreign one is not there."""
    defect, what = services.places.defect(defect_id), f"defect {defect_id!r}"
    owner(services, caller, action, defect.building_id if defect else None, what)
    assert defect is not None  # noqa: S101 - else it has no owner
    return defect


def tie_for(
    services: Services, caller: Caller, action: str, tie_id: str
) -> tuple[SensorMonitors | None, Building | None]:
    """Find a tie that may not be there yet; a foreign one is not there and cannot be made."""
    of = services.places.building_of(tie_id)
    if of is None:
        return None, None
    building = owner(services, caller, action, of, f"tie {tie_id!r}")
    ties = services.places.monitors(building.id)
    return next((tie for tie in ties if tie.id == tie_id), None), building
