"""Check-ups, pictures and orders that a caller may do something with; others are not there."""

from dataclasses import replace

from api.model_scope import owner
from api.sight import Sight
from domain.access import Caller, ScopeKind
from domain.attachments import Attachment
from domain.buildings import Building
from domain.check_ports import CheckFilter
from domain.checkups import AppraisalOrder, CheckUp
from domain.services import Services


def check_up_for(
    services: Services, caller: Caller, action: str, check_up_id: str
) -> tuple[CheckUp, Building]:
    """Find a check-up; a foreign one is not there."""
    check_up, what = services.checks.check_up(check_up_id), f"check-up {check_up_id!r}"
    building = owner(services, caller, action, check_up.building_id if check_up else None, what)
    assert check_up is not None  # noqa: S101 - else it has no owner
    return check_up, building


def attachment_for(
    services: Services, caller: Caller, action: str, attachment_id: str
) -> Attachment:
    """Find what is known of a picture; a foreign one is not there."""
    found, what = services.checks.attachment(attachment_id), f"picture {attachment_id!r}"
    owner(services, caller, action, found.building_id if found else None, what)
    assert found is not None  # noqa: S101 - else it has no owner
    return found


def order_for(services: Services, caller: Caller, action: str, order_id: str) -> AppraisalOrder:
    """Find an ordered appraisal; a foreign one is not there."""
    found, what = services.checks.order(order_id), f"appraisal order {order_id!r}"
    owner(services, caller, action, found.building_id if found else None, what)
    assert found is not None  # noqa: S101 - else it has no owner
    return found


def within(sight: Sight, caller: Caller) -> CheckFilter:
    """Begin a filter that keeps to what a caller may see."""
    if caller.scopes and all(scope.kind is ScopeKind.DISTRICT for scope in caller.scopes):
        return CheckFilter(districts=tuple(sorted({scope.value for scope in caller.scopes})))
    seen = sight.buildings(caller)
    return CheckFilter(building_ids=None if seen is None else tuple(sorted(seen)))


def narrowed(sight: Sight, caller: Caller, district: str | None) -> CheckFilter:
    """Begin a filter that keeps to one district of what a caller may see."""
    seen = within(sight, caller)
    if district is None:
        return seen
    inside = seen.districts is None or district in seen.districts
    return replace(seen, districts=(district,) if inside else ())
